#pragma once
/// Which elements of a graph's tensors its output depends on by shape: the others, such as cells of
/// a decoder's image that are no trigger cell, need not be computed.

#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// One list a node. A node of which nothing is live is live as a whole: it is there to be seen.
[[nodiscard]] std::vector<std::vector<bool>> liveElements(const Graph& graph);

}  // namespace aegen::encoders
