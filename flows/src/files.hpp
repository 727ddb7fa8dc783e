#pragma once
/// Reading and writing whole text files.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// The file's content; empty when it cannot be read.
[[nodiscard]] std::optional<std::string> readText(const std::filesystem::path& file);

/// Writes to a temporary beside `file` and renames it; makes the directory. Errors:
/// stage.unwritable.
[[nodiscard]] core::Result<void> writeText(const std::filesystem::path& file,
                                           std::string_view text);

}  // namespace aegen::flows
