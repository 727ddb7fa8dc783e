#pragma once
/// Where a decoder's output ports are among the rows of its outputs.

#include <cstddef>
#include <string_view>

#include "aegen/core/program.hpp"

namespace aegen::flows {

/// Row of the first element of `port`; the number of rows when there is no such port.
[[nodiscard]] inline std::size_t outputAt(const core::Function& decoder, std::string_view port) {
  std::size_t at = 0;
  for (const core::Port& output : decoder.outputs) {
    if (output.name == port) break;
    at += output.count;
  }
  return at;
}

}  // namespace aegen::flows
