#pragma once
/// core::requantize() as gates: dropped bits, a rounding increment, an overflow test.

#include <string>

#include "operation_lowering.hpp"

namespace aegen::rtl_gen {

/// `a` in the format `to`; its meaning is core::requantize()'s.
[[nodiscard]] verilog::ExprPtr lowerRequantize(ModuleBuilder& builder, const std::string& hint,
                                               const Operand& a, const core::FixedFormat& to,
                                               core::Rounding rounding, core::Overflow overflow);

}  // namespace aegen::rtl_gen
