#pragma once
/// How a Conv2d or Dense layer adds its products: fractions, product formats and the range of a
/// sum.

#include <cstdint>

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
  /// Everything output `output` can be, for every input; for every weight where they are loadable.
  [[nodiscard]] core::Interval range(std::size_t output) const;
  /// Terms of one output.
  [[nodiscard]] std::size_t terms() const;
  /// Raw weight of a term of an output.
  [[nodiscard]] std::int64_t weight(std::size_t output, std::size_t term) const;
  /// Position of that weight in the kernel, row-major.
  [[nodiscard]] std::size_t weightIndex(std::size_t output, std::size_t term) const;

 private:
  [[nodiscard]] core::Interval productRange(const core::Interval& weight) const;

  const Node& layer_;
  core::FixedFormat input_;
  int productFraction_;
  int fraction_;
};

}  // namespace aegen::encoders
