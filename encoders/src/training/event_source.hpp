#pragma once
/// The events a TrainConfig names.

#include <vector>

#include "aegen/data/events.hpp"
#include "aegen/encoders/train_config.hpp"

namespace aegen::encoders::training {

/// Generated from the configuration's seed, regime after regime, or read from its csv file.
[[nodiscard]] core::Result<std::vector<data::Event>> loadEvents(const TrainConfig& config);

}  // namespace aegen::encoders::training
