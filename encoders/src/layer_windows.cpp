#include "layer_windows.hpp"

#include <algorithm>

namespace aegen::encoders {

LayerWindows::LayerWindows(const Node& layer, const Shape& input)
    : layer_(layer),
      input_(layer.kind == NodeKind::Dense ? Shape{1, 1, input[0]} : input),
      depth_(static_cast<std::size_t>(input_[2])),
      channels_(static_cast<std::size_t>(layer.shape.back())) {
  if (layer.kind == NodeKind::Dense) {
    windows_ = {{Tap{0, 0}}};
    return;
  }
  positions_ = elementCount({layer.shape[0], layer.shape[1]});
  columns_ = layer.shape[1];
  const bool transposed = layer.kind == NodeKind::Conv2dTranspose;
  if (transposed) {
    phaseRows_ = std::min(layer.stride, layer.shape[0]);
    phaseColumns_ = std::min(layer.stride, columns_);
  }
  const int step = transposed ? layer.stride : 1;
  const int top = transposed ? layer.padding[0] : 0;
  const int left = transposed ? layer.padding[2] : 0;
  for (int row = 0; row < phaseRows_; ++row) {
    for (int column = 0; column < phaseColumns_; ++column) {
      std::vector<Tap>& taps = windows_.emplace_back();
      for (int r = (row + top) % step; r < layer.kernel.shape[0]; r += step) {
        for (int c = (column + left) % step; c < layer.kernel.shape[1]; c += step) {
          taps.push_back({r, c});
        }
      }
    }
  }
}

std::size_t LayerWindows::windowOf(std::size_t position) const {
  if (windows_.size() == 1) return 0;
  const int row = static_cast<int>(position) / columns_;
  const int column = static_cast<int>(position) % columns_;
  // Where a phase count is below the stride it is the number of rows: no row repeats a phase.
  return static_cast<std::size_t>(row % phaseRows_ * phaseColumns_ + column % phaseColumns_);
}

std::size_t LayerWindows::weight(std::size_t window, std::size_t term, std::size_t channel) const {
  if (layer_.kind == NodeKind::Dense) return channel * depth_ + term;
  const Tap& tap = windows_[window][term / depth_];
  const auto place = static_cast<std::size_t>(tap.row * layer_.kernel.shape[1] + tap.column);
  return (place * depth_ + term % depth_) * channels_ + channel;
}

// The input row (or column) that a tap reads for an output row, if there is one.
std::optional<int> LayerWindows::inputPlace(int output, int tap, int cut, int size) const {
  const int place = layer_.kind == NodeKind::Conv2dTranspose ? (output + cut - tap) / layer_.stride
                                                             : output * layer_.stride + tap;
  if (layer_.kind == NodeKind::Conv2dTranspose && output + cut < tap) return std::nullopt;
  return place < size ? std::optional(place) : std::nullopt;
}

std::optional<std::size_t> LayerWindows::input(std::size_t position, std::size_t term) const {
  if (layer_.kind == NodeKind::Dense) return term;
  const Tap& tap = windows_[windowOf(position)][term / depth_];
  const bool transposed = layer_.kind == NodeKind::Conv2dTranspose;
  const auto row = inputPlace(static_cast<int>(position) / columns_, tap.row,
                              transposed ? layer_.padding[0] : 0, input_[0]);
  const auto column = inputPlace(static_cast<int>(position) % columns_, tap.column,
                                 transposed ? layer_.padding[2] : 0, input_[1]);
  if (!row || !column) return std::nullopt;
  return static_cast<std::size_t>(*row * input_[1] + *column) * depth_ + term % depth_;
}

}  // namespace aegen::encoders
