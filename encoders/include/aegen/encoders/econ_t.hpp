#pragma once
/// The ECON-T's encoders and its trigger path as Graph, Program and Design (docs/econ_t.md).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/link_formats.hpp"
#include "aegen/encoders/lowering.hpp"

namespace aegen::encoders::econ_t {

inline constexpr int kTriggerCells = 48;
inline constexpr int kLatents = 16;
inline constexpr int kLatentBits = 9;
inline constexpr core::FixedFormat kLatentFormat{false, kLatentBits, kLatentBits - 1};
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

/// Where each latent bit stands on the link, counted from the last bit sent; -1: not sent, because
/// the mask drops it or because the links carry no more. Index 0 is the lowest bit of latent 0.
/// `link.keep` has one entry a latent bit.
[[nodiscard]] std::vector<int> linkPositions(const LinkLayout& link, const PathShape& shape = {});

/// `shape` with as many latents of as many bits as `latents`, an encoder's output or a decoder's
/// input, has.
[[nodiscard]] PathShape withLatents(PathShape shape, const Node& latents);

/// The chip's 2144 six-bit weights in register order (conv_kernel, conv_bias, dense_kernel,
/// dense_bias). Networks of the same shape with another number of latents have as many dense rows
/// and biases.
struct AutoencoderWeights {
  std::vector<std::int64_t> convKernel;   ///< [3][3][8], s6.5
  std::vector<std::int64_t> convBias;     ///< [8]
  std::vector<std::int64_t> denseKernel;  ///< [latent][128]
  std::vector<std::int64_t> denseBias;    ///< [latent], 16 of them
};

/// All weights 0: what a chip with loadable weights is generated with.
[[nodiscard]] AutoencoderWeights zeroWeights();

/// The chip's settings: values of its registers (section 6 of the ECON-T page names the buffer's).
struct ChipSettings {
  Algorithm algorithm = Algorithm::Autoencoder;
  bool highDensity = true;
  std::vector<int> mux;                 ///< input trigger cell of each channel
  std::vector<int> calibration;         ///< factor of each channel, 2048 = 1.0
  std::vector<std::int64_t> threshold;  ///< of each channel, u22
  int dropLsb = 0;                      ///< 0..15; above kMostDrop it acts as 0
  int stcType = 0;                      ///< index of PathShape::stc
  bool useSum = false;                  ///< the module sum is of all charges, not of those not sent
  int activeEtx = 5;
  int t1 = 338, t2 = 314, t3 = 25;
  int syncWord = 0b001'0010'0010;  ///< low bits of a fill word
  std::vector<bool> keep;          ///< ae_mask, first entry the top bit of the last latent

  /// Channels in input order, calibration 1, thresholds 0, all latent bits kept, buffer thresholds
  /// within the shape's buffer.
  [[nodiscard]] static ChipSettings neutral(const PathShape& shape = {});
};

/// What the front end does with these settings, for 48 channels.
[[nodiscard]] data::InputSettings inputSettings(const ChipSettings& settings);

/// Why these settings cannot send what they ask for on a chip of this shape, one text a reason:
/// super trigger cells of a type that does not exist or with more eTX than it needs, more eTX than
/// the chip has.
[[nodiscard]] std::vector<std::string> contradictions(const ChipSettings& settings,
                                                      const PathShape& shape);

/// The encoder network of section 4 with the chip's formats: Normalize, Arrange, Pad, Conv2d, Relu,
/// Dense, Relu, Requantize. `truncateProducts` false sums products exactly instead.
[[nodiscard]] Graph autoencoder(const AutoencoderWeights& weights, bool loadable,
                                bool truncateProducts = true);

/// What a chip holds and how long it takes.
struct ChipOptions {
  std::string name = "econ_t";
  PathShape shape;
  std::vector<Algorithm> encoders{Algorithm::Autoencoder};
  std::optional<int> encoderLatency;       ///< crossings from ePortRX words to what is sent
  std::optional<int> formatterLatency;     ///< crossings from there to eTX words, 1..3
  int reuse = 1;                           ///< clocks a crossing: core::Design::clocksPerCrossing
  std::optional<core::SerialPort> serial;  ///< beside the parallel register port
  /// false: ae_mask is no register, the kept latent bits of the settings at reset are wired up.
  bool maskLoadable = true;
  /// false: no codes, mux and calibration; charges `calq` (an autoencoder's input by its own name)
  /// u22[channels] are an input behind rx_words, of which the header alone is read.
  bool frontEnd = true;
  /// How the encoder is lowered: wholeDense where core::passes::shareProducts() is to follow.
  LoweringOptions lowering;
};
/// The chip's own latencies (encoder, formatter; section 3): those of the slowest encoder held. A
/// folded autoencoder takes a crossing more: each of its layers works between registers.
[[nodiscard]] std::pair<int, int> defaultLatency(const std::vector<Algorithm>& encoders,
                                                 int reuse = 1);

/// The fields of a chip with these encoders as values; others are left out, and so is ae_mask when
/// it is no register. The weights are not among them.
[[nodiscard]] core::ConfigValues configValues(const ChipSettings& settings,
                                              const std::vector<Algorithm>& encoders,
                                              bool maskLoadable = true);
[[nodiscard]] core::ConfigValues configValues(const ChipSettings& settings,
                                              const ChipOptions& options);

/// The whole path: ePortRX words to eTX words through the encoders that `options` name, which share
/// front end, formatter and buffer. With several, the field `algorithm` chooses; it switches at a
/// crossing boundary as all fields do, and resets to the first encoder when `reset` names one that
/// is not held. `autoencoder` is a graph of 48 charges and the shape's
/// latents, in any format of as many bits: what is sent of a latent are bits of its two's
/// complement. The version without it is for chips that hold none. Signals: rx_words u32[12],
/// codes, rx_header, bx, header, channel_codes, calq u22[48], those of the encoders and formats
/// (trigger_encoders.hpp), for the autoencoder its layers' and module_sum; words u16[26], tx
/// u32[13]. Pipeline registers go where they split the logic most evenly; with `reuse` where
/// folding then saves most. Fields: loadable weights first, in the chip's order, then the settings.
/// Diagnostics: `econ_t.encoders` (none, or twice the same, or an autoencoder without a graph),
/// `econ_t.shape` (sizes that cannot be), `econ_t.encoder-shape`, `model.shape` (not one Normalize
/// over the charges), `model.name` (a node or weight is named as something of the path),
/// `model.link`, `design.latency`.
[[nodiscard]] core::Result<core::Design> chip(const Graph& autoencoder, const ChipSettings& reset,
                                              const ChipOptions& options);
[[nodiscard]] core::Result<core::Design> chip(const ChipSettings& reset,
                                              const ChipOptions& options);

/// The encoder alone between two registers: 48 calibrated charges `calq_in` to latents, two clocks.
[[nodiscard]] core::Result<core::Design> encoderOnly(const Graph& encoder, const std::string& name,
                                                     const LoweringOptions& options = {});

/// The back-end board's function `decode`: tx u32[shape.etx] -> header u5, module_sum u28 (middle
/// of the 5E4M code's step), latent (the codec's number and format; bits that are not sent are 0),
/// charge u26[48] (AE channel order): the decoder graph's output times the power of two below the
/// module sum, floored, saturating. Given conditions are constants. The latents of `shape` are the
/// codec's, whatever it says. Diagnostics: `model.link`, `model.decoder-shape`, `model.conditions`,
/// `graph.width`.
[[nodiscard]] core::Result<core::Program> boardDecoder(const Codec& codec, PathShape shape = {});

/// The shift by which the chip normalised: min(floor(log2 sum), 21), 0 for an empty module.
[[nodiscard]] int normalizingShift(std::int64_t moduleSum);

}  // namespace aegen::encoders::econ_t
