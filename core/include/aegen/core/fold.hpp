#pragma once
/// Folding: a function computed in the clocks of a crossing instead of at once. Calls of the same
/// callee share copies of it, each copy computing one call a clock from operands that the clock's
/// number (the phase) selects.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core {

/// No call: a phase in which a unit's result is not used.
inline constexpr std::size_t kNoCall = static_cast<std::size_t>(-1);

/// One copy of a callee and what it computes.
struct FoldUnit {
  std::string callee;
  std::vector<std::size_t> calls;  ///< by phase: index of the Call instruction, or kNoCall
};

/// How a function is computed in `phases` clocks.
///
/// The function's inputs hold for all phases. What is not shared is combinational. The result of a
/// call of phase p < phases - 1 is stored at the end of p and holds until p of the next crossing;
/// one of the last phase is used as it comes. A shared call whose operands depend on another's
/// result is of a later phase. So the outputs are right in the last phase.
struct FoldPlan {
  int phases = 1;
  Function function;  ///< what is folded: callees that only hid calls are written out in it
  std::vector<FoldUnit> units;
  double gates = 0;        ///< estimated, folded
  double gatesAtOnce = 0;  ///< estimated, as a combinational function

  [[nodiscard]] double saved() const { return gatesAtOnce - gates; }
};

/// A schedule of `function` over `phases` clocks by list scheduling from the last phase to the
/// first, with as few units as the phases and the dependencies allow. Callees whose sharing would
/// not pay for its multiplexers and registers are left as they are. Nothing when none pays.
/// Deterministic.
[[nodiscard]] std::optional<FoldPlan> planFold(const Program& program, const Function& function,
                                               int phases);

/// A plan for each block of the design that is folded over design.clocksPerCrossing clocks, nothing
/// for the others. A folded block's inputs must hold for the whole crossing, so no folded block is
/// combinationally behind another; where only one of them can be, it is the one that saves more.
[[nodiscard]] std::vector<std::optional<FoldPlan>> foldBlocks(const Design& design);

/// `function` with every call of one of `callees` replaced by the callee's instructions.
[[nodiscard]] Function inlineCalls(const Program& program, const Function& function,
                                   const std::vector<std::string>& callees);

}  // namespace aegen::core
