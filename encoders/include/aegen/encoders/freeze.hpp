#pragma once
/// Freezing: a trained network's numbers become the Graphs of a Codec in stated fixed-point
/// formats.

#include <string>
#include <vector>

#include "aegen/encoders/codec.hpp"

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
};

/// Puts a network of real weights (`Weights::real`) into fixed point: kernels get the largest
/// fraction their range allows, biases that of the products, sums are exact. Every Requantize node
/// gets `formats.fraction` fractional bits and is wide enough for every input, but the last
/// saturates just below 2, which no normalised charge reaches. Shapes are known, inputs have
/// formats; infer() does the rest.
void freezeReal(Graph& graph, const DecoderFormats& formats);

/// The decoder in fixed point: latents u9.8 -> [48] charges. Per layer Dense with exact sums (nodes
/// `hidden1`, ..., `reconstruction`), Relu (`..._relu`), Requantize to nearest (`..._activation`;
/// the last is `charges`). Biases have the fraction of the products. Hidden activations are
/// unsigned and wide enough for every latent pattern: they never saturate. Charges saturate just
/// below 2, which no normalised charge reaches. `Weights::real` holds the numbers of `layers`.
/// `layers` is not empty, sizes fit each other and the first takes econ_t::kLatents.
[[nodiscard]] Graph freezeDecoder(const std::vector<RealDense>& layers,
                                  const DecoderFormats& formats);

/// The link that sends the top `latentBits` bits of each of `latents` latents of `width` bits.
[[nodiscard]] LinkLayout topBitsLayout(int latents, int width, int latentBits, int activeEtx);
/// The same for 16 nine-bit latents.
[[nodiscard]] LinkLayout topBitsLayout(int latentBits, int activeEtx);
/// The most leading bits of every latent that `activeEtx` links carry, at most kLatentBits.
[[nodiscard]] LinkLayout fittingLayout(int activeEtx);

}  // namespace aegen::encoders
