#include "aegen/core/passes/share_values.hpp"

#include <gtest/gtest.h>

#include "pass_checks.hpp"

namespace aegen::core::passes {
namespace {

TEST(ShareValues, KeepsEveryBitOfRandomProgramsAndDesignsAndIsIdempotent) {
  checkPass("share_values");
}

TEST(ShareValues, ComputesOnceWhatIsComputedTwice) {
  const std::string text = after(R"(func @top "" {
    event x : u8[2]
    %2 : u1 = lt %0, %1
    %3 : u1 = le %1, %0
    %4 : u1 = lt %0, %1
    %5 : u9 = add %0, %1
    %6 : u9 = add %1, %0
    %7 : u10 = add %5, %6
    output y : u1[3] = %2, %3, %4
    output z : u10[1] = %7
  })",
                                 shareValues);
  EXPECT_EQ(text, R"(func @top "" {
  event x : u8[2]
  %2 : u1 = lt %0, %1
  %3 : u1 = not %2
  %4 : u9 = add %0, %1
  %5 : u10 = add %4, %4
  output y : u1[3] = %2, %3, %2
  output z : u10[1] = %5
}
)");
}

TEST(ShareValues, KeepsOneOfTheSameFunctionsAndOneOfTheSameCalls) {
  const std::string text = after(R"(func @code "a float code" {
    event x : u8[1]
    %1 : u3 = leading_one %0
    output e : u3[1] = %1
  }
  func @code_again "another" {
    event x : u8[1]
    %1 : u3 = leading_one %0
    output e : u3[1] = %1
  }
  func @top "" {
    event x : u8[1]
    %1 : u3 = call @code %0
    %2 : u3 = call @code_again %0
    %3 : u4 = add %1, %2
    output y : u4[1] = %3
  })",
                                 shareValues);
  const Program shared = parsed(text);
  EXPECT_EQ(shared.functions.size(), 2U);
  EXPECT_EQ(shared.functions.back().instructions.size(), 2U) << text;
}

TEST(ShareValues, DoesNotTakeASubtractionOrAShiftForItsReverse) {
  const std::string text = after(R"(func @top "" {
    event x : u4[2]
    %2 : s5 = sub %0, %1
    %3 : s5 = sub %1, %0
    %4 : u5 = add %0, %1
    %5 : u4 = add %0, %1
    output y : s5[2] = %2, %3
    output z : u5[1] = %4
    output w : u4[1] = %5
  })",
                                 shareValues);
  EXPECT_EQ(parsed(text).functions.back().instructions.size(), 4U) << text;
}

}  // namespace
}  // namespace aegen::core::passes
