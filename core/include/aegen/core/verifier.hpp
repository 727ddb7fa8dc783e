#pragma once
/// The verifier: every rule a Program must obey before anything is made of it.

#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core {

/// All violations, each placed as `function/value`; empty when the program is well formed: operands
/// defined before use, operand counts and signedness as the op table says, fractions related as its
/// rules say, widths 1..kMaxWidth, names unique identifiers, callees defined before callers, values
/// numbered in the order in which they are computed (the text form relies on it).
[[nodiscard]] std::vector<Diagnostic> verify(const Program& program);

/// verify() as a Result: the first violation, with the number of further ones as a note.
[[nodiscard]] Result<void> checkValid(const Program& program);

}  // namespace aegen::core
