#include "reshape.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>

#include "function_rewriter.hpp"

namespace aegen::core::passes {
namespace {

std::vector<FixedFormat> formatsOf(const std::vector<Port>& ports) {
  std::vector<FixedFormat> out;
  for (const Port& port : ports) out.push_back(port.format);
  return out;
}

// `ports` with the formats and the elements that stay; those without elements go.
std::vector<Port> reshaped(const std::vector<Port>& ports, const std::vector<FixedFormat>& formats,
                           const std::vector<bool>& keep) {
  std::vector<Port> out;
  std::size_t next = 0;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    Port port = ports[p];
    port.format = formats[p];
    port.count = 0;
    for (std::uint32_t i = 0; i < ports[p].count; ++i, ++next) {
      if (keep[next]) ++port.count;
    }
    if (port.count > 0) out.push_back(std::move(port));
  }
  return out;
}

using Shapes = std::map<std::string, const FunctionShape*, std::less<>>;
using Functions = std::map<std::string, const Function*, std::less<>>;

// One function with new formats.
class Reshaper {
 public:
  Reshaper(const Function& function, const FunctionShape& shape, const FactList& facts,
           bool constants, const Functions& functions, const Shapes& shapes)
      : old_(function),
        shape_(shape),
        facts_(facts),
        constants_(constants),
        functions_(functions),
        shapes_(shapes),
        out_(function),
        map_(function.values.size(), kNone) {}

  Function run() {
    inputs();
    for (const Instruction& instruction : old_.instructions) {
      const bool live = std::ranges::any_of(instruction.results, [&](ValueId result) {
        return shape_.live[result] && !isConstant(result);
      });
      if (!live) continue;
      instruction.op == Op::Call ? call(instruction) : operation(instruction);
    }
    outputs();
    return std::move(out_).finish();
  }

 private:
  static constexpr ValueId kNone = ~ValueId{0};

  [[nodiscard]] bool isConstant(ValueId value) const { return constants_ && facts_[value].known(); }

  void inputs() {
    ValueId next = 0;
    std::vector<std::pair<ValueId, ValueId>> named;
    for (std::size_t p = 0; p < old_.inputs.size(); ++p) {
      Port port = old_.inputs[p];
      port.format = shape_.inputs[p];
      std::vector<ValueId> kept;
      for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
        if (shape_.keepInput[next]) kept.push_back(next);
      }
      if (kept.empty()) continue;
      port.count = static_cast<std::uint32_t>(kept.size());
      const std::vector<ValueId> ids = out_.input(port);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        map_[kept[i]] = ids[i];
        out_.name(ids[i], old_.values[kept[i]].name);
      }
    }
  }

  // A value in its new format.
  ValueId read(ValueId value) {
    const FixedFormat& format = shape_.formats[value];
    if (isConstant(value)) {
      const std::int64_t raw = facts_[value].range.low;
      const bool fits = format.range().contains(raw);
      return out_.constant(raw, fits ? format : old_.values[value].format);
    }
    if (map_[value] == kNone) return out_.constant(0, format);  // dead
    return out_.as(map_[value], format);
  }
  ValueId read(ValueId value, const FixedFormat& format) {
    const bool there = !isConstant(value) && map_[value] != kNone;
    if (there && out_.format(map_[value]) == format) return map_[value];
    return out_.as(read(value), format);
  }

  void operation(const Instruction& old) {
    const ValueId result = old.results[0];
    FixedFormat format = shape_.formats[result];
    // Whether the result keeps its raw integer rather than low bits of it.
    const bool whole = format.range().contains(facts_[result].range);
    Instruction instruction = old;
    instruction.operands.clear();
    const auto operand = [&](std::size_t i) { return read(old.operands[i]); };
    switch (old.op) {
      case Op::And:
      case Op::Or:
      case Op::Xor:
      case Op::Not:
        for (const ValueId id : old.operands) {
          instruction.operands.push_back(
              read(id, {false, format.width, old_.values[id].format.fraction}));
        }
        break;
      case Op::Slice: {
        const FixedFormat& from = old_.values[old.operands[0]].format;
        const ValueId narrow = operand(0);
        const bool reaches = old.immediate + format.width <= out_.format(narrow).width;
        instruction.operands = {reaches ? narrow : read(old.operands[0], from)};
        break;
      }
      case Op::Concat:
        concat(old, instruction, format.width);
        break;
      case Op::Requantize:
        // What saturates does so at the ends of its own format.
        if (!whole && old.overflow == Overflow::Saturate) format = old_.values[result].format;
        instruction.operands = {operand(0)};
        break;
      case Op::Lookup:
        instruction.operands = {operand(0)};
        for (std::int64_t& entry : instruction.table) entry = wrap(entry, format);
        break;
      default:
        for (std::size_t i = 0; i < old.operands.size(); ++i) {
          instruction.operands.push_back(operand(i));
        }
        break;
    }
    // Cutting what is cut already, or what needs no cut, is no operation.
    if (old.op == Op::Reinterpret) {
      map_[result] = out_.as(instruction.operands[0], format);
    } else {
      map_[result] = out_.emit(std::move(instruction), format);
    }
    out_.name(map_[result], old_.values[result].name);
  }

  // The parts that reach into the lowest `width` bits.
  void concat(const Instruction& old, Instruction& instruction, int width) {
    for (std::size_t i = old.operands.size(); i-- > 0 && width > 0;) {
      FixedFormat part = old_.values[old.operands[i]].format;
      part.width = std::min(part.width, width);
      width -= part.width;
      instruction.operands.insert(instruction.operands.begin(), read(old.operands[i], part));
    }
  }

  void call(const Instruction& old) {
    const Function& callee = *functions_.find(old.callee)->second;
    const FunctionShape& shape = *shapes_.find(old.callee)->second;
    std::vector<ValueId> operands;
    std::size_t next = 0;
    for (std::size_t p = 0; p < callee.inputs.size(); ++p) {
      for (std::uint32_t i = 0; i < callee.inputs[p].count; ++i, ++next) {
        if (shape.keepInput[next]) {
          operands.push_back(read(old.operands[next], shape.inputs[p]));
        }
      }
    }
    const std::vector<ValueId> results = out_.call(
        old.callee, std::move(operands), reshaped(callee.outputs, shape.outputs, shape.keepOutput));
    std::size_t at = 0;
    for (std::size_t i = 0; i < old.results.size(); ++i) {
      if (!shape.keepOutput[i]) continue;
      map_[old.results[i]] = results[at++];
      out_.name(map_[old.results[i]], old_.values[old.results[i]].name);
    }
  }

  void outputs() {
    std::size_t next = 0;
    for (std::size_t p = 0; p < old_.outputs.size(); ++p) {
      Port port = old_.outputs[p];
      port.format = shape_.outputs[p];
      std::vector<ValueId> elements;
      for (std::uint32_t i = 0; i < old_.outputs[p].count; ++i, ++next) {
        if (shape_.keepOutput[next]) elements.push_back(read(old_.outputValues[next], port.format));
      }
      port.count = static_cast<std::uint32_t>(elements.size());
      if (port.count > 0) out_.output(port, elements);
    }
  }

  const Function& old_;
  const FunctionShape& shape_;
  const FactList& facts_;
  bool constants_;
  const Functions& functions_;
  const Shapes& shapes_;
  FunctionRewriter out_;
  std::vector<ValueId> map_;  ///< of old values
};

// Input ports of the functions that a wiring calls: in the formats of what drives them.
void followDrivers(const Unit& unit, std::vector<FunctionShape>& shapes,
                   const std::map<std::string, std::size_t, std::less<>>& index) {
  const Function& top = unit.topFunction();
  std::vector<FixedFormat> formats;
  for (const Value& value : top.values) formats.push_back(value.format);
  for (const Instruction& call : top.instructions) {
    const std::size_t at = index.find(call.callee)->second;
    const Function& callee = unit.program.functions[at];
    std::size_t next = 0;
    for (std::size_t p = 0; p < callee.inputs.size(); ++p) {
      shapes[at].inputs[p] = formats[call.operands[next]];
      for (std::uint32_t i = 0; i < callee.inputs[p].count; ++i, ++next) {
        assert(formats[call.operands[next]] == shapes[at].inputs[p] && "one port, one format");
      }
    }
    next = 0;
    for (std::size_t p = 0; p < callee.outputs.size(); ++p) {
      for (std::uint32_t i = 0; i < callee.outputs[p].count; ++i, ++next) {
        formats[call.results[next]] = shapes[at].outputs[p];
      }
    }
  }
  shapes.back().formats = formats;
}

}  // namespace

FunctionShape shapeOf(const Function& function) {
  FunctionShape shape;
  for (const Value& value : function.values) shape.formats.push_back(value.format);
  shape.live.assign(function.values.size(), true);
  shape.keepInput.assign(function.inputElements(), true);
  shape.keepOutput.assign(function.outputElements(), true);
  shape.inputs = formatsOf(function.inputs);
  shape.outputs = formatsOf(function.outputs);
  return shape;
}

PortFreedom portFreedom(const Unit& unit) {
  PortFreedom out;
  std::map<std::string, std::size_t, std::less<>> index;
  for (const Function& function : unit.program.functions) {
    index[function.name] = out.inputs.size();
    const bool free = unit.mayChangePorts(function.name);
    out.inputs.push_back(free);
    out.outputs.emplace_back(function.outputs.size(), free);
  }
  if (!unit.wiring) return out;
  const Function& top = unit.topFunction();
  const std::set<ValueId> leaving(top.outputValues.begin(), top.outputValues.end());
  for (const Instruction& call : top.instructions) {
    const std::size_t at = index.find(call.callee)->second;
    std::size_t next = 0;
    for (std::size_t p = 0; p < unit.program.functions[at].outputs.size(); ++p) {
      for (std::uint32_t i = 0; i < unit.program.functions[at].outputs[p].count; ++i, ++next) {
        if (leaving.contains(call.results[next])) out.outputs[at][p] = false;
      }
    }
  }
  return out;
}

void reshape(Unit& unit, const ProgramFacts& facts, std::vector<FunctionShape> shapes) {
  std::map<std::string, std::size_t, std::less<>> index;
  Functions functions;
  Shapes byName;
  for (std::size_t f = 0; f < unit.program.functions.size(); ++f) {
    const Function& function = unit.program.functions[f];
    index[function.name] = f;
    functions[function.name] = &function;
    byName[function.name] = &shapes[f];
  }
  if (unit.wiring) followDrivers(unit, shapes, index);
  Program out;
  for (std::size_t f = 0; f < unit.program.functions.size(); ++f) {
    const Function& function = unit.program.functions[f];
    const bool wires = unit.wiring && function.name == unit.top;
    out.functions.push_back(
        Reshaper(function, shapes[f], facts.of(f), !wires, functions, byName).run());
  }
  unit.program = std::move(out);
  dropUnreachable(unit);
}

void repeated(Unit& unit, void (*once)(Unit&), int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const Program before = unit.program;
    once(unit);
    if (unit.program == before) return;
  }
}

void dropUnreachable(Unit& unit) {
  std::set<std::string> used{unit.top};
  auto& functions = unit.program.functions;
  for (auto function = functions.rbegin(); function != functions.rend(); ++function) {
    if (!used.contains(function->name)) continue;
    for (const Instruction& instruction : function->instructions) {
      if (instruction.op == Op::Call) used.insert(instruction.callee);
    }
  }
  std::erase_if(functions, [&](const Function& f) { return !used.contains(f.name); });
}

}  // namespace aegen::core::passes
