#pragma once
/// Text of Verilog modules: Verilog-2005 that Verilator, Yosys 0.23 and Icarus read alike.

#include <string>

#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::rtl_gen::verilog {

/// The source file of one module, at most about 100 columns wide.
[[nodiscard]] std::string print(const Module& module);
/// One expression as it stands in the source.
[[nodiscard]] std::string print(const Expr& expr);

}  // namespace aegen::rtl_gen::verilog
