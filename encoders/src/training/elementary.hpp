#pragma once
/// Exponential and logarithm by sums and products alone: libm's last bits depend on the machine.

#include <cmath>

namespace aegen::encoders::training {

inline constexpr double kLn2 = 0.693147180559945309417;
/// kLn2 in two parts, of which the first times any exponent is exact (Cody and Waite, 1980).
inline constexpr double kLn2High = 0x1.62e42feep-1;
inline constexpr double kLn2Low = 1.90821492927058770002e-10;

/// e^x within about 1e-15 relative, for |x| up to 700.
[[nodiscard]] inline double exponential(double x) {
  const double power = std::nearbyint(x / kLn2);
  const double rest = (x - power * kLn2High) - power * kLn2Low;  // at most ln(2) / 2
  double sum = 1;
  for (int k = 15; k > 0; --k) sum = 1 + sum * rest / k;
  return std::ldexp(sum, static_cast<int>(power));
}

/// ln(x) within about 1e-15 absolute of numbers near 1, for normal positive x.
[[nodiscard]] inline double logarithm(double x) {
  int power = 0;
  double mantissa = std::frexp(x, &power);  // 0.5 up to 1
  if (mantissa < 0.70710678118654752440) {
    mantissa *= 2;
    --power;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)), the argument at most 0.172
  const double z = (mantissa - 1) / (mantissa + 1);
  double sum = 0;
  for (int k = 21; k > 0; k -= 2) sum = sum * z * z + 1.0 / k;
  return power * kLn2 + 2 * z * sum;
}

}  // namespace aegen::encoders::training
