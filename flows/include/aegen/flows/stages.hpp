#pragma once
/// The stages of a build: RTL, lint, co-simulation, synthesis, timing, report. Each leaves its
/// results in the output folder and is not repeated while what it depends on is the same.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/design_spec.hpp"
#include "aegen/flows/power.hpp"
#include "aegen/flows/stage_results.hpp"

namespace aegen::flows {

enum class Stage : std::uint8_t { Rtl, Lint, Cosim, Synth, Timing, Report };
/// "rtl", "lint", "cosim", "synth", "timing", "report".
[[nodiscard]] std::string_view text(Stage stage);

/// How far a stage is; `total` is 0 while that is not known.
using StageProgress = std::function<void(Stage stage, std::string_view step, std::uint64_t done,
                                         std::uint64_t total)>;

struct StageOptions {
  std::filesystem::path out = "out";
  std::uint64_t seed = 1;         ///< of generated events and of what flip-flops hold before reset
  unsigned jobs = 0;              ///< 0: as many as processors
  bool force = false;             ///< do again what is up to date
  std::filesystem::path liberty;  ///< overrides the design's
  std::optional<MultiplierStyle> multipliers;  ///< likewise
  std::vector<Corner> corners;                 ///< override the design's
  StageProgress progress;                      ///< may be empty
};

/// Crossings to look at in a co-simulation of its own; a build looks at all and traces nothing.
struct CosimWindow {
  std::uint64_t from = 0;
  std::uint64_t count = 0;      ///< 0: to the end
  std::filesystem::path trace;  ///< FST of these crossings
  /// `SIGNAL:ELEMENT:BIT:CROSSING` whose captured bit is inverted, to see the scoreboard notice.
  std::string fault;
  [[nodiscard]] bool whole() const {
    return from == 0 && count == 0 && trace.empty() && fault.empty();
  }
};

/// What is asked of Build::power().
struct PowerRequest {
  PowerOptions options;
  bool glitches = false;       ///< also with unit delays
  std::filesystem::path saif;  ///< the busy activity; empty: none
};

struct CosimRequest;

/// How a stage ended.
struct StageOutcome {
  Stage stage = Stage::Rtl;
  bool passed = false;
  bool reused = false;                ///< it was up to date
  std::vector<std::string> findings;  ///< what failed, a line each
  std::string summary;                ///< one line for a terminal
  std::string json;                   ///< the stage's result file
};

/// The build of one design in one output folder:
///   rtl/        Verilog, rtl.f, manifest.json, program.air (the IR's text form)
///   decoder/    decode_<encoder>.hpp (SystemC, settings as inputs); board_decoder.hpp and
///               decoder.air: of the encoder chosen at reset, its settings fixed
///   *.json      one result a stage; report.json, report.html
///   work/       logs, compiled models, netlists
class Build {
 public:
  /// Reads the model and builds design and decoder.
  [[nodiscard]] static core::Result<Build> open(const DesignSpec& spec,
                                                const StageOptions& options);

  /// Runs a stage, and before it those it needs. A failed check is an outcome, not an error.
  [[nodiscard]] core::Result<StageOutcome> run(Stage stage);
  /// A co-simulation of some crossings; its result is not kept.
  [[nodiscard]] core::Result<StageOutcome> cosimulate(const CosimWindow& window);
  /// The mapped gates in place of the RTL, synthesised first unless they are up to date: crossings
  /// in up to `lanes` streams side by side. Its result is not kept.
  [[nodiscard]] core::Result<StageOutcome> cosimulateNetlist(const CosimWindow& window,
                                                             unsigned lanes);

  /// Energy per crossing of the mapped gates, synthesised first unless they are up to date; also
  /// written to power.json in the output folder.
  [[nodiscard]] core::Result<PowerResult> power(const PowerRequest& request, unsigned lanes);

  [[nodiscard]] const DesignBundle& bundle() const { return bundle_; }
  /// Whether RTL has been generated and written: without it no other stage can run.
  [[nodiscard]] bool hasRtl() const { return rtl_.has_value(); }

 private:
  Build(DesignBundle bundle, StageOptions options);

  core::Result<StageOutcome> rtl();
  core::Result<StageOutcome> lint();
  core::Result<StageOutcome> cosim(const CosimWindow& window);
  [[nodiscard]] CosimRequest cosimRequest(const CosimWindow& window) const;
  [[nodiscard]] CosimRequest netlistRequest(const CosimWindow& window, unsigned lanes) const;
  core::Result<StageOutcome> synth();
  core::Result<StageOutcome> timing();
  core::Result<StageOutcome> report();
  core::Result<void> writeOutputs();
  [[nodiscard]] BuildInfo info() const;
  void say(Stage stage, std::string_view step, std::uint64_t done = 0,
           std::uint64_t total = 0) const;
  /// What a stage's result depends on: the design first, then options and tools, a digest a line.
  [[nodiscard]] std::string key(Stage stage) const;
  [[nodiscard]] std::string designDigest() const;
  [[nodiscard]] std::filesystem::path keyFile(Stage stage) const;
  /// Takes away what another design left in the output folder.
  void dropStale() const;
  void drop(Stage stage) const;
  template <typename StageFile>
  [[nodiscard]] bool upToDate(Stage stage, StageFile& stored) const;
  core::Result<void> remember(Stage stage) const;

  DesignBundle bundle_;
  StageOptions options_;
  std::optional<RtlResult> rtl_;             ///< once generated
  std::string rtlText_;                      ///< all generated Verilog
  std::string decoderText_;                  ///< the SystemC header; empty without a decoder
  std::vector<NamedText> linkDecoderTexts_;  ///< one header an encoder held, by file name
};

}  // namespace aegen::flows
