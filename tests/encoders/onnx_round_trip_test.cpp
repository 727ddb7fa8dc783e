// What aegen exports as ONNX and QONNX comes back with the same meaning, bit for bit.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "aegen/core/files.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/export.hpp"
#include "aegen/encoders/import.hpp"
#include "aegen/encoders/transposed_decoder.hpp"
#include "graph_oracle.hpp"
#include "mutated_bytes.hpp"
#include "onnx_network.hpp"
#include "random_decoder.hpp"
#include "random_network.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;

core::Result<Graph> rebuilt(const std::string& bytes, const Graph& original) {
  std::map<std::string, test::OnnxInput> inputs;
  for (const Node& node : original.nodes) {
    if (node.kind == NodeKind::Input) inputs[node.name] = {node.format, node.shape};
  }
  auto network = test::networkOfOnnx(bytes, inputs);
  if (!network) return network.error();
  EXPECT_TRUE(network->exact);
  return std::move(network->graph);
}

void expectSameMeaning(const Graph& original, const std::string& bytes, std::uint64_t seed) {
  const auto back = rebuilt(bytes, original);
  ASSERT_TRUE(back.ok()) << back.error().text();
  ASSERT_EQ(elementCount(back->output().shape), elementCount(original.output().shape));
  test::RandomNetwork stimuli(seed);
  for (int event = 0; event < 10; ++event) {
    const auto in = stimuli.input(original);
    const auto wanted = test::evaluateGraph(original, in);
    const auto got = test::evaluateGraph(*back, in);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_EQ(std::ldexp(static_cast<double>(got[i]), -back->output().format.fraction),
                std::ldexp(static_cast<double>(wanted[i]), -original.output().format.fraction))
          << "event " << event << ", output " << i;
    }
  }
}

void expectRoundTrips(Graph graph, std::uint64_t seed, int& qonnx) {
  const auto inferred = graph.infer();
  ASSERT_TRUE(inferred.ok()) << inferred.error().text();
  const auto plain = toOnnx(graph);
  ASSERT_TRUE(plain.ok()) << plain.error().text();
  {
    SCOPED_TRACE("plain");
    expectSameMeaning(graph, *plain, seed);
  }
  const auto quantized = toQonnx(graph);
  if (!quantized) return;
  ++qonnx;
  SCOPED_TRACE("QONNX");
  expectSameMeaning(graph, *quantized, seed);
}

TEST(OnnxRoundTrip, RandomNetworksComeBackBitForBit) {
  int qonnx = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectRoundTrips(test::RandomNetwork(seed).graph(), seed, qonnx);
  }
  EXPECT_GT(qonnx, 60);
}

TEST(OnnxRoundTrip, RandomDecodersComeBackBitForBit) {
  int qonnx = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectRoundTrips(test::randomDecoder(seed), seed, qonnx);
  }
  EXPECT_GT(qonnx, 20);
}

// The chip's encoder and a decoder through files, in either dialect.
TEST(OnnxRoundTrip, TheChipsCodecIsImportedFromWhatWasExported) {
  const fs::path here = fs::path(::testing::TempDir()) / "onnx_round_trip";
  fs::create_directories(here);
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    econ_t::AutoencoderWeights weights = econ_t::zeroWeights();
    for (auto* const list :
         {&weights.convKernel, &weights.convBias, &weights.denseKernel, &weights.denseBias}) {
      for (auto& value : *list) value = static_cast<std::int64_t>(random() % 64) - 32;
    }
    Graph encoder = econ_t::autoencoder(weights, true);
    Graph decoder = econ_t::transposedDecoder(weights);
    ASSERT_TRUE(encoder.infer().ok());
    ASSERT_TRUE(decoder.infer().ok());
    const auto exported = seed % 2 == 0 ? toQonnx(encoder) : toOnnx(encoder);
    const auto behind = toOnnx(decoder);
    ASSERT_TRUE(exported.ok());
    ASSERT_TRUE(behind.ok());
    ASSERT_TRUE(core::writeFile(here / "encoder.onnx", *exported).ok());
    ASSERT_TRUE(core::writeFile(here / "decoder.onnx", *behind).ok());
    const auto imported = importCodec({here / "encoder.onnx"}, {here / "decoder.onnx"}, {});
    ASSERT_TRUE(imported.ok()) << imported.error().text();
    EXPECT_EQ(imported->codec.encoder.output().format, encoder.output().format);
    EXPECT_EQ(imported->codec.decoder.output().format, decoder.output().format);
    if (seed % 2 == 0) {  // QONNX keeps convolutions
      EXPECT_TRUE(std::ranges::any_of(imported->codec.encoder.nodes, [](const Node& node) {
        return node.kind == NodeKind::Conv2d && node.sum.truncateProducts;
      }));
    }
    test::RandomNetwork stimuli(seed);
    for (int event = 0; event < 10; ++event) {
      const auto charges = stimuli.input(encoder);
      ASSERT_EQ(test::evaluateGraph(imported->codec.encoder, charges),
                test::evaluateGraph(encoder, charges));
      const auto latents = stimuli.input(decoder);
      ASSERT_EQ(test::evaluateGraph(imported->codec.decoder, latents),
                test::evaluateGraph(decoder, latents));
    }
  }
}

// Damage to exported files, of which more forms are read than of others, and on to the graph.
TEST(OnnxRoundTrip, DamagedExportsEndInADiagnosticOrACodec) {
  const fs::path here = fs::path(::testing::TempDir()) / "onnx_damaged";
  fs::create_directories(here);
  econ_t::AutoencoderWeights weights = econ_t::zeroWeights();
  std::mt19937_64 values(20240614);
  for (auto& value : weights.denseKernel) value = static_cast<std::int64_t>(values() % 64) - 32;
  Graph encoder = econ_t::autoencoder(weights, true);
  Graph decoder = econ_t::transposedDecoder(weights);
  ASSERT_TRUE(encoder.infer().ok());
  ASSERT_TRUE(decoder.infer().ok());
  const auto quantized = toQonnx(encoder);
  const auto plain = toOnnx(encoder);
  const auto behind = toOnnx(decoder);
  ASSERT_TRUE(quantized.ok() && plain.ok() && behind.ok());
  ASSERT_TRUE(core::writeFile(here / "decoder.onnx", *behind).ok());
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    test::writeBytes(here / "encoder.onnx",
                     test::mutatedBytes(seed % 2 == 0 ? *quantized : *plain, random));
    const auto imported = importCodec({here / "encoder.onnx"}, {here / "decoder.onnx"}, {});
    if (imported) continue;
    ++refused;
    EXPECT_EQ(imported.error().failure, core::Failure::BadInput) << imported.error().text();
  }
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace aegen::encoders
