#pragma once
/// What the ECON-T's encoders other than the autoencoder make of charges themselves: encoder,
/// formatter, buffer, link and board decoder in the interpreter, without the front end's codes.

#include <cstdint>
#include <span>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/metrics.hpp"
#include "aegen/flows/compare.hpp"

namespace aegen::flows {

/// A way of encoding and decoding on the events.
struct AlgorithmEvaluation {
  CompareVariant variant;
  double stringBits = 0;        ///< mean of what the formatter made of a crossing, whole words
  std::uint64_t lost = 0;       ///< events with charge of which the board has no pattern
  std::uint64_t truncated = 0;  ///< crossings of which the chip sent no pattern
  encoders::MetricsAccumulator metrics;
};

/// Threshold sum sends cells from this charge on unless told otherwise: 1.34 MIP_T.
inline constexpr std::int64_t kUsualThreshold = 47;

/// Those of `algorithms` that send anything on `etx` links of the ECON-T, once a way of spreading
/// what was not sent and once a type of super trigger cells; their groups are neighbours on the
/// wafer. Nothing of the settings is fitted to the events. Errors: `evaluate.algorithm` for the
/// autoencoder, which is not one of them.
[[nodiscard]] core::Result<std::vector<AlgorithmEvaluation>> evaluateAlgorithms(
    std::span<const data::Event> events, const std::vector<encoders::econ_t::Algorithm>& algorithms,
    int etx, std::int64_t threshold = kUsualThreshold);

}  // namespace aegen::flows
