#include "layer_sums.hpp"

#include <algorithm>

namespace aegen::encoders {

using core::Interval;

namespace {

__extension__ using Int128 = __int128;

// Bounds of what every step may be: requantize() between them is then exact.
constexpr core::FixedFormat kWidest{true, core::kMaxWidth, 0};

bool fits(Int128 value) {
  return value >= kWidest.minRaw() && value <= kWidest.maxRaw();
}

// raw * 2^-from in units of 2^-to, floored. `raw` fits; past 63 places up it no longer does, past
// 63 down nothing but its sign is left.
Int128 aligned(Int128 raw, int from, int to) {
  return to >= from ? raw * (Int128{1} << std::min(to - from, core::kMaxWidth))
                    : raw >> std::min(from - to, core::kMaxWidth);
}

}  // namespace

struct LayerSums::WideInterval {
  Int128 low = 0;
  Int128 high = 0;

  static WideInterval of(const Interval& interval) { return {interval.low, interval.high}; }
  [[nodiscard]] bool fits() const { return encoders::fits(low) && encoders::fits(high); }
  [[nodiscard]] WideInterval alignedTo(int from, int to) const {
    return {aligned(low, from, to), aligned(high, from, to)};
  }
};

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

// The range of one product as it is added; gives the step that is too wide, or nothing.
const char* LayerSums::product(const Interval& weight, WideInterval& out) const {
  const Interval x = input_.range();
  const Int128 corners[] = {Int128{x.low} * weight.low, Int128{x.low} * weight.high,
                            Int128{x.high} * weight.low, Int128{x.high} * weight.high};
  out = {*std::ranges::min_element(corners), *std::ranges::max_element(corners)};
  if (!out.fits()) return "a product";
  out = out.alignedTo(input_.fraction + layer_.kernel.format.fraction, productFraction_);
  if (!out.fits()) return "a truncated product";
  out = out.alignedTo(productFraction_, fraction_);
  return out.fits() ? nullptr : "a product at the sum's fraction";
}

LayerSums::Range LayerSums::range(std::size_t output) const {
  const std::int64_t offset = layer_.bias.values[output];
  const WideInterval bias = WideInterval::of(layer_.bias.loadable ? layer_.bias.format.range()
                                                                  : Interval{offset, offset});
  WideInterval sum = bias.alignedTo(layer_.bias.format.fraction, fraction_);
  if (!bias.fits() || !sum.fits()) return {{}, "the bias at the sum's fraction"};
  // Whatever the order of the additions, their results lie between the sums of all negative and of
  // all positive ends.
  Int128 lowest = std::min<Int128>(sum.low, 0);
  Int128 highest = std::max<Int128>(sum.high, 0);
  for (std::size_t term = 0; term < terms(); ++term) {
    const std::int64_t w = weight(output, term);
    WideInterval part;
    const char* const tooWide =
        product(layer_.kernel.loadable ? layer_.kernel.format.range() : Interval{w, w}, part);
    if (tooWide != nullptr) return {{}, tooWide};
    sum.low += part.low;
    sum.high += part.high;
    lowest += std::min<Int128>(part.low, 0);
    highest += std::max<Int128>(part.high, 0);
  }
  if (!fits(lowest) || !fits(highest)) return {{}, "the sum"};
  return {{static_cast<std::int64_t>(sum.low), static_cast<std::int64_t>(sum.high)}, {}};
}

}  // namespace aegen::encoders
