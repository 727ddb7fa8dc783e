#pragma once
/// RtlExecutor: generated RTL, verilated and compiled, as an Executor.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "aegen/core/columns.hpp"
#include "aegen/core/design.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "aegen/sim/bench_options.hpp"

namespace aegen::sim {

/// One process that serves any number of configurations and runs.
class RtlExecutor final : public core::Executor {
 public:
  /// Builds the bench for the RTL in `rtlFolder` (files as the manifest names them) and starts it
  /// with the configuration of its reset. Errors: process.not-found, sim.verilator, sim.compile,
  /// sim.io.
  [[nodiscard]] static core::Result<std::unique_ptr<RtlExecutor>> create(
      const rtl_gen::ModuleManifest& manifest, const std::filesystem::path& rtlFolder,
      const BenchOptions& options);
  ~RtlExecutor() override;

  [[nodiscard]] std::string name() const override { return "rtl"; }
  /// A whole configuration, as core::DesignInterpreter::configure() has it: fields that are not
  /// named get their reset values, whatever they were. Writes every register, reads all back and
  /// commits, through the ports that `route` names. Errors: sim.config-value (no such field, not as
  /// many values as it has, or one outside its format: here they come from files),
  /// sim.config-readback,
  /// sim.config-refused (the serial port did not acknowledge), sim.no-serial-port,
  /// sim.serial-speed.
  [[nodiscard]] core::Result<void> configure(const core::ConfigValues& values,
                                             const ConfigRoute& route = {});
  /// Resets the link, feeds a crossing a clock and returns the outputs of each, taken as many
  /// clocks later as the manifest says. Rows as in core::DesignInterpreter::run(), which it equals
  /// when reset before each run. Errors: sim.shape, sim.bench-failed.
  [[nodiscard]] core::Result<core::Columns> run(const core::Columns& inputs) override;

  /// Seconds the build took; 0 when it was reused.
  [[nodiscard]] double buildSeconds() const;
  /// Seconds of the last run.
  [[nodiscard]] double runSeconds() const;

 private:
  struct Impl;
  explicit RtlExecutor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace aegen::sim
