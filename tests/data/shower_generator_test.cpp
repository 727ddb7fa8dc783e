#include "aegen/data/shower_generator.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "reference_statistics.hpp"

namespace aegen::data {
namespace {

/// FNV-1a over all charges.
std::uint64_t digest(const std::vector<Event>& events) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const Event& event : events) {
    for (const std::int64_t charge : event.charge) {
      for (int byte = 0; byte < 8; ++byte) {
        hash ^= static_cast<std::uint64_t>(charge) >> (8 * byte) & 0xff;
        hash *= 0x100000001b3U;
      }
    }
  }
  return hash;
}

TEST(ShowerGenerator, AnEventDependsOnSeedAndNumberAlone) {
  for (const ShowerParameters& parameters : {sparse(), dense()}) {
    ShowerGenerator inOrder(parameters, 42);
    const auto events = inOrder.generate(20);
    ShowerGenerator shard(parameters, 42);
    for (std::uint64_t k = 20; k-- > 0;) EXPECT_EQ(shard.event(k), events[k]) << k;
    EXPECT_EQ(shard.next(), events[0]);
    EXPECT_EQ(inOrder.next(), shard.event(20));
  }
}

TEST(ShowerGenerator, DifferentSeedsGiveDifferentEvents) {
  EXPECT_NE(ShowerGenerator(sparse(), 1).event(0), ShowerGenerator(sparse(), 2).event(0));
  EXPECT_NE(ShowerGenerator(sparse(), 1).event(1), ShowerGenerator(sparse(), 2).event(0));
}

// Changes whenever the model, its parameters or the random numbers do: trained models name their
// data by seed, so such a change must be meant.
TEST(ShowerGenerator, EventsAreTheSameOnEveryPlatform) {
  EXPECT_EQ(digest(ShowerGenerator(sparse(), 1).generate(200)), 7813848936125624242U);
  EXPECT_EQ(digest(ShowerGenerator(dense(), 1).generate(20)), 6422877797824186160U);
}

TEST(ShowerGenerator, ChargesFitTheirBitsAndReachTheMinimumSum) {
  for (ShowerParameters parameters : {sparse(), dense()}) {
    parameters.energyMedian *= 1000;
    for (const Event& event : ShowerGenerator(parameters, 3).generate(50)) {
      for (const std::int64_t charge : event.charge) {
        EXPECT_GE(charge, 0);
        EXPECT_LE(charge, kMaxCharge);
      }
      EXPECT_GE(event.sum(), parameters.minimumSum);
    }
  }
}

TEST(ShowerGenerator, ParametersThatLeaveNothingGiveEmptyEventsNotALoop) {
  ShowerParameters parameters;
  parameters.threshold = 5;
  parameters.minimumSum = 1;
  EXPECT_EQ(ShowerGenerator(parameters, 1).next().sum(), 0);
}

TEST(ShowerGenerator, ChargesBelowTheThresholdAreZero) {
  ShowerParameters parameters = sparse();
  parameters.threshold = 40;
  parameters.thresholdSpread = 0;
  for (const Event& event : ShowerGenerator(parameters, 5).generate(200)) {
    for (const std::int64_t charge : event.charge) EXPECT_TRUE(charge == 0 || charge >= 40);
  }
}

TEST(ShowerGenerator, GradientRaisesTheSideItPointsTo) {
  ShowerParameters parameters = dense();
  parameters.gradient = {0.08, 0};
  parameters.turnGradient = false;
  double right = 0;
  double left = 0;
  for (const Event& event : ShowerGenerator(parameters, 6).generate(60)) {
    for (const TriggerCell& cell : triggerCells()) {
      const auto charge = static_cast<double>(event.charge[static_cast<std::size_t>(cell.channel)]);
      (cell.centre.x > waferCentre().x ? right : left) += charge;
    }
  }
  EXPECT_GT(right, 1.5 * left);
}

TEST(ShowerGenerator, WiderProfilesSpreadTheLargestCell) {
  ShowerParameters parameters = sparse();
  const double narrow = test::statistics(ShowerGenerator(parameters, 8).generate(800)).largest[0];
  parameters.coreFraction = 0.2;
  const double wide = test::statistics(ShowerGenerator(parameters, 8).generate(800)).largest[0];
  EXPECT_LT(wide, narrow - 0.03);
}

// The tolerances that docs/generator.md states. Two seeds, neither of which the parameters were
// tuned on.
TEST(ShowerGenerator, SparseEventsLookLikeTheReferenceSample) {
  constexpr test::Tolerances kTolerances = {0.6,
                                            0.04,
                                            {0.05, 0.05, 0.05, 0.08},
                                            {0.1, 0.2, 0.12, 0.12, 0.15, 0.3},
                                            0.03,
                                            {0.03, 0.03, 0.08},
                                            0.04};
  for (const std::uint64_t seed : {11U, 12U}) {
    SCOPED_TRACE(seed);
    test::expectNear(test::statistics(ShowerGenerator(sparse(), seed).generate(3000)),
                     test::kSparseReference, kTolerances);
  }
}

TEST(ShowerGenerator, DenseEventsLookLikeTheReferenceOrbit) {
  constexpr test::Tolerances kTolerances = {0.4,
                                            0.01,
                                            {0.04, 0.04, 0.04, 0.06},
                                            {0.15, 0.15, 0.15, 0.15, 0.15, 0.3},
                                            0.001,
                                            {0.01, 0.01, 0.02},
                                            0.05};
  for (const std::uint64_t seed : {11U, 12U}) {
    SCOPED_TRACE(seed);
    // The orbit's charges have passed the chip's 7-bit codes.
    const InputSettings settings = InputSettings::plain();
    const auto codes = encodeRx(ShowerGenerator(dense(), seed).generate(700), settings);
    test::expectNear(test::statistics(*decodeRx(*codes, settings)), test::kDenseReference,
                     kTolerances);
  }
}

}  // namespace
}  // namespace aegen::data
