#include "function_rewriter.hpp"

#include <algorithm>

namespace aegen::core::passes {

FunctionRewriter::FunctionRewriter(const Function& old) {
  function_.name = old.name;
  function_.comment = old.comment;
}

ValueId FunctionRewriter::newValue(const FixedFormat& format) {
  function_.values.push_back({format, {}});
  makers_.push_back(kNone);
  return static_cast<ValueId>(function_.values.size() - 1);
}

std::vector<ValueId> FunctionRewriter::input(const Port& port) {
  function_.inputs.push_back(port);
  std::vector<ValueId> ids;
  for (std::uint32_t i = 0; i < port.count; ++i) ids.push_back(newValue(port.format));
  return ids;
}

ValueId FunctionRewriter::emit(Instruction instruction, const FixedFormat& format) {
  const ValueId id = newValue(format);
  makers_[id] = function_.instructions.size();
  instruction.results = {id};
  function_.instructions.push_back(std::move(instruction));
  return id;
}

std::vector<ValueId> FunctionRewriter::call(const std::string& callee,
                                            std::vector<ValueId> operands,
                                            const std::vector<Port>& outputs) {
  Instruction instruction{.op = Op::Call, .operands = std::move(operands), .callee = callee};
  for (const Port& port : outputs) {
    for (std::uint32_t i = 0; i < port.count; ++i) {
      instruction.results.push_back(newValue(port.format));
      makers_.back() = function_.instructions.size();
    }
  }
  std::vector<ValueId> results = instruction.results;
  function_.instructions.push_back(std::move(instruction));
  return results;
}

ValueId FunctionRewriter::constant(std::int64_t raw, const FixedFormat& format) {
  const auto [found, isNew] = constants_.try_emplace({raw, keyOf(format)}, 0);
  if (isNew) found->second = emit({.op = Op::Const, .immediate = raw}, format);
  return found->second;
}

ValueId FunctionRewriter::as(ValueId value, const FixedFormat& to) {
  if (format(value) == to) return value;
  const Instruction* const made = maker(value);
  if (made != nullptr && made->op == Op::Const) return constant(wrap(made->immediate, to), to);
  if (made != nullptr && made->op == Op::Reinterpret) {
    // Two in a row are one where the first loses nothing, or nothing that the second keeps.
    const FixedFormat& middle = format(value);
    const ValueId source = made->operands[0];
    if (to.width <= middle.width || middle.range().contains(format(source).range())) {
      return as(source, to);
    }
  }
  const auto key = std::pair(value, keyOf(to));
  if (const auto known = cast_.find(key); known != cast_.end()) return known->second;
  const ValueId id = emit({.op = Op::Reinterpret, .operands = {value}}, to);
  cast_[key] = id;
  return id;
}

void FunctionRewriter::name(ValueId value, const std::string& name) {
  if (name.empty() || !function_.values[value].name.empty()) return;
  if (names_.try_emplace(name, value).second) function_.values[value].name = name;
}

void FunctionRewriter::output(const Port& port, const std::vector<ValueId>& elements) {
  function_.outputs.push_back(port);
  function_.outputValues.insert(function_.outputValues.end(), elements.begin(), elements.end());
}

const Instruction* FunctionRewriter::maker(ValueId value) const {
  const std::size_t at = makers_[value];
  return at == kNone ? nullptr : &function_.instructions[at];
}

Function FunctionRewriter::finish() && {
  // Wires and constants that were made on the way to something simpler, and are used by nothing.
  std::vector<bool> used(function_.values.size(), false);
  for (const ValueId id : function_.outputValues) used[id] = true;
  std::vector<Instruction> kept;
  for (auto i = function_.instructions.rbegin(); i != function_.instructions.rend(); ++i) {
    const bool wires = i->op == Op::Const || i->op == Op::Reinterpret;
    if (wires && !used[i->results[0]]) continue;
    for (const ValueId id : i->operands) used[id] = true;
    for (const ValueId id : i->results) used[id] = true;
    kept.push_back(std::move(*i));
  }
  std::ranges::reverse(kept);
  function_.instructions = std::move(kept);
  renumber(used);
  return std::move(function_);
}

void FunctionRewriter::renumber(const std::vector<bool>& used) {
  std::vector<ValueId> map(used.size());
  std::vector<Value> values;
  for (ValueId id = 0; id < used.size(); ++id) {
    if (id >= function_.inputElements() && !used[id]) continue;
    map[id] = static_cast<ValueId>(values.size());
    values.push_back(std::move(function_.values[id]));
  }
  function_.values = std::move(values);
  for (Instruction& instruction : function_.instructions) {
    for (ValueId& id : instruction.operands) id = map[id];
    for (ValueId& id : instruction.results) id = map[id];
  }
  for (ValueId& id : function_.outputValues) id = map[id];
}

}  // namespace aegen::core::passes
