#pragma once
/// What is known of a flattened function's nodes under one configuration.

#include <span>
#include <vector>

#include "flat_function.hpp"
#include "interval_transfer.hpp"

namespace aegen::core::tape {

struct NodeFacts {
  Interval interval;       ///< holds the value in every event
  WideInterval exact;      ///< holds the exact result, before it is cut to the format
  bool fits = true;        ///< the exact result is always within the format
  NodeId same = 0;         ///< an earlier node with the same raw value in every event, or itself
  std::uint32_t uses = 0;  ///< operands that are this node (never `same` as another) and outputs

  /// The value is `interval.low` in every event.
  [[nodiscard]] bool known() const { return interval.low == interval.high; }
};

/// `uniforms`: the values of the uniform nodes, by node.
[[nodiscard]] std::vector<NodeFacts> factsOf(const FlatFunction& function,
                                             std::span<const std::int64_t> uniforms);

}  // namespace aegen::core::tape
