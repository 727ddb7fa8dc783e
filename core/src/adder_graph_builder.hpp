#pragma once
/// From a network of sums to the graph of its adders.

#include <optional>
#include <span>

#include "adder_graph_sums.hpp"
#include "aegen/core/adder_graph.hpp"

namespace aegen::core {

// Each sum's adders in the order its tree gives them. Nothing when a value needs more than 63 bits.
[[nodiscard]] std::optional<AdderGraph> graphOf(const SumNetwork& network,
                                                std::span<const int> inputDepths);

}  // namespace aegen::core
