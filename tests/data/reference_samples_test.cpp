#include <gtest/gtest.h>

#include <vector>

#include "aegen/data/events.hpp"
#include "reference_statistics.hpp"

namespace aegen::data {
namespace {

/// The reference constants carry four decimals.
constexpr test::Tolerances kRounding = {
    6e-5, 6e-5, {6e-5, 6e-5, 6e-5, 6e-5}, {}, 6e-5, {6e-5, 6e-5, 6e-5}, 6e-5};

TEST(ReferenceSamples, SparseStatisticsAreThoseOfTheSharedSample) {
  const auto events = readCalqCsv(AEGEN_SOURCE_DIR "/../shared/econt/calq_sample.csv");
  ASSERT_TRUE(events.ok()) << events.error().text();
  test::expectNear(test::statistics(*events), test::kSparseReference, kRounding);
}

TEST(ReferenceSamples, DenseStatisticsAreThoseOfTheSharedOrbit) {
  const auto rx = readRxCsv(AEGEN_SOURCE_DIR "/../shared/econt/vectors/input_mcDataset.csv");
  ASSERT_TRUE(rx.ok()) << rx.error().text();
  // The input map of the autoencoder sets.
  InputSettings settings = InputSettings::plain();
  settings.mux = {5,  6,  7,  1,  29, 28, 20, 21, 13, 4,  0,  2,  31, 30, 22, 23,
                  12, 14, 11, 3,  24, 27, 17, 16, 15, 8,  9,  10, 25, 26, 19, 18,
                  34, 35, 43, 41, 32, 33, 42, 40, 39, 38, 44, 47, 36, 37, 45, 46};
  const auto events = decodeRx(*rx, settings);
  ASSERT_TRUE(events.ok());
  test::expectNear(test::statistics(*events), test::kDenseReference, kRounding);
}

}  // namespace
}  // namespace aegen::data
