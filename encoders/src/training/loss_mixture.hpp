#pragma once
/// A weighted sum of losses, and the one that loss terms ask for.

#include <memory>
#include <span>
#include <vector>

#include "aegen/encoders/loss_term.hpp"
#include "loss.hpp"

namespace aegen::encoders::training {

class LossMixture final : public Loss {
 public:
  void add(std::shared_ptr<const Loss> loss, double weight);
  [[nodiscard]] bool empty() const { return terms_.empty(); }

  double operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const override;

 private:
  struct Term {
    std::shared_ptr<const Loss> loss;
    double weight;
  };
  std::vector<Term> terms_;
};

/// The losses of checked terms, made once and weighed anew each epoch.
class LossSchedule {
 public:
  explicit LossSchedule(std::span<const LossTerm> terms);

  /// What counts in an epoch, from 1; terms of weight 0 are not computed.
  [[nodiscard]] LossMixture at(int epoch) const;

 private:
  std::vector<LossTerm> terms_;
  std::vector<std::shared_ptr<const Loss>> losses_;
};

}  // namespace aegen::encoders::training
