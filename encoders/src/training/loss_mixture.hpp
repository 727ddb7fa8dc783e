#pragma once
/// LossMixture: the terms of a configuration's loss, weighted by epoch.

#include <memory>
#include <vector>

#include "aegen/encoders/train_config.hpp"
#include "loss.hpp"

namespace aegen::encoders::training {

[[nodiscard]] std::unique_ptr<Loss> makeLoss(LossKind kind);

/// The loss of one epoch.
class LossMixture final : public Loss {
 public:
  /// The terms that count in `epoch` (from 1); nothing changes any more.
  LossMixture(const std::vector<LossTerm>& terms, int epoch);

  double operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const override;

 private:
  struct Part {
    double weight;
    std::shared_ptr<const Loss> loss;
  };
  std::vector<Part> parts_;
};

}  // namespace aegen::encoders::training
