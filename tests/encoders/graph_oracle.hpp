#pragma once
/// An evaluation of a Graph that shares nothing with the product: integers and the definition of
/// floor.

#include <cstdint>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders::test {

/// Raw values of the graph's output for raw `inputs` of its one input node. The graph has passed
/// infer().
[[nodiscard]] std::vector<std::int64_t> evaluateGraph(const Graph& graph,
                                                      const std::vector<std::int64_t>& inputs);

}  // namespace aegen::encoders::test
