#pragma once
/// Lint by the open tools: Verilator's warnings, all of them and none waived, and Yosys' checks.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::lint {

/// What one tool said of the RTL.
struct ToolLint {
  std::string tool;     ///< the command as it was meant: "verilator --lint-only -Wall"
  std::string version;  ///< of the program
  /// Code "lint.verilator.WIDTHTRUNC" or "lint.yosys.check", place "file:line", the tool's message.
  std::vector<core::Diagnostic> findings;
  double seconds = 0;

  [[nodiscard]] bool ok() const { return findings.empty(); }
};

/// Which RTL: Verilog files and the module on top.
struct RtlSources {
  std::vector<std::filesystem::path> files;
  std::string top;
};

/// The sources of a directory of generated RTL, from its manifest.json. Errors: manifest.*.
[[nodiscard]] core::Result<RtlSources> sourcesOf(const std::filesystem::path& rtl);

/// `verilator --lint-only -Wall`. Warnings and errors are findings. Errors: process.not-found,
/// lint.tool-failed when it fails without saying why.
[[nodiscard]] core::Result<ToolLint> lintWithVerilator(const RtlSources& sources);

/// Yosys: elaborate, `check -assert`; also its warnings while reading. Errors as above.
[[nodiscard]] core::Result<ToolLint> lintWithYosys(const RtlSources& sources);

/// The findings in Verilator's output.
[[nodiscard]] std::vector<core::Diagnostic> parseVerilatorOutput(std::string_view output);
/// The findings in Yosys' log.
[[nodiscard]] std::vector<core::Diagnostic> parseYosysLog(std::string_view log);

}  // namespace aegen::lint
