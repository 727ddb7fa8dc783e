#pragma once
/// TensorFlow's frozen graphs as ImportedNetworks.

#include <string>
#include <string_view>

#include "imported_network.hpp"

namespace aegen::encoders {

/// A binary GraphDef whose variables are constants. The output is the one node that no other uses.
/// Constants are folded; straight-through quantizers, x + (q(x) - x), are taken as q(x). `file`
/// places messages. Diagnostics `import.*` name the node and its operation.
[[nodiscard]] core::Result<ImportedNetwork> readTensorflowGraph(std::string_view bytes,
                                                                const std::string& file);

}  // namespace aegen::encoders
