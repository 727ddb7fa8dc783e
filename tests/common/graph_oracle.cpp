#include "graph_oracle.hpp"

#include <algorithm>
#include <cstdlib>

namespace aegen::test {
namespace {

using encoders::Graph;
using encoders::Node;
using encoders::NodeKind;
using encoders::Shape;
using encoders::Weights;

__extension__ using Int128 = __int128;
using Tensor = std::vector<std::int64_t>;

Int128 floorDivide(Int128 a, Int128 b) {
  const Int128 quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// value * 2^-from, as an integer multiple of 2^-to: by division, not by shifts.
Int128 rescale(Int128 value, int from, int to, core::Rounding rounding = core::Rounding::Floor) {
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
  std::abort();
}

std::int64_t intoRange(Int128 value, const core::FixedFormat& format, core::Overflow overflow) {
  const Int128 low = format.isSigned ? -(Int128{1} << (format.width - 1)) : 0;
  const Int128 count = Int128{1} << format.width;
  if (overflow == core::Overflow::Saturate) {
    return static_cast<std::int64_t>(std::clamp<Int128>(value, low, low + count - 1));
  }
  return static_cast<std::int64_t>(value - count * floorDivide(value - low, count));
}

int channelFraction(const Weights& weights, std::size_t channel) {
  return weights.channelFraction.empty() ? weights.format.fraction
                                         : weights.channelFraction[channel];
}

// A layer's product of input x and a weight of an output channel, as it is added.
Int128 product(const Node& node, const core::FixedFormat& in, std::int64_t x, std::int64_t weight,
               std::size_t channel) {
  const int exact = in.fraction + channelFraction(node.kernel, channel);
  const int cut = node.sum.truncateProducts ? node.sum.productFraction : exact;
  return rescale(rescale(Int128{x} * weight, exact, cut), cut, node.format.fraction);
}

Int128 bias(const Node& node, std::size_t channel) {
  return rescale(node.bias.values[channel], channelFraction(node.bias, channel),
                 node.format.fraction);
}

Tensor dense(const Node& node, const core::FixedFormat& format, const Tensor& in) {
  Tensor out;
  for (std::size_t o = 0; o < node.bias.values.size(); ++o) {
    Int128 sum = bias(node, o);
    for (std::size_t i = 0; i < in.size(); ++i) {
      sum += product(node, format, in[i], node.kernel.values[o * in.size() + i], o);
    }
    out.push_back(static_cast<std::int64_t>(sum));
  }
  return out;
}

std::int64_t at(const Shape& shape, const Tensor& tensor, int row, int column, int channel) {
  return tensor[static_cast<std::size_t>((row * shape[1] + column) * shape[2] + channel)];
}

std::int64_t kernelAt(const Node& node, int row, int column, int channel, int filter) {
  const Shape& k = node.kernel.shape;
  return node.kernel
      .values[static_cast<std::size_t>(((row * k[1] + column) * k[2] + channel) * k[3] + filter)];
}

Tensor conv(const Node& node, const Node& from, const Tensor& in) {
  const Shape& k = node.kernel.shape;
  Tensor out;
  for (int row = 0; row < node.shape[0]; ++row) {
    for (int column = 0; column < node.shape[1]; ++column) {
      for (int filter = 0; filter < k[3]; ++filter) {
        const auto o = static_cast<std::size_t>(filter);
        Int128 sum = bias(node, o);
        for (int r = 0; r < k[0]; ++r) {
          for (int c = 0; c < k[1]; ++c) {
            for (int channel = 0; channel < k[2]; ++channel) {
              const std::int64_t x =
                  at(from.shape, in, row * node.stride + r, column * node.stride + c, channel);
              sum += product(node, from.format, x, kernelAt(node, r, c, channel, filter), o);
            }
          }
        }
        out.push_back(static_cast<std::int64_t>(sum));
      }
    }
  }
  return out;
}

// By scattering: every input element adds into its window of the full output, then rows and columns
// are cut off.
Tensor convTranspose(const Node& node, const Node& from, const Tensor& in) {
  const Shape& k = node.kernel.shape;
  const int height = (from.shape[0] - 1) * node.stride + k[0];
  const int width = (from.shape[1] - 1) * node.stride + k[1];
  const auto place = [&](int row, int column, int filter) {
    return static_cast<std::size_t>((row * width + column) * k[3] + filter);
  };
  std::vector<Int128> full(place(height, 0, 0));
  for (std::size_t i = 0; i < full.size(); ++i) {
    full[i] = bias(node, i % static_cast<std::size_t>(k[3]));
  }
  for (int row = 0; row < from.shape[0]; ++row) {
    for (int column = 0; column < from.shape[1]; ++column) {
      for (int channel = 0; channel < k[2]; ++channel) {
        const std::int64_t x = at(from.shape, in, row, column, channel);
        for (int r = 0; r < k[0]; ++r) {
          for (int c = 0; c < k[1]; ++c) {
            for (int filter = 0; filter < k[3]; ++filter) {
              full[place(row * node.stride + r, column * node.stride + c, filter)] +=
                  product(node, from.format, x, kernelAt(node, r, c, channel, filter),
                          static_cast<std::size_t>(filter));
            }
          }
        }
      }
    }
  }
  Tensor out;
  for (int row = node.padding[0]; row < height - node.padding[1]; ++row) {
    for (int column = node.padding[2]; column < width - node.padding[3]; ++column) {
      for (int filter = 0; filter < k[3]; ++filter) {
        out.push_back(static_cast<std::int64_t>(full[place(row, column, filter)]));
      }
    }
  }
  return out;
}

Tensor normalize(const Node& node, const Tensor& in) {
  Int128 sum = 0;
  for (const std::int64_t charge : in) sum += charge;
  int shift = 0;
  while (shift < node.maxShift && sum >= (Int128{1} << (shift + 1))) ++shift;
  Tensor out;
  for (const std::int64_t charge : in) {
    const Int128 moved = Int128{charge} * (Int128{1} << node.format.fraction);
    out.push_back(static_cast<std::int64_t>(floorDivide(moved, Int128{1} << shift)));
  }
  return out;
}

Tensor pad(const Node& node, const Shape& in, const Tensor& values) {
  Tensor out(encoders::elementCount(node.shape), 0);
  std::size_t next = 0;
  for (int row = 0; row < in[0]; ++row) {
    for (int column = 0; column < in[1]; ++column) {
      for (int channel = 0; channel < in[2]; ++channel) {
        out[static_cast<std::size_t>(
            ((row + node.padding[0]) * node.shape[1] + column + node.padding[2]) * in[2] +
            channel)] = values[next++];
      }
    }
  }
  return out;
}

// Element by element.
std::int64_t element(const Node& node, const core::FixedFormat& from, std::int64_t raw) {
  switch (node.kind) {
    case NodeKind::Relu:
      return std::max<std::int64_t>(raw, 0);
    case NodeKind::Requantize:
      return intoRange(rescale(raw, from.fraction, node.format.fraction, node.rounding),
                       node.format, node.overflow);
    case NodeKind::Lookup: {
      const std::int64_t lowest = from.isSigned ? -(std::int64_t{1} << (from.width - 1)) : 0;
      return node.table[static_cast<std::size_t>(raw - lowest)];
    }
    case NodeKind::Reinterpret:
    case NodeKind::Reshape:
      return raw;
    case NodeKind::Input:
    case NodeKind::Normalize:
    case NodeKind::Arrange:
    case NodeKind::Pad:
    case NodeKind::Conv2d:
    case NodeKind::Conv2dTranspose:
    case NodeKind::Dense:
    case NodeKind::Concat:
      break;
  }
  std::abort();
}

Tensor evaluate(const Graph& graph, const Node& node, const std::vector<Tensor>& tensors) {
  const auto first = static_cast<std::size_t>(node.inputs[0]);
  const Node& from = graph.nodes[first];
  const Tensor& in = tensors[first];
  Tensor out;
  switch (node.kind) {
    case NodeKind::Normalize:
      return normalize(node, in);
    case NodeKind::Arrange:
      for (const int i : node.indices) out.push_back(i < 0 ? 0 : in[static_cast<std::size_t>(i)]);
      return out;
    case NodeKind::Pad:
      return pad(node, from.shape, in);
    case NodeKind::Conv2d:
      return conv(node, from, in);
    case NodeKind::Conv2dTranspose:
      return convTranspose(node, from, in);
    case NodeKind::Dense:
      return dense(node, from.format, in);
    case NodeKind::Concat:
      for (const int i : node.inputs) {
        const auto at = static_cast<std::size_t>(i);
        for (const std::int64_t raw : tensors[at]) {
          out.push_back(static_cast<std::int64_t>(
              rescale(raw, graph.nodes[at].format.fraction, node.format.fraction)));
        }
      }
      return out;
    case NodeKind::Relu:
    case NodeKind::Requantize:
    case NodeKind::Reinterpret:
    case NodeKind::Lookup:
    case NodeKind::Reshape:
      for (const std::int64_t raw : in) out.push_back(element(node, from.format, raw));
      return out;
    case NodeKind::Input:
      break;
  }
  std::abort();
}

}  // namespace

Tensor evaluateGraph(const Graph& graph, const Tensor& inputs) {
  std::vector<Tensor> tensors;
  auto next = inputs.begin();
  for (const Node& node : graph.nodes) {
    if (node.kind == NodeKind::Input) {
      const auto end = next + static_cast<std::ptrdiff_t>(encoders::elementCount(node.shape));
      tensors.emplace_back(next, end);
      next = end;
    } else {
      tensors.push_back(evaluate(graph, node, tensors));
    }
  }
  return tensors.back();
}

}  // namespace aegen::test
