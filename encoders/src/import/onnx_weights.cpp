// ONNX layers with weights.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "onnx_reader.hpp"
#include "tensor_folding.hpp"

namespace aegen::encoders {
namespace {

constexpr std::int64_t kMostSide = 4096;

// A kernel of ONNX's [a][b][row][column] as [row][column][in][out]; `outFirst`: a is the output.
RealTensor rowsFirst(const RealTensor& kernel, bool outFirst) {
  const Shape& s = kernel.shape;
  const int ins = outFirst ? s[1] : s[0];
  const int outs = outFirst ? s[0] : s[1];
  RealTensor out{{s[2], s[3], ins, outs}, std::vector<double>(kernel.values.size()), {}};
  const auto area = static_cast<std::size_t>(s[2] * s[3]);
  const auto second = static_cast<std::size_t>(s[1]);
  for (std::size_t i = 0; i < kernel.values.size(); ++i) {
    const std::size_t a = i / area / second;
    const std::size_t b = i / area % second;
    const std::size_t in = outFirst ? b : a;
    const std::size_t to = outFirst ? a : b;
    out.values[(i % area * static_cast<std::size_t>(ins) + in) * static_cast<std::size_t>(outs) +
               to] = kernel.values[i];
  }
  out.quantizer = kernel.quantizer;
  return out;
}

RealTensor transposed(const RealTensor& matrix) {
  const auto rows = static_cast<std::size_t>(matrix.shape[0]);
  const auto columns = static_cast<std::size_t>(matrix.shape[1]);
  RealTensor out{{matrix.shape[1], matrix.shape[0]}, matrix.values, matrix.quantizer};
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    out.values[i % columns * rows + i / columns] = matrix.values[i];
  }
  return out;
}

}  // namespace

RealTensor OnnxReader::weights(RealTensor tensor, std::size_t channelAxis, const Node& node) const {
  if (elementCount(tensor.shape) == 0 ||
      !std::ranges::all_of(tensor.values, [](double w) { return std::isfinite(w); })) {
    fails("weights", "holds no weights, or one that is not finite", node);
  }
  if (!tensor.quantizer) tensor.quantizer = gridOf(tensor.values);
  if (!tensor.quantizer) tensor.quantizer = channelGrids(tensor, channelAxis);
  return tensor;
}

RealTensor OnnxReader::biasOf(RealTensor tensor, int channels, const Node& node) const {
  if (tensor.values.size() == 1 && channels > 1) {
    tensor.values.assign(static_cast<std::size_t>(channels), tensor.values[0]);
  }
  if (tensor.values.size() != static_cast<std::size_t>(channels)) {
    fails("weights", fmt::format("has {} biases for {} channels", tensor.values.size(), channels),
          node);
  }
  tensor.shape = {channels};
  return weights(std::move(tensor), 0, node);
}

int OnnxReader::strideOf(const Node& node) const {
  const auto strides = integersOf(node, "strides");
  const auto dilations = integersOf(node, "dilations");
  const bool dilated = std::ranges::any_of(dilations, [](std::int64_t d) { return d != 1; });
  const std::int64_t stride = strides.empty() ? 1 : strides[0];
  const bool alike = std::ranges::all_of(strides, [&](std::int64_t s) { return s == stride; });
  if (!alike || strides.size() > 2 || stride < 1 || stride > kMostSide || dilated ||
      integerOf(node, "group", 1) != 1) {
    fails("unsupported", "its strides, dilations or groups are not supported", node,
          {"one stride for rows and columns, no dilation, one group"});
  }
  return static_cast<int>(stride);
}

// Sides as aegen has them: top, bottom, left, right.
std::vector<int> OnnxReader::sidesOf(const Node& node) const {
  const auto pads = integersOf(node, "pads");
  if (pads.empty()) return std::vector<int>(4, 0);
  const auto good = [](std::int64_t side) { return side >= 0 && side <= kMostSide; };
  if (pads.size() != 4 || !std::ranges::all_of(pads, good)) {
    fails("unsupported", "its padding is not supported", node,
          {"of rows and columns, not negative"});
  }
  return {static_cast<int>(pads[0]), static_cast<int>(pads[2]), static_cast<int>(pads[1]),
          static_cast<int>(pads[3])};
}

OnnxValue OnnxReader::conv(const Node& node) {
  const int x = image(node, tensor(node, 0));
  RealTensor kernel = constant(node, 1);
  if (kernel.shape.size() != 4) {
    fails("unsupported", "has a kernel of " + shapeText(kernel.shape), node,
          {"[out][in][row][column]"});
  }
  ImportedLayer layer;
  layer.stride = strideOf(node);
  layer.kernel = weights(rowsFirst(kernel, true), 3, node);
  if (hasInput(node, 2)) layer.bias = biasOf(constant(node, 2), kernel.shape[0], node);
  const std::string automatic = textOf(node, "auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    layer.padding = samePadding(at(x).shape, layer.kernel.shape, layer.stride);
    if (automatic == "SAME_LOWER") {
      std::swap(layer.padding[0], layer.padding[1]);
      std::swap(layer.padding[2], layer.padding[3]);
    }
  } else {
    layer.padding = sidesOf(node);
  }
  return {{}, add(node, LayerKind::Conv2d, {x}, std::move(layer)), imageAxes()};
}

OnnxValue OnnxReader::convTranspose(const Node& node) {
  const int x = image(node, tensor(node, 0));
  RealTensor kernel = constant(node, 1);
  if (kernel.shape.size() != 4) {
    fails("unsupported", "has a kernel of " + shapeText(kernel.shape), node,
          {"[in][out][row][column]"});
  }
  ImportedLayer layer;
  layer.stride = strideOf(node);
  layer.kernel = weights(rowsFirst(kernel, false), 3, node);
  if (hasInput(node, 2)) layer.bias = biasOf(constant(node, 2), kernel.shape[1], node);
  const std::string automatic = textOf(node, "auto_pad", "NOTSET");
  layer.padding = automatic == "SAME_UPPER" || automatic == "SAME_LOWER"
                      ? sameCut(layer.kernel.shape, layer.stride)
                      : sidesOf(node);
  // More rows and columns below and right: less is cut off there.
  const auto more = integersOf(node, "output_padding");
  for (std::size_t i = 0; i < more.size() && i < 2; ++i) {
    const std::int64_t cut = layer.padding[2 * i + 1] - std::clamp<std::int64_t>(more[i], -1, 8192);
    layer.padding[2 * i + 1] = static_cast<int>(cut);
  }
  if (std::ranges::min(layer.padding) < 0 || automatic == "SAME_LOWER" ||
      attributeOf(node, "output_shape") != nullptr) {
    fails("unsupported", "its output's size is not supported", node,
          {"pads, auto_pad SAME_UPPER, and output_padding up to the padding below and right"});
  }
  return {{}, add(node, LayerKind::Conv2dTranspose, {x}, std::move(layer)), imageAxes()};
}

OnnxValue OnnxReader::gemm(const Node& node) {
  const int x = inFileOrder(node, tensor(node, 0));
  const RealTensor& b = constant(node, 1);
  if (b.shape.size() != 2 || at(x).shape.size() != 1 || integerOf(node, "transA", 0) != 0 ||
      realOf(node, "alpha", 1) != 1 || (hasInput(node, 2) && realOf(node, "beta", 1) != 1)) {
    fails("unsupported", "is no plain dense layer", node,
          {"[events][in] times a constant matrix, alpha and beta 1, transA 0"});
  }
  ImportedLayer layer;
  layer.kernel = weights(integerOf(node, "transB", 0) != 0 ? b : transposed(b), 0, node);
  if (hasInput(node, 2)) {
    layer.bias = biasOf(constant(node, 2), layer.kernel.shape[0], node);
  }
  return {{}, add(node, LayerKind::Dense, {x}, std::move(layer)), straightAxes(1)};
}

OnnxValue OnnxReader::matMul(const Node& node) {
  const OnnxValue in = tensor(node, 0);
  const RealTensor& b = constant(node, 1);
  if (b.shape.size() != 2) {
    fails("unsupported", "multiplies by " + shapeText(b.shape), node, {"a matrix [in][out]"});
  }
  ImportedLayer layer;
  layer.kernel = weights(transposed(b), 0, node);
  const int x = inFileOrder(node, in);
  return {{}, add(node, LayerKind::Dense, {x}, std::move(layer)), straightAxes(in.axes.size())};
}

std::optional<std::vector<double>> OnnxReader::channelValues(const OnnxValue& value,
                                                             const RealTensor& tensor) const {
  const Shape& shape = at(value.layer).shape;
  const auto channels = static_cast<std::size_t>(shape.back());
  if (tensor.values.size() == 1) return std::vector<double>(channels, tensor.values[0]);
  const auto last = std::ranges::find(value.axes, static_cast<int>(shape.size()) - 1);
  const auto behind = static_cast<std::size_t>(value.axes.end() - last - 1);
  if (tensor.values.size() != channels || tensor.shape.size() <= behind) return std::nullopt;
  if (static_cast<std::size_t>(tensor.shape[tensor.shape.size() - 1 - behind]) != channels) {
    return std::nullopt;
  }
  return tensor.values;
}

OnnxValue OnnxReader::batchNormalization(const Node& node) {
  const OnnxValue in = tensor(node, 0);
  ImportedLayer* const layer = scalable(in.layer);
  const RealTensor& scale = constant(node, 1);
  const RealTensor& offset = constant(node, 2);
  const RealTensor& mean = constant(node, 3);
  const RealTensor& variance = constant(node, 4);
  const double epsilon = realOf(node, "epsilon", 1e-5);
  if (layer == nullptr || layer != &network_.layers[static_cast<std::size_t>(in.layer)]) {
    fails("unsupported", "does not stand right behind a layer with weights", node,
          {"fold it into the weights, or move it there"});
  }
  const auto channels = static_cast<std::size_t>(layer->shape.back());
  for (const RealTensor* const each : {&scale, &offset, &mean, &variance}) {
    if (each->values.size() != channels) fails("weights", "has not one number a channel", node);
  }
  std::vector<double> factors;
  for (std::size_t i = 0; i < channels; ++i) {
    factors.push_back(scale.values[i] / std::sqrt(variance.values[i] + epsilon));
  }
  layer->bias.values.resize(channels, 0);
  layer->bias.shape = {static_cast<int>(channels)};
  scaleChannels(*layer, factors, node);
  bool finite = true;
  for (std::size_t i = 0; i < channels; ++i) {
    layer->bias.values[i] += offset.values[i] - mean.values[i] * factors[i];
    finite = finite && std::isfinite(factors[i]) && std::isfinite(layer->bias.values[i]);
  }
  if (!finite) fails("weights", "has factors that are not finite", node);
  return passed(node, in);
}

}  // namespace aegen::encoders
