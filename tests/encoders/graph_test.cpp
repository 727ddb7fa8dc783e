// Graph inference, lowering of random networks against a plain tensor evaluation, model files.

#include "aegen/encoders/graph.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/range_analysis.hpp"
#include "aegen/core/passes/share_products.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/lowering.hpp"
#include "graph_oracle.hpp"
#include "random_network.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;

TEST(RandomNetwork, HoldsEveryKindOfNode) {
  std::set<NodeKind> kinds;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    for (const Node& node : test::RandomNetwork(seed).graph().nodes) kinds.insert(node.kind);
  }
  kinds.insert(NodeKind::Normalize);  // needs charges: tested with the ECON-T
  for (int kind = 0; kind <= static_cast<int>(NodeKind::Reshape); ++kind) {
    EXPECT_TRUE(kinds.contains(static_cast<NodeKind>(kind))) << text(static_cast<NodeKind>(kind));
  }
}

// Every third seed: whole dense layers with shared additions.
TEST(Lowering, RandomNetworksComputeWhatTheirTensorsMean) {
  std::size_t shared = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test::RandomNetwork random(seed);
    Graph graph = random.graph();
    const auto inferred = graph.infer();
    ASSERT_TRUE(inferred.ok()) << inferred.error().text();
    const bool shares = seed % 3 == 0;
    auto lowering = lower(graph, "net_", {.wholeDense = shares});
    ASSERT_TRUE(lowering.ok()) << lowering.error().text();
    if (shares) {
      const auto stats = core::passes::shareProducts(lowering->program);
      ASSERT_TRUE(stats.ok()) << stats.error().text();
      shared += stats->functions;
    }
    addWhole(*lowering, "whole", "the network");
    for (const auto& violation : core::verify(lowering->program)) ADD_FAILURE() << violation.text();
    const auto ranges = core::analyseRanges(lowering->program, "whole");
    for (const auto& risk : ranges.risks) {
      if (!random.mayWrap()) ADD_FAILURE() << risk.function << "/" << risk.valueName;
    }
    core::Interpreter interpreter(lowering->program, "whole");
    for (const core::ConfigField& f : lowering->fields) interpreter.setConfig(f.name, f.reset);
    const std::size_t elements = random.input(graph).size();
    core::Columns in(elements, 20);
    for (std::size_t k = 0; k < in.events(); ++k) {
      const auto input = random.input(graph);
      for (std::size_t i = 0; i < elements; ++i) in.at(i, k) = input[i];
    }
    const auto out = interpreter.run(in);
    ASSERT_TRUE(out.ok());
    for (std::size_t k = 0; k < in.events(); ++k) {
      std::vector<std::int64_t> input(elements);
      for (std::size_t i = 0; i < elements; ++i) input[i] = in.at(i, k);
      const auto expected = test::evaluateGraph(graph, input);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(out->at(i, k), expected[i]) << "event " << k << ", output " << i;
      }
    }
  }
  EXPECT_GT(shared, 50U);
}

TEST(Graph, WeightOutOfRangeIsNamed) {
  Graph graph = test::RandomNetwork(3).graph();
  for (Node& node : graph.nodes) {
    if (node.kind == NodeKind::Dense) node.kernel.values[1] = 1 << 20;
  }
  const auto result = graph.infer();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "graph.weight-range");
  EXPECT_NE(result.error().message.find("[1] = 1048576"), std::string::npos);
}

TEST(Graph, KernelOfTheWrongShapeIsNamed) {
  Graph graph = test::RandomNetwork(3).graph();
  for (Node& node : graph.nodes) {
    if (node.kind == NodeKind::Dense) node.kernel.values.pop_back();
  }
  const auto result = graph.infer();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "graph.shape");
  EXPECT_EQ(result.error().failure, core::Failure::BadInput);
}

fs::path temporary(const std::string& name) {
  return fs::path(::testing::TempDir()) / name;
}

TEST(ModelFile, RandomCodecsComeBackEqual) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Codec codec;
    codec.name = "random";
    codec.description = "a \"quoted\" text";
    codec.encoder = test::RandomNetwork(seed).graph();
    codec.decoder = test::RandomNetwork(seed + 1000).graph();
    ASSERT_TRUE(codec.encoder.infer().ok() && codec.decoder.infer().ok());
    codec.link = {3, {true, false, true}};
    codec.conditions = test::conditionsOf(codec.decoder);
    const fs::path file = temporary("codec.json");
    ASSERT_TRUE(saveCodec(codec, file).ok());
    const auto back = loadCodec(file);
    ASSERT_TRUE(back.ok()) << back.error().text();
    EXPECT_TRUE(*back == codec);
  }
}

TEST(ModelFile, EveryMissingKeyIsNamed) {
  Codec codec;
  codec.name = "small";
  codec.encoder = test::RandomNetwork(5).graph();
  codec.decoder = test::RandomNetwork(6).graph();
  codec.conditions = test::conditionsOf(codec.decoder);
  ASSERT_TRUE(codec.encoder.infer().ok() && codec.decoder.infer().ok());
  const fs::path file = temporary("broken.json");
  ASSERT_TRUE(saveCodec(codec, file).ok());
  std::ifstream in(file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  for (const std::string key :
       {"format", "version", "encoder", "decoder", "link", "active_etx", "keep"}) {
    std::string broken = text;
    const auto at = broken.find("\"" + key + "\"");
    ASSERT_NE(at, std::string::npos);
    broken.replace(at + 1, 1, "_");
    std::ofstream(file) << broken;
    const auto result = loadCodec(file);
    ASSERT_FALSE(result.ok()) << key;
    EXPECT_EQ(result.error().code, "model.missing-key") << key;
    EXPECT_NE(result.error().where.find(key), std::string::npos) << result.error().text();
  }
}

TEST(ModelFile, WhatIsNoModelIsBadInput) {
  EXPECT_EQ(loadCodec(temporary("nowhere.json")).error().code, "model.missing-file");
  const fs::path file = temporary("text.json");
  std::ofstream(file) << "not json";
  EXPECT_EQ(loadCodec(file).error().code, "model.not-json");
  std::ofstream(file) << R"({"format": "onnx"})";
  EXPECT_EQ(loadCodec(file).error().code, "model.format");
  std::ofstream(file) << R"({"format": "aegen-model", "version": 99})";
  EXPECT_EQ(loadCodec(file).error().code, "model.version");
}

}  // namespace
}  // namespace aegen::encoders
