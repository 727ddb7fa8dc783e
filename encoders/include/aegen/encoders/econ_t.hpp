#pragma once
/// The ECON-T's autoencoder and its trigger path as Graph, Program and Design (docs/econ_t.md).

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
/// A charge as the board's decoder gives it: whole units, as the chip's calibrated charges, with
/// room above for a decoder that overshoots.
inline constexpr core::FixedFormat kBoardCharge{false, 26, 0};

/// Channel at each cell of the encoder's 8x8 grid, row-major; -1 where it holds a zero. Rows 0-3
/// hold channels 0..31, rows 4-7 hold 32..47 in columns 0-3.
inline constexpr int kGridSide = 8;
[[nodiscard]] constexpr std::array<int, kGridSide * kGridSide> gridChannels() {
  std::array<int, kGridSide * kGridSide> out{};
  out.fill(-1);
  for (int c = 0; c < kTriggerCells; ++c) {
    const int cell = c < 32 ? c : (4 + (c - 32) / 4) * kGridSide + c % 4;
    out[static_cast<std::size_t>(cell)] = c;
  }
  return out;
}

/// Kept latent bits that `activeEtx` links carry beside header and module sum: the last
/// 18 + 32 (eTX - 1), at most 146.
[[nodiscard]] int sentLatentBits(int activeEtx);

/// Where each latent bit stands on the link, counted from the last bit sent; -1: not sent, because
/// the mask drops it or because the links carry no more. Index 0 is the lowest bit of latent 0.
/// `link.keep` has one entry a latent bit.
[[nodiscard]] std::vector<int> linkPositions(const LinkLayout& link);

/// The chip's 2144 six-bit weights in register order (conv_kernel, conv_bias, dense_kernel,
/// dense_bias).
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
  int encoderLatency = 2;    ///< crossings from ePortRX words to latents, 1..5
  int formatterLatency = 2;  ///< crossings from latents to eTX words, 1..3
};
/// The whole path: 12 ePortRX words to 13 eTX words around an encoder graph of 48 charges and 16
/// nine-bit latents. Signals: rx_words u32[12], codes, rx_header, bx, channel_codes, calq u22[48],
/// the encoder's (normalized, ..., latent), module_sum, words u16[26], tx u32[13]. Pipeline
/// registers go where they split the logic most evenly. Fields: loadable weights first, in the
/// chip's order. Diagnostics: `econ_t.encoder-shape`, `model.shape` (not one Normalize over the
/// charges), `model.name` (a node or weight is named as something of the path), `model.link`,
/// `design.latency`.
[[nodiscard]] core::Result<core::Design> chip(const Graph& encoder, const ChipSettings& reset,
                                              const ChipOptions& options);

/// The encoder alone between two registers: 48 calibrated charges `calq_in` to latents, two clocks.
[[nodiscard]] core::Result<core::Design> encoderOnly(const Graph& encoder, const std::string& name);

/// The back-end board's function `decode`: tx u32[13] -> header u5, module_sum u28 (middle of the
/// 5E4M code's step), latent u9.8[16] (bits that are not sent are 0), charge u26[48] (AE channel
/// order): the decoder graph's output times the power of two below the module sum, floored,
/// saturating.
[[nodiscard]] core::Result<core::Program> boardDecoder(const Codec& codec);

/// The shift by which the chip normalised: min(floor(log2 sum), 21), 0 for an empty module.
[[nodiscard]] int normalizingShift(std::int64_t moduleSum);

}  // namespace aegen::encoders::econ_t
