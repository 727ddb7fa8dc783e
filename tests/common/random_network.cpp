#include "random_network.hpp"

#include <algorithm>

namespace aegen::test {
namespace {

using encoders::Graph;
using encoders::Node;
using encoders::NodeKind;
using encoders::Shape;

__extension__ using Int128 = __int128;

Int128 floorDivide(Int128 a, Int128 b) {
  const Int128 q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

// value * 2^-from, as an integer multiple of 2^-to: by division, not by shifts.
Int128 rescale(Int128 value, int from, int to, core::Rounding rounding) {
  if (to >= from) return value * (Int128{1} << (to - from));
  const Int128 unit = Int128{1} << (from - to);
  const Int128 floor = floorDivide(value, unit);
  const Int128 twice = 2 * (value - floor * unit);  // of the rest, against `unit`
  switch (rounding) {
    case core::Rounding::Floor:
      return floor;
    case core::Rounding::TowardZero:
      return value / unit;
    case core::Rounding::NearestUp:
      return twice >= unit ? floor + 1 : floor;
    case core::Rounding::NearestEven:
      if (twice != unit) return twice > unit ? floor + 1 : floor;
      return floor % 2 == 0 ? floor : floor + 1;
  }
  return floor;
}

std::int64_t intoRange(Int128 value, const core::FixedFormat& format, core::Overflow overflow) {
  const Int128 low = format.isSigned ? -(Int128{1} << (format.width - 1)) : 0;
  const Int128 count = Int128{1} << format.width;
  if (overflow == core::Overflow::Saturate) {
    return static_cast<std::int64_t>(std::clamp<Int128>(value, low, low + count - 1));
  }
  return static_cast<std::int64_t>(value - count * floorDivide(value - low, count));
}

std::int64_t layerSum(const Node& node, const core::FixedFormat& in,
                      const std::vector<std::int64_t>& x, const std::vector<std::int64_t>& w,
                      std::int64_t bias) {
  const int exact = in.fraction + node.kernel.format.fraction;
  const int product = node.sum.truncateProducts ? node.sum.productFraction : exact;
  const int fraction = node.format.fraction;
  Int128 sum = rescale(bias, node.bias.format.fraction, fraction, core::Rounding::Floor);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Int128 cut = rescale(Int128{x[i]} * w[i], exact, product, core::Rounding::Floor);
    sum += rescale(cut, product, fraction, core::Rounding::Floor);
  }
  return static_cast<std::int64_t>(sum);
}

}  // namespace

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

std::vector<std::int64_t> evaluateTensors(const Graph& graph,
                                          const std::vector<std::int64_t>& input) {
  std::vector<std::vector<std::int64_t>> tensors;
  for (const Node& node : graph.nodes) {
    std::vector<std::int64_t> out;
    if (node.kind == NodeKind::Input) {
      tensors.push_back(input);
      continue;
    }
    const Node& from = graph.nodes[static_cast<std::size_t>(node.inputs[0])];
    const auto& in = tensors[static_cast<std::size_t>(node.inputs[0])];
    const auto at = [&](int row, int column, int channel) {
      return in[static_cast<std::size_t>((row * from.shape[1] + column) * from.shape[2] + channel)];
    };
    switch (node.kind) {
      case NodeKind::Arrange:
        for (const int index : node.indices) {
          out.push_back(index < 0 ? 0 : in[static_cast<std::size_t>(index)]);
        }
        break;
      case NodeKind::Pad:
        for (int r = 0; r < node.shape[0]; ++r) {
          for (int c = 0; c < node.shape[1]; ++c) {
            for (int ch = 0; ch < node.shape[2]; ++ch) {
              const int row = r - node.padding[0];
              const int column = c - node.padding[2];
              const bool inside =
                  row >= 0 && row < from.shape[0] && column >= 0 && column < from.shape[1];
              out.push_back(inside ? at(row, column, ch) : 0);
            }
          }
        }
        break;
      case NodeKind::Conv2d: {
        const Shape& k = node.kernel.shape;
        for (int r = 0; r < node.shape[0]; ++r) {
          for (int c = 0; c < node.shape[1]; ++c) {
            for (int f = 0; f < k[3]; ++f) {
              std::vector<std::int64_t> x;
              std::vector<std::int64_t> w;
              for (int i = 0; i < k[0]; ++i) {
                for (int j = 0; j < k[1]; ++j) {
                  for (int ch = 0; ch < k[2]; ++ch) {
                    x.push_back(at(r * node.stride + i, c * node.stride + j, ch));
                    w.push_back(node.kernel.values[static_cast<std::size_t>(
                        ((i * k[1] + j) * k[2] + ch) * k[3] + f)]);
                  }
                }
              }
              out.push_back(
                  layerSum(node, from.format, x, w, node.bias.values[static_cast<std::size_t>(f)]));
            }
          }
        }
        break;
      }
      case NodeKind::Dense:
        for (int o = 0; o < node.shape[0]; ++o) {
          const auto row = node.kernel.values.begin() +
                           static_cast<std::ptrdiff_t>(o) * static_cast<std::ptrdiff_t>(in.size());
          out.push_back(layerSum(node, from.format, in,
                                 {row, row + static_cast<std::ptrdiff_t>(in.size())},
                                 node.bias.values[static_cast<std::size_t>(o)]));
        }
        break;
      case NodeKind::Relu:
        for (const std::int64_t value : in) out.push_back(std::max<std::int64_t>(value, 0));
        break;
      case NodeKind::Requantize:
        for (const std::int64_t value : in) {
          out.push_back(
              intoRange(rescale(value, from.format.fraction, node.format.fraction, node.rounding),
                        node.format, node.overflow));
        }
        break;
      case NodeKind::Reshape:
        out = in;
        break;
      case NodeKind::Input:
      case NodeKind::Normalize:
      case NodeKind::Concat:
        break;
    }
    tensors.push_back(std::move(out));
  }
  return tensors.back();
}

}  // namespace aegen::test
