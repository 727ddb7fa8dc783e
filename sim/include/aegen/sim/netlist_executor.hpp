#pragma once
/// NetlistExecutor: a chip's gates as an Executor, configured through its parallel port; and the
/// co-simulation of the gates, many independent streams of crossings side by side.

#include <memory>
#include <string>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/design.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "aegen/sim/bench_options.hpp"
#include "aegen/sim/cosimulation.hpp"
#include "aegen/sim/gate_simulator.hpp"

namespace aegen::sim {

struct NetlistOptions {
  unsigned lanes = 256;       ///< streams side by side, up to 512
  std::uint64_t seed = 1;     ///< of what flip-flops hold before reset
  ProgressCallback progress;  ///< may be empty
};

/// A captured signal of the chip.
struct StreamCapture {
  std::string name;
  core::FixedFormat format;
  int latency = 0;  ///< clocks from the chip's input by construction
  /// Elements all of whose bits the netlist has; others were optimised away.
  std::vector<std::uint32_t> elements;
  std::uint32_t missing = 0;  ///< elements that are not in `elements`
  core::Columns values;       ///< of `elements`; stream s, clock t is event s * clocks + t
};

/// What was captured of streams that ran side by side: stream s holds the crossings from s *
/// crossings on, the last one maybe fewer, and was reset before.
struct StreamRun {
  std::size_t streams = 0;
  std::size_t crossings = 0;  ///< of a stream
  std::size_t clocks = 0;     ///< captured of a stream: crossings + flush
  std::vector<StreamCapture> captures;
  double seconds = 0;
};

struct StreamRequest {
  std::vector<std::string> captured;  ///< signals of the manifest
  std::size_t flush = 0;              ///< idle clocks behind the last crossing
  Settling settling = Settling::Sweep;
  /// Counts the changes of every net in the clocks of crossings, of all streams that are full.
  bool countToggles = false;
};

class NetlistExecutor final : public core::Executor {
 public:
  /// Resets the chip. Errors: netlist.port (a port of the manifest that the netlist has not, or not
  /// as wide).
  [[nodiscard]] static core::Result<std::unique_ptr<NetlistExecutor>> create(
      const rtl_gen::ModuleManifest& manifest, std::shared_ptr<const GateProgram> program,
      const NetlistOptions& options = {});
  ~NetlistExecutor() override;

  [[nodiscard]] std::string name() const override { return "netlist"; }
  /// As RtlExecutor::configure() over the parallel port: writes every register, reads all back,
  /// commits. Errors: sim.config-value, sim.config-readback.
  [[nodiscard]] core::Result<void> configure(const core::ConfigValues& values);
  /// One stream, as RtlExecutor::run(). Error: sim.shape.
  [[nodiscard]] core::Result<core::Columns> run(const core::Columns& inputs) override;

  /// Splits the rows of `inputs` into up to options.lanes streams of the same length, each after a
  /// link reset of its own. Errors: sim.shape, sim.no-signal.
  [[nodiscard]] core::Result<StreamRun> runStreams(const core::Columns& inputs,
                                                   const StreamRequest& request);

  /// Changes by net that the last runStreams() counted, clocks at whose end the net was 1, and the
  /// clocks they were counted over (streams times crossings).
  struct Activity {
    std::vector<std::uint64_t> toggles;
    std::vector<std::uint64_t> ones;
    std::uint64_t clocks = 0;
  };
  [[nodiscard]] const Activity& activity() const;
  [[nodiscard]] const GateProgram& program() const;

 private:
  struct Impl;
  explicit NetlistExecutor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The gates against the interpreter, as cosimulate() does it with RTL: every captured bit of every
/// crossing, latencies found from the data. Streams are reset each; the link is left out, and the
/// decoder computes what the chip sent through its interpreter (its SystemC is co-simulation's
/// concern). Of the options captured, linkLatency, faults on captured signals, keepDecoded,
/// reproduceWith and bench.seed count. Errors: those of NetlistExecutor, sim.fault.
[[nodiscard]] core::Result<CosimReport> cosimulateNetlist(
    NetlistExecutor& executor, const ChipUnderTest& chip, const DecoderUnderTest* decoder,
    const core::Columns& inputs, const core::ConfigValues& config, const CosimOptions& options);

}  // namespace aegen::sim
