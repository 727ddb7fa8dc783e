#pragma once
/// Random decoders for tests: latents and conditions, dense, transposed convolutions, a function by
/// table; and random raw inputs of any graph.

#include <cstdint>

#include "aegen/core/columns.hpp"
#include "aegen/encoders/graph.hpp"

namespace aegen::test {

/// A seeded graph of every kind of node that decoders have, not inferred; sizes, formats (a channel
/// too), paddings, strides and ways of summing vary.
[[nodiscard]] encoders::Graph randomDecoder(std::uint64_t seed);

/// Raw values of all Input nodes, one behind the other; extremes are frequent.
[[nodiscard]] core::Columns randomInputs(const encoders::Graph& graph, std::size_t events,
                                         std::uint64_t seed);

}  // namespace aegen::test
