// ONNX and QONNX models as other tools write them, built here node by node: judged by an
// evaluation in doubles on [channel][row][column], refused with a name, damaged.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <functional>
#include <numeric>
#include <random>

#include "aegen/core/files.hpp"
#include "aegen/encoders/import.hpp"
#include "export/onnx_builder.hpp"
#include "graph_oracle.hpp"
#include "import/onnx_model.hpp"
#include "mutated_bytes.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;
using Doubles = std::vector<double>;
using Sizes = std::vector<std::int64_t>;
constexpr const char* kQonnx = "qonnx.custom_op.general";

// A quantizer to `bits`, its scale a power of two: by its definition.
struct Quant {
  int bits = 8;
  int fraction = 0;
  bool isSigned = true;
  bool narrow = false;
  [[nodiscard]] double operator()(double x) const {
    const double step = std::ldexp(1.0, -fraction);
    const double span = std::ldexp(1.0, bits - (isSigned ? 1 : 0));
    const double least = isSigned ? -span + (narrow ? 1 : 0) : 0;
    return std::clamp(std::nearbyint(x / step), least, span - 1) * step;
  }
};

Doubles mapped(Doubles values, const std::function<double(double)>& f) {
  std::ranges::transform(values, values.begin(), f);
  return values;
}

// [channel][row][column], kernel [out][in][3][3], stride 2, a zero below and right.
Doubles convolved(const Doubles& image, int depth, int side, const Doubles& kernel,
                  const Doubles& bias) {
  const int outSide = side / 2;
  Doubles out;
  for (int o = 0; o < static_cast<int>(bias.size()); ++o) {
    for (int r = 0; r < outSide; ++r) {
      for (int c = 0; c < outSide; ++c) {
        double sum = bias[static_cast<std::size_t>(o)];
        for (int i = 0; i < depth * 9; ++i) {
          const int row = 2 * r + i % 9 / 3;
          const int column = 2 * c + i % 3;
          if (row >= side || column >= side) continue;
          sum += image[static_cast<std::size_t>((i / 9 * side + row) * side + column)] *
                 kernel[static_cast<std::size_t>(o * depth * 9 + i)];
        }
        out.push_back(sum);
      }
    }
  }
  return out;
}

// Kernel [in][out][3][3], stride 2; a row and a column are cut off above and left.
Doubles spread(const Doubles& image, int depth, int side, const Doubles& kernel, int filters) {
  Doubles out(static_cast<std::size_t>(filters * 4 * side * side), 0);
  for (int i = 0; i < depth * side * side; ++i) {
    const int in = i / (side * side);
    for (int k = 0; k < filters * 9; ++k) {
      const int row = 2 * (i / side % side) + k % 9 / 3 - 1;
      const int column = 2 * (i % side) + k % 3 - 1;
      if (row < 0 || column < 0 || row >= 2 * side || column >= 2 * side) continue;
      out[static_cast<std::size_t>((k / 9 * 2 * side + row) * 2 * side + column)] +=
          image[static_cast<std::size_t>(i)] *
          kernel[static_cast<std::size_t>(in * filters * 9 + k)];
    }
  }
  return out;
}

// Matrix [out][in].
Doubles dense(const Doubles& in, const Doubles& matrix, const Doubles& bias) {
  Doubles out;
  for (std::size_t o = 0; o < bias.size(); ++o) {
    out.push_back(std::inner_product(in.begin(), in.end(),
                                     matrix.begin() + static_cast<std::ptrdiff_t>(o * in.size()),
                                     bias[o]));
  }
  return out;
}

// A quantized encoder of the chip's shape and the same in doubles.
class RandomEncoder {
 public:
  explicit RandomEncoder(std::uint64_t seed) : random_(seed), model_("encoder", kFloat) {
    model_.useDomain(kQonnx, 1);
    model_.input("image", {1, 8, 8});
    input_ = {between(4, 8), between(4, 7), random_() % 2 == 0};
    std::string x = quant("image", input_, "image_q");
    const bool perChannel = random_() % 2 == 0;
    kernel_ = weights(static_cast<std::size_t>(filters_ * 9));
    kernelQuant_ = {between(3, 7), between(2, 6), true, random_() % 2 == 0};
    shifts_.assign(static_cast<std::size_t>(filters_), 0);
    if (perChannel) {
      for (int& shift : shifts_) shift = between(-1, 2);
    }
    bias_ = mapped(weights(static_cast<std::size_t>(filters_)), Quant{6, 5});
    x = model_.node("Conv",
                    {x, kernelTensor(perChannel), model_.numbers("bias", {filters_}, bias_)},
                    "conv", {{"strides", Sizes{2, 2}}, {"pads", Sizes{0, 0, 1, 1}}});
    x = model_.node("Relu", {x}, "relu");
    between_ = {between(4, 9), between(3, 6), false};
    x = quant(x, between_, "relu_q");
    x = random_() % 2 == 0 ? model_.node("Flatten", {x}, "flat")
                           : model_.node("Reshape", {x, model_.list({-1, filters_ * 16})}, "flat");
    addDense(x);
    model_.output("latent", {latents_});
  }

  [[nodiscard]] std::string bytes() const { return model_.bytes(); }
  [[nodiscard]] const Quant& latentQuant() const { return out_; }
  [[nodiscard]] int latents() const { return latents_; }

  [[nodiscard]] Doubles evaluate(const Doubles& image) const {
    const Doubles x = mapped(image, input_);
    Doubles kernel;
    for (std::size_t i = 0; i < kernel_.size(); ++i) {
      Quant each = kernelQuant_;
      each.fraction += shifts_[i / 9];
      kernel.push_back(each(kernel_[i]));
    }
    const auto relu = [](double v) { return std::max(v, 0.0); };
    Doubles y = mapped(mapped(convolved(x, 1, 8, kernel, bias_), relu), between_);
    y = dense(y, mapped(matrix_, matrixQuant_), denseBias_);
    return mapped(out_.isSigned ? y : mapped(y, relu), out_);
  }

 private:
  static constexpr int kFloat = onnx::TensorProto::FLOAT;

  int between(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  Doubles weights(std::size_t count) {
    Doubles out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(between(-999, 999) / 1024.0);
    return out;
  }
  std::string quant(const std::string& x, const Quant& q, const std::string& name) {
    const std::string scale = model_.number(std::ldexp(1.0, -q.fraction));
    return quantBy(x, q, scale, name);
  }
  std::string quantBy(const std::string& x, const Quant& q, const std::string& scale,
                      const std::string& name) {
    return model_.node("Quant", {x, scale, model_.number(0), model_.number(q.bits)}, name,
                       {{"signed", std::int64_t{q.isSigned}},
                        {"narrow", std::int64_t{q.narrow}},
                        {"rounding_mode", std::string("ROUND")}},
                       kQonnx);
  }
  std::string kernelTensor(bool perChannel) {
    const std::string kernel = model_.numbers("kernel", {filters_, 1, 3, 3}, kernel_);
    if (!perChannel) return quant(kernel, kernelQuant_, "kernel_q");
    Doubles scales;
    for (const int shift : shifts_) {
      scales.push_back(std::ldexp(1.0, -kernelQuant_.fraction - shift));
    }
    return quantBy(kernel, kernelQuant_, model_.numbers("scales", {filters_, 1, 1, 1}, scales),
                   "kernel_q");
  }
  // As Gemm or as MatMul and Add, whose matrix is [in][out].
  void addDense(std::string x) {
    const int ins = filters_ * 16;
    matrix_ = weights(static_cast<std::size_t>(latents_ * ins));
    matrixQuant_ = {between(3, 7), between(3, 6)};
    denseBias_ = mapped(weights(static_cast<std::size_t>(latents_)), Quant{7, 6});
    const std::string bias = model_.numbers("dense_bias", {latents_}, denseBias_);
    if (random_() % 2 == 0) {
      const std::string q =
          quant(model_.numbers("matrix", {latents_, ins}, matrix_), matrixQuant_, "matrix_q");
      x = model_.node("Gemm", {x, q, bias}, "dense", {{"transB", std::int64_t{1}}});
    } else {
      const std::string q =
          quant(model_.numbers("matrix", {latents_, ins}, matrix_), matrixQuant_, "matrix_q");
      const std::string turned = model_.node("Transpose", {q}, "matrix_t", {{"perm", Sizes{1, 0}}});
      x = model_.node("Add", {model_.node("MatMul", {x, turned}, "products"), bias}, "dense");
    }
    out_ = {between(3, 9), between(1, 5), random_() % 2 == 0};
    if (!out_.isSigned) x = model_.node("Relu", {x}, "dense_relu");
    quant(x, out_, "latent");
  }

  std::mt19937_64 random_;
  OnnxBuilder model_;
  int filters_ = 2 + static_cast<int>(random_() % 4);
  int latents_ = 2 + static_cast<int>(random_() % 5);
  Quant input_, kernelQuant_, between_, matrixQuant_, out_;
  Doubles kernel_, bias_, matrix_, denseBias_;
  std::vector<int> shifts_;
};

// A float decoder: dense, ReLU, 4x4, transposed convolution, sigmoid.
struct RandomDecoder {
  RandomDecoder(std::uint64_t seed, int latents) : random(seed) {
    OnnxBuilder model("decoder", onnx::TensorProto::FLOAT);
    model.input("latent", {latents});
    matrix = reals(static_cast<std::size_t>(latents * 32));
    bias = reals(32);
    kernel = reals(2 * 9);
    std::string x = model.node("Gemm",
                               {"latent", model.numbers("matrix", {32, latents}, matrix),
                                model.numbers("bias", {32}, bias)},
                               "dense", {{"transB", std::int64_t{1}}});
    x = model.node("Relu", {x}, "relu");
    x = model.node("Reshape", {x, model.list({0, 2, 4, 4})}, "image");
    x = model.node(
        "ConvTranspose", {x, model.numbers("kernel", {2, 1, 3, 3}, kernel)}, "up",
        {{"strides", Sizes{2, 2}}, {"pads", Sizes{1, 1, 1, 1}}, {"output_padding", Sizes{1, 1}}});
    model.node("Sigmoid", {x}, "charges");
    model.output("charges", {1, 8, 8});
    bytes = model.bytes();
  }
  Doubles reals(std::size_t count) {
    Doubles out;
    for (std::size_t i = 0; i < count; ++i) {
      // As binary32 holds them.
      out.push_back(static_cast<float>(static_cast<double>(random() % 2001) / 1000 - 1) * 0.3F);
    }
    return out;
  }
  [[nodiscard]] Doubles evaluate(const Doubles& latents) const {
    const Doubles x =
        mapped(dense(latents, matrix, bias), [](double v) { return std::max(v, 0.0); });
    return mapped(spread(x, 2, 4, kernel, 1), [](double v) { return 1 / (1 + std::exp(-v)); });
  }

  std::mt19937_64 random;
  Doubles matrix, bias, kernel;
  std::string bytes;
};

// The chip's normalised charges on its grid, from their definition.
Doubles grid(const std::vector<std::int64_t>& charges) {
  const auto sum = static_cast<std::uint64_t>(std::accumulate(charges.begin(), charges.end(), 0LL));
  const int shift = sum == 0 ? 0 : std::min(static_cast<int>(std::bit_width(sum)) - 1, 21);
  Doubles out(64, 0);
  for (std::size_t c = 0; c < charges.size(); ++c) {
    out[c < 32 ? c : 32 + (c - 32) / 4 * 8 + c % 4] =
        static_cast<double>((charges[c] << 7) >> shift) / 128;
  }
  return out;
}

class OnnxModel : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(OnnxModel, QuantizedEncoderIsExactAndFloatDecoderWithinItsBound) {
  const fs::path here =
      fs::path(::testing::TempDir()) / ("onnx_model_" + std::to_string(GetParam()));
  fs::create_directories(here);
  RandomEncoder encoder(GetParam());
  RandomDecoder decoder(GetParam(), encoder.latents());
  ASSERT_TRUE(core::writeFile(here / "encoder.onnx", encoder.bytes()).ok());
  ASSERT_TRUE(core::writeFile(here / "decoder.onnx", decoder.bytes).ok());
  const auto imported = importCodec({here / "encoder.onnx"}, {here / "decoder.onnx"}, {});
  ASSERT_TRUE(imported.ok()) << imported.error().text();
  const core::FixedFormat format = imported->codec.encoder.output().format;
  const core::FixedFormat out = imported->codec.decoder.output().format;
  EXPECT_EQ(format, (core::FixedFormat{encoder.latentQuant().isSigned, encoder.latentQuant().bits,
                                       encoder.latentQuant().fraction}));
  ASSERT_TRUE(imported->decoderError);
  std::mt19937_64 random(GetParam());
  for (int event = 0; event < 20; ++event) {
    std::vector<std::int64_t> charges(48);
    const auto most = std::uint64_t{1} << (random() % 23);
    for (auto& charge : charges) charge = static_cast<std::int64_t>(random() % most);
    const Doubles latents = encoder.evaluate(grid(charges));
    const auto raw = test::evaluateGraph(imported->codec.encoder, charges);
    ASSERT_EQ(raw.size(), latents.size());
    for (std::size_t i = 0; i < raw.size(); ++i) {
      ASSERT_EQ(static_cast<double>(raw[i]) * format.lsb(), latents[i]) << event << ", " << i;
    }
    const Doubles image = decoder.evaluate(latents);
    const auto decoded = test::evaluateGraph(imported->codec.decoder, raw);
    for (std::size_t c = 0; c < decoded.size(); ++c) {
      ASSERT_NEAR(static_cast<double>(decoded[c]) * out.lsb(),
                  image[c < 32 ? c : 32 + (c - 32) / 4 * 8 + c % 4], *imported->decoderError);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, OnnxModel, ::testing::Range<std::uint64_t>(1, 31));

TEST(OnnxModelFiles, DamagedOnesEndInADiagnosticOrANetwork) {
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    static const std::string encoder = RandomEncoder(1).bytes();
    static const std::string decoder = RandomDecoder(1, 4).bytes;
    const auto network = readOnnxModel(
        test::mutatedBytes(seed % 2 == 0 ? encoder : decoder, random), "damaged.onnx");
    if (network) continue;
    ++refused;
    EXPECT_TRUE(network.error().code.starts_with("import.")) << network.error().text();
  }
  EXPECT_GT(refused, 500);
}

TEST(OnnxModelFiles, WhatIsNotSupportedIsNamed) {
  OnnxBuilder model("odd", onnx::TensorProto::FLOAT);
  model.input("x", {3});
  model.node("Erf", {"x"}, "y");
  model.output("y", {3});
  const auto network = readOnnxModel(model.bytes(), "odd.onnx");
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, "import.unsupported");
  EXPECT_EQ(network.error().where, "odd.onnx: node 'y' (Erf)");
  ASSERT_FALSE(network.error().notes.empty());
  EXPECT_NE(network.error().notes[0].find("Sigmoid"), std::string::npos);
}

TEST(OnnxModelFiles, AGraphThatDependsOnItselfIsRefused) {
  OnnxBuilder model("loop", onnx::TensorProto::FLOAT);
  model.input("x", {3});
  model.node("Relu", {"b"}, "a");
  model.node("Relu", {"a"}, "b");
  model.output("a", {3});
  const auto network = readOnnxModel(model.bytes(), "loop.onnx");
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, "import.structure");
}

}  // namespace
}  // namespace aegen::encoders
