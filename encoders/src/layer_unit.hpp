#pragma once
/// What of a layer is computed in functions of their own: sums of products with the elementwise
/// nodes behind them, and tables.

#include <span>
#include <string>
#include <vector>

#include "aegen/core/function_builder.hpp"
#include "aegen/encoders/graph.hpp"
#include "layer_sums.hpp"

namespace aegen::encoders {

/// Node `first` of a graph and the elementwise nodes up to `last` that join it.
struct LayerChain {
  const Graph& graph;
  std::size_t first;
  std::size_t last;

  [[nodiscard]] const Node& node() const { return graph.nodes[first]; }
  [[nodiscard]] const Node& input() const {
    return graph.nodes[static_cast<std::size_t>(node().inputs[0])];
  }
  [[nodiscard]] const core::FixedFormat& format() const { return graph.nodes[last].format; }
};

/// Relu, Requantize, Reinterpret, Lookup: one element in, one out.
[[nodiscard]] bool isElementwise(NodeKind kind);

/// The function of a Lookup node, `prefix` in front.
[[nodiscard]] std::string tableName(const Node& node);
/// Adds it: x, an element of `input`, to y.
void addTable(core::Program& program, const std::string& prefix, const Node& node,
              const core::FixedFormat& input);

/// The elementwise nodes of `chain` behind node `first` (with it where it is one itself) applied to
/// a value. Tables are called by name.
[[nodiscard]] core::ValueId finished(core::FunctionBuilder& builder, core::ValueId value,
                                     const LayerChain& chain, const std::string& prefix);

/// Adds function `name`: outputs `channels` at a position of a window. Inputs x, and weight
/// [term][channel] and bias [channel] where they are loadable; output y [channel].
void addUnit(core::Program& program, const std::string& prefix, const std::string& name,
             const std::string& what, const LayerChain& chain, const LayerSums& sums,
             std::size_t window, std::span<const std::size_t> channels);

/// The same outputs inline: what a position without terms computes. `bias`: values of the
/// channels' loadable biases; empty: constants.
[[nodiscard]] std::vector<core::ValueId> biasOnly(core::FunctionBuilder& builder,
                                                  const std::string& prefix,
                                                  const LayerChain& chain, const LayerSums& sums,
                                                  std::span<const core::ValueId> bias);

}  // namespace aegen::encoders
