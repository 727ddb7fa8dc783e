#pragma once
/// Whole files in and out; what is written appears all at once or not at all.

#include <filesystem>
#include <string>
#include <string_view>

#include "aegen/core/diagnostic.hpp"

namespace aegen::core {

/// The file's bytes. Diagnostic `file.unreadable`.
[[nodiscard]] Result<std::string> readFile(const std::filesystem::path& file);

/// Writes to a temporary beside `file` and renames it; makes the folder. Diagnostic
/// `file.unwritable`; what was there before is then untouched.
[[nodiscard]] Result<void> writeFile(const std::filesystem::path& file, std::string_view text);

}  // namespace aegen::core
