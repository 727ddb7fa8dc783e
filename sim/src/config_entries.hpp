#pragma once
/// A configuration as writes to registers.

#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "frames.hpp"

namespace aegen::sim {

/// Every register with the value it is to get; where `values` names no field, its reset value.
/// Error: sim.config-value.
[[nodiscard]] core::Result<std::vector<aegen_bench::ConfigEntry>> configEntries(
    const rtl_gen::ModuleManifest& manifest, const core::ConfigValues& values);

/// The diagnostic sim.config-readback.
[[nodiscard]] core::Diagnostic readbackFailed(std::uint64_t failures, std::size_t registers,
                                              std::uint32_t address, std::uint32_t expected,
                                              std::uint32_t got);

inline constexpr std::uint32_t kResetClocks = 16;
inline constexpr std::uint32_t kDrainClocks = 64;  ///< more than any design's pipeline is deep

}  // namespace aegen::sim
