// The trigger path's encoders, each alone and all in one chip, word by word against an oracle that
// was written from the chip's page alone; the oracle itself against the chip's own words.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/vector_set.hpp"
#include "random_trigger.hpp"
#include "trigger_oracle.hpp"

namespace aegen::encoders::econ_t {
namespace {

using aegen::test::RandomTrigger;
using test::TriggerOracle;

const std::vector<Algorithm> kFour{Algorithm::ThresholdSum, Algorithm::SuperTriggerCell,
                                   Algorithm::BestChoice, Algorithm::Repeater};
const std::vector<Algorithm> kAll{kAlgorithms.begin(), kAlgorithms.end()};

// AEGEN_SEED moves every random test to other numbers.
std::uint64_t firstSeed() {
  const char* const from = std::getenv("AEGEN_SEED");
  return from == nullptr ? 1 : std::strtoull(from, nullptr, 10);
}

core::Design makeChip(const std::vector<Algorithm>& encoders, const PathShape& shape = {}) {
  ChipOptions options;
  options.encoders = encoders;
  options.shape = shape;
  const ChipSettings reset = ChipSettings::neutral(shape);
  auto design = [&] {
    if (std::ranges::count(encoders, Algorithm::Autoencoder) == 0) return chip(reset, options);
    Graph graph = autoencoder(zeroWeights(), true);
    EXPECT_TRUE(graph.infer().ok());
    return chip(graph, reset, options);
  }();
  EXPECT_TRUE(design.ok()) << (design ? "" : design.error().text());
  return design ? std::move(*design) : core::Design{};
}

core::ConfigValues registers(const ChipSettings& settings, const std::vector<Algorithm>& encoders,
                             const AutoencoderWeights* weights = nullptr) {
  core::ConfigValues out = configValues(settings, encoders);
  if (weights == nullptr) return out;
  out["conv_kernel"] = weights->convKernel;
  out["conv_bias"] = weights->convBias;
  out["dense_kernel"] = weights->denseKernel;
  out["dense_bias"] = weights->denseBias;
  return out;
}

std::vector<std::uint32_t> row(const core::Columns& columns, std::size_t crossing) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < columns.elements(); ++i) {
    out.push_back(static_cast<std::uint32_t>(columns.at(i, crossing)));
  }
  return out;
}

std::string describe(const ChipSettings& s, const PathShape& shape) {
  std::string out = std::string(text(s.algorithm)) + ", " + std::to_string(shape.channels) +
                    " channels, " + std::to_string(s.activeEtx) + " of " +
                    std::to_string(shape.etx) + " eTX, buffer " +
                    std::to_string(shape.bufferWords) + " (" + std::to_string(s.t1) + " " +
                    std::to_string(s.t2) + " " + std::to_string(s.t3) + "), charge " +
                    shape.charge.text() + ", sum " + shape.sum.text() + ", drop " +
                    std::to_string(s.dropLsb) + ", count bits " + std::to_string(shape.countBits);
  if (s.algorithm == Algorithm::SuperTriggerCell) {
    const StcType& type = shape.stc[static_cast<std::size_t>(s.stcType)];
    out += ", STC " + std::to_string(s.stcType) + ": " + std::to_string(type.cells) + " cells " +
           type.sum.text() + (type.address ? " address" : "") + (type.drops ? " drops" : "");
  }
  return out;
}

// Some channels' thresholds are charges that come, or one more.
void meetCharges(RandomTrigger& random, const core::Columns& in, ChipSettings& settings) {
  TriggerOracle oracle(PathShape{.channels = static_cast<int>(settings.mux.size())});
  oracle.configure(settings);
  for (std::size_t c = 0; c < settings.threshold.size(); ++c) {
    if (!random.oneIn(2)) continue;
    const auto k =
        static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(in.events()) - 1));
    const std::int64_t charge = oracle.charges(row(in, k))[c];
    settings.threshold[c] = std::min<std::int64_t>(charge + random.between(0, 1), (1 << 22) - 1);
  }
}

// What a run of the oracle met, so that a test can say that it met everything.
struct Met {
  std::set<TriggerOracle::Stored> stored;
};

// Whether interpreter and oracle give the same words for all of `in`; the first that differ is
// said.
::testing::AssertionResult same(core::DesignInterpreter& interpreter, TriggerOracle& oracle,
                                const core::Columns& in, Met* met = nullptr) {
  const auto tx = interpreter.run(in);
  if (!tx) return ::testing::AssertionFailure() << tx.error().text();
  for (std::size_t k = 0; k < in.events(); ++k) {
    const std::vector<std::uint32_t> expected = oracle.step(row(in, k));
    if (met != nullptr) met->stored.insert(oracle.stored());
    if (tx->elements() != expected.size()) {
      return ::testing::AssertionFailure() << tx->elements() << " eTX";
    }
    for (std::size_t w = 0; w < expected.size(); ++w) {
      if (tx->at(w, k) == std::int64_t{expected[w]}) continue;
      return ::testing::AssertionFailure()
             << std::hex << "crossing " << std::dec << k << ", eTX " << w << " is " << std::hex
             << tx->at(w, k) << ", the oracle gives " << expected[w];
    }
  }
  return ::testing::AssertionSuccess();
}

class EncoderAlone : public ::testing::TestWithParam<Algorithm> {};

TEST_P(EncoderAlone, EqualsTheOracleForRandomSettingsAndCharges) {
  const core::Design design = makeChip({GetParam()});
  core::DesignInterpreter interpreter(design);
  const PathShape shape;
  Met met;
  for (std::uint64_t seed = firstSeed(); seed < firstSeed() + 60; ++seed) {
    RandomTrigger random(seed);
    const core::Columns in = random.words(shape, 60);
    ChipSettings settings = random.settings(shape, GetParam());
    meetCharges(random, in, settings);
    const AutoencoderWeights weights = random.weights();
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + describe(settings, shape));
    interpreter.configure(registers(settings, {GetParam()},
                                    GetParam() == Algorithm::Autoencoder ? &weights : nullptr));
    interpreter.reset();
    TriggerOracle oracle(shape);
    oracle.configure(settings);
    oracle.load(weights);
    ASSERT_TRUE(same(interpreter, oracle, in, &met));
  }
  // Only threshold sum's strings can be longer than what leaves, so that words wait.
  const bool waits = GetParam() == Algorithm::ThresholdSum;
  EXPECT_EQ(met.stored.size(), waits ? 3U : 2U) << "not every case of the buffer was met";
}

INSTANTIATE_TEST_SUITE_P(Every, EncoderAlone, ::testing::ValuesIn(kAlgorithms),
                         [](const auto& chosen) { return std::string(text(chosen.param)); });

class WholeChip : public ::testing::Test {
 protected:
  const PathShape shape;
  const core::Design design = makeChip(kAll);
  core::DesignInterpreter interpreter{design};
};

// No reset between settings: buffer and crossing counter go on.
TEST_F(WholeChip, EqualsTheOracleWhileSettingsChangeBetweenCrossings) {
  TriggerOracle oracle(shape);
  std::set<Algorithm> met;
  for (std::uint64_t seed = firstSeed(); seed < firstSeed() + 80; ++seed) {
    RandomTrigger random(1000 + seed);
    const core::Columns in = random.words(shape, 25);
    const Algorithm algorithm = kAlgorithms[static_cast<std::size_t>(random.between(0, 4))];
    met.insert(algorithm);
    ChipSettings settings = random.settings(shape, algorithm);
    meetCharges(random, in, settings);
    SCOPED_TRACE("seed " + std::to_string(seed) +
                 " after those before: " + describe(settings, shape));
    const AutoencoderWeights weights = random.weights();
    interpreter.configure(registers(settings, kAll, &weights));
    oracle.configure(settings);
    oracle.load(weights);
    ASSERT_TRUE(same(interpreter, oracle, in));
  }
  EXPECT_EQ(met.size(), kAlgorithms.size());
}

TEST_F(WholeChip, GivesAfterASwitchAndALinkResetWhatAFreshChipOfThatEncoderGives) {
  RandomTrigger random(firstSeed());
  const AutoencoderWeights weights = random.weights();
  const core::Columns in = random.words(shape, 50);
  ChipSettings settings = random.settings(shape, Algorithm::ThresholdSum);
  settings.activeEtx = 5;
  settings.t1 = 338;
  settings.t2 = 500;
  for (const Algorithm algorithm :
       {Algorithm::BestChoice, Algorithm::ThresholdSum, Algorithm::Autoencoder, Algorithm::Repeater,
        Algorithm::SuperTriggerCell, Algorithm::ThresholdSum, Algorithm::BestChoice}) {
    SCOPED_TRACE(text(algorithm));
    settings.algorithm = algorithm;
    settings.stcType = 0;
    interpreter.configure(registers(settings, kAll, &weights));
    interpreter.reset();
    const auto switched = interpreter.run(in);
    const core::Design alone = makeChip({algorithm});
    core::DesignInterpreter fresh(alone);
    fresh.configure(
        registers(settings, {algorithm}, algorithm == Algorithm::Autoencoder ? &weights : nullptr));
    const auto expected = fresh.run(in);
    ASSERT_TRUE(switched.ok() && expected.ok());
    EXPECT_TRUE(*switched == *expected);
    EXPECT_FALSE(std::ranges::all_of(switched->column(0), [](std::int64_t w) { return w == 0; }));
  }
}

TEST_F(WholeChip, CountsCrossingsThroughAWholeOrbitAndOverItsEnd) {
  ChipSettings settings = ChipSettings::neutral();
  settings.algorithm = Algorithm::ThresholdSum;
  settings.activeEtx = 1;
  settings.threshold.assign(48, (1 << 22) - 1);
  interpreter.configure(registers(settings, kAll));
  TriggerOracle oracle(shape);
  oracle.configure(settings);
  core::Columns in(12, 3600);
  ASSERT_TRUE(same(interpreter, oracle, in));
}

TEST(SuperTriggerCells, EveryTypeEqualsTheOracleForEveryNumberOfLinksAndEveryDrop) {
  const core::Design design = makeChip({Algorithm::SuperTriggerCell});
  core::DesignInterpreter interpreter(design);
  const PathShape shape;
  RandomTrigger random(firstSeed());
  for (int type = 0; type < 4; ++type) {
    for (int etx = 1; etx <= 13; ++etx) {
      ChipSettings settings = random.settings(shape, Algorithm::SuperTriggerCell);
      settings.stcType = type;
      settings.activeEtx = etx;
      settings.dropLsb = (type * 13 + etx) % 16;
      settings.t1 = 400;
      settings.t2 = 500;
      SCOPED_TRACE(describe(settings, shape));
      interpreter.configure(registers(settings, {Algorithm::SuperTriggerCell}));
      interpreter.reset();
      TriggerOracle oracle(shape);
      oracle.configure(settings);
      ASSERT_TRUE(same(interpreter, oracle, random.words(shape, 30)));
    }
  }
}

TEST(BestChoice, EqualsTheOracleForEveryNumberOfLinksWithManyEqualCharges) {
  const core::Design design = makeChip({Algorithm::BestChoice});
  core::DesignInterpreter interpreter(design);
  const PathShape shape;
  RandomTrigger random(firstSeed());
  for (int etx = 1; etx <= 13; ++etx) {
    for (const bool useSum : {false, true}) {
      ChipSettings settings = ChipSettings::neutral();
      settings.algorithm = Algorithm::BestChoice;
      settings.activeEtx = etx;
      settings.useSum = useSum;
      SCOPED_TRACE(describe(settings, shape));
      interpreter.configure(registers(settings, {Algorithm::BestChoice}));
      interpreter.reset();
      TriggerOracle oracle(shape);
      oracle.configure(settings);
      ASSERT_TRUE(same(interpreter, oracle, random.words(shape, 80)));
      EXPECT_EQ(interpreter.signal("count").at(0, 0), etx == 13 ? 25 : 2 * etx);
    }
  }
}

TEST(ThresholdSum, EqualsTheOracleForEveryNumberOfCellsOverThreshold) {
  const core::Design design = makeChip({Algorithm::ThresholdSum});
  core::DesignInterpreter interpreter(design);
  const PathShape shape;
  RandomTrigger random(firstSeed());
  TriggerOracle oracle(shape);
  for (int cells = 0; cells <= 48; ++cells) {
    ChipSettings settings = random.settings(shape, Algorithm::ThresholdSum);
    settings.activeEtx = 13;
    settings.t1 = 400;
    settings.t2 = 500;
    // Charges are below 2^22 - 1, so this threshold lets none through and 0 any.
    settings.threshold.assign(48, (1 << 22) - 1);
    for (int set = 0; set < cells;) {
      std::int64_t& threshold = settings.threshold[static_cast<std::size_t>(random.between(0, 47))];
      if (threshold == 0) continue;
      threshold = 0;
      ++set;
    }
    SCOPED_TRACE(std::to_string(cells) + " cells");
    interpreter.configure(registers(settings, {Algorithm::ThresholdSum}));
    oracle.configure(settings);
    const core::Columns in = random.words(shape, 12);
    ASSERT_TRUE(same(interpreter, oracle, in));
    for (std::size_t k = 0; k < in.events(); ++k) {
      ASSERT_EQ(std::ranges::count(row(interpreter.signal("ts_kept"), k), 1U), cells);
    }
  }
}

class OtherShapes : public ::testing::TestWithParam<int> {};

TEST_P(OtherShapes, EveryEncoderAloneAndTogetherEqualsTheOracle) {
  for (std::uint64_t i = 0; i < 6; ++i) {
    const std::uint64_t seed = firstSeed() + static_cast<std::uint64_t>(GetParam()) * 100 + i;
    RandomTrigger random(seed);
    const PathShape shape = random.shape();
    std::vector<std::vector<Algorithm>> chips{kFour};
    for (const Algorithm algorithm : kFour) chips.push_back({algorithm});
    for (const auto& encoders : chips) {
      const core::Design design = makeChip(encoders, shape);
      ASSERT_FALSE(design.blocks.empty());
      core::DesignInterpreter interpreter(design);
      TriggerOracle oracle(shape);
      for (int trial = 0; trial < 4; ++trial) {
        const core::Columns in = random.words(shape, 15);
        const auto chosen = static_cast<std::size_t>(
            random.between(0, static_cast<std::int64_t>(encoders.size()) - 1));
        ChipSettings settings = random.settings(shape, encoders[chosen]);
        meetCharges(random, in, settings);
        SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(encoders.size()) +
                     " encoders: " + describe(settings, shape));
        interpreter.configure(registers(settings, encoders));
        oracle.configure(settings);
        ASSERT_TRUE(same(interpreter, oracle, in));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, OtherShapes, ::testing::Range(0, 8));

class Vectors : public ::testing::TestWithParam<const char*> {};

TEST_P(Vectors, OracleAndInterpreterGiveEveryWordOfTheChip) {
  const auto set = loadVectorSet(AEGEN_SOURCE_DIR "/../shared/econt/vectors", GetParam());
  ASSERT_TRUE(set.ok()) << set.error().text();
  const auto rx = data::readRxCsv(set->input);
  const auto tx = data::readTxCsv(set->expected);
  ASSERT_TRUE(rx.ok() && tx.ok());
  ASSERT_EQ(rx->size(), 1782U);
  ASSERT_EQ(tx->size(), rx->size());
  const Algorithm algorithm = set->settings.algorithm;
  const bool network = algorithm == Algorithm::Autoencoder;
  TriggerOracle oracle((PathShape()));
  oracle.configure(set->settings);
  oracle.load(set->weights);
  core::Columns in(12, rx->size());
  for (std::size_t k = 0; k < rx->size(); ++k) {
    const std::vector<std::uint32_t> words((*rx)[k].begin(), (*rx)[k].end());
    const std::vector<std::uint32_t> expected((*tx)[k].begin(), (*tx)[k].end());
    ASSERT_EQ(oracle.step(words), expected) << "oracle, crossing " << k;
    for (std::size_t w = 0; w < 12; ++w) in.at(w, k) = words[w];
  }
  for (const auto& encoders : {std::vector<Algorithm>{algorithm}, kAll}) {
    SCOPED_TRACE(std::to_string(encoders.size()) + " encoders");
    const core::Design design = makeChip(encoders);
    core::DesignInterpreter interpreter(design);
    interpreter.configure(registers(set->settings, encoders, network ? &set->weights : nullptr));
    const auto out = interpreter.run(in);
    ASSERT_TRUE(out.ok());
    for (std::size_t k = 0; k < tx->size(); ++k) {
      for (std::size_t w = 0; w < 13; ++w) {
        ASSERT_EQ(out->at(w, k), std::int64_t{(*tx)[k][w]}) << "crossing " << k << ", eTX " << w;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shared, Vectors,
                         ::testing::Values("AE", "AE_test_extraQuad_half", "BC_5eTx", "RPT_13eTx",
                                           "STC_type0_eTx5", "STC_type1_eTx2", "TS_Thr47_5eTx_MRL"),
                         [](const auto& chosen) { return std::string(chosen.param); });

}  // namespace
}  // namespace aegen::encoders::econ_t
