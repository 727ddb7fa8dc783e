#include "gate_recipe.hpp"

#include <array>
#include <cassert>
#include <map>

namespace aegen::sim {

namespace {

constexpr std::array<std::uint64_t, 6> kColumns = {0xAAAAAAAAAAAAAAAA, 0xCCCCCCCCCCCCCCCC,
                                                   0xF0F0F0F0F0F0F0F0, 0xFF00FF00FF00FF00,
                                                   0xFFFF0000FFFF0000, 0xFFFFFFFF00000000};
constexpr std::uint64_t kAll = ~std::uint64_t{0};

/// Shannon's expansion on the highest input, equal cofactors shared.
class Expansion {
 public:
  explicit Expansion(GateRecipe& recipe) : recipe_(recipe) {}

  std::uint8_t slotOf(std::uint64_t table) {
    const auto known = slots_.find(table);
    if (known != slots_.end()) return known->second;
    const std::uint8_t slot = expand(table);
    slots_.emplace(table, slot);
    return slot;
  }

 private:
  std::uint8_t step(WordOp op, std::uint8_t a = 0, std::uint8_t b = 0, std::uint8_t c = 0) {
    recipe_.steps.push_back({op, a, b, c});
    assert(kFirstStepSlot + recipe_.steps.size() <= kMostSlots);
    return static_cast<std::uint8_t>(kFirstStepSlot + recipe_.steps.size() - 1);
  }

  std::uint8_t expand(std::uint64_t table) {
    if (table == 0) return step(WordOp::Zero);
    if (table == kAll) return step(WordOp::One);
    for (unsigned input = 0; input < kColumns.size(); ++input) {
      if (table == kColumns[input]) return static_cast<std::uint8_t>(input);
    }
    if (const auto inverse = slots_.find(~table); inverse != slots_.end()) {
      return step(WordOp::Not, inverse->second);
    }
    std::uint8_t input = 5;
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    for (;; --input) {
      const unsigned width = 1U << input;
      const std::uint64_t column = kColumns[input];
      low = table & ~column;
      low |= low << width;
      high = table & column;
      high |= high >> width;
      if (low != high) break;
    }
    if (low == ~high) {
      if (low == 0) return input;
      if (low == kAll) return step(WordOp::Not, input);
      return step(WordOp::Xor, input, slotOf(low));
    }
    if (low == 0) return step(WordOp::And, input, slotOf(high));
    if (high == 0) return step(WordOp::AndNot, input, slotOf(low));
    if (high == kAll) return step(WordOp::Or, input, slotOf(low));
    if (low == kAll) return step(WordOp::OrNot, input, slotOf(high));
    const std::uint8_t whenHigh = slotOf(high);
    return step(WordOp::Mux, input, whenHigh, slotOf(low));
  }

  GateRecipe& recipe_;
  std::map<std::uint64_t, std::uint8_t> slots_;
};

}  // namespace

std::uint64_t tableColumn(unsigned input) {
  return kColumns[input];
}

std::uint64_t widenTable(std::uint64_t table, unsigned inputs) {
  for (unsigned input = inputs; input < kColumns.size(); ++input) {
    const unsigned width = 1U << input;
    table &= (std::uint64_t{1} << width) - 1;
    table |= table << width;
  }
  return table;
}

GateRecipe makeRecipe(std::uint64_t table, unsigned inputs) {
  assert(inputs <= kColumns.size());
  GateRecipe recipe;
  recipe.result = Expansion(recipe).slotOf(widenTable(table, inputs));
  return recipe;
}

}  // namespace aegen::sim
