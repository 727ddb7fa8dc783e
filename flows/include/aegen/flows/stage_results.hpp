#pragma once
/// What each stage of a build leaves behind as JSON in the output directory, and what the report is
/// made from: build.json, rtl.json, lint.json, cosim.json, synth.json, timing.json.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/depth.hpp"

namespace aegen::flows {

/// A name and a text: a tool and its version, a tensor and its format.
struct NamedText {
  std::string name;
  std::string text;
  bool operator==(const NamedText&) const = default;
};

/// What was asked for and with what. build.json.
struct BuildInfo {
  std::string design;       ///< name of the design, e.g. econ_t_ae
  std::string description;  ///< one or two sentences a physicist understands
  std::string designFile;   ///< the design.yaml it came from
  std::string aegenVersion;
  std::string revision;  ///< of the repository, empty when unknown
  std::string date;      ///< ISO 8601
  std::string model;     ///< name of the codec
  std::string modelDescription;
  std::string weights;  ///< "loadable" or "hard-wired"
  std::uint64_t seed = 0;
  std::vector<NamedText> formats;  ///< tensor or signal -> fixed-point format
  std::vector<NamedText> options;  ///< further choices of the design
  std::vector<NamedText> tools;    ///< program -> version
  bool operator==(const BuildInfo&) const = default;
};

/// A named check with its outcome.
struct CheckResult {
  std::string name;
  bool ok = false;
  std::vector<std::string> details;  ///< one line each: figures when it holds, findings when not
  bool operator==(const CheckResult&) const = default;
};

/// A stage with a latency that was asked for. Clocks from the chip's input.
struct LatencyResult {
  std::string name;
  int asked = 0;
  int measured = 0;
  bool operator==(const LatencyResult&) const = default;
};

/// What of the chip stands in hardware, before or after a pass: core::passes::PassStatistics.
struct HardwareCount {
  std::uint64_t operations = 0;
  std::uint64_t valueBits = 0;
  std::uint64_t calls = 0;
  std::uint64_t registerBits = 0;
  std::uint64_t functions = 0;
  bool operator==(const HardwareCount&) const = default;
};

/// A pass that ran over the chip (docs/passes.md).
struct PassResult {
  std::string name;
  HardwareCount before;
  HardwareCount after;
  bool keptWiring = false;
  double seconds = 0;
  bool operator==(const PassResult&) const = default;
};

/// rtl.json.
struct RtlResult {
  std::vector<std::string> files;  ///< Verilog and SystemC, relative to the output directory
  std::uint64_t modules = 0;       ///< distinct
  std::uint64_t instances = 0;     ///< in the whole hierarchy
  std::uint64_t lines = 0;         ///< of Verilog
  double seconds = 0;
  std::vector<CheckResult> checks;        ///< verifier, range proof, ...
  std::vector<LatencyResult> milestones;  ///< measured: as planned by construction
  std::vector<PassResult> passes;         ///< in order; none: the chip as written
  bool operator==(const RtlResult&) const = default;
};

/// lint.json: one entry a rule or tool.
struct LintResult {
  std::vector<CheckResult> rules;
  double seconds = 0;
  bool operator==(const LintResult&) const = default;
};

/// Reconstruction quality over some crossings; section 7 of the ECON-T page.
struct MetricSummary {
  std::string label;         ///< "all" or an occupancy bin, e.g. "5-10"
  std::uint64_t events = 0;  ///< that entered the means
  std::uint64_t empty = 0;   ///< with an all-zero side: counted apart
  double emdMean = 0;
  double emdMedian = 0;
  double emdP90 = 0;
  double telescope = 0;  ///< mean
  double response = 0;   ///< mean of sum out over sum in
  bool operator==(const MetricSummary&) const = default;
};

/// One crossing to draw: charges by AE channel.
struct WaferSample {
  std::uint64_t crossing = 0;
  std::vector<double> trueCharge;
  std::vector<double> recoCharge;
  bool operator==(const WaferSample&) const = default;
};

/// cosim.json.
struct CosimResult {
  std::string stimulus;  ///< which file or generator, with its seed
  std::uint64_t crossings = 0;
  std::uint64_t mismatches = 0;
  std::string firstMismatch;  ///< crossing, stage, value and how to reproduce it; empty: none
  std::vector<LatencyResult> latencies;
  MetricSummary overall;
  std::vector<MetricSummary> byOccupancy;
  double crossingsPerSecond = 0;
  double seconds = 0;
  std::vector<WaferSample> wafers;
  bool operator==(const CosimResult&) const = default;
};

/// A module as synthesised once. Areas in the library's unit, um2.
struct SynthModule {
  std::string name;
  std::string kind;             ///< of the manifest: function, state, registers, top; may be empty
  std::uint64_t instances = 1;  ///< in the whole design
  double ownArea = 0;           ///< of its cells
  double area = 0;              ///< with everything below it
  double nand2 = 0;             ///< `area` in NAND2 equivalents
  std::uint64_t ownCells = 0;
  std::uint64_t cells = 0;
  std::uint64_t ownFlipFlops = 0;
  std::uint64_t flipFlops = 0;
  std::map<std::string, std::uint64_t> cellCounts;  ///< own library cells by type
  std::map<std::string, std::uint64_t> children;    ///< instances it holds by module
  LogicDepth depth;
  double seconds = 0;  ///< of the Yosys run that held it, shared by `batch` modules
  std::uint64_t batch = 1;
  bool operator==(const SynthModule&) const = default;
};

/// synth.json. Totals are those of the top module.
struct SynthResult {
  std::string library;      ///< its name
  std::string libraryFile;  ///< and where it is
  std::string tool;         ///< Yosys' version line
  std::string adders;       ///< "cells: FAX1" or "logic"
  std::string top;
  std::vector<SynthModule> modules;  ///< by what all their instances' own cells take, largest first
  double nand2Area = 0;
  double area = 0;
  double nand2 = 0;
  std::uint64_t cells = 0;
  std::uint64_t flipFlops = 0;
  std::uint64_t latches = 0;
  LogicDepth depth;
  unsigned jobs = 1;
  double seconds = 0;
  bool operator==(const SynthResult&) const = default;

  [[nodiscard]] const SynthModule* find(std::string_view module) const;
};

/// A stretch of a timing path within one instance.
struct TimingStep {
  std::string instance;  ///< path of instance names below the top; empty: the top itself
  std::string module;
  std::string what;  ///< the module's comment: layer, neuron, in terms of the model
  int cells = 0;
  double ns = 0;
  bool operator==(const TimingStep&) const = default;
};

/// What OpenSTA finds at one corner.
struct CornerTiming {
  std::string name;
  std::string library;
  double slackNs = 0;     ///< worst setup slack at the period asked for
  double highestMHz = 0;  ///< 1 / (period - slack)
  std::string from, to;   ///< pins or ports where the worst path starts and ends
  std::vector<TimingStep> path;
  double seconds = 0;
  bool operator==(const CornerTiming&) const = default;
};

/// timing.json.
struct TimingResult {
  std::string tool;  ///< OpenSTA's version
  double periodNs = 0;
  double askedMHz = 0;  ///< the clock the design is held to; 0: none, slack is only told
  std::vector<CornerTiming> corners;
  std::uint64_t buffers = 0;  ///< inserted before timing
  std::string bufferCell;
  double bufferArea = 0;
  std::string excluded;    ///< what is not timed, in words
  double modelledMHz = 0;  ///< highest clock of the delay model; 0: not known
  std::string modelledBlock;
  std::string advice;  ///< what would meet the clock, when it is not met
  double seconds = 0;
  bool operator==(const TimingResult&) const = default;
};

/// File name of a stage's result: "synth.json" for SynthResult, and so on.
template <typename Stage>
[[nodiscard]] std::string_view stageFile();

/// The stage as JSON text: `{"stage": ..., "version": 1, ...members}`.
template <typename Stage>
[[nodiscard]] std::string stageJson(const Stage& stage);

/// Inverse of stageJson(); members that are absent keep their defaults. Errors: stage.malformed,
/// stage.version; `where` names the text.
template <typename Stage>
[[nodiscard]] core::Result<Stage> parseStage(std::string_view json, const std::string& where);

/// Writes stageFile() into `directory` (made if absent), to a temporary that is then renamed.
/// Errors: file.unwritable.
template <typename Stage>
[[nodiscard]] core::Result<void> saveStage(const Stage& stage,
                                           const std::filesystem::path& directory);

/// Reads stageFile() from `directory`. Errors: stage.missing and those of parseStage().
template <typename Stage>
[[nodiscard]] core::Result<Stage> loadStage(const std::filesystem::path& directory);

}  // namespace aegen::flows
