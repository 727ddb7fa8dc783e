#include "weight_formats.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace aegen::encoders {
namespace {

double largestOf(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

}  // namespace

core::FixedFormat fittingFormat(std::span<const double> values, int bits, int mostFraction) {
  const double largest = largestOf(values);
  core::FixedFormat format{true, bits, mostFraction};
  if (largest > 0) format.fraction = std::min(mostFraction, bits - std::ilogb(largest));
  while (std::nearbyint(std::ldexp(largest, format.fraction)) >
         static_cast<double>(format.maxRaw())) {
    --format.fraction;
  }
  return format;
}

core::FixedFormat biasFormat(std::span<const double> values, int fraction) {
  const double largest = std::min(std::ldexp(largestOf(values), fraction), 0x1p61);
  const auto raw = static_cast<std::int64_t>(std::ceil(largest)) + 1;
  return core::FixedFormat::holding({-raw, raw}, fraction);
}

}  // namespace aegen::encoders
