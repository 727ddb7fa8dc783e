#include "linear_network.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace aegen::core {
namespace {

// Operands that only have to have the right fraction.
bool takesAnyWidth(const Instruction& instruction, std::size_t operand) {
  switch (instruction.op) {
    case Op::Add:
    case Op::Sub:
    case Op::Mul:
    case Op::ShiftLeft:
    case Op::ShiftRight:
    case Op::Reinterpret:
    case Op::Requantize:
    case Op::Min:
    case Op::Max:
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
      return true;
    case Op::ShiftLeftBy:
    case Op::ShiftRightBy:
      return operand == 0;
    case Op::Select:
    case Op::Pick:
      return operand > 0;
    case Op::Const:
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Not:
    case Op::LeadingOne:
    case Op::Lookup:
    case Op::Slice:
    case Op::Concat:
    case Op::Call:
      return false;
  }
  return false;
}

std::vector<bool> liveInstructions(const Function& function) {
  std::vector<bool> needed(function.values.size(), false);
  for (const ValueId value : function.outputValues) needed[value] = true;
  std::vector<bool> live(function.instructions.size(), false);
  for (std::size_t i = function.instructions.size(); i-- > 0;) {
    const Instruction& instruction = function.instructions[i];
    live[i] = std::ranges::any_of(instruction.results, [&](ValueId v) { return needed[v]; });
    if (!live[i]) continue;
    for (const ValueId operand : instruction.operands) needed[operand] = true;
  }
  return live;
}

// All that tells one instruction from another but its operands and results' numbers.
std::string signature(const Instruction& instruction, const Function& function) {
  std::string text(info(instruction.op).mnemonic);
  text += ' ' + instruction.callee + ' ' + std::to_string(instruction.immediate);
  if (instruction.op == Op::Requantize) {
    text += std::string(core::text(instruction.rounding)) +
            std::string(core::text(instruction.overflow));
  }
  for (const std::int64_t entry : instruction.table) text += ',' + std::to_string(entry);
  for (const ValueId result : instruction.results) {
    text += ' ' + function.values[result].format.text();
  }
  return text;
}

}  // namespace

bool isWiring(const LinearForm& form) {
  if (form.terms.empty()) return true;
  return form.terms.size() == 1 && form.constant == 0 && form.terms[0].coefficient > 0 &&
         std::has_single_bit(static_cast<std::uint64_t>(form.terms[0].coefficient));
}

LinearNetwork::LinearNetwork(const Function& function)
    : function_(function), meanings_(function.values.size()) {
  for (std::uint32_t i = 0; i < function.inputElements(); ++i) {
    const FixedFormat& format = function.values[i].format;
    meanings_[i] =
        LinearForm::of(addLeaf({.source = i, .range = format.range(), .format = format}));
  }
  const std::vector<bool> live = liveInstructions(function);
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (live[i]) read(function.instructions[i]);
  }
  for (const ValueId value : function.outputValues) outputs_.push_back(use(value, true));
  for (std::size_t v = 0; v < function.values.size(); ++v) {
    const std::string& name = function.values[v].name;
    if (name.empty() || meanings_[v].terms.empty()) continue;
    std::string& known = names_[intern(meanings_[v])];
    if (known.empty()) known = name;
  }
  findLive();
}

std::string LinearNetwork::nameOf(const LinearForm& form) const {
  const auto found = formIds_.find(form);
  return found == formIds_.end() ? std::string() : names_[found->second];
}

Interval LinearNetwork::range(const LinearForm& form) const {
  return rangeOf(form, ranges_).clamped();
}

int LinearNetwork::level(const LinearForm& form) const {
  int level = 0;
  for (const LinearForm::Term& term : form.terms) level = std::max(level, leaves_[term.leaf].level);
  return level;
}

int LinearNetwork::levelBehind(const LinearForm& form) const {
  return level(form) + (isWiring(form) ? 0 : 1);
}

std::uint32_t LinearNetwork::intern(const LinearForm& form) {
  const auto [found, isNew] = formIds_.try_emplace(form, static_cast<std::uint32_t>(forms_.size()));
  if (isNew) {
    forms_.push_back(form);
    names_.emplace_back();
  }
  return found->second;
}

std::uint32_t LinearNetwork::addLeaf(NetworkLeaf leaf) {
  ranges_.push_back(leaf.range);
  leaves_.push_back(leaf);
  return static_cast<std::uint32_t>(leaves_.size() - 1);
}

// A leaf that is always the same is no leaf.
LinearForm LinearNetwork::leafForm(std::uint32_t leaf) const {
  const Interval& range = ranges_[leaf];
  return range.low == range.high ? LinearForm{{}, range.low} : LinearForm::of(leaf);
}

FormUse LinearNetwork::use(ValueId value, bool exactFormat) {
  return {intern(meanings_[value]), function_.values[value].format, exactFormat};
}

void LinearNetwork::read(const Instruction& instruction) {
  if (!readLinear(instruction) && !readCut(instruction)) readKept(instruction);
}

bool LinearNetwork::readLinear(const Instruction& instruction) {
  if (instruction.op == Op::Call) return false;
  std::vector<const LinearForm*> operands;
  for (const ValueId operand : instruction.operands) operands.push_back(&meanings_[operand]);
  const FixedFormat& result = function_.values[instruction.results[0]].format;
  const int from =
      instruction.operands.empty() ? 0 : function_.values[instruction.operands[0]].format.fraction;
  const auto form = linearForm(instruction, operands, from, result.fraction);
  if (!form || !rangeOf(*form, ranges_).within(result.range())) return false;
  meanings_[instruction.results[0]] = *form;
  return true;
}

std::uint32_t LinearNetwork::cutLeaf(NetworkLeaf::Kind kind, std::uint32_t form, int bits,
                                     const Interval& range, const FixedFormat& format) {
  const auto [found, isNew] = cutLeaves_.try_emplace({kind, form, bits}, 0);
  if (isNew) {
    found->second = addLeaf({.kind = kind,
                             .source = form,
                             .bits = bits,
                             .range = range,
                             .format = format,
                             .level = levelBehind(forms_[form])});
  }
  return found->second;
}

// A product that is floored: the multiple of its input is made positive, so that +w and -w share
// it. With m > 0 and t = floor(m x / 2^d) : floor(-m x / 2^d) = -t - 1 + (low d bits of m x are 0).
bool LinearNetwork::readCut(const Instruction& instruction) {
  if (instruction.op != Op::Requantize || instruction.rounding != Rounding::Floor) return false;
  const LinearForm& product = meanings_[instruction.operands[0]];
  const FixedFormat& result = function_.values[instruction.results[0]].format;
  const int dropped = function_.values[instruction.operands[0]].format.fraction - result.fraction;
  if (product.terms.size() != 1 || product.constant != 0 || dropped <= 0) return false;
  const bool negative = product.terms[0].coefficient < 0;
  const auto multiple = multiply(product, negative ? -1 : 1);
  const int zeros = product.trailingZeros();
  const int bits = dropped - zeros;  // above 0, or all of it would be linear
  const LinearForm odd = shiftedDown(*multiple, zeros);
  const Interval whole = range(odd);
  if (bits <= 0 || bits >= FixedFormat::holding(whole, 0).width) return false;
  const Interval cut{whole.low >> bits, whole.high >> bits};
  const Interval out = negative ? Interval{(-whole.high) >> bits, (-whole.low) >> bits} : cut;
  if (!result.range().contains(out)) return false;
  const std::uint32_t form = intern(odd);
  const int fraction = leaves_[odd.terms[0].leaf].format.fraction - bits;
  const std::uint32_t leaf =
      cutLeaf(NetworkLeaf::Kind::Cut, form, bits, cut, FixedFormat::holding(cut, fraction));
  LinearForm& meaning = meanings_[instruction.results[0]];
  meaning = leafForm(leaf);
  if (negative) {
    const std::uint32_t zero =
        cutLeaf(NetworkLeaf::Kind::LowBitsZero, form, bits, {0, 1}, FixedFormat{});
    meaning = *subtract({{{zero, 1}}, -1}, meaning);
  }
  return true;
}

Interval LinearNetwork::keptRange(const Instruction& instruction) const {
  std::vector<Interval> operands;
  std::vector<FixedFormat> formats;
  for (const ValueId operand : instruction.operands) {
    operands.push_back(range(meanings_[operand]));
    formats.push_back(function_.values[operand].format);
  }
  const FixedFormat& result = function_.values[instruction.results[0]].format;
  const WideInterval exact = exactInterval(instruction, operands, formats, result);
  return exact.within(result.range()) ? exact.clamped() : result.range();
}

void LinearNetwork::readKept(const Instruction& instruction) {
  KeptInstruction kept{.instruction = &instruction};
  std::string key = signature(instruction, function_);
  for (std::size_t i = 0; i < instruction.operands.size(); ++i) {
    kept.operands.push_back(use(instruction.operands[i], !takesAnyWidth(instruction, i)));
    const FormUse& operand = kept.operands.back();
    kept.level = std::max(kept.level, levelBehind(forms_[operand.form]));
    key += " %" + std::to_string(operand.form) + ":" +
           (operand.exactFormat ? operand.format.text() : std::to_string(operand.format.fraction));
  }
  const auto [found, isNew] = keptIds_.try_emplace(key, static_cast<std::uint32_t>(kept_.size()));
  if (isNew) {
    for (std::uint32_t r = 0; r < instruction.results.size(); ++r) {
      const FixedFormat& format = function_.values[instruction.results[r]].format;
      const Interval range = instruction.op == Op::Call ? format.range() : keptRange(instruction);
      kept.leaves.push_back(addLeaf({.kind = NetworkLeaf::Kind::Kept,
                                     .source = found->second,
                                     .result = r,
                                     .range = range,
                                     .format = format,
                                     .level = kept.level}));
    }
    kept_.push_back(std::move(kept));
  }
  const KeptInstruction& known = kept_[found->second];
  for (std::size_t r = 0; r < instruction.results.size(); ++r) {
    meanings_[instruction.results[r]] = leafForm(known.leaves[r]);
  }
}

void LinearNetwork::findLive() {
  leafLive_.assign(leaves_.size(), false);
  formLive_.assign(forms_.size(), false);
  std::vector<std::uint32_t> open;
  const auto need = [&](std::uint32_t form) {
    if (!formLive_[form]) open.push_back(form);
    formLive_[form] = true;
  };
  for (const FormUse& output : outputs_) need(output.form);
  while (!open.empty()) {
    const std::uint32_t form = open.back();
    open.pop_back();
    for (const LinearForm::Term& term : forms_[form].terms) {
      const NetworkLeaf& leaf = leaves_[term.leaf];
      if (leafLive_[term.leaf]) continue;
      leafLive_[term.leaf] = true;
      if (leaf.kind == NetworkLeaf::Kind::Kept) {
        for (const FormUse& operand : kept_[leaf.source].operands) need(operand.form);
      } else if (leaf.kind != NetworkLeaf::Kind::Input) {
        need(leaf.source);
      }
    }
  }
}

}  // namespace aegen::core
