#pragma once
/// LayerWindows: which input elements meet which weights in each output of a layer with weights.

#include <cstddef>
#include <optional>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// A layer computes `channels()` outputs at each of `positions()` places, row-major: output element
/// position * channels() + channel. At a position, term after term, an input element meets a
/// weight. Positions of one *window* meet the same weights: all of a Dense (its one) or a Conv2d,
/// those of one phase (place modulo stride) of a Conv2dTranspose.
class LayerWindows {
 public:
  /// `layer` has weights and its shape; `input`: shape of its input tensor.
  LayerWindows(const Node& layer, const Shape& input);

  [[nodiscard]] std::size_t channels() const { return channels_; }
  [[nodiscard]] std::size_t positions() const { return positions_; }
  [[nodiscard]] std::size_t windows() const { return windows_.size(); }
  [[nodiscard]] std::size_t windowOf(std::size_t position) const;
  /// Terms of a sum; 0 where a transposed convolution strides past its kernel.
  [[nodiscard]] std::size_t terms(std::size_t window) const {
    return windows_[window].size() * depth_;
  }
  /// Position in the kernel, row-major, of a term's weight.
  [[nodiscard]] std::size_t weight(std::size_t window, std::size_t term, std::size_t channel) const;
  /// Element of the input tensor that meets it; empty: outside of the tensor, a zero.
  [[nodiscard]] std::optional<std::size_t> input(std::size_t position, std::size_t term) const;

 private:
  struct Tap {
    int row;
    int column;
  };
  [[nodiscard]] std::optional<int> inputPlace(int output, int tap, int cut, int size) const;

  const Node& layer_;
  Shape input_;  ///< height, width, channels
  std::size_t depth_;
  std::size_t channels_;
  std::size_t positions_ = 1;
  int phaseRows_ = 1;
  int phaseColumns_ = 1;
  int columns_ = 1;  ///< of the output
  std::vector<std::vector<Tap>> windows_;
};

}  // namespace aegen::encoders
