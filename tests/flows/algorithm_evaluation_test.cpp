#include "aegen/flows/algorithm_evaluation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <random>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "chip_inputs.hpp"

namespace aegen::flows {
namespace {

namespace econ_t = encoders::econ_t;
using econ_t::Algorithm;
using econ_t::Spread;
using Charges = std::array<double, data::kTriggerCells>;

constexpr std::uint64_t kSeed = 20817;

// Cells of very different charges, all below what a 4E3M code ends at; no two of an event are
// alike.
std::vector<data::Event> randomEvents(std::size_t count) {
  std::mt19937_64 random(kSeed);
  std::vector<data::Event> events(count);
  for (data::Event& event : events) {
    const std::size_t cells = 1 + random() % data::kTriggerCells;
    for (std::size_t c = 0; c < cells; ++c) {
      event.charge[random() % data::kTriggerCells] =
          static_cast<std::int64_t>(random() % (1U << (3 + random() % 9))) * 64 +
          static_cast<std::int64_t>(c);
    }
  }
  return events;
}

// The middle of the step of a code with `mantissa` bits behind the leading one, floored.
double coded(std::int64_t value, int mantissa) {
  if (value < (1 << (mantissa + 1))) return static_cast<double>(value);
  const int drop =
      static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value))) - 1 - mantissa;
  return static_cast<double>((value >> drop << drop) + (std::int64_t{1} << drop) / 2);
}

encoders::MetricsSummary summaryOf(const std::vector<data::Event>& events,
                                   const std::function<Charges(const data::Event&)>& code) {
  encoders::MetricsAccumulator metrics;
  for (const data::Event& event : events) {
    Charges truth{};
    std::ranges::copy(event.charge, truth.begin());
    metrics.add(truth, code(event));
  }
  return metrics.overall();
}

const AlgorithmEvaluation* find(const std::vector<AlgorithmEvaluation>& rows, int stcType,
                                Spread spread) {
  const auto found = std::ranges::find_if(rows, [&](const AlgorithmEvaluation& row) {
    return row.variant.stcType == stcType && row.variant.spread == spread;
  });
  return found == rows.end() ? nullptr : &*found;
}

void expectAlike(const AlgorithmEvaluation* row, const encoders::MetricsSummary& wanted) {
  ASSERT_NE(row, nullptr);
  const encoders::MetricsSummary got = row->metrics.overall();
  EXPECT_EQ(got.events, wanted.events);
  EXPECT_EQ(got.zeroReconstructed, wanted.zeroReconstructed);
  EXPECT_DOUBLE_EQ(got.emd.mean, wanted.emd.mean);
  EXPECT_DOUBLE_EQ(got.telescope.mean, wanted.telescope.mean);
  EXPECT_DOUBLE_EQ(got.responseMean, wanted.responseMean);
}

TEST(AlgorithmEvaluation, BestChoiceIsTheLargestCellsCoded) {
  SCOPED_TRACE(kSeed);
  const auto events = randomEvents(80);
  for (const auto& [etx, cells] : {std::pair{1, 1}, {2, 4}, {5, 14}}) {
    const auto rows = evaluateAlgorithms(events, {Algorithm::BestChoice}, etx);
    ASSERT_TRUE(rows.ok()) << rows.error().text();
    ASSERT_EQ(rows->size(), 2U);
    const auto wanted = summaryOf(events, [n = cells](const data::Event& event) {
      std::array<std::size_t, data::kTriggerCells> order{};
      std::iota(order.begin(), order.end(), 0);
      std::ranges::sort(order, std::greater{}, [&](std::size_t c) { return event.charge[c]; });
      Charges out{};
      for (int i = 0; i < n; ++i) {
        const std::size_t c = order[static_cast<std::size_t>(i)];
        out[c] = coded(event.charge[c], 3);
      }
      return out;
    });
    expectAlike(find(*rows, 0, Spread::Concentrated), wanted);
    EXPECT_DOUBLE_EQ(rows->front().stringBits, 32 * etx);
  }
}

TEST(AlgorithmEvaluation, SuperTriggerCellsOf16AreSumsAtTheLargestCellOrInEqualShares) {
  SCOPED_TRACE(kSeed);
  const auto events = randomEvents(80);
  const auto rows = evaluateAlgorithms(events, {Algorithm::SuperTriggerCell}, 2);
  ASSERT_TRUE(rows.ok()) << rows.error().text();
  const auto grid = econ_t::gridChannels();
  const auto code = [&](bool shared) {
    return summaryOf(events, [&, shared](const data::Event& event) {
      Charges out{};
      for (const auto& [top, left] : {std::pair{0, 0}, {0, 4}, {4, 0}}) {
        std::vector<std::size_t> cells;
        for (int i = 0; i < 16; ++i) {
          const int at = (top + i / 4) * econ_t::kGridSide + left + i % 4;
          cells.push_back(static_cast<std::size_t>(grid[static_cast<std::size_t>(at)]));
        }
        std::int64_t sum = 0;
        for (const std::size_t c : cells) sum += event.charge[c];
        const auto sent = static_cast<std::int64_t>(coded(sum, 4));
        if (shared) {
          for (const std::size_t c : cells) out[c] = static_cast<double>((sent + 8) / 16);
        } else {
          const auto largest =
              std::ranges::max_element(cells, {}, [&](std::size_t c) { return event.charge[c]; });
          out[*largest] = static_cast<double>(sent);
        }
      }
      return out;
    });
  };
  expectAlike(find(*rows, 1, Spread::Concentrated), code(false));
  expectAlike(find(*rows, 1, Spread::Shared), code(true));
}

TEST(AlgorithmEvaluation, OnlyWhatSendsHasRowsAndThresholdSumLosesWhatTheBufferCannotHold) {
  const auto events = randomEvents(400);
  const std::vector<Algorithm> all{Algorithm::Repeater, Algorithm::SuperTriggerCell,
                                   Algorithm::ThresholdSum};
  const auto wide = evaluateAlgorithms(events, all, 13);
  ASSERT_TRUE(wide.ok()) << wide.error().text();
  ASSERT_EQ(wide->size(), 3U);  // no super trigger cells
  EXPECT_EQ(wide->front().variant.algorithm, Algorithm::Repeater);
  EXPECT_EQ(wide->back().truncated, 0U);
  const auto narrow = evaluateAlgorithms(events, {Algorithm::ThresholdSum}, 1, 0);
  ASSERT_TRUE(narrow.ok()) << narrow.error().text();
  EXPECT_GT(narrow->front().truncated, 0U);
  const auto network = evaluateAlgorithms(events, {Algorithm::Autoencoder}, 5);
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, "evaluate.algorithm");
}

// What the front end makes of codes, given to a chip without one: the links carry the same words.
TEST(AlgorithmEvaluation, AChipWithoutFrontEndIsTheSameBehindIt) {
  SCOPED_TRACE(kSeed);
  const auto rx = data::encodeRx(randomEvents(60), data::InputSettings::plain());
  ASSERT_TRUE(rx.ok());
  const auto seen = data::decodeRx(*rx, data::InputSettings::plain());
  ASSERT_TRUE(seen.ok());
  core::Columns words(data::kRxWords, rx->size());
  for (std::size_t k = 0; k < rx->size(); ++k) {
    for (std::size_t w = 0; w < data::kRxWords; ++w) words.at(w, k) = (*rx)[k][w];
  }
  std::vector<int> places(data::kTriggerCells);
  std::iota(places.begin(), places.end(), 0);
  for (const Algorithm algorithm : econ_t::kAlgorithms) {
    econ_t::ChipSettings settings = econ_t::ChipSettings::neutral();
    settings.algorithm = algorithm;
    settings.activeEtx = algorithm == Algorithm::Repeater ? 13 : 4;
    econ_t::ChipOptions options;
    options.encoders = {econ_t::kAlgorithms.begin(), econ_t::kAlgorithms.end()};
    auto weights = econ_t::zeroWeights();
    for (std::size_t i = 0; i < weights.denseKernel.size(); ++i) {
      weights.denseKernel[i] = static_cast<std::int64_t>(i * 7 % 31) - 12;
    }
    std::ranges::fill(weights.convKernel, 9);
    auto graph = econ_t::autoencoder(weights, true);
    ASSERT_TRUE(graph.infer().ok());
    const auto whole = econ_t::chip(graph, settings, options);
    ASSERT_TRUE(whole.ok()) << whole.error().text();
    options.frontEnd = false;
    const auto behind = econ_t::chip(graph, settings, options);
    ASSERT_TRUE(behind.ok()) << behind.error().text();
    EXPECT_TRUE(core::analyse(*behind).ok());
    EXPECT_EQ(behind->findConfig("mux"), nullptr);
    core::DesignInterpreter one(*whole);
    core::DesignInterpreter other(*behind);
    const auto wanted = one.run(flushed(words));
    const auto got = other.run(chargeInputs(*seen, places));
    ASSERT_TRUE(wanted.ok() && got.ok());
    // Behind the events the front end still sees code 0, which is half a step.
    for (std::size_t k = 0; k < rx->size(); ++k) {
      for (std::size_t w = 0; w < wanted->elements(); ++w) {
        ASSERT_EQ(got->at(w, k), wanted->at(w, k)) << econ_t::text(algorithm) << " " << k;
      }
    }
  }
}

}  // namespace
}  // namespace aegen::flows
