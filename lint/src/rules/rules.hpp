#pragma once
/// The rules' functions; rtl_rules.cpp has the table that says what each is for.

#include <vector>

#include "../module_facts.hpp"
#include "aegen/lint/rtl_rules.hpp"

namespace aegen::lint::rules {

/// Each takes a design's modules, callees first and the top last, and names every place that breaks
/// it.
[[nodiscard]] std::vector<Finding> registeredOutputs(Modules modules);
[[nodiscard]] std::vector<Finding> undriven(Modules modules);
[[nodiscard]] std::vector<Finding> multiplyDriven(Modules modules);
[[nodiscard]] std::vector<Finding> widthMismatch(Modules modules);
[[nodiscard]] std::vector<Finding> resetCoverage(Modules modules);
[[nodiscard]] std::vector<Finding> unused(Modules modules);

}  // namespace aegen::lint::rules
