// Vector sets as modules of a board: nothing is lost on clean links, nothing wrong is given out on
// damaged ones, every crossing is accounted for; and the charges are those of a plain reading.

#include "aegen/flows/board_run.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "aegen/data/events.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/vector_set.hpp"
#include "board_stream.hpp"
#include "link_oracle.hpp"

namespace aegen::flows {
namespace {

namespace econ_t = encoders::econ_t;
namespace fs = std::filesystem;
using aegen_bench::CrossingStatus;
using econ_t::Algorithm;
using econ_t::Spread;
using econ_t::StringStatus;
using nlohmann::json;

constexpr std::uint64_t kCrossings = 1782;
constexpr std::size_t kSets = 7;

fs::path vectors() {
  return fs::weakly_canonical(AEGEN_SOURCE_DIR "/../shared/econt/vectors");
}

BoardRunSettings plain() {
  BoardRunSettings settings;
  settings.systemC = false;
  return settings;
}
BoardReport runOn(const fs::path& folder, const BoardRunSettings& settings) {
  const auto report = runBoardOnSets(folder, settings);
  EXPECT_TRUE(report.ok()) << report.error().text();
  return report ? *report : BoardReport{};
}

std::uint64_t of(const ModuleReport& module, CrossingStatus status) {
  return module.received[static_cast<std::size_t>(status)];
}
std::uint64_t of(const ModuleReport& module, StringStatus status) {
  return module.strings[static_cast<std::size_t>(status)];
}
template <typename Counts>
std::uint64_t total(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}
std::uint64_t givenOut(const ModuleReport& module) {
  return of(module, CrossingStatus::Good) + of(module, CrossingStatus::TruncatedFull) +
         of(module, CrossingStatus::TruncatedLate);
}

// The report without what differs from run to run.
json fixed(const BoardReport& report) {
  json out = json::parse(boardJson(report));
  out.erase("seconds");
  return out;
}

// Strings that had not come when the links stopped.
std::uint64_t waiting(const ModuleReport& module) {
  EXPECT_GE(module.unfinished, 0);
  return static_cast<std::uint64_t>(module.unfinished);
}

// What has to hold of every account.
void expectBalanced(const ModuleReport& module) {
  SCOPED_TRACE(module.name);
  EXPECT_FALSE(module.problem.has_value());
  EXPECT_EQ(total(module.received) + waiting(module), module.crossings);
  EXPECT_EQ(module.accounted(), static_cast<std::int64_t>(module.crossings));
  EXPECT_EQ(module.decoded, of(module, StringStatus::Good));
  // What the receiver gives out the decoder reads, but for crossings of zeros.
  EXPECT_LE(total(module.strings), givenOut(module));
  EXPECT_GE(total(module.strings), of(module, CrossingStatus::Good));
  EXPECT_EQ(module.garbage, 0U);
  for (const RecoveryTimes& times : module.recovery) {
    EXPECT_LE(times.least, times.median);
    EXPECT_LE(times.median, times.most);
    EXPECT_LE(times.unseen + times.notRecovered, times.injected);
  }
}

TEST(BoardRun, EveryCrossingOfTheSharedSetsIsDecodedOrTruncated) {
  const BoardReport report = runOn(vectors(), plain());
  EXPECT_EQ(report.executor, "interpreter");
  ASSERT_EQ(report.modules.size(), kSets);
  for (const ModuleReport& module : report.modules) {
    SCOPED_TRACE(module.name);
    expectBalanced(module);
    EXPECT_EQ(module.crossings, kCrossings);
    // The last ones have too few headers behind them.
    EXPECT_EQ(of(module, CrossingStatus::Unconfirmed), report.receiver.confirm);
    EXPECT_EQ(givenOut(module) + report.receiver.confirm + waiting(module), kCrossings);
    EXPECT_EQ(of(module, StringStatus::Good) + of(module, StringStatus::TruncatedFull) +
                  of(module, StringStatus::TruncatedLate),
              total(module.strings));
    EXPECT_EQ(module.damaged + module.mistimed, 0U);
    EXPECT_TRUE(module.recovery.empty());
    // Threshold sum's strings still wait in the chip when the vectors end.
    if (module.algorithm != "threshold_sum") {
      EXPECT_EQ(waiting(module), 0U);
    } else {
      EXPECT_LT(waiting(module), 20U);
      EXPECT_GT(of(module, CrossingStatus::TruncatedFull), 1000U);
    }
  }
  EXPECT_EQ(boardExitCode(report), 0);
}

TEST(BoardRun, ConfirmationHoldsBackAsManyCrossingsAsAsked) {
  BoardRunSettings settings = plain();
  settings.sets = {"BC_5eTx"};
  settings.receiver.confirm = 9;
  const BoardReport report = runOn(vectors(), settings);
  ASSERT_EQ(report.modules.size(), 1U);
  EXPECT_EQ(of(report.modules[0], CrossingStatus::Unconfirmed), 9U);
  EXPECT_EQ(report.modules[0].decoded, kCrossings - 9);
  EXPECT_EQ(json::parse(boardJson(report)).at("latency_crossings"), 11);
}

// One set through receiver and decoder, with everything that comes out.
struct Played {
  encoders::VectorSet set;
  std::vector<std::vector<std::uint16_t>> strings;  ///< cut out of the expected words
  sim::ModuleResult result;
};
Played play(const std::string& name, Spread spread, const econ_t::LinkDecoder& decoder) {
  Played out;
  const auto set = encoders::loadVectorSet(vectors(), name);
  EXPECT_TRUE(set.ok()) << set.error().text();
  out.set = *set;
  const auto tx = data::readTxCsv(set->expected);
  EXPECT_TRUE(tx.ok()) << tx.error().text();
  sim::BoardModule module;
  module.config =
      econ_t::decoderConfig(decoder.algorithm, econ_t::decoderSettings(set->settings, spread));
  module.format = linkFormat(set->settings);
  module.receiver.startBx = 0;
  sim::ModuleWords words;
  for (const auto& crossing : *tx) {
    for (std::uint32_t w = 0; w < module.format.words; ++w) {
      words.push_back(static_cast<std::uint16_t>(crossing[w / 2] >> (w % 2 == 0 ? 16 : 0)));
    }
  }
  out.strings = stringsOf(words, module.format);
  sim::BoardPlan plan;
  plan.kinds.push_back({"kind", &decoder.program, decoder.function});
  plan.modules.push_back(module);
  auto results = sim::runBoardModel(plan, {words});
  EXPECT_TRUE(results.ok()) << results.error().text();
  if (results) out.result = std::move(results->front());
  return out;
}

TEST(BoardRun, TheChargesOfACleanRunAreThoseOfAPlainReadingOfTheWords) {
  for (const char* name :
       {"TS_Thr47_5eTx_MRL", "STC_type0_eTx5", "STC_type1_eTx2", "BC_5eTx", "RPT_13eTx"}) {
    const auto set = encoders::loadVectorSet(vectors(), name);
    ASSERT_TRUE(set.ok());
    const auto decoder = econ_t::linkDecoder(set->settings.algorithm, {});
    ASSERT_TRUE(decoder.ok());
    for (const Spread spread : {Spread::Concentrated, Spread::Shared}) {
      SCOPED_TRACE(std::string(name) + (spread == Spread::Shared ? ", shared" : ""));
      const Played played = play(name, spread, *decoder);
      test_common::LinkSettings settings;
      settings.algorithm = set->settings.algorithm;
      settings.board = econ_t::decoderSettings(set->settings, spread);
      std::size_t compared = 0;
      std::int64_t energy = 0;
      for (const sim::BoardRecord& record : played.result.records) {
        if (record.decoded < 0) continue;
        ASSERT_LT(record.received.index, played.strings.size());
        const auto& string = played.strings[record.received.index];
        const auto expected = test_common::decodeString(settings, string).outputs();
        ASSERT_EQ(expected.size(), played.result.outputs.elements());
        for (std::size_t row = 0; row < expected.size(); ++row) {
          ASSERT_EQ(played.result.outputs.at(row, static_cast<std::size_t>(record.decoded)),
                    expected[row])
              << "crossing " << record.received.index << ", output " << row;
          energy += expected[row];
        }
        ++compared;
      }
      EXPECT_GT(compared, 1700U);
      EXPECT_GT(energy, 0);
    }
  }
}

TEST(BoardRun, EveryKindOfErrorIsRecoveredFromAndNothingWrongIsGivenOut) {
  BoardRunSettings settings = plain();
  settings.errors.assign(kLinkErrors.begin(), kLinkErrors.end());
  settings.count = 2;
  const BoardReport report = runOn(vectors(), settings);
  ASSERT_EQ(report.modules.size(), kSets);
  for (const ModuleReport& module : report.modules) {
    SCOPED_TRACE(module.name);
    expectBalanced(module);
    EXPECT_GT(module.crossings, 2 * 7 * 2 * 100U);
    ASSERT_EQ(module.recovery.size(), kLinkErrors.size());
    for (std::size_t e = 0; e < kLinkErrors.size(); ++e) {
      const RecoveryTimes& times = module.recovery[e];
      SCOPED_TRACE(text(times.error));
      EXPECT_EQ(times.error, kLinkErrors[e]);
      EXPECT_EQ(times.injected, settings.count);
      EXPECT_EQ(times.notRecovered, 0U);
      // At the latest when BX 0 of the second orbit has come by.
      EXPECT_LE(times.most, 2 * kCrossings);
    }
    // A crossing more or less than the orbit has cannot stay unseen.
    for (const RecoveryTimes& times : module.recovery) {
      const bool slips =
          times.error == LinkError::DropCrossing || times.error == LinkError::RepeatCrossing;
      if (slips) {
        EXPECT_EQ(times.unseen, 0U) << text(times.error);
        EXPECT_GT(times.most, 0U) << text(times.error);
      }
    }
    EXPECT_GT(of(module, CrossingStatus::Unphased), 0U);
  }
  EXPECT_EQ(boardExitCode(report), 0);
}

TEST(BoardRun, WordsLostOrRepeatedCostAFewCrossings) {
  BoardRunSettings settings = plain();
  settings.sets = {"AE", "BC_5eTx", "RPT_13eTx", "STC_type0_eTx5", "STC_type1_eTx2"};
  settings.errors = {LinkError::Flip, LinkError::DropWord, LinkError::RepeatWord};
  settings.count = 5;
  for (const ModuleReport& module : runOn(vectors(), settings).modules) {
    SCOPED_TRACE(module.name);
    expectBalanced(module);
    for (const RecoveryTimes& times : module.recovery) {
      EXPECT_EQ(times.injected, 5U);
      EXPECT_LE(times.most, 8U) << text(times.error);
      if (times.error != LinkError::Flip) {
        EXPECT_EQ(times.unseen, 0U) << text(times.error);
      }
    }
  }
}

TEST(BoardRun, ASeedGivesTheSameReportAgainAndAnotherGivesOthers) {
  BoardRunSettings settings = plain();
  settings.sets = {"AE", "TS_Thr47_5eTx_MRL"};
  settings.errors = {LinkError::Burst, LinkError::DropWord, LinkError::Orbit};
  settings.count = 3;
  settings.seed = 11;
  const json first = fixed(runOn(vectors(), settings));
  EXPECT_EQ(first.at("seed"), 11);
  EXPECT_EQ(first, fixed(runOn(vectors(), settings)));
  settings.seed = 12;
  json other = fixed(runOn(vectors(), settings));
  EXPECT_NE(first.at("modules"), other.at("modules"));
}

TEST(BoardRun, WhatASetGivesDoesNotDependOnItsNeighbours) {
  BoardRunSettings settings = plain();
  settings.errors = {LinkError::Burst};
  settings.count = 2;
  settings.sets = {"STC_type1_eTx2"};
  const json alone = fixed(runOn(vectors(), settings)).at("modules").at(0);
  settings.sets = {"BC_5eTx", "STC_type0_eTx5", "STC_type1_eTx2"};
  EXPECT_EQ(fixed(runOn(vectors(), settings)).at("modules").at(2), alone);
}

TEST(BoardRun, AModelsDecoderServesTheAutoencoders) {
  BoardRunSettings settings = plain();
  settings.sets = {"AE", "AE_test_extraQuad_half", "BC_5eTx"};
  settings.decoder = AEGEN_SOURCE_DIR "/examples/econ_t_autoencoder/model.json";
  for (const ModuleReport& module : runOn(vectors(), settings).modules) {
    expectBalanced(module);
    EXPECT_EQ(module.decoded, kCrossings - 3) << module.name;
  }
  settings.decoder = "/nonexistent/model.json";
  const auto report = runBoardOnSets(vectors(), settings);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().failure, core::Failure::BadInput);
}

TEST(BoardJson, HasEveryCountUnderItsName) {
  BoardRunSettings settings = plain();
  settings.sets = {"BC_5eTx"};
  settings.errors = {LinkError::Flip};
  settings.count = 3;
  const BoardReport report = runOn(vectors(), settings);
  const json out = json::parse(boardJson(report));
  for (const char* key :
       {"executor", "seed", "confirm", "lock", "latency_crossings", "seconds", "garbage"}) {
    EXPECT_TRUE(out.contains(key)) << key;
  }
  const json& module = out.at("modules").at(0);
  const ModuleReport& own = report.modules.at(0);
  EXPECT_EQ(module.at("name"), "BC_5eTx");
  EXPECT_EQ(module.at("algorithm"), "best_choice");
  EXPECT_EQ(module.at("crossings"), own.crossings);
  EXPECT_EQ(module.at("account").at("decoded"), own.decoded);
  EXPECT_EQ(module.at("account").at("unfinished"), own.unfinished);
  std::uint64_t sum = waiting(own);
  for (const char* key : {"good", "truncated_full", "truncated_late", "bad_type", "header_mismatch",
                          "unconfirmed", "unphased", "lost"}) {
    sum += module.at("receiver").at(key).get<std::uint64_t>();
  }
  EXPECT_EQ(sum, own.crossings);
  EXPECT_EQ(module.at("decoder").size(), static_cast<std::size_t>(econ_t::kStringStatuses));
  EXPECT_EQ(module.at("decoder").at("good"), own.decoded);
  EXPECT_EQ(module.at("recovery").at("flip").at("injected"), 3);
  EXPECT_EQ(module.at("undetected_payload"), own.damaged);
  EXPECT_EQ(module.at("garbage"), 0);
}

TEST(BoardExitCode, IsTheWorstOfTheModules) {
  BoardReport report;
  report.modules.resize(2);
  EXPECT_EQ(boardExitCode(report), 0);
  report.modules[0].garbage = 1;
  EXPECT_EQ(boardExitCode(report), 1);
  report.modules[1].problem = core::badInput("vectors.missing-file", "is missing", "set");
  EXPECT_EQ(boardExitCode(report), 2);
  report.modules[0].problem = core::missingTool("process.not-found", "is missing", "tool");
  EXPECT_EQ(boardExitCode(report), 3);
}

TEST(LinkErrors, HaveNamesOfTheirOwn) {
  std::vector<std::string_view> names;
  for (const LinkError error : kLinkErrors) names.push_back(text(error));
  EXPECT_EQ(names, (std::vector<std::string_view>{"flip", "burst", "drop", "repeat",
                                                  "drop-crossing", "repeat-crossing", "orbit"}));
}

TEST(LinkFormat, FollowsTheChipsSettings) {
  auto settings = econ_t::ChipSettings::neutral();
  for (const Algorithm algorithm : econ_t::kAlgorithms) {
    settings.algorithm = algorithm;
    settings.activeEtx = 3;
    const auto format = linkFormat(settings);
    EXPECT_EQ(format.words, 6U);
    EXPECT_EQ(format.variable, algorithm == Algorithm::ThresholdSum ? 1U : 0U);
    const bool isShort =
        algorithm == Algorithm::BestChoice || algorithm == Algorithm::SuperTriggerCell;
    EXPECT_EQ(format.headerBits, isShort ? 4U : 5U);
  }
  settings.activeEtx = 15;  // acts as all the chip has
  EXPECT_EQ(linkFormat(settings).words, 26U);
}

// Sets of one's own, to break.
class BoardFolder : public ::testing::Test {
 protected:
  BoardFolder() {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / ("board_run_" + std::string(test->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~BoardFolder() override { fs::remove_all(folder_); }

  void copy(const std::string& set) const {
    fs::copy(vectors() / set, folder_ / set);
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    }
  }
  void change(const std::string& set, const std::string& key, const json& value) const {
    const fs::path file = folder_ / set / "config.json";
    json config = json::parse(std::ifstream(file));
    config[key] = value;
    std::ofstream(file) << config;
  }
  // Only the first crossings are expected.
  void shorten(const std::string& set, int crossings) const {
    const fs::path file = folder_ / set / "expected_tx.csv";
    std::ifstream in(file);
    std::string text;
    std::string line;
    for (int i = 0; i <= crossings && std::getline(in, line); ++i) text += line + "\n";
    in.close();
    std::ofstream(file) << text;
  }
  fs::path folder_;
};

TEST_F(BoardFolder, ASetThatCannotBeReadIsReportedAndTheOthersRun) {
  for (const char* set : {"BC_5eTx", "RPT_13eTx", "STC_type0_eTx5", "STC_type1_eTx2"}) copy(set);
  // The board reads links only: the sets' inputs are not there.
  fs::copy(vectors() / "input_mcDataset.csv", folder_ / "input_mcDataset.csv");
  fs::remove(folder_ / "RPT_13eTx" / "expected_tx.csv");
  change("STC_type0_eTx5", "algorithm", "worst_choice");
  change("STC_type1_eTx2", "active_etx", 9);
  const BoardReport report = runOn(folder_, plain());
  ASSERT_EQ(report.modules.size(), 4U);
  expectBalanced(report.modules[0]);
  EXPECT_EQ(report.modules[0].decoded, kCrossings - 3);
  const std::array<const char*, 4> codes{"", "vectors.missing-file", "vectors.unknown-algorithm",
                                         "vectors.contradiction"};
  const json out = json::parse(boardJson(report));
  for (std::size_t m = 1; m < 4; ++m) {
    ASSERT_TRUE(report.modules[m].problem.has_value()) << codes[m];
    EXPECT_EQ(report.modules[m].problem->code, codes[m]);
    EXPECT_EQ(out.at("modules").at(m).at("problem").at("code"), codes[m]);
    EXPECT_NE(out.at("modules").at(m).at("problem").at("where"), "");
  }
  EXPECT_EQ(boardExitCode(report), 2);
}

TEST_F(BoardFolder, ASetWithoutAnythingRightIsNoCrash) {
  copy("BC_5eTx");
  fs::copy(vectors() / "input_mcDataset.csv", folder_ / "input_mcDataset.csv");
  fs::remove(folder_ / "BC_5eTx" / "expected_tx.csv");
  const BoardReport report = runOn(folder_, plain());
  ASSERT_EQ(report.modules.size(), 1U);
  EXPECT_TRUE(report.modules[0].problem.has_value());
  EXPECT_EQ(boardExitCode(report), 2);
}

TEST_F(BoardFolder, AShortSetPlaysCleanButNotWithErrors) {
  copy("BC_5eTx");
  fs::copy(vectors() / "input_mcDataset.csv", folder_ / "input_mcDataset.csv");
  shorten("BC_5eTx", 20);
  const BoardReport clean = runOn(folder_, plain());
  expectBalanced(clean.modules.at(0));
  EXPECT_EQ(clean.modules.at(0).decoded, 17U);
  BoardRunSettings settings = plain();
  settings.errors = {LinkError::Flip};
  const BoardReport report = runOn(folder_, settings);
  ASSERT_TRUE(report.modules.at(0).problem.has_value());
  EXPECT_EQ(report.modules.at(0).problem->code, "board.short-set");
  EXPECT_EQ(boardExitCode(report), 2);
}

TEST_F(BoardFolder, WordsThatAreNoStringsAreNeverDecoded) {
  // Best choice's links read as the repeater's: wrong headers and lengths everywhere.
  copy("BC_5eTx");
  fs::copy(vectors() / "input_mcDataset.csv", folder_ / "input_mcDataset.csv");
  change("BC_5eTx", "algorithm", "repeater");
  const BoardReport report = runOn(folder_, plain());
  const ModuleReport& module = report.modules.at(0);
  ASSERT_FALSE(module.problem.has_value()) << module.problem->text();
  EXPECT_EQ(total(module.received) + waiting(module), module.crossings);
  EXPECT_EQ(module.accounted(), static_cast<std::int64_t>(module.crossings));
  EXPECT_EQ(module.decoded, 0U);
}

TEST_F(BoardFolder, WithoutSetsThereIsNothingToRun) {
  const auto report = runBoardOnSets(folder_, plain());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, "vectors.no-sets");
  const auto nowhere = runBoardOnSets(folder_ / "gone", plain());
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().code, "vectors.no-folder");
}

}  // namespace
}  // namespace aegen::flows
