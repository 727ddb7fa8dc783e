#pragma once
/// How a layer with weights adds its products: fractions, product formats and the range of a sum.

#include <cstdint>
#include <string>

#include "aegen/encoders/graph.hpp"
#include "layer_windows.hpp"

namespace aegen::encoders {

class LayerSums {
 public:
  /// `layer` has its shape, `input` is the node it reads.
  LayerSums(const Node& layer, const Node& input);

  /// Fractional bits of the sums: the finest of any (truncated) product or bias.
  [[nodiscard]] int fraction() const { return fraction_; }
  /// Fractional bits each product of an output channel has when it is added.
  [[nodiscard]] int productFraction(std::size_t channel) const;
  [[nodiscard]] const LayerWindows& windows() const { return windows_; }
  /// Everything a sum can be, or what on the way to it no value of the IR holds.
  struct Range {
    core::Interval interval;
    std::string tooWide;  ///< empty: everything fits
  };
  /// Of output channel `channel` at the positions of a window, for every input; for every weight
  /// where they are loadable. Every product, truncated and aligned product, the bias and every
  /// partial sum must fit a signed word of core::kMaxWidth bits.
  [[nodiscard]] Range range(std::size_t window, std::size_t channel) const;

 private:
  struct WideInterval;
  [[nodiscard]] const char* product(const core::Interval& weight, std::size_t channel,
                                    WideInterval& out) const;

  const Node& layer_;
  core::FixedFormat input_;
  LayerWindows windows_;
  int fraction_;
};

}  // namespace aegen::encoders
