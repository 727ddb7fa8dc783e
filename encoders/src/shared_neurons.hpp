#pragma once
/// Hard-wired dense layers under folding: a function a neuron, small because its weights are
/// constants, or one function for all, large but shared.

#include <set>
#include <string>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// The hard-wired Dense nodes that take fewer gates, by estimate, when their weights are operands
/// of one function that is shared over `reuse` clocks: LoweringOptions::sharedNeurons.
[[nodiscard]] std::set<std::string> worthSharing(const Graph& graph, int reuse);

}  // namespace aegen::encoders
