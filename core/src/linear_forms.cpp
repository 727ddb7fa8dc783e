#include "linear_forms.hpp"

#include <algorithm>
#include <bit>

namespace aegen::core {
namespace {

// Past these a form is given up: what it stands for is then a leaf, which is always true.
constexpr std::int64_t kLargest = (std::int64_t{1} << 62) - 1;
constexpr std::size_t kMostTerms = 4096;

bool fits(Int128 value) {
  return value >= -kLargest && value <= kLargest;
}

// a + sign * b.
std::optional<LinearForm> combined(const LinearForm& a, const LinearForm& b, int sign) {
  LinearForm out;
  const Int128 constant = Int128{a.constant} + Int128{sign} * b.constant;
  if (!fits(constant)) return std::nullopt;
  out.constant = static_cast<std::int64_t>(constant);
  out.terms.reserve(a.terms.size() + b.terms.size());
  auto left = a.terms.begin();
  auto right = b.terms.begin();
  while (left != a.terms.end() || right != b.terms.end()) {
    const bool fromLeft =
        right == b.terms.end() || (left != a.terms.end() && left->leaf <= right->leaf);
    const bool fromRight =
        left == a.terms.end() || (right != b.terms.end() && right->leaf <= left->leaf);
    const std::uint32_t leaf = fromLeft ? left->leaf : right->leaf;
    Int128 coefficient = 0;
    if (fromLeft) coefficient += (left++)->coefficient;
    if (fromRight) coefficient += Int128{sign} * (right++)->coefficient;
    if (!fits(coefficient)) return std::nullopt;
    if (coefficient != 0) out.terms.push_back({leaf, static_cast<std::int64_t>(coefficient)});
  }
  if (out.terms.size() > kMostTerms) return std::nullopt;
  return out;
}

std::optional<LinearForm> shiftedUp(const LinearForm& form, std::int64_t bits) {
  if (bits < 0 || bits > 61) return std::nullopt;
  return multiply(form, std::int64_t{1} << bits);
}

std::optional<LinearForm> exactlyDown(const LinearForm& form, std::int64_t bits) {
  if (bits > form.trailingZeros()) return std::nullopt;
  return shiftedDown(form, static_cast<int>(bits));
}

}  // namespace

std::optional<std::uint32_t> LinearForm::leaf() const {
  if (terms.size() != 1 || terms[0].coefficient != 1 || constant != 0) return std::nullopt;
  return terms[0].leaf;
}

int LinearForm::trailingZeros() const {
  auto bits = static_cast<std::uint64_t>(constant);
  for (const Term& term : terms) bits |= static_cast<std::uint64_t>(term.coefficient);
  return std::min(63, std::countr_zero(bits));
}

WideInterval rangeOf(const LinearForm& form, std::span<const Interval> leaves) {
  WideInterval out{form.constant, form.constant};
  for (const LinearForm::Term& term : form.terms) {
    const Int128 ends[] = {Int128{leaves[term.leaf].low} * term.coefficient,
                           Int128{leaves[term.leaf].high} * term.coefficient};
    out.low += std::min(ends[0], ends[1]);
    out.high += std::max(ends[0], ends[1]);
  }
  return out;
}

std::optional<LinearForm> add(const LinearForm& a, const LinearForm& b) {
  return combined(a, b, 1);
}

std::optional<LinearForm> subtract(const LinearForm& a, const LinearForm& b) {
  return combined(a, b, -1);
}

std::optional<LinearForm> multiply(const LinearForm& form, std::int64_t factor) {
  if (factor == 0) return LinearForm{};
  LinearForm out = form;
  const auto scale = [factor](std::int64_t& value) {
    const Int128 product = Int128{value} * factor;
    value = fits(product) ? static_cast<std::int64_t>(product) : 0;
    return fits(product);
  };
  bool good = scale(out.constant);
  for (LinearForm::Term& term : out.terms) good = scale(term.coefficient) && good;
  if (!good) return std::nullopt;
  return out;
}

LinearForm shiftedDown(const LinearForm& form, int bits) {
  LinearForm out = form;
  out.constant >>= bits;
  for (LinearForm::Term& term : out.terms) term.coefficient >>= bits;
  return out;
}

std::optional<LinearForm> linearForm(const Instruction& instruction,
                                     std::span<const LinearForm* const> operands,
                                     int operandFraction, int resultFraction) {
  switch (instruction.op) {
    case Op::Const:
      if (!fits(instruction.immediate)) return std::nullopt;
      return LinearForm{{}, instruction.immediate};
    case Op::Add:
      return add(*operands[0], *operands[1]);
    case Op::Sub:
      return subtract(*operands[0], *operands[1]);
    case Op::Mul:
      if (operands[0]->terms.empty()) return multiply(*operands[1], operands[0]->constant);
      if (operands[1]->terms.empty()) return multiply(*operands[0], operands[1]->constant);
      return std::nullopt;
    case Op::ShiftLeft:
      return shiftedUp(*operands[0], instruction.immediate);
    case Op::ShiftRight:
      return exactlyDown(*operands[0], instruction.immediate);
    case Op::Reinterpret:
      return *operands[0];
    case Op::Requantize:
      return resultFraction >= operandFraction
                 ? shiftedUp(*operands[0], resultFraction - operandFraction)
                 : exactlyDown(*operands[0], operandFraction - resultFraction);
    case Op::ShiftLeftBy:
    case Op::ShiftRightBy:
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Not:
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
    case Op::Select:
    case Op::Min:
    case Op::Max:
    case Op::LeadingOne:
    case Op::Lookup:
    case Op::Pick:
    case Op::Slice:
    case Op::Concat:
    case Op::Call:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace aegen::core
