#pragma once
/// Conformance of the ECON-T design with the chip's vector sets.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// What computes the eTX words.
enum class ConformExecutor : std::uint8_t {
  Interpreter,
  RtlLoadable,   ///< one Verilated chip of all encoders, reconfigured through its registers
  RtlHardWired,  ///< a Verilated chip of the set's encoder alone, its weights constants
};
/// "interpreter", "rtl-loadable", "rtl-hard-wired".
[[nodiscard]] std::string_view text(ConformExecutor executor);

struct ConformOptions {
  std::vector<std::string> sets;  ///< empty: every set of the folder
  std::vector<ConformExecutor> executors{ConformExecutor::RtlLoadable};
  std::filesystem::path workDir;  ///< RTL and compiled models, reused when they are the same
  unsigned jobs = 0;              ///< sets or compilations at a time; 0: as many as processors
  bool serial = false;            ///< reach the registers over I2C, not over the parallel port
  std::uint64_t seed = 1;         ///< of what flip-flops hold before reset
  /// What is being done: set and step. Called by one thread at a time.
  std::function<void(std::string_view set, std::string_view step)> progress;
};

/// A word that differs.
struct WordMismatch {
  std::uint64_t crossing = 0;
  int etx = 0;
  std::uint32_t expected = 0;
  std::uint32_t got = 0;
};

/// One set on one executor.
struct SetResult {
  std::string name;
  std::string algorithm;
  std::string executor;
  std::uint64_t crossings = 0;
  std::uint64_t mismatches = 0;  ///< crossings with a wrong eTX word
  std::optional<WordMismatch> first;
  std::vector<std::string> contradictions;  ///< of its settings: why the chip cannot send much
  std::optional<core::Diagnostic> problem;  ///< why it could not be run
};

/// Runs the sets, options.jobs at a time, each with a process of its own of the one compiled chip;
/// a set that cannot be run does not keep the others from it. Results are in the order of executors
/// and sets. Errors, when nothing can be run at all: those of listVectorSets().
[[nodiscard]] core::Result<std::vector<SetResult>> conform(const std::filesystem::path& folder,
                                                           const ConformOptions& options);

/// `{"sets": [{"name", "crossings", "mismatches", "executor", ...}], "mismatches": total}`.
[[nodiscard]] std::string conformJson(const std::vector<SetResult>& results);

/// 0 all identical, 1 a mismatch, 2 or 3 a set that could not be run.
[[nodiscard]] int conformExitCode(const std::vector<SetResult>& results);

}  // namespace aegen::flows
