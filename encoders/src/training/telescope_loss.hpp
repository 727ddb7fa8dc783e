#pragma once
/// The telescope loss and its gradient on batches of normalised charges.

#include <array>
#include <cstddef>
#include <vector>

#include "loss.hpp"

namespace aegen::encoders::training {

/// Groups of channels whose summed charges are compared, and the group's weight in its mean.
struct ChannelGroup {
  std::vector<std::size_t> channels;
  float weight = 1.0F;
};

/// 4 * L1 + 2 * L2 + L3: squared errors of single cells, of overlapping 2x2 supercells (weighted)
/// and of the three 16-cell sums, each times the larger of the true and the predicted charge.
class TelescopeLoss final : public Loss {
 public:
  /// The supercells and 16-cell sums of the wafer, in AE channel order.
  TelescopeLoss();

  double operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const override;

 private:
  struct Level {
    float factor;  ///< of the level, over the number of its groups
    std::vector<ChannelGroup> groups;
  };
  std::array<Level, 3> levels_;
};

}  // namespace aegen::encoders::training
