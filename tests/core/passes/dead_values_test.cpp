#include "aegen/core/passes/dead_values.hpp"

#include <gtest/gtest.h>

#include "pass_checks.hpp"

namespace aegen::core::passes {
namespace {

TEST(DeadValues, KeepsEveryBitOfRandomProgramsAndDesignsAndIsIdempotent) {
  checkPass("dead_values");
}

TEST(DeadValues, CutsBitsThatNobodyReadsThroughSumsAndProducts) {
  const std::string text = after(R"(func @top "" {
    event x : u8[3]
    %3 : u16 = mul %0, %1
    %4 : u17 = add %3, %2
    %5 : u3 = slice 2 %4
    output y : u3[1] = %5
  })",
                                 dropDeadValues);
  EXPECT_EQ(text, R"(func @top "" {
  event x : u8[3]
  %3 : u5 = reinterpret %0
  %4 : u5 = reinterpret %1
  %5 : u5 = mul %3, %4
  %6 : u5 = reinterpret %2
  %7 : u5 = add %5, %6
  %8 : u3 = slice 2 %7
  output y : u3[1] = %8
}
)");
}

TEST(DeadValues, TakesDeadElementsOutOfPorts) {
  const std::string text = after(R"(func @two "" {
    event a : u8[3]
    config w : u4[1]
    %4 : u12 = mul %0, %3
    %5 : u9 = add %1, %2
    output p : u12[1] = %4
    output s : u9[2] = %5, %5
  }
  func @top "" {
    event x : u8[3]
    config w : u4[1]
    %4 : u12, %5 : u9, %6 : u9 = call @two %0, %1, %2, %3
    output y : u9[1] = %6
  })",
                                 dropDeadValues);
  EXPECT_EQ(text, R"(func @two "" {
  event a : u8[2]
  %2 : u9 = add %0, %1
  output s : u9[1] = %2
}

func @top "" {
  event x : u8[3]
  config w : u4[1]
  %4 : u9 = call @two %1, %2
  output y : u9[1] = %4
}
)");
}

TEST(DeadValues, OfTwoOperandsThatBothDecideABitKeepsOne) {
  // Bit 0 of both sums is 0; each would make the other's unread.
  const std::string text = after(R"(func @top "" {
    event x : u4[2]
    %2 : u5 = shl 1 %0
    %3 : u5 = shl 1 %1
    %4 : u5 = and %2, %3
    output y : u5[1] = %4
  })",
                                 dropDeadValues);
  EXPECT_NE(text.find("and"), std::string::npos);
}

}  // namespace
}  // namespace aegen::core::passes
