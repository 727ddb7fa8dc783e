#pragma once
/// The chip's unsigned float codes, "xEyM" (section 3 of the ECON-T page): formats and IR.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aegen/core/function_builder.hpp"

namespace aegen::encoders {

/// Exponent and mantissa bits of a code: 5E4M is {5, 4}.
struct FloatCode {
  int exponent = 5;
  int mantissa = 4;
  [[nodiscard]] int width() const { return exponent + mantissa; }
  /// Whether it can be built: 1..6 exponent and 1..8 mantissa bits.
  [[nodiscard]] bool valid() const;
  /// "5E4M".
  [[nodiscard]] std::string text() const;
  /// Inverse of text(); empty when malformed or not valid().
  [[nodiscard]] static std::optional<FloatCode> parse(std::string_view text);
  bool operator==(const FloatCode&) const = default;
};

/// The code of an unsigned integer: itself while it fits the mantissa, else the bits after the
/// leading one, truncated; all ones past the largest exponent.
[[nodiscard]] core::ValueId encodeFloat(core::FunctionBuilder& b, core::ValueId value,
                                        const FloatCode& code);

/// The middle of the code's step, floored: (2 (2^m + mantissa) + 1) * 2^(e-2) for e > 1.
[[nodiscard]] core::ValueId decodeFloat(core::FunctionBuilder& b, core::ValueId bits,
                                        const FloatCode& code);

/// The integers of a code's step: `least` and how many there are.
struct FloatStep {
  core::ValueId least = 0;
  core::ValueId width = 0;
  core::ValueId doubleMiddle = 0;  ///< 2 least + width: an odd integer times a power of two
};
/// Codes of integers of more than `valueBits` bits, which no encoder of such integers gives, act as
/// the nearest that one can give.
[[nodiscard]] FloatStep floatStep(core::FunctionBuilder& b, core::ValueId bits,
                                  const FloatCode& code, int valueBits);
/// The middle of a step of values whose lowest `drop` bits were dropped before they were coded,
/// floored: (2 least + width) 2^drop / 2; 0 for code 0. Without a drop it is decodeFloat().
[[nodiscard]] core::ValueId middleOf(core::FunctionBuilder& b, core::ValueId bits,
                                     const FloatStep& step, core::ValueId drop);

}  // namespace aegen::encoders
