#pragma once
/// An evaluation of a Graph that shares nothing with the product: wide integers, the definition of
/// floor, and the definitions in graph.hpp.

#include <cstdint>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::test {

/// Raw values of the graph's output for raw `inputs` of its Input nodes, one behind the other. The
/// graph has passed infer().
[[nodiscard]] std::vector<std::int64_t> evaluateGraph(const encoders::Graph& graph,
                                                      const std::vector<std::int64_t>& inputs);

}  // namespace aegen::test
