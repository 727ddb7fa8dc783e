#pragma once
/// How a Conv2d or Dense layer adds its products: fractions, product formats and the range of a
/// sum.

#include <cstdint>
#include <string>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

class LayerSums {
 public:
  /// `input`: format of the layer's input tensor.
  LayerSums(const Node& layer, const core::FixedFormat& input);

  /// Fractional bits of the sum: of the (truncated) products or of the bias, whichever has more.
  [[nodiscard]] int fraction() const { return fraction_; }
  /// Fractional bits each product has when it is added.
  [[nodiscard]] int productFraction() const { return productFraction_; }
  /// Everything a sum can be, or what on the way to it no value of the IR holds.
  struct Range {
    core::Interval interval;
    std::string tooWide;  ///< empty: everything fits
  };
  /// Of output `output`, for every input; for every weight where they are loadable. Every product,
  /// truncated and aligned product, the bias and every partial sum must fit a signed word of
  /// core::kMaxWidth bits.
  [[nodiscard]] Range range(std::size_t output) const;
  /// Terms of one output.
  [[nodiscard]] std::size_t terms() const;
  /// Raw weight of a term of an output.
  [[nodiscard]] std::int64_t weight(std::size_t output, std::size_t term) const;
  /// Position of that weight in the kernel, row-major.
  [[nodiscard]] std::size_t weightIndex(std::size_t output, std::size_t term) const;

 private:
  struct WideInterval;
  [[nodiscard]] const char* product(const core::Interval& weight, WideInterval& out) const;

  const Node& layer_;
  core::FixedFormat input_;
  int productFraction_;
  int fraction_;
};

}  // namespace aegen::encoders
