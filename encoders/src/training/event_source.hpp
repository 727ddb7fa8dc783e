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

/// Adds the conditions of events: `train.conditions` when the table lacks a column that the decoder
/// wants. Given conditions take part scaled to 0..1.
[[nodiscard]] core::Result<LabelledEvents> label(const TrainConfig& config, data::EventTable table);

/// The condition that is the link's code of the module sum.
inline constexpr std::string_view kSumCondition = "sum";
/// Of every condition: that of the code.
inline constexpr core::FixedFormat kConditionFormat{false, 9, 9};

}  // namespace aegen::encoders::training
