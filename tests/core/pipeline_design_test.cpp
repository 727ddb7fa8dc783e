#include "aegen/core/pipeline_design.hpp"

#include <gtest/gtest.h>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/verifier.hpp"
#include "random_program.hpp"
#include "test_designs.hpp"

namespace aegen::core {
namespace {

using test_common::SplitMix64;

// The top of a random program between pins, its settings in registers, twice in a row if the second
// can read the first.
Design randomDesign(std::uint64_t seed) {
  Design design{.name = "random"};
  design.program = test_common::randomProgram(seed, {.maxWidth = 24});
  const Function& top = design.program.functions.back();
  Block block{.name = "u_top", .function = top.name};
  SplitMix64 random(seed);
  for (const Port& port : top.inputs) {
    block.inputs.push_back({port.name, port.name});
    if (port.role == Role::Config) {
      ConfigField field{port.name, port.format, port.count, {}, ""};
      for (std::uint32_t k = 0; k < port.count; ++k) {
        field.reset.push_back(test_common::randomRaw(random, port.format));
      }
      design.config.push_back(field);
    } else {
      design.inputs.push_back({port.name, port.format, port.count});
    }
  }
  for (const Port& port : top.outputs) {
    block.outputs.push_back({port.name, "out_" + port.name});
    design.outputs.push_back("out_" + port.name);
  }
  block.registered = random.oneIn(2);
  design.milestones = {{"done", design.outputs.front(), block.registered ? 1 : 0}};
  design.blocks = {block};
  return design;
}

Columns randomRows(std::uint64_t seed, const Design& design, std::size_t rows) {
  SplitMix64 random(seed);
  return test_common::randomEvents(random, design.program.functions.back(), rows);
}

TEST(PipelineDesign, RandomDesignsGiveTheSameCrossingsLater) {
  int cut = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Design design = randomDesign(seed);
    if (!analyse(design)) continue;  // a setting too wide for a register
    const DelayModel model;
    const double whole = slowestStage(model, design).longest;
    Design pipelined = design;
    const auto stats = pipelineDesign(model, pipelined, whole / 1.6);
    if (!stats) {
      EXPECT_EQ(stats.error().code, "pipeline.too-fast") << stats.error().text();
      continue;
    }
    ++cut;
    const auto violations = verify(pipelined.program);
    ASSERT_TRUE(violations.empty()) << violations.front().text();
    const auto before = analyse(design);
    const auto after = analyse(pipelined);
    ASSERT_TRUE(after) << after.error().text();
    EXPECT_GE(stats->added, 1);
    EXPECT_LE(stats->slowest.longest, whole / 1.6 + 1e-6);
    EXPECT_EQ(pipelined.milestones[0].latency - design.milestones[0].latency,
              after->signal.at(design.outputs.front()) - before->signal.at(design.outputs.front()));
    DesignInterpreter expected(design);
    DesignInterpreter found(pipelined);
    const Columns rows = randomRows(seed, design, 20);
    const auto want = expected.run(rows);
    const auto have = found.run(rows);
    ASSERT_TRUE(want && have);
    EXPECT_TRUE(*want == *have);
  }
  EXPECT_GT(cut, 8);
}

TEST(PipelineDesign, WhatMeetsTheClockIsLeftAlone) {
  Design design = smallDesign();
  const std::size_t blocks = design.blocks.size();
  const auto stats = pipelineDesign(DelayModel{}, design, 1000);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->added, 0);
  EXPECT_EQ(stats->registerBits, 0U);
  EXPECT_EQ(design.blocks.size(), blocks);
  EXPECT_EQ(design.milestones[0].latency, 2);
}

TEST(PipelineDesign, LogicThroughSeveralBlocksIsOneStage) {
  Design design = smallDesign();
  design.blocks[0].registered = false;
  const DelayModel model;
  const auto whole = slowestStage(model, design);
  EXPECT_EQ(whole.block, "tagger");
  EXPECT_GT(whole.longest, delayOf(model, design.program, "scale"));
}

TEST(PipelineDesign, AClockThatNoOperationMeetsIsRefusedWithOneThatDoes) {
  Design design = smallDesign();
  const auto stats = pipelineDesign(DelayModel{}, design, 0.3);
  ASSERT_FALSE(stats);
  EXPECT_EQ(stats.error().code, "pipeline.too-fast") << stats.error().text();
  EXPECT_NE(stats.error().message.find("period of"), std::string::npos);
}

// A layer whose neurons alone are too long: they are cut, and stay functions of their own.
TEST(PipelineDesign, LongCallsAreCutAndStayCalls) {
  Design design{.name = "layer"};
  design.program = *parse(R"(func @neuron "a product and a sum" {
    event x : u12[2]
    config w : u12[2]
    %4 : u24 = mul %0, %2
    %5 : u24 = mul %1, %3
    %6 : u25 = add %4, %5
    output y : u25[1] = %6
  }
  func @layer "two neurons" {
    event x : u12[2]
    config w : u12[4]
    %6 : u25 = call @neuron %0, %1, %2, %3
    %7 : u25 = call @neuron %0, %1, %4, %5
    output y : u25[2] = %6, %7
  })");
  design.inputs = {{"x", {false, 12, 0}, 2}};
  design.config = {{"w", {false, 12, 0}, 4, {3, 5, 4095, 7}, ""}};
  design.blocks = {{.name = "u_layer",
                    .function = "layer",
                    .inputs = {{"x", "x"}, {"w", "w"}},
                    .outputs = {{"y", "y"}},
                    .registered = true}};
  design.outputs = {"y"};
  const DelayModel model;
  const double neuron = delayOf(model, design.program, "neuron");
  Design pipelined = design;
  const auto stats = pipelineDesign(model, pipelined, neuron - 0.2);
  ASSERT_TRUE(stats) << stats.error().text();
  EXPECT_EQ(stats->added, 1);
  ASSERT_NE(pipelined.program.find("neuron_s0"), nullptr);
  ASSERT_NE(pipelined.program.find("neuron_s1"), nullptr);
  EXPECT_EQ(pipelined.program.find("neuron"), nullptr);
  EXPECT_LE(stats->registerBits, 2U * (24 + 24));
  SplitMix64 random(5);
  Columns rows(2, 50);
  for (std::size_t r = 0; r < 2; ++r) {
    for (std::size_t c = 0; c < 50; ++c) rows.at(r, c) = random.between(0, 4095);
  }
  DesignInterpreter expected(design);
  DesignInterpreter found(pipelined);
  const auto want = expected.run(rows);
  const auto have = found.run(rows);
  ASSERT_TRUE(want && have);
  EXPECT_TRUE(*want == *have);
}

}  // namespace
}  // namespace aegen::core
