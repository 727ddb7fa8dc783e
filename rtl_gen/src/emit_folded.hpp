#pragma once
/// A folded function (core/fold.hpp) as a module: the shared units with what selects their operands
/// and holds their results.

#include <string>

#include "aegen/core/fold.hpp"
#include "aegen/core/program.hpp"
#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::rtl_gen {

/// `<function>_folded`.
[[nodiscard]] std::string foldedName(const core::FoldPlan& plan);

/// Names of the two ports the module has beside the function's: its clock, and the number of the
/// clock in the crossing. `clk` and `phase` unless the function has ports called so.
struct FoldedPorts {
  std::string clock;
  std::string phase;
};
[[nodiscard]] FoldedPorts foldedPorts(const core::FoldPlan& plan);

/// The module. Its inputs must hold for all phases; its outputs are right in the last one.
[[nodiscard]] verilog::Module emitFolded(const core::Program& program, const core::FoldPlan& plan);

}  // namespace aegen::rtl_gen
