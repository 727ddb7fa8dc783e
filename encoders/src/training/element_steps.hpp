#pragma once
/// ElementStep on the lanes of a row: rounding, saturation and ReLU of the trainer's forward pass.

#include <cstdint>

#include "kernels.hpp"
#include "stages.hpp"

namespace aegen::encoders::training {

/// Whether and how a stage's steps cut the gradient off.
enum class GradientMask : std::uint8_t {
  None,     ///< they do not
  ByValue,  ///< where the value is 0
  Stored,   ///< where the mask is 0
};
[[nodiscard]] GradientMask gradientMask(const Stage& stage);

/// Takes `element` of a stage through its steps. `raw`: kLanes integers of `fraction` fractional
/// bits, overwritten. `value`: what comes out. `mask`: 1 where the derivative passes, 0 where a
/// ReLU or a saturation cut it off; may be null. `Integer` is std::int32_t or std::int64_t.
template <typename Integer>
void applySteps(const Stage& stage, std::size_t element, Integer* raw, int fraction, float* value,
                float* mask);

}  // namespace aegen::encoders::training
