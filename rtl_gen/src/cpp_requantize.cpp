#include "cpp_function_printer.hpp"

#include <algorithm>

#include "aegen/core/fixed_format.hpp"

namespace aegen::rtl_gen {

using core::FixedFormat;
using core::Instruction;
using core::Interval;
using core::Overflow;
using core::Rounding;
using core::ValueId;

/// a * 2^grow into the result's format, grow >= 0.
void CppFunctionPrinter::requantizeUp(const Instruction& instruction, int grow) {
  const ValueId a = instruction.operands[0];
  const Interval to = format(instruction.results[0]).range();
  const Interval& from = intervals_[a];
  const int bits = std::min(grow, 63);  // past 63 every bit of `a` is above the widest format
  if (instruction.overflow == Overflow::Wrap) {
    if (grow > 63) return define(instruction, "0", false, Exact(0, 0));
    Instruction shift = instruction;
    shift.immediate = bits;
    return shiftLeft(shift);
  }
  // Compared before it is shifted, with the largest and smallest `a` that stay inside.
  const Interval limits{-(-to.low >> bits), to.high >> bits};
  const auto scaled = [&](std::int64_t value) {
    if (value > limits.high) return to.high;
    if (value < limits.low) return to.low;
    return value * (std::int64_t{1} << bits);  // |value| <= 2^(62 - bits) or 0
  };
  const Exact exact(scaled(from.low), scaled(from.high));
  const std::string source = use(a, true);
  std::string text = limits == Interval{} ? "0LL" : fmt::format("{} * {}LL", source, 1LL << bits);
  if (from.low < limits.low) {
    text = fmt::format("({} < {} ? {} : {})", source, cppLiteral(limits.low, true),
                       cppLiteral(to.low, true), text);
  }
  if (from.high > limits.high) {
    text = fmt::format("({} > {} ? {} : {})", source, cppLiteral(limits.high, true),
                       cppLiteral(to.high, true), text);
  }
  define(instruction, text, true, exact);
}

/// floor, round ... of a / 2^drop, drop > 0, without leaving 64 bits on the way.
std::string CppFunctionPrinter::rounded(ValueId a, int drop, Rounding rounding,
                                        bool& isWideExpression) {
  const Interval& from = intervals_[a];
  const auto inWord = [&](std::int64_t addend) {  // whether a + addend stays in a's own type
    const Exact sum(Int128{from.low}, Int128{from.high} + addend);
    return sum.within(wide(a) ? kInt64 : kInt32);
  };
  const int bits = wide(a) ? 63 : 31;
  isWideExpression = wide(a);
  const std::string source = use(a);
  const std::int64_t half = drop <= 62 ? std::int64_t{1} << (drop - 1) : 0;
  const std::int64_t rest = drop <= 62 ? (std::int64_t{1} << drop) - 1 : 0;
  switch (rounding) {
    case Rounding::Floor:
      return fmt::format("{} >> {}", source, std::min(drop, bits));
    case Rounding::TowardZero:
      if (from.low >= 0) return fmt::format("{} >> {}", source, std::min(drop, bits));
      if (drop > 62) return isWideExpression ? "0LL" : "0";
      isWideExpression = true;
      return fmt::format("({0} + ({0} < 0 ? {1}LL : 0LL)) >> {2}", use(a, true), rest, drop);
    case Rounding::NearestUp:
      if (drop < bits && inWord(half)) return fmt::format("({} + {}) >> {}", source, half, drop);
      // The floor and the bit below it.
      return fmt::format("({0} >> {1}) + (({0} >> {2}) & 1)", source, std::min(drop, bits),
                         std::min(drop - 1, bits));
    case Rounding::NearestEven:
      if (drop >= 64) return isWideExpression ? "0LL" : "0";
      if (drop < bits && inWord(half)) {
        return fmt::format("({0} + {1} + (({0} >> {2}) & 1)) >> {2}", source, half - 1, drop);
      }
      isWideExpression = true;
      return fmt::format("nearestEven<{}>({})", drop, use(a, true));
  }
  return {};
}

void CppFunctionPrinter::requantize(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const FixedFormat& to = format(instruction.results[0]);
  const int drop = format(a).fraction - to.fraction;
  if (drop <= 0) return requantizeUp(instruction, -drop);

  bool isWideExpression = false;
  const std::string text = rounded(a, drop, instruction.rounding, isWideExpression);
  // Rounding is monotone, so the ends bound the result. Halved at least, the rounded value of any
  // number is within -2^62 .. 2^62: signed for the one end, unsigned for the other.
  const auto end = [&](std::int64_t value) {
    const FixedFormat roomy{value < 0, core::kMaxWidth, to.fraction};
    return core::requantize(value, format(a).fraction, roomy, instruction.rounding,
                            Overflow::Saturate);
  };
  const Interval bounds{end(intervals_[a].low), end(intervals_[a].high)};
  const Interval range = to.range();
  if (instruction.overflow == Overflow::Wrap || range.contains(bounds)) {
    return define(instruction, text, isWideExpression, Exact(bounds));
  }
  const std::string name = unique("rounded" + std::to_string(instruction.results[0]));
  line("const {} {} = {};", isWideExpression ? "i64" : "i32", name, text);
  std::string clamped = name;
  if (bounds.low < range.low) {
    clamped = fmt::format("({} < {} ? {} : {})", name, cppLiteral(range.low, isWideExpression),
                          cppLiteral(range.low, isWideExpression), clamped);
  }
  if (bounds.high > range.high) {
    clamped = fmt::format("({} > {} ? {} : {})", name, cppLiteral(range.high, isWideExpression),
                          cppLiteral(range.high, isWideExpression), clamped);
  }
  define(instruction, clamped, isWideExpression,
         Exact(std::clamp(bounds.low, range.low, range.high),
               std::clamp(bounds.high, range.low, range.high)));
}

}  // namespace aegen::rtl_gen
