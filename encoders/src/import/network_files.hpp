#pragma once
/// What kind of model files were given, and the networks in them.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aegen/encoders/econ_t.hpp"
#include "imported_network.hpp"

namespace aegen::encoders {

/// Which half of an autoencoder files hold: a named architecture has one for each.
enum class Half : std::uint8_t { Encoder, Decoder };

/// The network of one file (a whole Keras model), or of an architecture and a weight file, or of
/// weights alone with a named architecture. Diagnostics `import.files` and those of the readers.
[[nodiscard]] core::Result<ImportedNetwork> readNetwork(
    const std::vector<std::filesystem::path>& files, const std::string& architecture, Half half);

/// Weights of the chip's own encoder: from its registers (YAML), or from a Keras weight file with
/// architecture `econ_t`. Empty when the files are neither.
[[nodiscard]] core::Result<std::optional<econ_t::AutoencoderWeights>> readChipWeights(
    const std::vector<std::filesystem::path>& files, const std::string& architecture,
    std::vector<Decision>& decisions);

}  // namespace aegen::encoders
