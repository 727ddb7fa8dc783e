#pragma once
/// StoredWeights: what a Keras HDF5 file holds, layer by layer, as real numbers.

#include <filesystem>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

struct StoredTensor {
  std::string name;  ///< the last part of Keras's name: "kernel:0"
  Shape shape;
  std::vector<double> values;  ///< row-major
};

struct StoredLayer {
  std::string name;
  std::vector<StoredTensor> tensors;  ///< in the file's order; layers without weights have none
};

struct StoredWeights {
  std::string file;
  std::string kerasVersion;         ///< "2.13.1"; empty when not there
  std::string architecture;         ///< the model's JSON where the file holds a whole model
  std::vector<StoredLayer> layers;  ///< in the file's order
};

/// Reads Keras 2's layout, of weights alone or of a whole model. The HDF5 library runs in a process
/// of its own: some damaged files bring it down, and none may bring down aegen. Diagnostics
/// `import.no-file`, `import.hdf5` (not HDF5, damaged, no Keras layout), `import.size`.
[[nodiscard]] core::Result<StoredWeights> readStoredWeights(const std::filesystem::path& file);

/// The same in this process: what runs in the other one.
[[nodiscard]] core::Result<StoredWeights> readStoredWeightsHere(const std::filesystem::path& file);

}  // namespace aegen::encoders
