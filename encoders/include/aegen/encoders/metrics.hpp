#pragma once
/// Metrics of reconstructed charge patterns as the field defines them: EMD, telescope MSE,
/// response, by occupancy; and the encoding efficiency of latents.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aegen/encoders/emd.hpp"

namespace aegen::encoders {

/// Telescope MSE of prediction against truth, both scaled by 2^-floor(log2(sum of truth)):
/// 4*L1 + 2*L2 + L3, Lk the mean of (y-p)^2 * max(y,p) over 48 TCs, over the 36 weighted supercells
/// and over three sums of 16 TCs. Empty when the truth's sum is not positive (there is no scale
/// then).
[[nodiscard]] std::optional<double> telescopeMse(ChargePattern truth, ChargePattern prediction);

/// telescopeMse() of patterns that are already scaled; also what a trainer minimises.
[[nodiscard]] double scaledTelescopeMse(ChargePattern truth, ChargePattern prediction);

/// Number of TCs with more than one MIP.
[[nodiscard]] int occupancy(ChargePattern charges);

/// A range of occupancies: from <= TCs < to.
struct OccupancyBin {
  int from = 0;
  int to = data::kTriggerCells + 1;
  /// "0-2", "20+", "all".
  [[nodiscard]] std::string name() const;
  bool operator==(const OccupancyBin&) const = default;
};

/// 0-2, 2-5, 5-10, 10-15, 15-20, 20+.
inline constexpr std::array<OccupancyBin, 6> kOccupancyBins = {
    {{0, 2}, {2, 5}, {5, 10}, {10, 15}, {15, 20}, {20, data::kTriggerCells + 1}}};

/// Mean, median and 90 % quantile of a quantity over the events that have it; 0 without events.
/// The p quantile is the smallest value that at least the fraction p of them does not exceed.
struct Distribution {
  std::uint64_t events = 0;
  double mean = 0;
  double median = 0;
  double p90 = 0;
};

/// What is reported of one set of events.
struct MetricsSummary {
  OccupancyBin bin;  ///< of the true pattern
  std::uint64_t events = 0;
  Distribution emd;            ///< of events where neither side is all zero
  Distribution telescope;      ///< of events whose true sum is positive
  double responseMean = 0;     ///< of sum out over sum in, of events whose true sum is positive
  double responseRms = 0;      ///< its standard deviation
  std::uint64_t zeroTrue = 0;  ///< events whose true charges are all zero
  std::uint64_t zeroReconstructed = 0;  ///< events whose reconstructed charges alone are all zero
};

/// Collects pairs of patterns and summarises them. Keeps 32 bytes an event.
class MetricsAccumulator {
 public:
  /// Charges in calibrated units, AE channel order.
  void add(ChargePattern truth, ChargePattern reconstructed);
  /// As if the pairs of `other` had been added after one's own.
  void merge(const MetricsAccumulator& other);

  [[nodiscard]] std::uint64_t events() const { return events_.size(); }
  [[nodiscard]] MetricsSummary overall() const;
  /// One summary a bin of kOccupancyBins, in their order.
  [[nodiscard]] std::vector<MetricsSummary> byOccupancy() const;

 private:
  enum class Zero : std::uint8_t { None, True, Reconstructed };
  struct Record {
    std::uint8_t occupancy = 0;
    Zero zero = Zero::None;
    double telescope = 0;
    double emd = 0;
    double response = 0;
  };
  [[nodiscard]] MetricsSummary summarise(const OccupancyBin& bin) const;

  std::vector<Record> events_;
};

/// Counts of each latent's values over many events.
class LatentHistograms {
 public:
  explicit LatentHistograms(std::size_t latents) : counts_(latents) {}

  /// One event: the raw value of every latent.
  void add(std::span<const std::int64_t> latents);

  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::size_t latents() const { return counts_.size(); }
  /// Value -> count.
  [[nodiscard]] const std::map<std::int64_t, std::uint64_t>& counts(std::size_t latent) const {
    return counts_[latent];
  }
  /// Marginal entropy of one latent, in bits; 0 without events.
  [[nodiscard]] double entropy(std::size_t latent) const;
  /// Sum of all latents' entropies over the bits sent a crossing; 0 when none are sent.
  [[nodiscard]] double encodingEfficiency(int bitsSent) const;

 private:
  std::vector<std::map<std::int64_t, std::uint64_t>> counts_;
  std::uint64_t events_ = 0;
};

}  // namespace aegen::encoders
