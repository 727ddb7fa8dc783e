#pragma once
/// Freezing: a trained network's numbers become the Graphs of a Codec in stated fixed-point
/// formats.

#include <string>
#include <vector>

#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/link_formats.hpp"

namespace aegen::encoders {

/// A dense layer as trained: out = relu(kernel * in + bias).
struct RealDense {
  int in = 0;
  int out = 0;
  std::vector<double> kernel;  ///< [out][in] row-major
  std::vector<double> bias;    ///< [out]
};

struct DecoderFormats {
  /// Kernels are s<weightBits>, their fraction as large as their range allows.
  int weightBits = 16;
  /// Fractional bits of every activation and of the charges.
  int fraction = 10;
  core::FixedFormat latent{false, 9, 8};  ///< of the encoder's output
};

/// Puts a network of real weights (`Weights::real`) into fixed point: kernels get the largest
/// fraction their range allows, biases that of the products, sums are exact. Every Requantize node
/// gets `formats.fraction` fractional bits and is wide enough for every input, but the last
/// saturates just below 2, which no normalised charge reaches. Shapes are known, inputs have
/// formats; infer() does the rest.
void freezeReal(Graph& graph, const DecoderFormats& formats);

/// The decoder in fixed point: latents -> [48] charges. Per layer Dense with exact sums (nodes
/// `hidden1`, ..., `reconstruction`), Relu (`..._relu`), Requantize to nearest (`..._activation`;
/// the last is `charges`). Biases have the fraction of the products. Hidden activations are
/// unsigned and wide enough for every latent pattern: they never saturate. Charges saturate just
/// below 2, which no normalised charge reaches. `Weights::real` holds the numbers of `layers`.
/// `layers` is not empty, sizes fit each other and the first takes the latents.
[[nodiscard]] Graph freezeDecoder(const std::vector<RealDense>& layers,
                                  const DecoderFormats& formats);

/// The link that sends the top `latentBits` bits of each of the shape's latents, 1..its own.
[[nodiscard]] LinkLayout topBitsLayout(int latentBits, int activeEtx,
                                       const econ_t::PathShape& shape = {});
/// As many leading bits of every latent as `activeEtx` links carry; where they do not carry one bit
/// of each, the top bit of the first ones.
[[nodiscard]] LinkLayout fittingLayout(int activeEtx, const econ_t::PathShape& shape = {});

}  // namespace aegen::encoders
