#pragma once
/// Encoder in integers, decoder in floats, one vector of parameters and its gradient.

#include <Eigen/Core>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "encoder_kernel.hpp"
#include "telescope_loss.hpp"

namespace aegen::encoders::training {

class Random;

/// One dense layer's place in the parameter vector: kernel [out][in] row-major, then bias [out].
struct DensePlace {
  std::size_t kernel = 0;
  std::size_t bias = 0;
  int in = 0;
  int out = 0;
};

struct NetworkOptions {
  bool truncateProducts = true;
  int latentBits = 9;              ///< the top bits of each latent that reach the decoder
  std::vector<int> decoderHidden;  ///< sizes of the decoder's hidden layers
};

class Network {
 public:
  Network(const NetworkOptions& options, Random& random);

  /// Reconstructed charges (events x 48) of `normalized` ([48][events] raw u8.7).
  const Batch& forward(std::span<const std::uint8_t> normalized, std::size_t events);
  /// Fills gradient() from the loss's derivative by the last forward()'s result. Rounding and
  /// truncation count as identities; ReLU and the latent's saturation cut the gradient off.
  void backward(std::span<const std::uint8_t> normalized, const Batch& outputGradient);

  [[nodiscard]] std::vector<float>& parameters() { return parameters_; }
  [[nodiscard]] const std::vector<float>& gradient() const { return gradient_; }
  /// Latents that were 0 in nearly every event since the last call get a fresh start: no gradient
  /// would ever reach them again. Returns how many.
  int reviveLatents(Random& random);
  /// Brings the encoder's parameters back into the range of s6.5.
  void clipEncoder();

  /// The encoder's parameters rounded to s6.5.
  [[nodiscard]] econ_t::AutoencoderWeights encoderWeights() const;
  /// The convolution's kernel [tap][filter] is at 0, its bias [filter] here.
  [[nodiscard]] std::size_t convBias() const { return convBias_; }
  [[nodiscard]] const DensePlace& encoderDense() const { return encoderDense_; }
  [[nodiscard]] const std::vector<DensePlace>& decoder() const { return decoder_; }

 private:
  void backwardEncoder(std::span<const std::uint8_t> normalized, const Batch& latentGradient);

  NetworkOptions options_;
  std::vector<float> parameters_;
  std::vector<float> gradient_;
  std::size_t convBias_ = 0;
  DensePlace encoderDense_;
  std::vector<DensePlace> decoder_;

  econ_t::AutoencoderWeights weights_;  ///< of the last forward()
  EncoderActivations encoder_;
  std::array<std::size_t, econ_t::kLatents> active_{};  ///< events since the last revival, not 0
  std::size_t seen_ = 0;                                ///< events since then
  int latentSumFraction_ = kLatentFraction;
  std::vector<Batch> activations_;  ///< decoder inputs and every layer's output
};

}  // namespace aegen::encoders::training
