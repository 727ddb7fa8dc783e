#include "aegen/core/fixed_format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "rounding.hpp"

namespace aegen::core {
namespace {

constexpr std::array<std::string_view, 4> kRoundingNames{"floor", "toward_zero", "nearest_up",
                                                         "nearest_even"};
constexpr std::array<std::string_view, 2> kOverflowNames{"wrap", "saturate"};

// raw / 2^bits rounded to an integer, 0 < bits.
Int128 roundedShift(Int128 raw, int bits, Rounding rounding) {
  // Past 64 bits nothing but the sign of `raw` is left of it, and a half can't be reached.
  if (bits > 65) {
    const bool up = rounding == Rounding::TowardZero || rounding == Rounding::NearestUp ||
                    rounding == Rounding::NearestEven;
    return raw < 0 && !up ? -1 : 0;
  }
  const Int128 floor = raw >> bits;
  const Int128 rest = raw - (floor << bits);
  const Int128 half = Int128{1} << (bits - 1);
  switch (rounding) {
    case Rounding::Floor:
      return floor;
    case Rounding::TowardZero:
      return floor + (raw < 0 && rest != 0 ? 1 : 0);
    case Rounding::NearestUp:
      return floor + (rest >= half ? 1 : 0);
    case Rounding::NearestEven:
      return floor + (rest > half || (rest == half && (floor & 1) != 0) ? 1 : 0);
  }
  return floor;
}

std::int64_t wrapWide(Int128 raw, const FixedFormat& format) {
  return wrap(static_cast<std::int64_t>(static_cast<std::uint64_t>(raw)), format);
}

}  // namespace

Interval Interval::join(const Interval& o) const {
  return {std::min(low, o.low), std::max(high, o.high)};
}

std::int64_t FixedFormat::minRaw() const {
  return isSigned ? -(std::int64_t{1} << (width - 1)) : 0;
}

std::int64_t FixedFormat::maxRaw() const {
  return static_cast<std::int64_t>((std::uint64_t{1} << (isSigned ? width - 1 : width)) - 1);
}

double FixedFormat::lsb() const {
  return std::ldexp(1.0, -fraction);
}

std::string FixedFormat::text() const {
  std::string out = (isSigned ? "s" : "u") + std::to_string(width);
  if (fraction != 0) out += "." + std::to_string(fraction);
  return out;
}

std::optional<FixedFormat> FixedFormat::parse(std::string_view text) {
  if (text.size() < 2 || (text[0] != 's' && text[0] != 'u')) return std::nullopt;
  FixedFormat format{text[0] == 's', 0, 0};
  const char* const end = text.data() + text.size();
  auto [next, error] = std::from_chars(text.data() + 1, end, format.width);
  if (error != std::errc{} || format.width < 1 || format.width > kMaxWidth) return std::nullopt;
  if (next == end) return format;
  if (*next != '.') return std::nullopt;
  auto [last, fractionError] = std::from_chars(next + 1, end, format.fraction);
  if (fractionError != std::errc{} || last != end || std::abs(format.fraction) > 1000) {
    return std::nullopt;
  }
  return format;
}

FixedFormat FixedFormat::holding(const Interval& range, int fraction) {
  const auto bits = [](std::int64_t value) {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value)));
  };
  if (range.low >= 0) return {false, std::max(1, bits(range.high)), fraction};
  const int negative = bits(-(range.low + 1));
  const int positive = range.high > 0 ? bits(range.high) : 0;
  return {true, std::max(negative, positive) + 1, fraction};
}

std::string_view text(Rounding rounding) {
  return kRoundingNames[static_cast<std::size_t>(rounding)];
}

std::string_view text(Overflow overflow) {
  return kOverflowNames[static_cast<std::size_t>(overflow)];
}

std::optional<Rounding> parseRounding(std::string_view text) {
  const auto found = std::ranges::find(kRoundingNames, text);
  if (found == kRoundingNames.end()) return std::nullopt;
  return static_cast<Rounding>(found - kRoundingNames.begin());
}

std::optional<Overflow> parseOverflow(std::string_view text) {
  const auto found = std::ranges::find(kOverflowNames, text);
  if (found == kOverflowNames.end()) return std::nullopt;
  return static_cast<Overflow>(found - kOverflowNames.begin());
}

std::int64_t wrap(std::int64_t raw, const FixedFormat& format) {
  const int spare = 64 - format.width;
  const std::uint64_t high = static_cast<std::uint64_t>(raw) << spare;
  return format.isSigned ? static_cast<std::int64_t>(high) >> spare
                         : static_cast<std::int64_t>(high >> spare);
}

Int128 rounded(std::int64_t raw, int fromFraction, int toFraction, Rounding rounding) {
  const int drop = fromFraction - toFraction;
  if (drop > 0) return roundedShift(raw, drop, rounding);
  // Beyond 63 no bit is left within any format: such a value wraps to 0 or saturates.
  return Int128{raw} * (Int128{1} << std::min(-drop, 63)) * (drop < -63 ? 2 : 1);
}

std::int64_t requantize(std::int64_t raw, int fromFraction, const FixedFormat& to,
                        Rounding rounding, Overflow overflow) {
  const Int128 value = rounded(raw, fromFraction, to.fraction, rounding);
  if (overflow == Overflow::Wrap) return wrapWide(value, to);
  if (value < to.minRaw()) return to.minRaw();
  if (value > to.maxRaw()) return to.maxRaw();
  return static_cast<std::int64_t>(value);
}

std::int64_t quantize(double value, const FixedFormat& to) {
  if (std::isnan(value)) return 0;
  const double scaled = std::ldexp(value, to.fraction);
  if (scaled <= static_cast<double>(to.minRaw())) return to.minRaw();
  if (scaled >= static_cast<double>(to.maxRaw())) return to.maxRaw();
  // std::nearbyint would follow the caller's rounding mode; this does not.
  const double below = std::floor(scaled);
  const double rest = scaled - below;
  const auto raw = static_cast<std::int64_t>(below);
  return rest > 0.5 || (rest == 0.5 && (raw & 1) != 0) ? raw + 1 : raw;
}

}  // namespace aegen::core
