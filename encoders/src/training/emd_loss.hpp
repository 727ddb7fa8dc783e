#pragma once
/// The exact earth mover's distance as a loss.

#include "shape_loss.hpp"

namespace aegen::encoders::training {

/// Mean over the events of earthMoversDistance(); its derivative is that of the optimal dual
/// solution, a subgradient where the distance has a kink.
class EmdLoss final : public ShapeLoss {
 protected:
  void compare(const LaneRows& truth, const LaneRows& predicted, std::size_t count,
               LaneRow& distance, LaneRows* slope) const override;
};

}  // namespace aegen::encoders::training
