#pragma once
/// Prints an IR function as a C++17 function on plain integers (used by the SystemC emitter).

#include <string>

#include "aegen/core/program.hpp"

namespace aegen::rtl_gen {

/// A comment line on what the function computes and its formats, and the function. An input port of
/// one element is a parameter by value, of several a pointer; outputs are references and pointers.
/// What it refers to is cppFunctionPrelude().
[[nodiscard]] std::string printCppFunction(const core::Program& program,
                                           const core::Function& function);

}  // namespace aegen::rtl_gen
