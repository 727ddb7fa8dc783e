#pragma once
/// What the gates of the cost model compute, gate by gate: they must be the design's.

#include <cstdint>
#include <vector>

#include "aegen/core/gate_module.hpp"

namespace aegen::test_common {

/// Output bits of modules[index] for its input bits, both in port order. Registers hold
/// zeros.
[[nodiscard]] std::vector<bool> gateOutputs(const std::vector<core::GateModule>& modules,
                                            std::size_t index, const std::vector<bool>& inputs);

/// Raw values as the bits of ports, and back.
void appendBits(std::vector<bool>& bits, std::int64_t value, int width);
[[nodiscard]] std::vector<std::int64_t> valuesOf(const core::Function& function,
                                                 const std::vector<bool>& outputs);

}  // namespace aegen::test_common
