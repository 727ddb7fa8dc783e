// Vector sets that are not as they must be: a diagnostic of that set, never a converted value.

#include "aegen/encoders/vector_set.hpp"

#include <gtest/gtest.h>

#include <fstream>
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

  // Code of the diagnostic for the plain set with `key` (a JSON pointer) set to `value`.
  [[nodiscard]] std::string codeWith(const std::string& key, const json& value) const {
    json changed = config();
    changed[json::json_pointer(key)] = value;
    write("set", changed);
    const auto result = loadVectorSet(folder_, "set");
    if (result.ok()) return "";
    EXPECT_EQ(result.error().failure, core::Failure::BadInput);
    return result.error().code;
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
