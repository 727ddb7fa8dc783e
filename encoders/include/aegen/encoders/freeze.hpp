#pragma once
/// Freezing: a trained network's numbers become the Graphs of a Codec in stated fixed-point
/// formats.

#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/link_formats.hpp"

namespace aegen::encoders {

struct DecoderFormats {
  /// Kernels are s<weightBits>, their fraction as large as their range allows.
  int weightBits = 16;
  /// Fractional bits of every activation and of the charges.
  int fraction = 10;
};

/// Puts a network of real weights (`Weights::real`) into fixed point: kernels get the largest
/// fraction their range allows, biases that of the products, sums are exact. Every Requantize node
/// gets `formats.fraction` fractional bits and is wide enough for every input, but the last
/// saturates just below 2, which no normalised charge reaches. Shapes are known, inputs have
/// formats; infer() does the rest.
void freezeReal(Graph& graph, const DecoderFormats& formats);

/// The link that sends the top `latentBits` bits of each of the shape's latents, 1..its own.
[[nodiscard]] LinkLayout topBitsLayout(int latentBits, int activeEtx,
                                       const econ_t::PathShape& shape = {});
/// As many leading bits of every latent as `activeEtx` links carry; where they do not carry one bit
/// of each, the top bit of the first ones.
[[nodiscard]] LinkLayout fittingLayout(int activeEtx, const econ_t::PathShape& shape = {});

}  // namespace aegen::encoders
