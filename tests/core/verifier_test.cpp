#include "aegen/core/verifier.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <set>
#include <string>

#include "aegen/core/text.hpp"
#include "random_program.hpp"

namespace aegen::core {
namespace {

TEST(RandomPrograms, AreAcceptedAndUseEveryOp) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Program program = test_common::randomProgram(
        seed, {.functions = 1 + static_cast<int>(seed % 4),
               .instructions = static_cast<int>(seed % 50),
               .maxWidth = seed % 5 == 0 ? kMaxWidth : 1 + static_cast<int>(seed % 40)});
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::vector<Diagnostic> problems = verify(program);
    ASSERT_TRUE(problems.empty()) << problems.front().text() << "\n" << print(program);
    EXPECT_TRUE(checkValid(program).ok());
    std::set<Op> used;
    for (const Instruction& instruction : program.functions.back().instructions) {
      used.insert(instruction.op);
    }
    EXPECT_EQ(used.size(), kOpTable.size() - (program.functions.size() == 1 ? 1 : 0));
  }
}

// A correct program that each case below breaks in one place.
Program sound() {
  const Result<Program> program = parse(R"(func @inner "twice" {
    event x : u8[1]
    %1 : u9 = shl 1 %0
    output y : u9[1] = %1
  }
  func @top "all" {
    event x : u8[2]
    config c : s6.5[1]
    name %0 first
    %3 sum : u9 = add %0, %1
    %4 product : s14.5 = mul %0, %2
    %5 : u9 = call @inner %0
    %6 : u1 = lt %0, %1
    %7 : u8 = select %6, %0, %1
    output y : u9[1] = %5
    output z : u8[1] = %7
  })");
  EXPECT_TRUE(program.ok()) << program.error().text();
  return *program;
}

TEST(Verifier, AcceptsTheProgramTheCasesBreak) {
  EXPECT_TRUE(verify(sound()).empty()) << verify(sound()).front().text();
}

struct BrokenProgram {
  const char* name;
  const char* code;
  std::function<void(Program&)> change;
};

void PrintTo(const BrokenProgram& test, std::ostream* out) {
  *out << test.name;
}

class BrokenPrograms : public testing::TestWithParam<BrokenProgram> {};

TEST_P(BrokenPrograms, AreRefusedWithTheRulesCode) {
  Program program = sound();
  GetParam().change(program);
  const std::vector<Diagnostic> problems = verify(program);
  const auto found = std::ranges::find(problems, GetParam().code, &Diagnostic::code);
  std::string all;
  for (const Diagnostic& problem : problems) all += problem.text() + "\n";
  ASSERT_NE(found, problems.end()) << "reported: " << all;
  EXPECT_EQ(found->where.substr(0, 1), "@");
  EXPECT_FALSE(found->message.empty());
  EXPECT_FALSE(checkValid(program).ok());
}

Function& top(Program& p) {
  return p.functions[1];
}
Instruction& at(Program& p, std::size_t i) {
  return top(p).instructions[i];
}

INSTANTIATE_TEST_SUITE_P(
    Structure, BrokenPrograms,
    testing::Values(
        BrokenProgram{"FunctionName", "ir.name", [](Program& p) { top(p).name = "2top"; }},
        BrokenProgram{"NoFunctionName", "ir.name", [](Program& p) { top(p).name = ""; }},
        BrokenProgram{"FunctionTwice", "ir.name", [](Program& p) { top(p).name = "inner"; }},
        BrokenProgram{"PortName", "ir.name", [](Program& p) { top(p).inputs[0].name = "a-b"; }},
        BrokenProgram{"PortTwice", "ir.name", [](Program& p) { top(p).outputs[0].name = "x"; }},
        BrokenProgram{"ValueName", "ir.name", [](Program& p) { top(p).values[3].name = "a b"; }},
        BrokenProgram{"ValueNameTwice", "ir.name",
                      [](Program& p) { top(p).values[3].name = "first"; }},
        BrokenProgram{"Comment", "ir.comment", [](Program& p) { top(p).comment = "a\nb"; }},
        BrokenProgram{"EmptyPort", "ir.port",
                      [](Program& p) {
                        top(p).inputs.push_back({"none", {false, 8, 0}, 0, Role::Event});
                      }},
        BrokenProgram{"OutputAsInput", "ir.port",
                      [](Program& p) { top(p).inputs[0].role = Role::Output; }},
        BrokenProgram{"InputAsOutput", "ir.port",
                      [](Program& p) { top(p).outputs[0].role = Role::Event; }},
        BrokenProgram{"InputFormat", "ir.port",
                      [](Program& p) { top(p).values[1].format.width = 7; }},
        BrokenProgram{"TooFewValues", "ir.values", [](Program& p) { top(p).values.resize(2); }},
        BrokenProgram{"WidthZero", "ir.width",
                      [](Program& p) { top(p).values[3].format.width = 0; }},
        BrokenProgram{"Width64", "ir.width",
                      [](Program& p) { top(p).values[3].format.width = 64; }},
        BrokenProgram{"HugeFraction", "ir.fraction",
                      [](Program& p) {
                        top(p).inputs[1].format.fraction = 1001;
                        top(p).values[2].format.fraction = 1001;
                        top(p).values[4].format.fraction = 1001;
                      }},
        BrokenProgram{"OutputCount", "ir.output",
                      [](Program& p) { top(p).outputValues.pop_back(); }},
        BrokenProgram{"OutputFormat", "ir.output",
                      [](Program& p) { top(p).outputs[1].format.width = 9; }},
        BrokenProgram{"OutputNoValue", "ir.operand",
                      [](Program& p) { top(p).outputValues[0] = 99; }},
        BrokenProgram{"NeverComputed", "ir.undefined",
                      [](Program& p) {
                        top(p).values.push_back({{false, 8, 0}, {}});
                      }},
        BrokenProgram{"ComputedTwice", "ir.ssa", [](Program& p) { at(p, 1).results[0] = 3; }},
        BrokenProgram{"OverwritesInput", "ir.ssa", [](Program& p) { at(p, 0).results[0] = 0; }},
        BrokenProgram{"OutOfOrder", "ir.order", [](Program& p) { std::swap(at(p, 0), at(p, 1)); }},
        BrokenProgram{"ResultNoValue", "ir.operand", [](Program& p) { at(p, 0).results[0] = 99; }},
        BrokenProgram{"NoResult", "ir.results", [](Program& p) { at(p, 0).results.clear(); }},
        BrokenProgram{"CallWithoutResult", "ir.results",
                      [](Program& p) { at(p, 2).results.clear(); }},
        BrokenProgram{"TwoResults", "ir.results",
                      [](Program& p) {
                        at(p, 0).results = {3, 4};
                      }},
        BrokenProgram{"OperandCount", "ir.operands",
                      [](Program& p) { at(p, 0).operands.pop_back(); }},
        BrokenProgram{"OperandNoValue", "ir.operand",
                      [](Program& p) { at(p, 0).operands[0] = 99; }},
        BrokenProgram{"UseBeforeDefinition", "ir.operand",
                      [](Program& p) { at(p, 0).operands[0] = 4; }},
        BrokenProgram{"UsesItself", "ir.operand", [](Program& p) { at(p, 0).operands[0] = 3; }},
        BrokenProgram{"UnknownCallee", "ir.callee", [](Program& p) { at(p, 2).callee = "outer"; }},
        BrokenProgram{"Recursion", "ir.callee", [](Program& p) { at(p, 2).callee = "top"; }},
        BrokenProgram{"CalleeAfterCaller", "ir.callee",
                      [](Program& p) { std::swap(p.functions[0], p.functions[1]); }},
        BrokenProgram{"ArgumentFormat", "ir.callee", [](Program& p) { at(p, 2).operands[0] = 2; }},
        BrokenProgram{"TooManyArguments", "ir.callee",
                      [](Program& p) { at(p, 2).operands.push_back(1); }},
        BrokenProgram{"TooFewArguments", "ir.callee",
                      [](Program& p) { at(p, 2).operands.clear(); }},
        BrokenProgram{"ResultFormat", "ir.callee",
                      [](Program& p) { p.functions[0].outputs[0].format.width = 10; }}),
    [](const auto& test) { return std::string(test.param.name); });

// ---- rules of single operations, as text
// ---------------------------------------------------------

struct BrokenOperation {
  const char* name;
  const char* code;
  const char* statement;  // computes %6 of: %0 u8, %1 s8, %2 u8.3, %3 u1, %4 u7, %5 s8.3
};

void PrintTo(const BrokenOperation& test, std::ostream* out) {
  *out << test.name;
}

class BrokenOperations : public testing::TestWithParam<BrokenOperation> {};

TEST_P(BrokenOperations, AreRefusedWithTheRulesCode) {
  const Result<Program> program = parse(
      "func @top \"\" { event a : u8[1] event b : s8[1] event c : u8.3[1] event d : u1[1] "
      "event e : u7[1] event f : s8.3[1]\n" +
      std::string(GetParam().statement) + "\n}");
  ASSERT_TRUE(program.ok()) << program.error().text();
  const std::vector<Diagnostic> problems = verify(*program);
  ASSERT_FALSE(problems.empty());
  for (const Diagnostic& problem : problems) EXPECT_EQ(problem.code, GetParam().code);
  EXPECT_EQ(problems.front().where, "@top/%6");
}

INSTANTIATE_TEST_SUITE_P(
    Operations, BrokenOperations,
    testing::Values(
        BrokenOperation{"AddFractions", "ir.fraction", "%6 : u9 = add %0, %2"},
        BrokenOperation{"AddResultFraction", "ir.fraction", "%6 : u9.1 = add %0, %0"},
        BrokenOperation{"SubFractions", "ir.fraction", "%6 : s9.3 = sub %2, %1"},
        BrokenOperation{"MulFractions", "ir.fraction", "%6 : s16.3 = mul %2, %5"},
        BrokenOperation{"MinFractions", "ir.fraction", "%6 : u8 = min %0, %2"},
        BrokenOperation{"MaxFractions", "ir.fraction", "%6 : u8.3 = max %0, %2"},
        BrokenOperation{"ShlFraction", "ir.fraction", "%6 : u8 = shl 2 %2"},
        BrokenOperation{"ShrFraction", "ir.fraction", "%6 : u8.2 = shr 1 %2"},
        BrokenOperation{"ShlvFraction", "ir.fraction", "%6 : u8 = shlv %2, %3"},
        BrokenOperation{"ShrvFraction", "ir.fraction", "%6 : u8 = shrv %2, %3"},
        BrokenOperation{"CompareFractions", "ir.fraction", "%6 : u1 = lt %0, %2"},
        BrokenOperation{"SelectFractions", "ir.fraction", "%6 : u8 = select %3, %0, %2"},
        BrokenOperation{"PickFractions", "ir.fraction", "%6 : u8 = pick %3, %0, %2"},
        BrokenOperation{"LeadingOneFraction", "ir.fraction", "%6 : u3.1 = leading_one %0"},
        BrokenOperation{"SliceFraction", "ir.fraction", "%6 : u3.1 = slice 0 %0"},
        BrokenOperation{"ConcatFraction", "ir.fraction", "%6 : u9.1 = concat %0, %3"},
        BrokenOperation{"AndFraction", "ir.fraction", "%6 : u8 = and %0, %2"},
        BrokenOperation{"ConstRange", "ir.format", "%6 : s4 = const 8"},
        BrokenOperation{"ConstNegative", "ir.format", "%6 : u4 = const -1"},
        BrokenOperation{"ShiftTooFar", "ir.format", "%6 : u8 = shr 64 %0"},
        BrokenOperation{"ShiftNegative", "ir.format", "%6 : u8 = shl -1 %0"},
        BrokenOperation{"ShiftBySigned", "ir.format", "%6 : u8 = shlv %0, %1"},
        BrokenOperation{"ShiftByWide", "ir.format", "%6 : u8 = shrv %0, %4"},
        BrokenOperation{"AndSigned", "ir.format", "%6 : s8 = and %1, %1"},
        BrokenOperation{"OrWidths", "ir.format", "%6 : u8 = or %0, %4"},
        BrokenOperation{"XorResultWidth", "ir.format", "%6 : u7 = xor %0, %0"},
        BrokenOperation{"NotWidth", "ir.format", "%6 : u9 = not %0"},
        BrokenOperation{"CompareResult", "ir.format", "%6 : u2 = eq %0, %1"},
        BrokenOperation{"CompareSignedResult", "ir.format", "%6 : s1 = le %0, %1"},
        BrokenOperation{"SelectCondition", "ir.format", "%6 : u8 = select %0, %0, %0"},
        BrokenOperation{"LeadingOneSigned", "ir.format", "%6 : u3 = leading_one %1"},
        BrokenOperation{"LeadingOneResult", "ir.format", "%6 : s4 = leading_one %0"},
        BrokenOperation{"LookupSigned", "ir.format", "%6 : u8 = lookup [1] %1"},
        BrokenOperation{"LookupEntry", "ir.format", "%6 : u2 = lookup [1, 4] %0"},
        BrokenOperation{"PickNothing", "ir.format", "%6 : u8 = pick %0"},
        BrokenOperation{"PickSigned", "ir.format", "%6 : u8 = pick %1, %0"},
        BrokenOperation{"SlicePastEnd", "ir.format", "%6 : u4 = slice 5 %0"},
        BrokenOperation{"SliceSigned", "ir.format", "%6 : s4 = slice 0 %0"},
        BrokenOperation{"SliceBelow", "ir.format", "%6 : u4 = slice -1 %0"},
        BrokenOperation{"ConcatWidth", "ir.format", "%6 : u10 = concat %0, %3"},
        BrokenOperation{"ConcatSigned", "ir.format", "%6 : u16 = concat %0, %1"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(Verifier, RefusesAnEmptyTable) {
  Result<Program> program = parse(
      "func @top \"\" {\n event a : u8[1]\n %1 : u8 = lookup [1] %0\n output y : u8[1] = %1\n}");
  ASSERT_TRUE(program.ok());
  program->functions[0].instructions[0].table.clear();
  const std::vector<Diagnostic> problems = verify(*program);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].code, "ir.format");
}

TEST(Verifier, PlacesAProblemByFunctionAndValueAndCountsTheRest) {
  Program program = sound();
  top(program).values[3].format.width = 64;
  top(program).values[6].format.width = 70;
  const Result<void> result = checkValid(program);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().where, "@top/%sum");
  EXPECT_EQ(result.error().failure, Failure::Internal);
  ASSERT_EQ(result.error().notes.size(), 1U);
  EXPECT_NE(result.error().notes[0].find("more"), std::string::npos);
}

}  // namespace
}  // namespace aegen::core
