#pragma once
/// What the two reference samples look like, as facts (docs/generator.md shows them;
/// reference_samples_test.cpp recomputes them from the samples), and how close generated events
/// come.

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "sample_statistics.hpp"

namespace aegen::data::test {

inline constexpr SampleStatistics kSparseReference = {
    .occupancyMean = 7.5207,
    .occupancyBins = {0.2036, 0.2912, 0.2397, 0.1078, 0.0555, 0.1021},
    .logSum = {2.7162, 2.7731, 3.3844, 3.6461},
    .charge = {0, 16, 60, 105, 230, 544},
    .emptyShare = 0.6158,
    .largest = {0.3280, 0.2734, 0.6228},
    .neighbourCorrelation = 0.1366,
};
inline constexpr SampleStatistics kDenseReference = {
    .occupancyMean = 46.0191,
    .occupancyBins = {0, 0, 0, 0, 0, 1},
    .logSum = {4.2480, 4.2467, 4.3745, 4.4622},
    .charge = {272, 496, 800, 1088, 1728, 3712},
    .emptyShare = 0,
    .largest = {0.0978, 0.0873, 0.1358},
    .neighbourCorrelation = 0.1011,
};

/// How far from the reference a sample may be, both ways.
struct Tolerances {
  double occupancyMean;
  double occupancyBins;  ///< of each share
  std::array<double, 4> logSum;
  std::array<double, 6> charge;  ///< of ln((charge + 5) / (reference + 5))
  double emptyShare;
  std::array<double, 3> largest;
  double neighbourCorrelation;
};

template <std::size_t size>
void expectNear(const std::string& what, const std::array<double, size>& found,
                const std::array<double, size>& expected,
                const std::array<double, size>& tolerance) {
  for (std::size_t k = 0; k < size; ++k) {
    EXPECT_NEAR(found[k], expected[k], tolerance[k]) << what << " entry " << k;
  }
}

template <std::size_t size>
std::array<double, size> all(double value) {
  std::array<double, size> result{};
  result.fill(value);
  return result;
}

inline void expectNear(const SampleStatistics& found, const SampleStatistics& reference,
                       const Tolerances& tolerance) {
  EXPECT_NEAR(found.occupancyMean, reference.occupancyMean, tolerance.occupancyMean);
  expectNear("share of occupancies", found.occupancyBins, reference.occupancyBins,
             all<6>(tolerance.occupancyBins));
  expectNear("log10 of the sum", found.logSum, reference.logSum, tolerance.logSum);
  std::array<double, 6> ratios{};
  for (std::size_t k = 0; k < ratios.size(); ++k) {
    ratios[k] = std::log((found.charge[k] + 5) / (reference.charge[k] + 5));
  }
  expectNear("log ratio of charge quantiles", ratios, all<6>(0), tolerance.charge);
  EXPECT_NEAR(found.emptyShare, reference.emptyShare, tolerance.emptyShare);
  expectNear("largest TC's share", found.largest, reference.largest, tolerance.largest);
  EXPECT_NEAR(found.neighbourCorrelation, reference.neighbourCorrelation,
              tolerance.neighbourCorrelation);
}

}  // namespace aegen::data::test
