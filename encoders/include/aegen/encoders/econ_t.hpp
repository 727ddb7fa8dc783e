#pragma once
/// The ECON-T's autoencoder and its trigger path as Graph, Program and Design (../docs/econ_t.md).

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/encoders/codec.hpp"

namespace aegen::encoders::econ_t {

inline constexpr int kTriggerCells = 48;
inline constexpr int kLatents = 16;
inline constexpr int kLatentBits = 9;

/// The chip's 2144 six-bit weights in register order (4E of the specification's section 4, step 6).
struct AutoencoderWeights {
  std::vector<std::int64_t> convKernel;   ///< [3][3][8], s6.5
  std::vector<std::int64_t> convBias;     ///< [8]
  std::vector<std::int64_t> denseKernel;  ///< [16][128]
  std::vector<std::int64_t> denseBias;    ///< [16]
};

/// The settings of a vector set's config.json that the autoencoder path uses.
struct ChipSettings {
  bool highDensity = true;
  std::array<int, kTriggerCells> mux{};
  std::array<int, kTriggerCells> calibration{};
  int dropLsb = 0;
  int activeEtx = 5;
  int t1 = 338, t2 = 314, t3 = 25;
  std::vector<bool> keep;  ///< ae_mask, first entry the first character's high bit
};

/// The encoder network of section 4 with the chip's formats: Normalize, Arrange, Pad, Conv2d, Relu,
/// Dense, Relu, Requantize. `truncateProducts` false sums products exactly instead.
[[nodiscard]] Graph autoencoder(const AutoencoderWeights& weights, bool loadable,
                                bool truncateProducts = true);

/// ChipSettings as values of the design's configuration fields.
[[nodiscard]] core::ConfigValues configValues(const ChipSettings& settings);

struct ChipOptions {
  std::string name = "econ_t_ae";
  int encoderLatency = 2;
  int formatterLatency = 2;
};
/// The whole path: 12 ePortRX words to 13 eTX words around an encoder graph of 48 charges and 16
/// nine-bit latents. Signals: rx_words, codes, calq, normalized, ..., latent, module_sum, words, tx.
[[nodiscard]] core::Result<core::Design> chip(const Graph& encoder, const ChipSettings& reset,
                                              const ChipOptions& options);

}  // namespace aegen::encoders::econ_t
