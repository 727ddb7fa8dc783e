#include "aegen/core/passes/narrow_widths.hpp"

#include <gtest/gtest.h>

#include "pass_checks.hpp"

namespace aegen::core::passes {
namespace {

TEST(NarrowWidths, KeepsEveryBitOfRandomProgramsAndDesignsAndIsIdempotent) {
  checkPass("narrow_widths");
}

TEST(NarrowWidths, GivesValuesAndPortsTheFormatsTheirIntervalsNeed) {
  const std::string text = after(R"(func @add "" {
    event a : s12[2]
    %2 : s12 = add %0, %1
    output y : s12[1] = %2
  }
  func @top "" {
    event x : u4[2]
    %2 : s12 = reinterpret %0
    %3 : s12 = reinterpret %1
    %4 : s12 = call @add %2, %3
    output y : s12[1] = %4
  })",
                                 narrowWidths);
  EXPECT_EQ(text, R"(func @add "" {
  event a : u4[2]
  %2 : u5 = add %0, %1
  output y : u5[1] = %2
}

func @top "" {
  event x : u4[2]
  %2 : u5 = call @add %0, %1
  %3 : s12 = reinterpret %2
  output y : s12[1] = %3
}
)");
}

TEST(NarrowWidths, KnowsBitsThatIntervalsDoNot) {
  // The mask leaves bits 2 and 3: the interval 0..12, not 0..255.
  const std::string text = after(R"(func @top "" {
    event x : u8[2]
    %2 : u8 = const 12
    %3 : u8 = and %0, %2
    %4 : u8 = or %3, %2
    %5 : u9 = add %4, %1
    %6 : u9 = sub %5, %1
    output y : u8[1] = %4
    output z : u9[1] = %6
  })",
                                 narrowWidths);
  EXPECT_NE(text.find(": u4 = and"), std::string::npos) << text;
}

TEST(NarrowWidths, LeavesSaturationWhereItIs) {
  const std::string text = after(R"(func @top "" {
    event x : s9[1]
    %1 : s9 = const 100
    %2 : s9 = min %0, %1
    %3 : s9 = const 0
    %4 : s9 = max %2, %3
    %5 : s10 = requantize floor saturate %4
    %6 : s4 = requantize floor saturate %0
    output y : s10[1] = %5
    output z : s4[1] = %6
  })",
                                 narrowWidths);
  EXPECT_NE(text.find(": u7 = requantize floor saturate"), std::string::npos) << text;
  EXPECT_NE(text.find(": s4 = requantize floor saturate"), std::string::npos) << text;
}

}  // namespace
}  // namespace aegen::core::passes
