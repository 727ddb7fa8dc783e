#pragma once
/// The quantization-aware trainer: charges in, a Codec of an encoder and its decoder out.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "aegen/core/instruction_set.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/train_config.hpp"

namespace aegen::encoders {

/// One pass over the training events. Losses are means over events, with the encoder in the
/// hardware's integers and the decoder in floats, or in integers too where it is quantized. The
/// validation loss weighs the terms as the last epoch does, so that epochs can be compared.
struct EpochReport {
  int epoch = 0;  ///< from 1
  double trainLoss = 0;
  double validationLoss = 0;
  double learningRate = 0;  ///< of the epoch's last step
  bool best = false;        ///< lowest validation loss so far: these parameters are the candidate
  bool operator==(const EpochReport&) const = default;
};

/// How a run is carried out; nothing of it changes the result.
struct TrainOptions {
  std::function<void(const EpochReport&)> progress;  ///< may be empty
  /// Asked after every epoch but the last: true writes a checkpoint, if `checkpoint` names a file,
  /// and ends the run with `train.stopped`. May be empty.
  std::function<bool()> stop;
  std::filesystem::path checkpoint;                  ///< empty: none is written
  bool resume = false;                               ///< go on from `checkpoint`
  std::optional<core::InstructionSet> instructions;  ///< empty: the fastest there is
};

struct TrainResult {
  Codec codec;
  std::vector<EpochReport> epochs;  ///< fewer than configured when the run ended early
  int bestEpoch = 0;
  std::size_t trainingEvents = 0;
  std::size_t validationEvents = 0;
  std::size_t emptyEvents = 0;  ///< events without charge, which teach nothing and were left out
  int revivedLatents = 0;       ///< dead latents that were given new weights, in total
  double validationLoss = 0;    ///< of the best epoch
  /// Validation loss of sending the module sum alone: every event gets the mean normalised pattern
  /// of the training events.
  double moduleSumLoss = 0;
};

/// Generates or reads the events config names, trains, freezes the best epoch. The same config
/// gives the same codec, byte for byte in its model file, on any number of threads, with any
/// instruction set, and after any interruption. Diagnostics `train.*`; `train.too-few-events` when
/// no batch or no validation event is left, `train.diverged`, `train.checkpoint` (not of this run,
/// or damaged), `train.stopped`.
[[nodiscard]] core::Result<TrainResult> train(const TrainConfig& config,
                                              const TrainOptions& options = {});

/// The same on given events; config.data only enters the description.
[[nodiscard]] core::Result<TrainResult> train(const TrainConfig& config,
                                              std::span<const data::Event> events,
                                              const TrainOptions& options = {});

}  // namespace aegen::encoders
