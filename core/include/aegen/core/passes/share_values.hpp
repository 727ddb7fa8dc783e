#pragma once
/// share_values: computes once what is computed twice in a function: the same operation of the
/// same operands (in either order where that does not matter), a comparison and its opposite, calls
/// of one function with the same arguments, inputs that all callers give the same value; and keeps
/// one of functions that are the same.
///   %2 : u1 = lt %0, %1                        %2 : u1 = lt %0, %1
///   %3 : u1 = le %1, %0                 ->     %3 : u1 = not %2
///   %4 : u1 = lt %0, %1                        (uses of %4 are uses of %2)

#include "aegen/core/passes/unit.hpp"

namespace aegen::core::passes {

void shareValues(Unit& unit);

}  // namespace aegen::core::passes
