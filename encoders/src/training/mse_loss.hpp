#pragma once
/// Mean squared error of normalised charges.

#include "loss.hpp"

namespace aegen::encoders::training {

/// Mean over events and cells of the squared difference.
class MseLoss final : public Loss {
 public:
  double operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const override;
};

}  // namespace aegen::encoders::training
