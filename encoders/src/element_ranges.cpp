#include "element_ranges.hpp"

#include <algorithm>

#include "layer_sums.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::Interval;
using Ranges = std::vector<Interval>;

// A raw integer with more or fewer fractional bits, floored; infer() has bounded it.
std::int64_t aligned(std::int64_t raw, int from, int to) {
  return core::requantize(raw, from, {true, core::kMaxWidth, to}, core::Rounding::Floor,
                          core::Overflow::Saturate);
}

Interval product(const Interval& x, std::int64_t weight) {
  const std::int64_t a = x.low * weight;
  const std::int64_t b = x.high * weight;
  return {std::min(a, b), std::max(a, b)};
}

Ranges layer(const Node& node, const Node& from, const Ranges& in) {
  const LayerSums sums(node, from);
  const LayerWindows& windows = sums.windows();
  Ranges out;
  for (std::size_t position = 0; position < windows.positions(); ++position) {
    const std::size_t window = windows.windowOf(position);
    for (std::size_t channel = 0; channel < windows.channels(); ++channel) {
      const int exact = from.format.fraction + node.kernel.fraction(channel);
      const int cut = sums.productFraction(channel);
      const std::int64_t bias =
          aligned(node.bias.values[channel], node.bias.fraction(channel), sums.fraction());
      Interval sum{bias, bias};
      for (std::size_t term = 0; term < windows.terms(window); ++term) {
        const auto element = windows.input(position, term);
        if (!element) continue;
        const std::int64_t weight = node.kernel.values[windows.weight(window, term, channel)];
        const Interval p = product(in[*element], weight);
        sum.low += aligned(aligned(p.low, exact, cut), cut, sums.fraction());
        sum.high += aligned(aligned(p.high, exact, cut), cut, sums.fraction());
      }
      out.push_back(sum);
    }
  }
  return out;
}

Interval requantized(const Node& node, const FixedFormat& from, const Interval& in) {
  const FixedFormat wide{true, core::kMaxWidth, node.format.fraction};
  const auto rounded = [&](std::int64_t raw) {
    return core::requantize(raw, from.fraction, wide, node.rounding, core::Overflow::Saturate);
  };
  const Interval out{rounded(in.low), rounded(in.high)};
  const Interval range = node.format.range();
  if (node.overflow == core::Overflow::Wrap) return range.contains(out) ? out : range;
  return {std::clamp(out.low, range.low, range.high), std::clamp(out.high, range.low, range.high)};
}

Interval looked(const Node& node, const FixedFormat& from, const Interval& in) {
  const auto at = [&](std::int64_t raw) {
    return node.table.begin() + static_cast<std::ptrdiff_t>(raw - from.minRaw());
  };
  const auto [low, high] = std::minmax_element(at(in.low), at(in.high) + 1);
  return {*low, *high};
}

// Elements that are placed anew, -1 being a zero.
Ranges placed(const Ranges& in, const std::vector<int>& indices) {
  Ranges out;
  for (const int i : indices) {
    out.push_back(i < 0 ? Interval{0, 0} : in[static_cast<std::size_t>(i)]);
  }
  return out;
}

Ranges padded(const Node& node, const Shape& from, const Ranges& in) {
  Ranges out(elementCount(node.shape), Interval{0, 0});
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto place = static_cast<int>(i) / from[2];
    const int row = place / from[1] + node.padding[0];
    const int column = place % from[1] + node.padding[2];
    const int channel = static_cast<int>(i) % from[2];
    out[static_cast<std::size_t>((row * node.shape[1] + column) * from[2] + channel)] = in[i];
  }
  return out;
}

Ranges rangesOf(const Graph& graph, const Node& node, const std::vector<Ranges>& ranges) {
  if (node.kind == NodeKind::Input) return Ranges(elementCount(node.shape), node.format.range());
  const auto first = static_cast<std::size_t>(node.inputs[0]);
  const Node& from = graph.nodes[first];
  const Ranges& in = ranges[first];
  Ranges out;
  switch (node.kind) {
    case NodeKind::Normalize:
      return Ranges(elementCount(node.shape), node.format.range());
    case NodeKind::Arrange:
      return placed(in, node.indices);
    case NodeKind::Pad:
      return padded(node, from.shape, in);
    case NodeKind::Conv2d:
    case NodeKind::Conv2dTranspose:
    case NodeKind::Dense:
      return layer(node, from, in);
    case NodeKind::Relu:
      for (const Interval& i : in) {
        out.push_back({std::max<std::int64_t>(i.low, 0), std::max<std::int64_t>(i.high, 0)});
      }
      return out;
    case NodeKind::Requantize:
      for (const Interval& i : in) out.push_back(requantized(node, from.format, i));
      return out;
    case NodeKind::Lookup:
      for (const Interval& i : in) out.push_back(looked(node, from.format, i));
      return out;
    case NodeKind::Concat:
      for (const int i : node.inputs) {
        const auto at = static_cast<std::size_t>(i);
        const int fraction = graph.nodes[at].format.fraction;
        for (const Interval& r : ranges[at]) {
          out.push_back({aligned(r.low, fraction, node.format.fraction),
                         aligned(r.high, fraction, node.format.fraction)});
        }
      }
      return out;
    case NodeKind::Reinterpret:
    case NodeKind::Reshape:
    case NodeKind::Input:
      return in;
  }
  return in;
}

}  // namespace

std::vector<Ranges> elementRanges(const Graph& graph) {
  std::vector<Ranges> ranges;
  for (const Node& node : graph.nodes) ranges.push_back(rangesOf(graph, node, ranges));
  return ranges;
}

}  // namespace aegen::encoders
