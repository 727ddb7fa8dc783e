// Where the board's crossings go: each is in one column of its module's row.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "aegen/core/files.hpp"
#include "aegen/data/events.hpp"
#include "aegen/flows/board_run.hpp"
#include "board_account.hpp"
#include "link_sender.hpp"

namespace aegen::flows {
namespace {

namespace fs = std::filesystem;
using encoders::econ_t::Algorithm;
using test_common::LinkSender;
using test_common::LinkSettings;
using test_common::SplitMix64;

std::uint64_t testSeed() {
  const char* const given = std::getenv("AEGEN_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20260701;
}

class BoardAccount : public testing::Test {
 protected:
  BoardAccount() : random_(testSeed()) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / ("board_account_" + std::string(test->name()));
    fs::remove_all(folder_);
  }

  void write(const std::string& name, const LinkSettings& settings,
             const std::vector<data::TxCrossing>& tx) {
    nlohmann::json config{{"input", "input.csv"},
                          {"algorithm", std::string(text(settings.algorithm))},
                          {"high_density", false},
                          {"drop_lsb", settings.board.dropLsb},
                          {"active_etx", settings.board.activeEtx},
                          {"use_sum", settings.board.useSum},
                          {"stc_type", settings.board.stcType},
                          {"sync_word", 290},
                          {"buffer", {{"t1", 338}, {"t2", 314}, {"t3", 25}}}};
    for (int c = 0; c < 48; ++c) {
      config["mux"].push_back(c);
      config["calibration"].push_back(2048);
      config["threshold"].push_back(47);
    }
    ASSERT_TRUE(core::writeFile(folder_ / name / "config.json", config.dump()).ok());
    ASSERT_TRUE(data::writeTxCsv(tx, folder_ / name / "expected_tx.csv").ok());
  }

  // A set of random crossings.
  void writeSent(const std::string& name, const LinkSettings& settings, int crossings) {
    const auto sent = LinkSender(settings, {}, random_.next()).send(crossings);
    std::vector<data::TxCrossing> tx(static_cast<std::size_t>(crossings));
    const auto perCrossing = static_cast<std::size_t>(2 * settings.board.activeEtx);
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const std::size_t at = i % perCrossing;
      tx[i / perCrossing][at / 2] |= std::uint32_t{sent[i].value} << (at % 2 == 0 ? 16 : 0);
    }
    write(name, settings, tx);
  }

  void writeAll() {
    for (const Algorithm algorithm : {Algorithm::ThresholdSum, Algorithm::BestChoice,
                                      Algorithm::SuperTriggerCell, Algorithm::Repeater}) {
      LinkSettings settings = randomSettings(random_, algorithm, {});
      if (algorithm == Algorithm::ThresholdSum) settings.board.activeEtx = random_.between(3, 6);
      writeSent(std::string(text(algorithm)), settings, 300);
    }
  }

  [[nodiscard]] BoardReport run(const BoardRunSettings& settings) const {
    auto report = runBoardOnSets(folder_, settings);
    EXPECT_TRUE(report.ok()) << report.error().text();
    return report ? std::move(*report) : BoardReport{};
  }

  static BoardRunSettings interpreted() {
    BoardRunSettings settings;
    settings.systemC = false;
    settings.seed = testSeed();
    return settings;
  }

  SplitMix64 random_;
  fs::path folder_;
};

TEST_F(BoardAccount, ARowOfTheReportSumsToTheCrossingsOnTheLinkWithAndWithoutErrors) {
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  writeAll();
  for (const bool damaged : {false, true}) {
    BoardRunSettings settings = interpreted();
    settings.count = 2;
    if (damaged) settings.errors.assign(kLinkErrors.begin(), kLinkErrors.end());
    const BoardReport report = run(settings);
    const auto json = nlohmann::json::parse(boardJson(report));
    ASSERT_EQ(report.modules.size(), 4U);
    for (const auto& module : json["modules"]) {
      ASSERT_FALSE(module.contains("problem")) << module.dump(2);
      std::int64_t sum = 0;
      for (const auto& [name, count] : module["account"].items()) sum += count.get<std::int64_t>();
      EXPECT_EQ(sum, module["crossings"].get<std::int64_t>()) << module["name"];
      EXPECT_GE(module["account"]["unfinished"].get<std::int64_t>(), 0) << module["name"];
      EXPECT_GT(module["account"]["decoded"].get<std::int64_t>(), 0) << module["name"];
    }
    for (const ModuleReport& module : report.modules) {
      EXPECT_EQ(module.accounted(), static_cast<std::int64_t>(module.crossings));
    }
  }
}

TEST_F(BoardAccount, CleanLinksPassAndADamagedWordFailsThem) {
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  writeAll();
  const BoardReport clean = run(interpreted());
  for (const ModuleReport& module : clean.modules) {
    EXPECT_EQ(module.withheld + module.garbage + module.mistimed + module.damaged, 0U);
    EXPECT_TRUE(passed(module, true)) << module.name;
  }
  EXPECT_EQ(boardExitCode(clean), 0);
  const fs::path file = folder_ / "repeater" / "expected_tx.csv";
  auto tx = data::readTxCsv(file);
  ASSERT_TRUE(tx.ok());
  (*tx)[100][0] ^= 0x80000000U;  // a header
  ASSERT_TRUE(data::writeTxCsv(*tx, file).ok());
  const BoardReport wrong = run(interpreted());
  EXPECT_EQ(boardExitCode(wrong), 1);
}

TEST_F(BoardAccount, ChargesOfEveryCrossingAreWritten) {
  LinkSettings settings = randomSettings(random_, Algorithm::Repeater, {});
  settings.board.activeEtx = 13;
  writeSent("repeater", settings, 100);
  BoardRunSettings board = interpreted();
  board.charges = folder_ / "charges";
  const BoardReport report = run(board);
  const auto csv = core::readFile(folder_ / "charges" / "repeater.csv");
  ASSERT_TRUE(csv.ok());
  EXPECT_EQ(std::ranges::count(*csv, '\n'), 101);
  EXPECT_TRUE(csv->starts_with("bx,status,CH_0,"));
  const auto words = data::readTxCsv(folder_ / "repeater" / "expected_tx.csv");
  ASSERT_TRUE(words.ok());
  std::size_t at = 0;
  for (std::size_t k = 0; k < 97; ++k) {  // three wait for their confirmation
    std::vector<std::uint16_t> string;
    for (const std::uint32_t word : (*words)[k]) {
      string.push_back(static_cast<std::uint16_t>(word >> 16));
      string.push_back(static_cast<std::uint16_t>(word & 0xffffU));
    }
    std::string line = std::to_string(k) + ",good";
    for (const std::int64_t charge : decodeString(settings, string).charge) {
      line += "," + std::to_string(charge);
    }
    at = csv->find('\n', at) + 1;
    ASSERT_EQ(csv->substr(at, csv->find('\n', at) - at), line);
  }
}

TEST_F(BoardAccount, ASetWithWhoseSettingsTheChipSendsNothingIsRightWhenItSaysSo) {
  LinkSettings settings{Algorithm::SuperTriggerCell, {}, {}};
  settings.board.stcType = 1;
  settings.board.activeEtx = 4;  // more than the three groups of type 1 need
  std::vector<data::TxCrossing> tx(100);
  write("silent", settings, tx);
  for (const bool damaged : {false, true}) {
    BoardRunSettings board = interpreted();
    if (damaged) board.errors = {LinkError::Flip};
    const BoardReport report = run(board);
    ASSERT_EQ(report.modules.size(), 1U);
    EXPECT_FALSE(report.modules[0].problem.has_value());
    EXPECT_TRUE(report.modules[0].nothingSent);
    EXPECT_EQ(report.modules[0].accounted(), 100);
    EXPECT_EQ(boardExitCode(report), 0);
    const auto json = nlohmann::json::parse(boardJson(report));
    EXPECT_EQ(json["modules"][0]["status"], "nothing_sent");
  }
  tx[50][0] = 0x12345678;
  write("silent", settings, tx);
  const BoardReport wrong = run(interpreted());
  ASSERT_TRUE(wrong.modules[0].problem.has_value());
  EXPECT_EQ(wrong.modules[0].problem->code, "vectors.contradiction");
  EXPECT_EQ(boardExitCode(wrong), 2);
}

// Two words a crossing, one crossing after the other, each decoded as good.
sim::ModuleResult allGood(std::size_t crossings) {
  sim::ModuleResult out;
  out.outputs = core::Columns(3, crossings);
  for (std::size_t k = 0; k < crossings; ++k) {
    const auto bx = static_cast<std::int32_t>(k);
    const aegen_bench::Received received{k, bx, aegen_bench::CrossingStatus::Good, 2 * k, 2};
    out.records.push_back({received, k + 5, static_cast<std::int64_t>(k)});
  }
  return out;
}

TEST(BoardCheck, EveryRecordOrOutputThatIsNotTheModelsCountsAndFailsTheRun) {
  const sim::ModuleResult expected = allGood(10);
  EXPECT_EQ(differences(expected, expected), 0U);
  sim::ModuleResult got = expected;
  got.outputs.at(2, 4) = 1;
  got.records[7].crossing = 0;
  got.records.pop_back();
  EXPECT_EQ(differences(got, expected), 3U);
  EXPECT_EQ(differences(expected, got), 3U);
  BoardReport report;
  report.modules.resize(1);
  report.modules[0].mismatches = 0;
  EXPECT_EQ(boardExitCode(report), 0);
  report.modules[0].mismatches = 1;
  EXPECT_EQ(boardExitCode(report), 1);
}

TEST(BoardCheck, TheLongestRunUnderAWrongBxEndsWithTheNextCrossingUnderItsOwn) {
  aegen_bench::LinkFormat format;
  format.words = 2;
  ModuleStream stream;
  for (std::uint16_t i = 0; i < 20; ++i) {
    const std::int32_t bx = i / 2;
    const bool jumped = (bx >= 2 && bx <= 4) || bx == 6 || bx == 7;
    stream.words.push_back({0, static_cast<std::uint16_t>(i % 2), jumped ? bx + 16 : bx,
                            static_cast<std::uint64_t>(bx), false});
  }
  ModuleReport report;
  account(stream, format, {}, allGood(10), report);
  EXPECT_EQ(report.mistimed, 5U);
  EXPECT_EQ(report.mistimedLongest, 3U);
  EXPECT_EQ(report.garbage + report.damaged + report.withheld, 0U);
  EXPECT_EQ(report.accounted(), 10);
}

}  // namespace
}  // namespace aegen::flows
