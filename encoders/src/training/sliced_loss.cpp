#include "sliced_loss.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace aegen::encoders::training {
namespace {

constexpr double kHalfPi = 1.57079632679489661923;

// Unit vectors at (2k + 1) * pi / (2 * count), by nothing but square roots: libm's sine depends on
// the machine.
std::vector<data::Point> directionsOf(int count) {
  data::Point half{0, 1};  // a quarter turn, halved down to pi / (2 * count)
  for (int n = 1; n < count; n *= 2) {
    half = {std::sqrt((1 + half.x) / 2), std::sqrt((1 - half.x) / 2)};
  }
  const auto turned = [](data::Point a, data::Point b) {
    return data::Point{a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x};
  };
  std::vector<data::Point> directions{half};
  const data::Point step = turned(half, half);
  while (directions.size() < static_cast<std::size_t>(count)) {
    directions.push_back(turned(directions.back(), step));
  }
  return directions;
}

}  // namespace

SlicedLoss::SlicedLoss(int directions) {
  assert(directions >= 2 && directions <= 64 && (directions & (directions - 1)) == 0);
  for (const data::Point along : directionsOf(directions)) {
    std::array<double, data::kTriggerCells> place{};
    for (const data::TriggerCell& cell : data::triggerCells()) {
      place[static_cast<std::size_t>(cell.channel)] =
          (cell.centre.x * along.x + cell.centre.y * along.y) / data::kEmdLengthUnit;
    }
    Direction direction;
    std::iota(direction.channel.begin(), direction.channel.end(), std::uint8_t{0});
    std::ranges::stable_sort(direction.channel, {}, [&](std::uint8_t c) { return place[c]; });
    for (std::size_t m = 0; m + 1 < place.size(); ++m) {
      const double gap = place[direction.channel[m + 1]] - place[direction.channel[m]];
      direction.gap[m] = static_cast<float>(kHalfPi * gap / directions);
    }
    directions_.push_back(direction);
  }
}

AEGEN_VECTOR_CLONES void SlicedLoss::addDirection(const Direction& direction, const LaneRows& truth,
                                                  const LaneRows& predicted, LaneRow& distance,
                                                  LaneRows* slope) {
  // Up to each cell, how much more is predicted than true.
  LaneRow excess{};
  LaneRows push;
  for (std::size_t m = 0; m < direction.channel.size(); ++m) {
    const std::size_t c = direction.channel[m];
    const float gap = direction.gap[m];
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      excess[lane] += predicted[c][lane] - truth[c][lane];
      const float above = excess[lane] > 0.0F ? gap : 0.0F;
      push[m][lane] = excess[lane] < 0.0F ? -gap : above;
      distance[lane] += excess[lane] * push[m][lane];
    }
  }
  if (slope == nullptr) return;
  // A cell counts in the excess at itself and at all that follow.
  LaneRow sum{};
  for (std::size_t m = direction.channel.size(); m-- > 0;) {
    LaneRow& row = (*slope)[direction.channel[m]];
    for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
      sum[lane] += push[m][lane];
      row[lane] += sum[lane];
    }
  }
}

void SlicedLoss::compare(const LaneRows& truth, const LaneRows& predicted, std::size_t /*count*/,
                         LaneRow& distance, LaneRows* slope) const {
  for (const Direction& direction : directions_) {
    addDirection(direction, truth, predicted, distance, slope);
  }
}

}  // namespace aegen::encoders::training
