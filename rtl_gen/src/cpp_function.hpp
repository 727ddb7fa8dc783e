#pragma once
/// Prints an IR function as a C++17 function on plain integers (used by the SystemC emitter).

#include <set>
#include <string>
#include <string_view>

#include "aegen/core/program.hpp"

namespace aegen::rtl_gen {

/// Whether raw values of `format` are kept in 64 bits (type i64) rather than in 32 (i32).
[[nodiscard]] bool isWide(const core::FixedFormat& format);

/// "i32" or "i64".
[[nodiscard]] std::string_view cppType(const core::FixedFormat& format);

/// `name`, with underscores appended while it is a C++ keyword, an alternative token or in `taken`.
[[nodiscard]] std::string cppIdentifier(std::string_view name,
                                        const std::set<std::string, std::less<>>& taken);

/// The C++ name of an IR function.
[[nodiscard]] std::string cppFunctionName(std::string_view function);

/// The type aliases and helpers that printed functions use; goes once before them.
[[nodiscard]] std::string_view cppFunctionPrelude();

/// An expression that cuts `expression`, an i64, to `format` (core::wrap()) and has its type.
[[nodiscard]] std::string cppWrap(const std::string& expression, const core::FixedFormat& format);

/// A comment line on what the function computes and its formats, and the function. An input port of
/// one element is a parameter by value, of several a pointer; outputs are references and pointers.
[[nodiscard]] std::string printCppFunction(const core::Program& program,
                                           const core::Function& function);

}  // namespace aegen::rtl_gen
