#pragma once
/// Keras 2 and QKeras models as ImportedNetworks.

#include <nlohmann/json.hpp>
#include <string>

#include "imported_network.hpp"
#include "stored_weights.hpp"

namespace aegen::encoders {

/// A model's architecture (`to_json()`) with its weights. `file` places messages. Layers find their
/// weights by name; where none of the names match, in order. Diagnostics `import.*` name the layer.
[[nodiscard]] core::Result<ImportedNetwork> readKerasModel(const nlohmann::json& architecture,
                                                           const std::string& file,
                                                           const StoredWeights& weights);

}  // namespace aegen::encoders
