#include "aegen/flows/stage_results.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "sample_results.hpp"

namespace aegen::flows {
namespace {

template <typename Stage>
void expectRoundTrip(const Stage& stage) {
  const auto back = parseStage<Stage>(stageJson(stage), "text");
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(*back, stage);
}

TEST(StageResults, ComeBackFromJsonAsTheyWere) {
  expectRoundTrip(testing::sampleBuild());
  expectRoundTrip(testing::sampleRtl());
  expectRoundTrip(testing::sampleLint());
  expectRoundTrip(testing::sampleCosim());
  expectRoundTrip(testing::sampleSynth());
}

TEST(StageResults, JsonSaysWhichStageItIs) {
  const auto json = nlohmann::json::parse(stageJson(testing::sampleSynth()));
  EXPECT_EQ(json.at("stage"), "synth");
  EXPECT_EQ(json.at("version"), 1);
  EXPECT_EQ(json.at("modules").at(0).at("instances"), 16);
  EXPECT_EQ(json.at("depth").at("path").at(0).at("instance"), "u_neuron_3");
}

TEST(StageResults, AbsentMembersKeepTheirDefaults) {
  const auto lint = parseStage<LintResult>(R"({"stage": "lint", "version": 1})", "text");
  ASSERT_TRUE(lint);
  EXPECT_EQ(*lint, LintResult{});
}

TEST(StageResults, RefuseWhatIsNotTheirs) {
  const std::string lint = stageJson(testing::sampleLint());
  EXPECT_EQ(parseStage<SynthResult>(lint, "text").error().code, "stage.malformed");
  EXPECT_EQ(parseStage<LintResult>("{", "text").error().code, "stage.malformed");
  EXPECT_EQ(parseStage<LintResult>("[1]", "text").error().code, "stage.malformed");
  EXPECT_EQ(parseStage<LintResult>(R"({"stage": "lint", "version": 1, "seconds": "x"})", "t")
                .error()
                .code,
            "stage.malformed");
  EXPECT_EQ(parseStage<LintResult>(R"({"stage": "lint", "version": 2})", "text").error().code,
            "stage.version");
}

TEST(StageResults, AreSavedUnderTheirNameAndFoundAgain) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "aegen_stage_results" / "new";
  std::filesystem::remove_all(folder);
  EXPECT_EQ(loadStage<CosimResult>(folder).error().code, "stage.missing");
  ASSERT_TRUE(saveStage(testing::sampleCosim(), folder));
  EXPECT_TRUE(std::filesystem::exists(folder / "cosim.json"));
  const auto back = loadStage<CosimResult>(folder);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, testing::sampleCosim());
  std::filesystem::remove_all(folder.parent_path());
}

}  // namespace
}  // namespace aegen::flows
