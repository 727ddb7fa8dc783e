// Frozen TensorFlow graphs, written here message by message, and damaged ones.

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "aegen/core/files.hpp"
#include "aegen/encoders/import.hpp"
#include "graph_oracle.hpp"
#include "import/tensorflow_model.hpp"
#include "keras_files.hpp"
#include "tensorflow_graph.pb.h"

namespace aegen::encoders {
namespace {

namespace tf = aegen::tensorflow;

class Frozen {
 public:
  tf::NodeDef& node(const std::string& op, const std::string& name,
                    const std::vector<std::string>& inputs) {
    tf::NodeDef& out = *graph_.add_node();
    out.set_op(op);
    out.set_name(name);
    for (const std::string& input : inputs) out.add_input(input);
    return out;
  }
  void placeholder(const std::string& name, const std::vector<int>& shape) {
    auto& attr = (*node("Placeholder", name, {}).mutable_attr())["shape"];
    attr.mutable_shape()->add_dim()->set_size(-1);
    for (const int size : shape) attr.mutable_shape()->add_dim()->set_size(size);
  }
  void constant(const std::string& name, const std::vector<int>& shape,
                const std::vector<float>& values) {
    tf::Tensor& tensor = *(*node("Const", name, {}).mutable_attr())["value"].mutable_tensor();
    tensor.set_dtype(tf::FLOAT);
    for (const int size : shape) tensor.mutable_tensor_shape()->add_dim()->set_size(size);
    for (const float value : values) tensor.add_float_val(value);
  }
  void integers(const std::string& name, const std::vector<int>& values) {
    tf::Tensor& tensor = *(*node("Const", name, {}).mutable_attr())["value"].mutable_tensor();
    tensor.set_dtype(tf::INT32);
    tensor.mutable_tensor_shape()->add_dim()->set_size(static_cast<int>(values.size()));
    for (const int value : values) tensor.add_int_val(value);
  }
  void convolution(const std::string& op, const std::string& name,
                   const std::vector<std::string>& inputs, int stride) {
    auto& attr = *node(op, name, inputs).mutable_attr();
    for (const int s : {1, stride, stride, 1}) attr["strides"].mutable_list()->add_i(s);
    attr["padding"].set_s("SAME");
    attr["data_format"].set_s("NHWC");
  }
  [[nodiscard]] std::string bytes() const { return graph_.SerializeAsString(); }

 private:
  tf::GraphDef graph_;
};

std::vector<float> ramp(std::size_t count, float step) {
  std::vector<float> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(step * static_cast<float>(i % 61) - 0.7F);
  return out;
}

// The float encoder of the chip's shape, 8x8x1 to 16.
Frozen encoder() {
  Frozen out;
  out.placeholder("input", {8, 8, 1});
  out.constant("conv/kernel", {3, 3, 1, 8}, ramp(72, 0.013F));
  out.constant("conv/bias", {8}, ramp(8, 0.017F));
  out.node("Identity", "conv/kernel/read", {"conv/kernel"});
  out.convolution("Conv2D", "conv", {"input", "conv/kernel/read"}, 2);
  out.node("BiasAdd", "conv/biased", {"conv", "conv/bias"});
  out.node("Relu", "relu", {"conv/biased"});
  out.integers("flat/shape", {-1, 128});
  out.node("Reshape", "flat", {"relu", "flat/shape"});
  out.constant("dense/kernel", {128, 16}, ramp(2048, 0.011F));
  out.constant("dense/bias", {16}, ramp(16, 0.019F));
  out.node("MatMul", "dense", {"flat", "dense/kernel"});
  out.node("BiasAdd", "dense/biased", {"dense", "dense/bias"});
  out.node("Relu", "latent", {"dense/biased:0"});
  return out;
}

TEST(TensorflowModel, TheChipsFloatEncoderIsReadWithItsWeights) {
  const auto network = readTensorflowGraph(encoder().bytes(), "encoder.pb");
  ASSERT_TRUE(network.ok()) << network.error().text();
  std::vector<LayerKind> kinds;
  for (const ImportedLayer& layer : network->layers) kinds.push_back(layer.kind);
  EXPECT_EQ(kinds, (std::vector{LayerKind::Input, LayerKind::Conv2d, LayerKind::Relu,
                                LayerKind::Reshape, LayerKind::Dense, LayerKind::Relu}));
  const ImportedLayer& conv = network->layers[1];
  EXPECT_EQ(conv.shape, (Shape{4, 4, 8}));
  EXPECT_EQ(conv.padding, (std::vector{0, 1, 0, 1}));
  EXPECT_EQ(conv.bias.values[3], static_cast<double>(ramp(8, 0.017F)[3]));
  const ImportedLayer& dense = network->layers[4];
  EXPECT_EQ(dense.kernel.shape, (Shape{16, 128}));
  EXPECT_EQ(dense.kernel.values[3 * 128 + 5], static_cast<double>(ramp(2048, 0.011F)[5 * 16 + 3]));
  EXPECT_EQ(network->outputs, std::vector{5});
}

// The float decoder of the same shape, 16 to 8x8x1.
Frozen decoder() {
  Frozen out;
  out.placeholder("latent", {16});
  out.constant("dense/kernel", {16, 128}, ramp(2048, 0.009F));
  out.constant("dense/bias", {128}, ramp(128, 0.007F));
  out.node("MatMul", "dense", {"latent", "dense/kernel"});
  out.node("BiasAdd", "dense/biased", {"dense", "dense/bias"});
  out.node("Relu", "dense/relu", {"dense/biased"});
  out.integers("image/shape", {-1, 4, 4, 8});
  out.node("Reshape", "image", {"dense/relu", "image/shape"});
  out.constant("up/kernel", {3, 3, 8, 8}, ramp(576, 0.012F));
  out.constant("up/bias", {8}, ramp(8, 0.05F));
  out.integers("up/size", {1, 8, 8, 8});
  out.convolution("Conv2DBackpropInput", "up", {"up/size", "up/kernel", "image"}, 2);
  out.node("BiasAdd", "up/biased", {"up", "up/bias"});
  out.node("Relu", "up/relu", {"up/biased"});
  out.constant("last/kernel", {3, 3, 1, 8}, ramp(72, 0.01F));
  out.constant("last/bias", {1}, ramp(1, 0.1F));
  out.integers("last/size", {1, 8, 8, 1});
  out.convolution("Conv2DBackpropInput", "last", {"last/size", "last/kernel", "up/relu"}, 1);
  out.node("BiasAdd", "last/biased", {"last", "last/bias"});
  out.node("Sigmoid", "charges", {"last/biased"});
  return out;
}

// The same two networks as Keras writes them.
test::KerasModel kerasModel(
    const std::string& name, std::vector<nlohmann::json> layers,
    std::vector<std::pair<std::string, std::vector<test::KerasTensor>>> weights) {
  test::KerasModel out;
  out.architecture = {{"class_name", "Sequential"},
                      {"config", {{"name", name}, {"layers", std::move(layers)}}}};
  out.weights = std::move(weights);
  return out;
}

nlohmann::json kerasLayer(const char* kind, const char* name, nlohmann::json config) {
  config["name"] = name;
  return {{"class_name", kind}, {"config", std::move(config)}};
}

TEST(TensorflowModel, FrozenEncoderAndDecoderBecomeTheCodecThatKerasFilesGive) {
  namespace fs = std::filesystem;
  const fs::path here = fs::path(::testing::TempDir()) / "tensorflow_codec";
  fs::create_directories(here);
  ASSERT_TRUE(core::writeFile(here / "encoder.pb", encoder().bytes()).ok());
  ASSERT_TRUE(core::writeFile(here / "decoder.pb", decoder().bytes()).ok());
  const auto frozen = importCodec({here / "encoder.pb"}, {here / "decoder.pb"}, {});
  ASSERT_TRUE(frozen.ok()) << frozen.error().text();
  const nlohmann::json same{{"strides", 2}, {"padding", "same"}, {"activation", "relu"}};
  const auto keras = [&](const test::KerasModel& model, const std::string& name) {
    test::writeKeras(model, here / (name + ".json"), here / (name + ".hdf5"), false);
    return std::vector<fs::path>{here / (name + ".json"), here / (name + ".hdf5")};
  };
  auto conv = same;
  conv["filters"] = 8;
  conv["kernel_size"] = {3, 3};
  auto last = same;
  last["strides"] = 1;
  last["activation"] = "linear";
  const auto encoderFiles = keras(
      kerasModel(
          "encoder",
          {kerasLayer("InputLayer", "in", {{"batch_input_shape", {nullptr, 8, 8, 1}}}),
           kerasLayer("Conv2D", "conv", conv), kerasLayer("Flatten", "flat", {}),
           kerasLayer("Dense", "dense", {{"units", 16}, {"activation", "relu"}})},
          {{"conv",
            {{"kernel:0", {3, 3, 1, 8}, ramp(72, 0.013F)}, {"bias:0", {8}, ramp(8, 0.017F)}}},
           {"dense",
            {{"kernel:0", {128, 16}, ramp(2048, 0.011F)}, {"bias:0", {16}, ramp(16, 0.019F)}}}}),
      "encoder");
  const auto decoderFiles = keras(
      kerasModel(
          "decoder",
          {kerasLayer("InputLayer", "in", {{"batch_input_shape", {nullptr, 16}}}),
           kerasLayer("Dense", "dense", {{"units", 128}, {"activation", "relu"}}),
           kerasLayer("Reshape", "image", {{"target_shape", {4, 4, 8}}}),
           kerasLayer("Conv2DTranspose", "up", same), kerasLayer("Conv2DTranspose", "last", last),
           kerasLayer("Activation", "charges", {{"activation", "sigmoid"}})},
          {{"dense",
            {{"kernel:0", {16, 128}, ramp(2048, 0.009F)}, {"bias:0", {128}, ramp(128, 0.007F)}}},
           {"up", {{"kernel:0", {3, 3, 8, 8}, ramp(576, 0.012F)}, {"bias:0", {8}, ramp(8, 0.05F)}}},
           {"last",
            {{"kernel:0", {3, 3, 1, 8}, ramp(72, 0.01F)}, {"bias:0", {1}, ramp(1, 0.1F)}}}}),
      "decoder");
  const auto other = importCodec(encoderFiles, decoderFiles, {});
  ASSERT_TRUE(other.ok()) << other.error().text();
  ASSERT_EQ(frozen->codec.encoder.output().format, other->codec.encoder.output().format);
  ASSERT_EQ(frozen->codec.decoder.output().format, other->codec.decoder.output().format);
  EXPECT_EQ(frozen->decoderError, other->decoderError);
  std::mt19937_64 random(20240613);
  for (int event = 0; event < 10; ++event) {
    std::vector<std::int64_t> charges(48);
    for (auto& charge : charges) charge = static_cast<std::int64_t>(random() % 5000);
    const auto latents = test::evaluateGraph(frozen->codec.encoder, charges);
    ASSERT_EQ(latents, test::evaluateGraph(other->codec.encoder, charges));
    ASSERT_EQ(test::evaluateGraph(frozen->codec.decoder, latents),
              test::evaluateGraph(other->codec.decoder, latents));
  }
}

TEST(TensorflowModel, ATransposedConvolutionHasItsKernelTurned) {
  Frozen graph;
  graph.placeholder("latent", {4, 4, 2});
  graph.integers("batch", {1});
  graph.constant("kernel", {3, 3, 5, 2}, ramp(90, 0.01F));
  graph.integers("size", {1, 8, 8, 5});
  graph.convolution("Conv2DBackpropInput", "up", {"size", "kernel", "latent"}, 2);
  graph.node("Sigmoid", "charges", {"up"});
  const auto network = readTensorflowGraph(graph.bytes(), "decoder.pb");
  ASSERT_TRUE(network.ok()) << network.error().text();
  const ImportedLayer& up = network->layers[1];
  EXPECT_EQ(up.shape, (Shape{8, 8, 5}));
  EXPECT_EQ(up.kernel.shape, (Shape{3, 3, 2, 5}));
  // [place 4][in 1][out 3] is [place 4][out 3][in 1] in the file.
  EXPECT_EQ(up.kernel.values[(4 * 2 + 1) * 5 + 3],
            static_cast<double>(ramp(90, 0.01F)[(4 * 5 + 3) * 2 + 1]));
}

// kernel: round(w * 32) clipped to 6 bits, / 32; values: x + (q(x) - x) with q a rounding to 1/8.
TEST(TensorflowModel, UnrolledQuantizersAreFoldedAndSeenThrough) {
  Frozen graph;
  graph.placeholder("x", {3});
  graph.constant("eight", {}, {8});
  graph.constant("w", {3, 1}, {0.51F, -0.26F, 2.0F});
  graph.constant("grid", {}, {32});
  graph.constant("most", {}, {31});
  graph.node("Mul", "w/up", {"w", "grid"});
  graph.node("Round", "w/round", {"w/up"});
  graph.node("Minimum", "w/clip", {"w/round", "most"});
  graph.node("RealDiv", "w/q", {"w/clip", "grid"});
  graph.node("Mul", "x/up", {"x", "eight"});
  graph.node("Round", "x/round", {"x/up"});
  graph.node("RealDiv", "x/q", {"x/round", "eight"});
  graph.node("Neg", "x/neg", {"x"});
  graph.node("AddV2", "x/difference", {"x/neg", "x/q"});
  graph.node("StopGradient", "x/stop", {"x/difference"});
  graph.node("AddV2", "x/through", {"x", "x/stop"});
  graph.node("MatMul", "y", {"x/through", "w/q"});
  const auto network = readTensorflowGraph(graph.bytes(), "chain.pb");
  ASSERT_TRUE(network.ok()) << network.error().text();
  const ImportedLayer& dense = network->layers.back();
  ASSERT_EQ(dense.kind, LayerKind::Dense);
  EXPECT_EQ(dense.kernel.values, (std::vector{16 / 32.0, -8 / 32.0, 31 / 32.0}));
  ASSERT_TRUE(dense.kernel.quantizer);
  EXPECT_EQ(dense.kernel.quantizer->format, (core::FixedFormat{true, 6, 5}));
  const ImportedLayer& quantized = network->layers[static_cast<std::size_t>(dense.inputs[0])];
  EXPECT_EQ(quantized.name, "x/q");
  EXPECT_EQ(quantized.constant, 0.125);
}

TEST(TensorflowModel, WhatIsNotSupportedIsNamed) {
  Frozen graph;
  graph.placeholder("x", {3});
  graph.node("Erf", "odd", {"x"});
  const auto network = readTensorflowGraph(graph.bytes(), "odd.pb");
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, "import.unsupported");
  EXPECT_NE(network.error().where.find("node 'odd' (Erf)"), std::string::npos);
}

TEST(TensorflowModel, AGraphThatDependsOnItselfIsRefused) {
  Frozen graph;
  graph.node("Relu", "a", {"b"});
  graph.node("Relu", "b", {"a"});
  graph.node("Relu", "end", {"a"});
  const auto network = readTensorflowGraph(graph.bytes(), "loop.pb");
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, "import.structure");
}

TEST(TensorflowModel, DamagedFilesEndInADiagnosticOrANetwork) {
  const std::string whole = encoder().bytes();
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    std::mt19937_64 random(seed);
    std::string bytes = whole;
    if (seed % 4 == 0) bytes.resize(random() % bytes.size());
    for (std::uint64_t i = random() % 8; i-- > 0 && !bytes.empty();) {
      // Names, shapes and attributes lie between the weights: half of the damage goes there.
      const std::size_t at = random() % 2 == 0 ? random() % std::min<std::size_t>(600, bytes.size())
                                               : random() % bytes.size();
      bytes[at] = static_cast<char>(random());
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto network = readTensorflowGraph(bytes, "damaged.pb");
    if (network) continue;
    ++refused;
    EXPECT_TRUE(network.error().code.starts_with("import.")) << network.error().text();
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace aegen::encoders
