#include "operation_lowering.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

#include "requantize_lowering.hpp"

namespace aegen::rtl_gen {

using namespace verilog;
using core::FixedFormat;
using core::Instruction;
using core::Op;

namespace {

ExprPtr fit(const Operand& operand, const FixedFormat& result) {
  return resize(operand.atom, result.width, operand.format.isSigned);
}

// The wires of both are one and the same.
bool same(const Operand& a, const Operand& b) {
  return a.atom->kind == ExprKind::Reference && b.atom->kind == ExprKind::Reference &&
         a.atom->name == b.atom->name;
}

// a + b and a - b modulo 2^width do not care for signs once both are as wide as the result.
ExprPtr arithmetic(Operator op, const std::vector<Operand>& in, const FixedFormat& result) {
  return binary(op, fit(in[0], result), fit(in[1], result));
}

ExprPtr product(const std::vector<Operand>& in, const FixedFormat& result) {
  const ExprPtr a = fit(in[0], result);
  const ExprPtr b = fit(in[1], result);
  if (isLiteral(a, 0) || isLiteral(b, 0)) {
    return literal(0, result.width, result.isSigned);
  }
  // The cast changes no bit of the product, but synthesis sees that the extended bits are copies of
  // the sign and builds the narrow multiplier.
  const bool isSigned = in[0].format.isSigned || in[1].format.isSigned;
  return isSigned ? binary(Operator::Mul, asSigned(a), asSigned(b))
                  : binary(Operator::Mul, concat({a}), concat({b}));
}

ExprPtr shiftedLeft(const Operand& a, int bits, const FixedFormat& result) {
  if (bits >= result.width) {
    return literal(0, result.width);
  }
  if (bits == 0) {
    return fit(a, result);
  }
  return concat(
      {resize(a.atom, result.width - bits, a.format.isSigned), repeat(literal(0, 1), bits)});
}

ExprPtr shiftedRight(const Operand& a, int bits, const FixedFormat& result) {
  const int width = a.atom->width;
  if (bits < width) {
    return resize(slice(a.atom, width - 1, bits), result.width, a.format.isSigned);
  }
  return a.format.isSigned ? repeat(bit(a.atom, width - 1), result.width)
                           : literal(0, result.width);
}

ExprPtr shiftedRightBy(ModuleBuilder& builder, const std::string& hint, const Operand& a,
                       const Operand& amount, const FixedFormat& result) {
  const ExprPtr wide = resize(a.atom, std::max(a.atom->width, result.width), a.format.isSigned);
  const ExprPtr shifted = a.format.isSigned
                              ? binary(Operator::ShiftRightSigned, asSigned(wide), amount.atom)
                              : binary(Operator::ShiftRight, wide, amount.atom);
  if (shifted->width == result.width) {
    return shifted;
  }
  return slice(builder.net(hint + "_full", shifted), result.width - 1, 0);
}

// A comparison with a constant that the other operand's format decides: 0 or 1.
std::optional<bool> knownLess(const Operand& a, const Operand& b) {
  const auto valueOf = [](const Operand& operand) -> std::optional<std::int64_t> {
    if (operand.atom->kind != ExprKind::Literal) {
      return std::nullopt;
    }
    return core::wrap(static_cast<std::int64_t>(operand.atom->bits), operand.format);
  };
  const auto rangeOf = [&](const Operand& operand) {
    const auto value = valueOf(operand);
    return value ? core::Interval{*value, *value} : operand.format.range();
  };
  if (rangeOf(a).high < rangeOf(b).low) {
    return true;
  }
  if (rangeOf(a).low >= rangeOf(b).high) {
    return false;
  }
  return std::nullopt;
}

// Both operands in the narrowest common width, signed if one of them is.
std::pair<ExprPtr, ExprPtr> aligned(const Operand& a, const Operand& b) {
  const bool isSigned = a.format.isSigned || b.format.isSigned;
  const auto needed = [isSigned](const Operand& operand) {
    return operand.atom->width + (isSigned && !operand.format.isSigned ? 1 : 0);
  };
  const int width = std::max(needed(a), needed(b));
  const auto prepared = [&](const Operand& operand) {
    const ExprPtr wide = resize(operand.atom, width, operand.format.isSigned);
    return isSigned ? asSigned(wide) : wide;
  };
  return {prepared(a), prepared(b)};
}

ExprPtr lessThan(const Operand& a, const Operand& b) {
  if (const auto known = same(a, b) ? std::optional(false) : knownLess(a, b)) {
    return literal(*known ? 1 : 0, 1);
  }
  if (isLiteral(b.atom, 0)) {
    return bit(a.atom, a.atom->width - 1);  // unsigned a is decided above
  }
  const auto [left, right] = aligned(a, b);
  return binary(Operator::Less, left, right);
}

ExprPtr lessOrEqual(const Operand& a, const Operand& b) {
  // a <= b is not b < a; where the formats decide the latter, they decide the former.
  if (const auto known = same(a, b) ? std::optional(false) : knownLess(b, a)) {
    return literal(*known ? 0 : 1, 1);
  }
  if (isLiteral(a.atom, 0)) {
    return logicalNot(bit(b.atom, b.atom->width - 1));
  }
  const auto [left, right] = aligned(a, b);
  return binary(Operator::LessEqual, left, right);
}

ExprPtr equalTo(const Operand& a, const Operand& b) {
  const auto disjoint = [](const Operand& x, const Operand& y) {
    const auto less = knownLess(x, y);
    return less && *less;
  };
  if (disjoint(a, b) || disjoint(b, a)) {
    return literal(0, 1);
  }
  if (same(a, b)) {
    return literal(1, 1);
  }
  const auto [left, right] = aligned(a, b);
  return binary(Operator::Equal, left, right);
}

ExprPtr smaller(const Operand& a, const Operand& b, bool larger, const FixedFormat& result) {
  // A constant goes second: comparing with zero is then a look at the sign.
  const bool swap = a.atom->kind == ExprKind::Literal;
  const Operand& first = swap ? b : a;
  const Operand& second = swap ? a : b;
  const ExprPtr firstIsLess = lessThan(first, second);
  return larger ? conditional(firstIsLess, fit(second, result), fit(first, result))
                : conditional(firstIsLess, fit(first, result), fit(second, result));
}

// floor(log2 a) by halving: is anything set in the upper half? If so its number's top bit is one
// and the search goes on there.
ExprPtr leadingOne(ModuleBuilder& builder, const std::string& hint, const Operand& a,
                   const FixedFormat& result) {
  ExprPtr rest = a.atom;
  std::vector<ExprPtr> bits;
  int span = 1;
  while (span < rest->width) {
    span *= 2;
  }
  for (span /= 2; span >= 1; span /= 2) {
    if (rest->width <= span) {
      if (!bits.empty()) {
        bits.push_back(literal(0, 1));
      }
      continue;
    }
    const ExprPtr upper = slice(rest, rest->width - 1, span);
    const ExprPtr found = builder.net(hint + "_hit", unary(Operator::ReduceOr, upper));
    bits.push_back(found);
    if (span > 1) {
      rest = builder.net(hint + "_rest",
                         conditional(found, resize(upper, span, false), slice(rest, span - 1, 0)));
    }
  }
  if (bits.empty()) {
    return literal(0, result.width);
  }
  return resize(builder.net(hint + "_index", concat(std::move(bits))), result.width, false);
}

// table[a]; entries the index cannot reach are left out.
ExprPtr lookedUp(ModuleBuilder& builder, const std::string& hint, const Instruction& instruction,
                 const Operand& index, const FixedFormat& result) {
  const int indexBits = index.atom->width;
  const std::uint64_t reach = std::uint64_t{1} << std::min(indexBits, 62);
  const auto entries = std::min<std::uint64_t>(instruction.table.size(), reach);
  Table table{{}, indexBits, result.width, result.isSigned, {}};
  for (std::uint64_t i = 0; i < entries; ++i) {
    table.entries.push_back(
        literal(instruction.table[static_cast<std::size_t>(i)], result.width, result.isSigned));
  }
  if (index.atom->kind != ExprKind::Literal) {
    table.name = builder.unique(hint + "_of");
    builder.add(table);
  }
  return verilog::lookup(table, index.atom);
}

}  // namespace

ExprPtr lowerOperation(ModuleBuilder& builder, const std::string& hint,
                       const Instruction& instruction, const std::vector<Operand>& in,
                       const FixedFormat& result) {
  const int immediate = static_cast<int>(instruction.immediate);
  switch (instruction.op) {
    case Op::Const:
      return literal(instruction.immediate, result.width, result.isSigned);
    case Op::Add:
      return arithmetic(Operator::Add, in, result);
    case Op::Sub:
      if (same(in[0], in[1])) {
        return literal(0, result.width, result.isSigned);
      }
      return arithmetic(Operator::Sub, in, result);
    case Op::Mul:
      return product(in, result);
    case Op::ShiftLeft:
      return shiftedLeft(in[0], immediate, result);
    case Op::ShiftRight:
      return shiftedRight(in[0], immediate, result);
    case Op::ShiftLeftBy:
      return binary(Operator::ShiftLeft, fit(in[0], result), in[1].atom);
    case Op::ShiftRightBy:
      return shiftedRightBy(builder, hint, in[0], in[1], result);
    case Op::Reinterpret:
      return fit(in[0], result);
    case Op::And:
      if (isLiteral(in[0].atom, 0) || isLiteral(in[1].atom, 0)) {
        return literal(0, result.width);
      }
      return binary(Operator::And, in[0].atom, in[1].atom);
    case Op::Or:
      return binary(Operator::Or, in[0].atom, in[1].atom);
    case Op::Xor:
      if (same(in[0], in[1])) {
        return literal(0, result.width);
      }
      return binary(Operator::Xor, in[0].atom, in[1].atom);
    case Op::Not:
      return unary(Operator::Not, in[0].atom);
    case Op::Equal:
      return equalTo(in[0], in[1]);
    case Op::Less:
      return lessThan(in[0], in[1]);
    case Op::LessEqual:
      return lessOrEqual(in[0], in[1]);
    case Op::Select:
      return conditional(in[0].atom, fit(in[1], result), fit(in[2], result));
    case Op::Min:
      return smaller(in[0], in[1], false, result);
    case Op::Max:
      return smaller(in[0], in[1], true, result);
    case Op::LeadingOne:
      return leadingOne(builder, hint, in[0], result);
    case Op::Requantize:
      return lowerRequantize(builder, hint, in[0], result, instruction.rounding,
                             instruction.overflow);
    case Op::Lookup:
      return lookedUp(builder, hint, instruction, in[0], result);
    case Op::Pick: {
      std::vector<ExprPtr> choices;
      for (std::size_t i = 1; i < in.size(); ++i) {
        choices.push_back(fit(in[i], result));
      }
      return selectTree(builder, hint + "_tree", in[0].atom, std::move(choices));
    }
    case Op::Slice:
      return slice(in[0].atom, immediate + result.width - 1, immediate);
    case Op::Concat: {
      std::vector<ExprPtr> parts;
      for (const Operand& part : in) {
        parts.push_back(part.atom);
      }
      return concat(std::move(parts));
    }
    case Op::Call:
      break;
  }
  assert(false && "calls are instances");
  return nullptr;
}

}  // namespace aegen::rtl_gen
