#pragma once
/// Random small networks for tests.

#include <cstdint>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::test {

/// A seeded graph: input, possibly a convolution on a padded grid, one or two dense layers, with
/// random shapes, widths, signs, roundings, both ways of summing, loadable and constant weights.
class RandomNetwork {
 public:
  explicit RandomNetwork(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  [[nodiscard]] encoders::Graph graph();
  /// Dense layers behind a given list.
  [[nodiscard]] encoders::Graph graphBehind(const core::FixedFormat& format, int elements);
  /// Whether a Requantize of the last graph() cuts off high bits.
  [[nodiscard]] bool mayWrap() const { return mayWrap_; }
  /// Raw values of the graph's input; extremes are frequent.
  [[nodiscard]] std::vector<std::int64_t> input(const encoders::Graph& graph);

 private:
  std::uint64_t next();
  int between(int low, int high);
  core::FixedFormat format(int maxWidth);
  encoders::Weights weights(std::string name, encoders::Shape shape, bool loadable);
  void denseLayers(encoders::Graph& graph, int elements, bool mayLoad);
  encoders::SumRule sumRule();
  void requantize(encoders::Graph& graph, const std::string& name);
  encoders::Node& append(encoders::Graph& graph, std::string name, encoders::NodeKind kind);

  std::uint64_t state_;
  bool mayWrap_ = false;
};

}  // namespace aegen::test
