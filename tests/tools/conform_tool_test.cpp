// The chip's vectors through generated hardware.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "workspace.hpp"

namespace aegen {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Workspace;

constexpr std::size_t kSets = 7;

// Compiled models are kept for the next test run.
fs::path workFolder() {
  return fs::path(AEGEN_BUILD_DIR) / "conform";
}

std::set<std::string> chips() {
  std::set<std::string> out;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(workFolder(), none)) {
    out.insert(entry.path().filename().string());
  }
  return out;
}

void expectIdentical(const Workspace& here, const std::string& executor, const std::string& said) {
  const auto result = here.aegen({"conform", test::vectorFolder().string(), "--executor", executor,
                                  "--json", "out.json", "--work", workFolder().string()});
  EXPECT_EQ(result.exitCode, 0) << result.output;
  const json summary = json::parse(here.read("out.json"));
  EXPECT_EQ(summary.at("mismatches"), 0);
  ASSERT_EQ(summary.at("sets").size(), kSets);
  for (const json& set : summary.at("sets")) {
    EXPECT_TRUE(set.at("set").is_string());
    EXPECT_EQ(set.at("crossings"), 1782) << set;
    EXPECT_EQ(set.at("mismatches"), 0) << set;
    EXPECT_EQ(set.at("executor"), said);
  }
}

TEST(ChipVectors, EveryWordOfEverySetComesOutOfTheRtlOfOneChip) {
  const Workspace here("conform_rtl");
  const std::set<std::string> before = chips();
  expectIdentical(here, "rtl", "rtl-loadable");
  EXPECT_LE(chips().size(), before.size() + 1) << "more than one chip was built";
}

TEST(ChipVectors, EveryWordOfEverySetComesOutOfTheRtlOfItsEncoderAlone) {
  const Workspace here("conform_hard_wired");
  expectIdentical(here, "rtl-hard-wired", "rtl-hard-wired");
}

}  // namespace
}  // namespace aegen
