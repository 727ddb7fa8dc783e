#pragma once
/// What the register map's formats share.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/rtl_gen/manifest.hpp"

namespace aegen::rtl_gen {

/// Consecutive elements of a field with one reset value.
struct ResetRun {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::int64_t value = 0;  ///< raw
};
[[nodiscard]] std::vector<ResetRun> resetRuns(const ManifestRegister& field);

[[nodiscard]] inline int bytesPerValue(const ModuleManifest& manifest) {
  return manifest.configDataWidth / 8;
}

/// The value's own bits, as a register holds them.
[[nodiscard]] std::uint64_t wordOf(std::int64_t raw, const core::FixedFormat& format);

/// How the shadow copy, the commit and the two ports work, one sentence a line.
[[nodiscard]] std::vector<std::string> accessRules(const ModuleManifest& manifest);

/// `where` with every `what` replaced by `with`.
[[nodiscard]] std::string replaceAll(std::string_view where, std::string_view what,
                                     std::string_view with);

}  // namespace aegen::rtl_gen
