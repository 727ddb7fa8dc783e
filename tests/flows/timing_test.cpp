// Mapped netlists through OpenSTA, and the delay model against it.

#include "aegen/flows/timing.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "aegen/flows/synthesis.hpp"
#include "small_library.hpp"

namespace aegen::flows {
namespace {

namespace fs = std::filesystem;

class Timing : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("aegen_timing_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    if (std::getenv("KEEPME") == nullptr) fs::remove_all(folder_);
  }

  /// Maps and times one Verilog text.
  core::Result<TimingResult> time(const std::string& verilog, const std::string& top,
                                  std::vector<Corner> corners, double period = 25) {
    std::ofstream(folder_ / "design.v") << verilog;
    SynthesisOptions synthesis;
    synthesis.liberty = corners.front().liberty;
    synthesis.workDirectory = folder_ / "synth";
    const auto mapped = synthesise({folder_ / "design.v"}, top, synthesis);
    if (!mapped) return mapped.error();
    TimingOptions options;
    options.netlist = folder_ / "synth";
    options.workDirectory = folder_ / "timing";
    options.top = top;
    options.corners = std::move(corners);
    options.periodNs = period;
    return analyseTiming(options);
  }

  fs::path folder_;
};

const Corner kOsu018{"typical", fs::path(kDefaultLiberty)};
const Corner kOsu035{"old", "/usr/share/qflow/tech/osu035/osu035_stdcells.lib"};

// Functions between registers, the kinds that encoders are made of.
std::string between(const std::string& expression, int a, int b, int y) {
  const auto range = [](int width) { return "[" + std::to_string(width - 1) + ":0] "; };
  return "module f (input wire clk, input wire " + range(a) + "a, input wire " + range(b) +
         "b, output reg " + range(y) + "y);\n  reg " + range(a) + "x; reg " + range(b) +
         "w;\n  always @(posedge clk) begin x <= a; w <= b; y <= " + expression +
         "; end\nendmodule\n";
}

TEST_F(Timing, TheModelIsWithinAQuarterOfOpenStaOnMappedFunctions) {
  const auto library = loadLiberty(kOsu018.liberty);
  ASSERT_TRUE(library);
  const auto model = fitDelayModel(*library);
  ASSERT_TRUE(model);
  struct Case {
    const char* name;
    core::Op op;
    int a, b, y;
    const char* expression;
  };
  const Case cases[] = {{"add", core::Op::Add, 16, 16, 17, "x + w"},
                        {"mul", core::Op::Mul, 10, 8, 18, "x * w"},
                        {"lt", core::Op::Less, 16, 16, 1, "x < w"},
                        {"max", core::Op::Max, 12, 12, 12, "x < w ? w : x"}};
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    core::Program program;
    core::Function f;
    f.name = "f";
    f.inputs = {{"a", {false, each.a, 0}}, {"b", {false, each.b, 0}}};
    f.values = {{{false, each.a, 0}, {}}, {{false, each.b, 0}, {}}, {{false, each.y, 0}, {}}};
    core::Instruction instruction;
    instruction.op = each.op;
    instruction.operands = {0, 1};
    instruction.results = {2};
    f.instructions = {instruction};
    f.outputs = {{"y", {false, each.y, 0}, 1, core::Role::Output}};
    f.outputValues = {2};
    program.functions = {f};
    const double modelled = core::delayOf(*model, program, "f") + model->flipFlop + model->setup;
    const auto timed = time(between(each.expression, each.a, each.b, each.y), "f", {kOsu018});
    ASSERT_TRUE(timed) << timed.error().text();
    const double found = 25 - timed->corners[0].slackNs;
    RecordProperty(std::string(each.name) + "_model_ps", static_cast<int>(1000 * modelled));
    RecordProperty(std::string(each.name) + "_sta_ps", static_cast<int>(1000 * found));
    EXPECT_NEAR(modelled / found, 1, 0.25) << modelled << " ns modelled, " << found << " ns found";
  }
}

TEST_F(Timing, EveryCornerIsTimedAndThePathNamesInstances) {
  const std::string design = R"(
module leaf (input wire [7:0] a, input wire [7:0] b, output wire [8:0] y); assign y = a + b; endmodule
module top (input wire clk, input wire [7:0] a, input wire [7:0] b, output reg [9:0] y);
  reg [7:0] x, w; wire [8:0] s, t;
  leaf first (.a(x), .b(w), .y(s));
  leaf second (.a(s[8:1]), .b(w), .y(t));
  always @(posedge clk) begin x <= a; w <= b; y <= {1'b0, t}; end
endmodule
)";
  const auto timed = time(design, "top", {kOsu018, kOsu035}, 3);
  ASSERT_TRUE(timed) << timed.error().text();
  ASSERT_EQ(timed->corners.size(), 2U);
  EXPECT_GT(timed->corners[0].highestMHz, timed->corners[1].highestMHz);
  const auto& path = timed->corners[0].path;
  ASSERT_GE(path.size(), 2U);
  bool second = false;
  for (const TimingStep& step : path) {
    second = second || (step.instance == "second" && step.module == "leaf" && step.cells > 0);
  }
  EXPECT_TRUE(second) << stageJson(*timed);
  EXPECT_NEAR(1000 / timed->corners[0].highestMHz, 3 - timed->corners[0].slackNs, 1e-6);
}

TEST_F(Timing, NetsWithManySinksGetBuffers) {
  const std::string design = R"(
module top (input wire clk, input wire s, input wire [299:0] a, output reg [299:0] y);
  reg e;
  always @(posedge clk) begin e <= s; y <= e ? a : ~a; end
endmodule
)";
  const auto timed = time(design, "top", {kOsu018});
  ASSERT_TRUE(timed) << timed.error().text();
  EXPECT_GT(timed->buffers, 10U);
  EXPECT_GT(timed->bufferArea, 0);
  EXPECT_GT(timed->corners[0].slackNs, 20);  // without them one driver takes many ns
}

TEST_F(Timing, WhatCannotBeTimedIsRefused) {
  const fs::path bare = folder_ / "bare.lib";
  std::ofstream(bare) << testing::smallLibrary();
  const auto refused = time(between("x & w", 2, 2, 2), "f", {{"typical", bare}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "liberty.no-units");
  TimingOptions options;
  options.netlist = folder_ / "none";
  options.workDirectory = folder_ / "timing";
  options.corners = {kOsu018};
  EXPECT_EQ(analyseTiming(options).error().code, "netlist.missing");
}

// ---- minimal libraries, mapped
// --------------------------------------------------------------------

constexpr const char* kClocked = R"(
module top (input wire clk, input wire rst_n, input wire [3:0] a, input wire [3:0] b, output reg [4:0] y);
  always @(posedge clk) if (!rst_n) y <= 5'd0; else y <= a + b;
endmodule
)";

TEST_F(Timing, ThreeCellsAreEnoughForSynthesis) {
  const std::string inverse =
      R"lib(cell (DFFN) { area : 9; ff (P, PN) { next_state : "D"; clocked_on : "!CK"; }
    pin (D) { direction : input; } pin (CK) { direction : input; } pin (QN) { direction : output; function : "PN"; } }
)lib";
  const std::string gates = testing::inverterCell() + testing::nandCells();
  for (const std::string& flipFlop : {testing::flipFlopCell(), inverse}) {
    std::ofstream(folder_ / "mini.lib") << testing::libraryOf(gates + flipFlop);
    std::ofstream(folder_ / "design.v") << kClocked;
    SynthesisOptions options;
    options.liberty = folder_ / "mini.lib";
    options.workDirectory = folder_ / "synth";
    const auto mapped = synthesise({folder_ / "design.v"}, "top", options);
    ASSERT_TRUE(mapped) << mapped.error().text();
    EXPECT_EQ(mapped->flipFlops, 5U);
    EXPECT_EQ(mapped->adders, "logic");
  }
}

TEST_F(Timing, AnAsynchronousResetThatTheLibraryLacksIsNamed) {
  std::ofstream(folder_ / "mini.lib") << testing::smallLibrary();
  std::ofstream(folder_ / "design.v") << R"(
module top (input wire clk, input wire rst_n, input wire d, output reg q);
  always @(posedge clk or negedge rst_n) if (!rst_n) q <= 1'b0; else q <= d;
endmodule
)";
  SynthesisOptions options;
  options.liberty = folder_ / "mini.lib";
  options.workDirectory = folder_ / "synth";
  const auto mapped = synthesise({folder_ / "design.v"}, "top", options);
  ASSERT_FALSE(mapped);
  EXPECT_EQ(mapped.error().code, "synth.no-such-flip-flop") << mapped.error().text();
}

}  // namespace
}  // namespace aegen::flows
