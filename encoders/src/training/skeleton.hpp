#pragma once
/// The untrained codec of a configuration, and what training makes of it.

#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/train_config.hpp"
#include "network.hpp"

namespace aegen::encoders::training {

/// Graphs with every shape and format, all weights 0 and loadable, and the link. A decoder that is
/// trained in floats has stand-ins for its formats. Diagnostics of Graph::infer(), and
/// `train.layers` (a list that cannot be: its first or last layer, a concat without conditions),
/// `train.link` (more bits than the links carry, a mask of another length).
[[nodiscard]] core::Result<Codec> skeleton(const TrainConfig& config);

/// The plan of a skeleton.
[[nodiscard]] core::Result<Plan> planOf(const Codec& skeleton, const TrainConfig& config);

/// Fills `codec`, a skeleton, with the network's weights: the encoder's as they were rounded in
/// training, and those of a decoder trained in floats in the formats freeze() finds for them.
[[nodiscard]] core::Result<void> fill(Codec& codec, const Network& network,
                                      const TrainConfig& config);

}  // namespace aegen::encoders::training
