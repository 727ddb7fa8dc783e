#pragma once
/// The command line's common parts: exit codes, progress on a terminal, JSON summaries.

#include <CLI/CLI.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "aegen/core/diagnostic.hpp"
#include "aegen/data/events.hpp"

namespace aegen::tools {

/// Documented exit codes (docs/cli.md): 0 done, then core::Failure.
inline constexpr int kDone = 0;

/// Adds the commands to the program; each stores its exit code when it has run.
void addBuildCommands(CLI::App& app, int& exitCode);    ///< build, rtl, lint, cosim, synth, report
void addBoardCommand(CLI::App& app, int& exitCode);     ///< board
void addConformCommand(CLI::App& app, int& exitCode);   ///< conform
void addCheckCommand(CLI::App& app, int& exitCode);     ///< check
void addEquivCommand(CLI::App& app, int& exitCode);     ///< equiv
void addPowerCommand(CLI::App& app, int& exitCode);     ///< power
void addCompareCommand(CLI::App& app, int& exitCode);   ///< compare
void addImportCommand(CLI::App& app, int& exitCode);    ///< import
void addTrainCommand(CLI::App& app, int& exitCode);     ///< train
void addEstimateCommand(CLI::App& app, int& exitCode);  ///< estimate
void addEvaluateCommand(CLI::App& app, int& exitCode);  ///< evaluate
void addExportCommand(CLI::App& app, int& exitCode);    ///< export
void addGenerateCommand(CLI::App& app, int& exitCode);  ///< generate
void addSplitCommand(CLI::App& app, int& exitCode);     ///< split

/// What a file of events may hold, and the option that says of which modules ePortRX words are.
inline constexpr const char* kEventsHelp =
    "Calibrated charges (CSV, CALQ_0..47 in tc_order, other columns behind) or ePortRX words";
void addDensityOption(CLI::App& command, std::string& density);
/// How the chip reads ePortRX words of that density: channels in input order, calibration 1.
[[nodiscard]] data::InputSettings inputOf(const std::string& density);

/// Shows a diagnostic on standard error and gives its exit code.
int fail(const core::Diagnostic& problem);

/// Writes a JSON summary to a file, "-" being standard output. Nothing for an empty name.
[[nodiscard]] int writeJson(const std::string& file, const std::string& text);

/// Where the compiled models of a command are kept, so that a second run finds them:
/// $XDG_CACHE_HOME/aegen/COMMAND, else ~/.cache/aegen/COMMAND, else in the temporary folder.
[[nodiscard]] std::filesystem::path cacheFolder(std::string_view command);

/// One line that is rewritten while work goes on; on a terminal only.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Shows "text done/total"; at most ten times a second.
  void show(std::string_view text, std::uint64_t done = 0, std::uint64_t total = 0);
  void clear();

 private:
  bool terminal_ = false;
  bool shown_ = false;
  std::string last_;
  std::chrono::steady_clock::time_point when_;
};

}  // namespace aegen::tools
