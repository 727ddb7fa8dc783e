#pragma once
/// Loss: what training makes small, a function of true and reconstructed charges with its
/// derivative.

#include <Eigen/Core>

namespace aegen::encoders::training {

/// events x features; a feature's events are contiguous.
using Batch = Eigen::MatrixXf;

/// A loss has no state that changes: one object serves all threads at once.
class Loss {
 public:
  Loss() = default;
  Loss(const Loss&) = default;
  Loss& operator=(const Loss&) = default;
  virtual ~Loss() = default;

  /// Mean over the events of `truth` and `predicted` (events x 48, AE channel order; charges
  /// divided by 2^floor(log2 sum of the true ones)). `predicted` is what a decoder gives: its sum
  /// is free. `gradient`, if not null, is resized and gets the derivative of that mean by
  /// `predicted`. The same arguments give the same bits on every machine.
  virtual double operator()(const Batch& truth, const Batch& predicted, Batch* gradient) const = 0;
};

}  // namespace aegen::encoders::training
