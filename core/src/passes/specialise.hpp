#pragma once
/// specialiseCalls(): clones of functions for call sites that know more of their arguments.

#include "aegen/core/passes/unit.hpp"

namespace aegen::core::passes {

/// Points calls at clones (the same facts, the same clone) where a function's work, as
/// ProgramFacts::work() has it, is less by a twentieth or more than where it is called anyhow.
/// Gives whether there was one.
bool specialiseCalls(Unit& unit);

}  // namespace aegen::core::passes
