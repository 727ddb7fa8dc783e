#include "aegen/rtl_gen/verilog_build.hpp"

#include <bit>
#include <cassert>
#include <utility>

namespace aegen::rtl_gen::verilog {

namespace {

ExprPtr make(Expr expr) {
  return std::make_shared<const Expr>(std::move(expr));
}

std::uint64_t mask(int width) {
  return width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
}

bool isComparison(Operator op) {
  return op == Operator::Equal || op == Operator::NotEqual || op == Operator::Less ||
         op == Operator::LessEqual;
}

bool isShift(Operator op) {
  return op == Operator::ShiftLeft || op == Operator::ShiftRight ||
         op == Operator::ShiftRightSigned;
}

// Bit `index` of a two's complement literal, which goes on for ever to the left.
bool literalBit(const Expr& value, int index, bool signedValue) {
  if (index >= value.width) {
    return signedValue && ((value.bits >> (value.width - 1)) & 1U) != 0;
  }
  return ((value.bits >> index) & 1U) != 0;
}

ExprPtr sliceConcat(const Expr& whole, int high, int low) {
  int top = whole.width;
  for (const ExprPtr& part : whole.operands) {
    const int bottom = top - part->width;
    if (high < top && low >= bottom) {
      return slice(part, high - bottom, low - bottom);
    }
    top = bottom;
  }
  assert(false && "a slice across parts of a concatenation needs a net");
  return nullptr;
}

}  // namespace

ExprPtr literal(std::int64_t value, int width, bool isSigned) {
  assert(width >= 1 && width <= 64);
  return make({.kind = ExprKind::Literal,
               .width = width,
               .isSigned = isSigned,
               .bits = static_cast<std::uint64_t>(value) & mask(width)});
}

ExprPtr reference(std::string name, int width, bool isSigned) {
  return make(
      {.kind = ExprKind::Reference, .width = width, .isSigned = isSigned, .name = std::move(name)});
}

ExprPtr slice(const ExprPtr& atom, int high, int low) {
  assert(0 <= low && low <= high && high < atom->width);
  const int width = high - low + 1;
  switch (atom->kind) {
    case ExprKind::Literal:
      return literal(static_cast<std::int64_t>(atom->bits >> low), width);
    case ExprKind::Reference:
      if (width == atom->width) {
        // A bit of a one-bit net cannot be selected, and the name alone would stay signed.
        return atom->isSigned ? concat({atom}) : atom;
      }
      return make(
          {.kind = ExprKind::Slice, .width = width, .name = atom->name, .high = high, .low = low});
    case ExprKind::Slice:
      return make({.kind = ExprKind::Slice,
                   .width = width,
                   .name = atom->name,
                   .high = atom->low + high,
                   .low = atom->low + low});
    case ExprKind::Concat:
      return width == atom->width ? atom : sliceConcat(*atom, high, low);
    case ExprKind::Repeat:
      return repeat(atom->operands[0], width);
    case ExprKind::Element:
    case ExprKind::Lookup:
    case ExprKind::SignCast:
    case ExprKind::Unary:
    case ExprKind::Binary:
    case ExprKind::Conditional:
      break;
  }
  assert(width == atom->width && "only names can be sliced");
  return atom;
}

ExprPtr resize(const ExprPtr& atom, int width) {
  return resize(atom, width, atom->isSigned);
}

ExprPtr resize(const ExprPtr& atom, int width, bool asSignedValue) {
  if (width == atom->width) {
    return atom;
  }
  if (width < atom->width) {
    return slice(atom, width - 1, 0);
  }
  if (atom->kind == ExprKind::Literal && width <= 64) {
    std::uint64_t bits = atom->bits;
    if (literalBit(*atom, atom->width, asSignedValue)) {
      bits |= ~mask(atom->width);
    }
    return literal(static_cast<std::int64_t>(bits), width, atom->isSigned);
  }
  const int more = width - atom->width;
  if (!asSignedValue) {
    return concat({repeat(literal(0, 1), more), atom});
  }
  const ExprPtr sign = bit(atom, atom->width - 1);
  return concat({repeat(sign, more), atom});
}

ExprPtr concat(std::vector<ExprPtr> parts) {
  std::vector<ExprPtr> flat;
  int width = 0;
  for (ExprPtr& part : parts) {
    width += part->width;
    if (part->kind == ExprKind::Concat) {
      flat.insert(flat.end(), part->operands.begin(), part->operands.end());
    } else {
      flat.push_back(std::move(part));
    }
  }
  if (flat.size() == 1 && !flat[0]->isSigned) {
    return flat[0];
  }
  return make({.kind = ExprKind::Concat, .width = width, .operands = std::move(flat)});
}

ExprPtr repeat(const ExprPtr& part, int count) {
  assert(count >= 1);
  if (part->kind == ExprKind::Literal && part->width == 1 && count <= 64) {
    return literal(part->bits == 0 ? 0 : -1, count);
  }
  const bool wrapped = part->kind == ExprKind::Concat && part->operands.size() == 1;
  const ExprPtr inner = wrapped ? part->operands[0] : part;
  if (count == 1) {
    return part;
  }
  return make({.kind = ExprKind::Repeat,
               .width = part->width * count,
               .count = count,
               .operands = {inner}});
}

ExprPtr asSigned(const ExprPtr& expr) {
  if (expr->isSigned) {
    return expr;
  }
  if (expr->kind == ExprKind::Literal) {
    return literal(static_cast<std::int64_t>(expr->bits), expr->width, true);
  }
  return make(
      {.kind = ExprKind::SignCast, .width = expr->width, .isSigned = true, .operands = {expr}});
}

ExprPtr unary(Operator op, const ExprPtr& a) {
  const bool reduces =
      op == Operator::ReduceAnd || op == Operator::ReduceOr || op == Operator::ReduceXor;
  if (reduces && a->width == 1) {
    return a;
  }
  return make({.kind = ExprKind::Unary,
               .width = reduces ? 1 : a->width,
               .isSigned = !reduces && a->isSigned,
               .op = op,
               .operands = {a}});
}

ExprPtr binary(Operator op, const ExprPtr& a, const ExprPtr& b) {
  assert(isShift(op) || a->width == b->width);
  const bool compares = isComparison(op);
  const bool isSignedResult = isShift(op) ? a->isSigned : a->isSigned && b->isSigned;
  return make({.kind = ExprKind::Binary,
               .width = compares ? 1 : a->width,
               .isSigned = !compares && isSignedResult,
               .op = op,
               .operands = {a, b}});
}

ExprPtr conditional(const ExprPtr& condition, const ExprPtr& ifOne, const ExprPtr& ifZero) {
  assert(condition->width == 1 && ifOne->width == ifZero->width);
  if (condition->kind == ExprKind::Literal) {
    return condition->bits != 0 ? ifOne : ifZero;
  }
  return make({.kind = ExprKind::Conditional,
               .width = ifOne->width,
               .isSigned = ifOne->isSigned && ifZero->isSigned,
               .operands = {condition, ifOne, ifZero}});
}

ExprPtr logicalAnd(const ExprPtr& a, const ExprPtr& b) {
  assert(a->width == 1 && b->width == 1);
  if (isLiteral(a, 0) || isLiteral(b, 1)) {
    return a;
  }
  if (isLiteral(b, 0) || isLiteral(a, 1)) {
    return b;
  }
  return binary(Operator::And, a, b);
}

ExprPtr logicalOr(const ExprPtr& a, const ExprPtr& b) {
  assert(a->width == 1 && b->width == 1);
  if (isLiteral(a, 1) || isLiteral(b, 0)) {
    return a;
  }
  if (isLiteral(b, 1) || isLiteral(a, 0)) {
    return b;
  }
  return binary(Operator::Or, a, b);
}

ExprPtr logicalNot(const ExprPtr& a) {
  assert(a->width == 1);
  if (a->kind == ExprKind::Literal) {
    return literal(a->bits == 0 ? 1 : 0, 1);
  }
  return unary(Operator::Not, a);
}

ExprPtr element(std::string memory, int width, const ExprPtr& index) {
  return make(
      {.kind = ExprKind::Element, .width = width, .name = std::move(memory), .operands = {index}});
}

ExprPtr lookup(const Table& table, const ExprPtr& index) {
  assert(index->width == table.indexWidth);
  if (index->kind == ExprKind::Literal) {
    return index->bits < table.entries.size() ? table.entries[static_cast<std::size_t>(index->bits)]
                                              : literal(0, table.width, table.isSigned);
  }
  return make({.kind = ExprKind::Lookup,
               .width = table.width,
               .isSigned = table.isSigned,
               .name = table.name,
               .operands = {index}});
}

Statement nonBlocking(ExprPtr target, ExprPtr value) {
  assert(target->width == value->width);
  Statement statement;
  statement.kind = StatementKind::NonBlocking;
  statement.target = std::move(target);
  statement.value = std::move(value);
  return statement;
}

Statement ifElse(ExprPtr condition, std::vector<Statement> thenBody,
                 std::vector<Statement> elseBody) {
  Statement statement;
  statement.kind = StatementKind::If;
  statement.value = std::move(condition);
  statement.thenBody = std::move(thenBody);
  statement.elseBody = std::move(elseBody);
  return statement;
}

Statement caseOf(ExprPtr subject, std::vector<CaseArm> arms) {
  Statement statement;
  statement.kind = StatementKind::Case;
  statement.value = std::move(subject);
  statement.arms = std::move(arms);
  return statement;
}

bool isLiteral(const ExprPtr& expr, std::int64_t value) {
  return expr->kind == ExprKind::Literal &&
         expr->bits == (static_cast<std::uint64_t>(value) & mask(expr->width));
}

int indexWidth(std::uint64_t values) {
  return values <= 2 ? 1 : static_cast<int>(std::bit_width(values - 1));
}

}  // namespace aegen::rtl_gen::verilog
