#include "aegen/encoders/freeze.hpp"

#include <algorithm>

#include "aegen/encoders/econ_t.hpp"
#include "layer_windows.hpp"
#include "weight_formats.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::Interval;

void quantizeTo(Weights& weights, const FixedFormat& format) {
  weights.format = format;
  weights.values.clear();
  for (const double value : weights.real) weights.values.push_back(core::quantize(value, format));
}

// Every raw value of each element of a tensor, and their fractional bits.
struct Values {
  std::vector<Interval> elements;
  int fraction = 0;
};

Values sums(const Node& node, const Node& input, const Values& from) {
  const LayerWindows windows(node, input.shape);
  Values out;
  out.fraction = from.fraction + node.kernel.format.fraction;
  for (std::size_t position = 0; position < windows.positions(); ++position) {
    const std::size_t window = windows.windowOf(position);
    for (std::size_t c = 0; c < windows.channels(); ++c) {
      Interval sum{node.bias.values[c], node.bias.values[c]};
      for (std::size_t term = 0; term < windows.terms(window); ++term) {
        const auto element = windows.input(position, term);
        if (!element) continue;
        const std::int64_t weight = node.kernel.values[windows.weight(window, term, c)];
        const Interval& x = from.elements[*element];
        sum.low += std::min(weight * x.low, weight * x.high);
        sum.high += std::max(weight * x.low, weight * x.high);
      }
      out.elements.push_back(sum);
    }
  }
  return out;
}

Values requantized(const Node& node, const Values& from, int fraction) {
  const FixedFormat wide{true, core::kMaxWidth, fraction};
  const auto one = [&](std::int64_t raw) {
    return core::requantize(raw, from.fraction, wide, node.rounding, core::Overflow::Saturate);
  };
  Values out{{}, fraction};
  for (const Interval& x : from.elements) out.elements.push_back({one(x.low), one(x.high)});
  return out;
}

// Smallest interval that holds all of them.
Interval joined(const std::vector<Interval>& elements) {
  Interval all = elements.front();
  for (const Interval& x : elements) all = all.join(x);
  return all;
}

// Layers that move elements and compute nothing.
Values moved(const Node& node, const Graph& graph, const std::vector<Values>& values) {
  const auto input = [&](std::size_t i) { return static_cast<std::size_t>(node.inputs[i]); };
  Values out{{}, values[input(0)].fraction};
  if (node.kind == NodeKind::Arrange) {
    for (const int index : node.indices) {
      out.elements.push_back(
          index < 0 ? Interval{} : values[input(0)].elements[static_cast<std::size_t>(index)]);
    }
    return out;
  }
  if (node.kind == NodeKind::Pad) {
    // All elements alike: no layer of a decoder needs it closer.
    const Interval all = joined(values[input(0)].elements).join({});
    out.elements.assign(elementCount(node.shape), all);
    return out;
  }
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    out.fraction = std::max(out.fraction, graph.nodes[input(i)].format.fraction);
  }
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Values& part = values[input(i)];
    const std::int64_t scale = std::int64_t{1} << (out.fraction - part.fraction);
    for (const Interval& x : part.elements) {
      out.elements.push_back({x.low * scale, x.high * scale});
    }
  }
  return out;
}

}  // namespace

void freezeReal(Graph& graph, const DecoderFormats& formats) {
  std::vector<Values> values;
  const auto last = static_cast<std::size_t>(
      std::ranges::find_if(graph.nodes.rbegin(), graph.nodes.rend(),
                           [](const Node& n) { return n.kind == NodeKind::Requantize; }) -
      graph.nodes.rbegin());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    const std::size_t from =
        node.inputs.empty() ? 0 : static_cast<std::size_t>(node.inputs.front());
    if (node.kind == NodeKind::Input) {
      values.push_back({std::vector<Interval>(elementCount(node.shape), node.format.range()),
                        node.format.fraction});
    } else if (hasWeights(node.kind)) {
      // Weights below 1/8 would gain bits that no activation can use.
      const FixedFormat kernel =
          fittingFormat(node.kernel.real, formats.weightBits, formats.weightBits + 2);
      quantizeTo(node.kernel, kernel);
      quantizeTo(node.bias, biasFormat(node.bias.real, values[from].fraction + kernel.fraction));
      values.push_back(sums(node, graph.nodes[from], values[from]));
    } else if (node.kind == NodeKind::Relu) {
      values.push_back(values[from]);
      for (Interval& x : values.back().elements) {
        x = {std::max<std::int64_t>(x.low, 0), std::max<std::int64_t>(x.high, 0)};
      }
    } else if (node.kind == NodeKind::Requantize) {
      values.push_back(requantized(node, values[from], formats.fraction));
      node.format = i + 1 + last == graph.nodes.size()
                        ? FixedFormat{false, formats.fraction + 1, formats.fraction}
                        : FixedFormat::holding(joined(values.back().elements), formats.fraction);
    } else {
      values.push_back(moved(node, graph, values));
    }
    node.format.fraction = values.back().fraction;
  }
}

LinkLayout topBitsLayout(int latentBits, int activeEtx, const econ_t::PathShape& shape) {
  LinkLayout layout;
  layout.activeEtx = activeEtx;
  for (int latent = 0; latent < shape.latents; ++latent) {
    for (int bit = 0; bit < shape.latentBits; ++bit) layout.keep.push_back(bit < latentBits);
  }
  return layout;
}

LinkLayout fittingLayout(int activeEtx, const econ_t::PathShape& shape) {
  const int sent = econ_t::sentLatentBits(activeEtx, shape);
  if (sent >= shape.latents) {
    return topBitsLayout(std::min(sent / shape.latents, shape.latentBits), activeEtx, shape);
  }
  LinkLayout layout = topBitsLayout(1, activeEtx, shape);
  // The mask begins with the last latent.
  std::fill_n(layout.keep.begin(), (shape.latents - sent) * shape.latentBits, false);
  return layout;
}

}  // namespace aegen::encoders
