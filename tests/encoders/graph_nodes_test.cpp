// Transposed convolutions, tables, concatenations: formats, limits, and what hardware they become.

#include <gtest/gtest.h>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/encoders/graph.hpp"
#include "aegen/encoders/lowering.hpp"
#include "bad_graph.hpp"
#include "graph_oracle.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using test::node;
using test::ones;

// 0 x u4.4 [4][4][2], 1 up (3x3, stride 2, two filters, 8x8 left), 2 flat, 3 used, 4 y u8.4,
// 5 other s6.2 [3], 6 all, 7 table, 8 times.
Graph network(bool loadable = false) {
  Graph graph;
  graph.name = "network";
  graph.nodes = {node("x", NodeKind::Input, {}),        node("up", NodeKind::Conv2dTranspose, {0}),
                 node("flat", NodeKind::Reshape, {1}),  node("used", NodeKind::Arrange, {2}),
                 node("y", NodeKind::Requantize, {3}),  node("other", NodeKind::Input, {}),
                 node("all", NodeKind::Concat, {4, 5}), node("small", NodeKind::Requantize, {6}),
                 node("table", NodeKind::Lookup, {7}),  node("times", NodeKind::Reinterpret, {8})};
  graph.nodes[0].shape = {4, 4, 2};
  graph.nodes[0].format = {false, 4, 4};
  graph.nodes[1].stride = 2;
  graph.nodes[1].padding = {0, 1, 0, 1};
  graph.nodes[1].kernel = ones("kernel", {true, 5, 3}, {3, 3, 2, 2}, loadable);
  for (std::size_t i = 0; i < 36; ++i) {
    graph.nodes[1].kernel.values[i] = static_cast<int>(i % 13) - 6;
  }
  graph.nodes[1].bias = ones("bias", {true, 5, 6}, {2}, loadable);
  graph.nodes[2].shape = {128};
  graph.nodes[3].shape = {6};
  graph.nodes[3].indices = {0, 3, 50, 97, 127, 127};
  graph.nodes[4].format = {false, 8, 4};
  graph.nodes[5].shape = {3};
  graph.nodes[5].format = {true, 6, 2};
  graph.nodes[7].format = {true, 5, 0};
  graph.nodes[8].format = {true, 7, 3};
  for (int raw = -16; raw < 16; ++raw) graph.nodes[8].table.push_back(raw * raw / 8 - raw);
  graph.nodes[9].format.fraction = -2;
  return graph;
}

TEST(GraphNodes, FormatsFollow) {
  Graph graph = network();
  ASSERT_TRUE(graph.infer().ok()) << graph.infer().error().text();
  EXPECT_EQ(graph.nodes[1].shape, (Shape{8, 8, 2}));
  EXPECT_EQ(graph.nodes[1].format.fraction, 7);
  // u8.4 reaches 15.9375, s6.2 -8: finest fraction, both ranges.
  EXPECT_EQ(graph.nodes[6].format.text(), "s9.4");
  EXPECT_EQ(graph.output().format, (FixedFormat{true, 7, -2}));
  graph.nodes[1].kernel.channelFraction = {2, 5};
  ASSERT_TRUE(graph.infer().ok());
  EXPECT_EQ(graph.nodes[1].format.fraction, 9);
}

// The widest sum of any phase, not of the whole kernel: four taps of two channels at most.
TEST(GraphNodes, TransposedSumsAreAsWideAsTheirPhases) {
  Graph graph = network();
  graph.nodes[1].kernel = ones("kernel", {false, 1, 0}, {3, 3, 2, 2});
  graph.nodes[1].bias = ones("bias", {false, 1, 4}, {2});
  graph.nodes[1].bias.values = {0, 0};
  ASSERT_TRUE(graph.infer().ok());
  EXPECT_EQ(graph.nodes[1].format.text(), "u7.4");  // 8 * 15 = 120, the kernel's 18 * 15 = 270
}

// A function a phase, whether weights are loaded or not, and only what somebody reads is computed.
TEST(GraphNodes, PhasesShareAFunctionAndOnlyReadElementsAreComputed) {
  for (const bool loadable : {false, true}) {
    Graph graph = network(loadable);
    ASSERT_TRUE(graph.infer().ok());
    const auto lowering = lower(graph, "n_");
    ASSERT_TRUE(lowering.ok()) << lowering.error().text();
    int phases = 0;
    for (const core::Function& f : lowering->program.functions) {
      phases += f.name.starts_with("n_up_phase_") ? 1 : 0;
    }
    EXPECT_EQ(phases, 4);
    const core::Function* const up = lowering->program.find("n_up");
    ASSERT_NE(up, nullptr);
    int calls = 0;
    for (const core::Instruction& i : up->instructions) calls += i.op == core::Op::Call ? 1 : 0;
    EXPECT_EQ(calls, 5);  // positions of elements 0, 3, 50, 97, 127, each read
    EXPECT_EQ(up->outputElements(), 10U);
  }
}

TEST(GraphNodes, ComputeWhatTheirTensorsMean) {
  for (const bool loadable : {false, true}) {
    Graph graph = network(loadable);
    graph.nodes[1].kernel.channelFraction = {2, 5};
    graph.nodes[1].sum = {true, 4};
    ASSERT_TRUE(graph.infer().ok());
    auto lowering = lower(graph, "n_");
    ASSERT_TRUE(lowering.ok()) << lowering.error().text();
    addWhole(*lowering, "whole", "");
    EXPECT_TRUE(core::verify(lowering->program).empty());
    core::Interpreter interpreter(lowering->program, "whole");
    for (const core::ConfigField& f : lowering->fields) interpreter.setConfig(f.name, f.reset);
    core::Columns in(35, 40);
    for (std::size_t k = 0; k < 40; ++k) {
      for (std::size_t i = 0; i < 32; ++i) in.at(i, k) = static_cast<int>((i * 7 + k * 5) % 16);
      for (std::size_t i = 32; i < 35; ++i)
        in.at(i, k) = static_cast<int>((i * 11 + k * 3) % 64) - 32;
    }
    const auto out = interpreter.run(in);
    ASSERT_TRUE(out.ok());
    for (std::size_t k = 0; k < 40; ++k) {
      std::vector<std::int64_t> one;
      for (std::size_t i = 0; i < 35; ++i) one.push_back(in.at(i, k));
      const auto expected = test::evaluateGraph(graph, one);
      for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(out->at(i, k), expected[i]);
    }
  }
}

const test::BadGraph kBad[] = {
    {"KernelOfOtherChannels", "graph.shape", "up",
     [](Graph& g) {
       g.nodes[1].kernel = ones("kernel", {true, 5, 3}, {3, 3, 1, 2});
     }},
    {"NoPadding", "graph.shape", "up", [](Graph& g) { g.nodes[1].padding.clear(); }},
    {"NegativePadding", "graph.shape", "up",
     [](Graph& g) {
       g.nodes[1].padding = {0, 0, -1, 0};
     }},
    {"EverythingCutOff", "graph.shape", "up",
     [](Graph& g) {
       g.nodes[1].padding = {5, 4, 0, 1};
     }},
    {"PaddingPastInt", "graph.shape", "up",
     [](Graph& g) {
       g.nodes[1].padding = {2147483647, 2147483647, 0, 1};
     }},
    {"ZeroStride", "graph.shape", "up", [](Graph& g) { g.nodes[1].stride = 0; }},
    {"GiganticStride", "graph.shape", "up", [](Graph& g) { g.nodes[1].stride = 2147483647; }},
    {"StrideToTooManyElements", "graph.shape", "up", [](Graph& g) { g.nodes[1].stride = 500; }},
    {"WideKernel", "graph.width", "up",
     [](Graph& g) {
       g.nodes[1].kernel.format = {true, 62, 3};
       g.nodes[1].kernel.loadable = true;
     }},
    {"ChannelFractionsOfTooFewChannels", "graph.shape", "up",
     [](Graph& g) { g.nodes[1].kernel.channelFraction = {3}; }},
    {"ChannelFractionPastTheFormats", "graph.format", "up",
     [](Graph& g) {
       g.nodes[1].bias.channelFraction = {3, 1001};
     }},
    {"ChannelFractionsFarApart", "graph.width", "up",
     [](Graph& g) {
       g.nodes[1].kernel.channelFraction = {0, 70};
     }},
    {"ConcatOfAnImage", "graph.format", "all",
     [](Graph& g) {
       g.nodes[6].inputs = {4, 1};
     }},
    {"ConcatOfFarFractions", "graph.width", "all",
     [](Graph& g) { g.nodes[5].format.fraction = 70; }},
    {"ConcatOfFractionsThatOverflow", "graph.width", "all",
     [](Graph& g) { g.nodes[5].format.fraction = 1000; }},
    {"TableOfAWideInput", "graph.width", "table",
     [](Graph& g) {
       g.nodes[7].format = {true, 13, 0};
     }},
    {"TableTooShort", "graph.shape", "table", [](Graph& g) { g.nodes[8].table.pop_back(); }},
    {"TableEntryOutside", "graph.weight-range", "table",
     [](Graph& g) { g.nodes[8].table[3] = 64; }},
    {"TableOfAnUnknownFunction", "graph.function", "table",
     [](Graph& g) { g.nodes[8].function = "sine"; }},
    {"FractionPastTheFormats", "graph.format", "times",
     [](Graph& g) { g.nodes[9].format.fraction = -1001; }},
};

class BadNodes : public ::testing::TestWithParam<test::BadGraph> {};

TEST_P(BadNodes, AreRefusedWithTheirNode) {
  test::expectRefused(network(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Every, BadNodes, ::testing::ValuesIn(kBad),
                         [](const auto& chosen) { return std::string(chosen.param.what); });

TEST(GraphNodes, FunctionOfATableIsNoNodesName) {
  Graph graph = network();
  graph.nodes[2].name = "table_table";
  ASSERT_TRUE(graph.infer().ok());
  const auto lowering = lower(graph, "");
  ASSERT_FALSE(lowering.ok());
  EXPECT_EQ(lowering.error().code, "graph.name");
}

}  // namespace
}  // namespace aegen::encoders
