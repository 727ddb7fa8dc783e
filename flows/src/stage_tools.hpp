#pragma once
/// What the stages run: lint and co-simulation, from a design to a stage's result.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/flows/stages.hpp"

namespace aegen::flows {

/// Now, ISO 8601, UTC.
[[nodiscard]] std::string nowText();
/// Versions of the tools the build uses, those that are installed; asked once.
[[nodiscard]] const std::vector<NamedText>& toolVersions();

/// Verifier of what is built, and range proof of the chip as written, both with the decoders.
[[nodiscard]] std::vector<CheckResult> programChecks(const DesignBundle& bundle);

/// The chip behind the passes against the chip as written, on random words at its pins and random
/// settings in its registers.
[[nodiscard]] CheckResult passesCheck(const DesignBundle& bundle, std::uint64_t seed);

/// What each pass saved, as rtl.json holds it.
[[nodiscard]] std::vector<PassResult> passResults(const core::passes::PipelineReport& report);

/// How far the fixed-point decoder can be from the float one it was frozen from, and how far it is
/// on random latents; fails when the second exceeds the first. Empty without a decoder or its
/// floats.
[[nodiscard]] std::optional<CheckResult> decoderBoundCheck(const DesignBundle& bundle);

/// Own rules on the RTL's AST, then Verilator's and Yosys' checks on the files.
[[nodiscard]] core::Result<LintResult> runLint(
    const core::Design& chip, const std::filesystem::path& rtlFolder,
    const std::function<void(std::string_view)>& progress);

struct CosimRequest {
  const DesignBundle* bundle = nullptr;
  std::filesystem::path rtlFolder;
  std::filesystem::path workDir;
  std::string systemc;  ///< the decoder's header; empty: the chip alone
  std::string decoderModule;
  std::uint64_t seed = 1;
  unsigned jobs = 1;
  CosimWindow window;
  bool netlist = false;  ///< the mapped gates instead of the RTL
  unsigned lanes = 256;  ///< streams of the gates side by side
  std::filesystem::path synthFolder;
  std::filesystem::path liberty;
  std::string reproduceWith;
  std::function<void(std::string_view, std::uint64_t, std::uint64_t)> progress;
};
/// Stimuli, co-simulation (of the gates: in streams that are reset each), metrics of the charges
/// the board got.
[[nodiscard]] core::Result<CosimResult> runCosim(const CosimRequest& request);

/// Activity of the mapped gates on the design's events and on none, and what it takes.
[[nodiscard]] core::Result<PowerResult> runPower(const CosimRequest& request,
                                                 const PowerRequest& power);

}  // namespace aegen::flows
