#pragma once
/// The first half of requantize(): the exact rounded number, before it is brought into a format.

#include <cstdint>

#include "aegen/core/fixed_format.hpp"

namespace aegen::core {

__extension__ using Int128 = __int128;

/// `raw * 2^-fromFraction` rounded to `toFraction` fractional bits, as a raw integer. Exact while
/// toFraction - fromFraction < 64; past that it is raw * 2^64, which wraps and saturates the same.
[[nodiscard]] Int128 rounded(std::int64_t raw, int fromFraction, int toFraction, Rounding rounding);

}  // namespace aegen::core
