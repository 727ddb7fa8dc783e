#pragma once
/// What the tensors of a graph hold on given events: every node's, not the output's alone.

#include <cstdint>
#include <limits>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// Of one element, over all events.
struct ElementStatistics {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
  std::uint64_t negative = 0;   ///< events in which it is below zero
  std::uint64_t saturated = 0;  ///< Requantize: events past the format's range; below 0 of an
                                ///< unsigned one is a ReLU
};

/// Runs a graph layer by layer and keeps count of each node that computes; nodes that only move
/// elements have an empty list.
class TensorStatistics {
 public:
  /// Rows of `inputs`: elements of the Input nodes, one behind the other. `graph` has passed
  /// infer(); loadable weights hold their values. Diagnostics: those of lower().
  [[nodiscard]] static core::Result<TensorStatistics> of(const Graph& graph,
                                                         const core::Columns& inputs);

  [[nodiscard]] const std::vector<ElementStatistics>& node(std::size_t at) const {
    return nodes_[at];
  }
  /// Raw values of the graph's output.
  [[nodiscard]] const core::Columns& output() const { return output_; }

 private:
  std::vector<std::vector<ElementStatistics>> nodes_;
  core::Columns output_;
};

}  // namespace aegen::encoders
