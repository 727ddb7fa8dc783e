#include "element_steps.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace aegen::encoders::training {
namespace {

using core::FixedFormat;
using core::Rounding;

// Rounded, before it is brought into the format's range.
template <typename Integer>
void roundLanes(const ElementStep& step, int fraction, Integer* raw) {
  const int drop = fraction - step.format.fraction;
  constexpr int kMost = std::numeric_limits<Integer>::digits - 2;
  const bool floors = step.rounding == Rounding::Floor && drop >= 0 && drop <= kMost;
  if (floors || (step.rounding == Rounding::NearestUp && drop >= 1 && drop <= kMost)) {
    const Integer half = floors ? Integer{0} : static_cast<Integer>(Integer{1} << (drop - 1));
    for (std::size_t i = 0; i < kLanes; ++i) {
      raw[i] = static_cast<Integer>((raw[i] + half) >> drop);
    }
    return;
  }
  const FixedFormat wide{true, std::numeric_limits<Integer>::digits, step.format.fraction};
  for (std::size_t i = 0; i < kLanes; ++i) {
    raw[i] = static_cast<Integer>(
        core::requantize(raw[i], fraction, wide, step.rounding, step.overflow));
  }
}

template <typename Integer>
void fitLanes(const ElementStep& step, Integer* raw, std::int32_t* passes) {
  constexpr std::int64_t kLow = std::numeric_limits<Integer>::min();
  constexpr std::int64_t kHigh = std::numeric_limits<Integer>::max();
  if (step.overflow == core::Overflow::Wrap) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      raw[i] = static_cast<Integer>(core::wrap(raw[i], step.format));
    }
    return;
  }
  const auto low = static_cast<Integer>(std::max(step.format.minRaw(), kLow));
  const auto high = static_cast<Integer>(std::min(step.format.maxRaw(), kHigh));
  for (std::size_t i = 0; i < kLanes; ++i) {
    const Integer value = raw[i];
    const Integer raised = value < low ? low : value;
    const Integer fitted = raised > high ? high : raised;
    passes[i] = value == fitted ? passes[i] : 0;
    raw[i] = fitted;
  }
}

}  // namespace

GradientMask gradientMask(const Stage& stage) {
  const bool onlyRelu = stage.steps.size() == 1;
  for (const ElementStep& step : stage.steps) {
    if (step.kind == ElementStep::Kind::Relu) {
      return onlyRelu ? GradientMask::ByValue : GradientMask::Stored;
    }
    if (step.kind == ElementStep::Kind::Requantize && step.overflow == core::Overflow::Saturate) {
      return GradientMask::Stored;
    }
  }
  return GradientMask::None;
}

template <typename Integer>
void applySteps(const Stage& stage, std::size_t element, Integer* raw, int fraction, float* value,
                float* mask) {
  std::int32_t passes[kLanes];
  std::fill_n(passes, kLanes, 1);
  for (const ElementStep& step : stage.steps) {
    switch (step.kind) {
      case ElementStep::Kind::Relu:
        for (std::size_t i = 0; i < kLanes; ++i) {
          passes[i] = raw[i] > 0 ? passes[i] : 0;
          raw[i] = raw[i] > 0 ? raw[i] : Integer{0};
        }
        break;
      case ElementStep::Kind::Requantize:
        roundLanes(step, fraction, raw);
        fitLanes(step, raw, passes);
        fraction = step.format.fraction;
        break;
      case ElementStep::Kind::Keep: {
        const auto keep = static_cast<Integer>(step.keep[element]);
        for (std::size_t i = 0; i < kLanes; ++i) raw[i] = static_cast<Integer>(raw[i] & keep);
        if (step.format.isSigned) {
          for (std::size_t i = 0; i < kLanes; ++i) {
            raw[i] = static_cast<Integer>(core::wrap(raw[i], step.format));
          }
        }
        break;
      }
    }
  }
  const float lsb = std::ldexp(1.0F, -fraction);
  for (std::size_t i = 0; i < kLanes; ++i) value[i] = static_cast<float>(raw[i]) * lsb;
  if (mask == nullptr) return;
  for (std::size_t i = 0; i < kLanes; ++i) mask[i] = static_cast<float>(passes[i]);
}

template void applySteps(const Stage& stage, std::size_t element, std::int32_t* raw, int fraction,
                         float* value, float* mask);
template void applySteps(const Stage& stage, std::size_t element, std::int64_t* raw, int fraction,
                         float* value, float* mask);

}  // namespace aegen::encoders::training
