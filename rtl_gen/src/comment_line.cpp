#include "comment_line.hpp"

namespace aegen::rtl_gen {

std::string commentLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  // A backslash at a line's end takes the next line into a C++ comment, blanks after it or not.
  const std::size_t last = line.find_last_not_of(" \\");
  line.resize(last == std::string::npos ? 0 : last + 1);
  return line;
}

}  // namespace aegen::rtl_gen
