#include "aegen/core/text.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "aegen/core/verifier.hpp"
#include "random_program.hpp"

namespace aegen::core {
namespace {

TEST(Text, ParsesWhatItPrints) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Program program = test_common::randomProgram(
        seed, {.functions = 1 + static_cast<int>(seed % 4), .maxWidth = seed % 3 == 0 ? 63 : 30});
    const std::string printed = print(program);
    SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + printed);
    const Result<Program> read = parse(printed);
    ASSERT_TRUE(read.ok()) << read.error().text();
    ASSERT_TRUE(*read == program);
  }
}

TEST(Text, PrintsTheDocumentedForm) {
  const char* const kText = R"(func @neuron "one dense output" {
  event x : u8.7[2]
  config w : s6.5[2]
  name %0 pedestal
  %4 prod : s14.12 = mul %0, %2
  %5 : s14.12 = mul %1, %3
  %6 : s15.12 = add %4, %5
  %7 : u9.8 = requantize floor saturate %6
  %8 : u4 = slice 4 %7
  %9 : u3 = lookup [1, 2, 7] %8
  %10 : s6.-2 = const -32
  output y : u9.8[1] = %7
  output z : u3[2] = %9, %9
  output k : s6.-2[1] = %10
}

func @caller "" {
  event x : u8.7[4]
  %4 : s6.5 = const -3
  %5 a : u9.8, %6 : u3, %7 b : u3, %8 : s6.-2 = call @neuron %0, %1, %4, %4
  output y : u9.8[1] = %5
}
)";
  const Result<Program> program = parse(kText);
  ASSERT_TRUE(program.ok()) << program.error().text();
  EXPECT_TRUE(verify(*program).empty()) << verify(*program).front().text();
  EXPECT_EQ(print(*program), kText);
  EXPECT_EQ(program->functions[0].comment, "one dense output");
  EXPECT_EQ(program->functions[0].values[0].name, "pedestal");
  EXPECT_EQ(program->functions[1].instructions[1].results.size(), 4U);
}

TEST(Text, CallsWithoutArgumentsAndConstantsEndWithTheirLine) {
  const Result<Program> program = parse(R"(func @nine "a constant" {
  %0 : u4 = const 9
  output y : u4[1] = %0
}
func @top "" {
  %0 : u4 = call @nine   # no arguments
  %1 : u4 = call @nine
  %2 : u5 = add %0, %1
  output y : u5[1] = %2
})");
  ASSERT_TRUE(program.ok()) << program.error().text();
  EXPECT_TRUE(verify(*program).empty());
  EXPECT_TRUE(program->functions[1].instructions[0].operands.empty());
}

TEST(Text, IgnoresCommentsAndSpacing) {
  const Result<Program> tidy = parse(
      "func @f \"x # no comment\" {\n  event a : u3[1]\n"
      "  %1 : u3 = not %0\n  output y : u3[1] = %1\n}\n");
  const Result<Program> loose = parse(
      "# a file\n\nfunc   @f\t\"x # no comment\"{ # here\n"
      "event a:u3[ 1 ]#there\r\n%1:u3=not %0 # complement\n"
      "output y:u3[1]=%1}#end");
  ASSERT_TRUE(tidy.ok()) << tidy.error().text();
  ASSERT_TRUE(loose.ok()) << loose.error().text();
  EXPECT_TRUE(*tidy == *loose);
  EXPECT_EQ(tidy->functions[0].comment, "x # no comment");
}

TEST(Text, NothingIsAnEmptyProgram) {
  const Result<Program> program = parse("  # nothing\n");
  ASSERT_TRUE(program.ok());
  EXPECT_TRUE(program->functions.empty());
}

struct BadText {
  const char* name;
  const char* text;
  const char* where;
  const char* message;
};

void PrintTo(const BadText& test, std::ostream* out) {
  *out << test.name;
}

class SyntaxErrors : public testing::TestWithParam<BadText> {};

TEST_P(SyntaxErrors, GiveLineAndColumn) {
  const BadText& bad = GetParam();
  const Result<Program> program = parse(bad.text);
  ASSERT_FALSE(program.ok());
  EXPECT_EQ(program.error().code, "ir.syntax");
  EXPECT_EQ(program.error().failure, Failure::BadInput);
  EXPECT_EQ(program.error().where, bad.where);
  EXPECT_NE(program.error().message.find(bad.message), std::string::npos)
      << program.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Text, SyntaxErrors,
    testing::Values(
        BadText{"NoFunction", "\n  program", "line 2, column 3", "expected 'func'"},
        BadText{"NoName", "func neuron", "line 1, column 6", "expected '@'"},
        BadText{"NoComment", "func @f {", "line 1, column 9", "expected '\"'"},
        BadText{"Unclosed", "func @f \"\" {\n", "line 2, column 1", "expected"},
        BadText{"OpenString", "func @f \"abc", "line 1, column 13", "expected '\"'"},
        BadText{"Format", "func @f \"\" {\n  event a : v8[1]\n}", "line 2, column 13",
                "expected a format"},
        BadText{"TooWide", "func @f \"\" {\n  event a : u64[1]\n}", "line 2, column 13",
                "expected a format"},
        BadText{"Bracket", "func @f \"\" {\n  event a : u8\n}", "line 3, column 1", "expected '['"},
        BadText{"TooMany", "func @f \"\" {\n  event a : u8[70000]\n}", "line 2, column 16",
                "65536"},
        BadText{"Number", "func @f \"\" {\n  %0 : u8 = const x\n}", "line 2, column 19",
                "expected a number"},
        BadText{"Operation", "func @f \"\" {\n  event a : u8[1]\n  %1 : u8 = frob %0\n}",
                "line 3, column 13", "unknown operation"},
        BadText{"Order", "func @f \"\" {\n  event a : u8[1]\n  %2 : u8 = not %0\n}",
                "line 3, column 3", "numbered in order"},
        BadText{"Mode", "func @f \"\" {\n event a : u8[1]\n %1 : u8 = requantize up wrap %0\n}",
                "line 3, column 23", "rounding"},
        BadText{"Table", "func @f \"\" {\n event a : u8[1]\n %1 : u8 = lookup [1, 2 %0\n}",
                "line 3, column 25", "expected ']'"},
        BadText{"Name", "func @f \"\" {\n name %3 x\n}", "line 2, column 7", "no such value"},
        BadText{"Keyword", "func @f \"\" {\n  evnt a : u8[1]\n}", "line 2, column 3",
                "expected 'event'"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Text, SurvivesEveryTruncationAndManyMutations) {
  const std::string text = print(test_common::randomProgram(77, {.functions = 2}));
  const std::uint64_t seed = 4;
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (std::size_t length = 0; length < text.size(); length += 3) {
    (void)parse(text.substr(0, length)).ok();
  }
  test_common::SplitMix64 random(seed);
  for (int i = 0; i < 1000; ++i) {
    std::string mutated = text;
    for (int n = random.between(1, 4); n > 0; --n) {
      mutated[random.below(mutated.size())] = "%@[]{},:=\"\\#\n 09azu."[random.below(19)];
    }
    const Result<Program> program = parse(mutated);
    // Whatever is accepted has one text, which reads back.
    if (program.ok() && verify(*program).empty()) {
      const Result<Program> again = parse(print(*program));
      ASSERT_TRUE(again.ok()) << again.error().text() << "\n" << mutated;
      ASSERT_TRUE(*again == *program) << mutated;
    }
  }
}

}  // namespace
}  // namespace aegen::core
