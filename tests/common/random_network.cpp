#include "random_network.hpp"

#include <algorithm>

namespace aegen::test {

using encoders::Graph;
using encoders::Node;
using encoders::NodeKind;
using encoders::Shape;

std::uint64_t RandomNetwork::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

int RandomNetwork::between(int low, int high) {
  return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1));
}

core::FixedFormat RandomNetwork::format(int maxWidth) {
  const bool isSigned = between(0, 1) == 1;
  const int width = between(isSigned ? 2 : 1, maxWidth);
  return {isSigned, width, between(-2, width + 2)};
}

std::int64_t RandomNetwork::within(const core::Interval& range) {
  const auto span = static_cast<std::uint64_t>(range.high - range.low + 1);
  return range.low + static_cast<std::int64_t>(next() % span);
}

encoders::Weights RandomNetwork::weights(std::string name, Shape shape, int channels,
                                         bool loadable) {
  encoders::Weights out{std::move(name), format(7), std::move(shape), {}, {}, loadable, {}};
  out.values.resize(encoders::elementCount(out.shape));
  for (std::int64_t& value : out.values) {
    value = between(0, 5) == 0 ? 0 : within(out.format.range());
    value = std::clamp(value, out.format.minRaw(), out.format.maxRaw());
  }
  if (between(0, 2) == 0) {
    out.channelFraction.resize(static_cast<std::size_t>(channels));
    for (int& fraction : out.channelFraction) fraction = between(-1, 8);
  }
  return out;
}

Node& RandomNetwork::append(Graph& graph, std::string name, NodeKind kind) {
  Node node;
  node.name = std::move(name);
  node.kind = kind;
  if (!graph.nodes.empty()) node.inputs = {static_cast<int>(graph.nodes.size()) - 1};
  graph.nodes.push_back(std::move(node));
  return graph.nodes.back();
}

void RandomNetwork::reinterpret(Graph& graph, const std::string& name) {
  append(graph, name, NodeKind::Reinterpret).format.fraction = between(-1, 9);
}

void RandomNetwork::requantize(Graph& graph, const std::string& name) {
  if (between(0, 4) == 0) reinterpret(graph, name + "_scaled");
  if (between(0, 1) == 1) append(graph, name + "_relu", NodeKind::Relu);
  Node& node = append(graph, name + "_out", NodeKind::Requantize);
  node.format = format(9);
  node.rounding = static_cast<core::Rounding>(between(0, 3));
  node.overflow = static_cast<core::Overflow>(between(0, 1));
  mayWrap_ |= node.overflow == core::Overflow::Wrap;
  if (between(0, 3) == 0) {
    const std::size_t entries = std::size_t{1} << node.format.width;
    Node& lookup = append(graph, name + "_lookup", NodeKind::Lookup);
    lookup.format = format(8);
    for (std::size_t i = 0; i < entries; ++i) {
      lookup.table.push_back(within(lookup.format.range()));
    }
  }
  if (between(0, 4) == 0) reinterpret(graph, name + "_times");
}

Graph RandomNetwork::graph() {
  mayWrap_ = false;
  Graph graph;
  graph.name = "random";
  int elements = between(1, 9);
  const bool convolve = between(0, 1) == 1;
  const int side = between(2, 4);
  const int channels = between(1, 2);
  if (convolve) elements = side * side * channels;
  Node& input = append(graph, "x", NodeKind::Input);
  input.shape = {elements};
  input.format = format(9);
  if (convolve) {
    Node& grid = append(graph, "grid", NodeKind::Arrange);
    grid.shape = {side, side, channels};
    for (int i = 0; i < elements; ++i) grid.indices.push_back(between(-1, elements - 1));
    append(graph, "padded", NodeKind::Pad).padding = {between(0, 1), between(0, 1), between(0, 1),
                                                      between(0, 1)};
    const int kernel = between(1, 2);
    const int filters = between(1, 3);
    Node& conv = append(graph, "conv", NodeKind::Conv2d);
    conv.stride = between(1, 2);
    const bool loadable = between(0, 1) == 1;
    conv.kernel = weights("conv_kernel", {kernel, kernel, channels, filters}, filters, loadable);
    conv.bias = weights("conv_bias", {filters}, filters, between(0, 3) == 0 ? !loadable : loadable);
    conv.sum = sumRule();
    requantize(graph, "conv");
    elements = flatten(graph, "flat");
  }
  if (between(0, 2) == 0) elements = transposed(graph, elements, true);
  if (between(0, 2) == 0) elements = conditions(graph, elements);
  denseLayers(graph, elements, true);
  return graph;
}

Graph RandomNetwork::graphBehind(const core::FixedFormat& format, int elements) {
  mayWrap_ = false;
  Graph graph;
  graph.name = "random";
  Node& input = append(graph, "x", NodeKind::Input);
  input.shape = {elements};
  input.format = format;
  if (between(0, 1) == 0) elements = transposed(graph, elements, false);
  denseLayers(graph, elements, false);
  return graph;
}

encoders::SumRule RandomNetwork::sumRule() {
  encoders::SumRule out;
  out.truncateProducts = between(0, 1) == 1;
  if (out.truncateProducts) out.productFraction = between(-1, 8);
  return out;
}

int RandomNetwork::flatten(Graph& graph, const std::string& name) {
  Graph known = graph;  // the flattened size follows from the shapes
  static_cast<void>(known.infer().ok());
  const auto elements = static_cast<int>(encoders::elementCount(known.nodes.back().shape));
  append(graph, name, NodeKind::Reshape).shape = {elements};
  return elements;
}

// The list as an image of one row or column, and a transposed convolution of it: strides below and
// above the kernel, rows cut off so that any number is left. Some of what it gives is used.
int RandomNetwork::transposed(Graph& graph, int elements, bool mayLoad) {
  const int channels = elements % 2 == 0 ? 2 : 1;
  const int length = elements / channels;
  const bool upright = between(0, 1) == 1;
  append(graph, "image", NodeKind::Reshape).shape =
      upright ? Shape{length, 1, channels} : Shape{1, length, channels};
  const int filters = between(1, 2);
  Node& node = append(graph, "up", NodeKind::Conv2dTranspose);
  node.stride = between(1, 3);
  const Shape kernel = {between(1, 3), between(1, 3), channels, filters};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const int size = upright == (axis == 0) ? length : 1;
    const int cut = between(0, std::min(3, (size - 1) * node.stride + kernel[axis] - 1));
    const int before = between(0, cut);
    node.padding.push_back(before);
    node.padding.push_back(cut - before);
  }
  const bool loadable = mayLoad && between(0, 1) == 1;
  const bool other = mayLoad && between(0, 3) == 0;
  node.kernel = weights("up_kernel", kernel, filters, loadable);
  node.bias = weights("up_bias", {filters}, filters, loadable != other);
  node.sum = sumRule();
  requantize(graph, "up");
  const int all = flatten(graph, "up_flat");
  Node& used = append(graph, "used", NodeKind::Arrange);
  used.shape = {between(1, std::min(all, 12))};
  for (int i = 0; i < used.shape[0]; ++i) used.indices.push_back(between(0, all - 1));
  return used.shape[0];
}

// A second input of another format beside the list.
int RandomNetwork::conditions(Graph& graph, int elements) {
  const int list = static_cast<int>(graph.nodes.size()) - 1;
  Node& input = append(graph, "conditions", NodeKind::Input);
  input.inputs.clear();
  input.shape = {between(1, 3)};
  input.format = format(6);
  elements += input.shape[0];
  const int second = list + 1;
  append(graph, "conditioned", NodeKind::Concat).inputs = {list, second};
  if (between(0, 1) == 1) graph.nodes.back().inputs = {second, list};
  if (between(0, 1) == 1) reinterpret(graph, "conditioned_scaled");
  return elements;
}

void RandomNetwork::denseLayers(Graph& graph, int elements, bool mayLoad) {
  const int layers = between(1, 2);
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = "dense" + std::to_string(layer);
    const int outputs = between(1, 5);
    Node& dense = append(graph, name, NodeKind::Dense);
    const bool loadable = mayLoad && between(0, 1) == 1;
    const bool other = mayLoad && between(0, 3) == 0;
    dense.kernel = weights(name + "_kernel", {outputs, elements}, outputs, loadable);
    dense.bias = weights(name + "_bias", {outputs}, outputs, loadable != other);
    dense.sum = sumRule();
    requantize(graph, name);
    elements = outputs;
  }
}

std::vector<std::int64_t> RandomNetwork::input(const Graph& graph) {
  std::vector<std::int64_t> out;
  for (const Node& node : graph.nodes) {
    if (node.kind != NodeKind::Input) continue;
    const core::Interval range = node.format.range();
    for (std::size_t i = 0; i < encoders::elementCount(node.shape); ++i) {
      const int choice = between(0, 5);
      out.push_back(choice == 0 ? range.low : choice == 1 ? range.high : within(range));
    }
  }
  return out;
}

std::vector<encoders::Condition> conditionsOf(const Graph& decoder) {
  std::vector<encoders::Condition> out;
  const Node* const node = encoders::conditionsInput(decoder);
  if (node == nullptr) return out;
  for (int i = 0; i < node->shape[0]; ++i) {
    const bool sum = i == 1;
    out.push_back({"condition" + std::to_string(i),
                   sum ? encoders::Condition::Source::SumCode : encoders::Condition::Source::Given,
                   sum ? 0 : i - 0.25});
  }
  return out;
}

}  // namespace aegen::test
