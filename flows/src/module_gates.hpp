#pragma once
/// The gates of generated Verilog modules that are no functions of the program: state blocks,
/// registers, the top.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "aegen/core/gate_module.hpp"
#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::flows {

/// Gates of `module`. `library` holds what it has instances of, and `place` says where in the list
/// of gate modules each stands. Memories are registers with their decoders, as `memory_map` makes
/// them.
[[nodiscard]] core::GateModule gatesOf(const rtl_gen::verilog::Module& module,
                                       const std::vector<rtl_gen::verilog::Module>& library,
                                       const std::unordered_map<std::string, std::uint32_t>& place);

}  // namespace aegen::flows
