#include "aegen/encoders/decoder_error_bound.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/freeze.hpp"
#include "dense_decoder.hpp"
#include "graph_oracle.hpp"

namespace aegen::encoders {
namespace {

class RandomDecoders : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  std::mt19937_64 random{GetParam()};

  int integer(int low, int high) {
    return low + static_cast<int>(random() % static_cast<std::uint64_t>(high - low + 1));
  }
  double real(double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11U) * 0x1p-53;
  }

  std::vector<test::RealDense> layers(int maxHidden) {
    std::vector<test::RealDense> result;
    int in = econ_t::kLatents;
    const int hidden = integer(0, maxHidden);
    for (int i = 0; i <= hidden; ++i) {
      const int out = i == hidden ? econ_t::kTriggerCells : integer(1, 40);
      test::RealDense layer{in, out, {}, {}};
      const double gain = std::exp2(integer(-5, 2));
      for (int w = 0; w < in * out; ++w) layer.kernel.push_back(real(-gain, gain));
      for (int b = 0; b < out; ++b) layer.bias.push_back(real(-gain, gain));
      result.push_back(layer);
      in = out;
    }
    return result;
  }

  // Of all Input nodes, one behind the other.
  std::vector<std::int64_t> inputs(const Graph& graph) {
    std::vector<std::int64_t> all;
    for (const Node& node : graph.nodes) {
      if (node.kind != NodeKind::Input) continue;
      const int kind = integer(0, 3);  // corners find the extremes, the rest the inside
      for (std::size_t i = 0; i < elementCount(node.shape); ++i) {
        const bool corner = kind == 0 || (kind == 1 && integer(0, 1) == 0);
        all.push_back(corner ? (integer(0, 1) == 0 ? node.format.minRaw() : node.format.maxRaw())
                             : integer(static_cast<int>(node.format.minRaw()),
                                       static_cast<int>(node.format.maxRaw())));
      }
    }
    return all;
  }

  // Fixed-point minus float output for one input.
  std::vector<double> errors(const Graph& graph, const std::vector<std::int64_t>& raw) {
    std::vector<double> numbers;
    for (const Node& node : graph.nodes) {
      if (node.kind != NodeKind::Input) continue;
      for (std::size_t i = 0; i < elementCount(node.shape); ++i) {
        numbers.push_back(static_cast<double>(raw[numbers.size()]) * node.format.lsb());
      }
    }
    const auto exact = evaluateReal(graph, numbers);
    EXPECT_TRUE(exact.ok());
    const auto fixed = test::evaluateGraph(graph, raw);
    std::vector<double> result(fixed.size());
    for (std::size_t i = 0; i < fixed.size(); ++i) {
      result[i] = static_cast<double>(fixed[i]) * graph.output().format.lsb() - (*exact)[i];
    }
    return result;
  }

  // Weights of random numbers, quantized with a fraction a channel or one for all.
  Weights weights(const std::string& name, Shape shape, std::size_t channels) {
    Weights out{name, {true, integer(4, 9), integer(3, 7)}, std::move(shape), {}, {}, false, {}};
    if (integer(0, 1) == 0) {
      for (std::size_t c = 0; c < channels; ++c) out.channelFraction.push_back(integer(3, 8));
    }
    for (std::size_t i = 0; i < elementCount(out.shape); ++i) {
      // Dense kernels are [out][in], all others have the channel last.
      const std::size_t channel =
          out.shape.size() == 2 ? i / static_cast<std::size_t>(out.shape[1]) : i % channels;
      const core::FixedFormat format = out.formatOf(channel);
      const double most = static_cast<double>(format.maxRaw()) * format.lsb();
      out.real.push_back(real(-most, most));
      out.values.push_back(core::quantize(out.real.back(), format));
    }
    return out;
  }

  // The largest part of the bound that any of `trials` inputs uses.
  double expectWithinBound(const Graph& graph, int trials) {
    const auto bound = decoderErrorBound(graph);
    EXPECT_TRUE(bound.ok()) << bound.error().text();
    double used = 0;
    for (int t = 0; t < trials; ++t) {
      const auto error = errors(graph, inputs(graph));
      for (std::size_t i = 0; i < error.size(); ++i) {
        EXPECT_GE(error[i], (*bound)[i].low) << "output " << i;
        EXPECT_LE(error[i], (*bound)[i].high) << "output " << i;
        used = std::max(used, std::abs(error[i]) / (*bound)[i].magnitude());
      }
    }
    return used;
  }
};

TEST_P(RandomDecoders, StayWithinTheirBound) {
  RecordProperty("seed", std::to_string(GetParam()));
  Graph graph = test::denseDecoder(layers(2), {integer(6, 14), integer(5, 12)});
  const auto good = graph.infer();
  ASSERT_TRUE(good.ok()) << good.error().text();
  expectWithinBound(graph, 60);
}

TEST_P(RandomDecoders, StayWithinTheirBoundUnderEveryRoundingAndSum) {
  RecordProperty("seed", std::to_string(GetParam()));
  Graph graph = test::denseDecoder(layers(1), {8, 6});
  const core::Rounding roundings[] = {core::Rounding::Floor, core::Rounding::TowardZero,
                                      core::Rounding::NearestUp, core::Rounding::NearestEven};
  for (Node& node : graph.nodes) {
    if (node.kind == NodeKind::Requantize) {
      node.rounding = roundings[integer(0, 3)];
      node.format.width = std::max(1, node.format.width - integer(0, 4));  // so that some clip
    }
    if (node.kind == NodeKind::Dense && integer(0, 1) == 0) node.sum = {true, integer(4, 9)};
  }
  const auto good = graph.infer();
  ASSERT_TRUE(good.ok()) << good.error().text();
  expectWithinBound(graph, 60);
}

TEST_P(RandomDecoders, ConvolutionsStayWithinTheirBound) {
  RecordProperty("seed", std::to_string(GetParam()));
  econ_t::AutoencoderWeights weights;
  const auto fill = [&](std::vector<std::int64_t>& values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) values.push_back(integer(-32, 31));
  };
  fill(weights.convKernel, 72);
  fill(weights.convBias, 8);
  fill(weights.denseKernel, 2048);
  fill(weights.denseBias, 16);
  // The encoder behind its normaliser, with real weights up to half a step from the integers.
  Graph graph = econ_t::autoencoder(weights, false, integer(0, 1) == 0);
  graph.nodes.erase(graph.nodes.begin());
  for (Node& node : graph.nodes) {
    for (int& input : node.inputs) --input;
    for (Weights* w : {&node.kernel, &node.bias}) {
      for (const std::int64_t raw : w->values) {
        w->real.push_back((static_cast<double>(raw) + real(-0.5, 0.5)) * w->format.lsb());
      }
    }
  }
  graph.nodes.front().kind = NodeKind::Input;
  graph.nodes.front().inputs.clear();
  graph.nodes.front().shape = {48};
  ASSERT_TRUE(graph.infer().ok());
  expectWithinBound(graph, 20);
}

// Latents beside conditions, a dense layer, upsampling, a table, and a dense layer again.
TEST_P(RandomDecoders, UpsamplingTablesAndConditionsStayWithinTheirBound) {
  RecordProperty("seed", std::to_string(GetParam()));
  Graph graph;
  graph.name = "upsampling";
  const auto add = [&](const std::string& name, NodeKind kind, Shape shape) -> Node& {
    Node& node = graph.nodes.emplace_back();
    node.name = name;
    node.kind = kind;
    node.shape = std::move(shape);
    if (kind != NodeKind::Input) node.inputs = {static_cast<int>(graph.nodes.size()) - 2};
    return node;
  };
  const auto requantize = [&](const std::string& name, core::FixedFormat format) {
    Node& node = add(name, NodeKind::Requantize, {});
    node.format = format;
    node.rounding = core::Rounding::NearestEven;
  };
  add("latent", NodeKind::Input, {5}).format = {false, 9, 8};
  add("conditions", NodeKind::Input, {2}).format = {true, 6, integer(0, 10)};
  add("all", NodeKind::Concat, {}).inputs = {0, 1};
  Node& dense = add("dense", NodeKind::Dense, {});
  dense.kernel = weights("dense_kernel", {8, 7}, 8);
  dense.bias = weights("dense_bias", {8}, 8);
  add("relu", NodeKind::Relu, {});
  requantize("activation", {false, 8, 6});
  add("halved", NodeKind::Reinterpret, {}).format.fraction = integer(5, 8);
  add("image", NodeKind::Reshape, {2, 2, 2});
  Node& up = add("up", NodeKind::Conv2dTranspose, {});
  up.stride = integer(1, 3);
  up.padding = {0, 1, 1, 0};
  up.kernel = weights("up_kernel", {3, 2, 2, 2}, 2);
  up.bias = weights("up_bias", {2}, 2);
  if (integer(0, 1) == 0) up.sum = {true, integer(3, 9)};
  requantize("argument", {true, integer(5, 10), 3});
  const core::FixedFormat from = graph.nodes.back().format;
  Node& table = add("table", NodeKind::Lookup, {});
  const char* const functions[] = {"sigmoid", "tanh", ""};
  table.function = functions[integer(0, 2)];
  table.format = {true, 9, 7};
  for (std::int64_t raw = from.minRaw(); raw <= from.maxRaw(); ++raw) {
    const double x = static_cast<double>(raw) * from.lsb();
    const double y = table.function == "sigmoid" ? 1 / (1 + std::exp(-x))
                     : table.function == "tanh"  ? std::tanh(x)
                                                 : std::sin(x);
    table.table.push_back(core::quantize(y, table.format));
  }
  const auto good = graph.infer();
  ASSERT_TRUE(good.ok()) << good.error().text();
  const double used = expectWithinBound(graph, 200);
  EXPECT_GT(used, 0.02);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDecoders, ::testing::Range<std::uint64_t>(1, 26));

test::RealDense identity(double weight) {
  test::RealDense layer{econ_t::kLatents, econ_t::kTriggerCells, {}, {}};
  layer.kernel.assign(16 * 48, 0.0);
  for (std::size_t o = 0; o < 48; ++o) layer.kernel[o * 16 + o % 16] = weight;
  layer.bias.assign(48, 0.0);
  return layer;
}

TEST(DecoderErrorBound, IsTightForOneExactLayer) {
  // Weight 0.5 is exact, products have a fraction of 2^-9 and more: only rounding to 2^-6 is left.
  Graph graph = test::denseDecoder({identity(0.5)}, {8, 6});
  ASSERT_TRUE(graph.infer().ok());
  const auto bound = decoderErrorBound(graph);
  ASSERT_TRUE(bound.ok());
  for (const ErrorInterval& error : *bound) EXPECT_NEAR(error.magnitude(), 0.5 / 64, 1e-9);
}

TEST(DecoderErrorBound, GrowsWithAWrongWeight) {
  Graph graph = test::denseDecoder({identity(0.5)}, {8, 6});
  ASSERT_TRUE(graph.infer().ok());
  Node& dense = graph.nodes[1];
  dense.kernel.values[0] += 8;
  const double step = 8 * dense.kernel.format.lsb();
  const auto bound = decoderErrorBound(graph);
  ASSERT_TRUE(bound.ok());
  EXPECT_NEAR((*bound)[0].high, 0.5 / 64 + step * 511 / 256, 1e-9);
  EXPECT_NEAR((*bound)[1].high, 0.5 / 64, 1e-9);
}

// A table of a function is as far from it as its worst entry, where its argument is exact.
TEST(DecoderErrorBound, OfAnExactArgumentIsTheTablesOwn) {
  Graph graph;
  graph.name = "table";
  graph.nodes.resize(2);
  graph.nodes[0].name = "x";
  graph.nodes[0].shape = {1};
  graph.nodes[0].format = {true, 6, 3};
  Node& table = graph.nodes[1];
  table = {"y", NodeKind::Lookup, {0}, {}, {false, 8, 8}};
  table.function = "sigmoid";
  double low = 0;
  double high = 0;
  for (int raw = -32; raw < 32; ++raw) {
    const double y = 1 / (1 + std::exp(-raw / 8.0));
    table.table.push_back(core::quantize(y, table.format) + (raw == 7 ? 3 : 0));
    const double error = static_cast<double>(table.table.back()) / 256 - y;
    low = std::min(low, error);
    high = std::max(high, error);
  }
  ASSERT_TRUE(graph.infer().ok());
  const auto bound = decoderErrorBound(graph);
  ASSERT_TRUE(bound.ok());
  EXPECT_NEAR((*bound)[0].low, low, 1e-12);
  EXPECT_NEAR((*bound)[0].high, high, 1e-12);
  EXPECT_GT(high, 2.5 / 256);
}

TEST(DecoderErrorBound, RefusesWhatHasNoBound) {
  Graph wrapping = test::denseDecoder({identity(0.5)}, {8, 6});
  wrapping.nodes.back().format.width = 4;
  wrapping.nodes.back().overflow = core::Overflow::Wrap;
  ASSERT_TRUE(wrapping.infer().ok());
  const auto bound = decoderErrorBound(wrapping);
  ASSERT_FALSE(bound.ok());
  EXPECT_EQ(bound.error().code, "bound.wraps");

  econ_t::AutoencoderWeights weights{std::vector<std::int64_t>(72), std::vector<std::int64_t>(8),
                                     std::vector<std::int64_t>(2048),
                                     std::vector<std::int64_t>(16)};
  Graph encoder = econ_t::autoencoder(weights, false);
  ASSERT_TRUE(encoder.infer().ok());
  const auto none = decoderErrorBound(encoder);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, "bound.unsupported");
}

TEST(FreezeDecoder, HiddenActivationsHoldTheirLargestValue) {
  test::RealDense hidden{econ_t::kLatents, 3, std::vector<double>(48, 0.25), {0.5, -9.0, 2.0}};
  test::RealDense output{3, econ_t::kTriggerCells, std::vector<double>(144, 0.01),
                         std::vector<double>(48, 0.0)};
  Graph graph = test::denseDecoder({hidden, output}, {10, 8});
  ASSERT_TRUE(graph.infer().ok());
  const Node* activation = graph.find("hidden1_activation");
  ASSERT_NE(activation, nullptr);
  // 16 * 511/256 * 0.25 + 2 = 9.98: four integer bits and not five.
  EXPECT_EQ(activation->format.text(), "u12.8");
  EXPECT_EQ(graph.output().format.text(), "u9.8");
  EXPECT_EQ(graph.output().name, "charges");
}

TEST(FreezeDecoder, KernelsUseTheirFormatsRange) {
  for (const double weight : {0.03, 0.9, 0.999, 1.0, 1.7, 100.0}) {
    const Graph graph = test::denseDecoder({identity(weight)}, {10, 8});
    const Weights& kernel = graph.nodes[1].kernel;
    EXPECT_EQ(kernel.format.width, 10) << weight;
    EXPECT_NEAR(static_cast<double>(kernel.values[0]) * kernel.format.lsb(), weight,
                kernel.format.lsb() / 2)
        << weight;
    if (weight > 0.25) {
      EXPECT_GE(kernel.values[0], 256) << weight;
    }
  }
}

TEST(TopBitsLayout, StartsAtTheLastLatentsTopBit) {
  const LinkLayout layout = topBitsLayout(7, 4);
  ASSERT_EQ(layout.keep.size(), 144U);
  EXPECT_EQ(layout.activeEtx, 4);
  for (std::size_t i = 0; i < layout.keep.size(); ++i) {
    EXPECT_EQ(layout.keep[i], i % 9 < 7) << i;
  }
}

}  // namespace
}  // namespace aegen::encoders
