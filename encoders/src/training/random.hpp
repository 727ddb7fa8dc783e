#pragma once
/// Random: the trainer's numbers (initial weights, order of events), the same on every platform.

#include <cstdint>

namespace aegen::encoders::training {

/// SplitMix64 (Steele, Lea and Flood, 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// 64 random bits.
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  /// In [0, n); n far below 2^64, so that the remainder's bias does not matter.
  std::uint64_t below(std::uint64_t n) { return next() % n; }

  /// A Random made of it goes on with the same numbers.
  [[nodiscard]] std::uint64_t state() const { return state_; }

 private:
  std::uint64_t state_;
};

}  // namespace aegen::encoders::training
