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
  RtlLoadable,   ///< one Verilated chip for all sets, reconfigured through its registers
  RtlHardWired,  ///< a Verilated chip for each set, its weights constants
};
/// "interpreter", "rtl-loadable", "rtl-hard-wired".
[[nodiscard]] std::string_view text(ConformExecutor executor);

struct ConformOptions {
  std::vector<std::string> sets;  ///< empty: every set of the folder
  std::vector<ConformExecutor> executors{ConformExecutor::RtlLoadable};
  std::filesystem::path workDir;  ///< RTL and compiled models, reused when they are the same
  unsigned jobs = 0;              ///< compilations at a time; 0: as many as processors
  std::uint64_t seed = 1;         ///< of what flip-flops hold before reset
  /// What is being done: set, executor, step.
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
  std::optional<core::Diagnostic> problem;  ///< why it could not be run
  bool unsupported =
      false;  ///< its algorithm is one aegen does not generate; not asked for by name
};

/// Runs the sets one after the other; a set that cannot be run does not keep the others from it.
/// Errors, when nothing can be run at all: those of listVectorSets().
[[nodiscard]] core::Result<std::vector<SetResult>> conform(const std::filesystem::path& folder,
                                                           const ConformOptions& options);

/// `{"sets": [{"name", "crossings", "mismatches", "executor", ...}], "mismatches": total}`.
[[nodiscard]] std::string conformJson(const std::vector<SetResult>& results);

/// 0 all identical, 1 a mismatch, 2 or 3 a set that could not be run.
[[nodiscard]] int conformExitCode(const std::vector<SetResult>& results);

}  // namespace aegen::flows
