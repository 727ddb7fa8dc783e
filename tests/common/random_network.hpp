#pragma once
/// Random small networks for tests.

#include <cstdint>
#include <vector>

#include "aegen/encoders/conditions.hpp"
#include "aegen/encoders/graph.hpp"

namespace aegen::test {

/// A seeded graph: input, possibly a convolution on a padded grid, a transposed convolution of
/// which some elements are used, a second input, then one or two dense layers, with random shapes,
/// widths, signs, roundings, tables, powers of two, both ways of summing, loadable and constant
/// weights of one format or one a channel.
class RandomNetwork {
 public:
  explicit RandomNetwork(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  [[nodiscard]] encoders::Graph graph();
  /// Possibly a transposed convolution, then dense layers behind a given list; nothing loadable.
  [[nodiscard]] encoders::Graph graphBehind(const core::FixedFormat& format, int elements);
  /// Whether a Requantize of the last graph() cuts off high bits.
  [[nodiscard]] bool mayWrap() const { return mayWrap_; }
  /// Raw values of the graph's inputs, one behind the other; extremes are frequent.
  [[nodiscard]] std::vector<std::int64_t> input(const encoders::Graph& graph);

 private:
  std::uint64_t next();
  int between(int low, int high);
  core::FixedFormat format(int maxWidth);
  std::int64_t within(const core::Interval& range);
  encoders::Weights weights(std::string name, encoders::Shape shape, int channels, bool loadable);
  void reinterpret(encoders::Graph& graph, const std::string& name);
  int flatten(encoders::Graph& graph, const std::string& name);
  int transposed(encoders::Graph& graph, int elements, bool mayLoad);
  int conditions(encoders::Graph& graph, int elements);
  void denseLayers(encoders::Graph& graph, int elements, bool mayLoad);
  encoders::SumRule sumRule();
  void requantize(encoders::Graph& graph, const std::string& name);
  encoders::Node& append(encoders::Graph& graph, std::string name, encoders::NodeKind kind);

  std::uint64_t state_;
  bool mayWrap_ = false;
};

/// A condition for every element of a decoder's input node `conditions`, if it has one.
[[nodiscard]] std::vector<encoders::Condition> conditionsOf(const encoders::Graph& decoder);

}  // namespace aegen::test
