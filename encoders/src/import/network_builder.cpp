#include "network_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "weight_quantizer.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::Interval;
using core::Overflow;
using core::Rounding;

constexpr int kWideForFloat =
    40;  // exact values wider than this are rounded: float32 holds 24 bits

// The range of a format's values rounded to another fraction.
FixedFormat roundedFormat(const FixedFormat& from, int fraction, Rounding rounding) {
  const FixedFormat wide{true, core::kMaxWidth, fraction};
  const auto moved = [&](std::int64_t raw) {
    return core::requantize(raw, from.fraction, wide, rounding, Overflow::Saturate);
  };
  return FixedFormat::holding({moved(from.minRaw()), moved(from.maxRaw())}, fraction);
}

// Row-major strides of a shape.
std::vector<int> stridesOf(const Shape& shape) {
  std::vector<int> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

std::vector<int> placesOf(int element, const Shape& shape) {
  std::vector<int> places(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    places[i] = element % shape[i];
    element /= shape[i];
  }
  return places;
}

}  // namespace

BuiltValue NetworkBuilder::build(const ImportedNetwork& network,
                                 const std::map<int, BuiltValue>& inputs, int output) {
  std::vector<char> needed(network.layers.size(), 0);
  needed[static_cast<std::size_t>(output)] = 1;
  for (std::size_t i = network.layers.size(); i-- > 0;) {
    if (needed[i] == 0) continue;
    for (const int input : network.layers[i].inputs) needed[static_cast<std::size_t>(input)] = 1;
  }
  std::vector<BuiltValue> values(network.layers.size());
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (needed[i] == 0) continue;
    const ImportedLayer& next = network.layers[i];
    if (next.kind == LayerKind::Input) {
      values[i] = inputs.at(static_cast<int>(i));
      continue;
    }
    std::vector<BuiltValue> in;
    for (const int input : next.inputs) in.push_back(values[static_cast<std::size_t>(input)]);
    values[i] = layer(next, in);
  }
  return values[static_cast<std::size_t>(output)];
}

BuiltValue NetworkBuilder::layer(const ImportedLayer& layer, const std::vector<BuiltValue>& in) {
  switch (layer.kind) {
    case LayerKind::Input:
      break;  // build() has its value
    case LayerKind::Quantize:
      return quantize(layer, in[0]);
    case LayerKind::Conv2d:
    case LayerKind::Conv2dTranspose:
      return weighted(layer, in[0]);
    case LayerKind::Dense:
      return pen_.node(in[0].node).shape.size() == 1 ? weighted(layer, in[0])
                                                     : denseOfLastAxis(layer, in[0]);
    case LayerKind::Relu:
      return relu(layer, in[0]);
    case LayerKind::Sigmoid:
    case LayerKind::Tanh:
      return squash(layer, in[0]);
    case LayerKind::Pad: {
      Node pad = GraphPen::next(NodeKind::Pad, {in[0].node}, layer.name);
      pad.padding = layer.padding;
      return {pen_.add(std::move(pad), layer.where), in[0].exact};
    }
    case LayerKind::Reshape:
      return {pen_.reshape(in[0].node, layer.shape, layer.name, layer.where), in[0].exact};
    case LayerKind::Concat:
      return concat(layer, in);
    case LayerKind::Permute:
    case LayerKind::Slice:
      return pick(layer, in[0]);
    case LayerKind::Scale:
      return scale(layer, in[0]);
    case LayerKind::Add:
      return addConstant(layer, in[0]);
    case LayerKind::Minimum:
    case LayerKind::Maximum:
      return bound(layer, in[0]);
    case LayerKind::Floor:
    case LayerKind::Round:
    case LayerKind::RoundUp:
    case LayerKind::Truncate:
      return wholeNumbers(layer, in[0]);
    case LayerKind::Clip:
      return clip(layer, in[0]);
    case LayerKind::Wrap:
      return wrap(layer, in[0]);
    case LayerKind::Gather:
      return {pen_.arrange(in[0].node, layer.shape, layer.indices, layer.name, layer.where),
              in[0].exact};
    case LayerKind::Lookup:
      return lookup(layer, in[0]);
    case LayerKind::Normalize:
      return normalize(layer, in[0]);
  }
  importFails("structure", "has no place in a graph", layer.where);
}

BuiltValue NetworkBuilder::rounded(BuiltValue value, const std::string& name,
                                   const std::string& where) {
  const FixedFormat from = pen_.node(value.node).format;
  const bool tooWide = value.exact && from.width > kWideForFloat;
  if (from.fraction <= formats_.fraction || (value.exact && !tooWide)) return value;
  if (tooWide) {
    decisions_.push_back({where, fmt::format("rounded to {} fractional bits", formats_.fraction),
                          fmt::format("exact sums of {} bits, more than the source's float32 "
                                      "holds",
                                      from.width)});
  }
  const FixedFormat to = roundedFormat(from, formats_.fraction, Rounding::NearestUp);
  return {pen_.requantize(value.node, to, Rounding::NearestUp, Overflow::Saturate, name, where),
          false};
}

BuiltValue NetworkBuilder::quantize(const ImportedLayer& layer, BuiltValue in) {
  const Quantizer& q = *layer.quantizer;
  const FixedFormat from = pen_.node(in.node).format;
  if (from == q.format && !q.symmetric) return in;
  BuiltValue out = in;
  out.node = pen_.requantize(in.node, q.format, q.rounding, q.overflow, layer.name, layer.where);
  if (!q.symmetric || !q.format.isSigned) return out;
  if (q.format.width > kMaxLookupWidth) {
    importFails("unsupported",
                fmt::format("a symmetric quantizer of {} bits is not supported", q.format.width),
                layer.where, {fmt::format("up to {} bits, or symmetric=0", kMaxLookupWidth)});
  }
  const std::int64_t least = -q.format.maxRaw();
  out.node = pen_.lookup(
      out.node, q.format, "", [&](std::int64_t raw) { return std::max(raw, least); },
      layer.name + "_symmetric", layer.where);
  return out;
}

BuiltValue NetworkBuilder::weighted(const ImportedLayer& layer, BuiltValue in) {
  in = rounded(in, layer.name + "_input", layer.where);
  const bool isConv = layer.kind == LayerKind::Conv2d;
  const bool isDense = layer.kind == LayerKind::Dense;
  const bool pads = std::ranges::any_of(layer.padding, [](int side) { return side != 0; });
  if (isConv && pads) {
    Node pad = GraphPen::next(NodeKind::Pad, {in.node}, layer.name + "_padded");
    pad.padding = layer.padding;
    in.node = pen_.add(std::move(pad), layer.where);
  }
  Node node = GraphPen::next(isConv    ? NodeKind::Conv2d
                             : isDense ? NodeKind::Dense
                                       : NodeKind::Conv2dTranspose,
                             {in.node}, layer.name);
  node.stride = isDense ? 1 : layer.stride;
  if (layer.kind == LayerKind::Conv2dTranspose) {
    node.padding = layer.padding.empty() ? std::vector<int>(4, 0) : layer.padding;
  }
  const std::size_t channelAxis = isDense ? 0 : 3;
  node.kernel = quantizedWeights(layer.kernel, channelAxis, formats_.weightBits,
                                 pen_.identifier(layer.name + "_kernel"), layer.where, decisions_);
  int finest = node.kernel.format.fraction;
  if (!node.kernel.channelFraction.empty()) finest = std::ranges::max(node.kernel.channelFraction);
  node.bias = quantizedBias(layer.bias, layer.kernel.shape[channelAxis],
                            pen_.node(in.node).format.fraction + finest,
                            pen_.identifier(layer.name + "_bias"));
  if (layer.products) {
    node.sum = {true, layer.products->format.fraction};
    checkProducts(layer, node, in.node);
  }
  const bool exact =
      in.exact && layer.kernel.quantizer && (layer.bias.values.empty() || layer.bias.quantizer);
  return {pen_.add(std::move(node), layer.where), exact};
}

// Along the other axes the same neurons are used again: a 1x1 convolution.
BuiltValue NetworkBuilder::denseOfLastAxis(const ImportedLayer& layer, BuiltValue in) {
  const Shape from = pen_.node(in.node).shape;
  const int channels = from.back();
  const int places = static_cast<int>(elementCount(from)) / channels;
  in.node = pen_.reshape(in.node, {places, 1, channels}, layer.name + "_places", layer.where);
  ImportedLayer conv = layer;
  conv.kind = LayerKind::Conv2d;
  const int out = layer.kernel.shape[0];
  conv.kernel.shape = {1, 1, channels, out};
  for (int i = 0; i < channels; ++i) {
    for (int o = 0; o < out; ++o) {
      conv.kernel.values[static_cast<std::size_t>(i * out + o)] =
          layer.kernel.values[static_cast<std::size_t>(o * channels + i)];
    }
  }
  const BuiltValue result = weighted(conv, in);
  return {pen_.reshape(result.node, layer.shape, layer.name + "_shaped", layer.where),
          result.exact};
}

BuiltValue NetworkBuilder::relu(const ImportedLayer& layer, BuiltValue in) {
  if (!pen_.node(in.node).format.isSigned) return in;
  return {pen_.add(GraphPen::next(NodeKind::Relu, {in.node}, layer.name), layer.where), in.exact};
}

BuiltValue NetworkBuilder::squash(const ImportedLayer& layer, BuiltValue in) {
  const bool sigmoid = layer.kind == LayerKind::Sigmoid;
  const FixedFormat argument{true, kMaxLookupWidth, sigmoid ? 8 : 9};
  int from = in.node;
  const FixedFormat given = pen_.node(from).format;
  if (given.width > kMaxLookupWidth) {
    from = pen_.requantize(from, argument, Rounding::NearestUp, Overflow::Saturate,
                           layer.name + "_argument", layer.where);
  }
  const FixedFormat entry = pen_.node(from).format;
  const FixedFormat format{!sigmoid, formats_.fraction + (sigmoid ? 1 : 2), formats_.fraction};
  const auto function = [&](std::int64_t raw) {
    const double x = std::ldexp(static_cast<double>(raw), -entry.fraction);
    return core::quantize(sigmoid ? 1 / (1 + std::exp(-x)) : std::tanh(x), format);
  };
  const std::string name(text(layer.kind));
  decisions_.push_back({layer.where,
                        fmt::format("{} as a table of {} entries from {} to {}", name,
                                    std::int64_t{1} << entry.width, entry.text(), format.text()),
                        "integers have no exponential; beyond the table's ends it is flat"});
  return {pen_.lookup(from, format, name, function, layer.name, layer.where), false};
}

BuiltValue NetworkBuilder::concat(const ImportedLayer& layer, const std::vector<BuiltValue>& in) {
  std::vector<int> flat;
  bool exact = true;
  std::vector<int> first{0};  // place of each input's elements in the flat list
  std::vector<int> sizes;     // of each input along the axis
  const std::size_t axes = layer.shape.size();
  const auto along =
      static_cast<std::size_t>(layer.axis < 0 ? layer.axis + static_cast<int>(axes) : layer.axis);
  for (std::size_t i = 0; i < in.size(); ++i) {
    const BuiltValue value = rounded(in[i], fmt::format("{}_input{}", layer.name, i), layer.where);
    const Shape shape = pen_.node(value.node).shape;
    const int count = static_cast<int>(elementCount(shape));
    sizes.push_back(shape[along]);
    flat.push_back(
        pen_.reshape(value.node, {count}, fmt::format("{}_flat{}", layer.name, i), layer.where));
    first.push_back(first.back() + count);
    exact = exact && value.exact;
  }
  if (axes == 1) {
    return {pen_.add(GraphPen::next(NodeKind::Concat, flat, layer.name), layer.where), exact};
  }
  const int joined =
      pen_.add(GraphPen::next(NodeKind::Concat, flat, layer.name + "_joined"), layer.where);
  std::vector<int> indices;
  for (int element = 0; element < first.back(); ++element) {
    std::vector<int> places = placesOf(element, layer.shape);
    std::size_t input = 0;
    while (places[along] >= sizes[input]) places[along] -= sizes[input++];
    Shape shape = layer.shape;
    shape[along] = sizes[input];
    const std::vector<int> strides = stridesOf(shape);
    indices.push_back(
        std::inner_product(places.begin(), places.end(), strides.begin(), first[input]));
  }
  return {pen_.arrange(joined, layer.shape, std::move(indices), layer.name, layer.where), exact};
}

// Permute and Slice: every element is one of the input's.
BuiltValue NetworkBuilder::pick(const ImportedLayer& layer, BuiltValue in) {
  const std::vector<int> strides = stridesOf(pen_.node(in.node).shape);
  std::vector<int> indices;
  for (int element = 0; element < static_cast<int>(elementCount(layer.shape)); ++element) {
    const std::vector<int> places = placesOf(element, layer.shape);
    int index = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const bool permutes = layer.kind == LayerKind::Permute;
      const std::size_t axis = permutes ? static_cast<std::size_t>(layer.axes[i]) : i;
      index += strides[axis] * (places[i] + (permutes ? 0 : layer.begin[i]));
    }
    indices.push_back(index);
  }
  return {pen_.arrange(in.node, layer.shape, std::move(indices), layer.name, layer.where),
          in.exact};
}

}  // namespace aegen::encoders
