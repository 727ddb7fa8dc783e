#include "aegen/core/value_facts.hpp"

#include <algorithm>
#include <bit>

#include "interval_transfer.hpp"
#include "scalar_ops.hpp"

namespace aegen::core {
namespace {

using Bits = std::uint64_t;

constexpr Bits kSign = Bits{1} << 63;

constexpr Bits lowMask(int bits) {
  return bits >= 64 ? ~Bits{0} : (Bits{1} << bits) - 1;
}

// Bits alone; the interval is found apart.
struct KnownBits {
  Bits zeros = 0;
  Bits ones = 0;

  [[nodiscard]] Bits known() const { return zeros | ones; }
};

KnownBits bitsOf(const ValueFacts& facts) {
  return {facts.zeros, facts.ones};
}

Bits arithmeticShift(Bits bits, int by) {
  return static_cast<Bits>(static_cast<std::int64_t>(bits) >> std::min(by, 63));
}

// a + b + carry: a bit is known where both operands' and the carry into it are.
KnownBits sum(const KnownBits& a, const KnownBits& b, bool carry) {
  const Bits most = ~a.zeros + ~b.zeros + (carry ? 1 : 0);
  const Bits least = a.ones + b.ones + (carry ? 1 : 0);
  const Bits carryZero = ~(most ^ a.zeros ^ b.zeros);
  const Bits carryOne = least ^ a.ones ^ b.ones;
  const Bits known = a.known() & b.known() & (carryZero | carryOne);
  return {~most & known, least & known};
}

KnownBits complement(const KnownBits& a) {
  return {a.ones, a.zeros};
}

// The lowest bits of a product depend on the operands' lowest bits alone.
KnownBits product(const KnownBits& a, const KnownBits& b) {
  const int zeros = std::countr_one(a.zeros) + std::countr_one(b.zeros);
  const int known = std::min(std::countr_one(a.known()), std::countr_one(b.known()));
  KnownBits out{lowMask(std::min(zeros, 64)), 0};
  const Bits value = (a.ones * b.ones) & lowMask(known);
  out.zeros |= ~value & lowMask(known);
  out.ones = value;
  return out;
}

KnownBits shiftedLeft(const KnownBits& a, int by) {
  if (by >= 64) return {~Bits{0}, 0};
  return {(a.zeros << by) | lowMask(by), a.ones << by};
}

KnownBits shiftedRight(const KnownBits& a, int by) {
  return {arithmeticShift(a.zeros, by), arithmeticShift(a.ones, by)};
}

KnownBits wrappedBits(const KnownBits& a, const FixedFormat& format) {
  const Bits low = lowMask(format.width);
  KnownBits out{a.zeros & low, a.ones & low};
  const Bits top = Bits{1} << (format.width - 1);
  if (!format.isSigned || (a.zeros & top) != 0) out.zeros |= ~low;
  if (format.isSigned && (a.ones & top) != 0) out.ones |= ~low;
  return out;
}

KnownBits concatenated(std::span<const ValueFacts> parts, std::span<const FixedFormat> formats) {
  KnownBits out{~Bits{0}, 0};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Bits low = lowMask(formats[i].width);
    out.zeros = (out.zeros << formats[i].width) | (parts[i].zeros & low);
    out.ones = (out.ones << formats[i].width) | (parts[i].ones & low);
  }
  return out;
}

// Requantize as shifts, where it is: floored, and cut rather than saturated.
KnownBits requantized(const Instruction& instruction, const KnownBits& a, int fraction,
                      const FixedFormat& result, bool fits) {
  const int drop = fraction - result.fraction;
  const bool cuts = instruction.overflow == Overflow::Wrap || fits;
  if (!cuts || (drop > 0 && instruction.rounding != Rounding::Floor)) return {};
  return drop > 0 ? shiftedRight(a, drop) : shiftedLeft(a, -drop);
}

KnownBits exactBits(const Instruction& instruction, std::span<const ValueFacts> in,
                    std::span<const FixedFormat> formats, const FixedFormat& result, bool fits) {
  const auto bits = [&](std::size_t i) { return bitsOf(in[i]); };
  switch (instruction.op) {
    case Op::Add:
      return sum(bits(0), bits(1), false);
    case Op::Sub:
      return sum(bits(0), complement(bits(1)), true);
    case Op::Mul:
      return product(bits(0), bits(1));
    case Op::ShiftLeft:
      return shiftedLeft(bits(0), static_cast<int>(instruction.immediate));
    case Op::ShiftRight:
      return shiftedRight(bits(0), static_cast<int>(instruction.immediate));
    case Op::ShiftLeftBy: {
      if (in[1].known()) return shiftedLeft(bits(0), static_cast<int>(in[1].range.low));
      const int zeros = std::countr_one(in[0].zeros) + static_cast<int>(in[1].range.low);
      return {lowMask(std::min(zeros, 64)), 0};
    }
    case Op::ShiftRightBy:
      if (in[1].known()) return shiftedRight(bits(0), static_cast<int>(in[1].range.low));
      return {};
    case Op::Reinterpret:
      return bits(0);
    case Op::And:
      return {in[0].zeros | in[1].zeros, in[0].ones & in[1].ones};
    case Op::Or:
      return {in[0].zeros & in[1].zeros, in[0].ones | in[1].ones};
    case Op::Xor:
      return {(in[0].zeros & in[1].zeros) | (in[0].ones & in[1].ones),
              (in[0].zeros & in[1].ones) | (in[0].ones & in[1].zeros)};
    case Op::Not:
      return complement(bits(0));
    case Op::Requantize:
      return requantized(instruction, bits(0), formats[0].fraction, result, fits);
    case Op::Slice:
      return shiftedRight(bits(0), static_cast<int>(instruction.immediate));
    case Op::Concat:
      return concatenated(in, formats);
    case Op::Min:
    case Op::Max:
      return {in[0].zeros & in[1].zeros, in[0].ones & in[1].ones};
    case Op::Const:
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
    case Op::Select:
    case Op::LeadingOne:
    case Op::Lookup:
    case Op::Pick:
    case Op::Call:
      return {};
  }
  return {};
}

// Where the exact results all lie in one period of the format, cutting only moves them.
Interval wrappedRange(const WideInterval& exact, const FixedFormat& format) {
  const Interval all = format.range();
  if (exact.within(all)) return exact.clamped();
  const auto period = [&](Int128 value) { return (value - all.low) >> format.width; };
  if (period(exact.low) != period(exact.high)) return all;
  const Int128 offset = period(exact.low) * (Int128{1} << format.width);
  return {static_cast<std::int64_t>(exact.low - offset),
          static_cast<std::int64_t>(exact.high - offset)};
}

// A comparison that the facts decide.
std::optional<bool> decided(Op op, const ValueFacts& a, const ValueFacts& b) {
  const bool apart = (a.zeros & b.ones) != 0 || (a.ones & b.zeros) != 0;
  switch (op) {
    case Op::Equal:
      if (apart || a.range.high < b.range.low || b.range.high < a.range.low) return false;
      return {};
    case Op::Less:
      if (a.range.high < b.range.low) return true;
      if (a.range.low >= b.range.high) return false;
      return {};
    case Op::LessEqual:
      if (a.range.high <= b.range.low) return true;
      if (a.range.low > b.range.high) return false;
      return {};
    default:
      return {};
  }
}

// Select, Pick and Lookup: any of those that the index allows.
std::optional<ValueFacts> chosen(const Instruction& instruction, std::span<const ValueFacts> in,
                                 const FixedFormat& result) {
  if (instruction.op != Op::Select && instruction.op != Op::Pick && instruction.op != Op::Lookup) {
    return std::nullopt;
  }
  const ValueFacts& index = in[0];
  std::optional<ValueFacts> out;
  const auto join = [&](const ValueFacts& facts) { out = out ? out->join(facts) : facts; };
  const bool table = instruction.op == Op::Lookup;
  const std::size_t entries = table ? instruction.table.size() : in.size() - 1;
  for (std::size_t i = 0; i < entries; ++i) {
    const bool select = instruction.op == Op::Select;
    const auto at = static_cast<std::int64_t>(select ? 1 - i : i);
    if (!index.allows(at)) continue;
    join(table ? ValueFacts::of(instruction.table[i]) : in[i + 1].wrapped(result));
  }
  if (index.range.high >= static_cast<std::int64_t>(entries)) join(ValueFacts::of(0));
  return out;
}

}  // namespace

ValueFacts ValueFacts::of(const FixedFormat& format) {
  return of(format.range());
}

ValueFacts ValueFacts::of(std::int64_t value) {
  const auto bits = static_cast<Bits>(value);
  return {{value, value}, ~bits, bits};
}

ValueFacts ValueFacts::of(const Interval& range) {
  return ValueFacts{range, 0, 0}.sharpened();
}

bool ValueFacts::allows(std::int64_t value) const {
  const auto bits = static_cast<Bits>(value);
  return range.contains(value) && (bits & zeros) == 0 && (~bits & ones) == 0;
}

ValueFacts ValueFacts::join(const ValueFacts& other) const {
  return {range.join(other.range), zeros & other.zeros, ones & other.ones};
}

ValueFacts ValueFacts::sharpened() const {
  ValueFacts out = *this;
  // The leading bits that the ends of the interval share.
  const auto low = static_cast<Bits>(out.range.low);
  const Bits shared =
      ~lowMask(static_cast<int>(std::bit_width(low ^ static_cast<Bits>(out.range.high))));
  out.zeros |= shared & ~low;
  out.ones |= shared & low;
  // The least and the most that the bits allow.
  const Bits open = ~(out.zeros | out.ones);
  const auto least = static_cast<std::int64_t>(out.ones | (open & kSign));
  const auto most = static_cast<std::int64_t>(out.ones | (open & ~kSign));
  Interval inner{std::max(out.range.low, least), std::min(out.range.high, most)};
  // Ends moved to numbers with the known lowest bits.
  const int tail = std::min(std::countr_one(out.zeros | out.ones), 62);
  const Bits mask = lowMask(tail);
  const Bits up = (out.ones - static_cast<Bits>(inner.low)) & mask;
  const Bits down = (static_cast<Bits>(inner.high) - out.ones) & mask;
  const Int128 first = Int128{inner.low} + static_cast<std::int64_t>(up);
  const Int128 last = Int128{inner.high} - static_cast<std::int64_t>(down);
  if (first <= last) {
    inner = {static_cast<std::int64_t>(first), static_cast<std::int64_t>(last)};
  }
  if (inner.low <= inner.high) out.range = inner;
  return out.known() ? of(out.range.low) : out;
}

ValueFacts ValueFacts::wrapped(const FixedFormat& format) const {
  const KnownBits bits = wrappedBits({zeros, ones}, format);
  return ValueFacts{wrappedRange({range.low, range.high}, format), bits.zeros, bits.ones}
      .sharpened();
}

ValueFacts factsAfter(const Instruction& instruction, std::span<const ValueFacts> operands,
                      std::span<const FixedFormat> formats, const FixedFormat& result,
                      const std::optional<Interval>& bound) {
  if (std::ranges::all_of(operands, &ValueFacts::known)) {
    std::vector<std::int64_t> values;
    for (const ValueFacts& operand : operands) values.push_back(operand.range.low);
    return ValueFacts::of(applyOp(instruction, values, formats, result));
  }
  if (const auto any = chosen(instruction, operands, result)) return any->sharpened();
  if (operands.size() == 2) {
    if (const auto known = decided(instruction.op, operands[0], operands[1])) {
      return ValueFacts::of(*known ? 1 : 0);
    }
  }
  std::vector<Interval> intervals;
  for (const ValueFacts& operand : operands) intervals.push_back(operand.range);
  WideInterval exact = exactInterval(instruction, intervals, formats, result);
  // Saturation is no change when the value fits by itself.
  bool fits = true;
  if (instruction.op == Op::Requantize && instruction.overflow == Overflow::Saturate) {
    Instruction cut = instruction;
    cut.overflow = Overflow::Wrap;
    fits = exactInterval(cut, intervals, formats, result).within(result.range());
  }
  if (bound) {
    exact.low = std::max<Int128>(exact.low, bound->low);
    exact.high = std::min<Int128>(exact.high, bound->high);
  }
  const KnownBits bits =
      wrappedBits(exactBits(instruction, operands, formats, result, fits), result);
  return ValueFacts{wrappedRange(exact, result), bits.zeros, bits.ones}.sharpened();
}

std::optional<std::int64_t> resultOfEqualOperands(Op op) {
  switch (op) {
    case Op::Sub:
    case Op::Xor:
    case Op::Less:
      return 0;
    case Op::Equal:
    case Op::LessEqual:
      return 1;
    default:
      return std::nullopt;
  }
}

}  // namespace aegen::core
