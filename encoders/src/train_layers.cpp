#include "train_layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "aegen/core/text_tools.hpp"
#include "aegen/encoders/econ_t.hpp"

namespace aegen::encoders {
namespace {

constexpr IntegerRange kOutputs{1, 4096};
constexpr IntegerRange kKernel{1, 64};
constexpr IntegerRange kStride{1, 16};
constexpr IntegerRange kPadding{0, 64};
constexpr IntegerRange kSize{1, 65'536};
constexpr IntegerRange kProductFraction{-32, 32};
constexpr int kMaxWeightWidth = 16;

std::vector<std::string> keysOf(NodeKind kind, bool real) {
  std::vector<std::string> keys{"name"};
  const auto add = [&](std::initializer_list<const char*> more) {
    keys.insert(keys.end(), more.begin(), more.end());
  };
  switch (kind) {
    case NodeKind::Normalize:
      add({"format"});
      break;
    case NodeKind::Arrange:
      add({"grid", "shape", "indices"});
      break;
    case NodeKind::Pad:
      add({"padding"});
      break;
    case NodeKind::Conv2dTranspose:
      add({"padding", "filters", "kernel", "stride"});
      break;
    case NodeKind::Conv2d:
      add({"filters", "kernel", "stride"});
      break;
    case NodeKind::Dense:
      add({"units"});
      break;
    case NodeKind::Requantize:
      add({"format", "rounding", "overflow"});
      break;
    case NodeKind::Reshape:
      add({"shape"});
      break;
    case NodeKind::Input:
    case NodeKind::Relu:
    case NodeKind::Concat:
    case NodeKind::Reinterpret:
    case NodeKind::Lookup:
      break;
  }
  if (hasWeights(kind) && !real) add({"weights", "bias", "product_fraction", "per_channel"});
  return keys;
}

std::vector<int> readIntegers(YamlReader& reader, const YAML::Node& list, const std::string& path,
                              const IntegerRange& range) {
  std::vector<int> numbers;
  if (!list.IsSequence() || list.size() == 0) {
    reader.fail("bad-type", fmt::format("'{}' is not a list of integers", path), list.Mark(),
                {allowed(range)});
    return numbers;
  }
  for (std::size_t i = 0; i < list.size() && !reader.problem; ++i) {
    numbers.push_back(0);
    reader.integer(list[i], fmt::format("{}[{}]", path, i), range, numbers.back());
  }
  return numbers;
}

// One number for a square, or rows and columns.
void readKernel(YamlReader& reader, const YAML::Node& node, const std::string& path,
                LayerConfig& layer) {
  if (node.IsScalar()) {
    reader.integer(node, path, kKernel, layer.kernelRows);
    layer.kernelColumns = layer.kernelRows;
    return;
  }
  const std::vector<int> sizes = readIntegers(reader, node, path, kKernel);
  if (reader.problem) return;
  if (sizes.size() != 2) {
    reader.fail("out-of-range", fmt::format("'{}' has {} sizes", path, sizes.size()), node.Mark(),
                {"one size, or [rows, columns]"});
    return;
  }
  layer.kernelRows = sizes[0];
  layer.kernelColumns = sizes[1];
}

void readArrange(YamlReader& reader, const YAML::Node& map, const std::string& path,
                 LayerConfig& layer) {
  if (const YAML::Node grid = map["grid"]) {
    reader.choice(grid, path + ".grid", {"econ_t"});
    constexpr auto kGrid = econ_t::gridChannels();
    layer.indices.assign(kGrid.begin(), kGrid.end());
    layer.shape = {econ_t::kGridSide, econ_t::kGridSide, 1};
    if (map["indices"] || map["shape"]) {
      reader.fail("data-choice", fmt::format("'{}' names a grid and more", path), map.Mark(),
                  {"grid alone, or shape and indices"});
    }
    return;
  }
  const YAML::Node shape = reader.need(map, path, "shape", "sizes of the result");
  const YAML::Node indices = reader.need(map, path, "indices", "element at each place, -1 for 0");
  if (reader.problem) return;
  layer.shape = readIntegers(reader, shape, path + ".shape", kSize);
  layer.indices = readIntegers(reader, indices, path + ".indices", {-1, kSize.high});
}

void readWeights(YamlReader& reader, const YAML::Node& map, const std::string& path,
                 LayerConfig& layer) {
  const char* outputs = layer.kind == NodeKind::Dense ? "units" : "filters";
  const YAML::Node count = reader.need(map, path, outputs, allowed(kOutputs));
  if (reader.problem) return;
  reader.integer(count, path + "." + outputs, kOutputs, layer.outputs);
  if (const YAML::Node kernel = map["kernel"]) readKernel(reader, kernel, path + ".kernel", layer);
  if (const YAML::Node stride = map["stride"]) {
    reader.integer(stride, path + ".stride", kStride, layer.stride);
  }
  const auto weightFormat = [&](const char* key, core::FixedFormat& out) {
    const YAML::Node node = map[key];
    readFormat(reader, node, path + "." + key, out);
    if (reader.problem || (out.width >= 2 && out.width <= kMaxWeightWidth && out.isSigned)) return;
    reader.fail("out-of-range", fmt::format("'{}.{}' is {}", path, key, out.text()), node.Mark(),
                {fmt::format("a signed format of 2 to {} bits", kMaxWeightWidth)});
  };
  if (map["weights"]) weightFormat("weights", layer.weights);
  if (map["bias"]) weightFormat("bias", layer.bias.emplace());
  if (const YAML::Node fraction = map["product_fraction"]) {
    const bool exact = fraction.IsScalar() && fraction.Scalar() == "exact";
    if (!exact) {
      reader.integer(fraction, path + ".product_fraction", kProductFraction,
                     layer.productFraction.emplace());
    }
  }
  if (const YAML::Node perChannel = map["per_channel"]) {
    reader.boolean(perChannel, path + ".per_channel", layer.perChannel);
  }
}

void readRounding(YamlReader& reader, const YAML::Node& map, const std::string& path,
                  LayerConfig& layer) {
  if (const YAML::Node node = map["rounding"]) {
    const std::size_t chosen = reader.choice(
        node, path + ".rounding", {"floor", "toward_zero", "nearest_up", "nearest_even"});
    layer.rounding = static_cast<core::Rounding>(chosen);
  }
  if (const YAML::Node node = map["overflow"]) {
    layer.overflow = reader.choice(node, path + ".overflow", {"wrap", "saturate"}) == 0
                         ? core::Overflow::Wrap
                         : core::Overflow::Saturate;
  }
}

void readKeys(YamlReader& reader, const YAML::Node& map, const std::string& path, bool real,
              LayerConfig& layer) {
  if (!reader.checkKeys(map, path, keysOf(layer.kind, real))) return;
  if (const YAML::Node name = map["name"]) {
    const std::string note = "a letter, then letters, digits and underscores";
    reader.string(name, path + ".name", note, layer.name);
    if (!reader.problem && !core::isIdentifier(layer.name)) {
      reader.fail("out-of-range", fmt::format("'{}.name' is '{}'", path, layer.name), name.Mark(),
                  {note});
    }
  }
  if (layer.kind == NodeKind::Arrange) readArrange(reader, map, path, layer);
  if (layer.kind == NodeKind::Pad && !reader.problem) {
    (void)reader.need(map, path, "padding", "[top, bottom, left, right]");
  }
  if (reader.problem) return;
  if (const YAML::Node padding = map["padding"]) {
    layer.padding = readIntegers(reader, padding, path + ".padding", kPadding);
    if (!reader.problem && layer.padding.size() != 4) {
      reader.fail("out-of-range",
                  fmt::format("'{}.padding' has {} numbers", path, layer.padding.size()),
                  padding.Mark(), {"[top, bottom, left, right]"});
    }
  }
  if (layer.kind == NodeKind::Reshape && map["shape"]) {
    layer.shape = readIntegers(reader, map["shape"], path + ".shape", kSize);
  }
  if (hasWeights(layer.kind)) readWeights(reader, map, path, layer);
  if (layer.kind == NodeKind::Requantize) {
    (void)reader.need(map, path, "format", "such as u9.8");
    readRounding(reader, map, path, layer);
  }
  if (!reader.problem && map["format"]) {
    readFormat(reader, map["format"], path + ".format", layer.format);
  }
}

}  // namespace

void readFormat(YamlReader& reader, const YAML::Node& node, const std::string& path,
                core::FixedFormat& out) {
  const std::string note = "u or s, bits, a point, fractional bits: u9.8, s6.5";
  std::string text;
  reader.string(node, path, note, text);
  if (reader.problem) return;
  const auto format = core::FixedFormat::parse(text);
  if (format) {
    out = *format;
  } else {
    reader.fail("bad-type", fmt::format("'{}' is '{}', not a format", path, text), node.Mark(),
                {note});
  }
}

std::vector<LayerConfig> readLayers(YamlReader& reader, const YAML::Node& list,
                                    const std::string& path, bool real) {
  std::vector<NodeKind> kinds = {NodeKind::Arrange,         NodeKind::Pad,   NodeKind::Conv2d,
                                 NodeKind::Conv2dTranspose, NodeKind::Dense, NodeKind::Relu,
                                 NodeKind::Reshape,         NodeKind::Concat};
  if (!real) kinds.insert(kinds.end(), {NodeKind::Normalize, NodeKind::Requantize});
  std::vector<std::string> names;
  for (const NodeKind kind : kinds) names.emplace_back(text(kind));
  std::vector<LayerConfig> layers;
  if (!list.IsSequence() || list.size() == 0) {
    reader.fail("bad-type", fmt::format("'{}' is not a list of layers", path), list.Mark(),
                {fmt::format("- KIND: {{keys}}, one of {}", fmt::join(names, ", "))});
    return layers;
  }
  for (std::size_t i = 0; i < list.size() && !reader.problem; ++i) {
    const std::string place = fmt::format("{}[{}]", path, i);
    const YAML::Node& entry = list[i];
    LayerConfig layer;
    layer.format = {false, 8, 7};
    if (entry.IsScalar()) {
      layer.kind = kinds[reader.choice(entry, place, names)];
      readKeys(reader, YAML::Node(YAML::NodeType::Map), place, real, layer);
    } else if (entry.IsMap() && entry.size() == 1) {
      layer.kind = kinds[reader.choice(entry.begin()->first, place, names)];
      readKeys(reader, entry.begin()->second, place + "." + std::string(text(layer.kind)), real,
               layer);
    } else {
      reader.fail("bad-type", fmt::format("'{}' is not one layer", place), entry.Mark(),
                  {"- KIND or - KIND: {keys}"});
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::vector<LayerConfig> layersOf(const EconTPreset& preset) {
  std::vector<LayerConfig> layers;
  const auto add = [&](NodeKind kind, const char* name) -> LayerConfig& {
    LayerConfig& layer = layers.emplace_back();
    layer.kind = kind;
    layer.name = name;
    return layer;
  };
  const int latentFraction = preset.latentBits - 1;
  const auto sums = [&](LayerConfig& layer, int outputs, int fraction) {
    layer.outputs = outputs;
    if (preset.truncateProducts) layer.productFraction = fraction;
  };
  constexpr core::FixedFormat kNormalized{false, 8, 7};
  add(NodeKind::Normalize, "normalized").format = kNormalized;
  LayerConfig& grid = add(NodeKind::Arrange, "arranged");
  constexpr auto kGrid = econ_t::gridChannels();
  grid.indices.assign(kGrid.begin(), kGrid.end());
  grid.shape = {econ_t::kGridSide, econ_t::kGridSide, 1};
  add(NodeKind::Pad, "padded").padding = {0, 1, 0, 1};
  LayerConfig& conv = add(NodeKind::Conv2d, "conv");
  conv.stride = 2;
  sums(conv, preset.filters, kNormalized.fraction);
  add(NodeKind::Relu, "features");
  add(NodeKind::Reshape, "flat");
  // Products keep the latents' bits, and the chip's eight where latents have fewer.
  sums(add(NodeKind::Dense, "dense"), preset.latents,
       std::max(econ_t::kLatentFormat.fraction, latentFraction));
  add(NodeKind::Relu, "positive");
  add(NodeKind::Requantize, "latent").format = {false, preset.latentBits, latentFraction};
  return layers;
}

std::vector<LayerConfig> denseDecoder(const std::vector<int>& hidden) {
  std::vector<LayerConfig> layers;
  const auto dense = [&](const std::string& name, int units) {
    LayerConfig& layer = layers.emplace_back();
    layer.kind = NodeKind::Dense;
    layer.name = name;
    layer.outputs = units;
    LayerConfig& relu = layers.emplace_back();
    relu.kind = NodeKind::Relu;
    relu.name = name + "_relu";
  };
  for (std::size_t i = 0; i < hidden.size(); ++i) dense(fmt::format("hidden{}", i + 1), hidden[i]);
  dense("reconstruction", econ_t::kTriggerCells);
  return layers;
}

}  // namespace aegen::encoders
