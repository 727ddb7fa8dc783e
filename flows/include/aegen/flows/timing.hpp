#pragma once
/// Static timing of a mapped netlist with OpenSTA: slack, highest clock and worst path at each
/// corner, the path said in terms of the model; and the delay model fitted to a library.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "aegen/core/delay_model.hpp"
#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/liberty.hpp"
#include "aegen/flows/stage_results.hpp"

namespace aegen::flows {

/// The clock when none is asked for: a crossing every 25 ns.
inline constexpr double kLhcClockMHz = 40;

/// The model's delays from a library's tables: each part with the load and slew that mapped logic
/// gives it. Errors: liberty.no-units, liberty.no-timing.
[[nodiscard]] core::Result<core::DelayModel> fitDelayModel(const Liberty& library);

struct TimingOptions {
  std::filesystem::path netlist;  ///< folder of the synthesis' `batch_*.json`
  std::string top;
  std::vector<Corner> corners;  ///< the first maps; never empty
  double periodNs = 25;
  std::string clock = "clk";       ///< ports of the top
  std::vector<std::string> quiet;  ///< inputs that do not change while data flows, e.g. resets
  /// Modules left out, what they drive taken as settled: the register file.
  std::vector<std::string> settled;
  /// Largest load of a net before buffers are put in, in inputs of the smallest inverter.
  double mostLoad = 24;
  std::filesystem::path workDirectory;  ///< buffered netlist, script and log; created
  double timeoutSeconds = 1800;
};

/// Inserts buffers, runs OpenSTA at every corner. Errors: liberty.*, netlist.*, process.not-found,
/// timing.sta-failed, timing.timeout, timing.no-paths, file.unwritable.
[[nodiscard]] core::Result<TimingResult> analyseTiming(const TimingOptions& options);

/// The same for a synthesised directory of generated RTL: top, register file and pins are those of
/// its manifest.json, modules on the path get their comments. Errors: also manifest.*.
[[nodiscard]] core::Result<TimingResult> analyseTimingDirectory(const std::filesystem::path& rtl,
                                                                TimingOptions options);

}  // namespace aegen::flows
