#pragma once
/// ValueFacts: what is known of a value before it is computed: an interval, and bits that are
/// always 0 or always 1. One transfer function gives them for every operation.

#include <cstdint>
#include <optional>
#include <span>

#include "aegen/core/fixed_format.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core {

/// Holds of a raw integer, seen as 64 bits of two's complement (the sign goes on above its width).
struct ValueFacts {
  Interval range;
  std::uint64_t zeros = 0;  ///< bits that are 0 whatever happens
  std::uint64_t ones = 0;   ///< bits that are 1 whatever happens

  /// All that a format says.
  [[nodiscard]] static ValueFacts of(const FixedFormat& format);
  [[nodiscard]] static ValueFacts of(std::int64_t value);
  [[nodiscard]] static ValueFacts of(const Interval& range);

  /// The value is `range.low`.
  [[nodiscard]] bool known() const { return range.low == range.high; }
  [[nodiscard]] bool allows(std::int64_t value) const;
  /// What holds of either of two values.
  [[nodiscard]] ValueFacts join(const ValueFacts& other) const;
  /// Interval and bits sharpened by each other.
  [[nodiscard]] ValueFacts sharpened() const;
  /// Of the value cut to `format`'s width and read in its signedness.
  [[nodiscard]] ValueFacts wrapped(const FixedFormat& format) const;

  bool operator==(const ValueFacts&) const = default;
};

/// Facts of the result of `instruction`, any op but Call, from those of its operands. `bound`, when
/// given, holds the exact result before it is cut to the format. Sound for every op; exact when all
/// operands are known, by the interpreter's own arithmetic.
[[nodiscard]] ValueFacts factsAfter(const Instruction& instruction,
                                    std::span<const ValueFacts> operands,
                                    std::span<const FixedFormat> formats, const FixedFormat& result,
                                    const std::optional<Interval>& bound = {});

/// What an operation gives whose two operands are the same value, if that is one number: `x - x`,
/// `x < x` and their like.
[[nodiscard]] std::optional<std::int64_t> resultOfEqualOperands(Op op);

}  // namespace aegen::core
