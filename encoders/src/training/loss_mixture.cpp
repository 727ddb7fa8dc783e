#include "loss_mixture.hpp"

#include "telescope_loss.hpp"

namespace aegen::encoders::training {

std::unique_ptr<Loss> makeLoss(LossKind kind) {
  switch (kind) {
    case LossKind::Telescope:
      return std::make_unique<TelescopeLoss>();
  }
  return nullptr;
}

LossMixture::LossMixture(const std::vector<LossTerm>& terms, int epoch) {
  for (const LossTerm& term : terms) {
    if (epoch < term.first || (term.last > 0 && epoch > term.last)) continue;
    parts_.push_back({term.weight, makeLoss(term.kind)});
  }
}

double LossMixture::operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const {
  if (parts_.size() == 1 && parts_.front().weight == 1.0) {
    return (*parts_.front().loss)(truth, predicted, gradient);
  }
  double total = 0;
  if (gradient != nullptr) gradient->setZero(predicted.rows(), predicted.cols());
  Batch own;
  for (const Part& part : parts_) {
    total += part.weight * (*part.loss)(truth, predicted, gradient != nullptr ? &own : nullptr);
    if (gradient != nullptr) *gradient += static_cast<float>(part.weight) * own;
  }
  return total;
}

}  // namespace aegen::encoders::training
