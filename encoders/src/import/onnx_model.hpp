#pragma once
/// ONNX and QONNX models as ImportedNetworks.

#include <string>
#include <string_view>

#include "imported_network.hpp"

namespace aegen::encoders {

/// A binary ONNX model whose weights are in the file. Constants are folded; images become
/// [row][column][channel]. What aegen exports comes back with the same meaning, bit for bit.
/// `file` places messages. Diagnostics `import.*` name the node and its operation.
[[nodiscard]] core::Result<ImportedNetwork> readOnnxModel(std::string_view bytes,
                                                          const std::string& file);

}  // namespace aegen::encoders
