#pragma once
/// Random functions made of many calls of a few random callees, some waiting for others, and a
/// design around them: what folding is tried on.

#include <cstdint>

#include "aegen/core/design.hpp"

namespace aegen::test_common {

struct RandomFoldOptions {
  int callees = 2;
  int calls = 12;            ///< at most, of all callees together
  int steps = 25;            ///< random steps in each callee
  bool constants = true;     ///< operands may be constants
  bool dependencies = true;  ///< operands may be results of other calls
};

/// A program whose last function, `top`, calls the others (which call nobody).
[[nodiscard]] core::Program randomCalls(std::uint64_t seed, const RandomFoldOptions& options = {});

/// Two such functions one after another, each between registers, a third behind the second without
/// one, and a counter of crossings; settings used in all three. Inputs `charge` (eight values) and
/// `header`; outputs `first`, `second`, `third` and `bx`.
[[nodiscard]] core::Design randomFoldedDesign(std::uint64_t seed, int clocksPerCrossing);

}  // namespace aegen::test_common
