#pragma once
/// What any tensor of a network is on given inputs.

#include <string_view>

#include "aegen/core/columns.hpp"
#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// Raw values of the tensor of node `node`, row-major elements x events, by the interpreter.
/// `inputs`: raw values of the graph's Input nodes, one node's elements behind the other's; they
/// are wrapped into their formats. Loadable weights have the values they have in the graph, which
/// has passed infer(). Diagnostics `values.node` (no such node), `values.inputs` (not as many rows
/// as the Input nodes have elements).
[[nodiscard]] core::Result<core::Columns> nodeValues(const Graph& graph, std::string_view node,
                                                     const core::Columns& inputs);

/// The same of the output.
[[nodiscard]] core::Result<core::Columns> outputValues(const Graph& graph,
                                                       const core::Columns& inputs);

}  // namespace aegen::encoders
