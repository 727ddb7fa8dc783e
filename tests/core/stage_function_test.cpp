#include "aegen/core/stage_function.hpp"

#include <gtest/gtest.h>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"
#include "random_program.hpp"

namespace aegen::core {
namespace {

using test_common::SplitMix64;

// The outputs of one event through a function's stages, one after the other.
std::vector<std::int64_t> throughStages(const Program& program, const Function& whole,
                                        const std::vector<Function>& stages,
                                        const std::vector<std::int64_t>& inputs) {
  std::vector<std::int64_t> carried;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    std::vector<std::int64_t> in;
    std::size_t next = 0;
    for (const Port& port : stages[s].inputs) {
      std::size_t at = 0;
      for (const Port& each : whole.inputs) {
        if (each.name == port.name) break;
        at += each.count;
      }
      for (std::uint32_t k = 0; k < port.count; ++k) {
        const bool own = s == 0 || port.role == Role::Config;
        in.push_back(own ? inputs[at + k] : carried[next++]);
      }
    }
    const auto values = evaluate(program, stages[s], in);
    carried.clear();
    for (const ValueId value : stages[s].outputValues) carried.push_back(values[value]);
  }
  return carried;
}

std::uint64_t carriedBits(const std::vector<Function>& stages) {
  std::uint64_t bits = 0;
  for (std::size_t s = 1; s < stages.size(); ++s) {
    for (const Port& port : stages[s].inputs) {
      if (port.role == Role::Event) {
        bits += port.count * static_cast<std::uint64_t>(port.format.width);
      }
    }
  }
  return bits;
}

TEST(StageFunction, RandomFunctionsInTwoToFiveStagesComputeTheSame) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Program program = test_common::randomProgram(seed);
    const Function& top = program.functions.back();
    const DelayModel model;
    ArrivalAnalysis analysis(model, program);
    const int stages = 2 + static_cast<int>(seed % 4);
    const auto plan = planStages(analysis, top, {1000, stages, {}});
    ASSERT_TRUE(plan);
    const auto parts = stageFunctions(top, *plan);
    ASSERT_EQ(parts.size(), static_cast<std::size_t>(stages));
    Program all = program;
    all.functions.insert(all.functions.end(), parts.begin(), parts.end());
    const auto violations = verify(all);
    ASSERT_TRUE(violations.empty()) << violations.front().text();
    EXPECT_EQ(carriedBits(parts), plan->registerBits);
    SplitMix64 random(seed);
    const auto config = test_common::randomConfig(random, top);
    const auto events = test_common::randomEvents(random, top, 5);
    for (std::size_t event = 0; event < 5; ++event) {
      const auto inputs = test_common::inputsOf(top, config, events, event);
      const auto values = evaluate(program, top, inputs);
      std::vector<std::int64_t> expected;
      for (const ValueId value : top.outputValues) expected.push_back(values[value]);
      EXPECT_EQ(throughStages(program, top, parts, inputs), expected);
    }
  }
}

TEST(StageFunction, NoStageTakesLongerThanAskedAndFewerStagesWouldNotDo) {
  int cut = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Program program = test_common::randomProgram(seed, {.maxWidth = 12, .calls = false});
    const Function& top = program.functions.back();
    const DelayModel model;
    ArrivalAnalysis analysis(model, program);
    const double whole = delayOf(model, program, top.name);
    const auto plan = planStages(analysis, top, {whole / 1.6, 0, {}});
    if (!plan || whole == 0) continue;  // one operation alone is longer
    ++cut;
    EXPECT_LE(plan->longest, whole / 1.6 + 1e-6);
    EXPECT_GE(plan->stages, 2);
    EXPECT_FALSE(planStages(analysis, top, {whole / 1.6, plan->stages - 1, {}}));
    Program all = program;
    for (const Function& part : stageFunctions(top, *plan)) {
      all.functions.push_back(part);
      EXPECT_LE(delayOf(model, all, part.name), whole / 1.6 + 1e-6);
    }
  }
  EXPECT_GT(cut, 10);
}

TEST(StageFunction, RegistersGoWhereTheFewestBitsAre) {
  // Eight products and their sum: behind the products there are eight times 16 bits, behind the
  // operands sixteen times 8, behind half the tree two times 18.
  std::string text = "func @f \"t\" { event a : u8[8]\n event b : u8[8]\n";
  int next = 16;
  std::vector<int> level;
  for (int k = 0; k < 8; ++k) {
    text += "%" + std::to_string(next) + " : u16 = mul %" + std::to_string(k) + ", %" +
            std::to_string(8 + k) + "\n";
    level.push_back(next++);
  }
  for (int width = 17; level.size() > 1; ++width) {
    std::vector<int> sums;
    for (std::size_t k = 0; k + 1 < level.size(); k += 2) {
      text += "%" + std::to_string(next) + " : u" + std::to_string(width) + " = add %" +
              std::to_string(level[k]) + ", %" + std::to_string(level[k + 1]) + "\n";
      sums.push_back(next++);
    }
    level = sums;
  }
  text += "output y : u19[1] = %" + std::to_string(level[0]) + " }";
  const auto program = parse(text);
  ASSERT_TRUE(program) << program.error().text();
  const DelayModel model;
  ArrivalAnalysis analysis(model, *program);
  const Function& f = program->functions[0];
  const double whole = delayOf(model, *program, "f");
  const auto roomy = planStages(analysis, f, {whole, 2, {}});
  ASSERT_TRUE(roomy);
  EXPECT_EQ(roomy->registerBits, 19U);  // all of it before the register
  const auto tight = planStages(analysis, f, {whole - model.sum - 0.01, 2, {}});
  ASSERT_TRUE(tight);
  EXPECT_EQ(tight->registerBits, 36U);
}

TEST(StageFunction, ConstantsAndSettingsAreNotCarried) {
  const auto program = parse(R"(func @f "t" {
    event x : u4[1]
    config a : u4[1]
    %2 : u4 = const 3
    %3 : u5 = add %0, %2
    %4 : u6 = add %3, %2
    %5 : u7 = add %4, %1
    output y : u7[1] = %5
  })");
  ASSERT_TRUE(program);
  StagePlan plan{3, {0, 0, 1, 2}, 0, 0};
  const auto parts = stageFunctions(program->functions[0], plan);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[1].inputs.size(), 1U);
  EXPECT_EQ(parts[1].inputs[0].name, "cut0_u5");
  ASSERT_EQ(parts[2].inputs.size(), 2U);
  EXPECT_EQ(parts[2].inputs[1].name, "a");
  EXPECT_EQ(parts[2].inputs[1].role, Role::Config);
  EXPECT_EQ(carriedBits(parts), 5U + 6);
}

}  // namespace
}  // namespace aegen::core
