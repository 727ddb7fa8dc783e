#pragma once
/// Fixed-point formats, integer intervals and requantize(), the one definition of rounding and
/// overflow.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aegen::core {

/// Widest value of the IR, in bits: one machine word with a bit to spare for exact comparison.
inline constexpr int kMaxWidth = 63;

/// A closed range of raw integers.
struct Interval {
  std::int64_t low = 0;
  std::int64_t high = 0;

  [[nodiscard]] bool contains(std::int64_t value) const { return low <= value && value <= high; }
  [[nodiscard]] bool contains(const Interval& o) const { return low <= o.low && o.high <= high; }
  /// Smallest interval that holds both.
  [[nodiscard]] Interval join(const Interval& o) const;
  bool operator==(const Interval&) const = default;
};

/// A fixed-point number format: value = raw * 2^-fraction, raw an integer of `width` bits
/// (two's complement when signed). `fraction` may be negative or exceed `width`.
struct FixedFormat {
  bool isSigned = false;
  int width = 1;     ///< total bits, 1..kMaxWidth
  int fraction = 0;  ///< fractional bits

  [[nodiscard]] std::int64_t minRaw() const;
  [[nodiscard]] std::int64_t maxRaw() const;
  [[nodiscard]] Interval range() const { return {minRaw(), maxRaw()}; }
  /// Value of one least significant bit, 2^-fraction.
  [[nodiscard]] double lsb() const;
  /// `u8.7` or `s6.5`: signedness, total width, fractional bits; `.0` is left out.
  [[nodiscard]] std::string text() const;
  /// Inverse of text(); empty when malformed or wider than kMaxWidth.
  [[nodiscard]] static std::optional<FixedFormat> parse(std::string_view text);
  /// The narrowest format with `fraction` that holds every integer of `range`
  /// (unsigned when nothing in it is negative; at least 1 bit). Width may exceed kMaxWidth: check.
  [[nodiscard]] static FixedFormat holding(const Interval& range, int fraction);

  bool operator==(const FixedFormat&) const = default;
};

/// How bits below the result's least significant bit are dropped.
enum class Rounding : std::uint8_t {
  Floor,        ///< toward minus infinity: the bits are cut off
  TowardZero,   ///< toward zero
  NearestUp,    ///< nearest, halves toward plus infinity: add half, cut off
  NearestEven,  ///< nearest, halves to the even neighbour
};

/// What happens to a value outside the result's range.
enum class Overflow : std::uint8_t {
  Wrap,      ///< the high bits are cut off (two's complement)
  Saturate,  ///< the nearest representable value
};

[[nodiscard]] std::string_view text(Rounding rounding);
[[nodiscard]] std::string_view text(Overflow overflow);
[[nodiscard]] std::optional<Rounding> parseRounding(std::string_view text);
[[nodiscard]] std::optional<Overflow> parseOverflow(std::string_view text);

/// Cuts `raw` to the low `format.width` bits and reads them in `format`'s signedness.
[[nodiscard]] std::int64_t wrap(std::int64_t raw, const FixedFormat& format);

/// The raw integer in `to` of the number `raw * 2^-fromFraction`: first rounded to `to.fraction`
/// fractional bits, then brought into `to`'s range. Exact for every |raw| < 2^63 and any fractions.
[[nodiscard]] std::int64_t requantize(std::int64_t raw, int fromFraction, const FixedFormat& to,
                                      Rounding rounding, Overflow overflow);

/// The raw integer in `to` nearest to the real number `value` (halves to even), saturated; NaN
/// gives 0.
[[nodiscard]] std::int64_t quantize(double value, const FixedFormat& to);

}  // namespace aegen::core
