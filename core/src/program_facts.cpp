#include "program_facts.hpp"

#include <algorithm>

#include "adder_graph_digits.hpp"

namespace aegen::core {
namespace {

bool canOverflow(const Instruction& instruction) {
  switch (instruction.op) {
    case Op::Add:
    case Op::Sub:
    case Op::Mul:
    case Op::ShiftLeft:
    case Op::ShiftRight:
    case Op::ShiftLeftBy:
    case Op::ShiftRightBy:
    case Op::Reinterpret:
    case Op::Select:
    case Op::Min:
    case Op::Max:
    case Op::LeadingOne:
    case Op::Pick:
      return true;
    case Op::Requantize:
      return instruction.overflow == Overflow::Wrap;
    case Op::Const:
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Not:
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
    case Op::Lookup:
    case Op::Slice:
    case Op::Concat:
    case Op::Call:
      return false;
  }
  return false;
}

int widthOf(const ValueFacts& facts) {
  return facts.known() ? 0 : FixedFormat::holding(facts.range, 0).width;
}

// Signed digits of a constant but one: the adders that multiply by it.
std::uint64_t addersOf(std::int64_t constant) {
  return static_cast<std::uint64_t>(std::max(0, fewestDigits(constant) - 1));
}

std::uint64_t workOf(const Instruction& instruction, std::span<const ValueFacts> operands,
                     const ValueFacts& result) {
  const auto width = static_cast<std::uint64_t>(widthOf(result));
  switch (instruction.op) {
    case Op::Const:
    case Op::Reinterpret:
    case Op::ShiftLeft:
    case Op::ShiftRight:
    case Op::Slice:
    case Op::Concat:
    case Op::Call:
      return 0;
    case Op::Mul:
      if (operands[0].known()) return addersOf(operands[0].range.low) * width;
      if (operands[1].known()) return addersOf(operands[1].range.low) * width;
      return width == 0 ? 0
                        : static_cast<std::uint64_t>(widthOf(operands[0])) *
                              static_cast<std::uint64_t>(widthOf(operands[1]));
    case Op::Add:
    case Op::Sub:
      if (operands[1] == ValueFacts::of(0)) return 0;
      if (instruction.op == Op::Add && operands[0] == ValueFacts::of(0)) return 0;
      return width;
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
      return width == 0
                 ? 0
                 : static_cast<std::uint64_t>(std::max(widthOf(operands[0]), widthOf(operands[1])));
    case Op::Pick:
      return width * (operands.size() - 1);
    case Op::ShiftLeftBy:
    case Op::ShiftRightBy:
      return width * static_cast<std::uint64_t>(widthOf(operands[1]));
    case Op::Lookup:
      return width * instruction.table.size() / 4;
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Not:
    case Op::Select:
    case Op::Min:
    case Op::Max:
    case Op::LeadingOne:
    case Op::Requantize:
      return width;
  }
  return width;
}

}  // namespace

std::size_t ProgramFacts::HashFacts::operator()(const FactList& facts) const {
  std::uint64_t hash = 0x9e3779b97f4a7c15ULL;
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 32;
  };
  for (const ValueFacts& f : facts) {
    mix(static_cast<std::uint64_t>(f.range.low));
    mix(static_cast<std::uint64_t>(f.range.high));
    mix(f.zeros);
    mix(f.ones);
  }
  return hash;
}

ProgramFacts::ProgramFacts(const Program& program)
    : program_(program), done_(program.functions.size()) {
  for (std::size_t i = 0; i < program.functions.size(); ++i) {
    index_[program.functions[i].name] = i;
    seen_.emplace_back(program.functions[i].values.size());
    makers_.emplace_back(program.functions[i].values.size(), nullptr);
    for (const Instruction& instruction : program.functions[i].instructions) {
      for (const ValueId result : instruction.results) makers_[i][result] = &instruction;
    }
  }
}

void ProgramFacts::run(std::string_view top) {
  const std::size_t at = indexOf(top);
  FactList inputs;
  for (std::uint32_t i = 0; i < program_.functions[at].inputElements(); ++i) {
    inputs.push_back(ValueFacts::of(program_.functions[at].values[i].format));
  }
  walk(at, inputs);
}

ValueFacts ProgramFacts::of(std::size_t function, ValueId value) const {
  return seen_[function][value].value_or(
      ValueFacts::of(program_.functions[function].values[value].format));
}

FactList ProgramFacts::of(std::size_t function) const {
  FactList out;
  for (ValueId v = 0; v < seen_[function].size(); ++v) out.push_back(of(function, v));
  return out;
}

std::uint64_t ProgramFacts::work(std::size_t function, const FactList& inputs) {
  recording_ = false;
  const std::uint64_t work = walk(function, inputs).work;
  recording_ = true;
  return work;
}

const ProgramFacts::Context& ProgramFacts::walk(std::size_t at, const FactList& inputs) {
  if (const auto done = done_[at].find(inputs); done != done_[at].end()) return done->second;
  const Function& f = program_.functions[at];
  Knowledge known(f.values.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) known.set(static_cast<ValueId>(i), inputs[i]);
  Context context;
  for (const Instruction& instruction : f.instructions) {
    context.work += step(at, instruction, known);
  }
  const FactList& now = known.now;
  for (std::size_t v = 0; recording_ && v < now.size(); ++v) {
    seen_[at][v] = seen_[at][v] ? seen_[at][v]->join(now[v]) : now[v];
  }
  for (const ValueId id : f.outputValues) context.outputs.push_back(now[id]);
  return done_[at].emplace(inputs, std::move(context)).first->second;
}

void ProgramFacts::Knowledge::set(ValueId value, const ValueFacts& facts) {
  now[value] = facts;
  ranges[value] = facts.range;
  forms[value] = facts.known() ? LinearForm{{}, facts.range.low} : LinearForm::of(value);
}

std::optional<LinearForm> ProgramFacts::formOf(std::size_t at, const Instruction& instruction,
                                               const Knowledge& known) const {
  const Function& f = program_.functions[at];
  std::vector<const LinearForm*> operands;
  for (const ValueId operand : instruction.operands) operands.push_back(&known.forms[operand]);
  const int from =
      instruction.operands.empty() ? 0 : f.values[instruction.operands[0]].format.fraction;
  return linearForm(instruction, operands, from, f.values[instruction.results[0]].format.fraction);
}

std::uint64_t ProgramFacts::step(std::size_t at, const Instruction& instruction, Knowledge& known) {
  const Function& f = program_.functions[at];
  const FactList& now = known.now;
  FactList operands;
  for (const ValueId operand : instruction.operands) operands.push_back(now[operand]);
  if (instruction.op == Op::Call) {
    const Context& inner = walk(indexOf(instruction.callee), operands);
    for (std::size_t i = 0; i < inner.outputs.size(); ++i) {
      known.set(instruction.results[i], inner.outputs[i]);
    }
    return inner.work;
  }
  const ValueId result = instruction.results[0];
  const FixedFormat& format = f.values[result].format;
  std::vector<FixedFormat> formats;
  for (const ValueId operand : instruction.operands) formats.push_back(f.values[operand].format);
  WideInterval exact = exactOf(at, instruction, now);
  std::optional<Interval> bound;
  if (instruction.op == Op::ShiftRightBy) {
    if (const auto most = normaliserBound(at, instruction, now)) {
      exact.high = std::min<Int128>(exact.high, *most);
      bound = exact.clamped();
    }
  }
  const auto form = formOf(at, instruction, known);
  const WideInterval linear = form ? rangeOf(*form, known.ranges) : exact;
  const bool cut = instruction.op == Op::Requantize && !linear.within(format.range());
  if (form && !cut) {
    exact = {std::max(exact.low, linear.low), std::min(exact.high, linear.high)};
    bound = exact.clamped();
  }
  if (recording_ && canOverflow(instruction)) check(at, instruction, exact);
  const bool equal = operands.size() == 2 && instruction.operands[0] == instruction.operands[1];
  const auto same = equal ? resultOfEqualOperands(instruction.op) : std::nullopt;
  known.set(result, same ? ValueFacts::of(*same)
                         : factsAfter(instruction, operands, formats, format, bound));
  if (form && !cut && exact.within(format.range()) && !known.forms[result].terms.empty()) {
    known.forms[result] = *form;
  }
  return workOf(instruction, operands, now[result]);
}

void ProgramFacts::check(std::size_t at, const Instruction& instruction,
                         const WideInterval& exact) {
  const ValueId result = instruction.results[0];
  const bool fits = exact.within(program_.functions[at].values[result].format.range());
  const auto [entry, first] = checks_.try_emplace({at, result}, Check{exact.clamped(), !fits});
  if (first) return;
  entry->second.exact = entry->second.exact.join(exact.clamped());
  entry->second.overflows |= !fits;
}

WideInterval ProgramFacts::exactOf(std::size_t at, const Instruction& instruction,
                                   const FactList& now) const {
  const Function& f = program_.functions[at];
  std::vector<Interval> operands;
  std::vector<FixedFormat> formats;
  for (const ValueId operand : instruction.operands) {
    operands.push_back(now[operand].range);
    formats.push_back(f.values[operand].format);
  }
  return exactInterval(instruction, operands, formats, f.values[instruction.results[0]].format);
}

// Whether the result of `instruction` is cut nowhere.
bool ProgramFacts::fits(std::size_t at, const Instruction& instruction, const FactList& now) const {
  const ValueId result = instruction.results[0];
  return exactOf(at, instruction, now).within(program_.functions[at].values[result].format.range());
}

// Follows values that are passed on unchanged.
ValueId ProgramFacts::origin(std::size_t at, ValueId id, const FactList& now) const {
  const Instruction* maker = makers_[at][id];
  while (maker != nullptr && maker->op == Op::Reinterpret &&
         program_.functions[at].values[id].format.range().contains(now[maker->operands[0]].range)) {
    id = maker->operands[0];
    maker = makers_[at][id];
  }
  return id;
}

// Whether `sum` adds up non-negative numbers of which `term` is one, without overflow.
bool ProgramFacts::isTermOf(std::size_t at, ValueId term, ValueId sum, const FactList& now) const {
  sum = origin(at, sum, now);
  if (sum == term) return true;
  const Instruction* const maker = makers_[at][sum];
  if (maker == nullptr || maker->op != Op::Add) return false;
  const ValueId a = maker->operands[0];
  const ValueId b = maker->operands[1];
  if (now[a].range.low < 0 || now[b].range.low < 0) return false;
  if (!fits(at, *maker, now)) return false;
  return isTermOf(at, term, a, now) || isTermOf(at, term, b, now);
}

// An upper bound of (a << k) >> min(leading_one(sum), limit) when a is a term of the sum: with
// n = floor(log2 sum), a <= sum < 2^(n+1); where n exceeds the limit, the limit is the shift.
std::optional<Int128> ProgramFacts::normaliserBound(std::size_t at, const Instruction& shift,
                                                    const FactList& now) const {
  ValueId amount = origin(at, shift.operands[1], now);
  ValueId term = origin(at, shift.operands[0], now);
  std::optional<std::int64_t> limit;
  if (const Instruction* m = makers_[at][amount]; m != nullptr && m->op == Op::Min) {
    if (!fits(at, *m, now)) return std::nullopt;
    const bool firstIsLimit = now[m->operands[0]].range.low == now[m->operands[0]].range.high;
    limit = now[m->operands[firstIsLimit ? 0 : 1]].range.high;
    if (now[m->operands[firstIsLimit ? 0 : 1]].range.low != *limit) return std::nullopt;
    amount = origin(at, m->operands[firstIsLimit ? 1 : 0], now);
  }
  const Instruction* const leading = makers_[at][amount];
  if (leading == nullptr || leading->op != Op::LeadingOne) return std::nullopt;
  if (!fits(at, *leading, now)) return std::nullopt;
  const Int128 unlimited = now[term].range.high;
  std::int64_t k = 0;
  if (const Instruction* m = makers_[at][term]; m != nullptr && m->op == Op::ShiftLeft) {
    k = m->immediate;
    term = origin(at, m->operands[0], now);
  }
  if (now[term].range.low < 0 || !isTermOf(at, term, leading->operands[0], now))
    return std::nullopt;
  const Int128 normalised = (Int128{1} << (k + 1)) - 1;
  return limit ? std::max(normalised, unlimited >> *limit) : normalised;
}

}  // namespace aegen::core
