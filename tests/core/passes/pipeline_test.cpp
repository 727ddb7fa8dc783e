#include "aegen/core/passes/pipeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "aegen/core/text.hpp"
#include "pass_checks.hpp"
#include "test_designs.hpp"

namespace aegen::core::passes {
namespace {

TEST(Pipeline, TheDefaultPassesKeepEveryBitOfRandomProgramsAndDesigns) {
  for (std::uint64_t seed = firstSeed(); seed < firstSeed() + 60; ++seed) {
    SCOPED_TRACE("AEGEN_SEED=" + std::to_string(seed));
    const Program before = randomSubject(seed);
    Program after = before;
    ASSERT_TRUE(runPasses(after, test_common::kTop, defaultPasses()).ok());
    expectSameBits(before, after, test_common::kTop, seed);
    const Design design = randomDesign(seed);
    Design smaller = design;
    const auto report = runPasses(smaller, defaultPasses());
    ASSERT_TRUE(report.ok()) << report.error().text();
    expectSameBits(design, smaller, seed);
    // What a pass starts from is what the one before it left.
    for (std::size_t i = 1; i < report->runs.size(); ++i) {
      EXPECT_EQ(report->runs[i].before, report->runs[i - 1].after);
    }
    EXPECT_EQ(report->runs.back().after, statisticsOf(smaller));
    EXPECT_LE(report->runs.back().after.valueBits, report->runs.front().before.valueBits);
    EXPECT_LE(report->runs.back().after.operations, report->runs.front().before.operations);
    if (HasFailure()) return;
  }
}

TEST(Pipeline, CountsFunctionsAsOftenAsTheyAreUsed) {
  const Program program = parsed(R"(func @twice "" {
    event x : u4[1]
    %1 : u5 = add %0, %0
    output y : u5[1] = %1
  }
  func @unused "" {
    event x : u4[1]
    %1 : u8 = mul %0, %0
    output y : u8[1] = %1
  }
  func @top "" {
    event a : u4[2]
    %2 : u5 = call @twice %0
    %3 : u5 = call @twice %1
    %4 : u6 = reinterpret %3
    %5 : u2 = const 3
    %6 : u6 = add %2, %4
    output y : u6[1] = %6
  })");
  const PassStatistics statistics = statisticsOf(program, "top");
  EXPECT_EQ(statistics.operations, 3U);
  EXPECT_EQ(statistics.valueBits, 5U + 5U + 6U);
  EXPECT_EQ(statistics.calls, 2U);
  EXPECT_EQ(statistics.functions, 2U);
  EXPECT_EQ(statistics.registerBits, 0U);
}

TEST(Pipeline, CountsPipelineRegistersAndDelays) {
  // A registered counter of the crossing (a state block, not counted) makes both charges wait a
  // clock: 2 x u12; the word leaves through 13 bits.
  EXPECT_EQ(statisticsOf(smallDesign()).registerBits, 2U * 12U + 13U);
}

TEST(Pipeline, NamesAPassThatDoesNotExistAndThoseThatDo) {
  const auto passes = parsePasses("fold_constants,flod");
  ASSERT_FALSE(passes.ok());
  EXPECT_EQ(passes.error().code, "passes.unknown");
  EXPECT_NE(passes.error().text().find("'flod'"), std::string::npos);
  EXPECT_NE(passes.error().text().find("dead_values"), std::string::npos);
}

TEST(Pipeline, ReadsListsNoneAndDefault) {
  EXPECT_TRUE(parsePasses("none")->empty());
  EXPECT_EQ(*parsePasses("default"), defaultPasses());
  EXPECT_EQ(*parsePasses("dead_values,fold_constants"),
            (std::vector<std::string>{"dead_values", "fold_constants"}));
  EXPECT_FALSE(parsePasses("dead_values,").ok());
  EXPECT_FALSE(parsePasses("none,dead_values").ok());
}

TEST(Pipeline, NoPassesLeaveADesignAsItIs) {
  Design design = smallDesign();
  const Program before = design.program;
  const auto report = runPasses(design, {});
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->empty());
  EXPECT_EQ(design.program, before);
}

TEST(Pipeline, DropsSignalElementsAndBitsThatNoBlockReads) {
  Design design{.name = "chain"};
  design.program = parsed(R"(func @make "" {
    event x : u8[1]
    %1 : u8 = const 5
    %2 : u16 = mul %0, %0
    output y : u16[1] = %2
    output k : u8[2] = %1, %0
  }
  func @use "" {
    event y : u16[1]
    event k : u8[2]
    %3 : u4 = slice 0 %0
    %4 : u9 = add %1, %1
    %5 : u13 = concat %3, %4
    output z : u13[1] = %5
  })");
  design.inputs = {{"x", {false, 8, 0}, 1}};
  design.blocks = {{.name = "maker",
                    .function = "make",
                    .inputs = {{"x", "x"}},
                    .outputs = {{"y", "square"}, {"k", "pair"}},
                    .registered = true},
                   {.name = "user",
                    .function = "use",
                    .inputs = {{"y", "square"}, {"k", "pair"}},
                    .outputs = {{"z", "z"}}}};
  design.outputs = {"z"};
  const Design before = design;
  ASSERT_TRUE(runPasses(design, defaultPasses()).ok());
  expectSameBits(before, design, 1);
  // 10 is a constant of the user; of the square it reads four bits.
  const std::vector<Signal> signals = signalsOf(design);
  ASSERT_EQ(signals.size(), 3U);
  EXPECT_EQ(signals[1], (Signal{"square", {false, 4, 0}, 1}));
  EXPECT_EQ(statisticsOf(before).registerBits, 32U);
  EXPECT_EQ(statisticsOf(design).registerBits, 4U);
}

TEST(Pipeline, KeepsLatenciesWhereALateSignalIsAConstant) {
  Design design{.name = "late"};
  design.program = parsed(R"(func @seven "" {
    event x : u8[1]
    %1 : u8 = const 7
    output y : u8[1] = %1
  }
  func @sum "" {
    event x : u8[1]
    event y : u8[1]
    %2 : u9 = add %0, %1
    output z : u9[1] = %2
  })");
  design.inputs = {{"x", {false, 8, 0}, 1}};
  design.blocks = {{.name = "first",
                    .function = "seven",
                    .inputs = {{"x", "x"}},
                    .outputs = {{"y", "seven"}},
                    .registered = true},
                   {.name = "second",
                    .function = "sum",
                    .inputs = {{"x", "x"}, {"y", "seven"}},
                    .outputs = {{"z", "z"}}}};
  design.outputs = {"z"};
  const Design before = design;
  const auto report = runPasses(design, defaultPasses());
  ASSERT_TRUE(report.ok());
  expectSameBits(before, design, 1);  // and the clock at which z leaves
  EXPECT_TRUE(std::ranges::any_of(report->runs, &PassRun::keptWiring));
}

TEST(Pipeline, TwoBlocksOfOneFunctionKeepOneWhereNothingTellsThemApart) {
  Design design = smallDesign();
  design.blocks.push_back({.name = "again",
                           .function = "scale",
                           .inputs = {{"charge", "charge"}, {"factor", "factor"}},
                           .outputs = {{"scaled", "scaled_again"}}});
  design.outputs.push_back("scaled_again");
  const Design before = design;
  ASSERT_TRUE(runPasses(design, {"share_values"}).ok());
  expectSameBits(before, design, 1);
  EXPECT_EQ(design.program.functions.size(), 2U);
}

}  // namespace
}  // namespace aegen::core::passes
