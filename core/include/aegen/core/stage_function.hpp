#pragma once
/// Stages: a function cut at values into functions that do its work one clock after another.
///
///   func @f { event x : u8[2]; %2 = mul %0, %1; %3 = add %2, %0; output y = %3 }
/// in two stages, with the product and one operand carried over:
///   func @f_s0 { event x : u8[2]; %2 = mul %0, %1; output cut0_u16 = %2; output cut0_u8 = %0
///   } func @f_s1 { event cut0_u16 : u16[1]; event cut0_u8 : u8[1]; %2 = add %0, %1; output
///   y = %2 }

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/delay_model.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core {

/// Which stage each instruction of a function is in: none earlier than what its operands come from.
/// Constants are made wherever they are used, whatever is said of them.
struct StagePlan {
  int stages = 1;
  std::vector<int> stage;          ///< by instruction
  std::uint64_t registerBits = 0;  ///< that carry values from stage to stage
  double longest = 0;              ///< ns of logic in the slowest stage
};

/// What a plan is to keep to.
struct StageGoal {
  double longest = 0;               ///< ns of logic in a stage
  int stages = 0;                   ///< 0: as few as there can be
  std::vector<BitArrivals> inputs;  ///< arrivals of the input elements; empty: out of registers
};

/// The plan with few register bits among those whose stages keep to the goal: the best of cuts
/// through all paths at one depth each, then values moved to later stages while that saves bits.
/// Empty when one operation alone takes longer, or more stages are needed. Deterministic.
[[nodiscard]] std::optional<StagePlan> planStages(ArrivalAnalysis& analysis,
                                                  const Function& function, const StageGoal& goal);

/// The function's stages NAME_s0, NAME_s1, ... in order. A value carried over a cut is an element
/// of the port `cutK_FORMAT` behind stage K. The first stage has the function's event inputs, the
/// last its outputs; settings are inputs of the stages that use them.
[[nodiscard]] std::vector<Function> stageFunctions(const Function& function, const StagePlan& plan);

}  // namespace aegen::core
