#include "telescope_loss.hpp"

#include <utility>

#include "aegen/data/geometry.hpp"

namespace aegen::encoders::training {
namespace {

using Column = Eigen::ArrayXf;

Column sumOf(const Batch& charges, const ChannelGroup& group) {
  Column sum = charges.col(group.channels.front()).array();
  for (std::size_t i = 1; i < group.channels.size(); ++i) {
    sum += charges.col(group.channels[i]).array();
  }
  return sum;
}

}  // namespace

TelescopeLoss::TelescopeLoss() {
  const auto& channels = data::tcOrderToChannel();
  const auto channelOf = [&](int order) { return channels[static_cast<std::size_t>(order)]; };
  for (int order = 0; order < data::kTriggerCells; ++order) {
    levels_[0].groups.push_back({{channelOf(order)}, 1.0F});
  }
  for (const data::Supercell& supercell : data::supercells()) {
    ChannelGroup group;
    for (const int order : supercell.cells) group.channels.push_back(channelOf(order));
    group.weight = static_cast<float>(supercell.weight);
    levels_[1].groups.push_back(std::move(group));
  }
  for (int first = 0; first < data::kTriggerCells; first += data::kTriggerCellsPerSum) {
    ChannelGroup group;
    for (int i = 0; i < data::kTriggerCellsPerSum; ++i)
      group.channels.push_back(channelOf(first + i));
    levels_[2].groups.push_back(std::move(group));
  }
  const std::array<float, 3> factors = {4.0F, 2.0F, 1.0F};
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    levels_[i].factor = factors[i] / static_cast<float>(levels_[i].groups.size());
  }
}

double TelescopeLoss::operator()(const Batch& truth, const Batch& predicted,
                                 Batch* gradient) const {
  const auto events = static_cast<float>(truth.rows());
  if (gradient != nullptr) gradient->setZero(predicted.rows(), predicted.cols());
  double total = 0;
  for (const Level& level : levels_) {
    for (const ChannelGroup& group : level.groups) {
      const float scale = level.factor * group.weight / events;
      const Column y = sumOf(truth, group);
      const Column p = sumOf(predicted, group);
      const Column error = p - y;
      const Column weight = p.max(y);
      total += static_cast<double>(scale * (error.square() * weight).sum());
      if (gradient == nullptr) continue;
      // d/dp (p-y)^2 max(p,y): where p is the larger, the weight moves with it.
      const Column slope =
          scale * (2.0F * error * weight + (error > 0.0F).select(error.square(), 0.0F));
      for (const int channel : group.channels) gradient->col(channel).array() += slope;
    }
  }
  return total;
}

}  // namespace aegen::encoders::training
