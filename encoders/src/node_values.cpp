#include "aegen/encoders/node_values.hpp"

#include <algorithm>
#include <string>

#include "aegen/core/interpreter.hpp"
#include "aegen/encoders/lowering.hpp"

namespace aegen::encoders {
namespace {

using core::Columns;
using core::Result;

std::size_t inputElements(const Graph& graph) {
  std::size_t count = 0;
  for (const Node& node : graph.nodes) {
    if (node.kind == NodeKind::Input) count += elementCount(node.shape);
  }
  return count;
}

// The graph up to a node, with a last one that computes: what only rearranges has no signal.
Graph upTo(const Graph& graph, std::string_view node) {
  Graph out{graph.name, {}};
  const auto last = std::ranges::find(graph.nodes, node, &Node::name);
  out.nodes.assign(graph.nodes.begin(), last + 1);
  Node copy;
  copy.name = std::string(node) + "_values";
  while (out.find(copy.name) != nullptr) copy.name += "_";
  copy.kind = NodeKind::Requantize;
  copy.inputs = {static_cast<int>(out.nodes.size()) - 1};
  copy.format = out.nodes.back().format;
  out.nodes.push_back(std::move(copy));
  return out;
}

}  // namespace

Result<Columns> nodeValues(const Graph& graph, std::string_view node, const Columns& inputs) {
  if (graph.find(node) == nullptr) {
    std::string names;
    for (const Node& other : graph.nodes) names += (names.empty() ? "" : ", ") + other.name;
    return core::badInput("values.node", "there is no node '" + std::string(node) + "'",
                          "graph '" + graph.name + "'", {"its nodes are " + names});
  }
  if (inputs.elements() != inputElements(graph)) {
    return core::badInput("values.inputs",
                          std::to_string(inputs.elements()) + " inputs are given, " +
                              std::to_string(inputElements(graph)) + " are needed",
                          "graph '" + graph.name + "'");
  }
  Graph part = upTo(graph, node);
  if (auto inferred = part.infer(); !inferred) return inferred.error();
  return outputValues(part, inputs);
}

Result<Columns> outputValues(const Graph& graph, const Columns& inputs) {
  auto lowering = lower(graph, graph.name + "_");
  if (!lowering) return lowering.error();
  const std::string whole = "whole";  // without the prefix no layer is called so
  addWhole(*lowering, whole, "the whole graph");
  core::Interpreter interpreter(lowering->program, whole);
  for (const core::ConfigField& field : lowering->fields) {
    interpreter.setConfig(field.name, field.reset);
  }
  interpreter.useThreads(0);
  if (interpreter.eventElements() == inputs.elements()) return interpreter.run(inputs);
  // A part of a graph may not need its last inputs.
  Columns first(interpreter.eventElements(), inputs.events());
  for (std::size_t i = 0; i < first.elements(); ++i) {
    std::ranges::copy(inputs.column(i), first.column(i).begin());
  }
  return interpreter.run(first);
}

}  // namespace aegen::encoders
