// Exported models in ONNX Runtime: every bit as the interpreter's.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/export.hpp"
#include "aegen/encoders/node_values.hpp"
#include "onnx.pb.h"
#include "onnx_runtime.hpp"
#include "random_decoder.hpp"
#include "random_network.hpp"

namespace aegen::encoders {
namespace {

// A graph's inputs, as raw columns and as the real numbers a model is given.
struct Stimulus {
  core::Columns raw;
  std::vector<test::RealValues> real;
};

Stimulus stimulus(const Graph& graph, std::uint64_t seed, std::size_t events) {
  Stimulus out;
  out.raw = test::randomInputs(graph, events, seed);
  std::size_t first = 0;
  for (const Node& node : graph.nodes) {
    if (node.kind != NodeKind::Input) continue;
    test::RealValues tensor{node.name, {static_cast<int>(events)}, {}};
    tensor.dims.insert(tensor.dims.end(), node.shape.begin(), node.shape.end());
    for (std::size_t event = 0; event < events; ++event) {
      for (std::size_t i = 0; i < elementCount(node.shape); ++i) {
        tensor.values.push_back(
            std::ldexp(static_cast<double>(out.raw.at(first + i, event)), -node.format.fraction));
      }
    }
    first += elementCount(node.shape);
    out.real.push_back(std::move(tensor));
  }
  return out;
}

// Runs the models side by side and compares every output with the interpreter.
class Comparison {
 public:
  void add(const std::string& what, const Graph& graph, std::string model, Stimulus stimulus) {
    cases_.push_back({what, graph, std::move(stimulus.raw)});
    jobs_.push_back({std::move(model), std::move(stimulus.real)});
  }

  void expectEqual() const {
    const auto outputs = test::runInOnnxRuntime(jobs_);
    ASSERT_TRUE(outputs.ok()) << outputs.error().text();
    ASSERT_EQ(outputs->size(), cases_.size());
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      SCOPED_TRACE(cases_[i].what);
      const Node& last = cases_[i].graph.output();
      const auto expected = nodeValues(cases_[i].graph, last.name, cases_[i].raw);
      ASSERT_TRUE(expected.ok()) << expected.error().text();
      const test::RealValues& got = (*outputs)[i];
      std::vector<int> dims{static_cast<int>(expected->events())};
      dims.insert(dims.end(), last.shape.begin(), last.shape.end());
      ASSERT_EQ(got.dims, dims);
      for (std::size_t event = 0; event < expected->events(); ++event) {
        for (std::size_t k = 0; k < expected->elements(); ++k) {
          ASSERT_EQ(got.values[event * expected->elements() + k],
                    std::ldexp(static_cast<double>(expected->at(k, event)), -last.format.fraction))
              << "event " << event << ", output " << k;
        }
      }
    }
  }

 private:
  struct Case {
    std::string what;
    Graph graph;
    core::Columns raw;
  };
  std::vector<Case> cases_;
  std::vector<test::OnnxJob> jobs_;
};

Graph autoencoder(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  econ_t::AutoencoderWeights weights = econ_t::zeroWeights();
  for (auto* const list :
       {&weights.convKernel, &weights.convBias, &weights.denseKernel, &weights.denseBias}) {
    for (auto& value : *list) value = static_cast<std::int64_t>(random() % 64) - 32;
  }
  Graph graph = econ_t::autoencoder(weights, true);
  EXPECT_TRUE(graph.infer().ok());
  return graph;
}

// Adds a graph in both dialects; whether it has a QONNX form.
bool addBoth(Comparison& comparison, const std::string& what, Graph graph, std::uint64_t seed) {
  const auto inferred = graph.infer();
  EXPECT_TRUE(inferred.ok()) << what << ": " << inferred.error().text();
  const Stimulus given = stimulus(graph, seed, 20);
  auto plain = toOnnx(graph);
  EXPECT_TRUE(plain.ok()) << what << ": " << plain.error().text();
  comparison.add("plain, " + what, graph, std::move(*plain), given);
  auto quantized = toQonnx(graph);
  if (!quantized) {
    EXPECT_EQ(quantized.error().code, "export.range") << what;
    return false;
  }
  comparison.add("QONNX, " + what, graph, std::move(*quantized), given);
  return true;
}

TEST(OnnxRuntime, RandomNetworksGiveEveryBitInBothDialects) {
  Comparison comparison;
  int qonnx = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    const std::string what = "network of seed " + std::to_string(seed);
    qonnx += addBoth(comparison, what, test::RandomNetwork(seed).graph(), seed);
  }
  EXPECT_GT(qonnx, 60);
  comparison.expectEqual();
}

TEST(OnnxRuntime, RandomDecodersGiveEveryBitInBothDialects) {
  Comparison comparison;
  int qonnx = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const std::string what = "decoder of seed " + std::to_string(seed);
    qonnx += addBoth(comparison, what, test::randomDecoder(seed), seed);
  }
  EXPECT_GT(qonnx, 30);
  comparison.expectEqual();
}

TEST(OnnxRuntime, TheChipsEncoderAndADecoderGiveEveryBit) {
  Comparison comparison;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Graph encoder = autoencoder(seed);
    const Stimulus given = stimulus(encoder, seed, 50);
    for (const auto& model : {toOnnx(encoder), toQonnx(encoder)}) {
      ASSERT_TRUE(model.ok()) << model.error().text();
      comparison.add("encoder, seed " + std::to_string(seed), encoder, *model, given);
    }
  }
  comparison.expectEqual();
}

// Sums of 30 bits: binary32 would round them.
TEST(OnnxRuntime, WideSumsUseBinary64) {
  Graph graph;
  graph.name = "wide";
  graph.nodes.resize(2);
  graph.nodes[0].name = "x";
  graph.nodes[0].shape = {3};
  graph.nodes[0].format = {false, 15, 4};
  Node& dense = graph.nodes[1];
  dense.name = "dense";
  dense.kind = NodeKind::Dense;
  dense.inputs = {0};
  dense.kernel = {"kernel", {true, 15, 3}, {2, 3}, {16383, -16383, 12345, 7, -16381, 16383}, {}};
  dense.bias = {"bias", {true, 15, 9}, {2}, {12345, -54}, {}};
  ASSERT_TRUE(graph.infer().ok());
  const auto model = toOnnx(graph);
  ASSERT_TRUE(model.ok()) << model.error().text();
  onnx::ModelProto read;
  ASSERT_TRUE(read.ParseFromString(*model));
  EXPECT_EQ(read.graph().input(0).type().tensor_type().elem_type(), onnx::TensorProto::DOUBLE);
  const auto quantized = toQonnx(graph);
  ASSERT_FALSE(quantized.ok());
  EXPECT_EQ(quantized.error().code, "export.range");
  EXPECT_NE(quantized.error().where.find("dense"), std::string::npos);
  Comparison comparison;
  comparison.add("wide", graph, *model, stimulus(graph, 7, 40));
  comparison.expectEqual();
}

}  // namespace
}  // namespace aegen::encoders
