/// What the encoders do about folding: where registers go, and neurons that share a function.

#include <gtest/gtest.h>

#include "aegen/core/fold.hpp"
#include "aegen/core/gate_estimate.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/lowering.hpp"
#include "pipeline.hpp"
#include "random_program.hpp"
#include "shared_neurons.hpp"

namespace aegen::encoders {
namespace {

using Cuts = std::vector<std::size_t>;
using test_common::SplitMix64;

TEST(FoldedCuts, WithoutGainsSplitTheLevelsEvenly) {
  EXPECT_EQ(evenCuts({5, 5, 5, 5}, 2), (Cuts{1, 3}));
  EXPECT_EQ(evenCuts({1, 9, 1, 1}, 3), (Cuts{0, 1, 3}));
}

TEST(FoldedCuts, KeepBlocksThatFoldApart) {
  // Evenly it would be 1, 3; but then the last two, which fold, were in one part.
  EXPECT_EQ(evenCuts({5, 5, 5, 5}, 2, {0, 0, 10, 20}), (Cuts{2, 3}));
  EXPECT_EQ(evenCuts({5, 5, 5, 5}, 3, {7, 0, 10, 20}), (Cuts{0, 2, 3}));
  // Of two that fold in one part only the larger counts.
  EXPECT_EQ(evenCuts({1, 1, 1}, 2, {10, 9, 1}), (Cuts{0, 2}));
}

// A dense layer of random constants behind an input, requantized.
Graph dense(SplitMix64& random, int inputs, int outputs) {
  Graph graph;
  graph.name = "net";
  Node input;
  input.name = "x";
  input.kind = NodeKind::Input;
  input.shape = {inputs};
  input.format = {false, 8, 8};
  Node layer;
  layer.name = "layer";
  layer.kind = NodeKind::Dense;
  layer.inputs = {0};
  layer.shape = {outputs};
  layer.kernel = {"w", {true, 6, 5}, {outputs, inputs}, {}, {}, false, {}};
  layer.bias = {"b", {true, 6, 5}, {outputs}, {}, {}, false, {}};
  for (int i = 0; i < inputs * outputs; ++i) layer.kernel.values.push_back(random.between(-32, 31));
  for (int i = 0; i < outputs; ++i) layer.bias.values.push_back(random.between(-32, 31));
  Node code;
  code.name = "code";
  code.kind = NodeKind::Requantize;
  code.inputs = {1};
  code.shape = {outputs};
  code.format = {true, 9, 4};
  graph.nodes = {input, layer, code};
  return graph;
}

TEST(SharedNeurons, ComputeWhatNeuronsOfConstantsDo) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SplitMix64 random(seed);
    Graph graph = dense(random, 12, 6);
    ASSERT_TRUE(graph.infer().ok());
    const auto apart = lower(graph, "");
    const auto together = lower(graph, "", {.sharedNeurons = {"layer"}});
    ASSERT_TRUE(apart.ok() && together.ok());
    EXPECT_TRUE(together->fields.empty());
    EXPECT_NE(together->program.find("layer_neuron"), nullptr);
    const core::Function& one = *apart->program.find("layer");
    const core::Function& other = *together->program.find("layer");
    for (int event = 0; event < 200; ++event) {
      std::vector<std::int64_t> inputs;
      for (int i = 0; i < 12; ++i) inputs.push_back(random.between(0, 255));
      const auto a = core::evaluate(apart->program, one, inputs);
      const auto b = core::evaluate(together->program, other, inputs);
      for (std::size_t i = 0; i < one.outputValues.size(); ++i) {
        ASSERT_EQ(a[one.outputValues[i]], b[other.outputValues[i]]);
      }
    }
  }
}

TEST(SharedNeurons, AreChosenWhereManyClocksShareThemAndNotWithOne) {
  SplitMix64 random(3);
  Graph graph = dense(random, 64, 16);
  ASSERT_TRUE(graph.infer().ok());
  EXPECT_TRUE(worthSharing(graph, 1).empty());
  EXPECT_EQ(worthSharing(graph, 8), std::set<std::string>{"layer"});
}

TEST(FoldedLatency, OfAnAutoencoderIsACrossingMore) {
  EXPECT_EQ(econ_t::defaultLatency({econ_t::Algorithm::Autoencoder}), std::pair(2, 2));
  EXPECT_EQ(econ_t::defaultLatency({econ_t::Algorithm::Autoencoder}, 4), std::pair(3, 2));
  EXPECT_EQ(econ_t::defaultLatency({econ_t::Algorithm::ThresholdSum}, 8), std::pair(1, 1));
}

}  // namespace
}  // namespace aegen::encoders
