#include "aegen/core/passes/unit.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "reshape.hpp"

namespace aegen::core::passes {
namespace {

constexpr const char* kWiring = "wiring";

std::string unusedName(const Program& program, const std::string& stem) {
  std::string name = stem;
  for (int n = 2; program.find(name) != nullptr; ++n) name = stem + "_" + std::to_string(n);
  return name;
}

// The function of each block: its own, or a clone where another block or function uses it too.
// Clones are appended to `program`; the names are the same for the same design.
std::vector<std::string> functionsOfBlocks(const Design& design, Program& program) {
  std::set<std::string> taken;
  for (const Function& function : program.functions) {
    for (const Instruction& instruction : function.instructions) {
      if (instruction.op == Op::Call) taken.insert(instruction.callee);
    }
  }
  std::vector<std::string> out;
  for (const Block& block : design.blocks) {
    out.emplace_back();
    if (block.kind != BlockKind::Function) continue;
    out.back() = block.function;
    if (taken.insert(block.function).second) continue;
    Function clone = *program.find(block.function);
    clone.name = unusedName(program, block.function);
    out.back() = clone.name;
    taken.insert(clone.name);
    program.functions.push_back(std::move(clone));
  }
  return out;
}

const std::string& wireOf(const std::vector<Wire>& wires, const std::string& port) {
  return std::ranges::find(wires, port, &Wire::port)->signal;
}

// Writes the top: what the design's blocks do to each other.
class WiringBuilder {
 public:
  WiringBuilder(const Design& design, const Program& program,
                const std::vector<std::string>& functions)
      : design_(design), program_(program), functions_(functions) {}

  Function run() {
    top_.name = unusedName(program_, kWiring);
    for (const Signal& signal : design_.inputs) input(signal, Role::Event);
    for (const ConfigField& field : design_.config) {
      input({field.name, field.format, field.count}, Role::Config);
    }
    for (const Block& block : design_.blocks) {
      if (block.kind == BlockKind::Function) continue;
      for (const Port& port : portsOf(design_, block).outputs) {
        const auto wire = std::ranges::find(block.outputs, port.name, &Wire::port);
        if (wire != block.outputs.end()) {
          input({wire->signal, port.format, port.count}, Role::Event);
        }
      }
    }
    for (std::size_t b = 0; b < design_.blocks.size(); ++b) {
      if (design_.blocks[b].kind == BlockKind::Function) call(design_.blocks[b], functions_[b]);
    }
    outputs();
    return std::move(top_);
  }

 private:
  struct Elements {
    FixedFormat format;
    std::vector<ValueId> ids;
  };

  ValueId newValue(const FixedFormat& format) {
    top_.values.push_back({format, {}});
    return static_cast<ValueId>(top_.values.size() - 1);
  }

  void input(const Signal& signal, Role role) {
    top_.inputs.push_back({signal.name, signal.format, signal.count, role});
    Elements& elements = signals_[signal.name];
    elements.format = signal.format;
    for (std::uint32_t i = 0; i < signal.count; ++i) {
      elements.ids.push_back(newValue(signal.format));
    }
  }

  void call(const Block& block, const std::string& function) {
    const Function& callee = *program_.find(function);
    Instruction instruction{.op = Op::Call, .callee = function};
    for (const Port& port : callee.inputs) {
      const std::vector<ValueId>& ids = signals_.at(wireOf(block.inputs, port.name)).ids;
      instruction.operands.insert(instruction.operands.end(), ids.begin(), ids.end());
    }
    for (const Port& port : callee.outputs) {
      Elements elements{port.format, {}};
      for (std::uint32_t i = 0; i < port.count; ++i) elements.ids.push_back(newValue(port.format));
      instruction.results.insert(instruction.results.end(), elements.ids.begin(),
                                 elements.ids.end());
      const auto wire = std::ranges::find(block.outputs, port.name, &Wire::port);
      if (wire != block.outputs.end()) signals_[wire->signal] = std::move(elements);
    }
    top_.instructions.push_back(std::move(instruction));
  }

  // What leaves the chip, what milestones name and what state blocks take.
  void outputs() {
    for (const std::string& signal : design_.outputs) output(signal);
    for (const Milestone& milestone : design_.milestones) output(milestone.signal);
    for (const Block& block : design_.blocks) {
      if (block.kind == BlockKind::Function) continue;
      for (const Port& port : portsOf(design_, block).inputs) {
        if (port.role == Role::Event) output(wireOf(block.inputs, port.name));
      }
    }
  }

  void output(const std::string& signal) {
    if (!leaving_.insert(signal).second) return;
    const Elements& elements = signals_.at(signal);
    std::string name = "to_" + signal;
    while (std::ranges::find(top_.inputs, name, &Port::name) != top_.inputs.end() ||
           std::ranges::find(top_.outputs, name, &Port::name) != top_.outputs.end()) {
      name += '_';
    }
    top_.outputs.push_back(
        {name, elements.format, static_cast<std::uint32_t>(elements.ids.size()), Role::Output});
    top_.outputValues.insert(top_.outputValues.end(), elements.ids.begin(), elements.ids.end());
  }

  const Design& design_;
  const Program& program_;
  const std::vector<std::string>& functions_;
  Function top_;
  std::map<std::string, Elements, std::less<>> signals_;
  std::set<std::string> leaving_;
};

// Puts what became of the wiring back into blocks.
class DesignBuilder {
 public:
  DesignBuilder(const Unit& unit, const Design& before) : unit_(unit), before_(before) {
    out_ = before;
    out_.program = unit.program;
    out_.program.functions.pop_back();
    Program program = before.program;
    functions_ = functionsOfBlocks(before, program);
  }

  Design run() {
    const Function& top = unit_.topFunction();
    ValueId next = 0;
    for (const Port& port : top.inputs) {
      for (std::uint32_t i = 0; i < port.count; ++i) places_[next++] = {port.name, i};
      signals_[port.name] = {port, next - port.count};
    }
    std::vector<Block> blocks;
    for (std::size_t b = 0; b < before_.blocks.size(); ++b) {
      Block block = before_.blocks[b];
      if (block.kind == BlockKind::Function) {
        const auto call = std::ranges::find(top.instructions, functions_[b], &Instruction::callee);
        if (call == top.instructions.end()) continue;
        outputs(block, *call);
        inputs(block, *call);
        block.function = sharedFunction(block.function, functions_[b]);
      }
      blocks.push_back(std::move(block));
    }
    out_.blocks = std::move(blocks);
    return std::move(out_);
  }

 private:
  struct Place {
    std::string signal;
    std::uint32_t element = 0;
  };
  struct Source {
    Port port;          ///< named as the signal
    ValueId first = 0;  ///< its first element in the top
  };

  Function& function(const std::string& name) {
    return *std::ranges::find(out_.program.functions, name, &Function::name);
  }

  void outputs(Block& block, const Instruction& call) {
    std::vector<Wire> wires;
    std::size_t next = 0;
    for (const Port& port : function(call.callee).outputs) {
      const auto wire = std::ranges::find(block.outputs, port.name, &Wire::port);
      if (wire != block.outputs.end()) {
        wires.push_back(*wire);
        Port signal = port;
        signal.name = wire->signal;
        signals_[wire->signal] = {signal, call.results[next]};
        for (std::uint32_t i = 0; i < port.count; ++i) {
          places_[call.results[next + i]] = {wire->signal, i};
        }
      }
      next += port.count;
    }
    block.outputs = std::move(wires);
  }

  // A block is wired to whole signals: each that it reads an element of becomes one port.
  void inputs(Block& block, const Instruction& call) {
    Function& f = function(call.callee);
    std::vector<Port> ports;
    std::vector<Wire> wires;
    std::map<std::string, std::size_t> portOf;
    std::size_t next = 0;
    for (const Port& port : f.inputs) {
      for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
        const std::string& signal = places_.at(call.operands[next]).signal;
        if (!portOf.try_emplace(signal, ports.size()).second) continue;
        const Source& source = signals_.at(signal);
        const bool taken = std::ranges::find(ports, port.name, &Port::name) != ports.end();
        Port whole = source.port;
        whole.name = taken ? freshName(f, ports, signal) : port.name;
        whole.role = before_.findConfig(signal) != nullptr ? Role::Config : Role::Event;
        wires.push_back({whole.name, signal});
        ports.push_back(std::move(whole));
      }
    }
    rewire(f, call, ports, portOf);
    block.inputs = std::move(wires);
  }

  static std::string freshName(const Function& f, const std::vector<Port>& ports,
                               std::string name) {
    const auto taken = [&](const std::vector<Port>& list) {
      return std::ranges::find(list, name, &Port::name) != list.end();
    };
    while (taken(f.inputs) || taken(f.outputs) || taken(ports)) name += '_';
    return name;
  }

  void rewire(Function& f, const Instruction& call, const std::vector<Port>& ports,
              const std::map<std::string, std::size_t>& portOf) {
    std::vector<ValueId> first;
    std::vector<Value> values;
    for (const Port& port : ports) {
      first.push_back(static_cast<ValueId>(values.size()));
      values.insert(values.end(), port.count, Value{port.format, {}});
    }
    const std::uint32_t before = f.inputElements();
    const auto shift = static_cast<ValueId>(values.size()) - before;  // wraps, as it shall
    std::vector<ValueId> map(f.values.size());
    for (ValueId v = 0; v < f.values.size(); ++v) {
      if (v >= before) {
        map[v] = v + shift;
        values.push_back(f.values[v]);
        continue;
      }
      const Place& place = places_.at(call.operands[v]);
      map[v] = first[portOf.at(place.signal)] + place.element;
      if (values[map[v]].name.empty()) values[map[v]].name = f.values[v].name;
    }
    f.inputs = ports;
    f.values = std::move(values);
    for (Instruction& instruction : f.instructions) {
      for (ValueId& id : instruction.operands) id = map[id];
      for (ValueId& id : instruction.results) id = map[id];
    }
    for (ValueId& id : f.outputValues) id = map[id];
  }

  // A clone that is still what it was cloned from needs no function of its own.
  std::string sharedFunction(const std::string& original, const std::string& own) {
    if (original == own) return own;
    const Function* const kept = out_.program.find(original);
    if (kept == nullptr) return own;
    Function renamed = function(own);
    renamed.name = original;
    if (renamed != *kept) return own;
    std::erase_if(out_.program.functions, [&](const Function& f) { return f.name == own; });
    return original;
  }

  const Unit& unit_;
  const Design& before_;
  Design out_;
  std::vector<std::string> functions_;  ///< of the blocks
  std::map<ValueId, Place> places_;     ///< of the top's values
  std::map<std::string, Source> signals_;
};

}  // namespace

Unit unitOf(const Program& program, std::string_view function) {
  Unit unit{.program = program, .top = std::string(function), .wiring = false, .fixed = {}};
  auto& functions = unit.program.functions;
  const auto top = std::ranges::find(functions, function, &Function::name);
  assert(top != functions.end());
  functions.erase(top + 1, functions.end());
  dropUnreachable(unit);
  return unit;
}

Unit unitOf(const Design& design) {
  Unit unit{.program = design.program, .top = {}, .wiring = true, .fixed = {}};
  const std::vector<std::string> functions = functionsOfBlocks(design, unit.program);
  unit.program.functions.push_back(WiringBuilder(design, unit.program, functions).run());
  unit.top = unit.program.functions.back().name;
  dropUnreachable(unit);
  return unit;
}

Design designOf(const Unit& unit, const Design& before) {
  return DesignBuilder(unit, before).run();
}

}  // namespace aegen::core::passes
