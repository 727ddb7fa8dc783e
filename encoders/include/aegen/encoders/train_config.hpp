#pragma once
/// TrainConfig: everything that decides a training run, and its YAML file (docs/training.md).

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::encoders {

/// Events of one of the shower generator's regimes.
struct GeneratedEvents {
  std::string regime;  ///< "sparse" or "dense"
  int events = 0;
};

struct TrainConfig {
  std::string name = "econ_t_autoencoder";  ///< an identifier; the codec's name
  std::uint64_t seed = 1;                   ///< of events, split, initial weights and order

  /// Either generated events or a file of calibrated charges, never both.
  std::vector<GeneratedEvents> generated;
  std::filesystem::path csv;
  double validationFraction = 0.1;  ///< of the events, in (0, 0.5]

  bool truncateProducts = true;           ///< floor each product of the encoder as the ECON-T does
  std::vector<int> decoderHidden = {64};  ///< sizes of the decoder's hidden layers, first to last

  int activeEtx = 5;   ///< 1..5
  int latentBits = 9;  ///< top bits of each latent that are sent; at most 2 * activeEtx - 1

  int epochs = 50;
  int batch = 128;
  double learningRate = 1e-3;  ///< at its peak; follows half a cosine down to 1 % of it

  int decoderWeightBits = 16;  ///< width of the frozen decoder's weights, signed
  int decoderFraction = 10;    ///< fractional bits of its activations and charges
};

/// Reads train.yaml; a relative csv path is taken from the file's folder. Diagnostics:
/// `train.no-file`, `train.syntax`, `train.unknown-key`, `train.missing-key`, `train.bad-type`,
/// `train.out-of-range`, `train.data-choice`, each placed as `file:line` with what is allowed as a
/// note.
[[nodiscard]] core::Result<TrainConfig> loadTrainConfig(const std::filesystem::path& file);

/// The ranges loadTrainConfig() enforces, for configurations made in code: `train.out-of-range`.
[[nodiscard]] core::Result<void> check(const TrainConfig& config);

}  // namespace aegen::encoders
