#pragma once
/// A seeded generator of calorimeter events of one module: showers, pile-up, noise, zero
/// suppression. The model, its parameters and how it compares with reference samples:
/// docs/generator.md.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aegen/data/events.hpp"
#include "aegen/data/geometry.hpp"

namespace aegen::data {

/// Lengths in cm (the geometry's unit), charges in calibrated units (35 = 1 MIP_T), depths in
/// radiation lengths. "Spread" is the standard deviation of a logarithm unless it says otherwise.
struct ShowerParameters {
  // How many particles, and where.
  double showers = 0;       ///< mean number whose axis crosses the wafer
  double pileUpTracks = 0;  ///< mean number of single minimum ionising particles that cross it
  /// Both numbers have a common factor in each event, its mean 1; its logarithm lies within
  /// +-rateSpread, the density there falling as exp(-rateTilt * logarithm): modules far from the
  /// beam see less and are more numerous.
  double rateSpread = 0;
  double rateTilt = 0;
  Point gradient;            ///< density changes as exp(gradient . position), 1/cm
  bool turnGradient = true;  ///< the gradient points anywhere, else as given
  double margin =
      3.0;  ///< showers start on a disc that reaches this far beyond the wafer's corners

  // What a shower leaves in this layer.
  double energyMedian = 0;  ///< charge in the layer where the shower is largest
  double energySpread = 0;
  double depthMin = 0;  ///< the module's depth, uniform between these from event to event
  double depthMax = 0;
  double depthOfMaximum = 6;     ///< of a shower of the median energy
  double depthPerEFold = 1;      ///< how much deeper the maximum lies for each factor e of energy
  double longitudinalShape = 3;  ///< a-1 of the longitudinal Gamma profile t^(a-1) exp(-bt)

  // Its lateral profile: for either part the share within r is r^2 / (r^2 + R^2).
  double coreFraction = 0.8;
  double coreRadius = 0.5;
  double tailRadius = 2.5;
  double spotCharge = 8;  ///< mean charge of one sampled deposit
  int maxSpots = 100;     ///< larger showers have larger deposits

  // Detector.
  double mipCharge = kUnitsPerMip;  ///< median charge of a track
  double mipSpread = 0.35;
  double noise = 0;             ///< standard deviation, charge units
  double threshold = 0;         ///< charges below are read as 0
  double thresholdSpread = 0;   ///< standard deviation of a TC's threshold over the threshold
  std::int64_t minimumSum = 0;  ///< events with a smaller sum are drawn again
};

/// Few particles: about 7.5 TCs above 1 MIP_T, widely varying.
[[nodiscard]] ShowerParameters sparse();
/// A module close to the beam at the highest pile-up: about 46 TCs above 1 MIP_T.
[[nodiscard]] ShowerParameters dense();

/// Event number k depends on the seed and k alone: shards and repetitions agree. The same numbers
/// come out on every platform with IEEE doubles.
class ShowerGenerator {
 public:
  ShowerGenerator(const ShowerParameters& parameters, std::uint64_t seed);

  /// Event number `number`.
  [[nodiscard]] Event event(std::uint64_t number) const;
  /// The event after the last one; event 0 at first.
  [[nodiscard]] Event next() { return event(number_++); }
  /// The next `count` events.
  [[nodiscard]] std::vector<Event> generate(std::size_t count);

 private:
  ShowerParameters parameters_;
  std::uint64_t seed_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace aegen::data
