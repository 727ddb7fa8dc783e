#pragma once
/// What interval an operation's exact result lies in, given its operands': shared by the builder,
/// which chooses formats with it, and the range analysis, which checks them.

#include <span>

#include "aegen/core/program.hpp"

namespace aegen::core {

__extension__ using Int128 = __int128;

/// Interval of exact results, which may exceed 64 bits.
struct WideInterval {
  Int128 low = 0;
  Int128 high = 0;
  [[nodiscard]] bool within(const Interval& range) const {
    return range.low <= low && high <= range.high;
  }
  /// Cut to what an int64 holds.
  [[nodiscard]] Interval clamped() const;
};

/// Hull of the exact (not yet cut) results of `instruction`, any op but Call. `result` is the
/// result's format: bit operations, slices and saturation depend on it.
[[nodiscard]] WideInterval exactInterval(const Instruction& instruction,
                                         std::span<const Interval> operands,
                                         std::span<const FixedFormat> formats,
                                         const FixedFormat& result);

}  // namespace aegen::core
