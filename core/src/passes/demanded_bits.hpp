#pragma once
/// Demanded bits: which bits of each value anything at the top's outputs depends on.

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "../program_facts.hpp"
#include "aegen/core/passes/unit.hpp"

namespace aegen::core::passes {

/// Bits of a value's raw integer, within its width.
using BitMask = std::uint64_t;
using MaskList = std::vector<BitMask>;

/// The low `bits` bits.
[[nodiscard]] constexpr BitMask lowBits(int bits) {
  return bits >= 64 ? ~BitMask{0} : (BitMask{1} << bits) - 1;
}

/// Walks from the top's outputs, all of whose bits count, back through every call. Whatever changes
/// a value in bits that are not demanded changes no output.
class DemandedBits {
 public:
  /// `facts` are of `unit.program`, run from its top.
  DemandedBits(const Unit& unit, const ProgramFacts& facts);

  /// Of a value at all call sites together; 0: nothing depends on it, or it is a constant, which
  /// whoever uses this puts in its place.
  [[nodiscard]] BitMask of(std::size_t function, ValueId value) const {
    return seen_[function][value];
  }
  /// Of an element of a function's output ports, by what callers do with it.
  [[nodiscard]] BitMask ofOutput(std::size_t function, std::size_t element) const {
    return outputs_[function].empty() ? 0 : outputs_[function][element];
  }

 private:
  struct Hash {
    std::size_t operator()(const MaskList& masks) const;
  };

  const MaskList& walk(std::size_t function, const MaskList& outputs);
  void through(std::size_t function, const Instruction& instruction, MaskList& now);
  void call(std::size_t function, const Instruction& instruction, MaskList& now);
  [[nodiscard]] bool isConstant(std::size_t function, ValueId value) const;

  const Program& program_;
  const ProgramFacts& facts_;
  bool wiring_;
  std::vector<FactList> factsOf_;
  std::vector<MaskList> seen_;
  std::vector<MaskList> outputs_;
  /// Demands on a function's inputs by those on its outputs.
  std::vector<std::unordered_map<MaskList, MaskList, Hash>> done_;
};

}  // namespace aegen::core::passes
