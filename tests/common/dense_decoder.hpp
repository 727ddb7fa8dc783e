#pragma once
/// Decoders of dense layers, put into fixed point as the trainer does it.

#include <vector>

#include "aegen/encoders/freeze.hpp"

namespace aegen::test {

/// A dense layer as trained: out = relu(kernel * in + bias).
struct RealDense {
  int in = 0;
  int out = 0;
  std::vector<double> kernel;  ///< [out][in] row-major
  std::vector<double> bias;    ///< [out]
};

/// Latents u9.8 -> [48] charges: per layer Dense with exact sums (nodes `hidden1`, ...,
/// `reconstruction`), Relu (`..._relu`), Requantize to nearest (`..._activation`; the last is
/// `charges`); frozen by freezeReal(). `layers` is not empty, sizes fit each other.
[[nodiscard]] encoders::Graph denseDecoder(const std::vector<RealDense>& layers,
                                           const encoders::DecoderFormats& formats);

}  // namespace aegen::test
