#include "telescope_loss.hpp"

#include <algorithm>
#include <utility>

#include "lane_rows.hpp"

namespace aegen::encoders::training {
namespace {

LaneRow sumOf(const LaneRows& charges, const ChannelGroup& group) {
  LaneRow sum = charges[group.channels.front()];
  for (std::size_t i = 1; i < group.channels.size(); ++i) {
    const LaneRow& charge = charges[group.channels[i]];
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) sum[lane] += charge[lane];
  }
  return sum;
}

// Adds a group's term to `total` and its derivative to the rows of `slope`, unless that is null.
AEGEN_VECTOR_CLONES void addGroup(const LaneRows& truth, const LaneRows& predicted,
                                  const ChannelGroup& group, float scale, LaneRow& total,
                                  LaneRows* slope) {
  const LaneRow y = sumOf(truth, group);
  const LaneRow p = sumOf(predicted, group);
  LaneRow derivative;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    const float error = p[lane] - y[lane];
    const float square = error * error;
    const float weight = p[lane] > y[lane] ? p[lane] : y[lane];
    total[lane] += scale * (square * weight);
    // d/dp (p-y)^2 max(p,y): where p is the larger, the weight moves with it.
    derivative[lane] = scale * (2.0F * error * weight + (error > 0.0F ? square : 0.0F));
  }
  if (slope == nullptr) return;
  for (const std::size_t channel : group.channels) {
    LaneRow& row = (*slope)[channel];
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) row[lane] += derivative[lane];
  }
}

}  // namespace

TelescopeLoss::TelescopeLoss() {
  const auto& channels = data::tcOrderToChannel();
  const auto channelOf = [&](int order) {
    return static_cast<std::size_t>(channels[static_cast<std::size_t>(order)]);
  };
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
  return sumOverBlocks(
      truth, predicted, gradient,
      [&](const LaneRows& y, const LaneRows& p, std::size_t count, LaneRows* slope) {
        if (slope != nullptr) slope->fill({});
        LaneRow total{};
        for (const Level& level : levels_) {
          for (const ChannelGroup& group : level.groups) {
            addGroup(y, p, group, level.factor * group.weight / events, total, slope);
          }
        }
        return sumOfLanes(total, count);
      });
}

}  // namespace aegen::encoders::training
