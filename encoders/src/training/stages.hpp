#pragma once
/// Stages: what a graph computes, as the trainer runs it: sums of products over rows, each followed
/// by steps on single elements.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "aegen/encoders/codec.hpp"

namespace aegen::encoders::training {

/// A row holds one element of a tensor in every event of a chunk, as real numbers. Row 0 is zero.
using Row = std::uint32_t;
inline constexpr Row kZeroRow = 0;

/// What happens to a single sum or element.
struct ElementStep {
  enum class Kind : std::uint8_t {
    Relu,
    Requantize,
    Keep,  ///< all but the bits of `keep` are set to 0
  };
  Kind kind = Kind::Relu;
  core::FixedFormat format;  ///< after it; Relu: none
  core::Rounding rounding = core::Rounding::Floor;
  core::Overflow overflow = core::Overflow::Saturate;
  std::vector<std::int64_t> keep;  ///< Keep: of each element
};

/// Output positions whose sums use the same weights: all of a dense layer, or a convolution's
/// positions that see the same taps. Elements that are always 0 are left out.
struct TapGroup {
  std::vector<std::uint32_t> taps;  ///< terms of the kernel, ascending
  struct Patch {
    std::vector<Row> rows;  ///< under each tap
    Row firstOutput = 0;    ///< row of output channel 0; the others follow
  };
  std::vector<Patch> patches;
};

/// How a stage adds up.
enum class Arithmetic : std::uint8_t {
  Elements,  ///< it has no weights: the steps alone
  Real,      ///< floats: trained in real numbers, or integers that floats add exactly
  HighHalf,  ///< truncated products of 16-bit integers
  Wide32,    ///< 32-bit integers
  Wide64,
};

struct Stage {
  std::string node;  ///< name in its graph
  bool inDecoder = false;
  Arithmetic arithmetic = Arithmetic::Elements;
  bool quantized = false;  ///< integers in formats; else floats
  Row firstRow = 0;
  std::size_t rows = 0;
  std::vector<ElementStep> steps;
  std::vector<Row> sources;  ///< Elements: one a row
  int inputFraction = 0;     ///< of the raw integers it takes

  // With weights:
  std::size_t channels = 0;   ///< outputs of a patch
  std::size_t terms = 0;      ///< of the kernel, per channel
  double fanIn = 0;           ///< products a sum has on average
  bool channelFirst = false;  ///< kernel parameters [channel][term], else [term][channel]
  std::size_t kernel = 0;     ///< where the kernel starts among the parameters
  std::size_t bias = 0;       ///< [channel]
  std::vector<TapGroup> groups;
  bool passesGradient = true;  ///< something that learns stands before it
  core::FixedFormat weightFormat;
  core::FixedFormat biasFormat;
  int extraFraction = 0;      ///< a channel's weights may have so many more fractional bits
  std::int64_t inputMax = 0;  ///< largest magnitude of a raw input
  int productFraction = 0;    ///< of a product when it is added
  int sumFraction = 0;

  [[nodiscard]] std::size_t parameter(std::size_t channel, std::size_t term) const {
    return kernel + (channelFirst ? channel * terms + term : term * channels + channel);
  }
};

/// Magnitude that weights of a format reach, a power of two: what their start and their steps are
/// measured in. 1 in floats.
[[nodiscard]] double fullScale(const Stage& stage, const core::FixedFormat& format);

/// HighHalf: places by which raw inputs are shifted up to fill 16 bits.
[[nodiscard]] int inputShift(const Stage& stage);

/// Bits that are cut off each product of weights of `weightFraction` fractional bits. Integer
/// weights are aligned to shift + productFraction - inputFraction fractional bits.
[[nodiscard]] int productShift(const Stage& stage, int weightFraction);

/// The whole network: encoder, link, decoder.
struct Plan {
  std::vector<Stage> stages;
  std::vector<Row> outputs;    ///< the decoder's
  std::size_t inputs = 0;      ///< rows 1 .. inputs: normalised charges
  std::size_t conditions = 0;  ///< rows behind them
  std::size_t rows = 0;
  std::size_t parameters = 0;
  std::size_t latentStage = 0;  ///< the stage whose rows are the latents as sent

  [[nodiscard]] Row firstLearning() const { return static_cast<Row>(1 + inputs + conditions); }
};

struct PlanOptions {
  bool realDecoder = true;  ///< the decoder is trained in floats; its formats do not count
  std::vector<int>
      extraFraction;  ///< Stage::extraFraction by stage with weights, in order; or none
};

/// `codec`'s graphs have passed infer() with loadable weights, so that sums fit any weights; the
/// encoder is one input, possibly a normalize, and layers. Diagnostics `train.unsupported` (an
/// operation that is not trained), `train.too-wide` (a tensor of more than 24 bits).
[[nodiscard]] core::Result<Plan> plan(const Codec& codec, const PlanOptions& options);

}  // namespace aegen::encoders::training
