#include "aegen/core/passes/dead_values.hpp"

#include <algorithm>
#include <bit>

#include "demanded_bits.hpp"
#include "reshape.hpp"

namespace aegen::core::passes {
namespace {

// `format` with the bits up to the highest demanded one.
FixedFormat cut(const FixedFormat& format, BitMask mask) {
  const int bits = std::max(1, static_cast<int>(std::bit_width(mask)));
  return bits < format.width ? FixedFormat{false, bits, format.fraction} : format;
}

// Ports in the formats that their elements' demands leave.
void cutPorts(std::vector<FixedFormat>& formats, const std::vector<Port>& ports,
              const MaskList& elements) {
  std::size_t next = 0;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    BitMask all = 0;
    for (std::uint32_t i = 0; i < ports[p].count; ++i) all |= elements[next++];
    formats[p] = cut(ports[p].format, all);
  }
}

class Shaper {
 public:
  Shaper(const Unit& unit, const DemandedBits& demands)
      : unit_(unit), demands_(demands), freedom_(portFreedom(unit)) {}

  FunctionShape shape(std::size_t f) const {
    const Function& function = unit_.program.functions[f];
    FunctionShape shape = shapeOf(function);
    const bool wires = unit_.wiring && function.name == unit_.top;
    for (ValueId v = 0; v < function.values.size(); ++v) {
      const BitMask mask = demands_.of(f, v);
      // Where wires must stay, so must what drives them.
      shape.live[v] = mask != 0 || (wires && !unit_.fixed.empty());
      if (!wires) shape.formats[v] = cut(function.values[v].format, mask);
    }
    if (freedom_.inputs[f]) inputs(f, shape);
    outputs(f, shape);
    return shape;
  }

 private:
  void inputs(std::size_t f, FunctionShape& shape) const {
    const Function& function = unit_.program.functions[f];
    MaskList masks;
    for (ValueId v = 0; v < function.inputElements(); ++v) {
      masks.push_back(demands_.of(f, v));
      shape.keepInput[v] = masks.back() != 0;
    }
    cutPorts(shape.inputs, function.inputs, masks);
  }

  void outputs(std::size_t f, FunctionShape& shape) const {
    const Function& function = unit_.program.functions[f];
    MaskList masks;
    for (std::size_t i = 0; i < function.outputValues.size(); ++i) {
      masks.push_back(demands_.ofOutput(f, i));
    }
    std::vector<FixedFormat> formats = shape.outputs;
    cutPorts(formats, function.outputs, masks);
    std::size_t next = 0;
    for (std::size_t p = 0; p < function.outputs.size(); ++p) {
      const bool free = freedom_.outputs[f][p];
      if (free) shape.outputs[p] = formats[p];
      for (std::uint32_t i = 0; i < function.outputs[p].count; ++i, ++next) {
        if (free) shape.keepOutput[next] = masks[next] != 0;
      }
    }
  }

  const Unit& unit_;
  const DemandedBits& demands_;
  PortFreedom freedom_;
};

void dropOnce(Unit& unit) {
  ProgramFacts facts(unit.program);
  facts.run(unit.top);
  const DemandedBits demands(unit, facts);
  const Shaper shaper(unit, demands);
  std::vector<FunctionShape> shapes;
  for (std::size_t f = 0; f < unit.program.functions.size(); ++f) {
    shapes.push_back(shaper.shape(f));
  }
  reshape(unit, facts, std::move(shapes));
}

}  // namespace

void dropDeadValues(Unit& unit) {
  repeated(unit, dropOnce);
}

}  // namespace aegen::core::passes
