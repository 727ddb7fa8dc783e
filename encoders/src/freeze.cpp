#include "aegen/encoders/freeze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "aegen/encoders/econ_t.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;

// The signed format of `bits` with the largest fraction that holds all of `values` unsaturated.
FixedFormat fitting(const std::vector<double>& values, int bits) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  // Weights below 1/8 would gain bits that no activation can use.
  for (int fraction = bits + 2;; --fraction) {
    const FixedFormat format{true, bits, fraction};
    if (std::nearbyint(std::ldexp(largest, fraction)) <= static_cast<double>(format.maxRaw())) {
      return format;
    }
  }
}

Weights quantized(std::string name, Shape shape, const FixedFormat& format,
                  const std::vector<double>& real) {
  Weights weights;
  weights.name = std::move(name);
  weights.format = format;
  weights.shape = std::move(shape);
  weights.real = real;
  for (const double value : real) weights.values.push_back(core::quantize(value, format));
  return weights;
}

Weights quantizedBias(std::string name, int fraction, const std::vector<double>& real) {
  double largest = 0;
  for (const double value : real) largest = std::max(largest, std::abs(value));
  const auto raw = static_cast<std::int64_t>(std::ceil(std::ldexp(largest, fraction))) + 1;
  FixedFormat format = FixedFormat::holding({-raw, raw}, fraction);
  return quantized(std::move(name), {static_cast<int>(real.size())}, format, real);
}

// What each activation can be when every input ranges over its interval.
std::vector<core::Interval> activationRanges(const Node& dense,
                                             const std::vector<core::Interval>& inputs,
                                             int sumFraction, int fraction) {
  const FixedFormat wide{false, core::kMaxWidth, fraction};
  std::vector<core::Interval> result;
  auto weight = dense.kernel.values.begin();
  for (const std::int64_t bias : dense.bias.values) {
    std::int64_t sum = bias;
    for (const core::Interval& input : inputs) {
      sum += std::max(*weight * input.low, *weight * input.high);
      ++weight;
    }
    result.push_back({0, core::requantize(std::max<std::int64_t>(sum, 0), sumFraction, wide,
                                          core::Rounding::NearestUp, core::Overflow::Saturate)});
  }
  return result;
}

core::Interval joined(const std::vector<core::Interval>& ranges) {
  core::Interval out = ranges.front();
  for (const core::Interval& range : ranges) out = out.join(range);
  return out;
}

}  // namespace

Graph freezeDecoder(const std::vector<RealDense>& layers, const DecoderFormats& formats) {
  Graph graph;
  graph.name = "decoder";
  const auto add = [&](std::string name, NodeKind kind, int elements) -> Node& {
    Node& node = graph.nodes.emplace_back();
    node.name = std::move(name);
    node.kind = kind;
    node.shape = {elements};
    if (kind != NodeKind::Input) node.inputs = {static_cast<int>(graph.nodes.size()) - 2};
    return node;
  };
  add("latent", NodeKind::Input, layers.front().in).format = formats.latent;
  std::vector<core::Interval> ranges(static_cast<std::size_t>(layers.front().in),
                                     formats.latent.range());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const RealDense& layer = layers[i];
    const bool last = i + 1 == layers.size();
    const std::string name = last ? "reconstruction" : fmt::format("hidden{}", i + 1);
    const FixedFormat kernelFormat = fitting(layer.kernel, formats.weightBits);
    const int sumFraction = graph.nodes.back().format.fraction + kernelFormat.fraction;
    Node& dense = add(name, NodeKind::Dense, layer.out);
    dense.kernel = quantized(name + "_kernel", {layer.out, layer.in}, kernelFormat, layer.kernel);
    dense.bias = quantizedBias(name + "_bias", sumFraction, layer.bias);
    ranges = activationRanges(dense, ranges, sumFraction, formats.fraction);
    add(name + "_relu", NodeKind::Relu, layer.out);
    Node& activation =
        add(last ? "charges" : name + "_activation", NodeKind::Requantize, layer.out);
    activation.format = last ? FixedFormat{false, formats.fraction + 1, formats.fraction}
                             : FixedFormat::holding(joined(ranges), formats.fraction);
    activation.rounding = core::Rounding::NearestUp;
    activation.overflow = core::Overflow::Saturate;
  }
  return graph;
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
