#include "../../data/src/random_stream.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>

namespace aegen::data {
namespace {

TEST(PortableLog, IsWithinFourUlpOfTheLogarithm) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200000; ++round) {
    const double x = std::ldexp(1.0 + static_cast<double>(random() >> 12) * 0x1p-52,
                                static_cast<int>(random() % 200) - 100);
    const double exact = std::log(x);
    ASSERT_NEAR(portableLog(x), exact, 4 * 0x1p-52 * std::max(std::abs(exact), 0x1p-2)) << x;
  }
  EXPECT_EQ(portableLog(1.0), 0);
}

TEST(PortableExp, IsWithinFourUlpOfTheExponential) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200000; ++round) {
    const double x = (static_cast<double>(random() >> 11) * 0x1p-53 - 0.5) * 1300;
    const double exact = std::exp(x);
    ASSERT_NEAR(portableExp(x) / exact, 1, 4 * 0x1p-52) << x;
  }
  EXPECT_EQ(portableExp(0), 1);
  EXPECT_EQ(portableExp(-1e9), 0);
  EXPECT_TRUE(std::isfinite(portableExp(1e9)));
}

TEST(RandomStream, StreamsOfNeighbouringSeedsAndNumbersShareNothing) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    for (std::uint64_t number = 0; number < 30; ++number) {
      RandomStream stream(seed, number);
      for (int k = 0; k < 5; ++k) seen.insert(stream.bits());
    }
  }
  EXPECT_EQ(seen.size(), 30U * 30U * 5U);
}

TEST(RandomStream, IsTheSameOnEveryPlatform) {
  RandomStream stream(2024, 7);
  EXPECT_EQ(stream.bits(), 15020672753945343085U);
  EXPECT_EQ(stream.uniform(), 0x1.96c8c73362345p-1);
  EXPECT_EQ(stream.normal(), -0x1.c3643db2c364cp-3);
  EXPECT_EQ(stream.exponential(), 0x1.09575957c288p-1);
  EXPECT_EQ(stream.poisson(20), 17);
  EXPECT_EQ(stream.direction().x, 0x1.9f2ebaef589d4p-2);
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <typename Draw>
Moments momentsOf(Draw draw) {
  constexpr int kDraws = 200000;
  double sum = 0;
  double squares = 0;
  for (int k = 0; k < kDraws; ++k) {
    const double value = draw();
    sum += value;
    squares += value * value;
  }
  return {sum / kDraws, squares / kDraws - sum / kDraws * sum / kDraws};
}

// Tolerances are about five standard deviations of the estimate.
TEST(RandomStream, DistributionsHaveTheirMeanAndVariance) {
  RandomStream stream(5, 0);
  const Moments uniform = momentsOf([&] { return stream.uniform(); });
  EXPECT_NEAR(uniform.mean, 0.5, 0.0033);
  EXPECT_NEAR(uniform.variance, 1.0 / 12, 0.001);
  const Moments normal = momentsOf([&] { return stream.normal(); });
  EXPECT_NEAR(normal.mean, 0, 0.012);
  EXPECT_NEAR(normal.variance, 1, 0.016);
  const Moments exponential = momentsOf([&] { return stream.exponential(); });
  EXPECT_NEAR(exponential.mean, 1, 0.012);
  EXPECT_NEAR(exponential.variance, 1, 0.035);
  const Moments poisson = momentsOf([&] { return stream.poisson(3.5); });
  EXPECT_NEAR(poisson.mean, 3.5, 0.021);
  EXPECT_NEAR(poisson.variance, 3.5, 0.06);
  const Moments direction = momentsOf([&] { return stream.direction().y; });
  EXPECT_NEAR(direction.mean, 0, 0.008);
  EXPECT_NEAR(direction.variance, 0.5, 0.005);
}

TEST(RandomStream, UniformStaysInsideTheOpenInterval) {
  RandomStream stream(6, 0);
  for (int k = 0; k < 100000; ++k) {
    const double u = stream.uniform();
    ASSERT_GT(u, 0);
    ASSERT_LT(u, 1);
  }
}

TEST(RandomStream, PoissonOfNothingIsNothing) {
  RandomStream stream(7, 0);
  for (int k = 0; k < 1000; ++k) ASSERT_EQ(stream.poisson(0), 0);
}

}  // namespace
}  // namespace aegen::data
