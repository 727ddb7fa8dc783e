#pragma once
/// GateRecipe: a truth table as a few operations on words, each bit of which is a lane.

#include <cstdint>
#include <vector>

namespace aegen::sim {

enum class WordOp : std::uint8_t {
  Zero,
  One,
  Not,     ///< ~a
  And,     ///< a & b
  AndNot,  ///< ~a & b
  Or,      ///< a | b
  OrNot,   ///< ~a | b
  Xor,     ///< a ^ b
  Mux,     ///< a ? b : c
};

/// Operands are slots: 0 to 5 the gate's inputs, then the steps' results in order.
struct WordStep {
  WordOp op = WordOp::Zero;
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  std::uint8_t c = 0;
};

inline constexpr std::size_t kFirstStepSlot = 6;
/// Functions of six inputs have at most 1 + 2 + 4 + 8 + 16 + 4 distinct cofactors.
inline constexpr std::size_t kMostSlots = kFirstStepSlot + 36;

struct GateRecipe {
  std::vector<WordStep> steps;
  std::uint8_t result = 0;  ///< slot
};

/// `inputs`: 0 to 6; bits of `table` from 2^inputs on are ignored.
[[nodiscard]] GateRecipe makeRecipe(std::uint64_t table, unsigned inputs);

/// Column k of a truth table of six inputs: bit i is bit k of i.
[[nodiscard]] std::uint64_t tableColumn(unsigned input);

/// The table widened to six inputs, on which it does not depend.
[[nodiscard]] std::uint64_t widenTable(std::uint64_t table, unsigned inputs);

}  // namespace aegen::sim
