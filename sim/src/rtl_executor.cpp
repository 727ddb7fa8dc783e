#include "aegen/sim/rtl_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "bench_build.hpp"
#include "bench_layout.hpp"
#include "bench_process.hpp"
#include "row_codec.hpp"

namespace aegen::sim {
namespace {

using core::Columns;
using core::Result;

constexpr std::size_t kBatch = 1024;

/// Sorts a batch's captured rows into the columns of the crossings they belong to.
void takeOutputs(const std::vector<RowSignal>& outputs, std::size_t rowWords,
                 const CaptureBatch& batch, Columns& out) {
  const RowShape shape{rowWords, batch.clocks};
  std::vector<std::int64_t> captured(batch.clocks);
  std::size_t element = 0;
  for (const RowSignal& signal : outputs) {
    const auto delay = static_cast<std::size_t>(signal.latency);
    for (std::uint32_t i = 0; i < signal.count; ++i, ++element) {
      unpackColumn(batch.rows, shape, signal.format, signal.firstBit + i * signal.stride, captured);
      // Row t of the batch belongs to crossing first + t - delay.
      const std::size_t skip = batch.first < delay ? delay - batch.first : 0;
      const std::size_t crossing = batch.first + skip - delay;
      if (skip >= batch.clocks || crossing >= out.events()) continue;
      const std::size_t count = std::min(batch.clocks - skip, out.events() - crossing);
      std::copy_n(captured.begin() + static_cast<std::ptrdiff_t>(skip), count,
                  out.column(element).begin() + static_cast<std::ptrdiff_t>(crossing));
    }
  }
}

}  // namespace

struct RtlExecutor::Impl {
  rtl_gen::ModuleManifest manifest;
  ChipLayout layout;
  std::vector<RowSignal> outputs;  ///< places of the captured outputs, in the order of the ports
  double buildSeconds = 0;
  double runSeconds = 0;
  std::optional<BenchProcess> process;
};

RtlExecutor::RtlExecutor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RtlExecutor::~RtlExecutor() = default;

Result<std::unique_ptr<RtlExecutor>> RtlExecutor::create(const rtl_gen::ModuleManifest& manifest,
                                                         const std::filesystem::path& rtlFolder,
                                                         const BenchOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->manifest = manifest;
  Result<ChipLayout> layout = chipLayout(manifest, {});
  if (!layout) return layout.error();
  impl->layout = std::move(*layout);
  for (const rtl_gen::ManifestPort& port : manifest.ports) {
    const RowSignal* const captured = impl->layout.findCaptured(port.name);
    if (captured != nullptr) impl->outputs.push_back(*captured);
  }
  BenchRecipe recipe;
  recipe.manifest = &impl->manifest;
  recipe.rtlFolder = rtlFolder;
  recipe.layout = &impl->layout;
  const Result<BuiltBench> bench = buildBench(recipe, options);
  if (!bench) return bench.error();
  impl->buildSeconds = bench->buildSeconds;
  Result<BenchProcess> process =
      BenchProcess::start(bench->executable, {}, impl->layout, impl->layout.captureWords, options);
  if (!process) return process.error();
  impl->process.emplace(std::move(*process));
  if (auto done = impl->process->hardReset(); !done) return done.error();
  return std::unique_ptr<RtlExecutor>(new RtlExecutor(std::move(impl)));
}

Result<void> RtlExecutor::configure(const core::ConfigValues& values, const ConfigRoute& route) {
  return impl_->process->configure(impl_->manifest, values, route);
}

Result<Columns> RtlExecutor::run(const Columns& inputs) {
  std::size_t wanted = 0;
  for (const RowSignal& signal : impl_->layout.inputs) wanted += signal.count;
  if (inputs.elements() != wanted) {
    return core::internalError(
        "sim.shape", fmt::format("{} input elements given, {} needed", inputs.elements(), wanted));
  }
  std::size_t elements = 0;
  int flush = 0;
  for (const RowSignal& signal : impl_->outputs) {
    elements += signal.count;
    flush = std::max(flush, signal.latency);
  }
  Columns out(elements, inputs.events());
  const auto start = std::chrono::steady_clock::now();
  if (auto done = impl_->process->linkReset(); !done) return done.error();
  const Result<void> streamed =
      impl_->process->stream(inputs, 0, inputs.events(), static_cast<std::size_t>(flush), kBatch,
                             [&](const CaptureBatch& batch) -> Result<void> {
                               takeOutputs(impl_->outputs, impl_->layout.captureWords, batch, out);
                               return {};
                             });
  if (!streamed) return streamed.error();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  impl_->runSeconds = seconds.count();
  return out;
}

double RtlExecutor::buildSeconds() const {
  return impl_->buildSeconds;
}
double RtlExecutor::runSeconds() const {
  return impl_->runSeconds;
}

}  // namespace aegen::sim
