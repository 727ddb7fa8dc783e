#include "aegen/core/passes/share_values.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "function_rewriter.hpp"
#include "reshape.hpp"

namespace aegen::core::passes {
namespace {

bool isCommutative(Op op) {
  return op == Op::Add || op == Op::Mul || op == Op::And || op == Op::Or || op == Op::Xor ||
         op == Op::Equal || op == Op::Min || op == Op::Max;
}

// All that decides an operation's results, but their names.
struct Key {
  Op op;
  std::vector<ValueId> operands;
  std::int64_t immediate;
  Rounding rounding;
  Overflow overflow;
  std::vector<std::int64_t> table;
  std::string callee;
  std::tuple<bool, int, int> format;
  auto operator<=>(const Key&) const = default;
};

Key keyOf(const Instruction& i, const FixedFormat& format) {
  Key key{i.op,       i.operands, i.immediate, i.rounding,
          i.overflow, i.table,    i.callee,    {format.isSigned, format.width, format.fraction}};
  if (isCommutative(i.op)) std::ranges::sort(key.operands);
  return key;
}

// Of each function's inputs, the first that every caller gives the same value and format.
using EqualInputs = std::map<std::string, std::vector<ValueId>, std::less<>>;

EqualInputs equalInputs(const Program& program) {
  EqualInputs out;
  for (const Function& caller : program.functions) {
    for (const Instruction& call : caller.instructions) {
      if (call.op != Op::Call) continue;
      const Function& callee = *program.find(call.callee);
      // Inputs that were equal so far and are equal here; at the first call, those of one format.
      const auto known = out.find(call.callee);
      std::map<std::tuple<ValueId, ValueId, bool, int, int>, ValueId> first;
      std::vector<ValueId> same;
      for (ValueId i = 0; i < call.operands.size(); ++i) {
        const FixedFormat& f = callee.values[i].format;
        const ValueId before = known == out.end() ? 0 : known->second[i];
        same.push_back(
            first.try_emplace({before, call.operands[i], f.isSigned, f.width, f.fraction}, i)
                .first->second);
      }
      out[call.callee] = std::move(same);
    }
  }
  return out;
}

class Sharer {
 public:
  /// `equal`: an input that stands for each input, itself or one before it; empty: itself.
  Sharer(const Program& program, const Function& function, const std::vector<ValueId>& equal)
      : program_(program), old_(function), equal_(equal), out_(function) {}

  Function run() {
    map_.resize(old_.values.size());
    ValueId next = 0;
    for (const Port& port : old_.inputs) {
      for (const ValueId id : out_.input(port)) {
        out_.name(id, old_.values[next].name);
        const bool alone = equal_.empty() || equal_[next] == next;
        map_[next] = alone ? id : map_[equal_[next]];
        ++next;
      }
    }
    for (const Instruction& instruction : old_.instructions) {
      instruction.op == Op::Call ? call(instruction) : operation(instruction);
    }
    next = 0;
    for (const Port& port : old_.outputs) {
      std::vector<ValueId> elements;
      for (std::uint32_t i = 0; i < port.count; ++i) {
        elements.push_back(map_[old_.outputValues[next++]]);
      }
      out_.output(port, elements);
    }
    return std::move(out_).finish();
  }

 private:
  Instruction mapped(const Instruction& old) const {
    Instruction instruction = old;
    for (ValueId& id : instruction.operands) id = map_[id];
    instruction.results.clear();
    return instruction;
  }

  void operation(const Instruction& old) {
    const ValueId result = old.results[0];
    const FixedFormat& format = old_.values[result].format;
    Instruction instruction = mapped(old);
    if (old.op == Op::Const) {
      map_[result] = out_.constant(old.immediate, format);
    } else if (old.op == Op::Reinterpret) {
      map_[result] = out_.as(instruction.operands[0], format);
    } else if (const auto known = done_.find(keyOf(instruction, format)); known != done_.end()) {
      map_[result] = known->second[0];
    } else if (const auto opposite = oppositeOf(instruction, format); opposite != done_.end()) {
      const ValueId bit = opposite->second[0];
      map_[result] = share({.op = Op::Not, .operands = {bit}}, format);
    } else {
      map_[result] = share(std::move(instruction), format);
    }
    out_.name(map_[result], old_.values[result].name);
  }

  ValueId share(Instruction instruction, const FixedFormat& format) {
    auto [entry, isNew] = done_.try_emplace(keyOf(instruction, format));
    if (isNew) entry->second = {out_.emit(std::move(instruction), format)};
    return entry->second[0];
  }

  using Done = std::map<Key, std::vector<ValueId>>;

  // a <= b is not (b < a), and the other way round.
  Done::const_iterator oppositeOf(const Instruction& i, const FixedFormat& format) const {
    if (i.op != Op::Less && i.op != Op::LessEqual) return done_.end();
    const Op op = i.op == Op::Less ? Op::LessEqual : Op::Less;
    return done_.find(keyOf({.op = op, .operands = {i.operands[1], i.operands[0]}}, format));
  }

  void call(const Instruction& old) {
    const Instruction instruction = mapped(old);
    const Function& callee = *program_.find(old.callee);
    auto [entry, isNew] = done_.try_emplace(keyOf(instruction, {}));
    if (isNew) {
      entry->second = out_.call(old.callee, instruction.operands, callee.outputs);
      // What is one value inside is one outside.
      std::map<ValueId, ValueId> first;
      for (std::size_t i = 0; i < entry->second.size(); ++i) {
        ValueId& id = entry->second[i];
        id = first.try_emplace(callee.outputValues[i], id).first->second;
      }
    }
    for (std::size_t i = 0; i < old.results.size(); ++i) {
      map_[old.results[i]] = entry->second[i];
      out_.name(map_[old.results[i]], old_.values[old.results[i]].name);
    }
  }

  const Program& program_;
  const Function& old_;
  const std::vector<ValueId>& equal_;
  FunctionRewriter out_;
  std::vector<ValueId> map_;
  Done done_;
};

// Functions that differ in name and comment alone become the first of them.
void mergeFunctions(Unit& unit) {
  std::set<std::string> own{unit.top};
  if (unit.wiring) {
    for (const Instruction& call : unit.topFunction().instructions) own.insert(call.callee);
  }
  std::map<std::string, std::string> renamed;
  std::vector<Function> kept;
  for (Function& function : unit.program.functions) {
    for (Instruction& instruction : function.instructions) {
      const auto other = renamed.find(instruction.callee);
      if (other != renamed.end()) instruction.callee = other->second;
    }
    const auto same = std::ranges::find_if(kept, [&](const Function& other) {
      if (own.contains(other.name) || other.values.size() != function.values.size()) return false;
      Function copy = function;
      copy.name = other.name;
      copy.comment = other.comment;
      return copy == other;
    });
    const bool mergeable = !own.contains(function.name) && unit.mayChangePorts(function.name);
    if (mergeable && same != kept.end()) {
      renamed[function.name] = same->name;
    } else {
      kept.push_back(std::move(function));
    }
  }
  unit.program.functions = std::move(kept);
}

// In a wiring, readers of an element of a signal that is the same as one before it read that one.
Function rewired(const Program& program, Function top) {
  std::map<ValueId, ValueId> same;
  for (Instruction& call : top.instructions) {
    for (ValueId& id : call.operands) {
      if (const auto first = same.find(id); first != same.end()) id = first->second;
    }
    const Function& callee = *program.find(call.callee);
    std::size_t next = 0;
    for (const Port& port : callee.outputs) {
      std::map<ValueId, ValueId> first;
      for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
        const ValueId result = call.results[next];
        const auto [known, isNew] = first.try_emplace(callee.outputValues[next], result);
        if (!isNew) same[result] = known->second;
      }
    }
  }
  return top;
}

void shareOnce(Unit& unit) {
  Program out;
  const EqualInputs equal = equalInputs(unit.program);
  const std::vector<ValueId> none;
  for (const Function& function : unit.program.functions) {
    const bool wires = unit.wiring && function.name == unit.top;
    const auto inputs = equal.find(function.name);
    out.functions.push_back(
        wires ? rewired(out, function)
              : Sharer(out, function, inputs == equal.end() ? none : inputs->second).run());
  }
  unit.program = std::move(out);
  mergeFunctions(unit);
  dropUnreachable(unit);
}

}  // namespace

void shareValues(Unit& unit) {
  repeated(unit, shareOnce);
}

}  // namespace aegen::core::passes
