#pragma once
/// Writes a LinearNetwork as a function again, its forms as adder graphs.

#include "aegen/core/adder_graph.hpp"
#include "linear_network.hpp"

namespace aegen::core {

struct WrittenNetwork {
  Function function;
  std::size_t matrices = 0;  ///< solved: those with products by constants or common terms
};

/// `function` is the one that `network` was read from. Errors: adder-graph.shape,
/// adder-graph.too-wide (a shift or sum does not fit 62 bits).
[[nodiscard]] Result<WrittenNetwork> writeNetwork(const LinearNetwork& network,
                                                  const Function& function,
                                                  const AdderGraphOptions& options);

}  // namespace aegen::core
