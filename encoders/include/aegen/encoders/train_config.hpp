#pragma once
/// TrainConfig: everything that decides a training run, and its YAML file (docs/training.md).

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/encoders/graph.hpp"
#include "aegen/encoders/loss_term.hpp"

namespace aegen::encoders {

/// Events of one of the shower generator's regimes.
struct GeneratedEvents {
  std::string regime;  ///< "sparse" or "dense"
  int events = 0;
};

/// Charges as the chip sees them: through the 7-bit codes of its front end, or as they are.
enum class ChargeCoding : std::uint8_t { None, LowDensity, HighDensity };

/// A file of the chip's input words.
struct RxFile {
  std::filesystem::path file;
  bool highDensity = true;
};

/// Where events come from; everything named is put together.
struct DataConfig {
  std::vector<GeneratedEvents> generated;
  /// Calibrated charges; with the columns that given conditions name.
  std::vector<std::filesystem::path> csv;
  std::vector<RxFile> rx;  ///< ePortRX words, no permutation, all gains 1
  ChargeCoding coding = ChargeCoding::None;
  double validationFraction = 0.1;  ///< of the events, in (0, 0.5]
};

/// One layer as a configuration writes it. Shapes follow from what stands before it.
struct LayerConfig {
  NodeKind kind = NodeKind::Relu;
  std::string name;          ///< an identifier; empty: the kind and a number
  core::FixedFormat format;  ///< Normalize, Requantize
  core::Rounding rounding = core::Rounding::Floor;
  core::Overflow overflow = core::Overflow::Saturate;
  Shape shape;               ///< Arrange, Reshape; empty for Reshape: a list
  std::vector<int> indices;  ///< Arrange
  std::vector<int> padding;  ///< Pad, Conv2dTranspose: top, bottom, left, right
  int outputs = 0;           ///< filters or units
  int kernelRows = 3;
  int kernelColumns = 3;
  int stride = 1;
  core::FixedFormat weights{true, 6, 5};
  std::optional<core::FixedFormat> bias;  ///< empty: as the weights
  /// Fractional bits each product is floored to before it is added; empty: exact sums.
  std::optional<int> productFraction;
  /// Each output channel's weights have as many more fractional bits, up to 4, as their size
  /// allows.
  bool perChannel = false;
  bool operator==(const LayerConfig&) const = default;
};

/// The ECON-T's encoder with other numbers of filters, latents and latent bits.
struct EconTPreset {
  int filters = 8;
  int latents = 16;
  int latentBits = 9;  ///< latents are u<latentBits>.<latentBits - 1>
  bool truncateProducts = true;
};
[[nodiscard]] std::vector<LayerConfig> layersOf(const EconTPreset& preset);
/// Dense layers with ReLU of these sizes and one of 48 outputs.
[[nodiscard]] std::vector<LayerConfig> denseDecoder(const std::vector<int>& hidden);

/// What a decoder is told besides the latents.
struct ConditionConfig {
  std::string name;  ///< "sum": the link's code of the module sum; else a column of the csv files
  double low = 0;    ///< of a column: this value becomes 0
  double high = 1;   ///< and this 1
};

struct DecoderConfig {
  std::vector<LayerConfig> layers = denseDecoder({64});  ///< Concat joins the conditions
  std::vector<ConditionConfig> conditions;
  /// true: trained in the formats of its layers. false: trained in floats and frozen afterwards.
  bool quantized = false;
  int weightBits = 16;  ///< floats: width of the frozen kernels, signed
  int fraction = 10;    ///< floats: fractional bits of frozen activations and charges
};

struct LinkConfig {
  int activeEtx = 5;
  /// Top bits of each latent that are sent; 0: as many as fit.
  int latentBits = 0;
  /// Instead: all latent bits, 1 sent, 0 not, from the top bit of the last latent on.
  std::vector<bool> keep;
};
enum class Schedule : std::uint8_t { Cosine, WarmRestarts, Constant };

struct TrainingConfig {
  int epochs = 50;
  int batch = 128;
  double learningRate = 1e-3;  ///< at its highest
  Schedule schedule = Schedule::Cosine;
  int restartEpochs = 10;    ///< WarmRestarts: length of the first period
  int restartFactor = 2;     ///< and how much longer each is than the one before
  int warmUpSteps = 500;     ///< at most a tenth of all steps
  double weightDecay = 0;    ///< of kernels, a step's share per unit of learning rate: AdamW
  int patience = 0;          ///< epochs without a better one before the run ends; 0: never
  int checkpointEpochs = 0;  ///< a checkpoint every so many epochs; 0: none
  /// Weights and biases are set before training so that latents spread over their range and
  /// outputs are of the order of a mean charge:
  /// latents of few bits tell nothing otherwise.
  bool balancedStart = false;
  int threads = 0;  ///< 0: all processors; the result does not depend on it
};

struct TrainConfig {
  std::string name = "econ_t_autoencoder";  ///< an identifier; the codec's name
  std::uint64_t seed = 1;                   ///< of events, split, initial weights and order
  DataConfig data;
  std::vector<LayerConfig> encoder = layersOf(EconTPreset{});
  DecoderConfig decoder;
  LinkConfig link;
  std::vector<LossTerm> losses{LossTerm{}};
  TrainingConfig training;
};

/// Reads train.yaml; relative paths are taken from the file's folder. Diagnostics:
/// `train.no-file`, `train.syntax`, `train.unknown-key`, `train.missing-key`, `train.bad-type`,
/// `train.out-of-range`, `train.data-choice`, each placed as `file:line` with what is allowed as a
/// note.
[[nodiscard]] core::Result<TrainConfig> loadTrainConfig(const std::filesystem::path& file);

/// The ranges loadTrainConfig() enforces, for configurations made in code: `train.out-of-range`.
[[nodiscard]] core::Result<void> check(const TrainConfig& config);

}  // namespace aegen::encoders
