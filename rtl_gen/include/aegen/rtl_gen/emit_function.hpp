#pragma once
/// A Program's functions as Verilog modules: one combinational module a function.

#include "aegen/core/program.hpp"
#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::rtl_gen {

/// The module of one function of a verified program. Ports have the IR's names and carry their
/// elements side by side, element 0 in the lowest bits. Values that no output depends on are left
/// out; calls become instances of the callees' modules.
[[nodiscard]] verilog::Module emitFunction(const core::Program& program,
                                           const core::Function& function);

/// `16 x s6.5 (value = raw * 2^-5)`: what a port or net carries, for comments.
[[nodiscard]] std::string describeFormat(const core::FixedFormat& format, std::uint32_t count);

}  // namespace aegen::rtl_gen
