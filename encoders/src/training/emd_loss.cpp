#include "emd_loss.hpp"

#include <array>

#include "aegen/encoders/emd.hpp"

namespace aegen::encoders::training {
namespace {

std::array<double, data::kTriggerCells> laneOf(const LaneRows& rows, std::size_t lane) {
  std::array<double, data::kTriggerCells> charges{};
  for (std::size_t c = 0; c < rows.size(); ++c) charges[c] = static_cast<double>(rows[c][lane]);
  return charges;
}

}  // namespace

void EmdLoss::compare(const LaneRows& truth, const LaneRows& predicted, std::size_t count,
                      LaneRow& distance, LaneRows* slope) const {
  for (std::size_t lane = 0; lane < count; ++lane) {
    const auto a = laneOf(truth, lane);
    const auto b = laneOf(predicted, lane);
    if (slope == nullptr) {
      distance[lane] = static_cast<float>(earthMoversDistance(a, b).value_or(0));
      continue;
    }
    const auto dual = earthMoversDual(a, b);
    if (!dual) continue;
    distance[lane] = static_cast<float>(dual->distance);
    for (std::size_t c = 0; c < a.size(); ++c) {
      (*slope)[c][lane] = static_cast<float>(-dual->potential[c]);
    }
  }
}

}  // namespace aegen::encoders::training
