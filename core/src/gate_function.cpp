#include <algorithm>
#include <cassert>

#include "aegen/core/gate_module.hpp"

namespace aegen::core {

namespace {

/// Translates the instructions of one function, in order.
class FunctionGates {
 public:
  FunctionGates(const Function& function,
                const std::unordered_map<std::string, std::uint32_t>& place, const Program& program)
      : function_(function), place_(place), program_(program), builder_(function.name) {}

  GateModule run() {
    bits_.resize(function_.values.size());
    ValueId value = 0;
    for (const Port& port : function_.inputs) {
      for (std::uint32_t i = 0; i < port.count; ++i, ++value) {
        bits_[value] = builder_.input(port.format.width, port.role == Role::Config);
      }
    }
    for (const Instruction& instruction : function_.instructions) {
      if (instruction.op == Op::Call) {
        call(instruction);
      } else {
        builder_.use(GateUse::Logic);
        const ValueId result = instruction.results[0];
        bits_[result] =
            resized(operation(instruction), format(result).width, format(result).isSigned);
      }
    }
    for (const ValueId output : function_.outputValues) {
      builder_.output(bits_[output]);
    }
    return std::move(builder_).finish();
  }

 private:
  [[nodiscard]] const FixedFormat& format(ValueId value) const {
    return function_.values[value].format;
  }
  [[nodiscard]] GateWires fit(ValueId value, int width) const {
    return resized(bits_[value], width, format(value).isSigned);
  }
  /// Both in the narrowest common width; whether they are then signed.
  bool align(ValueId a, ValueId b, GateWires& left, GateWires& right) const {
    const bool isSigned = format(a).isSigned || format(b).isSigned;
    const auto needed = [&](ValueId value) {
      return format(value).width + (isSigned && !format(value).isSigned ? 1 : 0);
    };
    const int width = std::max(needed(a), needed(b));
    left = fit(a, width);
    right = fit(b, width);
    return isSigned;
  }
  GateWire less(ValueId a, ValueId b) {
    GateWires left;
    GateWires right;
    const bool isSigned = align(a, b, left, right);
    return builder_.less(left, right, isSigned);
  }

  void call(const Instruction& instruction) {
    const Function& callee = *program_.find(instruction.callee);
    int outputs = 0;
    for (const Port& port : callee.outputs) {
      outputs += port.format.width * static_cast<int>(port.count);
    }
    const std::size_t index = builder_.call(place_.at(instruction.callee), outputs);
    GateWires inputs;
    for (const ValueId operand : instruction.operands) {
      inputs.insert(inputs.end(), bits_[operand].begin(), bits_[operand].end());
    }
    builder_.setInputs(index, std::move(inputs));
    const GateWires all = builder_.outputsOf(index, outputs);
    auto at = all.begin();
    for (const ValueId result : instruction.results) {
      bits_[result].assign(at, at + format(result).width);
      at += format(result).width;
    }
  }

  GateWires operation(const Instruction& instruction) {
    const std::vector<ValueId>& in = instruction.operands;
    const FixedFormat& to = format(instruction.results[0]);
    const auto immediate = static_cast<int>(instruction.immediate);
    switch (instruction.op) {
      case Op::Const:
        return constantWires(instruction.immediate, to.width);
      case Op::Add:
      case Op::Sub:
        builder_.use(GateUse::Adder);
        return builder_.add(fit(in[0], to.width), fit(in[1], to.width), instruction.op == Op::Sub);
      case Op::Mul:
        return builder_.multiply(bits_[in[0]], format(in[0]).isSigned, bits_[in[1]],
                                 format(in[1]).isSigned, to.width);
      case Op::ShiftLeft: {
        GateWires bits(static_cast<std::size_t>(std::min(immediate, to.width)), kZero);
        const GateWires moved = fit(in[0], to.width - static_cast<int>(bits.size()));
        bits.insert(bits.end(), moved.begin(), moved.end());
        return bits;
      }
      case Op::ShiftRight: {
        const GateWires wide = fit(in[0], std::max(format(in[0]).width, immediate + to.width));
        return {wide.begin() + immediate, wide.begin() + immediate + to.width};
      }
      case Op::ShiftLeftBy:
        return builder_.shiftLeft(fit(in[0], to.width), bits_[in[1]]);
      case Op::ShiftRightBy:
        return resized(builder_.shiftRight(fit(in[0], std::max(format(in[0]).width, to.width)),
                                           bits_[in[1]], format(in[0]).isSigned),
                       to.width, false);
      case Op::Reinterpret:
        return fit(in[0], to.width);
      case Op::And:
        return builder_.bitwise(GateKind::And, bits_[in[0]], bits_[in[1]]);
      case Op::Or: {
        GateWires bits =
            builder_.bitwise(GateKind::And, inverse(bits_[in[0]]), inverse(bits_[in[1]]));
        return inverse(std::move(bits));
      }
      case Op::Xor:
        return builder_.bitwise(GateKind::Xor, bits_[in[0]], bits_[in[1]]);
      case Op::Not:
        return inverse(bits_[in[0]]);
      case Op::Equal: {
        GateWires left;
        GateWires right;
        align(in[0], in[1], left, right);
        return {builder_.equal(left, right)};
      }
      case Op::Less:
        return {less(in[0], in[1])};
      case Op::LessEqual:
        return {less(in[1], in[0]) ^ 1U};
      case Op::Select:
        return builder_.mux(bits_[in[0]][0], fit(in[1], to.width), fit(in[2], to.width));
      case Op::Min:
        return builder_.mux(less(in[0], in[1]), fit(in[0], to.width), fit(in[1], to.width));
      case Op::Max:
        return builder_.mux(less(in[0], in[1]), fit(in[1], to.width), fit(in[0], to.width));
      case Op::LeadingOne:
        return leadingOne(bits_[in[0]], to.width);
      case Op::Requantize:
        return requantize(in[0], to, instruction.rounding, instruction.overflow);
      case Op::Lookup: {
        builder_.use(GateUse::Table);
        std::vector<GateWires> entries;
        const std::size_t reach = std::size_t{1} << std::min(format(in[0]).width, 24);
        for (std::size_t i = 0; i < std::min(instruction.table.size(), reach); ++i) {
          entries.push_back(constantWires(instruction.table[i], to.width));
        }
        return builder_.choose(bits_[in[0]], entries, to.width);
      }
      case Op::Pick: {
        std::vector<GateWires> entries;
        for (std::size_t i = 1; i < in.size(); ++i) {
          entries.push_back(fit(in[i], to.width));
        }
        return builder_.choose(bits_[in[0]], entries, to.width);
      }
      case Op::Slice: {
        const GateWires wide = fit(in[0], std::max(format(in[0]).width, immediate + to.width));
        return {wide.begin() + immediate, wide.begin() + immediate + to.width};
      }
      case Op::Concat: {
        GateWires bits;
        for (auto part = in.rbegin(); part != in.rend(); ++part) {
          bits.insert(bits.end(), bits_[*part].begin(), bits_[*part].end());
        }
        return bits;
      }
      case Op::Call:
        break;
    }
    assert(false && "calls are instances");
    return {};
  }

  static GateWires inverse(GateWires bits) {
    for (GateWire& bit : bits) {
      bit ^= 1U;
    }
    return bits;
  }

  // By halving, as rtl_gen does.
  GateWires leadingOne(GateWires rest, int width) {
    GateWires high;
    std::size_t span = 1;
    while (span < rest.size()) {
      span *= 2;
    }
    for (span /= 2; span >= 1; span /= 2) {
      if (rest.size() <= span) {
        high.push_back(kZero);
        continue;
      }
      const auto middle = rest.begin() + static_cast<std::ptrdiff_t>(span);
      const GateWires upper(middle, rest.end());
      const GateWire found = builder_.anyOf(upper);
      high.push_back(found);
      rest = builder_.mux(found, resized(upper, static_cast<int>(span), false),
                          {rest.begin(), middle});
    }
    std::reverse(high.begin(), high.end());
    return resized(std::move(high), width, false);
  }

  [[nodiscard]] static GateWire bitOf(const GateWires& a, bool isSigned, int index) {
    if (index < static_cast<int>(a.size())) {
      return a[static_cast<std::size_t>(index)];
    }
    return isSigned ? a.back() : kZero;
  }
  GateWire anyBelow(const GateWires& a, int count) {
    const auto end =
        static_cast<std::ptrdiff_t>(std::clamp<int>(count, 0, static_cast<int>(a.size())));
    return builder_.anyOf({a.begin(), a.begin() + end});
  }
  GateWire increment(const GateWires& a, bool isSigned, int dropped, Rounding rounding) {
    switch (rounding) {
      case Rounding::Floor:
        return kZero;
      case Rounding::TowardZero:
        return isSigned ? builder_.andOf(a.back(), anyBelow(a, dropped)) : kZero;
      case Rounding::NearestUp:
        return bitOf(a, isSigned, dropped - 1);
      case Rounding::NearestEven:
        return builder_.andOf(bitOf(a, isSigned, dropped - 1),
                              builder_.orOf(anyBelow(a, dropped - 1), bitOf(a, isSigned, dropped)));
    }
    return kZero;
  }

  GateWires requantize(ValueId value, const FixedFormat& to, Rounding rounding, Overflow overflow) {
    const bool isSigned = format(value).isSigned;
    GateWires exact = bits_[value];
    const int dropped = format(value).fraction - to.fraction;
    if (dropped < 0) {
      exact.insert(exact.begin(), static_cast<std::size_t>(-dropped), kZero);
    } else if (dropped > 0) {
      const GateWire carry = increment(exact, isSigned, dropped, rounding);
      const GateWire top = bitOf(exact, isSigned, static_cast<int>(exact.size()));
      exact.erase(exact.begin(),
                  exact.begin() +
                      std::min<std::ptrdiff_t>(dropped, static_cast<std::ptrdiff_t>(exact.size())));
      if (exact.empty()) {
        exact.push_back(top);
      }
      if (carry != kZero) {
        const int width = static_cast<int>(exact.size()) + 1;
        builder_.use(GateUse::Adder);
        exact = builder_.add(resized(std::move(exact), width, isSigned),
                             resized({carry}, width, false), false);
        builder_.use(GateUse::Logic);
      }
    }
    const int from = static_cast<int>(exact.size());
    const int needed = from + (to.isSigned && !isSigned ? 1 : 0);
    if (overflow == Overflow::Wrap || ((to.isSigned || !isSigned) && needed <= to.width)) {
      return resized(std::move(exact), to.width, isSigned);
    }
    return to.isSigned ? saturatedSigned(exact, isSigned, to.width)
                       : saturatedUnsigned(exact, isSigned, to.width);
  }

  GateWires saturatedUnsigned(const GateWires& a, bool isSigned, int width) {
    const int top = static_cast<int>(a.size()) - (isSigned ? 1 : 0);
    GateWires value = resized({a.begin(), a.begin() + std::min(top, width)}, width, false);
    if (top > width) {
      const GateWire over = builder_.anyOf({a.begin() + width, a.begin() + top});
      value = builder_.mux(over, constantWires(-1, width), value);
    }
    return isSigned ? builder_.mux(a.back(), constantWires(0, width), value) : value;
  }

  GateWires saturatedSigned(const GateWires& a, bool isSigned, int width) {
    const GateWires value = resized(a, width, isSigned);
    const GateWires dropped(
        a.begin() + std::min<std::ptrdiff_t>(width - 1, static_cast<std::ptrdiff_t>(a.size())),
        a.end());
    if (!isSigned) {
      GateWires largest(static_cast<std::size_t>(width), kOne);
      largest.back() = kZero;
      return builder_.mux(builder_.anyOf(dropped), largest, value);
    }
    const GateWire fits = builder_.orOf(builder_.allOf(dropped), builder_.anyOf(dropped) ^ 1U);
    GateWires limit(static_cast<std::size_t>(width), a.back() ^ 1U);
    limit.back() = a.back();
    return builder_.mux(fits, value, limit);
  }

  const Function& function_;
  const std::unordered_map<std::string, std::uint32_t>& place_;
  const Program& program_;
  GateBuilder builder_;
  std::vector<GateWires> bits_;
};

void reach(const Program& program, const Function& function, std::vector<bool>& used) {
  const auto at = static_cast<std::size_t>(&function - program.functions.data());
  if (used[at]) {
    return;
  }
  used[at] = true;
  for (const Instruction& instruction : function.instructions) {
    if (instruction.op == Op::Call) {
      reach(program, *program.find(instruction.callee), used);
    }
  }
}

}  // namespace

GateModule gatesOf(const Function& function,
                   const std::unordered_map<std::string, std::uint32_t>& place,
                   const Program& program) {
  return FunctionGates(function, place, program).run();
}

std::vector<GateModule> gatesOf(const Program& program, std::string_view top) {
  const Function* const last = program.find(top);
  assert(last != nullptr);
  std::vector<bool> used(program.functions.size(), false);
  reach(program, *last, used);
  std::vector<GateModule> modules;
  std::unordered_map<std::string, std::uint32_t> place;
  for (std::size_t i = 0; i < program.functions.size(); ++i) {
    if (used[i]) {
      place.emplace(program.functions[i].name, static_cast<std::uint32_t>(modules.size()));
      modules.push_back(gatesOf(program.functions[i], place, program));
    }
  }
  return modules;
}

}  // namespace aegen::core
