#include "aegen/core/range_analysis.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"
#include "random_program.hpp"

namespace aegen::core {
namespace {

__extension__ using Int128 = __int128;

Program parsed(const std::string& text) {
  Result<Program> program = parse(text);
  EXPECT_TRUE(program.ok()) << program.error().text();
  EXPECT_TRUE(checkValid(*program).ok()) << checkValid(*program).error().text();
  return *program;
}

RangeReport analysed(const std::string& text) {
  return analyseRanges(parsed(text), "top");
}

TEST(RangeAnalysis, ProvesASumThatFits) {
  const RangeReport report = analysed(R"(func @top "sum" {
    event a : u4[2]
    %2 sum : u5 = add %0, %1
    output y : u5[1] = %2
  })");
  EXPECT_TRUE(report.proven());
  EXPECT_EQ(report.provenValues, 1U);
  EXPECT_EQ(report.intervals[0][0], (Interval{0, 15}));
  EXPECT_EQ(report.intervals[0][2], (Interval{0, 30}));
}

TEST(RangeAnalysis, ReportsFunctionValueFormatAndExactRange) {
  const RangeReport report = analysed(R"(func @top "sum" {
    event a : u4[2]
    %2 : u8 = const 100
    %3 : u8 = add %0, %2
    %4 total : u6 = add %3, %1
    output y : u6[1] = %4
  })");
  ASSERT_EQ(report.risks.size(), 1U);
  EXPECT_EQ(report.risks[0].function, "top");
  EXPECT_EQ(report.risks[0].value, 4U);
  EXPECT_EQ(report.risks[0].valueName, "total");
  EXPECT_EQ(report.risks[0].format, (FixedFormat{false, 6, 0}));
  EXPECT_EQ(report.risks[0].exact, (Interval{100, 130}));
  EXPECT_EQ(report.intervals[0][4], (Interval{0, 63}));  // cut, so anything of the format
  EXPECT_FALSE(report.proven());
  EXPECT_EQ(report.provenValues, 1U);
}

TEST(RangeAnalysis, NamesAnUnnamedValueByItsNumber) {
  const RangeReport report = analysed(R"(func @top "difference" {
    event a : u4[2]
    %2 : u4 = sub %0, %1
    output y : u4[1] = %2
  })");
  ASSERT_EQ(report.risks.size(), 1U);
  EXPECT_EQ(report.risks[0].valueName, "%2");
  EXPECT_EQ(report.risks[0].exact, (Interval{-15, 15}));
}

TEST(RangeAnalysis, TakesTheIntervalsOfEachCallSite) {
  const std::string text = R"(func @half "x / 2 in three bits" {
    event x : u8[1]
    %1 y : u3 = shr 1 %0
    output y_out : u3[1] = %1
  }
  func @top "calls" {
    event a : u3[1]
    %1 : u8 = reinterpret %0
    %2 first : u3 = call @half %1
    %3 : u8 = const 9
    %4 second : u3 = call @half %3
    output y : u3[2] = %2, %4
  })";
  const RangeReport report = analysed(text);
  EXPECT_TRUE(report.proven());
  EXPECT_EQ(report.intervals[0][0], (Interval{0, 9}));  // both sites together
  EXPECT_EQ(report.intervals[1][2], (Interval{0, 3}));  // each site by itself
  EXPECT_EQ(report.intervals[1][4], (Interval{4, 4}));
  // Seen from @half itself, whose input takes every value of u8, it overflows.
  const RangeReport alone = analyseRanges(parsed(text), "half");
  ASSERT_EQ(alone.risks.size(), 1U);
  EXPECT_EQ(alone.risks[0].exact, (Interval{0, 127}));
  EXPECT_EQ(alone.intervals[1][1], (Interval{0, 255}));  // never reached: the format's range
}

TEST(RangeAnalysis, JoinsWhatAnOperationProducesOverCallSites) {
  const RangeReport report = analysed(R"(func @up "x + 1" {
    event x : u8[1]
    %1 : u8 = const 1
    %2 y : u4 = add %0, %1
    output y_out : u4[1] = %2
  }
  func @top "calls" {
    %0 : u8 = const 9
    %1 : u8 = const 40
    %2 : u4 = call @up %0
    %3 : u4 = call @up %1
    output y : u4[2] = %2, %3
  })");
  ASSERT_EQ(report.risks.size(), 1U);
  EXPECT_EQ(report.risks[0].function, "up");
  EXPECT_EQ(report.risks[0].exact, (Interval{10, 41}));
}

TEST(RangeAnalysis, ChecksRequantizeThatWrapsAndTrustsSaturation) {
  const RangeReport report = analysed(R"(func @top "cuts" {
    event a : s10.4[1]
    %1 wraps : s4.1 = requantize nearest_up wrap %0
    %2 clips : s4.1 = requantize nearest_up saturate %0
    output y : s4.1[2] = %1, %2
  })");
  ASSERT_EQ(report.risks.size(), 1U);
  EXPECT_EQ(report.risks[0].valueName, "wraps");
  EXPECT_EQ(report.risks[0].exact, (Interval{-64, 64}));
  EXPECT_EQ(report.intervals[0][2], (Interval{-8, 7}));
}

TEST(RangeAnalysis, SeesThatRequantizeToTheWidestFormatOverflows) {
  for (const char* overflow : {"wrap", "saturate"}) {
    const RangeReport report = analysed(std::string(R"(func @top "shift up by four" {
      event a : u63[1]
      %1 same : u63 = requantize floor )") +
                                        overflow + R"( %0
      %2 up : u63.4 = requantize floor )" +
                                        overflow + R"( %0
      output y : u63[1] = %1
      output z : u63.4[1] = %2
    })");
    const Interval all = FixedFormat{false, 63, 0}.range();
    EXPECT_EQ(report.intervals[0][1], all) << overflow;
    // Cut, its lowest bits are still the zeros shifted in.
    const bool wraps = std::string_view(overflow) == "wrap";
    EXPECT_EQ(report.intervals[0][2], (Interval{0, all.high - (wraps ? 15 : 0)})) << overflow;
    EXPECT_EQ(report.risks.size(), wraps ? 1U : 0U) << overflow;
  }
}

// ---- the normaliser -----------------------------------------------------------------------------

// (q << 7) >> min(leading_one(sum), 21) in 8 bits; `q` is the shifted value, `lead` the width of
// leading_one's result.
std::string normaliser(const std::string& q, const std::string& lead = "u5",
                       const std::string& limited = "u5", const std::string& charge = "u22") {
  return "func @top \"normalise\" {\n  event calq : " + charge + R"([4]
    event other : u22[1]
    %5 : u23 = add %0, %1
    %6 : u23 = add %2, %3
    %7 sum : u24 = add %5, %6
    %8 lead : )" +
         lead + R"( = leading_one %7
    %9 : u5 = const 21
    %10 amount : )" +
         limited + R"( = min %8, %9
    %11 up : u29 = shl 7 )" +
         q + R"(
    %12 x : u8 = shrv %11, %10
    output y : u8[1] = %12
  })";
}

TEST(RangeAnalysis, ProvesTheNormaliserForTermsOfTheSum) {
  for (const char* q : {"%0", "%1", "%2", "%3"}) {
    const RangeReport report = analysed(normaliser(q));
    EXPECT_TRUE(report.proven()) << q << ": " << report.risks.front().valueName;
    EXPECT_EQ(report.intervals[0][12], (Interval{0, 255})) << q;
  }
}

TEST(RangeAnalysis, DoesNotProveTheNormaliserForAnotherValue) {
  const RangeReport report = analysed(normaliser("%4"));
  ASSERT_EQ(report.risks.size(), 1U);
  EXPECT_EQ(report.risks[0].valueName, "x");
  EXPECT_EQ(report.risks[0].exact, (Interval{0, ((std::int64_t{1} << 22) - 1) << 7}));
}

TEST(RangeAnalysis, DoesNotTrustACutLeadingOneOrMinimum) {
  // leading_one needs 5 bits: in 3, the shift of a large sum comes out too small.
  for (const auto& [lead, limited] :
       {std::pair{"u3", "u5"}, std::pair{"u5", "u3"}, std::pair{"u3", "u3"}}) {
    const RangeReport report = analysed(normaliser("%0", lead, limited));
    const auto risky = [&](std::string_view name) {
      return std::ranges::find(report.risks, name, &OverflowRisk::valueName) != report.risks.end();
    };
    EXPECT_TRUE(risky("x")) << lead << " " << limited;
    EXPECT_TRUE(risky("lead") || risky("amount")) << lead << " " << limited;
  }
}

TEST(RangeAnalysis, DoesNotTakeATermForSmallerThanASumWithNegativeTerms) {
  const RangeReport report = analysed(R"(func @top "a sum that may shrink" {
    event a : u8[1]
    event b : s8[1]
    %2 : s10 = add %0, %1
    %3 : u10 = reinterpret %2
    %4 : u4 = leading_one %3
    %5 : u8 = shrv %0, %4
    output y : u8[1] = %5
  })");
  EXPECT_EQ(report.intervals[0][5], (Interval{0, 255}));
}

TEST(RangeAnalysis, HoldsTheNormaliserBoundAgainstEveryInput) {
  const Program program = parsed(R"(func @top "small normaliser" {
    event q : u4[2]
    %2 : u5 = add %0, %1
    %3 : u3 = leading_one %2
    %4 : u2 = const 3
    %5 : u2 = min %3, %4
    %6 : u6 = shl 2 %0
    %7 : u4 = shrv %6, %5
    output y : u4[1] = %7
  })");
  const RangeReport report = analyseRanges(program, "top");
  EXPECT_TRUE(report.proven());
  std::int64_t most = 0;
  for (std::int64_t a = 0; a < 16; ++a) {
    for (std::int64_t b = 0; b < 16; ++b) {
      const std::int64_t inputs[] = {a, b};
      most = std::max(most, evaluate(program, program.functions[0], inputs)[7]);
    }
  }
  EXPECT_LE(most, report.intervals[0][7].high);
  EXPECT_EQ(report.intervals[0][7], (Interval{0, 7}));
}

// ---- soundness ----------------------------------------------------------------------------------

// The exact result of an operation that the range analysis checks; nothing for others and
// Requantize.
std::optional<Int128> exactResult(const Instruction& i, const std::vector<std::int64_t>& v) {
  const auto at = [&](std::size_t n) { return Int128{v[i.operands[n]]}; };
  const auto pow2 = [](std::int64_t n) { return Int128{1} << n; };
  switch (i.op) {
    case Op::Add:
      return at(0) + at(1);
    case Op::Sub:
      return at(0) - at(1);
    case Op::Mul:
      return at(0) * at(1);
    case Op::ShiftLeft:
      return at(0) * pow2(i.immediate);
    case Op::ShiftRight:
      return at(0) >> i.immediate;
    case Op::ShiftLeftBy:
      return at(0) * pow2(v[i.operands[1]]);
    case Op::ShiftRightBy:
      return at(0) >> static_cast<int>(at(1));
    case Op::Reinterpret:
      return at(0);
    case Op::Select:
      return at(0) != 0 ? at(1) : at(2);
    case Op::Min:
      return std::min(at(0), at(1));
    case Op::Max:
      return std::max(at(0), at(1));
    default:
      return std::nullopt;
  }
}

class Soundness {
 public:
  explicit Soundness(const Program& program)
      : program_(program), report_(analyseRanges(program, program.functions.back().name)) {
    for (const OverflowRisk& risk : report_.risks) risks_[{risk.function, risk.value}] = risk.exact;
  }

  // Runs a function as evaluate() does and looks at every value on the way.
  void check(const Function& function, const std::vector<std::int64_t>& inputs) {
    const auto at = static_cast<std::size_t>(&function - program_.functions.data());
    const std::vector<std::int64_t> values = evaluate(program_, function, inputs);
    for (std::size_t id = 0; id < values.size(); ++id) {
      EXPECT_TRUE(report_.intervals[at][id].contains(values[id]))
          << "@" << function.name << "/%" << id << " = " << values[id] << " outside "
          << report_.intervals[at][id].low << ".." << report_.intervals[at][id].high;
    }
    for (const Instruction& instruction : function.instructions) {
      if (instruction.op == Op::Call) {
        std::vector<std::int64_t> arguments;
        for (const ValueId operand : instruction.operands) arguments.push_back(values[operand]);
        check(*program_.find(instruction.callee), arguments);
        continue;
      }
      const ValueId id = instruction.results[0];
      const auto exact = exactResult(instruction, values);
      const Interval range = function.values[id].format.range();
      if (!exact || (range.low <= *exact && *exact <= range.high)) continue;
      ++overflows;
      const auto risk = risks_.find({function.name, id});
      ASSERT_NE(risk, risks_.end()) << "@" << function.name << "/%" << id << " overflowed unseen";
      // The report's exact range is cut to 64 bits.
      if (Int128{INT64_MIN} <= *exact && *exact <= Int128{INT64_MAX}) {
        EXPECT_TRUE(risk->second.contains(static_cast<std::int64_t>(*exact)));
      }
    }
  }

  std::size_t overflows = 0;

 private:
  const Program& program_;
  RangeReport report_;
  std::map<std::pair<std::string, ValueId>, Interval> risks_;
};

TEST(RangeAnalysis, IsSoundOnRandomPrograms) {
  std::size_t overflows = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    const Program program = test_common::randomProgram(
        seed,
        {.instructions = 25, .maxWidth = seed % 4 == 0 ? 63 : 5 + static_cast<int>(seed % 30)});
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Function& top = program.functions.back();
    test_common::SplitMix64 random(seed);
    Soundness soundness(program);
    const Columns events = test_common::randomEvents(random, top, 40);
    for (std::size_t k = 0; k < events.events(); ++k) {
      soundness.check(
          top, test_common::inputsOf(top, test_common::randomConfig(random, top), events, k));
    }
    overflows += soundness.overflows;
    ASSERT_FALSE(HasFailure()) << print(program);
  }
  EXPECT_GT(overflows, 10000U);  // the programs do exercise the claim
}

}  // namespace
}  // namespace aegen::core
