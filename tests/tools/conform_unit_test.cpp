// aegen conform on the sets of every algorithm: the good ones are identical, each bad one is one
// message, and the others run all the same.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "workspace.hpp"

namespace aegen {
namespace {

using nlohmann::json;
using test::Workspace;

constexpr int kCrossings = 1782;

std::size_t occurrences(const std::string& text, const std::string& piece) {
  std::size_t out = 0;
  for (auto at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) ++out;
  return out;
}

TEST(Conform, EverySharedSetIsIdenticalInTheInterpreter) {
  const Workspace here("conform_shared");
  const auto result = here.aegen({"conform", test::vectorFolder().string(), "--executor",
                                  "interpreter", "--json", "out.json"});
  EXPECT_EQ(result.exitCode, 0) << result.output;
  EXPECT_EQ(occurrences(result.output, "  identical"), 7U) << result.output;
  const json summary = json::parse(here.read("out.json"));
  EXPECT_EQ(summary.at("mismatches"), 0);
  ASSERT_EQ(summary.at("sets").size(), 7U);
  for (const json& set : summary.at("sets")) {
    EXPECT_EQ(set.at("crossings"), kCrossings) << set;
    EXPECT_EQ(set.at("mismatches"), 0) << set;
    EXPECT_FALSE(set.contains("problem")) << set;
    EXPECT_FALSE(set.contains("first_mismatch")) << set;
  }
  EXPECT_EQ(summary.at("sets").at(2).at("set"), "BC_5eTx");
  EXPECT_EQ(summary.at("sets").at(2).at("algorithm"), "best_choice");
}

const std::string kTs = "TS_Thr47_5eTx_MRL";
const std::string kBc = "BC_5eTx";
const std::string kStc0 = "STC_type0_eTx5";
const std::string kStc1 = "STC_type1_eTx2";
const std::string kRpt = "RPT_13eTx";

// Sets of every algorithm but the autoencoder, whose config.json the tests change.
class BadSets : public ::testing::Test {
 protected:
  void SetUp() override { here.copyVectors({kTs, kBc, kStc0, kStc1, kRpt}); }

  [[nodiscard]] json config(const std::string& set) const {
    return json::parse(here.read("vectors/" + set + "/config.json"));
  }
  void write(const std::string& set, const json& config) const {
    here.write("vectors/" + set + "/config.json", config.dump());
  }
  void change(const std::string& set, const std::string& key, const json& value) const {
    json changed = config(set);
    changed[key] = value;
    write(set, changed);
  }
  void drop(const std::string& set, const std::string& key) const {
    json changed = config(set);
    ASSERT_EQ(changed.erase(key), 1U) << key;
    write(set, changed);
  }
  // `set` has one problem with `code`, said once; all others are identical.
  void expectProblem(const std::string& set, const std::string& code) const {
    const json summary = run(2);
    EXPECT_EQ(occurrences(output, "[" + code + "]"), 1U) << output;
    EXPECT_EQ(occurrences(output, "  identical"), summary.at("sets").size() - 1) << output;
    for (const json& row : summary.at("sets")) {
      if (row.at("set") == set) {
        EXPECT_EQ(row.at("problem").at("code"), code) << row;
        EXPECT_NE(row.at("problem").at("message"), "") << row;
      } else {
        EXPECT_FALSE(row.contains("problem")) << row;
        EXPECT_EQ(row.at("crossings"), kCrossings) << row;
        EXPECT_EQ(row.at("mismatches"), 0) << row;
      }
    }
  }
  [[nodiscard]] json run(int exitCode) const {
    const auto result =
        here.aegen({"conform", "vectors", "--executor", "interpreter", "--json", "out.json"});
    EXPECT_EQ(result.exitCode, exitCode) << result.output;
    output = result.output;
    return json::parse(here.read("out.json"));
  }
  static json row(const json& summary, const std::string& set) {
    for (const json& row : summary.at("sets")) {
      if (row.at("set") == set) return row;
    }
    ADD_FAILURE() << set << " is not among the results";
    return {};
  }
  // Crossings of nothing but zeros in place of what the chip sends.
  void expectZeros(const std::string& set) const {
    std::string text;
    for (int w = 0; w < 13; ++w) text += (w == 0 ? "TX_DATA_" : ",TX_DATA_") + std::to_string(w);
    std::string line = "\n00000000";
    for (int w = 1; w < 13; ++w) line += ",00000000";
    for (int k = 0; k < kCrossings; ++k) text += line;
    here.write("vectors/" + set + "/expected_tx.csv", text + "\n");
  }

  const Workspace here{
      "sets_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name())};
  mutable std::string output;
};

TEST_F(BadSets, MissingFilesAreNamed) {
  std::filesystem::remove(here.path() / "vectors" / kTs / "expected_tx.csv");
  expectProblem(kTs, "vectors.missing-file");
  EXPECT_NE(output.find("expected_tx.csv"), std::string::npos) << output;
}

TEST_F(BadSets, AMissingInputIsNamed) {
  change(kBc, "input", "gone.csv");
  expectProblem(kBc, "vectors.missing-file");
  EXPECT_NE(output.find("gone.csv"), std::string::npos) << output;
}

TEST_F(BadSets, AMalformedWordIsPlaced) {
  std::string text = here.read("vectors/" + kRpt + "/expected_tx.csv");
  std::size_t line = 0;  // the first word of crossing 2
  for (int i = 0; i < 3; ++i) line = text.find('\n', line) + 1;
  text[line + 2] = 'g';
  here.write("vectors/" + kRpt + "/expected_tx.csv", text);
  expectProblem(kRpt, "vectors.malformed-word");
  EXPECT_NE(output.find("expected_tx.csv:4"), std::string::npos) << output;
}

TEST_F(BadSets, AnUnknownAlgorithmIsRefusedAndTheKnownOnesAreSaid) {
  change(kBc, "algorithm", "worst_choice");
  expectProblem(kBc, "vectors.unknown-algorithm");
  EXPECT_NE(output.find("best_choice"), std::string::npos) << output;
}

TEST_F(BadSets, AKeyTheAlgorithmNeedsIsNamed) {
  for (const auto& [set, key] : {std::pair{kTs, "threshold"},
                                 {kTs, "sync_word"},
                                 {kBc, "use_sum"},
                                 {kStc0, "stc_type"},
                                 {kRpt, "mux"}}) {
    SCOPED_TRACE(set + " without " + key);
    const json whole = config(set);
    drop(set, key);
    expectProblem(set, "vectors.missing-key");
    EXPECT_NE(output.find("\"" + std::string(key) + "\""), std::string::npos) << output;
    write(set, whole);
  }
}

TEST_F(BadSets, BrokenJsonIsOneMessage) {
  here.write("vectors/" + kStc1 + "/config.json", "{\"algorithm\": ");
  const json summary = run(2);
  EXPECT_TRUE(row(summary, kStc1).contains("problem"));
  EXPECT_EQ(occurrences(output, "  identical"), 4U) << output;
}

// With more links than it needs the chip sends nothing: such settings are refused where the words
// say otherwise, and noted where they say just that.
TEST_F(BadSets, SuperTriggerCellsWithTooManyLinksContradictWordsThatAreSent) {
  change(kStc1, "active_etx", 3);
  expectProblem(kStc1, "vectors.contradiction");
  const json changed = row(json::parse(here.read("out.json")), kStc1);
  EXPECT_EQ(changed.at("contradictions").size(), 1U) << changed;
}

TEST_F(BadSets, SuperTriggerCellsWithTooManyLinksThatSendNothingAreIdenticalWithANote) {
  change(kStc0, "active_etx", 6);
  expectZeros(kStc0);
  const json summary = run(0);
  EXPECT_EQ(occurrences(output, "  identical"), 5U) << output;
  EXPECT_EQ(occurrences(output, "note: "), 1U) << output;
  const json noted = row(summary, kStc0);
  EXPECT_EQ(noted.at("mismatches"), 0);
  EXPECT_EQ(noted.at("contradictions").size(), 1U);
  EXPECT_FALSE(noted.contains("problem")) << noted;
}

TEST_F(BadSets, SettingsThatAreOnlyOthersAreMismatchesNoProblem) {
  change(kTs, "sync_word", 291);  // no fill word leaves in this set
  change(kBc, "use_sum", true);
  const json summary = run(1);
  EXPECT_EQ(row(summary, kTs).at("mismatches"), 0);
  const json other = row(summary, kBc);
  EXPECT_GT(other.at("mismatches").get<int>(), 0);
  EXPECT_EQ(other.at("first_mismatch").at("etx"), 0);
  EXPECT_EQ(summary.at("mismatches"), other.at("mismatches"));
  EXPECT_EQ(occurrences(output, "DIFFERS"), 1U) << output;
}

}  // namespace
}  // namespace aegen
