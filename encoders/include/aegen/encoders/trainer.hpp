#pragma once
/// The quantization-aware trainer: charges in, a Codec of the ECON-T's encoder and a decoder out.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "aegen/data/events.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/train_config.hpp"

namespace aegen::encoders {

/// One pass over the training events. Losses are telescope losses of normalised charges, means over
/// events, with the encoder in the hardware's integers and the decoder in floats.
struct EpochReport {
  int epoch = 0;  ///< from 1
  double trainLoss = 0;
  double validationLoss = 0;
  bool best = false;  ///< lowest validation loss so far: these parameters are the candidate
};
using ProgressCallback = std::function<void(const EpochReport&)>;

struct TrainResult {
  Codec codec;
  std::vector<EpochReport> epochs;
  int bestEpoch = 0;
  std::size_t trainingEvents = 0;
  std::size_t validationEvents = 0;
  std::size_t emptyEvents = 0;  ///< events without charge, which teach nothing and were left out
  int revivedLatents = 0;       ///< latents that were always 0 and were given new weights, in total
  double validationLoss = 0;    ///< of the best epoch
  /// Validation loss of sending the module sum alone: every event gets the mean normalised pattern
  /// of the training events.
  double moduleSumLoss = 0;
};

/// Generates or reads the events config names, trains, freezes the best epoch. One thread; the same
/// config gives the same codec, byte for byte in its model file. `progress` may be empty.
[[nodiscard]] core::Result<TrainResult> train(const TrainConfig& config,
                                              const ProgressCallback& progress = {});

/// The same on given events; config's `generated` and `csv` only enter the description.
/// Diagnostic `train.too-few-events` when no batch or no validation event is left.
[[nodiscard]] core::Result<TrainResult> train(const TrainConfig& config,
                                              std::span<const data::Event> events,
                                              const ProgressCallback& progress = {});

}  // namespace aegen::encoders
