#pragma once
/// The co-simulation: verilated chip, link and SystemC decoder in one kernel, fed a crossing a
/// clock and held against the interpreter on every captured bit while it runs.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/design.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "aegen/sim/bench_options.hpp"
#include "aegen/sim/scoreboard.hpp"

namespace aegen::sim {

/// The chip: what it is meant to be, and the RTL that was made of it.
struct ChipUnderTest {
  const core::Design* design = nullptr;
  rtl_gen::ModuleManifest manifest;
  std::filesystem::path rtlFolder;
};

/// The decoder: what it is meant to compute, and the SystemC that was emitted for it. Its inputs
/// are outputs of the chip of the same names.
struct DecoderUnderTest {
  const core::Program* program = nullptr;
  std::string function;
  std::string moduleName;
  std::string systemc;  ///< text of the header that rtl_gen::emitSystemC() gave
  int latency = 1;      ///< crossings, as it was emitted for
};

/// One bit to invert, so that a test can see the scoreboard notice.
struct Fault {
  enum class Place : std::uint8_t {
    Capture,  ///< in what is captured: any captured signal
    Link,     ///< on the link: an output of the chip, between it and the decoder
  };
  Place place = Place::Capture;
  std::string signal;
  std::uint32_t element = 0;
  int bit = 0;
  std::uint64_t crossing = 0;
};

struct CosimOptions {
  BenchOptions bench;
  ConfigRoute configRoute;            ///< the ports that the configuration goes through
  int linkLatency = 4;                ///< crossings from the chip's output to the decoder's input
  std::vector<std::string> captured;  ///< further inner signals; milestones and outputs always are
  std::uint64_t from = 0;             ///< compare (and trace) from this crossing on
  std::uint64_t count = 0;            ///< so many crossings; 0: all there are
  std::filesystem::path trace;        ///< FST of the chip from shortly before `from`; empty: none
  std::vector<Fault> faults;
  /// After a mismatch, run again with every inner signal captured to find the stage it came from.
  bool locate = true;
  std::string reproduceWith = "aegen cosim DESIGN";  ///< how a command that reproduces starts
  std::size_t keepDecoded = 100'000;  ///< crossings whose decoder outputs the report holds
};

/// A latency asked for and what the data showed.
struct LatencyResult {
  std::string name;  ///< milestone, "link" or "decoder"
  std::string signal;
  int asked = 0;  ///< clocks from the chip's input
  MeasuredLatency measured;

  [[nodiscard]] bool met() const { return measured.clocks == asked; }
};

struct CosimReport {
  std::uint64_t crossings = 0;     ///< simulated
  std::uint64_t compared = 0;      ///< values compared
  std::uint64_t mismatches = 0;    ///< values that differ
  std::optional<Mismatch> first;   ///< of the earliest crossing the earliest captured stage
  std::optional<Mismatch> origin;  ///< the earliest inner signal that differs at or before it
  std::string reproduce;           ///< the command that shows the first mismatch alone
  std::vector<LatencyResult> latencies;
  core::Columns decoded;  ///< the decoder's outputs as captured, in port order
  double buildSeconds = 0;
  double simulateSeconds = 0;

  [[nodiscard]] bool passed() const;
  [[nodiscard]] double crossingsPerSecond() const;
};

/// Feeds all rows of `inputs` (elements of design.inputs) with `config` (fields not named: their
/// reset values). Without a decoder the chip is simulated alone, without a kernel. Mismatches are a
/// report, not an error. Errors: as RtlExecutor::create(), sim.no-systemc, sim.decoder-input,
/// sim.no-signal, sim.fault, sim.window, sim.trace.
[[nodiscard]] core::Result<CosimReport> cosimulate(const ChipUnderTest& chip,
                                                   const DecoderUnderTest* decoder,
                                                   const core::Columns& inputs,
                                                   const core::ConfigValues& config,
                                                   const CosimOptions& options);

}  // namespace aegen::sim
