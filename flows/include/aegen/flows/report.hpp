#pragma once
/// The report of a build: report.json for programs and report.html, one self-contained page, for
/// people; made from whatever stages have left results, and saying which have not.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/stage_results.hpp"

namespace aegen::flows {

/// A corner or centre on the wafer, in any unit, y up.
struct ReportPoint {
  double x = 0;
  double y = 0;
};

/// Everything a report is made of. Absent stages are said to be missing.
struct ReportInputs {
  std::optional<BuildInfo> build;
  std::optional<RtlResult> rtl;
  std::optional<LintResult> lint;
  std::optional<CosimResult> cosim;
  std::optional<SynthResult> synth;
  std::optional<TimingResult> timing;  ///< only of designs that were timed
  /// Outline of each trigger cell by AE channel, for the wafers.
  std::vector<std::vector<ReportPoint>> cells;
};

enum class CheckStatus : std::uint8_t { Pass, Fail, Missing };
[[nodiscard]] std::string_view text(CheckStatus status);

/// A line of the list of checks.
struct ReportCheck {
  std::string stage;  ///< rtl, lint, cosim, synth
  std::string name;
  CheckStatus status = CheckStatus::Missing;
  std::vector<std::string> details;
};

/// All checks of the stages that ran, and one missing entry for each that did not.
[[nodiscard]] std::vector<ReportCheck> checksOf(const ReportInputs& inputs);

/// The stage files of `directory`, with the wafer's geometry. A missing stage file is no error, a
/// malformed one is: stage.malformed, stage.version.
[[nodiscard]] core::Result<ReportInputs> loadReportInputs(const std::filesystem::path& directory);

/// `{"format": "aegen-report", "version": 1, "verdict", "checks", "missing", stages...}`.
[[nodiscard]] std::string reportJson(const ReportInputs& inputs);

/// One HTML page with inline style and drawings; refers to nothing on the network.
[[nodiscard]] std::string reportHtml(const ReportInputs& inputs);

/// Writes report.json and report.html into `directory` from its stage files; gives report.json's
/// text.
[[nodiscard]] core::Result<std::string> writeReport(const std::filesystem::path& directory);

}  // namespace aegen::flows
