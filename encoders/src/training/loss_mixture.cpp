#include "loss_mixture.hpp"

#include <cassert>
#include <utility>

#include "emd_loss.hpp"
#include "mse_loss.hpp"
#include "sinkhorn_loss.hpp"
#include "sliced_loss.hpp"
#include "telescope_loss.hpp"

namespace aegen::encoders::training {
namespace {

std::shared_ptr<const Loss> make(const LossTerm& term) {
  switch (term.kind) {
    case LossKind::Telescope:
      return std::make_shared<TelescopeLoss>();
    case LossKind::Mse:
      return std::make_shared<MseLoss>();
    case LossKind::Emd:
      return std::make_shared<EmdLoss>();
    case LossKind::EmdSinkhorn:
      return std::make_shared<SinkhornLoss>(SinkhornOptions{.epsilon = term.epsilon});
    case LossKind::EmdSliced:
      return std::make_shared<SlicedLoss>(term.directions);
  }
  assert(false);
  return {};
}

}  // namespace

void LossMixture::add(std::shared_ptr<const Loss> loss, double weight) {
  terms_.push_back({std::move(loss), weight});
}

double LossMixture::operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const {
  assert(!terms_.empty());
  if (terms_.size() == 1 && terms_.front().weight == 1) {
    return (*terms_.front().loss)(truth, predicted, gradient);
  }
  if (gradient != nullptr) gradient->setZero(predicted.rows(), predicted.cols());
  double total = 0;
  Batch part;
  for (const Term& term : terms_) {
    total += term.weight * (*term.loss)(truth, predicted, gradient != nullptr ? &part : nullptr);
    if (gradient != nullptr) *gradient += static_cast<float>(term.weight) * part;
  }
  return total;
}

LossSchedule::LossSchedule(std::span<const LossTerm> terms) : terms_(terms.begin(), terms.end()) {
  for (const LossTerm& term : terms_) losses_.push_back(make(term));
}

LossMixture LossSchedule::at(int epoch) const {
  LossMixture mixture;
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const double weight = terms_[i].weightAt(epoch);
    if (weight > 0) mixture.add(losses_[i], weight);
  }
  return mixture;
}

}  // namespace aegen::encoders::training
