#pragma once
/// What all plots share: texts in scripts, and drawing a script.

#include <filesystem>
#include <string>
#include <string_view>

#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// A text within gnuplot's double quotes.
[[nodiscard]] std::string plotText(std::string_view text);

/// Has gnuplot run `folder`/`stem`.gp, which draws `stem`.svg.tmp; that is renamed to `stem`.svg.
/// Without gnuplot nothing is drawn: the script can be run elsewhere. Diagnostics
/// `plot.gnuplot` when it fails, `file.unwritable`.
[[nodiscard]] core::Result<void> drawPlot(const std::filesystem::path& folder,
                                          const std::string& stem);

}  // namespace aegen::flows
