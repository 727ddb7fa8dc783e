#include "aegen/core/passes/fold_constants.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include "../program_facts.hpp"
#include "../rounding.hpp"
#include "function_rewriter.hpp"
#include "reshape.hpp"
#include "specialise.hpp"

namespace aegen::core::passes {
namespace {

constexpr FixedFormat kFlag{};

// One function with constants in place of what is known, and identities applied.
class Folder {
 public:
  Folder(const Unit& unit, const Function& function, FactList facts)
      : unit_(unit), old_(function), facts_(std::move(facts)), out_(function) {}

  Function run() {
    ValueId next = 0;
    map_.resize(old_.values.size());
    for (const Port& port : old_.inputs) {
      for (const ValueId id : out_.input(port)) {
        out_.name(id, old_.values[next].name);
        place(next++, id);
      }
    }
    for (const Instruction& instruction : old_.instructions) {
      instruction.op == Op::Call ? call(instruction) : operation(instruction);
    }
    next = 0;
    for (const Port& port : old_.outputs) {
      std::vector<ValueId> elements;
      for (std::uint32_t i = 0; i < port.count; ++i) {
        elements.push_back(read(old_.outputValues[next++]));
      }
      out_.output(port, elements);
    }
    return std::move(out_).finish();
  }

 private:
  [[nodiscard]] const FixedFormat& formatOf(ValueId old) const { return old_.values[old].format; }
  // Facts of a value of the new function.
  [[nodiscard]] const ValueFacts& factsOf(ValueId id) {
    while (newFacts_.size() <= id) {
      newFacts_.push_back(ValueFacts::of(out_.format(static_cast<ValueId>(newFacts_.size()))));
    }
    return newFacts_[id];
  }

  void place(ValueId old, ValueId id) {
    map_[old] = id;
    static_cast<void>(factsOf(id));
    // A value that stands for several is what all of them are.
    if (out_.format(id) == formatOf(old)) newFacts_[id] = facts_[old];
  }

  ValueId read(ValueId old) {
    if (facts_[old].known()) return out_.constant(facts_[old].range.low, formatOf(old));
    return map_[old];
  }

  void call(const Instruction& old) {
    std::vector<ValueId> operands;
    for (const ValueId id : old.operands) operands.push_back(read(id));
    const auto results =
        out_.call(old.callee, std::move(operands), unit_.program.find(old.callee)->outputs);
    for (std::size_t i = 0; i < results.size(); ++i) {
      place(old.results[i], results[i]);
      out_.name(results[i], old_.values[old.results[i]].name);
    }
  }

  void operation(const Instruction& old) {
    const ValueId result = old.results[0];
    if (facts_[result].known()) return;
    Instruction instruction = old;
    for (ValueId& id : instruction.operands) id = read(id);
    const FixedFormat& format = formatOf(result);
    const auto simple = simplified(instruction, format);
    const ValueId id = simple ? *simple : out_.emit(std::move(instruction), format);
    place(result, id);
    out_.name(id, old_.values[result].name);
  }

  [[nodiscard]] std::optional<std::int64_t> known(ValueId id) {
    const ValueFacts& facts = factsOf(id);
    const Instruction* const maker = out_.maker(id);
    if (maker != nullptr && maker->op == Op::Const) return maker->immediate;
    return facts.known() ? std::optional(facts.range.low) : std::nullopt;
  }
  [[nodiscard]] bool is(ValueId id, std::int64_t value) { return known(id) == value; }

  // Another value with the result of `i` (whose operands are new values), or nothing. May change
  // `i` into something simpler with the same result.
  std::optional<ValueId> simplified(Instruction& i, const FixedFormat& format) {
    switch (i.op) {
      case Op::Add:
        if (is(i.operands[1], 0)) return out_.as(i.operands[0], format);
        if (is(i.operands[0], 0)) return out_.as(i.operands[1], format);
        return {};
      case Op::Sub:
        if (is(i.operands[1], 0)) return out_.as(i.operands[0], format);
        return {};
      case Op::Mul:
        return product(i, format);
      case Op::ShiftLeft:
      case Op::ShiftRight:
        if (i.immediate == 0) return out_.as(i.operands[0], format);
        return {};
      case Op::ShiftLeftBy:
      case Op::ShiftRightBy:
        if (const auto by = known(i.operands[1])) {
          if (*by == 0) return out_.as(i.operands[0], format);
          i = {.op = i.op == Op::ShiftLeftBy ? Op::ShiftLeft : Op::ShiftRight,
               .operands = {i.operands[0]},
               .immediate = *by};
        }
        return {};
      case Op::Reinterpret:
        return out_.as(i.operands[0], format);
      case Op::And:
      case Op::Or:
      case Op::Xor:
        return bitwise(i, format);
      case Op::Not:
        return opposite(i.operands[0], format);
      case Op::Equal:
        return equal(i);
      case Op::Less:
      case Op::LessEqual:
        return {};
      case Op::Select:
        return select(i, format);
      case Op::Min:
      case Op::Max:
        return extremum(i, format);
      case Op::Requantize:
        return requantize(i, format);
      case Op::Lookup:
        lookup(i);
        return {};
      case Op::Pick:
        return pick(i, format);
      case Op::Slice:
        return slice(i, format);
      case Op::Concat:
        if (i.operands.size() == 1) return out_.as(i.operands[0], format);
        return {};
      case Op::Const:
      case Op::LeadingOne:
      case Op::Call:
        return {};
    }
    return {};
  }

  std::optional<ValueId> product(Instruction& i, const FixedFormat& format) {
    if (known(i.operands[0])) std::swap(i.operands[0], i.operands[1]);
    const auto factor = known(i.operands[1]);
    if (!factor || *factor <= 0 || !std::has_single_bit(static_cast<std::uint64_t>(*factor))) {
      return {};
    }
    const int by = std::countr_zero(static_cast<std::uint64_t>(*factor));
    if (by == 0) return out_.as(i.operands[0], format);
    FixedFormat moved = out_.format(i.operands[0]);
    moved.fraction = format.fraction;
    i = {.op = Op::ShiftLeft, .operands = {out_.as(i.operands[0], moved)}, .immediate = by};
    return {};
  }

  std::optional<ValueId> bitwise(Instruction& i, const FixedFormat& format) {
    const ValueId a = i.operands[0];
    const ValueId b = i.operands[1];
    const ValueFacts fa = factsOf(a);
    const ValueFacts fb = factsOf(b);
    const auto mask = static_cast<std::uint64_t>(format.maxRaw());
    // Whether `x` can be 1 only where `y` is 1 whatever happens.
    const auto inside = [&](const ValueFacts& x, const ValueFacts& y) {
      return (mask & ~x.zeros & ~y.ones) == 0;
    };
    if (i.op == Op::And) {
      if (a == b || inside(fa, fb)) return a;
      if (inside(fb, fa)) return b;
    } else if (i.op == Op::Or) {
      if (a == b || inside(fb, fa)) return a;
      if (inside(fa, fb)) return b;
    } else {
      if (is(b, 0)) return a;
      if (is(a, 0)) return b;
      if (known(b) == static_cast<std::int64_t>(mask)) return opposite(a, format, true);
      if (known(a) == static_cast<std::int64_t>(mask)) return opposite(b, format, true);
    }
    return {};
  }

  // not not x is x; `make`: a new complement where there is nothing simpler.
  std::optional<ValueId> opposite(ValueId id, const FixedFormat& format, bool make = false) {
    const Instruction* const maker = out_.maker(id);
    if (maker != nullptr && maker->op == Op::Not && out_.format(maker->operands[0]) == format) {
      return maker->operands[0];
    }
    if (!make) return {};
    return out_.emit({.op = Op::Not, .operands = {id}}, format);
  }

  // x = 1 of a bit is the bit, x = 0 its complement.
  std::optional<ValueId> equal(Instruction& i) {
    if (known(i.operands[0])) std::swap(i.operands[0], i.operands[1]);
    const ValueFacts& facts = factsOf(i.operands[0]);
    const auto value = known(i.operands[1]);
    if (!value || facts.range != Interval{0, 1}) return {};
    const ValueId bit = out_.as(i.operands[0], kFlag);
    if (*value == 1) return bit;
    return opposite(bit, kFlag, true);
  }

  std::optional<ValueId> select(Instruction& i, const FixedFormat& format) {
    if (const auto condition = known(i.operands[0])) {
      return out_.as(i.operands[*condition != 0 ? 1 : 2], format);
    }
    const Instruction* const maker = out_.maker(i.operands[0]);
    if (maker != nullptr && maker->op == Op::Not && out_.format(maker->operands[0]) == kFlag) {
      i.operands = {maker->operands[0], i.operands[2], i.operands[1]};
    }
    if (i.operands[1] == i.operands[2]) return out_.as(i.operands[1], format);
    if (is(i.operands[1], 1) && is(i.operands[2], 0)) return out_.as(i.operands[0], format);
    return {};
  }

  std::optional<ValueId> extremum(const Instruction& i, const FixedFormat& format) {
    const Interval a = factsOf(i.operands[0]).range;
    const Interval b = factsOf(i.operands[1]).range;
    const bool least = i.op == Op::Min;
    if (i.operands[0] == i.operands[1] || (least ? a.high <= b.low : a.low >= b.high)) {
      return out_.as(i.operands[0], format);
    }
    if (least ? b.high <= a.low : b.low >= a.high) return out_.as(i.operands[1], format);
    return {};
  }

  std::optional<ValueId> requantize(Instruction& i, const FixedFormat& format) {
    const FixedFormat from = out_.format(i.operands[0]);
    const ValueFacts facts = factsOf(i.operands[0]);
    const int drop = from.fraction - format.fraction;
    // Nothing but zeros is dropped: all roundings are one.
    if (drop <= std::min(std::countr_one(facts.zeros), 63)) i.rounding = Rounding::Floor;
    if (i.overflow == Overflow::Saturate) {
      const auto end = [&](std::int64_t raw) {
        return rounded(raw, from.fraction, format.fraction, i.rounding);
      };
      const bool fits =
          end(facts.range.low) >= format.minRaw() && end(facts.range.high) <= format.maxRaw();
      if (fits) i.overflow = Overflow::Wrap;
    }
    if (drop == 0 && i.overflow == Overflow::Wrap) return out_.as(i.operands[0], format);
    return {};
  }

  // Entries past the index's reach, and zeros at the end, need not be there.
  void lookup(Instruction& i) {
    const auto reach = static_cast<std::uint64_t>(factsOf(i.operands[0]).range.high);
    if (i.table.size() > reach + 1) i.table.resize(static_cast<std::size_t>(reach) + 1);
    while (i.table.size() > 1 && i.table.back() == 0) i.table.pop_back();
  }

  std::optional<ValueId> pick(Instruction& i, const FixedFormat& format) {
    const auto choices = static_cast<std::int64_t>(i.operands.size()) - 1;
    if (const auto index = known(i.operands[0]); index && *index < choices) {
      return out_.as(i.operands[static_cast<std::size_t>(*index) + 1], format);
    }
    const std::int64_t most = factsOf(i.operands[0]).range.high;
    if (most + 1 < choices) i.operands.resize(static_cast<std::size_t>(most) + 2);
    const bool same = std::all_of(i.operands.begin() + 2, i.operands.end(),
                                  [&](ValueId id) { return id == i.operands[1]; });
    if (same && most + 1 <= static_cast<std::int64_t>(i.operands.size()) - 1) {
      return out_.as(i.operands[1], format);
    }
    return {};
  }

  std::optional<ValueId> slice(Instruction& i, const FixedFormat& format) {
    const Instruction* const maker = out_.maker(i.operands[0]);
    if (maker != nullptr && maker->op == Op::Slice) {
      i.immediate += maker->immediate;
      i.operands = {maker->operands[0]};
    } else if (maker != nullptr && maker->op == Op::Concat) {
      int low = 0;
      for (auto part = maker->operands.rbegin(); part != maker->operands.rend(); ++part) {
        const int width = out_.format(*part).width;
        if (i.immediate >= low && i.immediate + format.width <= low + width) {
          i.immediate -= low;
          i.operands = {*part};
          break;
        }
        low += width;
      }
    }
    if (i.immediate == 0) return out_.as(i.operands[0], format);
    return {};
  }

  const Unit& unit_;
  const Function& old_;
  FactList facts_;
  FunctionRewriter out_;
  std::vector<ValueId> map_;  ///< of old values
  FactList newFacts_;
};

void foldOnce(Unit& unit) {
  ProgramFacts facts(unit.program);
  facts.run(unit.top);
  Program out;
  for (std::size_t f = 0; f < unit.program.functions.size(); ++f) {
    const Function& function = unit.program.functions[f];
    const bool wires = unit.wiring && function.name == unit.top;
    out.functions.push_back(wires ? function : Folder(unit, function, facts.of(f)).run());
  }
  unit.program = std::move(out);
}

}  // namespace

void foldConstants(Unit& unit) {
  repeated(unit, [](Unit& once) {
    specialiseCalls(once);
    foldOnce(once);
    dropUnreachable(once);
  });
}

}  // namespace aegen::core::passes
