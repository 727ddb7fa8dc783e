#include "config_entries.hpp"

#include <fmt/format.h>

namespace aegen::sim {

using core::Result;

Result<std::vector<aegen_bench::ConfigEntry>> configEntries(const rtl_gen::ModuleManifest& manifest,
                                                            const core::ConfigValues& values) {
  for (const auto& [name, list] : values) {
    if (manifest.findRegister(name) == nullptr) {
      return core::badInput("sim.config-value", "the design has no such configuration field", name);
    }
  }
  std::vector<aegen_bench::ConfigEntry> entries;
  for (const rtl_gen::ManifestRegister& field : manifest.registers) {
    const auto given = values.find(field.field);
    const std::vector<std::int64_t>& list = given == values.end() ? field.reset : given->second;
    if (list.size() != field.count) {
      return core::badInput(
          "sim.config-value",
          fmt::format("the field needs {} values, not {}", field.count, list.size()), field.field);
    }
    const std::uint32_t mask =
        static_cast<std::uint32_t>((std::uint64_t{1} << field.format.width) - 1);
    for (std::uint32_t i = 0; i < field.count; ++i) {
      if (!field.format.range().contains(list[i])) {
        return core::badInput(
            "sim.config-value",
            fmt::format("the value {} is outside {}", list[i], field.format.text()),
            fmt::format("{}[{}]", field.field, i));
      }
      entries.push_back({field.firstAddress + i, static_cast<std::uint32_t>(list[i]) & mask, mask});
    }
  }
  return entries;
}

core::Diagnostic readbackFailed(std::uint64_t failures, std::size_t registers,
                                std::uint32_t address, std::uint32_t expected, std::uint32_t got) {
  return core::checkFailed(
      "sim.config-readback",
      fmt::format("{} of {} registers do not read back what was written; the first gives {:#x} "
                  "instead of {:#x}",
                  failures, registers, got, expected),
      fmt::format("address {:#x}", address));
}

}  // namespace aegen::sim
