#pragma once
/// Losses that compare shapes only: both sides are scaled to unit sum, and the derivative goes
/// through the scaling.

#include "lane_rows.hpp"

namespace aegen::encoders::training {

/// Negative predictions count as 0, with a derivative of 0. A prediction whose sum is below 2^-10
/// counts as even over the wafer, so that the derivative stays finite and leads out of there. An
/// event without true charge adds nothing.
class ShapeLoss : public Loss {
 public:
  double operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const final;

 protected:
  /// Distance of the shapes in the first `count` lanes; each sums to 1 there, up to rounding.
  /// `slope`, if not null, gets the derivative by the predicted shape, where a constant added to
  /// all cells does not matter.
  virtual void compare(const LaneRows& truth, const LaneRows& predicted, std::size_t count,
                       LaneRow& distance, LaneRows* slope) const = 0;
};

}  // namespace aegen::encoders::training
