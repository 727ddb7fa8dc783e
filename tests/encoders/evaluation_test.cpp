#include "aegen/encoders/evaluation.hpp"

#include <gtest/gtest.h>

#include <string>

#include "aegen/data/shower_generator.hpp"
#include "aegen/encoders/codec.hpp"

namespace aegen::encoders {
namespace {

void expectSame(const MetricsSummary& got, const MetricsSummary& wanted) {
  EXPECT_EQ(got.events, wanted.events);
  EXPECT_EQ(got.zeroTrue, wanted.zeroTrue);
  EXPECT_EQ(got.emd.mean, wanted.emd.mean);
  EXPECT_EQ(got.emd.median, wanted.emd.median);
  EXPECT_EQ(got.telescope.mean, wanted.telescope.mean);
  EXPECT_EQ(got.responseMean, wanted.responseMean);
  EXPECT_EQ(got.responseRms, wanted.responseRms);
}

TEST(Evaluation, OfManyThreadsIsThatOfTheReconstructedEventsInTheirOrder) {
  const auto codec = loadCodec(AEGEN_SOURCE_DIR "/examples/econ_t_autoencoder/model.json");
  ASSERT_TRUE(codec.ok()) << codec.error().text();
  auto events = data::ShowerGenerator(data::sparse(), 12).generate(301);
  events[17] = {};  // nothing to reconstruct
  const auto result = evaluate(*codec, events);
  ASSERT_TRUE(result.ok()) << result.error().text();
  const auto board = reconstruct(*codec, events);
  ASSERT_TRUE(board.ok()) << board.error().text();
  ASSERT_EQ(board->charges.size(), events.size());
  EXPECT_EQ(board->bitsSent, result->bitsSent);

  MetricsAccumulator alone;
  for (std::size_t e = 0; e < events.size(); ++e) {
    ChargeArray truth{};
    for (std::size_t c = 0; c < truth.size(); ++c) {
      truth[c] = static_cast<double>(events[e].charge[c]);
    }
    alone.add(truth, board->charges[e]);
  }
  EXPECT_EQ(alone.overall().zeroTrue, 1U);
  expectSame(result->codec.overall(), alone.overall());
  const auto bins = result->codec.byOccupancy();
  const auto wanted = alone.byOccupancy();
  for (std::size_t i = 0; i < bins.size(); ++i) expectSame(bins[i], wanted[i]);
}

}  // namespace
}  // namespace aegen::encoders
