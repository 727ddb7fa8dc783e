#include "tensor_statistics.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <string>

#include "aegen/core/interpreter.hpp"
#include "aegen/encoders/lowering.hpp"
#include "layer_unit.hpp"

namespace aegen::encoders {
namespace {

using Signals = std::map<std::string, core::Columns>;

constexpr std::size_t kBatch = 2048;  // events whose tensors are held at a time

bool computes(NodeKind kind) {
  return kind == NodeKind::Input || kind == NodeKind::Normalize || hasWeights(kind) ||
         (isElementwise(kind) && kind != NodeKind::Reinterpret);
}

std::string freeName(const Graph& graph, std::string name) {
  while (graph.find(name) != nullptr) name += "x";
  return name;
}

// The graph with a second reader of every node, so that nothing is joined and all is computed; and
// of every Requantize's argument, rounded but not cut to the range.
struct Observed {
  Graph graph;
  std::vector<std::string> unclipped;  ///< names, one a node; empty for other kinds
};

Observed observed(const Graph& graph) {
  Observed out{graph, std::vector<std::string>(graph.nodes.size())};
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].kind != NodeKind::Requantize) continue;
    Node node = graph.nodes[i];
    node.name = freeName(out.graph, "unclipped" + std::to_string(i));
    node.format = {true, core::kMaxWidth, node.format.fraction};
    node.overflow = core::Overflow::Saturate;
    out.unclipped[i] = node.name;
    out.graph.nodes.push_back(std::move(node));
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node node;
    node.name = freeName(out.graph, "read" + std::to_string(i));
    node.kind = NodeKind::Reshape;
    node.inputs = {static_cast<int>(i)};
    node.shape = graph.nodes[i].shape;
    node.format = graph.nodes[i].format;
    out.graph.nodes.push_back(std::move(node));
  }
  return out;
}

// Runs one function of the layers on its inputs' signals.
core::Result<void> runLayer(core::Interpreter& interpreter, const core::Function& function,
                            const LoweredLayer& layer, std::size_t events, Signals& signals) {
  core::Columns in(interpreter.eventElements(), events);
  std::size_t row = 0;
  for (const core::Port& port : function.inputs) {
    if (port.role != core::Role::Event) continue;
    const auto wire = std::ranges::find(layer.inputs, port.name, &core::Wire::port);
    const core::Columns& from = signals.at(wire->signal);
    for (std::size_t i = 0; i < from.elements(); ++i) {
      std::ranges::copy(from.column(i), in.column(row++).begin());
    }
  }
  auto results = interpreter.run(in);
  if (!results) return results.error();
  row = 0;
  for (const core::Port& port : function.outputs) {
    const auto wire = std::ranges::find(layer.outputs, port.name, &core::Wire::port);
    core::Columns out(port.count, events);
    for (std::size_t i = 0; i < port.count; ++i) {
      std::ranges::copy(results->column(row++), out.column(i).begin());
    }
    signals.insert_or_assign(wire->signal, std::move(out));
  }
  return {};
}

void add(std::vector<ElementStatistics>& statistics, const core::Columns& values) {
  statistics.resize(values.elements());
  for (std::size_t i = 0; i < values.elements(); ++i) {
    ElementStatistics& one = statistics[i];
    for (const std::int64_t raw : values.column(i)) {
      one.least = std::min(one.least, raw);
      one.most = std::max(one.most, raw);
      one.negative += raw < 0 ? 1 : 0;
    }
  }
}

// Below an unsigned range is no saturation but a ReLU.
void addSaturated(std::vector<ElementStatistics>& statistics, const core::Columns& unclipped,
                  const core::FixedFormat& format) {
  core::Interval range = format.range();
  if (!format.isSigned) range.low = std::numeric_limits<std::int64_t>::min();
  for (std::size_t i = 0; i < unclipped.elements(); ++i) {
    statistics[i].saturated += static_cast<std::uint64_t>(std::ranges::count_if(
        unclipped.column(i), [&](std::int64_t raw) { return !range.contains(raw); }));
  }
}

}  // namespace

core::Result<TensorStatistics> TensorStatistics::of(const Graph& graph,
                                                    const core::Columns& inputs) {
  const Observed all = observed(graph);
  auto lowering = lower(all.graph, "observed_");
  if (!lowering) return lowering.error();
  std::vector<core::Interpreter> interpreters;
  for (const LoweredLayer& layer : lowering->layers) {
    core::Interpreter& interpreter = interpreters.emplace_back(lowering->program, layer.function);
    for (const core::Wire& wire : layer.inputs) {
      const auto field = std::ranges::find(lowering->fields, wire.signal, &core::ConfigField::name);
      if (field != lowering->fields.end()) interpreter.setConfig(wire.port, field->reset);
    }
  }
  TensorStatistics out;
  out.nodes_.resize(graph.nodes.size());
  out.output_ = core::Columns(elementCount(graph.output().shape), inputs.events());
  for (std::size_t begin = 0; begin < inputs.events(); begin += kBatch) {
    const std::size_t events = std::min(kBatch, inputs.events() - begin);
    Signals signals;
    std::size_t row = 0;
    for (const core::Signal& signal : lowering->inputs) {
      core::Columns in(signal.count, events);
      for (std::size_t i = 0; i < signal.count; ++i) {
        std::ranges::copy(inputs.column(row++).subspan(begin, events), in.column(i).begin());
      }
      signals.emplace(signal.name, std::move(in));
    }
    for (std::size_t l = 0; l < interpreters.size(); ++l) {
      const LoweredLayer& layer = lowering->layers[l];
      const core::Function& function = *lowering->program.find(layer.function);
      auto done = runLayer(interpreters[l], function, layer, events, signals);
      if (!done) return done.error();
    }
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      const Node& node = graph.nodes[i];
      if (!computes(node.kind)) continue;
      add(out.nodes_[i], signals.at(node.name));
      if (all.unclipped[i].empty()) continue;
      addSaturated(out.nodes_[i], signals.at(all.unclipped[i]), node.format);
    }
    const core::Columns& last = signals.at(lowering->output.name);
    for (std::size_t i = 0; i < last.elements(); ++i) {
      std::ranges::copy(last.column(i), out.output_.column(i).subspan(begin).begin());
    }
  }
  return out;
}

}  // namespace aegen::encoders
