#pragma once
/// The text form of a Program, and the parser that reads it back to the same Program.
///
///   func @neuron "one dense output" {
///     event x : u8.7[2]
///     config w : s6.5[2]
///     %4 prod : s14.12 = mul %0, %2
///     ...
///     output y : u9.8[1] = %9
///   }
///
/// Values are numbered from 0: the elements of the inputs, then the results in order. Attributes
/// stand before operands: `slice 4 %1`, `requantize floor saturate %3`, `call @f %1, %2`,
/// `lookup [1, 2] %0`. `name %0 pedestal` names an input element. `#` starts a comment.

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
