#pragma once
/// dead_values: takes away values that no output depends on, elements of ports and of signals that
/// nobody reads, and the highest bits of values that nobody looks at, through sums, products,
/// shifts, slices, floors and calls.
///   %3 : u16 = mul %0, %1                    %3 : u5 = mul %0', %1'   (u5 operands)
///   %4 : u17 = add %3, %2             ->     %4 : u5 = add %3, %2'
///   %5 : u3 = slice 2 %4                     %5 : u3 = slice 2 %4
/// Operations then wrap on purpose: the range proof belongs before this pass.

#include "aegen/core/passes/unit.hpp"

namespace aegen::core::passes {

void dropDeadValues(Unit& unit);

}  // namespace aegen::core::passes
