#pragma once
/// Keeps what users say in comments from becoming code.

#include <string>
#include <string_view>

namespace aegen::rtl_gen {

/// `text` as one line that can stand behind `//` in Verilog and C++: line ends and other control
/// characters become blanks, and nothing at its end joins it to the next line.
[[nodiscard]] std::string commentLine(std::string_view text);

}  // namespace aegen::rtl_gen
