#pragma once
/// bindConfig(): a function with its configuration fixed.

#include <string>
#include <string_view>

#include "aegen/core/design.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core {

/// Appends a function `name` to `program` that calls `function` with constants in place of its
/// Config ports; event inputs and outputs keep names, formats and order. Every Config port must be
/// in `values` with as many values as it has elements; they are wrapped into its format. Before and
/// after:
///   func @decode { event tx : u32[2]  config drop : u4[1] ... }
///   func @fixed { event tx : u32[2]  %2 : u4 = const 3  %3 = call @decode %0, %1, %2 ... }
void bindConfig(Program& program, std::string_view function, const ConfigValues& values,
                std::string name);

}  // namespace aegen::core
