#include "aegen/core/passes/fold_constants.hpp"

#include <gtest/gtest.h>

#include "pass_checks.hpp"

namespace aegen::core::passes {
namespace {

TEST(FoldConstants, KeepsEveryBitOfRandomProgramsAndDesignsAndIsIdempotent) {
  checkPass("fold_constants");
}

TEST(FoldConstants, AppliesIdentitiesAndDecidesComparisons) {
  const std::string text = after(R"(func @top "" {
    event x : u8[1]
    %1 : u8 = const 0
    %2 : u8 = const 8
    %3 : u9 = add %1, %0
    %4 : u12 = mul %2, %0
    %5 : u10 = const 300
    %6 : u1 = lt %5, %3
    %7 : u12 = select %6, %5, %4
    %8 : u12 = min %7, %7
    %9 : u8 = and %0, %1
    %10 : u12 = add %8, %9
    %11 : u12 = requantize nearest_even saturate %10
    output y : u12[1] = %11
  })",
                                 foldConstants);
  EXPECT_EQ(text, R"(func @top "" {
  event x : u8[1]
  %1 : u12 = shl 3 %0
  output y : u12[1] = %1
}
)");
}

TEST(FoldConstants, ClonesAFunctionForCallsWithKnownArguments) {
  const std::string text = after(R"(func @neuron "a sum" {
    event x : u4[2]
    config w : s4[2]
    %4 : s8 = mul %0, %2
    %5 : s8 = mul %1, %3
    %6 : s9 = add %4, %5
    output y : s9[1] = %6
  }
  func @top "" {
    event x : u4[2]
    config w : s4[2]
    %4 : u4 = const 0
    %5 : s9 = call @neuron %0, %1, %2, %3
    %6 : s9 = call @neuron %0, %4, %2, %3
    %7 : s9 = call @neuron %1, %4, %2, %3
    %8 : s9 = call @neuron %4, %4, %2, %3
    output y : s9[4] = %5, %6, %7, %8
  })",
                                 foldConstants);
  // The same zeros share a clone; where all is zero the call's result is a constant.
  EXPECT_EQ(text.find("@neuron_4"), std::string::npos) << text;
  const Program folded = parsed(text);
  EXPECT_EQ(folded.find("neuron")->instructions.size(), 3U);
  EXPECT_EQ(folded.find("neuron_2")->instructions.size(), 2U) << text;
  EXPECT_NE(text.find("output y : s9[4] = %"), std::string::npos);
  EXPECT_NE(text.find(": s9 = const 0"), std::string::npos) << text;
}

TEST(FoldConstants, BringsConstantsOutOfFunctions) {
  const std::string text = after(R"(func @relu "" {
    event x : s4[1]
    %1 : s4 = const 0
    %2 : s4 = max %0, %1
    output y : s4[1] = %2
  }
  func @top "" {
    event x : u4[1]
    %1 : s4 = const -3
    %2 : s4 = call @relu %1
    %3 : u5 = add %0, %2
    output y : u5[1] = %3
  })",
                                 foldConstants);
  EXPECT_NE(text.find(": u5 = reinterpret %0"), std::string::npos) << "x + relu(-3) is x:\n"
                                                                      << text;
}

}  // namespace
}  // namespace aegen::core::passes
