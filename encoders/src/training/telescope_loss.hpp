#pragma once
/// The telescope loss and its gradient on batches of normalised charges.

#include <Eigen/Core>
#include <array>
#include <vector>

namespace aegen::encoders::training {

/// events x features; a feature's events are contiguous.
using Batch = Eigen::MatrixXf;

/// Groups of channels whose summed charges are compared, and the group's weight in its mean.
struct ChannelGroup {
  std::vector<int> channels;
  float weight = 1.0F;
};

/// 4 * L1 + 2 * L2 + L3: squared errors of single cells, of overlapping 2x2 supercells (weighted)
/// and of the three 16-cell sums, each times the larger of the true and the predicted charge.
class TelescopeLoss {
 public:
  /// The supercells and 16-cell sums of the wafer, in AE channel order.
  TelescopeLoss();

  /// Mean over the events of `truth` and `predicted` (events x 48). `gradient`, if not null, gets
  /// the derivative of that mean by `predicted`.
  double operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const;

 private:
  struct Level {
    float factor;  ///< of the level, over the number of its groups
    std::vector<ChannelGroup> groups;
  };
  std::array<Level, 3> levels_;
};

}  // namespace aegen::encoders::training
