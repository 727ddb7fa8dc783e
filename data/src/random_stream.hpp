#pragma once
/// RandomStream: random numbers of several distributions that are the same on every platform. The
/// standard library's distributions are not specified to the bit, nor are the last bits of libm's
/// functions, so only IEEE operations and square roots are used; the sources that do are compiled
/// without contraction to FMA.

#include <cstdint>

namespace aegen::data {

/// Natural logarithm of a positive normal number; within 4 ulp.
[[nodiscard]] double portableLog(double x);
/// e^x, 0 below -700, largest at 700; within 4 ulp between.
[[nodiscard]] double portableExp(double x);

/// A xoshiro256++ stream (Blackman and Vigna), its state filled by SplitMix64 from a seed and a
/// number.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t number);

  /// 64 random bits.
  [[nodiscard]] std::uint64_t bits();
  /// In (0, 1): odd multiples of 2^-53.
  [[nodiscard]] double uniform();
  [[nodiscard]] double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Mean 0, variance 1, by the polar method.
  [[nodiscard]] double normal();
  /// Mean 1.
  [[nodiscard]] double exponential() { return -portableLog(uniform()); }
  /// Counts exponential gaps: time grows with the mean.
  [[nodiscard]] int poisson(double mean);
  /// exp(spread * normal), median 1.
  [[nodiscard]] double logNormal(double spread) { return portableExp(spread * normal()); }
  /// A point on the unit circle.
  struct Direction {
    double x;
    double y;
  };
  [[nodiscard]] Direction direction();

 private:
  /// Uniform in the unit disc, never its centre; `square` is the distance's.
  struct DiscPoint {
    double x = 0;
    double y = 0;
    double square = 0;
  };
  DiscPoint pointInDisc();

  std::uint64_t state_[4];
  double spareNormal_ = 0;
  bool hasSpareNormal_ = false;
};

}  // namespace aegen::data
