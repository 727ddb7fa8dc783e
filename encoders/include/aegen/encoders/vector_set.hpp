#pragma once
/// Vector sets: a chip's settings (config.json), what went in and what came out, as in the public
/// ECON-T test vectors.

#include <filesystem>
#include <string>
#include <vector>

#include "aegen/encoders/econ_t.hpp"

namespace aegen::encoders {

/// NAME/config.json: the settings, and where input and expectation are.
struct VectorSet {
  std::string name;                    ///< the folder's
  econ_t::ChipSettings settings;       ///< the algorithm among them
  econ_t::AutoencoderWeights weights;  ///< of the autoencoder; empty for other algorithms
  std::filesystem::path input;         ///< 12 ePortRX words a crossing
  std::filesystem::path expected;      ///< 13 eTX words a crossing
};

/// Names of the sets in a folder: subfolders that hold a config.json or an expected_tx.csv, sorted.
/// Diagnostic `vectors.no-folder` or `vectors.no-sets`.
[[nodiscard]] core::Result<std::vector<std::string>> listVectorSets(
    const std::filesystem::path& folder);

/// Reads FOLDER/NAME/config.json. Diagnostics `vectors.*` name file and key: missing file, not
/// JSON, missing key, wrong type or number of values, value out of range, unknown algorithm, an
/// input that cannot be looked up.
[[nodiscard]] core::Result<VectorSet> loadVectorSet(const std::filesystem::path& folder,
                                                    const std::string& name);

/// The weights of a config.json's `ae_weights` alone.
[[nodiscard]] core::Result<econ_t::AutoencoderWeights> loadWeights(
    const std::filesystem::path& configFile);

}  // namespace aegen::encoders
