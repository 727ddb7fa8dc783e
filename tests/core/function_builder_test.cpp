// The builder's formats hold every value: all small inputs are tried.
#include "aegen/core/function_builder.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/range_analysis.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"

namespace aegen::core {
namespace {

using Ids = std::vector<ValueId>;

// Runs `check` on all values of the function for every input.
void forAllInputs(const Function& function,
                  const std::function<void(const std::vector<std::int64_t>&)>& check) {
  Program program;
  program.functions.push_back(function);
  std::vector<std::int64_t> inputs;
  for (std::uint32_t i = 0; i < function.inputElements(); ++i) {
    inputs.push_back(function.values[i].format.minRaw());
  }
  while (true) {
    check(evaluate(program, function, inputs));
    std::size_t i = 0;
    while (i < inputs.size() && inputs[i] == function.values[i].format.maxRaw()) {
      inputs[i] = function.values[i].format.minRaw();
      ++i;
    }
    if (i == inputs.size()) return;
    ++inputs[i];
  }
}

struct Made {
  Function function;
  std::vector<Interval> intervals;
};

// One of each op that chooses its format, on operands of the given formats (of one fraction).
Made everyOp(const FixedFormat& first, const FixedFormat& second) {
  const Program program;
  FunctionBuilder b(program, "top");
  const ValueId x = b.input("x", first)[0];
  const ValueId y = b.input("y", second)[0];
  const ValueId n = b.input("n", {false, 2, 0})[0];
  b.add(x, y);
  b.sub(x, y);
  b.sub(y, x);
  b.mul(x, y);
  b.shiftLeft(x, 3);
  b.shiftRight(x, 2);
  b.shiftLeftBy(x, n);
  b.shiftRightBy(y, n);
  b.min(x, y);
  b.max(x, y);
  const ValueId flag = b.less(x, y);
  b.equal(x, y);
  b.lessEqual(x, y);
  b.select(flag, x, y);
  b.lookup(n, {-5, 9, 4}, 3);
  b.lookup(n, {5, 9, 4, 6});
  b.pick(n, Ids{x, y});
  b.pick(n, Ids{x, y, x, x});
  b.leadingOne(b.slice(x, 0, first.width));
  b.constant(-7, 2);
  b.constant(0);
  const ValueId bits = b.slice(x, 1, 2);
  b.bitAnd(bits, n);
  b.bitOr(bits, n);
  b.bitXor(bits, n);
  b.bitNot(n);
  b.concat(Ids{n, bits, flag});
  b.requantize(x, {true, 3, first.fraction - 1}, Rounding::NearestEven, Overflow::Saturate);
  b.requantize(x, {true, 2, first.fraction}, Rounding::Floor, Overflow::Wrap);
  const ValueId product = b.mul(b.sub(x, y), b.add(x, y));
  const ValueId last = b.max(product, b.constant(0, b.format(product).fraction));
  b.output("out", b.format(last), last);
  Made made;
  for (ValueId id = 0; id <= last; ++id) made.intervals.push_back(b.interval(id));
  made.function = std::move(b).finish();
  return made;
}

TEST(FunctionBuilder, ChosenFormatsHoldEveryValueAndAreNarrow) {
  for (const int fraction : {0, 3, -2}) {
    for (const FixedFormat& first : {FixedFormat{false, 4, fraction}, {true, 4, fraction}}) {
      for (const FixedFormat& second : {FixedFormat{false, 3, fraction}, {true, 5, fraction}}) {
        const Made made = everyOp(first, second);
        Program program;
        program.functions.push_back(made.function);
        SCOPED_TRACE(print(program));
        ASSERT_TRUE(checkValid(program).ok()) << checkValid(program).error().text();
        // Only the wrapping requantize was asked to lose bits.
        for (const OverflowRisk& risk : analyseRanges(program, "top").risks) {
          const FixedFormat asked{true, 2, fraction};
          EXPECT_EQ(risk.format, asked) << risk.valueName;
        }
        forAllInputs(made.function, [&](const std::vector<std::int64_t>& values) {
          for (std::size_t id = 0; id < values.size(); ++id) {
            ASSERT_TRUE(made.intervals[id].contains(values[id])) << "%" << id;
          }
        });
      }
    }
  }
}

TEST(FunctionBuilder, GivesTheNarrowestFormatOfAnOperation) {
  const Program program;
  FunctionBuilder b(program, "top");
  const Ids u = b.input("u", {false, 8, 7}, 3);
  const ValueId w = b.input("w", {true, 6, 5}, 1, Role::Config)[0];
  EXPECT_EQ(b.format(b.add(u[0], u[1])), (FixedFormat{false, 9, 7}));
  EXPECT_EQ(b.format(b.sub(u[0], u[1])), (FixedFormat{true, 9, 7}));
  EXPECT_EQ(b.format(b.mul(u[0], w)), (FixedFormat{true, 14, 12}));
  EXPECT_EQ(b.format(b.sum(u)), (FixedFormat{false, 10, 7}));
  EXPECT_EQ(b.format(b.shiftRight(u[0], 3)), (FixedFormat{false, 5, 7}));
  EXPECT_EQ(b.format(b.min(u[0], b.constant(21, 7))), (FixedFormat{false, 5, 7}));
  EXPECT_EQ(b.format(b.constant(-1)), (FixedFormat{true, 1, 0}));
}

TEST(FunctionBuilder, SumsAndOrsAnyNumberOfTerms) {
  for (std::uint32_t count = 1; count <= 9; ++count) {
    const Program program;
    FunctionBuilder b(program, "top");
    const Ids x = b.input("x", {false, 1, 0}, count);
    const ValueId sum = b.sum(x);
    const ValueId any = b.orAll(x);
    b.output("sum", b.format(sum), sum);
    b.output("any", b.format(any), any);
    const Function function = std::move(b).finish();
    forAllInputs(function, [&](const std::vector<std::int64_t>& values) {
      std::int64_t total = 0;
      for (const ValueId id : x) total += values[id];
      ASSERT_EQ(values[sum], total);
      ASSERT_EQ(values[any], total > 0 ? 1 : 0);
    });
    // A balanced tree has one adder less than terms.
    EXPECT_EQ(function.instructions.size(), 2 * (count - 1));
  }
}

TEST(FunctionBuilder, CallsWidenArgumentsAndOutputsWidenElements) {
  Program program;
  FunctionBuilder inner(program, "inner");
  const ValueId x = inner.input("x", {true, 8, 2})[0];
  inner.output("y", {true, 10, 2}, x);
  program.functions.push_back(std::move(inner).finish());
  FunctionBuilder outer(program, "top", "calls");
  const ValueId a = outer.input("a", {false, 3, 2})[0];
  const Ids results = outer.call("inner", Ids{a});
  ASSERT_EQ(results.size(), 1U);
  outer.name(results[0], "widened");
  outer.output("y", outer.format(results[0]), results);
  program.functions.push_back(std::move(outer).finish());
  ASSERT_TRUE(checkValid(program).ok()) << checkValid(program).error().text() << print(program);
  EXPECT_EQ(program.functions[1].comment, "calls");
  EXPECT_EQ(program.functions[1].values[results[0]].name, "widened");
  const std::int64_t input[] = {5};
  EXPECT_EQ(evaluate(program, program.functions[1], input)[results[0]], 5);
}

TEST(FunctionBuilder, AssumedIntervalsNarrowWhatFollows) {
  const Program program;
  FunctionBuilder b(program, "top");
  const ValueId x = b.input("x", {false, 8, 0})[0];
  b.assume(x, {3, 6});
  EXPECT_EQ(b.interval(b.shiftLeft(x, 2)), (Interval{12, 24}));
  EXPECT_EQ(b.format(b.shiftLeft(x, 2)), (FixedFormat{false, 5, 0}));
}

}  // namespace
}  // namespace aegen::core
