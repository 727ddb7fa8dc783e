// ONNX's operations one by one: every value of an input's format against their definitions.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "export/onnx_builder.hpp"
#include "graph_oracle.hpp"
#include "onnx_network.hpp"

namespace aegen::encoders {
namespace {

using Sizes = std::vector<std::int64_t>;
using Doubles = std::vector<double>;
constexpr const char* kQonnx = "qonnx.custom_op.general";
constexpr core::FixedFormat kInput{true, 9, 5};

// A model of one input x [4], its last node adding the output.
class Model {
 public:
  Model() : builder_("model", onnx::TensorProto::FLOAT) {
    builder_.useDomain(kQonnx, 1);
    builder_.input("x", {4});
  }
  OnnxBuilder* operator->() { return &builder_; }
  std::string number(double value) { return builder_.number(value); }

  /// Elements 0..3 of `f(x0, x1, x2, x3)` for every value of x0, within `tolerance`.
  void expect(const std::string& output, const std::function<Doubles(Doubles)>& f,
              double tolerance = 0) {
    builder_.output(output, {1});
    const auto network = test::networkOfOnnx(builder_.bytes(), {{"x", {kInput, {4}}}});
    ASSERT_TRUE(network.ok()) << network.error().text();
    if (tolerance == 0) {
      EXPECT_TRUE(network->exact);
    }
    const double lsb = network->graph.output().format.lsb();
    for (std::int64_t raw = kInput.minRaw(); raw <= kInput.maxRaw(); ++raw) {
      const std::vector<std::int64_t> in{raw, -raw - 1, raw / 2, 7};
      Doubles real;
      for (const std::int64_t i : in) real.push_back(static_cast<double>(i) * kInput.lsb());
      const auto got = test::evaluateGraph(network->graph, in);
      const Doubles wanted = f(real);
      ASSERT_EQ(got.size(), wanted.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_NEAR(static_cast<double>(got[i]) * lsb, wanted[i], tolerance)
            << "x " << real[0] << ", output " << i;
      }
    }
  }

 private:
  OnnxBuilder builder_;
};

std::function<Doubles(Doubles)> each(const std::function<double(double)>& f) {
  return [f](Doubles x) {
    std::ranges::transform(x, x.begin(), f);
    return x;
  };
}

// A scalar of 8 bits, as zero points are.
std::string byte(Model& model, const std::string& name, int type, std::int32_t value) {
  onnx::TensorProto& tensor = *model->model().mutable_graph()->add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  tensor.add_int32_data(value);
  return name;
}

TEST(OnnxOperators, QuantRoundsAndSaturatesAsItsAttributesSay) {
  struct Case {
    const char* mode;
    double (*round)(double);
  };
  const std::vector<Case> cases{{"ROUND", [](double x) { return std::nearbyint(x); }},
                                {"FLOOR", [](double x) { return std::floor(x); }},
                                {"DOWN", [](double x) { return std::trunc(x); }}};
  for (const Case& c : cases) {
    for (const bool isSigned : {false, true}) {
      SCOPED_TRACE(std::string(c.mode) + (isSigned ? ", signed" : ", unsigned"));
      Model model;
      model->node("Quant", {"x", model.number(0.25), model.number(0), model.number(4)}, "y",
                  {{"signed", std::int64_t{isSigned}},
                   {"narrow", std::int64_t{isSigned}},
                   {"rounding_mode", std::string(c.mode)}},
                  kQonnx);
      model.expect("y", each([&](double x) {
                     return std::clamp(c.round(x / 0.25), isSigned ? -7.0 : 0.0,
                                       isSigned ? 7.0 : 15.0) *
                            0.25;
                   }));
    }
  }
}

TEST(OnnxOperators, AZeroPointThatMovesARangeToAnothersIsThatRange) {
  Model model;
  model->node("Quant", {"x", model.number(0.5), model.number(-8), model.number(4)}, "y",
              {{"signed", std::int64_t{1}}}, kQonnx);
  model.expect("y",
               each([](double x) { return std::clamp(std::nearbyint(x / 0.5), 0.0, 15.0) / 2; }));
}

TEST(OnnxOperators, AScaleThatIsNoPowerOfTwoIsATable) {
  Model model;
  model->node("Quant", {"x", model.number(0.3), model.number(0), model.number(5)}, "y",
              {{"signed", std::int64_t{1}}}, kQonnx);
  // One step where 1 / 0.3 moves a value across a rounding's border.
  model.expect("y", each([](double x) {
                 return std::clamp(std::nearbyint(x / static_cast<double>(0.3F)), -16.0, 15.0) *
                        0.3;
               }),
               0.302);
}

TEST(OnnxOperators, BipolarQuantIsTheSign) {
  Model model;
  model->node("BipolarQuant", {"x", model.number(0.5)}, "y", {}, kQonnx);
  model.expect("y", each([](double x) { return x >= 0 ? 0.5 : -0.5; }));
}

TEST(OnnxOperators, TruncDropsTheLowestBitsAtTheSameScale) {
  Model model;
  model->node("Trunc",
              {"x", model.number(0.125), model.number(0), model.number(7), model.number(5)}, "y",
              {{"rounding_mode", std::string("FLOOR")}}, kQonnx);
  model.expect("y",
               each([](double x) { return std::floor(std::nearbyint(x / 0.125) / 4) * 0.125; }));
}

TEST(OnnxOperators, QuantizeAndDequantizeAreOneQuantizer) {
  struct Case {
    int type;
    int zero;
    double least;
    double most;
  };
  for (const Case& c :
       {Case{onnx::TensorProto::INT8, 0, -128, 127}, Case{onnx::TensorProto::INT8, -128, 0, 255},
        Case{onnx::TensorProto::UINT8, 128, -128, 127},
        Case{onnx::TensorProto::UINT8, 0, 0, 255}}) {
    Model model;
    const std::string zero = byte(model, "zero", c.type, c.zero);
    model->node("QuantizeLinear", {"x", model.number(1.0 / 64), zero}, "q");
    model->node("DequantizeLinear", {"q", model.number(1.0 / 64), zero}, "y");
    model.expect("y", each([&](double x) {
                   return std::clamp(std::nearbyint(x * 64), c.least, c.most) / 64;
                 }));
  }
}

TEST(OnnxOperators, DequantizedWeightsAreExactWithAScaleAChannel) {
  Model model;
  onnx::TensorProto& tensor = *model->model().mutable_graph()->add_initializer();
  tensor.set_name("w");
  tensor.set_data_type(onnx::TensorProto::INT8);
  tensor.add_dims(2);
  tensor.add_dims(4);
  const std::vector<int> raw{1, -2, 127, -128, 5, 6, 7, -9};
  for (const int value : raw) tensor.mutable_raw_data()->push_back(static_cast<char>(value));
  model->node("DequantizeLinear", {"w", model->numbers("s", {2}, {0.5, 0.0625})}, "w_real",
              {{"axis", std::int64_t{0}}});
  model->node("Gemm", {"x", "w_real"}, "y", {{"transB", std::int64_t{1}}});
  model.expect("y", [&](const Doubles& x) {
    Doubles out(2, 0);
    for (std::size_t i = 0; i < 8; ++i) out[i / 4] += x[i % 4] * raw[i] * (i < 4 ? 0.5 : 0.0625);
    return out;
  });
}

TEST(OnnxOperators, ElementsAreMovedAsTheirOperationsSay) {
  Model model;
  std::string y = model->node("Reshape", {"x", model->list({0, 2, 2})}, "square");
  y = model->node("Transpose", {y}, "turned", {{"perm", Sizes{0, 2, 1}}});  // 0 2 / 1 3
  y = model->node("Pad", {y, model->list({0, 0, 1, 0, 1, 0})}, "padded");   // 002 / 013 / 000
  y = model->node("Slice", {y, model->list({0}), model->list({2}), model->list({1})}, "cut");
  y = model->node("Flatten", {y}, "flat");  // z 0 2 z 1 3
  const std::string at = model->indices("at", {2}, {-1, 0});
  const std::string some = model->node("Gather", {y, at}, "some", {{"axis", std::int64_t{1}}});
  model->node("Concat", {y, some, "x"}, "y", {{"axis", std::int64_t{-1}}});
  model.expect("y", [](const Doubles& x) {
    return Doubles{0, x[0], x[2], 0, x[1], x[3], x[3], 0, x[0], x[1], x[2], x[3]};
  });
}

TEST(OnnxOperators, ArithmeticWithConstantsIsExactWhereTheConstantsAre) {
  Model model;
  std::string y = model->node("Div", {"x", model.number(4)}, "quarter");
  y = model->node("Add", {y, model.number(0.75)}, "more");
  y = model->node("Clip", {y, model.number(-0.5), model.number(1)}, "clipped");
  y = model->node("Max", {y, model.number(-0.25)}, "above");
  model->node("Mul", {y, model.number(3)}, "y");
  model.expect("y", each([](double x) { return std::clamp(x / 4 + 0.75, -0.25, 1.0) * 3; }));
}

TEST(OnnxOperators, NormalisationAndFactorsBehindALayerGoIntoItsWeights) {
  Model model;
  const Doubles matrix{0.5, -1, 0.25, 2, 1, 1, -0.75, 0.5};  // [in][out]
  const std::string product =
      model->node("MatMul", {"x", model->numbers("m", {4, 2}, matrix)}, "product");
  model->node(
      "BatchNormalization",
      {product, model->numbers("scale", {2}, {2, 3}), model->numbers("offset", {2}, {1, -1}),
       model->numbers("mean", {2}, {0.5, 0.25}), model->numbers("variance", {2}, {4, 0.3})},
      "y");
  model.expect(
      "y",
      [&](const Doubles& x) {
        Doubles out(2, 0);
        for (std::size_t i = 0; i < 8; ++i) out[i % 2] += x[i / 2] * matrix[i];
        out[0] = (out[0] - 0.5) * 2 / std::sqrt(4 + 1e-5) + 1;
        out[1] = (out[1] - 0.25) * 3 / std::sqrt(0.3 + 1e-5) - 1;
        return out;
      },
      0.005);
}

}  // namespace
}  // namespace aegen::encoders
