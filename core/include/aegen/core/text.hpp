#pragma once
/// The text form of a Program, and the parser that reads it back to the same Program.
///
///   func @neuron "one dense output" {
///     event %x : u8.7[2]
///     config %w : s6.5[2]
///     %2 : s14.12 = mul %x[0], %w[0]
///     ...
///     output y : u9.8[1] = %9
///   }

#include <string>
#include <string_view>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core {

[[nodiscard]] std::string print(const Program& program);
[[nodiscard]] std::string print(const Function& function);

/// The program of `text`; a diagnostic `ir.syntax` with line and column otherwise. The result is
/// not verified. `parse(print(p)) == p` for every program the verifier accepts.
[[nodiscard]] Result<Program> parse(std::string_view text);

}  // namespace aegen::core
