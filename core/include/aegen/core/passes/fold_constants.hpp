#pragma once
/// fold_constants: what can be known before any event is computed. Constants through every
/// operation (by the interpreter's arithmetic), comparisons that intervals decide, identities
/// (x + 0, 1 * x, minimum of ranges apart), rounding that drops nothing; and through calls: a call
/// whose arguments are known, or narrower than elsewhere, gets a clone of the function where that
/// saves a part of its work; the same arguments share a clone.
///   %2 : u4 = const 0                          %2 : u4 = const 0
///   %3 : u9 = call @neuron %0, %2, %1   ->     %3 : u9 = call @neuron_2 %0, %2, %1
///   %4 : u9 = min %3, %0                       (and @neuron_2 has no product with its second)
/// A product with a loadable weight vanishes when its charge is 0; the weight stays a register.

#include "aegen/core/passes/unit.hpp"

namespace aegen::core::passes {

void foldConstants(Unit& unit);

}  // namespace aegen::core::passes
