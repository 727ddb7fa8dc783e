#include "graph_oracle.hpp"

#include <algorithm>
#include <cstdlib>

namespace aegen::encoders::test {
namespace {

using Tensor = std::vector<std::int64_t>;

std::int64_t power(int exponent) {
  return std::int64_t{1} << exponent;
}

std::int64_t floorDivide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return quotient * b > a ? quotient - 1 : quotient;
}

// raw * 2^-from as a multiple of 2^-to, rounded down.
std::int64_t floorTo(std::int64_t raw, int from, int to) {
  return to >= from ? raw * power(to - from) : floorDivide(raw, power(from - to));
}

std::int64_t rounded(std::int64_t raw, int from, int to, core::Rounding rounding) {
  const std::int64_t below = floorTo(raw, from, to);
  if (to >= from) return below;
  const std::int64_t step = power(from - to);
  const std::int64_t rest = raw - below * step;
  switch (rounding) {
    case core::Rounding::Floor:
      return below;
    case core::Rounding::TowardZero:
      return below + (raw < 0 && rest > 0 ? 1 : 0);
    case core::Rounding::NearestUp:
      return below + (2 * rest >= step ? 1 : 0);
    case core::Rounding::NearestEven:
      return below + (2 * rest > step || (2 * rest == step && below % 2 != 0) ? 1 : 0);
  }
  std::abort();
}

std::int64_t fitted(std::int64_t raw, const core::FixedFormat& format, core::Overflow overflow) {
  const std::int64_t values = power(format.width);
  const std::int64_t low = format.isSigned ? -values / 2 : 0;
  const std::int64_t high = low + values - 1;
  if (overflow == core::Overflow::Saturate) return std::clamp(raw, low, high);
  return raw - floorDivide(raw - low, values) * values;
}

std::int64_t product(const Node& node, const core::FixedFormat& in, std::int64_t x,
                     std::int64_t w) {
  const int exact = in.fraction + node.kernel.format.fraction;
  if (!node.sum.truncateProducts) return floorTo(x * w, exact, node.format.fraction);
  const std::int64_t cut = floorTo(x * w, exact, node.sum.productFraction);
  return floorTo(cut, node.sum.productFraction, node.format.fraction);
}

Tensor dense(const Node& node, const core::FixedFormat& format, const Tensor& in) {
  Tensor out;
  for (std::size_t o = 0; o < node.bias.values.size(); ++o) {
    std::int64_t sum =
        floorTo(node.bias.values[o], node.bias.format.fraction, node.format.fraction);
    for (std::size_t i = 0; i < in.size(); ++i) {
      sum += product(node, format, in[i], node.kernel.values[o * in.size() + i]);
    }
    out.push_back(sum);
  }
  return out;
}

Tensor conv(const Node& node, const Node& from, const Tensor& in) {
  const Shape& k = node.kernel.shape;
  const auto at = [&](int row, int column, int channel) {
    return in[static_cast<std::size_t>((row * from.shape[1] + column) * from.shape[2] + channel)];
  };
  const auto weight = [&](int row, int column, int channel, int filter) {
    return node.kernel
        .values[static_cast<std::size_t>(((row * k[1] + column) * k[2] + channel) * k[3] + filter)];
  };
  Tensor out;
  for (int row = 0; row < node.shape[0]; ++row) {
    for (int column = 0; column < node.shape[1]; ++column) {
      for (int filter = 0; filter < k[3]; ++filter) {
        std::int64_t sum = floorTo(node.bias.values[static_cast<std::size_t>(filter)],
                                   node.bias.format.fraction, node.format.fraction);
        for (int r = 0; r < k[0]; ++r) {
          for (int c = 0; c < k[1]; ++c) {
            for (int channel = 0; channel < k[2]; ++channel) {
              sum += product(node, from.format,
                             at(row * node.stride + r, column * node.stride + c, channel),
                             weight(r, c, channel, filter));
            }
          }
        }
        out.push_back(sum);
      }
    }
  }
  return out;
}

Tensor normalize(const Node& node, const Tensor& in) {
  std::int64_t sum = 0;
  for (const std::int64_t charge : in) sum += charge;
  int shift = 0;
  while (shift < node.maxShift && sum >= power(shift + 1)) ++shift;
  Tensor out;
  for (const std::int64_t charge : in) {
    out.push_back(floorDivide(charge * power(node.format.fraction), power(shift)));
  }
  return out;
}

Tensor pad(const Node& node, const Shape& in, const Tensor& values) {
  Tensor out(elementCount(node.shape), 0);
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

}  // namespace

std::vector<std::int64_t> evaluateGraph(const Graph& graph,
                                        const std::vector<std::int64_t>& inputs) {
  std::vector<Tensor> tensors;
  for (const Node& node : graph.nodes) {
    const std::size_t first = node.inputs.empty() ? 0 : static_cast<std::size_t>(node.inputs[0]);
    const Node& from = graph.nodes[first];
    Tensor out;
    switch (node.kind) {
      case NodeKind::Input:
        out = inputs;
        break;
      case NodeKind::Normalize:
        out = normalize(node, tensors[first]);
        break;
      case NodeKind::Arrange:
        for (const int i : node.indices) {
          out.push_back(i < 0 ? 0 : tensors[first][static_cast<std::size_t>(i)]);
        }
        break;
      case NodeKind::Pad:
        out = pad(node, from.shape, tensors[first]);
        break;
      case NodeKind::Conv2d:
        out = conv(node, from, tensors[first]);
        break;
      case NodeKind::Dense:
        out = dense(node, from.format, tensors[first]);
        break;
      case NodeKind::Relu:
        for (const std::int64_t raw : tensors[first]) out.push_back(std::max<std::int64_t>(raw, 0));
        break;
      case NodeKind::Requantize:
        for (const std::int64_t raw : tensors[first]) {
          const auto cut = rounded(raw, from.format.fraction, node.format.fraction, node.rounding);
          out.push_back(fitted(cut, node.format, node.overflow));
        }
        break;
      case NodeKind::Concat:
        for (const int i : node.inputs) {
          const Tensor& part = tensors[static_cast<std::size_t>(i)];
          out.insert(out.end(), part.begin(), part.end());
        }
        break;
      case NodeKind::Reshape:
        out = tensors[first];
        break;
    }
    tensors.push_back(std::move(out));
  }
  return tensors.back();
}

}  // namespace aegen::encoders::test
