#pragma once
/// Signed digits: a number as a sum of powers of two, each added or subtracted.

#include <bit>
#include <cstdint>

namespace aegen::core {

// Fewest digits that `value` can be written with: those of its non-adjacent form.
inline int fewestDigits(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return std::popcount(bits ^ (bits + (bits << 1)));
}

// Calls digit(shift, negated) for each digit of one of the forms with the fewest. Where two digits
// would do equally, `higher()` says whether to take the one that carries: always for the
// non-adjacent form.
template <typename Digit, typename Higher>
void minimalDigits(std::int64_t value, Digit&& digit, Higher&& higher) {
  for (int shift = 0; value != 0; ++shift, value /= 2) {
    if (value % 2 == 0) continue;
    std::int64_t d = (value & 3) == 1 ? 1 : -1;
    // Besides the digit of the non-adjacent form, which is always minimal, perhaps the other.
    if (fewestDigits((value + d) / 2) + 1 == fewestDigits(value) && !higher()) d = -d;
    digit(shift, d < 0);
    value -= d;
  }
}

}  // namespace aegen::core
