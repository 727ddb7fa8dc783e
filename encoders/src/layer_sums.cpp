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

LayerSums::LayerSums(const Node& layer, const Node& input)
    : layer_(layer),
      input_(input.format),
      windows_(layer, input.shape),
      fraction_(std::max(productFraction(0), layer.bias.fraction(0))) {
  for (std::size_t channel = 1; channel < windows_.channels(); ++channel) {
    fraction_ = std::max({fraction_, productFraction(channel), layer.bias.fraction(channel)});
  }
}

int LayerSums::productFraction(std::size_t channel) const {
  return layer_.sum.truncateProducts ? layer_.sum.productFraction
                                     : input_.fraction + layer_.kernel.fraction(channel);
}

// The range of one product as it is added; gives the step that is too wide, or nothing.
const char* LayerSums::product(const Interval& weight, std::size_t channel,
                               WideInterval& out) const {
  const Interval x = input_.range();
  const Int128 corners[] = {Int128{x.low} * weight.low, Int128{x.low} * weight.high,
                            Int128{x.high} * weight.low, Int128{x.high} * weight.high};
  out = {*std::ranges::min_element(corners), *std::ranges::max_element(corners)};
  if (!out.fits()) return "a product";
  const int exact = input_.fraction + layer_.kernel.fraction(channel);
  out = out.alignedTo(exact, productFraction(channel));
  if (!out.fits()) return "a truncated product";
  out = out.alignedTo(productFraction(channel), fraction_);
  return out.fits() ? nullptr : "a product at the sum's fraction";
}

LayerSums::Range LayerSums::range(std::size_t window, std::size_t channel) const {
  const std::int64_t offset = layer_.bias.values[channel];
  const WideInterval bias = WideInterval::of(layer_.bias.loadable ? layer_.bias.format.range()
                                                                  : Interval{offset, offset});
  WideInterval sum = bias.alignedTo(layer_.bias.fraction(channel), fraction_);
  if (!bias.fits() || !sum.fits()) return {{}, "the bias at the sum's fraction"};
  // Whatever the order of the additions, their results lie between the sums of all negative and of
  // all positive ends.
  Int128 lowest = std::min<Int128>(sum.low, 0);
  Int128 highest = std::max<Int128>(sum.high, 0);
  for (std::size_t term = 0; term < windows_.terms(window); ++term) {
    const std::int64_t w = layer_.kernel.values[windows_.weight(window, term, channel)];
    WideInterval part;
    const char* const tooWide = product(
        layer_.kernel.loadable ? layer_.kernel.format.range() : Interval{w, w}, channel, part);
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
