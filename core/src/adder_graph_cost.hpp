#pragma once
/// What one adder costs, in bits.

#include <algorithm>
#include <bit>
#include <cstdint>

#include "aegen/core/fixed_format.hpp"

namespace aegen::core {

// Bits that hold `range` without its sign: of every value v in it -2^bits <= v < 2^bits.
inline int magnitudeBits(const Interval& range) {
  const auto bits = [](std::int64_t value) {
    return static_cast<int>(
        std::bit_width(static_cast<std::uint64_t>(value < 0 ? -value - 1 : value)));
  };
  return std::max(bits(range.low), bits(range.high));
}

// Bits that hold `range`, its sign included.
inline int widthOf(const Interval& range) {
  return magnitudeBits(range) + (range.low < 0 ? 1 : 0);
}

// An operand as an adder's cost sees it.
struct OperandBits {
  int low = 0;  // the lowest bit that can be other than 0
  int top = 0;  // the bit above the highest of the magnitude
  bool isSigned = false;

  static OperandBits of(const Interval& range, int low, int shift) {
    return {low + shift, magnitudeBits(range) + shift, range.low < 0};
  }
};

// Full adders of a sum or a difference: below the higher of the lowest bits they pass through.
inline int fullAdderBits(const OperandBits& a, const OperandBits& b) {
  const int top = std::max(a.top, b.top);
  const int low = std::max(a.low, b.low);
  return std::max(top - low, 0) + (a.isSigned || b.isSigned ? 1 : 0);
}

}  // namespace aegen::core
