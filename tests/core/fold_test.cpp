#include "aegen/core/fold.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "aegen/core/function_builder.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/core/verifier.hpp"
#include "random_folds.hpp"
#include "random_program.hpp"

namespace aegen::core {
namespace {

using test_common::SplitMix64;

constexpr FixedFormat kByte{false, 8, 0};

// `mac`: a * b + c, big enough that sharing it pays.
Program withMac() {
  Program program;
  FunctionBuilder b(program, "mac", "a * b + c");
  const ValueId a = b.input("a", kByte)[0];
  const ValueId w = b.input("w", kByte)[0];
  const ValueId c = b.input("c", kByte)[0];
  b.output("y", kByte, b.requantize(b.add(b.mul(a, w), c), kByte, Rounding::Floor, Overflow::Wrap));
  program.functions.push_back(std::move(b).finish());
  return program;
}

// `calls` calls that wait for nobody, with `weights` weights in turn.
Function independent(Program& program, std::uint32_t calls, std::uint32_t weights) {
  FunctionBuilder b(program, "caller", "");
  const auto x = b.input("x", kByte, calls);
  const auto w = b.input("w", kByte, weights, Role::Config);
  std::vector<ValueId> y;
  for (std::uint32_t i = 0; i < calls; ++i) {
    y.push_back(b.call("mac", std::vector{x[i], w[i % weights], x[0]})[0]);
  }
  b.output("y", kByte, y);
  return std::move(b).finish();
}

std::map<std::size_t, int> phasesOf(const FoldPlan& plan) {
  std::map<std::size_t, int> phases;
  for (const FoldUnit& unit : plan.units) {
    for (std::size_t p = 0; p < unit.calls.size(); ++p) {
      if (unit.calls[p] == kNoCall) continue;
      EXPECT_TRUE(phases.emplace(unit.calls[p], static_cast<int>(p)).second) << "placed twice";
      EXPECT_EQ(plan.function.instructions[unit.calls[p]].callee, unit.callee);
    }
  }
  return phases;
}

TEST(Fold, TakesAsFewUnitsAsThePhasesAllow) {
  for (const int phases : {2, 4, 8}) {
    for (const std::uint32_t calls : {2U, 3U, 7U, 8U, 9U, 16U, 31U}) {
      SCOPED_TRACE(std::to_string(calls) + " calls in " + std::to_string(phases));
      Program program = withMac();
      const auto plan = planFold(program, independent(program, calls, 1), phases);
      ASSERT_TRUE(plan);
      const auto each = static_cast<std::uint32_t>(phases);
      EXPECT_EQ(plan->units.size(), (calls + each - 1) / each);
      EXPECT_EQ(phasesOf(*plan).size(), calls);
      EXPECT_GT(plan->saved(), 0);
    }
  }
}

TEST(Fold, FillsTheLastPhaseFirstWhereResultsNeedNoRegister) {
  Program program = withMac();
  const auto plan = planFold(program, independent(program, 3, 1), 8);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->units.size(), 1U);
  for (std::size_t p = 0; p < 8; ++p) {
    EXPECT_EQ(plan->units[0].calls[p] == kNoCall, p < 5) << "phase " << p;
  }
}

TEST(Fold, GivesAUnitCallsWithTheSameOperands) {
  Program program = withMac();
  const auto plan = planFold(program, independent(program, 8, 2), 4);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->units.size(), 2U);
  for (const FoldUnit& unit : plan->units) {
    std::set<ValueId> weights;
    for (const std::size_t call : unit.calls) {
      weights.insert(plan->function.instructions[call].operands[1]);
    }
    EXPECT_EQ(weights.size(), 1U);
  }
}

TEST(Fold, LeavesAloneWhatItsMultiplexersWouldCostMore) {
  Program program;
  FunctionBuilder invert(program, "invert", "");
  invert.output("y", kByte, invert.bitNot(invert.input("x", kByte)[0]));
  program.functions.push_back(std::move(invert).finish());
  FunctionBuilder b(program, "caller", "");
  std::vector<ValueId> y;
  for (const ValueId x : b.input("x", kByte, 16)) y.push_back(b.call("invert", std::vector{x})[0]);
  b.output("y", kByte, y);
  EXPECT_FALSE(planFold(program, std::move(b).finish(), 8));
}

TEST(Fold, OneClockIsNoFold) {
  Program program = withMac();
  EXPECT_FALSE(planFold(program, independent(program, 8, 2), 1));
}

// A chain of calls, each waiting for the one before, `length` long, `width` beside each other.
Function chains(Program& program, std::uint32_t length, std::uint32_t width) {
  FunctionBuilder b(program, "caller", "");
  auto x = b.input("x", kByte, width);
  const auto w = b.input("w", kByte, 1, Role::Config);
  for (std::uint32_t i = 0; i < length; ++i) {
    for (ValueId& value : x) {
      // Something that is not shared in between.
      value = b.call("mac", std::vector{b.bitNot(value), w[0], value})[0];
    }
  }
  b.output("y", kByte, x);
  return std::move(b).finish();
}

TEST(Fold, AChainAsLongAsThePhasesFitsALongerOneIsLeftAlone) {
  Program program = withMac();
  const auto plan = planFold(program, chains(program, 4, 1), 4);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->units.size(), 1U);
  EXPECT_FALSE(planFold(program, chains(program, 5, 1), 4));
}

TEST(Fold, AddsUnitsWhereDependenciesLeaveFewerPhases) {
  Program program = withMac();
  const auto plan = planFold(program, chains(program, 2, 3), 4);
  ASSERT_TRUE(plan);
  EXPECT_EQ(phasesOf(*plan).size(), 6U);
  EXPECT_LE(plan->units.size(), 3U);
  EXPECT_GE(plan->units.size(), 2U);
}

// The calls of shared callees that instruction `at` needs, found from the definition.
void collect(const FoldPlan& plan, const std::map<std::size_t, int>& phases, ValueId value,
             std::set<std::size_t>& found, std::set<ValueId>& seen) {
  if (!seen.insert(value).second) return;
  for (std::size_t i = 0; i < plan.function.instructions.size(); ++i) {
    const Instruction& instruction = plan.function.instructions[i];
    if (std::ranges::find(instruction.results, value) == instruction.results.end()) continue;
    if (phases.contains(i)) {
      found.insert(i);
      return;
    }
    for (const ValueId operand : instruction.operands) collect(plan, phases, operand, found, seen);
  }
}

TEST(Fold, RandomCallsNeverRunBeforeWhatTheyWaitFor) {
  int folded = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Program program = test_common::randomCalls(seed);
    for (const int phases : {2, 4, 8}) {
      const auto plan = planFold(program, program.functions.back(), phases);
      if (!plan) continue;
      ++folded;
      const auto at = phasesOf(*plan);
      for (const auto& [call, phase] : at) {
        std::set<std::size_t> before;
        std::set<ValueId> seen;
        for (const ValueId operand : plan->function.instructions[call].operands) {
          collect(*plan, at, operand, before, seen);
        }
        for (const std::size_t other : before) EXPECT_LT(at.at(other), phase);
      }
    }
  }
  EXPECT_GT(folded, 60);
}

TEST(Fold, TheSameFunctionIsAlwaysFoldedTheSameWay) {
  const Program program = test_common::randomCalls(7);
  const auto first = planFold(program, program.functions.back(), 4);
  const auto second = planFold(program, program.functions.back(), 4);
  ASSERT_EQ(first.has_value(), second.has_value());
  if (!first) return;
  ASSERT_EQ(first->units.size(), second->units.size());
  for (std::size_t i = 0; i < first->units.size(); ++i) {
    EXPECT_EQ(first->units[i].calls, second->units[i].calls);
  }
}

TEST(Fold, CallsWrittenOutComputeTheSame) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Program program = test_common::randomProgram(seed);
    const Function& top = program.functions.back();
    SplitMix64 random(seed);
    std::vector<std::string> callees;
    for (const Function& function : program.functions) {
      if (!random.oneIn(3)) callees.push_back(function.name);
    }
    Function flat = inlineCalls(program, top, callees);
    for (const Instruction& instruction : flat.instructions) {
      EXPECT_EQ(std::ranges::count(callees, instruction.callee), 0);
    }
    const auto events = test_common::randomEvents(random, top, 20);
    const auto config = test_common::randomConfig(random, top);
    for (std::size_t event = 0; event < 20; ++event) {
      const auto inputs = test_common::inputsOf(top, config, events, event);
      const auto whole = evaluate(program, top, inputs);
      const auto written = evaluate(program, flat, inputs);
      for (std::size_t i = 0; i < top.outputValues.size(); ++i) {
        ASSERT_EQ(whole[top.outputValues[i]], written[flat.outputValues[i]]) << "output " << i;
      }
    }
    program.functions.back() = flat;
    EXPECT_TRUE(checkValid(program).ok());
  }
}

TEST(Fold, ACalleeCalledOnceIsWrittenOutSoThatItsCallsCanBeShared) {
  Program program = withMac();
  Function layer = independent(program, 8, 1);
  layer.name = "layer";
  program.functions.push_back(layer);
  FunctionBuilder b(program, "outer", "");
  const auto x = b.input("x", kByte, 8);
  auto operands = x;
  operands.push_back(b.input("w", kByte, 1, Role::Config)[0]);
  b.output("y", kByte, b.call("layer", operands));
  const auto plan = planFold(program, std::move(b).finish(), 4);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->units.size(), 2U);
}

// Two stages of `first` and `second` calls, with a register in between or not.
Design twoStages(std::uint32_t first, std::uint32_t second, bool registered) {
  Design design;
  design.name = "two";
  design.clocksPerCrossing = 4;
  design.program = withMac();
  const auto stage = [&](const std::string& name, std::uint32_t calls, std::uint32_t inputs) {
    FunctionBuilder b(design.program, name, "");
    const auto x = b.input("x", kByte, inputs);
    std::vector<ValueId> y;
    for (std::uint32_t i = 0; i < calls; ++i) {
      y.push_back(b.call("mac", std::vector{x[i % inputs], x[0], x[(i + 1) % inputs]})[0]);
    }
    b.output("y", kByte, y);
    design.program.functions.push_back(std::move(b).finish());
  };
  stage("one", first, 4);
  stage("two", second, first);
  design.inputs = {{"a", kByte, 4}};
  design.blocks = {{.name = "u_one",
                    .function = "one",
                    .inputs = {{"x", "a"}},
                    .outputs = {{"y", "b"}},
                    .registered = registered},
                   {.name = "u_two",
                    .function = "two",
                    .inputs = {{"x", "b"}},
                    .outputs = {{"y", "c"}},
                    .registered = true}};
  design.outputs = {"c"};
  return design;
}

TEST(FoldBlocks, FoldsBothSidesOfARegister) {
  const auto plans = foldBlocks(twoStages(8, 16, true));
  EXPECT_TRUE(plans[0]);
  EXPECT_TRUE(plans[1]);
}

TEST(FoldBlocks, WithoutARegisterFoldsTheOneThatSavesMore) {
  const auto second = foldBlocks(twoStages(8, 24, false));
  EXPECT_FALSE(second[0]);
  EXPECT_TRUE(second[1]);
  const auto first = foldBlocks(twoStages(24, 8, false));
  EXPECT_TRUE(first[0]);
  EXPECT_FALSE(first[1]);
}

TEST(FoldBlocks, RefusesClocksThatAreNoPowerOfTwo) {
  Design design = twoStages(8, 8, true);
  for (const int clocks : {1, 2, 4, 8}) {
    design.clocksPerCrossing = clocks;
    EXPECT_TRUE(analyse(design).ok()) << clocks;
  }
  for (const int clocks : {-1, 0, 3, 6, 16}) {
    design.clocksPerCrossing = clocks;
    const auto timing = analyse(design);
    ASSERT_FALSE(timing.ok()) << clocks;
    EXPECT_EQ(timing.error().code, "design.reuse");
  }
}

}  // namespace
}  // namespace aegen::core
