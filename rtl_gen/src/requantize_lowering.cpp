#include "requantize_lowering.hpp"

#include <algorithm>

namespace aegen::rtl_gen {

using namespace verilog;
using core::FixedFormat;
using core::Overflow;
using core::Rounding;

namespace {

// Bit `index` of a two's complement value, which goes on for ever to the left.
ExprPtr bitOf(const Operand& a, int index) {
  const int width = a.atom->width;
  if (index < width) {
    return bit(a.atom, index);
  }
  return a.format.isSigned ? bit(a.atom, width - 1) : literal(0, 1);
}

// Is any of the `count` lowest bits set?
ExprPtr anyBelow(const Operand& a, int count) {
  if (count <= 0) {
    return literal(0, 1);
  }
  return unary(Operator::ReduceOr, slice(a.atom, std::min(count, a.atom->width) - 1, 0));
}

// What is added to the truncated value, 0 or 1, when the `dropped` lowest bits go.
ExprPtr increment(const Operand& a, int dropped, Rounding rounding) {
  switch (rounding) {
    case Rounding::Floor:
      return literal(0, 1);
    case Rounding::TowardZero:
      return a.format.isSigned ? logicalAnd(bitOf(a, a.atom->width - 1), anyBelow(a, dropped))
                               : literal(0, 1);
    case Rounding::NearestUp:
      return bitOf(a, dropped - 1);
    case Rounding::NearestEven:
      return logicalAnd(bitOf(a, dropped - 1),
                        logicalOr(anyBelow(a, dropped - 1), bitOf(a, dropped)));
  }
  return literal(0, 1);
}

Operand truncated(const Operand& a, int dropped) {
  const int width = a.atom->width;
  const ExprPtr kept = dropped < width ? slice(a.atom, width - 1, dropped) : bitOf(a, width);
  return {kept, {a.format.isSigned, kept->width, a.format.fraction - dropped}};
}

// `a` rounded to `fraction` fractional bits, exactly.
Operand rounded(ModuleBuilder& builder, const std::string& hint, const Operand& a, int fraction,
                Rounding rounding) {
  const int dropped = a.format.fraction - fraction;
  if (dropped == 0) {
    return a;
  }
  if (dropped < 0) {
    const ExprPtr scaled = concat({a.atom, repeat(literal(0, 1), -dropped)});
    const ExprPtr named =
        a.atom->kind == ExprKind::Literal && scaled->width <= 64
            ? literal(static_cast<std::int64_t>(a.atom->bits << -dropped), scaled->width)
            : builder.net(hint + "_scaled", scaled, a.format.isSigned);
    return {named, {a.format.isSigned, scaled->width, fraction}};
  }
  const Operand floor = truncated(a, dropped);
  const ExprPtr carry = increment(a, dropped, rounding);
  if (isLiteral(carry, 0)) {
    return floor;
  }
  const int width = floor.atom->width + 1;
  const ExprPtr sum = binary(Operator::Add, resize(floor.atom, width, a.format.isSigned),
                             resize(builder.sliceable(hint + "_up", carry), width, false));
  return {builder.net(hint + "_rounded", sum, a.format.isSigned),
          {a.format.isSigned, width, fraction}};
}

ExprPtr saturatedUnsigned(const Operand& a, int width) {
  const int top = a.atom->width - (a.format.isSigned ? 1 : 0);  // bits of the magnitude
  ExprPtr value = top == 0       ? literal(0, width)
                  : top <= width ? resize(slice(a.atom, top - 1, 0), width, false)
                                 : slice(a.atom, width - 1, 0);
  if (top > width) {
    const ExprPtr over = unary(Operator::ReduceOr, slice(a.atom, top - 1, width));
    value = conditional(over, repeat(literal(1, 1), width), value);
  }
  return a.format.isSigned ? conditional(bit(a.atom, top), literal(0, width), value) : value;
}

ExprPtr saturatedSigned(ModuleBuilder& builder, const std::string& hint, const Operand& a,
                        int width) {
  const int from = a.atom->width;
  const ExprPtr value = slice(a.atom, width - 1, 0);
  const ExprPtr dropped = slice(a.atom, from - 1, width - 1);  // copies of the sign, if it fits
  if (!a.format.isSigned) {
    const ExprPtr largest = literal(FixedFormat{true, width, 0}.maxRaw(), width);
    return conditional(unary(Operator::ReduceOr, dropped), largest, value);
  }
  const ExprPtr sign = bit(a.atom, from - 1);
  const ExprPtr fits =
      builder.net(hint + "_fits", binary(Operator::Or, unary(Operator::ReduceAnd, dropped),
                                         logicalNot(unary(Operator::ReduceOr, dropped))));
  const ExprPtr limit = width == 1 ? sign : concat({sign, repeat(logicalNot(sign), width - 1)});
  return conditional(fits, value, limit);
}

}  // namespace

ExprPtr lowerRequantize(ModuleBuilder& builder, const std::string& hint, const Operand& a,
                        const FixedFormat& to, Rounding rounding, Overflow overflow) {
  const Operand exact = rounded(builder, hint, a, to.fraction, rounding);
  // Widths alone tell whether every value fits; the exact value may be wider than a raw integer.
  const int needed = exact.atom->width + (to.isSigned && !exact.format.isSigned ? 1 : 0);
  const bool signs = to.isSigned || !exact.format.isSigned;
  if (overflow == Overflow::Wrap || (signs && needed <= to.width)) {
    return resize(exact.atom, to.width, exact.format.isSigned);
  }
  return to.isSigned ? saturatedSigned(builder, hint, exact, to.width)
                     : saturatedUnsigned(exact, to.width);
}

}  // namespace aegen::rtl_gen
