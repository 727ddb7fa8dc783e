#include "aegen/core/passes/narrow_widths.hpp"

#include "reshape.hpp"

namespace aegen::core::passes {
namespace {

// The narrowest format of all elements of a port that are no constants: those nobody reads.
void narrowPorts(std::vector<FixedFormat>& formats, const std::vector<Port>& ports,
                 const FactList& elements) {
  std::size_t next = 0;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    std::optional<Interval> all;
    for (std::uint32_t i = 0; i < ports[p].count; ++i, ++next) {
      if (elements[next].known()) continue;
      all = all ? all->join(elements[next].range) : elements[next].range;
    }
    formats[p] = FixedFormat::holding(all.value_or(Interval{}), ports[p].format.fraction);
  }
}

FunctionShape narrowed(const Function& function, const FactList& facts) {
  FunctionShape shape = shapeOf(function);
  for (std::size_t v = 0; v < facts.size(); ++v) {
    shape.formats[v] = FixedFormat::holding(facts[v].range, function.values[v].format.fraction);
  }
  narrowPorts(shape.inputs, function.inputs, facts);
  FactList outputs;
  for (const ValueId id : function.outputValues) outputs.push_back(facts[id]);
  narrowPorts(shape.outputs, function.outputs, outputs);
  return shape;
}

void narrowOnce(Unit& unit) {
  ProgramFacts facts(unit.program);
  facts.run(unit.top);
  const PortFreedom freedom = portFreedom(unit);
  std::vector<FunctionShape> shapes;
  for (std::size_t f = 0; f < unit.program.functions.size(); ++f) {
    const Function& function = unit.program.functions[f];
    const FunctionShape as = shapeOf(function);
    if (unit.wiring && function.name == unit.top) {
      shapes.push_back(as);
      continue;
    }
    FunctionShape shape = narrowed(function, facts.of(f));
    if (!freedom.inputs[f]) shape.inputs = as.inputs;
    for (std::size_t p = 0; p < shape.outputs.size(); ++p) {
      if (!freedom.outputs[f][p]) shape.outputs[p] = as.outputs[p];
    }
    shapes.push_back(std::move(shape));
  }
  reshape(unit, facts, std::move(shapes));
}

}  // namespace

void narrowWidths(Unit& unit) {
  repeated(unit, narrowOnce);
}

}  // namespace aegen::core::passes
