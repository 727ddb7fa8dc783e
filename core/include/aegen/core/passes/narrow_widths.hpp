#pragma once
/// narrow_widths: every value in the narrowest format that its proven interval needs, signed ones
/// that are never negative without their sign, ports of functions and signals of a design too.
///   func @add { event a : u8[2]            func @add { event a : u4[2]
///     %2 : s12 = add %0, %1           ->     %2 : u5 = add %0, %1
///     output y : s12[1] = %2 }               output y : u5[1] = %2 }
/// where all callers pass at most 15. Every raw integer stays what it was.

#include "aegen/core/passes/unit.hpp"

namespace aegen::core::passes {

void narrowWidths(Unit& unit);

}  // namespace aegen::core::passes
