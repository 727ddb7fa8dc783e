// Graphs no hardware can have are refused with a diagnostic; what is taken computes exactly.

#include <gtest/gtest.h>

#include <random>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/encoders/graph.hpp"
#include "aegen/encoders/lowering.hpp"
#include "bad_graph.hpp"
#include "graph_oracle.hpp"
#include "random_network.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using test::node;
using test::ones;

// 0 charges u8[16], 1 normalized u8.7, 2 grid 4x4, 3 padded 5x5, 4 conv 2x2x1x2, 5 flat [32],
// 6 dense [3].
Graph network() {
  Graph graph;
  graph.name = "network";
  graph.nodes = {node("charges", NodeKind::Input, {}), node("normalized", NodeKind::Normalize, {0}),
                 node("grid", NodeKind::Arrange, {1}), node("padded", NodeKind::Pad, {2}),
                 node("conv", NodeKind::Conv2d, {3}),  node("flat", NodeKind::Reshape, {4}),
                 node("dense", NodeKind::Dense, {5})};
  graph.nodes[0].shape = {16};
  graph.nodes[0].format = {false, 8, 0};
  graph.nodes[1].format = {false, 8, 7};
  graph.nodes[1].maxShift = 11;
  graph.nodes[2].shape = {4, 4, 1};
  for (int i = 0; i < 16; ++i) graph.nodes[2].indices.push_back(i);
  graph.nodes[3].padding = {0, 1, 0, 1};
  graph.nodes[4].kernel = ones("conv_kernel", {true, 6, 5}, {2, 2, 1, 2});
  graph.nodes[4].bias = ones("conv_bias", {true, 6, 5}, {2});
  graph.nodes[5].shape = {32};
  graph.nodes[6].kernel = ones("dense_kernel", {true, 6, 5}, {3, 32});
  graph.nodes[6].bias = ones("dense_bias", {true, 6, 5}, {3});
  return graph;
}

void emptyDense(Graph& g, int outputs) {
  g.nodes.resize(7);
  // 32 inputs per output are missing as well: nothing but the sizes may be looked at.
  g.nodes[6].kernel.shape = {outputs, 32};
  g.nodes[6].kernel.values.clear();
  g.nodes[6].bias.shape = {outputs};
  g.nodes[6].bias.values.clear();
}

const test::BadGraph kBad[] = {
    {"ZeroDenseOutputs", "graph.shape", "dense", [](Graph& g) { emptyDense(g, 0); }},
    {"NegativeDenseOutputs", "graph.shape", "dense", [](Graph& g) { emptyDense(g, -3); }},
    {"ZeroFilters", "graph.shape", "conv",
     [](Graph& g) {
       g.nodes[4].kernel = ones("k", {true, 6, 5}, {2, 2, 1, 0});
       g.nodes[4].bias = ones("b", {true, 6, 5}, {0});
     }},
    {"NegativeKernelRows", "graph.shape", "conv",
     [](Graph& g) {
       g.nodes[4].kernel.shape = {-2, 2, 1, 2};
     }},
    {"ZeroStride", "graph.shape", "conv", [](Graph& g) { g.nodes[4].stride = 0; }},
    {"GiganticInput", "graph.shape", "charges",
     [](Graph& g) { g.nodes[0].shape = {1'000'000'000}; }},
    {"JustTooLargeInput", "graph.shape", "charges", [](Graph& g) { g.nodes[0].shape = {65'537}; }},
    {"SizesWhoseProductOverflows", "graph.shape", "charges",
     [](Graph& g) {
       g.nodes[0].shape = {1 << 30, 1 << 30, 16};
     }},
    {"NegativeInput", "graph.shape", "charges", [](Graph& g) { g.nodes[0].shape = {-16}; }},
    {"NoInputShape", "graph.shape", "charges", [](Graph& g) { g.nodes[0].shape = {}; }},
    {"EmptyArrange", "graph.shape", "grid",
     [](Graph& g) {
       g.nodes[2].shape = {0};
       g.nodes[2].indices.clear();
     }},
    {"NegativeArrange", "graph.shape", "grid",
     [](Graph& g) {
       g.nodes[2].shape = {-4, -4, 1};
       g.nodes[2].indices.clear();
     }},
    {"NegativeReshape", "graph.shape", "flat",
     [](Graph& g) {
       g.nodes[5].shape = {-16, -2};
     }},
    {"ReshapeToNothing", "graph.shape", "flat", [](Graph& g) { g.nodes[5].shape = {}; }},
    {"GiganticPadding", "graph.shape", "padded",
     [](Graph& g) {
       g.nodes[3].padding = {2147483647, 1, 0, 1};
     }},
    {"LargePadding", "graph.shape", "padded",
     [](Graph& g) {
       g.nodes[3].padding = {300, 300, 300, 300};
     }},
    {"WideKernel", "graph.width", "conv",
     [](Graph& g) {
       g.nodes[4].kernel.format = {true, 63, 5};
       g.nodes[4].kernel.loadable = true;
     }},
    {"BiasOfManyFractionalBits", "graph.width", "conv",
     [](Graph& g) {
       g.nodes[4].bias.format = {true, 6, 70};
     }},
    {"WideBiasMovedUp", "graph.width", "conv",
     [](Graph& g) {
       g.nodes[4].bias.format = {true, 63, 0};
       g.nodes[4].bias.loadable = true;
     }},
    {"ProductsOfManyFractionalBits", "graph.width", "conv",
     [](Graph& g) {
       g.nodes[4].sum = {true, 65};
     }},
    {"ProductFractionPastTheFormats", "graph.format", "conv",
     [](Graph& g) {
       g.nodes[4].sum = {true, 2'000'000'000};
     }},
    {"ProductFractionBelowTheFormats", "graph.format", "conv",
     [](Graph& g) {
       g.nodes[4].sum = {true, -5000};
     }},
    {"KernelFormatOfNoWidth", "graph.width", "conv",
     [](Graph& g) { g.nodes[4].kernel.format.width = 0; }},
    {"InputPastTheWidest", "graph.width", "charges",
     [](Graph& g) {
       g.nodes[0].format = {false, 64, 0};
     }},
    {"NormalizedMovedUpTooFar", "graph.width", "normalized",
     [](Graph& g) {
       g.nodes[1].format = {false, 63, 62};
     }},
    {"WideCharges", "graph.width", "normalized",
     [](Graph& g) {
       g.nodes[0].format = {false, 60, 0};
       g.nodes[1].maxShift = 60;
     }},
    {"SumOfWideCharges", "graph.width", "normalized",
     [](Graph& g) {
       g.nodes[0].format = {false, 61, 0};
       g.nodes[1].format = {false, 2, 1};
       g.nodes[1].maxShift = 60;
     }},
    {"GraphNameWithALineBreak", "graph.name", "line1",
     [](Graph& g) { g.name = "line1\nassign x = 1;"; }},
    {"NoGraphName", "graph.name", "graph", [](Graph& g) { g.name.clear(); }},
    {"NodeNameWithASpace", "graph.name", "my conv", [](Graph& g) { g.nodes[4].name = "my conv"; }},
    {"NameWithAnUnderscoreFirst", "graph.name", "_conv",
     [](Graph& g) { g.nodes[4].name = "_conv"; }},
    {"KernelNamedAsItsBias", "graph.name", "conv",
     [](Graph& g) { g.nodes[4].kernel.name = "conv_bias"; }},
    {"KernelNamedAsAnothers", "graph.name", "dense",
     [](Graph& g) { g.nodes[6].kernel.name = "conv_kernel"; }},
    {"BiasNamedAsANode", "graph.name", "flat", [](Graph& g) { g.nodes[4].bias.name = "flat"; }},
};

class BadGraphs : public ::testing::TestWithParam<test::BadGraph> {};

TEST_P(BadGraphs, AreRefusedWithTheirNode) {
  test::expectRefused(network(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Every, BadGraphs, ::testing::ValuesIn(kBad),
                         [](const auto& chosen) { return std::string(chosen.param.what); });

TEST(GraphLimits, ConcatPastTheMostElementsIsRefused) {
  Graph graph;
  graph.name = "wide";
  graph.nodes = {node("x", NodeKind::Input, {}), node("all", NodeKind::Concat, {})};
  graph.nodes[0].shape = {65'536};
  graph.nodes[0].format = {false, 1, 0};
  graph.nodes[1].inputs.assign(40'000, 0);  // more than an int counts
  const auto result = graph.infer();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "graph.shape");
}

TEST(GraphLimits, ConvolutionOfTooManyProductsIsRefused) {
  Graph graph;
  graph.name = "large";
  graph.nodes = {node("x", NodeKind::Input, {}), node("conv", NodeKind::Conv2d, {0})};
  graph.nodes[0].shape = {256, 256, 1};
  graph.nodes[0].format = {false, 1, 0};
  graph.nodes[1].kernel = ones("k", {true, 2, 0}, {128, 128, 1, 1});
  graph.nodes[1].bias = ones("b", {true, 2, 0}, {1});
  const auto result = graph.infer();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "graph.shape");
}

TEST(GraphLimits, WidestNormaliserTakenComputes) {
  Graph graph;
  graph.name = "widest";
  graph.nodes = {node("x", NodeKind::Input, {}), node("y", NodeKind::Normalize, {0})};
  graph.nodes[0].shape = {4};
  graph.nodes[0].format = {false, 61, 0};
  graph.nodes[1].format = {false, 3, 2};
  graph.nodes[1].maxShift = 60;
  ASSERT_TRUE(graph.infer().ok());
  auto lowering = lower(graph, "");
  ASSERT_TRUE(lowering.ok());
  addWhole(*lowering, "whole", "");
  EXPECT_TRUE(core::verify(lowering->program).empty());
  core::Interpreter interpreter(lowering->program, "whole");
  core::Columns in(4, 1);
  const std::int64_t most = graph.nodes[0].format.maxRaw();
  for (std::size_t i = 0; i < 3; ++i) in.at(i, 0) = most;
  const auto out = interpreter.run(in);
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(out->at(0, 0), most >> (60 - 2));  // the sum is above 2^62, the shift stops at 60
  EXPECT_EQ(out->at(3, 0), 0);
}

// Formats of any width: a layer is either refused or computes what its tensors mean.
class AnyFormats {
 public:
  explicit AnyFormats(std::uint64_t seed) : rng_(seed) {}

  int between(int low, int high) {
    return low + static_cast<int>(rng_() % static_cast<std::uint64_t>(high - low + 1));
  }
  FixedFormat format() { return {between(0, 1) == 1, between(2, 63), between(-10, 30)}; }
  std::int64_t value(const FixedFormat& format) {
    const int kind = between(0, 3);
    if (kind == 0) return format.minRaw();
    if (kind == 1) return format.maxRaw();
    return core::wrap(static_cast<std::int64_t>(rng_()), format);
  }
  Weights ones(std::string name, Shape shape) {
    Weights out{std::move(name), format(), std::move(shape), {}, {}, between(0, 1) == 1};
    out.values.resize(elementCount(out.shape));
    for (std::int64_t& raw : out.values) raw = value(out.format);
    return out;
  }
  Graph graph() {
    Graph out;
    out.name = "any";
    out.nodes = {node("x", NodeKind::Input, {}), node("dense", NodeKind::Dense, {0}),
                 node("y", NodeKind::Requantize, {1})};
    out.nodes[0].shape = {between(1, 4)};
    out.nodes[0].format = format();
    out.nodes[1].kernel = ones("kernel", {2, out.nodes[0].shape[0]});
    out.nodes[1].bias = ones("bias", {2});
    if (between(0, 1) == 1) out.nodes[1].sum = {true, between(-10, 40)};
    out.nodes[2].format = format();
    out.nodes[2].overflow = core::Overflow::Saturate;
    return out;
  }

 private:
  std::mt19937_64 rng_;
};

TEST(GraphLimits, AnyFormatsAreRefusedOrComputeExactly) {
  int taken = 0;
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    AnyFormats any(seed);
    Graph graph = any.graph();
    if (const auto inferred = graph.infer(); !inferred.ok()) {
      ASSERT_EQ(inferred.error().code, "graph.width") << inferred.error().text();
      ++refused;
      continue;
    }
    ++taken;
    auto lowering = lower(graph, "");
    ASSERT_TRUE(lowering.ok()) << lowering.error().text();
    addWhole(*lowering, "whole", "");
    for (const auto& violation : core::verify(lowering->program)) ADD_FAILURE() << violation.text();
    core::Interpreter interpreter(lowering->program, "whole");
    for (const core::ConfigField& f : lowering->fields) interpreter.setConfig(f.name, f.reset);
    const std::size_t elements = elementCount(graph.nodes[0].shape);
    core::Columns in(elements, 5);
    for (std::size_t k = 0; k < in.events(); ++k) {
      for (std::size_t i = 0; i < elements; ++i) in.at(i, k) = any.value(graph.nodes[0].format);
    }
    const auto out = interpreter.run(in);
    ASSERT_TRUE(out.ok());
    for (std::size_t k = 0; k < in.events(); ++k) {
      std::vector<std::int64_t> input(elements);
      for (std::size_t i = 0; i < elements; ++i) input[i] = in.at(i, k);
      const auto expected = test::evaluateGraph(graph, input);
      for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(out->at(i, k), expected[i]);
    }
  }
  EXPECT_GT(taken, 100);
  EXPECT_GT(refused, 100);
}

TEST(Lowering, NodeNamedAsAnothersPartIsRefused) {
  const auto codeWith = [](std::size_t at, const std::string& name) {
    Graph graph = network();
    graph.nodes[at].name = name;
    EXPECT_TRUE(graph.infer().ok());
    const auto lowering = lower(graph, "");
    return lowering.ok() ? "" : lowering.error().code;
  };
  EXPECT_EQ(codeWith(6, "normalized_sum"), "graph.name");
  EXPECT_EQ(codeWith(6, "conv_position"), "graph.name");
  EXPECT_EQ(codeWith(4, "dense_neuron_2"), "graph.name");
  EXPECT_EQ(codeWith(4, "dense_neuron_3"), "");  // there are three neurons
  EXPECT_EQ(codeWith(6, "latent_sum"), "");
}

TEST(Lowering, TheNormalisersSumIsMarked) {
  Graph graph = network();
  graph.nodes[6].name = "latent_sum";
  ASSERT_TRUE(graph.infer().ok());
  const auto lowering = lower(graph, "");
  ASSERT_TRUE(lowering.ok());
  std::vector<std::string> sums;
  for (const LoweredLayer& layer : lowering->layers) sums.push_back(layer.sumSignal);
  EXPECT_EQ(sums, (std::vector<std::string>{"normalized_sum", "", ""}));
}

}  // namespace
}  // namespace aegen::encoders
