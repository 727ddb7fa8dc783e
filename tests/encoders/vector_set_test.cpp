// Vector sets that are not as they must be: a diagnostic of that set, never a converted value.

#include "aegen/encoders/vector_set.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace aegen::encoders {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

json config() {
  json out{{"algorithm", "autoencoder"},
           {"high_density", true},
           {"drop_lsb", 1},
           {"active_etx", 5},
           {"buffer", {{"t1", 338}, {"t2", 314}, {"t3", 25}}},
           {"ae_mask", std::string(36, 'f')},
           {"input", "rx.csv"}};
  for (int c = 0; c < econ_t::kTriggerCells; ++c) {
    out["mux"].push_back(c);
    out["calibration"].push_back(2048);
  }
  out["ae_weights"] = {{"conv_kernel", std::vector<int>(72, 1)},
                       {"conv_bias", std::vector<int>(8, -32)},
                       {"dense_kernel", std::vector<int>(2048, 31)},
                       {"dense_bias", std::vector<int>(16, 0)}};
  return out;
}

// A set of another algorithm: no mask, no weights, the keys that algorithm has.
json configOf(const std::string& algorithm) {
  json out = config();
  out.erase("ae_mask");
  out.erase("ae_weights");
  out["algorithm"] = algorithm;
  if (algorithm == "threshold_sum") {
    out["threshold"] = std::vector<int>(econ_t::kTriggerCells, 47);
    out["threshold"][5] = (1 << 22) - 1;
    out["sync_word"] = 290;
    out["use_sum"] = true;
  }
  if (algorithm == "best_choice") out["use_sum"] = true;
  if (algorithm == "super_trigger_cell") out["stc_type"] = 3;
  return out;
}

class VectorSets : public ::testing::Test {
 protected:
  VectorSets() {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / ("vector_sets_" + std::string(test->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~VectorSets() override { fs::remove_all(folder_); }

  void write(const std::string& name, const json& text) const {
    fs::create_directories(folder_ / name);
    std::ofstream(folder_ / name / "config.json") << text;
  }

  // Code of the diagnostic for a set; "" when it is read.
  [[nodiscard]] std::string codeOf(const json& set) const {
    write("set", set);
    const auto result = loadVectorSet(folder_, "set");
    if (result.ok()) return "";
    EXPECT_EQ(result.error().failure, core::Failure::BadInput);
    EXPECT_NE(result.error().where.find("config.json"), std::string::npos);
    return result.error().code;
  }
  // The same for the plain set with `key` (a JSON pointer) set to `value`.
  [[nodiscard]] std::string codeWith(const std::string& key, const json& value) const {
    json changed = config();
    changed[json::json_pointer(key)] = value;
    return codeOf(changed);
  }

  fs::path folder_;
};

TEST_F(VectorSets, PlainSetIsRead) {
  write("set", config());
  const auto set = loadVectorSet(folder_, "set");
  ASSERT_TRUE(set.ok()) << set.error().text();
  EXPECT_EQ(set->settings.t2, 314);
  EXPECT_EQ(set->weights.denseKernel[2047], 31);
}

TEST_F(VectorSets, IntegersAreTakenAsTheyStandOrRefused) {
  constexpr std::uint64_t kWouldBecomeMinusOne = 18446744073709551615U;
  EXPECT_EQ(codeWith("/ae_weights/conv_kernel/3", kWouldBecomeMinusOne), "vectors.out-of-range");
  EXPECT_EQ(codeWith("/ae_weights/conv_kernel/3", 3.7), "vectors.wrong-type");
  EXPECT_EQ(codeWith("/ae_weights/dense_bias/15", -33), "vectors.out-of-range");
  EXPECT_EQ(codeWith("/mux/0", 48), "vectors.out-of-range");
  EXPECT_EQ(codeWith("/mux/0", true), "vectors.wrong-type");
  EXPECT_EQ(codeWith("/active_etx", 4294967297), "vectors.out-of-range");
  EXPECT_EQ(codeWith("/ae_weights/conv_kernel/3", -32), "");
}

TEST_F(VectorSets, EveryAlgorithmIsReadWithItsOwnKeys) {
  write("ts", configOf("threshold_sum"));
  write("bc", configOf("best_choice"));
  write("stc", configOf("super_trigger_cell"));
  write("rpt", configOf("repeater"));
  const auto ts = loadVectorSet(folder_, "ts");
  ASSERT_TRUE(ts.ok()) << ts.error().text();
  EXPECT_EQ(ts->settings.algorithm, econ_t::Algorithm::ThresholdSum);
  EXPECT_EQ(ts->settings.threshold[4], 47);
  EXPECT_EQ(ts->settings.threshold[5], (1 << 22) - 1);
  EXPECT_EQ(ts->settings.syncWord, 290);
  EXPECT_TRUE(ts->settings.useSum);
  EXPECT_TRUE(ts->weights.convKernel.empty());
  const auto bc = loadVectorSet(folder_, "bc");
  ASSERT_TRUE(bc.ok()) << bc.error().text();
  EXPECT_EQ(bc->settings.algorithm, econ_t::Algorithm::BestChoice);
  EXPECT_TRUE(bc->settings.useSum);
  EXPECT_EQ(bc->settings.dropLsb, 1);
  const auto stc = loadVectorSet(folder_, "stc");
  ASSERT_TRUE(stc.ok()) << stc.error().text();
  EXPECT_EQ(stc->settings.algorithm, econ_t::Algorithm::SuperTriggerCell);
  EXPECT_EQ(stc->settings.stcType, 3);
  const auto rpt = loadVectorSet(folder_, "rpt");
  ASSERT_TRUE(rpt.ok()) << rpt.error().text();
  EXPECT_EQ(rpt->settings.algorithm, econ_t::Algorithm::Repeater);
}

TEST_F(VectorSets, EveryKeyAnAlgorithmNeedsIsMissed) {
  const std::vector<std::string> everyone{"algorithm", "high_density", "mux",    "calibration",
                                          "drop_lsb",  "active_etx",   "buffer", "input"};
  const std::map<std::string, std::vector<std::string>> own{
      {"threshold_sum", {"threshold", "sync_word", "use_sum"}},
      {"best_choice", {"use_sum"}},
      {"super_trigger_cell", {"stc_type"}},
      {"repeater", {}}};
  for (const auto& [algorithm, keys] : own) {
    for (const auto* list : {&everyone, &keys}) {
      for (const std::string& key : *list) {
        json set = configOf(algorithm);
        ASSERT_EQ(set.erase(key), 1U) << key;
        EXPECT_EQ(codeOf(set), "vectors.missing-key") << algorithm << " without " << key;
      }
    }
    EXPECT_EQ(codeOf(configOf(algorithm)), "") << algorithm;
  }
  json set = config();
  set.erase("ae_weights");
  EXPECT_EQ(codeOf(set), "vectors.missing-key");
}

TEST_F(VectorSets, KeysOfOtherAlgorithmsAreNotLookedAt) {
  json set = configOf("repeater");
  set["threshold"] = "none";
  set["stc_type"] = 9;
  set["ae_weights"] = 1;
  EXPECT_EQ(codeOf(set), "");
}

TEST_F(VectorSets, ValuesOutOfRangeAreRefused) {
  const auto changed = [&](const std::string& algorithm, const std::string& key,
                           const json& value) {
    json set = configOf(algorithm);
    set[json::json_pointer(key)] = value;
    return codeOf(set);
  };
  EXPECT_EQ(changed("threshold_sum", "/threshold/47", 1 << 22), "vectors.out-of-range");
  EXPECT_EQ(changed("threshold_sum", "/threshold/47", -1), "vectors.out-of-range");
  EXPECT_EQ(changed("threshold_sum", "/threshold", 47), "vectors.wrong-shape");
  EXPECT_EQ(changed("threshold_sum", "/threshold", std::vector<int>(47, 1)), "vectors.wrong-shape");
  EXPECT_EQ(changed("threshold_sum", "/sync_word", 2048), "vectors.out-of-range");
  EXPECT_EQ(changed("threshold_sum", "/sync_word", 2047), "");
  EXPECT_EQ(changed("threshold_sum", "/use_sum", 1), "vectors.wrong-type");
  EXPECT_EQ(changed("best_choice", "/use_sum", "yes"), "vectors.wrong-type");
  EXPECT_EQ(changed("best_choice", "/active_etx", 0), "vectors.out-of-range");
  EXPECT_EQ(changed("best_choice", "/active_etx", 14), "vectors.out-of-range");
  EXPECT_EQ(changed("super_trigger_cell", "/stc_type", 4), "vectors.out-of-range");
  EXPECT_EQ(changed("super_trigger_cell", "/stc_type", 0.5), "vectors.wrong-type");
  EXPECT_EQ(changed("super_trigger_cell", "/drop_lsb", 16), "vectors.out-of-range");
  EXPECT_EQ(changed("super_trigger_cell", "/drop_lsb", 15), "");
  EXPECT_EQ(changed("repeater", "/algorithm", "Repeater"), "vectors.unknown-algorithm");
  EXPECT_EQ(changed("repeater", "/algorithm", 3), "vectors.wrong-type");
  EXPECT_EQ(changed("repeater", "/calibration/0", 4096), "vectors.out-of-range");
}

TEST_F(VectorSets, ProblemsOfTheBufferKeepTheirCode) {
  EXPECT_EQ(codeWith("/buffer/t1", 512), "vectors.out-of-range");
  EXPECT_EQ(codeWith("/buffer/t2", "314"), "vectors.wrong-type");
  EXPECT_EQ(codeWith("/buffer", json::object()), "vectors.missing-key");
  EXPECT_EQ(codeWith("/buffer", 5), "vectors.wrong-type");
}

TEST_F(VectorSets, NameNoFileSystemTakesIsADiagnosticOfThatSet) {
  EXPECT_EQ(codeWith("/input", std::string(5000, 'a')), "vectors.missing-file");
  write("good", config());
  EXPECT_TRUE(loadVectorSet(folder_, "good").ok());
}

TEST_F(VectorSets, FolderNamedConfigIsADiagnosticOfThatSet) {
  write("good", config());
  fs::create_directories(folder_ / "odd" / "config.json");
  const auto names = listVectorSets(folder_);
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(*names, (std::vector<std::string>{"good", "odd"}));
  EXPECT_TRUE(loadVectorSet(folder_, "good").ok());
  const auto odd = loadVectorSet(folder_, "odd");
  ASSERT_FALSE(odd.ok());
  EXPECT_EQ(odd.error().code, "vectors.missing-file");
  EXPECT_EQ(loadWeights(folder_ / "odd" / "config.json").error().code, "vectors.missing-file");
}

TEST_F(VectorSets, PlainFilesAmongTheSetsAreNoSets) {
  std::ofstream(folder_ / "rx.csv") << "0\n";
  EXPECT_EQ(listVectorSets(folder_).error().code, "vectors.no-sets");
  EXPECT_EQ(listVectorSets(folder_ / "rx.csv").error().code, "vectors.no-folder");
}

}  // namespace
}  // namespace aegen::encoders
