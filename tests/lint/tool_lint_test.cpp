#include "aegen/lint/tool_lint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace aegen::lint {
namespace {

namespace fs = std::filesystem;

class ToolLintTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("aegen lint ") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  RtlSources sources(const std::string& text) {
    std::ofstream(folder_ / "top.v") << text;
    return {{folder_ / "top.v"}, "top"};
  }

  fs::path folder_;
};

constexpr const char* kClean = R"(module top (
  input wire clk,
  input wire [3:0] a,
  output reg [3:0] y
);
  always @(posedge clk) y <= ~a;
endmodule
)";

TEST_F(ToolLintTest, CleanRtlHasNoFindings) {
  for (const auto lint : {&lintWithVerilator, &lintWithYosys}) {
    const auto result = lint(sources(kClean));
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_TRUE(result->ok()) << result->findings[0].text();
    EXPECT_FALSE(result->version.empty());
  }
}

TEST_F(ToolLintTest, VerilatorFindsAWidthThatDoesNotFit) {
  const auto result =
      lintWithVerilator(sources("module top (\n  input wire [3:0] a,\n  output wire [2:0] y\n);\n  "
                                "assign y = a;\nendmodule\n"));
  ASSERT_TRUE(result) << result.error().text();
  ASSERT_FALSE(result->ok());
  const auto& findings = result->findings;
  const auto width = std::find_if(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.code.starts_with("lint.verilator.WIDTH");
  });
  ASSERT_NE(width, findings.end()) << findings[0].text();
  EXPECT_TRUE(width->where.ends_with("top.v:5")) << width->where;
}

TEST_F(ToolLintTest, YosysFindsALoopAndAnUndrivenWire) {
  const auto result = lintWithYosys(
      sources("module top (\n  input wire a,\n  output wire y,\n  output wire z\n);\n  wire b;\n"
              "  assign y = a & ~y;\n  assign z = b;\nendmodule\n"));
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_GE(result->findings.size(), 2U);
}

TEST_F(ToolLintTest, ASyntaxErrorIsAFindingWithItsLine) {
  for (const auto lint : {&lintWithVerilator, &lintWithYosys}) {
    const auto result = lint(sources("module top (input wire a);\n  wire b = ;\nendmodule\n"));
    ASSERT_TRUE(result) << result.error().text();
    ASSERT_FALSE(result->ok());
    EXPECT_TRUE(result->findings[0].where.ends_with("top.v:2")) << result->findings[0].text();
  }
}

TEST_F(ToolLintTest, WithoutTheToolItSaysWhatToInstall) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder_.c_str(), 1);
  const auto verilator = lintWithVerilator(sources(kClean));
  const auto yosys = lintWithYosys(sources(kClean));
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(verilator);
  EXPECT_EQ(verilator.error().failure, core::Failure::MissingTool);
  EXPECT_NE(verilator.error().text().find("apt install verilator"), std::string::npos);
  ASSERT_FALSE(yosys);
  EXPECT_EQ(yosys.error().failure, core::Failure::MissingTool);
}

}  // namespace
}  // namespace aegen::lint
