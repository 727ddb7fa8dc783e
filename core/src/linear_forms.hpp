#pragma once
/// Linear forms: values of a function as integer combinations of values that are not, exactly.

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "aegen/core/program.hpp"
#include "interval_transfer.hpp"

namespace aegen::core {

/// constant + sum of coefficient * leaf, in raw integers: fractions play no part.
struct LinearForm {
  struct Term {
    std::uint32_t leaf = 0;
    std::int64_t coefficient = 0;  ///< not 0
    auto operator<=>(const Term&) const = default;
  };
  std::vector<Term> terms;  ///< by leaf
  std::int64_t constant = 0;

  [[nodiscard]] static LinearForm of(std::uint32_t leaf) { return {{{leaf, 1}}, 0}; }
  /// The leaf, where the form is nothing else.
  [[nodiscard]] std::optional<std::uint32_t> leaf() const;
  /// Low bits that are always 0; 63 of the number 0.
  [[nodiscard]] int trailingZeros() const;
  auto operator<=>(const LinearForm&) const = default;
};

/// Everything `form` can be when each leaf takes every value of its interval.
[[nodiscard]] WideInterval rangeOf(const LinearForm& form, std::span<const Interval> leaves);

/// a + b, a - b, form * factor; empty when a coefficient passes 62 bits or there are too many.
[[nodiscard]] std::optional<LinearForm> add(const LinearForm& a, const LinearForm& b);
[[nodiscard]] std::optional<LinearForm> subtract(const LinearForm& a, const LinearForm& b);
[[nodiscard]] std::optional<LinearForm> multiply(const LinearForm& form, std::int64_t factor);
/// form / 2^bits; `bits` is at most trailingZeros().
[[nodiscard]] LinearForm shiftedDown(const LinearForm& form, int bits);

/// What `instruction` computes, were its result wide enough, from its operands' forms; empty when
/// that is not linear. A Requantize or ShiftRight is where it drops only bits that are always 0.
[[nodiscard]] std::optional<LinearForm> linearForm(const Instruction& instruction,
                                                   std::span<const LinearForm* const> operands,
                                                   int operandFraction, int resultFraction);

}  // namespace aegen::core
