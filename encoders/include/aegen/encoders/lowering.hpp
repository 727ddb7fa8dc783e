#pragma once
/// Lowering: a Graph becomes a Program, one function a layer, calling one function a conv position
/// or neuron.

#include <set>
#include <string>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// A layer: a function and the signals its ports are tied to. Config ports are tied to fields.
struct LoweredLayer {
  std::string function;
  std::vector<core::Wire> inputs;
  std::vector<core::Wire> outputs;
  /// A Normalize layer's sum of charges, one of `outputs`; empty for other layers.
  std::string sumSignal;
};

struct Lowering {
  core::Program program;
  std::vector<core::Signal> inputs;  ///< one an Input node
  std::vector<LoweredLayer> layers;  ///< in order
  core::Signal output;
  std::vector<core::ConfigField> fields;  ///< loadable weights in layer order: kernel, bias
};

struct LoweringOptions {
  /// A Dense layer with a hard-wired kernel is one function of all its outputs, in which they can
  /// share additions (core::passes::shareProducts()); else one function an output.
  bool wholeDense = false;
  /// Dense nodes whose hard-wired weights are operands of one function all neurons call, so that
  /// folding can share it, and not constants in a function a neuron. Those that cannot be are left
  /// as they are: fractions that differ from neuron to neuron, or no Requantize behind them.
  std::set<std::string> sharedNeurons;
};

/// `graph` must have been inferred. Function names start with `prefix`. Arrange, Pad, Concat and
/// Reshape become wiring; Relu and Requantize join the layer before them. Signals are named as the
/// last node of their layer. Padding and zeros are constants at the calls. Diagnostics:
/// `graph.name` (a node is named as another node's helper function or sum), `graph.output`.
[[nodiscard]] core::Result<Lowering> lower(const Graph& graph, const std::string& prefix,
                                           const LoweringOptions& options = {});

/// Adds a function `name` that computes the whole graph by calling the layers: inputs are the
/// graph's inputs and the loadable fields, the output is the graph's.
void addWhole(Lowering& lowering, const std::string& name, const std::string& comment);

}  // namespace aegen::encoders
