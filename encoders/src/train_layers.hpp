#pragma once
/// Layer lists of a training configuration: their YAML.

#include <string>
#include <vector>

#include "aegen/encoders/train_config.hpp"
#include "aegen/encoders/yaml_reader.hpp"

namespace aegen::encoders {

/// `- kind` or `- kind: {keys}` a layer. `real`: formats and product fractions are not allowed.
[[nodiscard]] std::vector<LayerConfig> readLayers(YamlReader& reader, const YAML::Node& list,
                                                  const std::string& path, bool real);
/// A format such as u9.8 or s6.5.
void readFormat(YamlReader& reader, const YAML::Node& node, const std::string& path,
                core::FixedFormat& out);

}  // namespace aegen::encoders
