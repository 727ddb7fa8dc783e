#include "interval_transfer.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "rounding.hpp"

namespace aegen::core {
namespace {

// The hull of f over the corners of two intervals: exact for ops monotone in each argument.
template <typename F>
WideInterval corners(const Interval& a, const Interval& b, F f) {
  const Int128 values[] = {f(a.low, b.low), f(a.low, b.high), f(a.high, b.low), f(a.high, b.high)};
  const auto [low, high] = std::minmax_element(std::begin(values), std::end(values));
  return {*low, *high};
}

int log2Floor(std::int64_t value) {
  return value <= 0 ? 0 : static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value))) - 1;
}

WideInterval wide(const Interval& interval) {
  return {interval.low, interval.high};
}

WideInterval requantized(const Instruction& instruction, const Interval& in, int fromFraction,
                         const FixedFormat& result) {
  // Rounding is monotone: the ends bound the result.
  const auto end = [&](std::int64_t raw) {
    return rounded(raw, fromFraction, result.fraction, instruction.rounding);
  };
  const WideInterval exact{end(in.low), end(in.high)};
  if (instruction.overflow == Overflow::Wrap) return exact;
  const WideInterval range{result.minRaw(), result.maxRaw()};
  return {std::clamp(exact.low, range.low, range.high),
          std::clamp(exact.high, range.low, range.high)};
}

WideInterval sliced(const Instruction& instruction, const Interval& in, const FixedFormat& result) {
  const auto low = static_cast<int>(instruction.immediate);
  const Interval range = result.range();
  // Within one period of the kept bits slicing is a plain shift.
  if (in.low >= 0 && (in.high >> low) <= range.high) return {in.low >> low, in.high >> low};
  return wide(range);
}

WideInterval hull(std::span<const Interval> intervals, bool zeroToo) {
  Interval out = intervals.front();
  for (const Interval& interval : intervals) out = out.join(interval);
  return wide(zeroToo ? out.join({0, 0}) : out);
}

WideInterval looked(const Instruction& instruction, const Interval& index) {
  const auto [low, high] = std::ranges::minmax(instruction.table);
  const bool past = index.high >= static_cast<std::int64_t>(instruction.table.size());
  return past ? wide(Interval{low, high}.join({0, 0})) : WideInterval{low, high};
}

}  // namespace

Interval WideInterval::clamped() const {
  constexpr Int128 kLow = std::numeric_limits<std::int64_t>::min();
  constexpr Int128 kHigh = std::numeric_limits<std::int64_t>::max();
  return {static_cast<std::int64_t>(std::clamp(low, kLow, kHigh)),
          static_cast<std::int64_t>(std::clamp(high, kLow, kHigh))};
}

WideInterval exactInterval(const Instruction& instruction, std::span<const Interval> operands,
                           std::span<const FixedFormat> formats, const FixedFormat& result) {
  const auto shiftedLeft = [](Int128 v, Int128 s) { return v * (Int128{1} << s); };
  const auto shiftedRight = [](Int128 v, Int128 s) { return v >> s; };
  const Interval shift{instruction.immediate, instruction.immediate};
  switch (instruction.op) {
    case Op::Const:
      return {instruction.immediate, instruction.immediate};
    case Op::Add:
      return corners(operands[0], operands[1], std::plus<Int128>{});
    case Op::Sub:
      return corners(operands[0], operands[1], std::minus<Int128>{});
    case Op::Mul:
      return corners(operands[0], operands[1], std::multiplies<Int128>{});
    case Op::ShiftLeft:
      return corners(operands[0], shift, shiftedLeft);
    case Op::ShiftRight:
      return corners(operands[0], shift, shiftedRight);
    case Op::ShiftLeftBy:
      return corners(operands[0], operands[1], shiftedLeft);
    case Op::ShiftRightBy:
      return corners(operands[0], operands[1], shiftedRight);
    case Op::Reinterpret:
      return wide(operands[0]);
    case Op::And:
      return {0, std::min(operands[0].high, operands[1].high)};
    case Op::Or:
    case Op::Xor:
    case Op::Not:
    case Op::Concat:
      return wide(result.range());
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
      return {0, 1};
    case Op::Select:
      return hull(operands.subspan(1), false);
    case Op::Min:
      return {std::min(operands[0].low, operands[1].low),
              std::min(operands[0].high, operands[1].high)};
    case Op::Max:
      return {std::max(operands[0].low, operands[1].low),
              std::max(operands[0].high, operands[1].high)};
    case Op::LeadingOne:
      return {log2Floor(operands[0].low), log2Floor(operands[0].high)};
    case Op::Requantize:
      return requantized(instruction, operands[0], formats[0].fraction, result);
    case Op::Lookup:
      return looked(instruction, operands[0]);
    case Op::Pick:
      return hull(operands.subspan(1),
                  operands[0].high >= static_cast<std::int64_t>(operands.size()) - 1);
    case Op::Slice:
      return sliced(instruction, operands[0], result);
    case Op::Call:
      break;
  }
  return wide(result.range());
}

}  // namespace aegen::core
