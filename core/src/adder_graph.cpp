#include "aegen/core/adder_graph.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

#include "adder_graph_cost.hpp"

namespace aegen::core {
namespace {

// Shifts and sums of what fits in 63 bits, by way of unsigned numbers: nothing undefined on the
// way.
std::int64_t shifted(std::int64_t value, int shift) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << shift);
}

}  // namespace

AdderGraphCost costOf(const AdderGraph& graph) {
  const std::size_t inputs = graph.inputs.size();
  AdderGraphCost cost;
  cost.adders = graph.adders.size();
  std::vector<int> low(inputs + graph.adders.size(), 0);
  const auto bitsOf = [&](const AdderOperand& operand) {
    const Interval& range = operand.node < inputs ? graph.inputs[operand.node]
                                                  : graph.adders[operand.node - inputs].range;
    return OperandBits::of(range, low[operand.node], operand.shift);
  };
  for (std::size_t n = 0; n < graph.adders.size(); ++n) {
    const AdderNode& adder = graph.adders[n];
    assert(adder.a.node < inputs + n && adder.b.node < inputs + n);
    const OperandBits a = bitsOf(adder.a);
    const OperandBits b = bitsOf(adder.b);
    // Where an operand's magnitude ends below the other's lowest bit, its own low end is that of
    // the sum all the same.
    low[inputs + n] = std::min(a.low, b.low);
    cost.costBits += fullAdderBits(a, b);
    cost.resultBits += std::max(widthOf(adder.range) - low[inputs + n], 0);
  }
  for (const AdderOutput& output : graph.outputs) {
    if (!output.node) continue;
    const std::size_t node = *output.node;
    const int depth = node >= inputs              ? graph.adders[node - inputs].depth
                      : graph.inputDepths.empty() ? 0
                                                  : graph.inputDepths[node];
    cost.depth = std::max(cost.depth, depth);
  }
  return cost;
}

std::vector<std::int64_t> evaluate(const AdderGraph& graph, std::span<const std::int64_t> inputs) {
  assert(inputs.size() == graph.inputs.size());
  std::vector<std::int64_t> values(inputs.begin(), inputs.end());
  values.reserve(inputs.size() + graph.adders.size());
  for (const AdderNode& adder : graph.adders) {
    const auto a = static_cast<std::uint64_t>(shifted(values[adder.a.node], adder.a.shift));
    const auto b = static_cast<std::uint64_t>(shifted(values[adder.b.node], adder.b.shift));
    values.push_back(static_cast<std::int64_t>(adder.subtract ? a - b : a + b));
  }
  std::vector<std::int64_t> outputs;
  outputs.reserve(graph.outputs.size());
  for (const AdderOutput& output : graph.outputs) {
    const std::int64_t value = output.node ? shifted(values[*output.node], output.shift) : 0;
    outputs.push_back(output.negated ? -value : value);
  }
  return outputs;
}

}  // namespace aegen::core
