#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "aegen/encoders/emd.hpp"
#include "emd_oracle.hpp"

namespace aegen::encoders {
namespace {

using Pattern = std::array<double, 48>;

double oracle(const Pattern& a, const Pattern& b) {
  return test::lemonEmd(a, b, data::emdDistances());
}

/// `filled` TCs drawn with replacement, whole charges up to `largest` (1 makes many ties).
Pattern randomPattern(std::mt19937_64& random, int filled, int largest) {
  Pattern pattern{};
  for (int k = 0; k < filled; ++k) {
    pattern[random() % 48] += static_cast<double>(1 + random() % static_cast<unsigned>(largest));
  }
  return pattern;
}

TEST(EarthMoversDistance, IsTheGroundDistanceBetweenTwoSingleCells) {
  for (std::size_t i = 0; i < 48; ++i) {
    for (std::size_t j = 0; j < 48; ++j) {
      Pattern a{};
      Pattern b{};
      a[i] = 7;
      b[j] = 0.25;
      EXPECT_NEAR(earthMoversDistance(a, b).value(), data::emdDistances()[i][j], 1e-12);
    }
  }
}

TEST(EarthMoversDistance, IsZeroForPatternsThatDifferByAFactor) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 100; ++round) {
    const Pattern a = randomPattern(random, 1 + round, 1000);
    Pattern b = a;
    for (double& charge : b) charge *= 0.3;
    EXPECT_NEAR(earthMoversDistance(a, b).value(), 0, 1e-12);
  }
}

TEST(EarthMoversDistance, SplitsMassBetweenTwoSides) {
  Pattern a{};
  Pattern b{};
  const auto centre = static_cast<std::size_t>(*data::channelAt(5, 5));
  const auto left = static_cast<std::size_t>(*data::channelAt(6, 5));
  const auto right = static_cast<std::size_t>(*data::channelAt(4, 5));
  a[centre] = 1;
  b[left] = 3;
  b[right] = 1;
  EXPECT_NEAR(earthMoversDistance(a, b).value(), 2.0, 1e-12);
  b[centre] = 4;
  EXPECT_NEAR(earthMoversDistance(a, b).value(), 1.0, 1e-12);
}

TEST(EarthMoversDistance, IsEmptyWhenASideHasNoCharge) {
  Pattern zero{};
  Pattern one{};
  one[3] = 1;
  Pattern bad{};
  bad[0] = -5;
  bad[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(earthMoversDistance(zero, one).has_value());
  EXPECT_FALSE(earthMoversDistance(one, zero).has_value());
  EXPECT_FALSE(earthMoversDistance(zero, zero).has_value());
  EXPECT_FALSE(earthMoversDistance(one, bad).has_value());
}

TEST(EarthMoversDistance, CountsNegativeAndNonFiniteChargesAsNone) {
  Pattern a{};
  a[3] = 1;
  Pattern b = a;
  b[7] = -4;
  b[9] = std::numeric_limits<double>::infinity();
  EXPECT_NEAR(earthMoversDistance(a, b).value(), 0, 1e-15);
}

TEST(EarthMoversDistance, AgreesWithLemonOnRandomPatterns) {
  const std::uint64_t seed = 20240611;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 3000; ++round) {
    const int largest = std::array{1, 2, 50, 100000}[random() % 4];
    const Pattern a = randomPattern(random, 1 + static_cast<int>(random() % 80), largest);
    const Pattern b = randomPattern(random, 1 + static_cast<int>(random() % 80), largest);
    ASSERT_NEAR(earthMoversDistance(a, b).value(), oracle(a, b), 1e-9)
        << "seed " << seed << " round " << round;
  }
}

TEST(EarthMoversDistance, AgreesWithLemonOnPatternsFullOfTies) {
  const std::uint64_t seed = 77;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 1000; ++round) {
    // Equal sums of equal charges: every basis is degenerate.
    Pattern a{};
    Pattern b{};
    std::array<std::size_t, 48> order{};
    for (std::size_t k = 0; k < 48; ++k) order[k] = k;
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t k = 0; k < 24; ++k) {
      a[order[k]] = 1;
      b[order[47 - k]] = 1;
    }
    ASSERT_NEAR(earthMoversDistance(a, b).value(), oracle(a, b), 1e-9) << "round " << round;
  }
}

TEST(EarthMoversDistance, IsSymmetricAndObeysTheTriangleInequality) {
  const std::uint64_t seed = 5;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 1000; ++round) {
    const Pattern a = randomPattern(random, 1 + round % 40, 900);
    const Pattern b = randomPattern(random, 1 + round % 31, 900);
    const Pattern c = randomPattern(random, 1 + round % 17, 900);
    const double ab = earthMoversDistance(a, b).value();
    ASSERT_NEAR(ab, earthMoversDistance(b, a).value(), 1e-11);
    ASSERT_LE(ab, earthMoversDistance(a, c).value() + earthMoversDistance(c, b).value() + 1e-11);
  }
}

TEST(EarthMoversDistance, IsTheSameOnManyThreads) {
  const std::uint64_t seed = 9;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<Pattern> patterns;
  for (int k = 0; k < 200; ++k) patterns.push_back(randomPattern(random, 60, 5000));
  const auto all = [&] {
    std::vector<double> distances;
    for (std::size_t k = 0; k + 1 < patterns.size(); ++k) {
      distances.push_back(earthMoversDistance(patterns[k], patterns[k + 1]).value());
    }
    return distances;
  };
  std::array<std::vector<double>, 4> results;
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { result = all(); });
  for (std::thread& thread : threads) thread.join();
  const std::vector<double> alone = all();
  for (const auto& result : results) EXPECT_EQ(result, alone);
}

Pattern scaled(const Pattern& pattern) {
  Pattern result = pattern;
  const double sum = std::accumulate(pattern.begin(), pattern.end(), 0.0);
  for (double& charge : result) charge /= sum;
  return result;
}

double dot(const Pattern& potential, const Pattern& a, const Pattern& b) {
  double sum = 0;
  for (std::size_t k = 0; k < 48; ++k) sum += potential[k] * (a[k] - b[k]);
  return sum;
}

/// Weak duality: prices that change by no more than the ground distance bound the distance of any
/// two patterns from below; those whose bound is the distance prove it.
TEST(EarthMoversDual, ProvesTheDistanceByItsPotential) {
  const std::uint64_t seed = 31337;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 1000; ++round) {
    const int largest = std::array{1, 2, 50, 100000}[random() % 4];
    const Pattern a = scaled(randomPattern(random, 1 + static_cast<int>(random() % 90), largest));
    const Pattern b = scaled(randomPattern(random, 1 + static_cast<int>(random() % 90), largest));
    const EmdResult dual = earthMoversDual(a, b).value();
    ASSERT_EQ(dual.distance, earthMoversDistance(a, b).value());
    ASSERT_NEAR(dot(dual.potential, a, b), dual.distance, 1e-11) << "seed " << seed;
    for (std::size_t i = 0; i < 48; ++i) {
      for (std::size_t j = 0; j < 48; ++j) {
        ASSERT_LE(dual.potential[i] - dual.potential[j], data::emdDistances()[i][j] + 1e-11)
            << "seed " << seed << " round " << round << " cells " << i << ' ' << j;
      }
    }
  }
}

TEST(EarthMoversDual, GivesASubgradientOnEitherSide) {
  const std::uint64_t seed = 4242;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    const Pattern a = scaled(randomPattern(random, 1 + round % 70, 300));
    const Pattern b = scaled(randomPattern(random, 1 + round % 53, 300));
    const Pattern other = scaled(randomPattern(random, 1 + round % 61, 300));
    const EmdResult at = earthMoversDual(a, b).value();
    ASSERT_GE(earthMoversDistance(other, b).value(),
              at.distance + dot(at.potential, other, a) - 1e-11);
    ASSERT_GE(earthMoversDistance(a, other).value(),
              at.distance - dot(at.potential, other, b) - 1e-11);
  }
}

TEST(EarthMoversDual, IsEmptyOrFlatWhereNothingMoves) {
  const Pattern zero{};
  Pattern one{};
  one[3] = 1;
  EXPECT_FALSE(earthMoversDual(zero, one).has_value());
  EXPECT_FALSE(earthMoversDual(one, zero).has_value());
  const EmdResult same = earthMoversDual(one, one).value();
  EXPECT_EQ(same.distance, 0);
  EXPECT_EQ(same.potential, Pattern{});
}

}  // namespace
}  // namespace aegen::encoders
