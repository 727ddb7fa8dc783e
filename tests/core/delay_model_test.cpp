#include "aegen/core/delay_model.hpp"

#include <gtest/gtest.h>

#include "aegen/core/text.hpp"
#include "random_program.hpp"

namespace aegen::core {
namespace {

// Round numbers, so that a path's delay says what is on it.
DelayModel roundModel() {
  return {"test", 1, 10, 100, 1000, 10000, 0, 3, 5};
}

double delay(const std::string& text) {
  const auto program = parse(text);
  EXPECT_TRUE(program) << program.error().text();
  return delayOf(roundModel(), *program, program->functions.back().name);
}

TEST(DelayModel, AddersRippleFromTheLowestBit) {
  // A half adder below, full adders above: its carry, two carries, the last sum.
  EXPECT_EQ(
      delay("func @f \"t\" { event x : u4[2]\n %2 : u4 = add %0, %1\n output y : u4[1] = %2 }"),
      1 + 2 * 100 + 1000);
}

TEST(DelayModel, ASumOfSumsOverlapsWithTheFirst) {
  // Each bit of the second adder waits for one of the first, not for the last.
  const double two = delay(
      "func @f \"t\" { event x : u16[3]\n %3 : u16 = add %0, %1\n %4 : u16 = add %3, %2\n"
      " output y : u16[1] = %4 }");
  EXPECT_LT(two, 1 + 14 * 100 + 2 * 1000 + 2 * 100);
  EXPECT_GT(two, 1 + 14 * 100 + 1000);
}

TEST(DelayModel, WiresAndConstantsTakeNoTime) {
  EXPECT_EQ(delay("func @f \"t\" { event x : u8[1]\n %1 : u4 = slice 2 %0\n %2 : u4 = const 5\n"
                  " %3 : u8 = concat %2, %1\n output y : u8[1] = %3 }"),
            0);
  // x + 32 is two wires short: only the bits from the constant's one on are added.
  EXPECT_EQ(delay("func @f \"t\" { event x : u4[1]\n %1 : u8 = const 32\n %2 : u8 = add %0, %1\n"
                  " output y : u8[1] = %2 }"),
            0);
}

TEST(DelayModel, SettingsAreThereSinceLong) {
  EXPECT_EQ(delay("func @f \"t\" { event s : u1[1]\n config a : u4[2]\n %3 : u4 = add %1, %2\n"
                  " %4 : u4 = select %0, %3, %1\n output y : u4[1] = %4 }"),
            10000);
  EXPECT_EQ(
      delay("func @f \"t\" { config a : u4[2]\n %2 : u4 = add %0, %1\n output y : u4[1] = %2 }"),
      0);
}

TEST(DelayModel, AProductWithAConstantCostsItsDigits) {
  const auto times = [](const std::string& constant) {
    return delay("func @f \"t\" { event x : u6[1]\n %1 : s8 = const " + constant +
                 "\n %2 : s14 = mul %0, %1\n output y : s14[1] = %2 }");
  };
  EXPECT_EQ(times("16"), 0);
  EXPECT_LT(times("5"), times("85"));
  EXPECT_LT(times("5"), delay("func @f \"t\" { event x : u6[1]\n event k : s8[1]\n"
                              " %2 : s14 = mul %0, %1\n output y : s14[1] = %2 }"));
}

TEST(DelayModel, CallsAreLookedInto) {
  const std::string add =
      "func @g \"t\" { event x : u4[2]\n %2 : u4 = add %0, %1\n output y : u4[1] = %2 }\n";
  EXPECT_EQ(delay(add + "func @f \"t\" { event x : u4[2]\n %2 : u4 = call @g %0, %1\n"
                        " output y : u4[1] = %2 }"),
            1201);
}

TEST(DelayModel, AValueIsNeverReadyBeforeWhatItIsMadeOf) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Program program = test_common::randomProgram(seed);
    const Function& top = program.functions.back();
    const DelayModel model;
    ArrivalAnalysis analysis(model, program);
    const auto at = analysis.ofFunction(top, ArrivalAnalysis::registeredInputs(top));
    for (const Instruction& each : top.instructions) {
      if (each.op != Op::Xor) continue;
      double last = kConstant;
      for (const ValueId operand : each.operands) last = std::max(last, latest(at[operand]));
      EXPECT_GE(latest(at[each.results[0]]), last);
    }
    for (const auto& bits : at) EXPECT_LT(latest(bits), 1e4);
  }
}

}  // namespace
}  // namespace aegen::core
