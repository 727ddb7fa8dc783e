#pragma once
/// The learning rate's course over a run.

#include "aegen/encoders/train_config.hpp"

namespace aegen::encoders::training {

/// Factor of the learning rate at step `step` (from 0) of `steps`: rises evenly over the first
/// `rise` steps (at most a tenth of all), because Adam's first steps are as long as its later ones
/// and would drive many units into ReLU's flat side.
[[nodiscard]] double warmUp(double step, double steps, double rise);

/// Half a cosine from 1 at `progress` 0 down to 0.01 at 1. By a series with nothing but sums and
/// products: libm's cosine depends on the machine.
[[nodiscard]] double cosineSchedule(double progress);

/// The learning rate of a step; `stepsPerEpoch` of them are an epoch.
[[nodiscard]] double learningRate(const TrainingConfig& config, double step, double stepsPerEpoch);

}  // namespace aegen::encoders::training
