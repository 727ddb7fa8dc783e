#include "aegen/flows/synthesis.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "aegen/core/process.hpp"
#include "small_library.hpp"

namespace aegen::flows {
namespace {

namespace fs = std::filesystem;

/// A folder of the running test's own, removed at its end.
class Synthesis : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("aegen synthesis ") +  // a blank, as users' folders have
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_.workDirectory = folder_ / "work";
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  /// Yosys on a script of the test's own.
  core::ProcessResult yosys(const std::string& script) {
    const fs::path file = write("test.ys", script);
    core::ProcessOptions options;
    options.workingDirectory = folder_;
    auto run = core::runProcess({"yosys", "-s", file.string()}, options);
    EXPECT_TRUE(run);
    return run.value();
  }

  fs::path folder_;
  SynthesisOptions options_;
};

constexpr const char* kHierarchy = R"(
module leaf (input wire clk, input wire [3:0] a, input wire [3:0] b, output reg [4:0] y);
  always @(posedge clk) y <= a + b;
endmodule
module middle (input wire clk, input wire [7:0] x, output wire [9:0] y);
  leaf u0 (.clk(clk), .a(x[3:0]), .b(x[7:4]), .y(y[4:0]));
  leaf u1 (.clk(clk), .a(~x[3:0]), .b(x[7:4]), .y(y[9:5]));
endmodule
module top (input wire clk, input wire [7:0] x, output wire [29:0] y, output reg q);
  middle m0 (.clk(clk), .x(x), .y(y[9:0]));
  middle m1 (.clk(clk), .x(~x), .y(y[19:10]));
  middle m2 (.clk(clk), .x(x ^ 8'h5a), .y(y[29:20]));
  always @(posedge clk) q <= &x;
endmodule
)";

TEST_F(Synthesis, HierarchyAddsUpToWhatTheFlattenedNetlistCounts) {
  const auto source = write("design.v", kHierarchy);
  std::vector<std::string> seen;
  options_.progress = [&seen](const SynthesisProgress& progress) {
    seen.insert(seen.end(), progress.modules.begin(), progress.modules.end());
    EXPECT_LE(progress.done, progress.total);
  };
  const auto result = synthesise({source}, "top", options_);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(seen.size(), 3U);
  ASSERT_EQ(result->modules.size(), 3U);
  EXPECT_EQ(result->find("leaf")->instances, 6U);
  EXPECT_EQ(result->find("middle")->instances, 3U);
  EXPECT_EQ(result->find("top")->instances, 1U);
  EXPECT_EQ(result->find("middle")->children, (std::map<std::string, std::uint64_t>{{"leaf", 2}}));
  EXPECT_EQ(result->flipFlops, 6U * 5 + 1);
  EXPECT_EQ(result->find("leaf")->cellCounts.at("DFFPOSX1"), 5U);
  EXPECT_DOUBLE_EQ(result->nand2, result->area / 24);

  // Yosys' own count of the mapped modules put together.
  std::string script = "read_liberty -lib \"" + std::string(kDefaultLiberty) + "\"\n";
  for (const fs::directory_entry& entry : fs::directory_iterator(options_.workDirectory)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("batch_") && name.ends_with(".il")) {
      script += "read_verilog -overwrite \"" +
                fs::path(entry.path()).replace_extension(".v").string() + "\"\n";
    }
  }
  script += "hierarchy -top top\nflatten\nopt_clean\ntee -o stat.txt stat -liberty \"" +
            std::string(kDefaultLiberty) + "\"\n";
  const auto run = yosys(script);
  ASSERT_TRUE(run.ok()) << run.output;
  std::ifstream stat(folder_ / "stat.txt");
  double area = -1;
  std::uint64_t cells = 0;
  for (std::string line; std::getline(stat, line);) {
    if (line.find("Chip area") != std::string::npos) {
      area = std::stod(line.substr(line.rfind(':') + 1));
    }
    if (line.find("Number of cells") != std::string::npos) {
      cells = std::stoull(line.substr(line.rfind(':') + 1));
    }
  }
  EXPECT_DOUBLE_EQ(result->area, area);
  EXPECT_EQ(result->cells, cells);
}

TEST_F(Synthesis, DepthIsThatOfAKnownCircuit) {
  // Three inverters in a row, which ABC must not touch: the second module boundary keeps them.
  const auto source = write("chain.v", R"(
module inv (input wire a, output wire y); assign y = ~a; endmodule
module chain (input wire clk, input wire a, output reg q);
  wire b, c, d;
  inv u0 (.a(a), .y(b)); inv u1 (.a(b), .y(c)); inv u2 (.a(c), .y(d));
  always @(posedge clk) q <= d;
endmodule
)");
  const auto result = synthesise({source}, "chain", options_);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->depth.cells, 3);
  EXPECT_EQ(result->depth.from, "port a");
  EXPECT_EQ(result->depth.to, "register");
  ASSERT_EQ(result->depth.path.size(), 3U);
  EXPECT_EQ(result->depth.path[1], (DepthStep{"u1", "inv", 1}));
}

/// Every kind of arithmetic the generators write, narrow enough to be proven.
constexpr const char* kArithmetic = R"(
module arithmetic (input wire [4:0] a, input wire signed [3:0] b, input wire signed [4:0] s,
    output wire signed [9:0] p0, p1, output wire [9:0] p2, output wire signed [9:0] p3, p4, p5,
    output wire signed [9:0] p6, p7, p8, p9, output wire [5:0] q0, output wire signed [6:0] q1,
    output wire [3:0] q2, output wire signed [12:0] q3, output wire less);
  assign p0 = $signed({1'b0, a}) * b;
  assign p1 = s * b;
  assign p2 = a * b[2:0];
  assign p3 = s * 5'sd7;
  assign p4 = $signed({1'b0, a}) * -4'sd5;
  assign p5 = s * 4'sd0;
  assign p6 = -s;
  assign p7 = $signed({1'b0, a}) * -6'sd16;
  assign p8 = s * -5'sd15;
  assign p9 = s * s;
  assign q0 = a - {b[2:0], 2'b0};
  assign q1 = (s <<< 1) + $signed({b, 2'b11});
  assign q2 = a * b[0];
  assign q3 = $signed({{5{b[3]}}, b}) * $signed({4'b0, a}) + 13'sd300;
  assign less = s < b;
endmodule
)";

TEST_F(Synthesis, MappedArithmeticIsProvenEqualToItsSource) {
  const auto source = write("arithmetic.v", kArithmetic);
  for (const AdderStyle style : {AdderStyle::Cells, AdderStyle::Logic}) {
    SCOPED_TRACE(style == AdderStyle::Cells ? "full-adder cells" : "logic");
    options_.adders = style;
    options_.workDirectory = folder_ / (style == AdderStyle::Cells ? "cells" : "logic");
    const auto result = synthesise({source}, "arithmetic", options_);
    ASSERT_TRUE(result) << result.error().text();
    EXPECT_EQ(result->find("arithmetic")->cellCounts.contains("FAX1"), style == AdderStyle::Cells);
    const std::string gate = (options_.workDirectory / "batch_0.v").string();
    const auto run = yosys("read_liberty -ignore_miss_func \"" + std::string(kDefaultLiberty) +
                           "\"\nread_verilog \"" + gate +
                           "\"\nhierarchy -top arithmetic\nproc\nflatten\nopt\n"
                           "rename arithmetic gate\ndesign -stash gate\nread_verilog \"" +
                           source.string() +
                           "\"\nprep -top arithmetic\nrename arithmetic gold\n"
                           "design -copy-from gate -as gate gate\n"
                           "miter -equiv -make_assert -flatten gold gate miter\n"
                           "sat -verify -prove-asserts miter\n");
    EXPECT_TRUE(run.ok()) << core::lastLines(run.output, 20);
  }
}

TEST_F(Synthesis, AnyLibraryWillDoAndAddersAreFoundByFunction) {
  const auto source = write("design.v", kHierarchy);
  options_.liberty = write("small.lib", testing::smallLibrary());
  const auto result = synthesise({source}, "top", options_);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->adders, "cells: ADD3");
  EXPECT_GT(result->find("leaf")->cellCounts.at("ADD3"), 0U);
  const SynthModule& leaf = *result->find("leaf");
  double area = 0;
  const std::map<std::string, double> areas = {
      {"INV", 2}, {"NAND", 3}, {"NAND_BIG", 7}, {"DFF", 10}, {"ADD3", 12}};
  for (const auto& [cell, count] : leaf.cellCounts) {
    area += areas.at(cell) * static_cast<double>(count);
  }
  EXPECT_DOUBLE_EQ(leaf.ownArea, area);
  EXPECT_DOUBLE_EQ(result->nand2Area, 3);
}

TEST_F(Synthesis, WhatTheLibraryCannotBuildIsNamed) {
  const auto source = write("latch.v", R"(
module latch (input wire g, input wire d, output reg q); always @* if (g) q = d; endmodule
)");
  options_.liberty = write("small.lib", testing::smallLibrary());
  const auto result = synthesise({source}, "latch", options_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "netlist.unknown-cell");
  EXPECT_NE(result.error().message.find("DLATCH"), std::string::npos) << result.error().text();
}

TEST_F(Synthesis, YosysErrorsComeThroughWithTheirPlace) {
  const auto source = write("broken.v", "module top (input wire a);\n  wire b = ;\nendmodule\n");
  const auto result = synthesise({source}, "top", options_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "synth.yosys-failed");
  EXPECT_NE(result.error().message.find("broken.v:2"), std::string::npos) << result.error().text();

  const auto fine = write("fine.v", "module top (input wire a); endmodule\n");
  const auto absent = synthesise({fine}, "other", options_);
  ASSERT_FALSE(absent);
  EXPECT_NE(absent.error().message.find("other"), std::string::npos) << absent.error().text();
}

TEST_F(Synthesis, NothingToDoAndNoLibraryAreBadInput) {
  EXPECT_EQ(synthesise({}, "top", options_).error().code, "synth.no-sources");
  options_.liberty = folder_ / "none.lib";
  EXPECT_EQ(synthesise({folder_ / "x.v"}, "top", options_).error().code, "liberty.missing-file");
}

TEST_F(Synthesis, WithoutYosysItSaysWhatToInstall) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder_.c_str(), 1);
  const auto result = synthesise({folder_ / "x.v"}, "top", options_);
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().failure, core::Failure::MissingTool);
  EXPECT_NE(result.error().text().find("apt install yosys"), std::string::npos)
      << result.error().text();
}

}  // namespace
}  // namespace aegen::flows
