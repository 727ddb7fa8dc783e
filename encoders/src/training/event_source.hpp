#pragma once
/// The events a TrainConfig names.

#include <span>

#include "aegen/encoders/train_config.hpp"
#include "event_set.hpp"

namespace aegen::encoders::training {

/// Generated from the configuration's seed, regime after regime, then read from its csv and rx
/// files; with their conditions. Diagnostics of the readers, and `train.conditions` (a file of
/// conditions that does not fit the events).
[[nodiscard]] core::Result<LabelledEvents> loadEvents(const TrainConfig& config);

/// Adds the conditions of events that stand for themselves: `train.conditions` when the decoder
/// wants more than their sum and `config` names no file.
[[nodiscard]] core::Result<LabelledEvents> label(const TrainConfig& config,
                                                 std::vector<data::Event> events);

}  // namespace aegen::encoders::training
