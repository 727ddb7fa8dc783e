#pragma once
/// Statistics of a sample of events, by which generated and reference samples are compared.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "aegen/data/events.hpp"

namespace aegen::data::test {

struct SampleStatistics {
  double occupancyMean = 0;
  std::array<double, 6> occupancyBins{};  ///< shares of 0-2, 2-5, 5-10, 10-15, 15-20, 20+
  std::array<double, 4> logSum{};         ///< log10 of the module sum: mean, median, 90 %, 99 %
  std::array<double, 6> charge{};         ///< quantiles 50, 75, 90, 95, 99, 99.9 % of a TC's charge
  double emptyShare = 0;                  ///< of TCs
  std::array<double, 3> largest{};        ///< largest TC over the sum: mean, median, 90 %
  double neighbourCorrelation = 0;        ///< of log(1+charge) less its mean over the event
};

inline double quantile(std::vector<double>& values, double p) {
  const auto at =
      std::min(values.size() - 1, static_cast<std::size_t>(p * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

inline double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Of events whose sums are positive.
inline SampleStatistics statistics(std::span<const Event> events) {
  constexpr std::array<int, 7> kEdges = {0, 2, 5, 10, 15, 20, 49};
  SampleStatistics s;
  std::vector<double> sums;
  std::vector<double> charges;
  std::vector<double> shares;
  double product = 0;
  double square = 0;
  double empty = 0;
  const auto count = static_cast<double>(events.size());
  for (const Event& event : events) {
    const int occupancy = event.occupancy();
    s.occupancyMean += occupancy / count;
    for (std::size_t bin = 0; bin < 6; ++bin) {
      if (kEdges[bin] <= occupancy && occupancy < kEdges[bin + 1])
        s.occupancyBins[bin] += 1 / count;
    }
    const auto sum = static_cast<double>(event.sum());
    sums.push_back(std::log10(sum));
    shares.push_back(
        static_cast<double>(*std::max_element(event.charge.begin(), event.charge.end())) / sum);
    std::array<double, kTriggerCells> logs{};
    double logMean = 0;
    for (std::size_t c = 0; c < logs.size(); ++c) {
      charges.push_back(static_cast<double>(event.charge[c]));
      empty += event.charge[c] == 0;
      logs[c] = std::log1p(static_cast<double>(event.charge[c]));
      logMean += logs[c] / kTriggerCells;
    }
    for (std::size_t c = 0; c < logs.size(); ++c) {
      for (const int other : neighbours()[c]) {
        product += (logs[c] - logMean) * (logs[static_cast<std::size_t>(other)] - logMean);
        square += (logs[c] - logMean) * (logs[c] - logMean);
      }
    }
  }
  s.logSum = {mean(sums), quantile(sums, 0.5), quantile(sums, 0.9), quantile(sums, 0.99)};
  s.charge = {quantile(charges, 0.5),  quantile(charges, 0.75), quantile(charges, 0.9),
              quantile(charges, 0.95), quantile(charges, 0.99), quantile(charges, 0.999)};
  s.emptyShare = empty / static_cast<double>(charges.size());
  s.largest = {mean(shares), quantile(shares, 0.5), quantile(shares, 0.9)};
  s.neighbourCorrelation = product / square;
  return s;
}

}  // namespace aegen::data::test
