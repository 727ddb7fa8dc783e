#pragma once
/// Sliced earth mover's distance: patterns are projected on directions across the wafer, where the
/// distance is the area between two cumulated distributions.

#include <cstdint>
#include <vector>

#include "shape_loss.hpp"

namespace aegen::encoders::training {

/// Mean over evenly spread directions of the one-dimensional EMD (Rabin et al., 2011), times pi/2:
/// a pattern that moves as a whole has then, but for the spread of the directions, the EMD of two
/// dimensions. 0 only for equal shapes: no two cells have the same place in every direction.
class SlicedLoss final : public ShapeLoss {
 public:
  /// `directions`: a power of two, 2 to 64; between two axes of the wafer, none along one.
  explicit SlicedLoss(int directions);

 protected:
  void compare(const LaneRows& truth, const LaneRows& predicted, std::size_t count,
               LaneRow& distance, LaneRows* slope) const override;

 private:
  /// Channels in the order of their places along a direction, and the way from each to the next
  /// (the last has none), times pi/2 over the number of directions.
  struct Direction {
    std::array<std::uint8_t, data::kTriggerCells> channel{};
    std::array<float, data::kTriggerCells> gap{};
  };
  static void addDirection(const Direction& direction, const LaneRows& truth,
                           const LaneRows& predicted, LaneRow& distance, LaneRows* slope);
  std::vector<Direction> directions_;
};

}  // namespace aegen::encoders::training
