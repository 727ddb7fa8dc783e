#include "demanded_bits.hpp"

#include <algorithm>
#include <bit>

namespace aegen::core::passes {
namespace {

int topOf(BitMask mask) {
  return static_cast<int>(std::bit_width(mask));
}

// Up to the highest bit of `mask`: what carries depend on.
BitMask downFrom(BitMask mask) {
  return lowBits(topOf(mask));
}

// From the lowest bit of `mask` up.
BitMask upFrom(BitMask mask) {
  return mask == 0 ? 0 : ~lowBits(std::countr_zero(mask));
}

// Bits of a raw integer above its width are copies of the sign, or 0.
BitMask within(BitMask mask, const FixedFormat& format) {
  const BitMask low = lowBits(format.width);
  const BitMask sign = format.isSigned ? BitMask{1} << (format.width - 1) : 0;
  return (mask & low) | ((mask & ~low) != 0 ? sign : 0);
}

// Of the exact result, given those of the result cut to `format`.
BitMask beforeCut(BitMask mask, const FixedFormat& format) {
  return mask & lowBits(format.width);
}

BitMask shiftedUp(BitMask mask, int by) {
  if (by == 0 || mask == 0) return mask;
  const bool lost = by >= 64 || (mask >> (64 - by)) != 0;
  const BitMask moved = by >= 64 ? 0 : mask << by;
  return moved | (lost ? BitMask{1} << 63 : 0);  // past the end: the sign
}

BitMask shiftedDown(BitMask mask, int by) {
  return by >= 64 ? 0 : mask >> by;
}

// Of a requantized value. What saturates depends on every bit from the rounding position up.
BitMask requantized(const Instruction& instruction, BitMask mask, int drop) {
  const bool cuts = instruction.overflow == Overflow::Wrap;
  const BitMask wanted = cuts ? mask : ~BitMask{0};
  if (drop <= 0) return cuts ? shiftedDown(mask, -drop) : ~BitMask{0};
  switch (instruction.rounding) {
    case Rounding::Floor:
      return shiftedUp(wanted, drop);
    case Rounding::NearestUp: {
      // A half is added: the carry comes from the bit below, whatever stands under it.
      const BitMask sum = shiftedUp(downFrom(wanted), drop);
      return sum | (drop > 64 ? 0 : shiftedUp(1, drop - 1));
    }
    case Rounding::TowardZero:
    case Rounding::NearestEven:
      break;
  }
  return ~BitMask{0};
}

// Where one operand decides a bit of the result (0 of an And, 1 of an Or), the other's does not
// matter. Of two that both decide it, the second's is kept: each relies on the other otherwise.
std::pair<BitMask, BitMask> bitwise(Op op, BitMask mask, const ValueFacts& a, const ValueFacts& b) {
  if (op == Op::Xor) return {mask, mask};
  const BitMask first = op == Op::And ? a.zeros : a.ones;
  const BitMask second = op == Op::And ? b.zeros : b.ones;
  return {mask & ~second, mask & ~(first & ~second)};
}

}  // namespace

std::size_t DemandedBits::Hash::operator()(const MaskList& masks) const {
  std::uint64_t hash = 0x9e3779b97f4a7c15ULL;
  for (const BitMask mask : masks) {
    hash = (hash ^ mask) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 32;
  }
  return hash;
}

DemandedBits::DemandedBits(const Unit& unit, const ProgramFacts& facts)
    : program_(unit.program),
      facts_(facts),
      wiring_(unit.wiring),
      outputs_(unit.program.functions.size()),
      done_(unit.program.functions.size()) {
  for (std::size_t f = 0; f < program_.functions.size(); ++f) {
    seen_.emplace_back(program_.functions[f].values.size(), 0);
    factsOf_.push_back(facts_.of(f));
  }
  const Function& top = unit.topFunction();
  MaskList outputs;
  for (const ValueId id : top.outputValues) {
    outputs.push_back(lowBits(top.values[id].format.width));
  }
  walk(program_.functions.size() - 1, outputs);
}

bool DemandedBits::isConstant(std::size_t at, ValueId value) const {
  const bool wiresOnly = wiring_ && at + 1 == program_.functions.size();
  return !wiresOnly && factsOf_[at][value].known();
}

const MaskList& DemandedBits::walk(std::size_t at, const MaskList& outputs) {
  if (const auto known = done_[at].find(outputs); known != done_[at].end()) return known->second;
  const Function& f = program_.functions[at];
  MaskList now(f.values.size(), 0);
  outputs_[at].resize(outputs.size(), 0);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    now[f.outputValues[i]] |= outputs[i];
    outputs_[at][i] |= outputs[i];
  }
  for (auto instruction = f.instructions.rbegin(); instruction != f.instructions.rend();
       ++instruction) {
    if (instruction->op == Op::Call) {
      call(at, *instruction, now);
    } else if (now[instruction->results[0]] != 0) {
      through(at, *instruction, now);
    }
  }
  for (ValueId v = 0; v < now.size(); ++v) {
    if (isConstant(at, v)) now[v] = 0;
    seen_[at][v] |= now[v];
  }
  MaskList inputs(now.begin(), now.begin() + f.inputElements());
  return done_[at].emplace(outputs, std::move(inputs)).first->second;
}

void DemandedBits::call(std::size_t at, const Instruction& instruction, MaskList& now) {
  MaskList results;
  for (const ValueId result : instruction.results) {
    results.push_back(isConstant(at, result) ? 0 : now[result]);
  }
  if (std::ranges::all_of(results, [](BitMask mask) { return mask == 0; })) return;
  const MaskList& operands = walk(facts_.indexOf(instruction.callee), results);
  for (std::size_t i = 0; i < operands.size(); ++i) now[instruction.operands[i]] |= operands[i];
}

void DemandedBits::through(std::size_t at, const Instruction& instruction, MaskList& now) {
  const Function& f = program_.functions[at];
  const FactList& facts = factsOf_[at];
  const ValueId result = instruction.results[0];
  const FixedFormat& to = f.values[result].format;
  if (isConstant(at, result)) return;  // whatever the operands
  const BitMask mask = beforeCut(now[result], to);
  const auto formatOf = [&](std::size_t i) -> const FixedFormat& {
    return f.values[instruction.operands[i]].format;
  };
  const auto factsOf = [&](std::size_t i) -> const ValueFacts& {
    return facts[instruction.operands[i]];
  };
  const auto need = [&](std::size_t i, BitMask bits) {
    now[instruction.operands[i]] |= within(bits, formatOf(i));
  };
  const auto needAll = [&](std::size_t i) { need(i, ~BitMask{0}); };
  const int immediate = static_cast<int>(instruction.immediate);
  switch (instruction.op) {
    case Op::Const:
      return;
    case Op::Add:
    case Op::Sub:
      need(0, downFrom(mask));
      need(1, downFrom(mask));
      return;
    case Op::Mul:
      // Trailing zeros of the second push the highest bits of the first out.
      need(0, shiftedDown(downFrom(mask), std::countr_one(factsOf(1).zeros)));
      return need(1, downFrom(mask));
    case Op::ShiftLeft:
      return need(0, shiftedDown(mask, immediate));
    case Op::ShiftRight:
      return need(0, shiftedUp(mask, immediate));
    case Op::ShiftLeftBy:
      need(0, shiftedDown(downFrom(mask), static_cast<int>(factsOf(1).range.low)));
      return needAll(1);
    case Op::ShiftRightBy:
      need(0, upFrom(mask) & lowBits(topOf(mask) + static_cast<int>(factsOf(1).range.high)));
      return needAll(1);
    case Op::Reinterpret:
      return need(0, mask);
    case Op::And:
    case Op::Or:
    case Op::Xor: {
      const auto [first, second] = bitwise(instruction.op, mask, factsOf(0), factsOf(1));
      need(0, first);
      return need(1, second);
    }
    case Op::Not:
      return need(0, mask);
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
    case Op::Min:
    case Op::Max:
      needAll(0);
      return needAll(1);
    case Op::Select:
      if (!factsOf(0).known()) needAll(0);
      if (factsOf(0).allows(1)) need(1, mask);
      if (factsOf(0).allows(0)) need(2, mask);
      return;
    case Op::LeadingOne:
    case Op::Lookup:
      return needAll(0);
    case Op::Requantize:
      return need(0, requantized(instruction, mask, formatOf(0).fraction - to.fraction));
    case Op::Pick:
      if (!factsOf(0).known()) needAll(0);
      for (std::size_t i = 1; i < instruction.operands.size(); ++i) {
        if (factsOf(0).allows(static_cast<std::int64_t>(i) - 1)) need(i, mask);
      }
      return;
    case Op::Slice:
      return need(0, shiftedUp(mask, immediate));
    case Op::Concat: {
      int low = 0;
      for (std::size_t i = instruction.operands.size(); i-- > 0;) {
        const int width = formatOf(i).width;
        need(i, shiftedDown(mask, low) & lowBits(width));
        low += width;
      }
      return;
    }
    case Op::Call:
      return;
  }
}

}  // namespace aegen::core::passes
