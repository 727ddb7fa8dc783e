#include "aegen/encoders/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "aegen/data/events.hpp"

namespace aegen::encoders {
namespace {

double sumOf(ChargePattern charges) {
  double sum = 0;
  for (const double charge : charges) sum += charge;
  return sum;
}

double term(double truth, double prediction) {
  const double error = truth - prediction;
  return error * error * std::max(truth, prediction);
}

/// Distribution of `values`, which it sorts.
Distribution describe(std::vector<double>& values) {
  Distribution result;
  result.events = values.size();
  if (values.empty()) return result;
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += value;
  const auto count = static_cast<double>(values.size());
  result.mean = sum / count;
  const auto quantile = [&](double p) {
    const auto rank = static_cast<std::size_t>(std::max(std::ceil(p * count), 1.0));
    return values[rank - 1];
  };
  result.median = quantile(0.5);
  result.p90 = quantile(0.9);
  return result;
}

}  // namespace

double scaledTelescopeMse(ChargePattern truth, ChargePattern prediction) {
  const auto& channels = data::tcOrderToChannel();
  std::array<double, data::kTriggerCells> y{};
  std::array<double, data::kTriggerCells> p{};
  for (std::size_t order = 0; order < y.size(); ++order) {
    const auto channel = static_cast<std::size_t>(channels[order]);
    y[order] = truth[channel];
    p[order] = prediction[channel];
  }
  double cells = 0;
  std::array<double, data::kTriggerCells / data::kTriggerCellsPerSum> ySums{};
  std::array<double, ySums.size()> pSums{};
  for (std::size_t order = 0; order < y.size(); ++order) {
    cells += term(y[order], p[order]);
    ySums[order / data::kTriggerCellsPerSum] += y[order];
    pSums[order / data::kTriggerCellsPerSum] += p[order];
  }
  double supercells = 0;
  for (const data::Supercell& supercell : data::supercells()) {
    double ySum = 0;
    double pSum = 0;
    for (const int order : supercell.cells) {
      ySum += y[static_cast<std::size_t>(order)];
      pSum += p[static_cast<std::size_t>(order)];
    }
    supercells += supercell.weight * term(ySum, pSum);
  }
  double sums = 0;
  for (std::size_t k = 0; k < ySums.size(); ++k) sums += term(ySums[k], pSums[k]);
  return 4 * cells / data::kTriggerCells + 2 * supercells / data::kSupercells +
         sums / static_cast<double>(ySums.size());
}

std::optional<double> telescopeMse(ChargePattern truth, ChargePattern prediction) {
  const double sum = sumOf(truth);
  if (!(sum > 0) || !std::isfinite(sum)) return std::nullopt;
  const double scale = std::ldexp(1.0, -std::ilogb(sum));
  std::array<double, data::kTriggerCells> y{};
  std::array<double, data::kTriggerCells> p{};
  for (std::size_t k = 0; k < y.size(); ++k) {
    y[k] = truth[k] * scale;
    p[k] = prediction[k] * scale;
  }
  return scaledTelescopeMse(y, p);
}

int occupancy(ChargePattern charges) {
  return static_cast<int>(std::count_if(charges.begin(), charges.end(),
                                        [](double charge) { return charge > data::kUnitsPerMip; }));
}

std::string OccupancyBin::name() const {
  if (from <= 0 && to > data::kTriggerCells) return "all";
  if (to > data::kTriggerCells) return fmt::format("{}+", from);
  return fmt::format("{}-{}", from, to);
}

void MetricsAccumulator::add(ChargePattern truth, ChargePattern reconstructed) {
  const auto isZero = [](ChargePattern charges) {
    return std::none_of(charges.begin(), charges.end(), [](double charge) { return charge > 0; });
  };
  Record record;
  record.occupancy = static_cast<std::uint8_t>(occupancy(truth));
  if (isZero(truth)) {
    record.zero = Zero::True;
    events_.push_back(record);
    return;
  }
  record.telescope = telescopeMse(truth, reconstructed).value_or(0);
  record.response = sumOf(reconstructed) / sumOf(truth);
  if (isZero(reconstructed)) {
    record.zero = Zero::Reconstructed;
  } else {
    record.emd = earthMoversDistance(truth, reconstructed).value_or(0);
  }
  events_.push_back(record);
}

void MetricsAccumulator::merge(const MetricsAccumulator& other) {
  events_.insert(events_.end(), other.events_.begin(), other.events_.end());
}

MetricsSummary MetricsAccumulator::summarise(const OccupancyBin& bin) const {
  MetricsSummary summary;
  summary.bin = bin;
  std::vector<double> emds;
  std::vector<double> telescopes;
  double responses = 0;
  double responseSquares = 0;
  for (const Record& record : events_) {
    if (record.occupancy < bin.from || record.occupancy >= bin.to) continue;
    ++summary.events;
    if (record.zero == Zero::True) {
      ++summary.zeroTrue;
      continue;
    }
    telescopes.push_back(record.telescope);
    responses += record.response;
    responseSquares += record.response * record.response;
    if (record.zero == Zero::Reconstructed) {
      ++summary.zeroReconstructed;
    } else {
      emds.push_back(record.emd);
    }
  }
  summary.emd = describe(emds);
  summary.telescope = describe(telescopes);
  if (!telescopes.empty()) {
    const auto count = static_cast<double>(telescopes.size());
    summary.responseMean = responses / count;
    const double variance = responseSquares / count - summary.responseMean * summary.responseMean;
    summary.responseRms = std::sqrt(std::max(variance, 0.0));
  }
  return summary;
}

MetricsSummary MetricsAccumulator::overall() const {
  return summarise(OccupancyBin{});
}

std::vector<MetricsSummary> MetricsAccumulator::byOccupancy() const {
  std::vector<MetricsSummary> summaries;
  for (const OccupancyBin& bin : kOccupancyBins) summaries.push_back(summarise(bin));
  return summaries;
}

void LatentHistograms::add(std::span<const std::int64_t> latents) {
  assert(latents.size() == counts_.size());
  for (std::size_t k = 0; k < counts_.size(); ++k) ++counts_[k][latents[k]];
  ++events_;
}

double LatentHistograms::entropy(std::size_t latent) const {
  double bits = 0;
  for (const auto& [value, count] : counts_[latent]) {
    const double share = static_cast<double>(count) / static_cast<double>(events_);
    bits -= share * std::log2(share);
  }
  return bits;
}

double LatentHistograms::encodingEfficiency(int bitsSent) const {
  if (bitsSent <= 0) return 0;
  double bits = 0;
  for (std::size_t k = 0; k < counts_.size(); ++k) bits += entropy(k);
  return bits / bitsSent;
}

}  // namespace aegen::encoders
