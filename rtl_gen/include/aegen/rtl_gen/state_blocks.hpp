#pragma once
/// The blocks that hold state from crossing to crossing, designed by hand as AST builders: the
/// bunch crossing counter and the output buffer. core::DesignInterpreter is their specification.

#include <cstdint>
#include <string>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::rtl_gen {

/// With several clocks a crossing a state block has one input more, kCrossingEnd: high in the last
/// clock of each crossing, in which alone its state moves on.
inline constexpr const char* kCrossingEnd = "crossing_end";
enum class Pace : std::uint8_t { CrossingAClock, SeveralClocks };

/// Ports clk, rst_n, link_reset, rx_header -> bx (combinational in rx_header).
[[nodiscard]] verilog::Module bxCounterModule(Pace pace);

/// The output buffer and the modules it instantiates, the buffer itself last. Ports clk, rst_n,
/// link_reset and those of core::BufferSizes; `tx` is a register.
///
/// A circular store of banks x rows words, one write and one read port a bank. Position 0 of the
/// queue is the word at the read pointer; the crossing's words are rotated to the banks they fall
/// in, and the words that leave are rotated back. Each slot has a bit that says whether it has been
/// written since it last left, so that nothing else of the store needs a reset. The number of
/// waiting words stops at core::kMostWaitingWords.
[[nodiscard]] std::vector<verilog::Module> outputBufferModules(const std::string& name,
                                                               const core::BufferSizes& sizes,
                                                               Pace pace);

}  // namespace aegen::rtl_gen
