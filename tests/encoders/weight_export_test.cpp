// Weights and tensors for other tools: what a reader of each format gets back.

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <sstream>

#include "aegen/core/files.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/export.hpp"
#include "aegen/encoders/node_values.hpp"
#include "graph_oracle.hpp"
#include "random_decoder.hpp"
#include "random_network.hpp"

namespace aegen::encoders {
namespace {

econ_t::AutoencoderWeights randomWeights(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  econ_t::AutoencoderWeights out = econ_t::zeroWeights();
  for (auto* const list : {&out.convKernel, &out.convBias, &out.denseKernel, &out.denseBias}) {
    for (auto& value : *list) value = static_cast<std::int64_t>(random() % 64) - 32;
  }
  return out;
}

TEST(WeightExport, TheChipsMemoryHoldsWhatItsRegistersDo) {
  const econ_t::AutoencoderWeights weights = randomWeights(3);
  Graph graph = econ_t::autoencoder(weights, true);
  ASSERT_TRUE(graph.infer().ok());
  for (const int bits : {8, 16, 32}) {
    std::istringstream lines(toMemory(graph, bits));
    std::vector<std::uint8_t> bytes;
    for (std::string line; std::getline(lines, line);) {
      ASSERT_EQ(line.size(), static_cast<std::size_t>(bits / 4));
      const std::uint64_t word = std::stoull(line, nullptr, 16);
      for (int at = 0; at < bits; at += 8) bytes.push_back(static_cast<std::uint8_t>(word >> at));
    }
    EXPECT_EQ(bytes, packWeights(weights)) << bits << " bits";
  }
}

TEST(WeightExport, RegistersReadBackAsTheSameWeights) {
  const econ_t::AutoencoderWeights weights = randomWeights(4);
  Graph graph = econ_t::autoencoder(weights, true);
  ASSERT_TRUE(graph.infer().ok());
  for (const RegisterLayout layout : {RegisterLayout::Blocks, RegisterLayout::Pages}) {
    const auto text = toRegisters(graph, layout);
    ASSERT_TRUE(text.ok()) << text.error().text();
    const std::string file = ::testing::TempDir() + "weight_export_registers.yaml";
    ASSERT_TRUE(core::writeFile(file, *text).ok());
    const auto read = readWeightRegisters(file);
    ASSERT_TRUE(read.ok()) << read.error().text();
    EXPECT_EQ(packWeights(*read), packWeights(weights));
  }
}

TEST(WeightExport, OtherEncodersHaveNoRegistersOfTheChip) {
  Graph graph = test::RandomNetwork(2).graph();
  ASSERT_TRUE(graph.infer().ok());
  const auto text = toRegisters(graph, RegisterLayout::Blocks);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code, "export.registers");
}

TEST(WeightExport, AHeaderHoldsEveryWeightInATypeThatHoldsIt) {
  Graph graph;
  graph.name = "small";
  graph.nodes.resize(2);
  graph.nodes[0].name = "x";
  graph.nodes[0].shape = {2};
  graph.nodes[0].format = {false, 4, 0};
  graph.nodes[1].name = "dense";
  graph.nodes[1].kind = NodeKind::Dense;
  graph.nodes[1].inputs = {0};
  graph.nodes[1].kernel = {"kernel", {true, 9, 3}, {1, 2}, {-256, 255}, {}};
  graph.nodes[1].bias = {"bias", {false, 8, 0}, {1}, {200}, {}};
  ASSERT_TRUE(graph.infer().ok());
  const std::string text = toHeader(graph, "a test");
  EXPECT_NE(text.find("static const int16_t kernel[2] = {\n  -256, 255,\n};"), std::string::npos)
      << text;
  EXPECT_NE(text.find("static const uint8_t bias[1] = {\n  200,\n};"), std::string::npos) << text;
}

TEST(WeightExport, ANumpyFileIsAlignedAndHoldsTheValues) {
  const std::vector<std::int64_t> values{1, -2, 3, INT64_MAX, INT64_MIN, 0};
  const std::string bytes = toNumpy({2, 3}, values);
  ASSERT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[8])) +
                      256 * static_cast<std::size_t>(static_cast<unsigned char>(bytes[9]));
  EXPECT_EQ((10 + length) % 64, 0U);
  const std::string header = bytes.substr(10, length);
  EXPECT_EQ(header.back(), '\n');
  EXPECT_NE(header.find("'shape': (2, 3, )"), std::string::npos) << header;
  ASSERT_EQ(bytes.size(), 10 + length + 48);
  EXPECT_EQ(std::memcmp(bytes.data() + 10 + length, values.data(), 48), 0);
}

TEST(NodeValues, EveryTensorIsWhatTheOracleSays) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Graph graph = seed % 2 == 0 ? test::randomDecoder(seed) : test::RandomNetwork(seed).graph();
    ASSERT_TRUE(graph.infer().ok());
    const core::Columns inputs = test::randomInputs(graph, 5, seed);
    for (std::size_t at = 0; at < graph.nodes.size(); ++at) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", node " + graph.nodes[at].name);
      const auto values = nodeValues(graph, graph.nodes[at].name, inputs);
      ASSERT_TRUE(values.ok()) << values.error().text();
      Graph part{graph.name,
                 {graph.nodes.begin(), graph.nodes.begin() + 1 + static_cast<std::ptrdiff_t>(at)}};
      std::size_t elements = 0;
      for (const Node& node : part.nodes) {
        if (node.kind == NodeKind::Input) elements += elementCount(node.shape);
      }
      for (std::size_t event = 0; event < inputs.events(); ++event) {
        std::vector<std::int64_t> row(elements);
        for (std::size_t i = 0; i < elements; ++i) row[i] = inputs.at(i, event);
        const auto expected = test::evaluateGraph(part, row);
        ASSERT_EQ(values->elements(), expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
          ASSERT_EQ(values->at(i, event), expected[i]);
        }
      }
    }
  }
}

TEST(NodeValues, AnUnknownNodeIsNamedWithThoseThereAre) {
  Graph graph = test::RandomNetwork(2).graph();
  ASSERT_TRUE(graph.infer().ok());
  const auto values = nodeValues(graph, "nothing", test::randomInputs(graph, 1, 1));
  ASSERT_FALSE(values.ok());
  EXPECT_EQ(values.error().code, "values.node");
  EXPECT_NE(values.error().text().find(graph.nodes[0].name), std::string::npos);
}

}  // namespace
}  // namespace aegen::encoders
