#pragma once
/// Entropic optimal transport as a loss (Cuturi, 2013), debiased.

#include <array>

#include "shape_loss.hpp"

namespace aegen::encoders::training {

struct SinkhornOptions {
  /// Strength of the entropy, in the unit of the ground distance: moves much shorter than this are
  /// blurred. 0.05 to 10; the smaller, the more steps. Below 0.05 the scalings would leave the
  /// range of doubles.
  double epsilon = 1;
  /// Ends when the plan's true side is off by less than this part of the mass ...
  double tolerance = 1e-3;
  /// ... or after so many steps.
  int steps = 300;
};

/// The Sinkhorn divergence OT(a,b) - OT(a,a)/2 - OT(b,b)/2 of both shapes (Feydy et al., 2019),
/// where OT is the least of work + epsilon * relative entropy against the product of both: 0 for
/// equal shapes, the EMD for epsilon towards 0, smooth in between. The derivative is that of the
/// dual potentials.
class SinkhornLoss final : public ShapeLoss {
 public:
  explicit SinkhornLoss(const SinkhornOptions& options);

 protected:
  void compare(const LaneRows& truth, const LaneRows& predicted, std::size_t count,
               LaneRow& distance, LaneRows* slope) const override;

 private:
  SinkhornOptions options_;
  std::array<std::array<double, data::kTriggerCells>, data::kTriggerCells> kernel_{};
};

}  // namespace aegen::encoders::training
