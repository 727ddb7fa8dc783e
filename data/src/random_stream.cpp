#include "random_stream.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

namespace aegen::data {
namespace {

constexpr double kLn2High = 0x1.62e42fefa0000p-1;  // ln 2 to 37 bits, so that k * it is exact
constexpr double kLn2Low = 0x1.cf79abc9e3b39p-40;  // the rest

/// 1/n! for n = 0..14.
constexpr std::array<double, 15> kInverseFactorials = [] {
  std::array<double, 15> result{};
  double factorial = 1;
  for (std::size_t n = 0; n < result.size(); ++n) {
    if (n > 0) factorial *= static_cast<double>(n);
    result[n] = 1 / factorial;
  }
  return result;
}();

std::uint64_t splitMix(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

/// 2^k of a normal result.
double powerOfTwo(int k) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

}  // namespace

double portableLog(double x) {
  // x = 2^k m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh((m-1)/(m+1)) as a series.
  const auto word = std::bit_cast<std::uint64_t>(x);
  int k = static_cast<int>(word >> 52) - 1023;
  double m = std::bit_cast<double>((word & 0x000fffffffffffffU) | 0x3ff0000000000000U);
  if (m > 1.4142135623730951) {
    m /= 2;
    ++k;
  }
  const double s = (m - 1) / (m + 1);
  const double square = s * s;
  double series = 0;
  for (int n = 21; n >= 3; n -= 2) series = (series + 1.0 / n) * square;
  return k * kLn2High + (2 * s + (2 * s * series + k * kLn2Low));
}

double portableExp(double x) {
  if (x < -700) return 0;
  if (x > 700) x = 700;
  // x = k ln 2 + r with |r| <= ln(2)/2; e^r as its Taylor series.
  const double k = std::floor(x / (kLn2High + kLn2Low) + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double series = 0;
  for (std::size_t n = kInverseFactorials.size(); n-- > 0;) {
    series = series * r + kInverseFactorials[n];
  }
  return series * powerOfTwo(static_cast<int>(k));
}

RandomStream::RandomStream(std::uint64_t seed, std::uint64_t number) {
  // Seed and number go through the mixer one after the other, so that (seed, number) and (seed + 1,
  // number - 1) have nothing in common.
  std::uint64_t state = seed;
  state = splitMix(state) ^ number;
  for (std::uint64_t& word : state_) word = splitMix(state);
}

std::uint64_t RandomStream::bits() {
  const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double RandomStream::uniform() {
  return (static_cast<double>(bits() >> 12) + 0.5) * 0x1.0p-52;
}

RandomStream::DiscPoint RandomStream::pointInDisc() {
  DiscPoint p;
  do {
    p.x = 2 * uniform() - 1;
    p.y = 2 * uniform() - 1;
    p.square = p.x * p.x + p.y * p.y;
  } while (p.square >= 1 || p.square == 0);
  return p;
}

double RandomStream::normal() {
  if (hasSpareNormal_) {
    hasSpareNormal_ = false;
    return spareNormal_;
  }
  const auto [x, y, square] = pointInDisc();
  const double scale = std::sqrt(-2 * portableLog(square) / square);
  spareNormal_ = y * scale;
  hasSpareNormal_ = true;
  return x * scale;
}

int RandomStream::poisson(double mean) {
  int count = 0;
  for (double time = exponential(); time < mean; time += exponential()) ++count;
  return count;
}

RandomStream::Direction RandomStream::direction() {
  const auto [x, y, square] = pointInDisc();
  const double length = std::sqrt(square);
  return {x / length, y / length};
}

}  // namespace aegen::data
