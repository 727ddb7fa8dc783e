// The ECON-T autoencoder's path against independent arithmetic written from the specification, and
// against the chip's vectors.

#include "aegen/encoders/econ_t.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/core/range_analysis.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/lowering.hpp"
#include "aegen/encoders/vector_set.hpp"

namespace aegen::encoders::econ_t {
namespace {

using Charges = std::array<std::int64_t, kTriggerCells>;

std::int64_t floorShift(std::int64_t value, int bits) {
  return value >> bits;
}

// Section 4 of the specification, step by step, in plain integers.
std::array<std::int64_t, kLatents> referenceLatents(const AutoencoderWeights& w, const Charges& q,
                                                    bool truncate) {
  std::int64_t sum = 0;
  for (const std::int64_t charge : q) sum += charge;
  const int shift =
      sum == 0
          ? 0
          : std::min(static_cast<int>(std::bit_width(static_cast<std::uint64_t>(sum))) - 1, 21);
  std::int64_t grid[9][9] = {};
  for (int c = 0; c < kTriggerCells; ++c) {
    const int row = c < 32 ? c / 8 : 4 + (c - 32) / 4;
    const int column = c < 32 ? c % 8 : c % 4;
    grid[row][column] = floorShift(q[static_cast<std::size_t>(c)] << 7, shift);
  }
  std::array<std::int64_t, 128> features{};
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) {
      for (int f = 0; f < 8; ++f) {
        std::int64_t acc = w.convBias[static_cast<std::size_t>(f)] << (truncate ? 2 : 7);
        for (int k = 0; k < 9; ++k) {
          const std::int64_t product = grid[2 * row + k / 3][2 * column + k % 3] *
                                       w.convKernel[static_cast<std::size_t>(k * 8 + f)];
          acc += truncate ? floorShift(product, 5) : product;
        }
        features[static_cast<std::size_t>((row * 4 + column) * 8 + f)] =
            std::max<std::int64_t>(acc, 0);
      }
    }
  }
  std::array<std::int64_t, kLatents> latents{};
  for (std::size_t o = 0; o < latents.size(); ++o) {
    // Truncated: features have 7 fractional bits, products 12 cut to 8. Exact: 12 and 17.
    std::int64_t acc = w.denseBias[o] << (truncate ? 3 : 12);
    for (std::size_t i = 0; i < features.size(); ++i) {
      const std::int64_t product = features[i] * w.denseKernel[o * 128 + i];
      acc += truncate ? floorShift(product, 4) : product;
    }
    const std::int64_t scaled = truncate ? acc : floorShift(acc, 9);
    latents[o] = std::clamp<std::int64_t>(scaled, 0, 511);
  }
  return latents;
}

AutoencoderWeights randomWeights(std::mt19937_64& rng) {
  const auto draw = [&](std::size_t n) {
    std::vector<std::int64_t> out(n);
    for (auto& v : out) v = static_cast<std::int64_t>(rng() % 64) - 32;
    return out;
  };
  return {draw(72), draw(8), draw(2048), draw(16)};
}

Charges randomCharges(std::mt19937_64& rng) {
  Charges q{};
  const int bits = static_cast<int>(rng() % 22) + 1;
  for (auto& charge : q) {
    if (rng() % 3 != 0) charge = static_cast<std::int64_t>(rng() % (std::uint64_t{1} << bits));
  }
  if (rng() % 50 == 0) q.fill(0);
  if (rng() % 50 == 0) q.fill((1 << 22) - 1);
  return q;
}

Graph inferred(Graph graph) {
  const auto result = graph.infer();
  EXPECT_TRUE(result.ok()) << (result ? "" : result.error().text());
  return graph;
}

class EncoderArithmetic : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(EncoderArithmetic, EqualsTheSpecificationOnRandomWeightsAndCharges) {
  const auto [loadable, truncate] = GetParam();
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 rng(seed);
    const AutoencoderWeights w = randomWeights(rng);
    const Graph graph = inferred(autoencoder(w, loadable, truncate));
    auto lowering = lower(graph, "");
    ASSERT_TRUE(lowering.ok()) << lowering.error().text();
    addWhole(*lowering, "whole", "");
    ASSERT_TRUE(core::verify(lowering->program).empty());
    core::Interpreter interpreter(lowering->program, "whole");
    for (const core::ConfigField& f : lowering->fields) interpreter.setConfig(f.name, f.reset);
    constexpr std::size_t kEvents = 300;
    core::Columns in(kTriggerCells, kEvents);
    std::vector<Charges> events(kEvents);
    for (std::size_t k = 0; k < kEvents; ++k) {
      events[k] = randomCharges(rng);
      for (std::size_t c = 0; c < events[k].size(); ++c) in.at(c, k) = events[k][c];
    }
    const auto out = interpreter.run(in);
    ASSERT_TRUE(out.ok());
    for (std::size_t k = 0; k < kEvents; ++k) {
      const auto expected = referenceLatents(w, events[k], truncate);
      for (std::size_t l = 0; l < expected.size(); ++l) {
        ASSERT_EQ(out->at(l, k), expected[l]) << "event " << k << ", latent " << l;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BothWeightsBothSums, EncoderArithmetic,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()));

ChipSettings plainSettings() {
  return ChipSettings::neutral();
}

TEST(EconTChip, FormatsAreProvenForAllWeightsAndInputs) {
  std::mt19937_64 rng(7);
  const Graph graph = inferred(autoencoder(randomWeights(rng), true));
  const auto design = chip(graph, plainSettings(), {});
  ASSERT_TRUE(design.ok()) << design.error().text();
  for (const core::Block& block : design->blocks) {
    if (block.function.empty()) continue;
    const auto report = core::analyseRanges(design->program, block.function);
    for (const auto& risk : report.risks) {
      ADD_FAILURE() << risk.function << "/" << risk.valueName << " " << risk.format.text();
    }
  }
}

TEST(EconTChip, RegisterOrderIsTheChips) {
  std::mt19937_64 rng(8);
  const auto design = chip(inferred(autoencoder(randomWeights(rng), true)), plainSettings(), {});
  ASSERT_TRUE(design.ok());
  std::vector<std::string> names;
  std::uint32_t bits = 0;
  for (const auto& field : design->config) names.push_back(field.name);
  for (std::size_t i = 0; i < 4; ++i) {
    bits += design->config[i].count * static_cast<std::uint32_t>(design->config[i].format.width);
  }
  EXPECT_EQ(std::vector<std::string>(names.begin(), names.begin() + 4),
            (std::vector<std::string>{"conv_kernel", "conv_bias", "dense_kernel", "dense_bias"}));
  EXPECT_EQ(bits, 12864U);
}

TEST(EconTChip, EveryLatencyTheDesignOffersIsPlannedAsAsked) {
  std::mt19937_64 rng(9);
  const Graph graph = inferred(autoencoder(randomWeights(rng), false));
  for (int encoder = 1; encoder <= 5; ++encoder) {
    for (int formatter = 1; formatter <= 3; ++formatter) {
      const auto design =
          chip(graph, plainSettings(),
               {.name = "chip", .encoderLatency = encoder, .formatterLatency = formatter});
      ASSERT_TRUE(design.ok()) << design.error().text();
      const auto timing = core::analyse(*design);
      ASSERT_TRUE(timing.ok()) << timing.error().text();
      EXPECT_EQ(timing->signal.at("latent"), encoder);
      EXPECT_EQ(timing->signal.at("tx"), encoder + formatter);
    }
  }
}

TEST(EconTChip, LatencyItCannotHaveIsBadInput) {
  std::mt19937_64 rng(9);
  const Graph graph = inferred(autoencoder(randomWeights(rng), false));
  for (const ChipOptions& options : {ChipOptions{.encoderLatency = 6, .formatterLatency = 2},
                                     ChipOptions{.encoderLatency = 0, .formatterLatency = 2},
                                     ChipOptions{.encoderLatency = 2, .formatterLatency = 4},
                                     ChipOptions{.encoderLatency = 2, .formatterLatency = 0}}) {
    const auto design = chip(graph, plainSettings(), options);
    ASSERT_FALSE(design.ok());
    EXPECT_EQ(design.error().code, "design.latency");
    EXPECT_EQ(design.error().failure, core::Failure::BadInput);
  }
}

// Section 5, row AE, bit by bit.
std::vector<std::uint32_t> referenceTx(int header, int sumCode,
                                       const std::vector<std::int64_t>& latents,
                                       const std::vector<bool>& keep, int etx) {
  std::string kept;
  for (int bit = 0; bit < 144; ++bit) {
    const int latent = 15 - bit / 9;
    if (!keep[static_cast<std::size_t>(bit)]) continue;
    kept += (latents[static_cast<std::size_t>(latent)] >> (8 - bit % 9) & 1) != 0 ? '1' : '0';
  }
  const std::size_t sent = static_cast<std::size_t>(std::min(18 + 32 * (etx - 1), 146));
  kept = kept.size() >= sent ? kept.substr(kept.size() - sent)
                             : std::string(sent - kept.size(), '0') + kept;
  std::string bits;
  for (int i = 4; i >= 0; --i) bits += (header >> i & 1) != 0 ? '1' : '0';
  for (int i = 8; i >= 0; --i) bits += (sumCode >> i & 1) != 0 ? '1' : '0';
  bits += kept;
  bits.resize(13 * 32, '0');
  std::vector<std::uint32_t> words;
  for (std::size_t w = 0; w < 13; ++w) {
    words.push_back(static_cast<std::uint32_t>(std::stoul(bits.substr(32 * w, 32), nullptr, 2)));
  }
  return words;
}

TEST(EconTChip, LinkStringFollowsTheSpecificationForRandomMasksAndLinks) {
  std::mt19937_64 rng(11);
  const Graph graph = inferred(autoencoder(randomWeights(rng), false));
  const auto design = chip(graph, plainSettings(), {});
  ASSERT_TRUE(design.ok());
  core::DesignInterpreter interpreter(*design);
  for (int trial = 0; trial < 60; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    ChipSettings settings = plainSettings();
    settings.activeEtx = static_cast<int>(rng() % 13) + 1;
    const std::uint64_t density = rng() % 5;
    for (std::size_t i = 0; i < 144; ++i) settings.keep[i] = rng() % 4 < density;
    interpreter.configure(configValues(settings, {Algorithm::Autoencoder}));
    interpreter.reset();
    core::Columns in(12, 40);
    for (std::size_t k = 0; k < in.events(); ++k) {
      for (std::size_t w = 0; w < 12; ++w)
        in.at(w, k) = static_cast<std::int64_t>(rng() & 0xfffffffU);
      in.at(0, k) |= k == 3 ? 0x90000000LL : 0xa0000000LL;
    }
    const auto tx = interpreter.run(in);
    ASSERT_TRUE(tx.ok());
    for (std::size_t k = 0; k < in.events(); ++k) {
      const auto& latent = interpreter.signal("latent");
      std::vector<std::int64_t> latents;
      for (std::size_t l = 0; l < 16; ++l) latents.push_back(latent.at(l, k));
      const std::int64_t sum = interpreter.signal("module_sum").at(0, k);
      const int n = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(sum)));
      const auto code = static_cast<int>(n <= 4 ? sum : (n - 4) * 16 + (sum >> (n - 5)) % 16);
      const int bx = static_cast<int>(k >= 3 ? k - 3 : k);
      const auto expected =
          referenceTx(bx == 0 ? 31 : bx % 16, code, latents, settings.keep, settings.activeEtx);
      for (std::size_t w = 0; w < 13; ++w) {
        ASSERT_EQ(tx->at(w, k), std::int64_t{expected[w]}) << "crossing " << k << ", eTX " << w;
      }
    }
  }
}

TEST(EconTVectors, InterpreterGivesEveryWordOfTheChip) {
  const std::filesystem::path folder = AEGEN_SOURCE_DIR "/../shared/econt/vectors";
  for (const char* name : {"AE", "AE_test_extraQuad_half"}) {
    for (const bool loadable : {true, false}) {
      SCOPED_TRACE(std::string(name) + (loadable ? ", loadable" : ", hard-wired"));
      const auto set = loadVectorSet(folder, name);
      ASSERT_TRUE(set.ok()) << set.error().text();
      const auto design = chip(inferred(autoencoder(set->weights, loadable)), set->settings, {});
      ASSERT_TRUE(design.ok()) << design.error().text();
      const auto rx = data::readRxCsv(set->input);
      const auto tx = data::readTxCsv(set->expected);
      ASSERT_TRUE(rx.ok() && tx.ok());
      core::Columns in(12, rx->size());
      for (std::size_t k = 0; k < rx->size(); ++k) {
        for (std::size_t w = 0; w < 12; ++w) in.at(w, k) = (*rx)[k][w];
      }
      core::DesignInterpreter interpreter(*design);
      const auto out = interpreter.run(in);
      ASSERT_TRUE(out.ok());
      ASSERT_EQ(tx->size(), 1782U);
      for (std::size_t k = 0; k < tx->size(); ++k) {
        for (std::size_t w = 0; w < 13; ++w) {
          ASSERT_EQ(out->at(w, k), std::int64_t{(*tx)[k][w]}) << "crossing " << k << ", eTX " << w;
        }
      }
    }
  }
}

}  // namespace
}  // namespace aegen::encoders::econ_t
