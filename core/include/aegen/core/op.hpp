#pragma once
/// The operations of the scalar IR. One table drives the enum, the text form, the verifier and
/// docs/ir.md; every executor's switch over Op is without default, so the compiler lists what a
/// new row leaves undone.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aegen::core {

/// Rows: X(enumerator, mnemonic, operands, fraction rule, meaning).
/// `operands`: a count, or -1 for "one or more". Raw integers; "fits" means: computed exactly, then
/// the low bits of the result's width are kept (the range analysis proves that nothing is lost).
/// Fraction rules: Same = operands and result share it, Sum = result has the sum of the operands',
/// Free = the op ignores it (Compare results, indices and bit strings have fraction 0).
#define AEGEN_OPS(X)                                                                             \
  X(Const, "const", 0, Free, "the immediate")                                                    \
  X(Add, "add", 2, Same, "a + b, fits")                                                          \
  X(Sub, "sub", 2, Same, "a - b, fits")                                                          \
  X(Mul, "mul", 2, Sum, "a * b, fits")                                                           \
  X(ShiftLeft, "shl", 1, Same, "a * 2^immediate, fits")                                          \
  X(ShiftRight, "shr", 1, Same, "floor(a / 2^immediate), fits")                                  \
  X(ShiftLeftBy, "shlv", 2, Free, "a * 2^b, b unsigned, fits; fraction of a")                    \
  X(ShiftRightBy, "shrv", 2, Free, "floor(a / 2^b), b unsigned, fits; fraction of a")            \
  X(Reinterpret, "reinterpret", 1, Free, "the raw integer a read in the result's format, fits")  \
  X(And, "and", 2, Free, "bitwise and of unsigned values of the result's width")                 \
  X(Or, "or", 2, Free, "bitwise or of unsigned values of the result's width")                    \
  X(Xor, "xor", 2, Free, "bitwise exclusive or of unsigned values of the result's width")        \
  X(Not, "not", 1, Free, "bitwise complement of an unsigned value of the result's width")        \
  X(Equal, "eq", 2, Free, "1 if a = b, else 0; operands share a fraction")                       \
  X(Less, "lt", 2, Free, "1 if a < b, else 0; operands share a fraction")                        \
  X(LessEqual, "le", 2, Free, "1 if a <= b, else 0; operands share a fraction")                  \
  X(Select, "select", 3, Free, "b if the bit a is 1, else c; b, c, result share a fraction")     \
  X(Min, "min", 2, Same, "the smaller, fits")                                                    \
  X(Max, "max", 2, Same, "the larger, fits")                                                     \
  X(LeadingOne, "leading_one", 1, Free, "floor(log2 a) of an unsigned a; 0 for 0")               \
  X(Requantize, "requantize", 1, Free, "a in the result's format: core::requantize()")           \
  X(Lookup, "lookup", 1, Free, "table[a], 0 past its end; a unsigned")                           \
  X(Pick, "pick", -1, Free, "operand a+1 of those after a, 0 past the end; a unsigned")          \
  X(Slice, "slice", 1, Free,                                                                     \
    "bits immediate+width-1..immediate of a's two's complement, unsigned")                       \
  X(Concat, "concat", -1, Free, "unsigned operands side by side, the first in the highest bits") \
  X(Call, "call", -1, Free, "results of a function; operands are its input elements in order")

enum class Op : std::uint8_t {
#define AEGEN_OP_ENUM(name, ...) name,
  AEGEN_OPS(AEGEN_OP_ENUM)
#undef AEGEN_OP_ENUM
};

/// How fractions of operands and result must relate (see AEGEN_OPS).
enum class FractionRule : std::uint8_t { Same, Sum, Free };

/// A row of the op table.
struct OpInfo {
  Op op;
  std::string_view mnemonic;
  int operands;  ///< -1: one or more
  FractionRule fractions;
  std::string_view meaning;
};

/// All rows, indexed by the enumerator.
inline constexpr auto kOpTable = std::to_array<OpInfo>({
#define AEGEN_OP_ROW(name, mnemonic, operands, rule, meaning) \
  {Op::name, mnemonic, operands, FractionRule::rule, meaning},
    AEGEN_OPS(AEGEN_OP_ROW)
#undef AEGEN_OP_ROW
});

[[nodiscard]] constexpr const OpInfo& info(Op op) {
  return kOpTable[static_cast<std::size_t>(op)];
}
/// The op whose mnemonic is `text`; empty when there is none.
[[nodiscard]] std::optional<Op> parseOp(std::string_view text);

}  // namespace aegen::core
