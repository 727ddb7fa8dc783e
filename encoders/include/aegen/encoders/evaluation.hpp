#pragma once
/// Evaluation: what a codec makes of events, bit for bit as the hardware does, against sending the
/// module sum alone.

#include <array>
#include <span>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/metrics.hpp"

namespace aegen::encoders {

/// 48 charges in AE channel order.
using ChargeArray = std::array<double, data::kTriggerCells>;

/// What the board makes of events.
struct Reconstruction {
  core::Columns latents;             ///< as received: bits the mask or the links drop are 0
  std::vector<ChargeArray> charges;  ///< calibrated units
  int bitsSent = 0;                  ///< latent bits a crossing
};

/// Charges through encoder, link and fixed-point decoder, scaled by 2^floor(log2 sum). Demands and
/// diagnostics as evaluate().
[[nodiscard]] core::Result<Reconstruction> reconstruct(const Codec& codec,
                                                       std::span<const data::Event> events,
                                                       std::span<const data::Column> columns = {});

/// Metrics of what was made of events; calibrated units. Runs on all processors; the result does
/// not depend on their number.
[[nodiscard]] MetricsAccumulator measure(std::span<const data::Event> events,
                                         std::span<const ChargeArray> reconstructed);

struct Evaluation {
  MetricsAccumulator codec;  ///< of reconstruct()
  /// The module sum alone: the mean normalised pattern of these very events, scaled to each event's
  /// sum. No pattern that knows nothing else of an event does better on average.
  MetricsAccumulator moduleSum;
  LatentHistograms latents{0};  ///< as received
  int bitsSent = 0;             ///< latent bits a crossing
};

/// `codec` has passed infer() (loadCodec() and train() give such). The module sum is taken as
/// exact; the link's 5E4M code of it costs up to 3 % of the response, evenly over all TCs. A
/// condition of the module sum is that code; a given one is taken event by event from the column of
/// its name, else it is the model's default for all. Runs on all processors; the result does not
/// depend on their number. Diagnostics: `evaluate.shape` when the codec is not one of 48 charges
/// u22, latents of one format at both ends, a mask of as many bits and 1..13 eTX;
/// `model.conditions`.
[[nodiscard]] core::Result<Evaluation> evaluate(const Codec& codec,
                                                std::span<const data::Event> events,
                                                std::span<const data::Column> columns = {});

}  // namespace aegen::encoders
