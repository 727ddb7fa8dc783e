#pragma once
/// A running bench: the parent's side of the frames.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/design.hpp"
#include "aegen/core/process.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "aegen/sim/bench_options.hpp"
#include "bench_layout.hpp"
#include "frames.hpp"

namespace aegen::sim {

/// Rows of captures that arrived together.
struct CaptureBatch {
  std::size_t first = 0;   ///< event whose inputs entered at the first row's clock
  std::size_t events = 0;  ///< events that entered
  std::size_t clocks = 0;  ///< rows; more than events in the last batch
  const std::uint32_t* rows = nullptr;
};

class BenchProcess {
 public:
  /// Starts the program and checks that its rows are as long as agreed. Errors: sim.bench-failed.
  [[nodiscard]] static core::Result<BenchProcess> start(const std::filesystem::path& executable,
                                                        const std::vector<std::string>& arguments,
                                                        const ChipLayout& layout,
                                                        std::uint32_t captureWords,
                                                        const BenchOptions& options);

  /// Writes all registers of the manifest (`values`, else their reset values), reads them back and
  /// commits. Errors: as RtlExecutor::configure().
  [[nodiscard]] core::Result<void> configure(const rtl_gen::ModuleManifest& manifest,
                                             const core::ConfigValues& values,
                                             const ConfigRoute& route = {});
  /// rst_n for a while; then idle clocks.
  [[nodiscard]] core::Result<void> hardReset();
  /// link_reset with idle zeros before it, long enough for the pipeline to hold nothing else.
  [[nodiscard]] core::Result<void> linkReset();
  [[nodiscard]] core::Result<void> inject(const aegen_bench::FaultFrame& fault);
  /// Starts a waveform, or ends it when `file` is empty. Error: sim.trace.
  [[nodiscard]] core::Result<void> trace(const std::filesystem::path& file);

  using Receive = std::function<core::Result<void>(const CaptureBatch&)>;
  /// Feeds the events [first, first + count) of `inputs` (rows: elements of the chip's inputs),
  /// `batch` at a time and `flush` idle clocks with the last, and hands over what is captured while
  /// the bench goes on with the next batch. No captures and no calls when `receive` is empty.
  [[nodiscard]] core::Result<void> stream(const core::Columns& inputs, std::size_t first,
                                          std::size_t count, std::size_t flush, std::size_t batch,
                                          const Receive& receive);

 private:
  BenchProcess(core::ChildProcess child, const ChipLayout& layout, std::uint32_t captureWords,
               std::filesystem::path log);

  [[nodiscard]] bool send(aegen_bench::Kind kind, const void* head, std::size_t headBytes,
                          const void* body = nullptr, std::size_t bodyBytes = 0);
  /// Receives a frame of `kind` into `answer`.
  [[nodiscard]] core::Result<void> expect(aegen_bench::Kind kind,
                                          std::vector<std::uint32_t>& answer);
  [[nodiscard]] core::Result<void> ask(aegen_bench::Kind kind, const void* head,
                                       std::size_t headBytes);
  [[nodiscard]] core::Diagnostic broken();

  core::ChildProcess child_;
  const ChipLayout* layout_;
  std::uint32_t captureWords_;
  std::filesystem::path log_;
};

}  // namespace aegen::sim
