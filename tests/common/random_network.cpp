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

encoders::Weights RandomNetwork::weights(std::string name, Shape shape, bool loadable) {
  encoders::Weights out{std::move(name), format(7), std::move(shape), {}, {}, loadable};
  out.values.resize(encoders::elementCount(out.shape));
  const core::Interval range = out.format.range();
  for (std::int64_t& value : out.values) {
    const auto span = static_cast<std::uint64_t>(range.high - range.low + 1);
    value = between(0, 5) == 0 ? 0 : range.low + static_cast<std::int64_t>(next() % span);
    value = std::clamp(value, range.low, range.high);
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

void RandomNetwork::requantize(Graph& graph, const std::string& name) {
  if (between(0, 1) == 1) append(graph, name + "_relu", NodeKind::Relu);
  Node& node = append(graph, name + "_out", NodeKind::Requantize);
  node.format = format(9);
  node.rounding = static_cast<core::Rounding>(between(0, 3));
  node.overflow = static_cast<core::Overflow>(between(0, 1));
  mayWrap_ |= node.overflow == core::Overflow::Wrap;
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
    conv.kernel = weights("conv_kernel", {kernel, kernel, channels, filters}, loadable);
    conv.bias = weights("conv_bias", {filters}, between(0, 3) == 0 ? !loadable : loadable);
    conv.sum = sumRule();
    requantize(graph, "conv");
    Graph known = graph;  // the flattened size follows from the shapes
    static_cast<void>(known.infer().ok());
    elements = static_cast<int>(encoders::elementCount(known.nodes.back().shape));
    append(graph, "flat", NodeKind::Reshape).shape = {elements};
  }
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
  denseLayers(graph, elements, false);
  return graph;
}

encoders::SumRule RandomNetwork::sumRule() {
  encoders::SumRule out;
  out.truncateProducts = between(0, 1) == 1;
  if (out.truncateProducts) out.productFraction = between(-1, 8);
  return out;
}

void RandomNetwork::denseLayers(Graph& graph, int elements, bool mayLoad) {
  const int layers = between(1, 2);
  for (int layer = 0; layer < layers; ++layer) {
    const std::string name = "dense" + std::to_string(layer);
    const int outputs = between(1, 5);
    Node& dense = append(graph, name, NodeKind::Dense);
    const bool loadable = mayLoad && between(0, 1) == 1;
    const bool other = mayLoad && between(0, 3) == 0;
    dense.kernel = weights(name + "_kernel", {outputs, elements}, loadable);
    dense.bias = weights(name + "_bias", {outputs}, loadable != other);
    dense.sum = sumRule();
    requantize(graph, name);
    elements = outputs;
  }
}

std::vector<std::int64_t> RandomNetwork::input(const Graph& graph) {
  const Node& node = graph.nodes.front();
  const core::Interval range = node.format.range();
  std::vector<std::int64_t> out(encoders::elementCount(node.shape));
  for (std::int64_t& value : out) {
    const auto span = static_cast<std::uint64_t>(range.high - range.low + 1);
    switch (between(0, 5)) {
      case 0:
        value = range.low;
        break;
      case 1:
        value = range.high;
        break;
      default:
        value = range.low + static_cast<std::int64_t>(next() % span);
    }
  }
  return out;
}

}  // namespace aegen::test
