#include "aegen/encoders/decoder_error_bound.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "layer_windows.hpp"
#include "table_error.hpp"

namespace aegen::encoders {
namespace {

using Element = BoundedElement;
using Tensor = std::vector<Element>;

double fixedWeight(const Weights& weights, std::size_t i, std::size_t channel) {
  return static_cast<double>(weights.values[i]) * weights.formatOf(channel).lsb();
}

double realWeight(const Weights& weights, std::size_t i, std::size_t channel) {
  return weights.real.empty() ? fixedWeight(weights, i, channel) : weights.real[i];
}

struct Product {
  double low;
  double high;
};

Product scaled(double factor, double low, double high) {
  return factor < 0 ? Product{factor * high, factor * low} : Product{factor * low, factor * high};
}

// Calls visit(output, input, weight) for every product of a layer, in output order.
void forEachProduct(const Node& node, const Shape& in,
                    const std::function<void(std::size_t, std::size_t, std::size_t)>& visit) {
  const LayerWindows windows(node, in);
  for (std::size_t position = 0; position < windows.positions(); ++position) {
    const std::size_t window = windows.windowOf(position);
    for (std::size_t channel = 0; channel < windows.channels(); ++channel) {
      for (std::size_t term = 0; term < windows.terms(window); ++term) {
        const auto input = windows.input(position, term);
        if (!input) continue;
        visit(position * windows.channels() + channel, *input,
              windows.weight(window, term, channel));
      }
    }
  }
}

// What flooring a product can take away.
double lostByProducts(const Node& node, int inFraction, std::size_t channel) {
  const int product = node.sum.productFraction;
  const int exact = inFraction + node.kernel.fraction(channel);
  if (!node.sum.truncateProducts || exact <= product) return 0;
  return std::ldexp(1, -product) - std::ldexp(1, -exact);
}

// sum(kernel * in) + bias. With fixed inputs v, float inputs v - e, and weights q and w on the two
// sides the error is sum((q - w) * v + w * e) + (bias error), less what truncated products lose.
Tensor linear(const Node& node, const Shape& shape, const Tensor& in, int inFraction) {
  Tensor out(elementCount(node.shape));
  const std::size_t channels = node.bias.values.size();
  std::vector<double> magnitude(out.size(), 0);
  std::vector<double> terms(out.size(), 4);
  forEachProduct(node, shape, [&](std::size_t o, std::size_t i, std::size_t w) {
    const std::size_t channel = o % channels;
    const double fixed = fixedWeight(node.kernel, w, channel);
    const double real = realWeight(node.kernel, w, channel);
    const Product value = scaled(fixed, in[i].low, in[i].high);
    const Product weightError = scaled(fixed - real, in[i].low, in[i].high);
    const Product inputError = scaled(real, in[i].error.low, in[i].error.high);
    const double loss = fixed == 0 ? 0 : lostByProducts(node, inFraction, channel);
    out[o].low += value.low - loss;
    out[o].high += value.high;
    out[o].error.low += weightError.low + inputError.low - loss;
    out[o].error.high += weightError.high + inputError.high;
    magnitude[o] += (std::abs(fixed) + std::abs(real)) *
                    (std::max(std::abs(in[i].low), std::abs(in[i].high)) +
                     std::max(std::abs(in[i].error.low), std::abs(in[i].error.high)));
    terms[o] += 1;
  });
  for (std::size_t o = 0; o < out.size(); ++o) {
    const double fixed = fixedWeight(node.bias, o % channels, o % channels);
    const double real = realWeight(node.bias, o % channels, o % channels);
    out[o].low += fixed;
    out[o].high += fixed;
    // Double rounding, here and in evaluateReal(): a few units in the last place a term.
    const double slack = 4 * terms[o] * std::numeric_limits<double>::epsilon() *
                         (magnitude[o] + std::abs(fixed) + std::abs(real));
    out[o].error.low += fixed - real - slack;
    out[o].error.high += fixed - real + slack;
  }
  return out;
}

Element relu(const Element& in) {
  return {std::max(in.low, 0.0),
          std::max(in.high, 0.0),
          {std::min(in.error.low, 0.0), std::max(in.error.high, 0.0)}};
}

core::Result<Element> requantized(const Node& node, const core::FixedFormat& from, Element in) {
  const double lsb = node.format.lsb();
  ErrorInterval rounding;
  if (from.fraction > node.format.fraction) {
    const double most = lsb - from.lsb();  // what cutting bits off takes away at most
    switch (node.rounding) {
      case core::Rounding::Floor:
        rounding = {-most, 0};
        break;
      case core::Rounding::TowardZero:
        rounding = {in.high > 0 ? -most : 0, in.low < 0 ? most : 0};
        break;
      case core::Rounding::NearestUp:
      case core::Rounding::NearestEven:
        rounding = {-lsb / 2, lsb / 2};
        break;
    }
  }
  in.low += rounding.low;
  in.high += rounding.high;
  in.error.low += rounding.low;
  in.error.high += rounding.high;
  const double min = static_cast<double>(node.format.minRaw()) * lsb;
  const double max = static_cast<double>(node.format.maxRaw()) * lsb;
  // Rounded values lie on the grid: less than a step outside is inside.
  const bool outside = in.low <= min - lsb || in.high >= max + lsb;
  if (outside && node.overflow == core::Overflow::Wrap) {
    return core::checkFailed("bound.wraps",
                             fmt::format("values reach [{:.6g}, {:.6g}] and wrap", in.low, in.high),
                             fmt::format("node {}, format {}", node.name, node.format.text()),
                             {"widen the format or saturate"});
  }
  // Both sides are clipped to the same range, which moves no two numbers apart.
  if (outside) in.error = {std::min(in.error.low, 0.0), std::max(in.error.high, 0.0)};
  in.low = std::clamp(in.low, min, max);
  in.high = std::clamp(in.high, min, max);
  return in;
}

double clipped(const Node& node, double value) {
  if (node.overflow == core::Overflow::Wrap) return value;
  return std::clamp(value, static_cast<double>(node.format.minRaw()) * node.format.lsb(),
                    static_cast<double>(node.format.maxRaw()) * node.format.lsb());
}

double reinterpretFactor(const Node& from, const Node& node) {
  return std::ldexp(1, from.format.fraction - node.format.fraction);
}

core::Diagnostic unsupported(const Node& node) {
  return core::badInput("bound.unsupported",
                        fmt::format("a {} node has no float counterpart", text(node.kind)),
                        fmt::format("node {}", node.name),
                        {"the bound holds for decoders: start the graph behind this node"});
}

// Row-major positions of `in` inside the padded tensor.
template <typename T>
std::vector<T> padded(const Node& node, const Shape& in, const std::vector<T>& values) {
  std::vector<T> out(elementCount(node.shape));
  const auto channels = static_cast<std::size_t>(in[2]);
  for (int row = 0; row < in[0]; ++row) {
    for (int column = 0; column < in[1]; ++column) {
      const auto from = static_cast<std::size_t>(row * in[1] + column) * channels;
      const auto to = static_cast<std::size_t>((row + node.padding[0]) * node.shape[1] + column +
                                               node.padding[2]) *
                      channels;
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(from), channels,
                  out.begin() + static_cast<std::ptrdiff_t>(to));
    }
  }
  return out;
}

// What moves elements without computing; empty for nodes that compute.
template <typename T>
std::vector<T> moved(const Graph& graph, const Node& node,
                     const std::vector<std::vector<T>>& tensors) {
  const auto input = [&](std::size_t i) { return static_cast<std::size_t>(node.inputs[i]); };
  std::vector<T> out;
  switch (node.kind) {
    case NodeKind::Arrange:
      for (const int index : node.indices) {
        out.push_back(index < 0 ? T{} : tensors[input(0)][static_cast<std::size_t>(index)]);
      }
      return out;
    case NodeKind::Pad:
      return padded(node, graph.nodes[input(0)].shape, tensors[input(0)]);
    case NodeKind::Concat:
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        out.insert(out.end(), tensors[input(i)].begin(), tensors[input(i)].end());
      }
      return out;
    case NodeKind::Reshape:
      return tensors[input(0)];
    case NodeKind::Input:
    case NodeKind::Normalize:
    case NodeKind::Conv2d:
    case NodeKind::Conv2dTranspose:
    case NodeKind::Dense:
    case NodeKind::Relu:
    case NodeKind::Requantize:
    case NodeKind::Reinterpret:
    case NodeKind::Lookup:
      return out;
  }
  return out;
}

}  // namespace

core::Result<std::vector<ErrorInterval>> decoderErrorBound(const Graph& graph) {
  std::vector<Tensor> tensors;
  for (const Node& node : graph.nodes) {
    const std::size_t first = node.inputs.empty() ? 0 : static_cast<std::size_t>(node.inputs[0]);
    Tensor tensor = moved(graph, node, tensors);
    if (node.kind == NodeKind::Normalize) return unsupported(node);
    if (node.kind == NodeKind::Input) {
      const double lsb = node.format.lsb();
      const Element any{static_cast<double>(node.format.minRaw()) * lsb,
                        static_cast<double>(node.format.maxRaw()) * lsb,
                        {}};
      tensor.assign(elementCount(node.shape), any);
    } else if (hasWeights(node.kind)) {
      const Node& from = graph.nodes[first];
      tensor = linear(node, from.shape, tensors[first], from.format.fraction);
    } else if (node.kind == NodeKind::Relu) {
      for (const Element& element : tensors[first]) tensor.push_back(relu(element));
    } else if (node.kind == NodeKind::Requantize) {
      for (const Element& element : tensors[first]) {
        const auto result = requantized(node, graph.nodes[first].format, element);
        if (!result) return result.error();
        tensor.push_back(*result);
      }
    } else if (node.kind == NodeKind::Reinterpret) {
      const double factor = reinterpretFactor(graph.nodes[first], node);
      for (const Element& e : tensors[first]) {
        tensor.push_back(
            {e.low * factor, e.high * factor, {e.error.low * factor, e.error.high * factor}});
      }
    } else if (node.kind == NodeKind::Lookup) {
      const TableError table(node, graph.nodes[first].format);
      for (const Element& element : tensors[first]) tensor.push_back(table(element));
    }
    tensors.push_back(std::move(tensor));
  }
  std::vector<ErrorInterval> bound;
  for (const Element& element : tensors.back()) bound.push_back(element.error);
  return bound;
}

core::Result<std::vector<double>> evaluateReal(const Graph& graph, std::span<const double> inputs) {
  std::vector<std::vector<double>> tensors;
  for (const Node& node : graph.nodes) {
    const std::size_t first = node.inputs.empty() ? 0 : static_cast<std::size_t>(node.inputs[0]);
    std::vector<double> tensor = moved(graph, node, tensors);
    if (node.kind == NodeKind::Normalize) return unsupported(node);
    if (node.kind == NodeKind::Input) {
      const auto mine = inputs.first(elementCount(node.shape));
      tensor.assign(mine.begin(), mine.end());
      inputs = inputs.subspan(mine.size());
    } else if (hasWeights(node.kind)) {
      for (std::size_t o = 0; o < elementCount(node.shape); ++o) {
        const std::size_t channel = o % node.bias.values.size();
        tensor.push_back(realWeight(node.bias, channel, channel));
      }
      forEachProduct(node, graph.nodes[first].shape,
                     [&](std::size_t o, std::size_t i, std::size_t w) {
                       const std::size_t channel = o % node.bias.values.size();
                       tensor[o] += realWeight(node.kernel, w, channel) * tensors[first][i];
                     });
    } else if (node.kind == NodeKind::Relu) {
      for (const double value : tensors[first]) tensor.push_back(std::max(value, 0.0));
    } else if (node.kind == NodeKind::Requantize) {
      for (const double value : tensors[first]) tensor.push_back(clipped(node, value));
    } else if (node.kind == NodeKind::Reinterpret) {
      const double factor = reinterpretFactor(graph.nodes[first], node);
      for (const double value : tensors[first]) tensor.push_back(value * factor);
    } else if (node.kind == NodeKind::Lookup) {
      const RealFunction function(node, graph.nodes[first].format);
      for (const double value : tensors[first]) tensor.push_back(function(value));
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors.back();
}

}  // namespace aegen::encoders
