#pragma once
/// Everything each element of a graph's tensors can be, whatever the events: exact intervals,
/// element by element, with the weights as they stand.

#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// Raw values, one list a node. Inputs take every value of their formats; elements are taken as
/// independent of each other. An interval of one value is a proven constant. `graph` has passed
/// infer().
[[nodiscard]] std::vector<std::vector<core::Interval>> elementRanges(const Graph& graph);

}  // namespace aegen::encoders
