#pragma once
/// Builders of legal Verilog expressions: extension, truncation and slicing are explicit and
/// literals fold, so what they return never relies on Verilog's implicit sizing.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::rtl_gen::verilog {

/// The low `width` bits of `value` (1..64 bits).
[[nodiscard]] ExprPtr literal(std::int64_t value, int width, bool isSigned = false);
[[nodiscard]] ExprPtr reference(std::string name, int width, bool isSigned = false);

/// Bits high..low of a Reference, Slice or Literal, or of a concatenation's part that holds them
/// all. Asserts that `atom` is one of these: Verilog slices names only.
[[nodiscard]] ExprPtr slice(const ExprPtr& atom, int high, int low);
[[nodiscard]] inline ExprPtr bit(const ExprPtr& atom, int index) {
  return slice(atom, index, index);
}

/// `atom` brought to `width` bits with its value kept modulo 2^width: sign- or zero-extended as its
/// signedness (or `asSigned`) says, or cut.
[[nodiscard]] ExprPtr resize(const ExprPtr& atom, int width);
[[nodiscard]] ExprPtr resize(const ExprPtr& atom, int width, bool asSigned);

[[nodiscard]] ExprPtr concat(std::vector<ExprPtr> parts);
[[nodiscard]] ExprPtr repeat(const ExprPtr& part, int count);
[[nodiscard]] ExprPtr asSigned(const ExprPtr& expr);

[[nodiscard]] ExprPtr unary(Operator op, const ExprPtr& a);
/// Both operands as wide as each other, except for shifts; comparisons are one bit wide.
[[nodiscard]] ExprPtr binary(Operator op, const ExprPtr& a, const ExprPtr& b);
[[nodiscard]] ExprPtr conditional(const ExprPtr& condition, const ExprPtr& ifOne,
                                  const ExprPtr& ifZero);
/// Both as one bit; literals fold.
[[nodiscard]] ExprPtr logicalAnd(const ExprPtr& a, const ExprPtr& b);
[[nodiscard]] ExprPtr logicalOr(const ExprPtr& a, const ExprPtr& b);
[[nodiscard]] ExprPtr logicalNot(const ExprPtr& a);
[[nodiscard]] ExprPtr element(std::string memory, int width, const ExprPtr& index);
/// The entry at `index`, which is as wide as the table's; folds for a literal.
[[nodiscard]] ExprPtr lookup(const Table& table, const ExprPtr& index);

[[nodiscard]] Statement nonBlocking(ExprPtr target, ExprPtr value);
[[nodiscard]] Statement ifElse(ExprPtr condition, std::vector<Statement> thenBody,
                               std::vector<Statement> elseBody = {});
[[nodiscard]] Statement caseOf(ExprPtr subject, std::vector<CaseArm> arms);

[[nodiscard]] bool isLiteral(const ExprPtr& expr, std::int64_t value);
/// Bits needed to count 0..values-1, at least 1.
[[nodiscard]] int indexWidth(std::uint64_t values);

}  // namespace aegen::rtl_gen::verilog
