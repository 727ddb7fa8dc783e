#include "layer_sums.hpp"

#include <algorithm>

namespace aegen::encoders {

using core::Interval;

LayerSums::LayerSums(const Node& layer, const core::FixedFormat& input)
    : layer_(layer),
      input_(input),
      productFraction_(layer.sum.truncateProducts ? layer.sum.productFraction
                                                  : input.fraction + layer.kernel.format.fraction),
      fraction_(std::max(productFraction_, layer.bias.format.fraction)) {}

std::size_t LayerSums::terms() const {
  const Shape& shape = layer_.kernel.shape;
  return layer_.kind == NodeKind::Conv2d ? elementCount({shape[0], shape[1], shape[2]})
                                         : static_cast<std::size_t>(shape[1]);
}

std::size_t LayerSums::weightIndex(std::size_t output, std::size_t term) const {
  const Shape& shape = layer_.kernel.shape;
  return layer_.kind == NodeKind::Conv2d ? term * static_cast<std::size_t>(shape[3]) + output
                                         : output * static_cast<std::size_t>(shape[1]) + term;
}

std::int64_t LayerSums::weight(std::size_t output, std::size_t term) const {
  return layer_.kernel.values[weightIndex(output, term)];
}

Interval LayerSums::productRange(const Interval& weight) const {
  const Interval x = input_.range();
  const std::int64_t corners[] = {x.low * weight.low, x.low * weight.high, x.high * weight.low,
                                  x.high * weight.high};
  const auto [low, high] = std::ranges::minmax(corners);
  const int from = input_.fraction + layer_.kernel.format.fraction;
  const core::FixedFormat wide{true, core::kMaxWidth, fraction_};
  const core::FixedFormat cut{true, core::kMaxWidth, productFraction_};
  const auto end = [&](std::int64_t raw) {
    const std::int64_t product =
        core::requantize(raw, from, cut, core::Rounding::Floor, core::Overflow::Saturate);
    return core::requantize(product, productFraction_, wide, core::Rounding::Floor,
                            core::Overflow::Saturate);
  };
  return {end(low), end(high)};
}

Interval LayerSums::range(std::size_t output) const {
  const core::FixedFormat wide{true, core::kMaxWidth, fraction_};
  const auto bias = [&](std::int64_t raw) {
    return core::requantize(raw, layer_.bias.format.fraction, wide, core::Rounding::Floor,
                            core::Overflow::Saturate);
  };
  Interval sum{bias(layer_.bias.values[output]), bias(layer_.bias.values[output])};
  if (layer_.bias.loadable) {
    sum = {bias(layer_.bias.format.minRaw()), bias(layer_.bias.format.maxRaw())};
  }
  for (std::size_t term = 0; term < terms(); ++term) {
    const std::int64_t w = weight(output, term);
    const Interval product =
        productRange(layer_.kernel.loadable ? layer_.kernel.format.range() : Interval{w, w});
    sum.low += product.low;
    sum.high += product.high;
  }
  return sum;
}

}  // namespace aegen::encoders
