#pragma once
/// Verilog expressions of the IR's operations, widths and signs made explicit.

#include <string>
#include <vector>

#include "aegen/core/program.hpp"
#include "module_builder.hpp"

namespace aegen::rtl_gen {

/// An operand: a name or literal, and how its bits are read.
struct Operand {
  verilog::ExprPtr atom;
  core::FixedFormat format;
};

/// The value of `instruction` (any op but Call), `result.width` bits wide. Intermediate wires are
/// added to `builder` under names that start with `hint`.
[[nodiscard]] verilog::ExprPtr lowerOperation(ModuleBuilder& builder, const std::string& hint,
                                              const core::Instruction& instruction,
                                              const std::vector<Operand>& operands,
                                              const core::FixedFormat& result);

}  // namespace aegen::rtl_gen
