#include "schedule.hpp"

#include <algorithm>

namespace aegen::encoders::training {
namespace {

// Where in its period a step of warm restarts is (Loshchilov and Hutter, 2017), from 0 to 1.
double restartProgress(const TrainingConfig& config, double epoch) {
  double length = config.restartEpochs;
  while (epoch >= length) {
    epoch -= length;
    length *= config.restartFactor;
  }
  return epoch / length;
}

}  // namespace

double warmUp(double step, double steps, double rise) {
  return std::min(1.0, (step + 1.0) / (std::min(rise, steps / 10.0) + 1.0));
}

double cosineSchedule(double progress) {
  constexpr double kPi = 3.14159265358979323846;
  const double x = kPi * (progress - 0.5);  // cos(pi * progress) = -sin(x)
  double term = x;
  double sine = term;
  for (int k = 1; k < 12; ++k) {
    term *= -x * x / (2.0 * k * (2.0 * k + 1.0));
    sine += term;
  }
  return 0.01 + 0.99 * 0.5 * (1.0 - sine);
}

double learningRate(const TrainingConfig& config, double step, double stepsPerEpoch) {
  const double steps = stepsPerEpoch * config.epochs;
  const double rate = config.learningRate * warmUp(step, steps, config.warmUpSteps);
  switch (config.schedule) {
    case Schedule::Cosine:
      return rate * cosineSchedule(step / steps);
    case Schedule::WarmRestarts:
      return rate * cosineSchedule(restartProgress(config, step / stepsPerEpoch));
    case Schedule::Constant:
      break;
  }
  return rate;
}

}  // namespace aegen::encoders::training
