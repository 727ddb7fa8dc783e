#include "aegen/encoders/metrics.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

namespace aegen::encoders {
namespace {

using Pattern = std::array<double, 48>;

std::size_t channelOf(int order) {
  return static_cast<std::size_t>(data::tcOrderToChannel()[static_cast<std::size_t>(order)]);
}

TEST(TelescopeMse, IsZeroForAPerfectReconstruction) {
  Pattern a{};
  for (std::size_t k = 0; k < a.size(); ++k) a[k] = static_cast<double>(k * k);
  EXPECT_EQ(telescopeMse(a, a).value(), 0);
}

TEST(TelescopeMse, IsTheHandComputedValueForOneCell) {
  // Truth: 1.0 in TC 0, scale 1; prediction 0.5 there. TC 0 is in supercells 0 and 27, both of
  // weight 0.375. Each term is 0.25 * 1.
  Pattern truth{};
  Pattern prediction{};
  truth[channelOf(0)] = 1;
  prediction[channelOf(0)] = 0.5;
  const double expected = 4 * 0.25 / 48 + 2 * (2 * 0.375 * 0.25) / 36 + 0.25 / 3;
  EXPECT_NEAR(telescopeMse(truth, prediction).value(), expected, 1e-15);
}

TEST(TelescopeMse, ScalesByThePowerOfTwoBelowTheTruesSum) {
  Pattern truth{};
  Pattern prediction{};
  truth[channelOf(0)] = 1023;  // scale 2^-9
  prediction[channelOf(0)] = 511.5;
  const double y = 1023.0 / 512;
  const double each = y * y / 4 * y;
  const double expected = each * (4.0 / 48 + 2 * 0.75 / 36 + 1.0 / 3);
  EXPECT_NEAR(telescopeMse(truth, prediction).value(), expected, 1e-12);
}

TEST(TelescopeMse, ForgivesMovesWithinASupercellMoreThanMovesAcross) {
  Pattern truth{};
  truth[channelOf(5)] = 1;
  Pattern near{};
  near[channelOf(6)] = 1;
  Pattern far{};
  far[channelOf(15)] = 1;
  Pattern elsewhere{};
  elsewhere[channelOf(40)] = 1;
  EXPECT_LT(telescopeMse(truth, near).value(), telescopeMse(truth, far).value());
  EXPECT_LT(telescopeMse(truth, far).value(), telescopeMse(truth, elsewhere).value());
}

TEST(TelescopeMse, IsEmptyWithoutTrueCharge) {
  const Pattern zero{};
  Pattern one{};
  one[0] = 1;
  EXPECT_FALSE(telescopeMse(zero, one).has_value());
}

TEST(Occupancy, CountsCellsAboveOneMip) {
  Pattern a{};
  a[0] = 35;
  a[1] = 35.5;
  a[2] = 36;
  EXPECT_EQ(occupancy(a), 2);
}

TEST(OccupancyBins, CoverEveryOccupancyOnce) {
  for (int cells = 0; cells <= 48; ++cells) {
    int holders = 0;
    for (const OccupancyBin& bin : kOccupancyBins) holders += bin.from <= cells && cells < bin.to;
    EXPECT_EQ(holders, 1) << cells;
  }
  EXPECT_EQ(kOccupancyBins[1].name(), "2-5");
  EXPECT_EQ(kOccupancyBins[5].name(), "20+");
  EXPECT_EQ(OccupancyBin{}.name(), "all");
}

TEST(MetricsAccumulator, CountsZeroSidesApart) {
  Pattern zero{};
  Pattern one{};
  one[4] = 100;
  Pattern other{};
  other[12] = 50;
  MetricsAccumulator metrics;
  metrics.add(zero, one);
  metrics.add(zero, zero);
  metrics.add(one, zero);
  metrics.add(one, other);
  const MetricsSummary all = metrics.overall();
  EXPECT_EQ(all.events, 4U);
  EXPECT_EQ(all.zeroTrue, 2U);
  EXPECT_EQ(all.zeroReconstructed, 1U);
  EXPECT_EQ(all.emd.events, 1U);
  EXPECT_NEAR(all.emd.mean, data::emdDistances()[4][12], 1e-12);
  EXPECT_EQ(all.telescope.events, 2U);
  EXPECT_NEAR(all.responseMean, 0.25, 1e-12);
  EXPECT_NEAR(all.responseRms, 0.25, 1e-12);
}

TEST(MetricsAccumulator, SummarisesMeanMedianAndNinetiethPercentile) {
  // Ten events whose EMDs are 0 nine times and one ground distance once, then shares 10 % steps.
  MetricsAccumulator metrics;
  Pattern truth{};
  truth[4] = 100;
  for (int k = 0; k < 10; ++k) {
    Pattern reconstructed{};
    reconstructed[4] = 10 - k;
    reconstructed[12] = k;
    metrics.add(truth, reconstructed);
  }
  const double unit = data::emdDistances()[4][12] / 10;
  const MetricsSummary all = metrics.overall();
  EXPECT_NEAR(all.emd.mean, 4.5 * unit, 1e-12);
  EXPECT_NEAR(all.emd.median, 4 * unit, 1e-12);
  EXPECT_NEAR(all.emd.p90, 8 * unit, 1e-12);
}

TEST(MetricsAccumulator, BinsAddUpToTheWholeAndMergeIsConcatenation) {
  std::mt19937_64 random(11);
  MetricsAccumulator whole;
  MetricsAccumulator first;
  MetricsAccumulator second;
  for (int k = 0; k < 300; ++k) {
    Pattern truth{};
    Pattern reconstructed{};
    for (std::size_t cell = 0; cell < 48; ++cell) {
      if (static_cast<int>(random() % 300) < k) truth[cell] = static_cast<double>(random() % 90);
      reconstructed[cell] = truth[cell] * static_cast<double>(random() % 3);
    }
    whole.add(truth, reconstructed);
    (k < 100 ? first : second).add(truth, reconstructed);
  }
  first.merge(second);
  std::uint64_t events = 0;
  double emdSum = 0;
  for (const MetricsSummary& bin : whole.byOccupancy()) {
    EXPECT_GT(bin.events, 0U) << bin.bin.name();
    events += bin.events;
    emdSum += bin.emd.mean * static_cast<double>(bin.emd.events);
  }
  const MetricsSummary all = whole.overall();
  EXPECT_EQ(events, all.events);
  EXPECT_NEAR(emdSum, all.emd.mean * static_cast<double>(all.emd.events), 1e-9);
  const MetricsSummary merged = first.overall();
  EXPECT_EQ(merged.emd.mean, all.emd.mean);
  EXPECT_EQ(merged.telescope.p90, all.telescope.p90);
  EXPECT_EQ(merged.responseRms, all.responseRms);
}

TEST(LatentHistograms, EfficiencyIsTheMarginalEntropyOverTheBitsSent) {
  LatentHistograms histograms(2);
  for (std::int64_t k = 0; k < 64; ++k) {
    histograms.add(std::array<std::int64_t, 2>{k % 8, 5});
  }
  EXPECT_NEAR(histograms.entropy(0), 3, 1e-12);
  EXPECT_EQ(histograms.entropy(1), 0);
  EXPECT_NEAR(histograms.encodingEfficiency(18), 3.0 / 18, 1e-12);
  EXPECT_EQ(histograms.encodingEfficiency(0), 0);
  EXPECT_EQ(histograms.counts(0).at(7), 8U);
}

}  // namespace
}  // namespace aegen::encoders
