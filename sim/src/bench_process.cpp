#include "bench_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "config_entries.hpp"
#include "row_codec.hpp"

namespace aegen::sim {
namespace {

using aegen_bench::Kind;
using core::Result;

constexpr std::uint32_t kClockHertz = 40'000'000;
constexpr std::uint32_t kMaxSerialHertz = 1'000'000;

/// Rows of the chip's inputs for events [first, first + count), idle rows behind them up to
/// `clocks`.
void packRows(const ChipLayout& layout, const core::Columns& inputs, std::size_t first,
              std::size_t count, std::size_t clocks, std::vector<std::uint32_t>& rows) {
  rows.assign(clocks * layout.inputWords, 0);
  std::size_t element = 0;
  for (const RowSignal& signal : layout.inputs) {
    for (std::uint32_t i = 0; i < signal.count; ++i, ++element) {
      packColumn(inputs.column(element).subspan(first, count), signal.format.width,
                 signal.firstBit + i * signal.stride, {layout.inputWords, count}, rows.data());
    }
  }
}

Result<aegen_bench::ConfigureFrame> configureFrame(const rtl_gen::ModuleManifest& manifest,
                                                   const ConfigRoute& route, std::size_t entries) {
  using aegen_bench::RegisterPort;
  const bool serial = route.write == ConfigPort::Serial || route.readBack == ConfigPort::Serial;
  if (serial && !manifest.serial) {
    return core::badInput("sim.no-serial-port", "the design has no serial port", manifest.design);
  }
  if (serial && (route.serialHertz == 0 || route.serialHertz > kMaxSerialHertz)) {
    return core::badInput("sim.serial-speed",
                          fmt::format("the serial port runs at 1 to {} Hz", kMaxSerialHertz),
                          fmt::format("{} Hz", route.serialHertz));
  }
  const auto port = [](ConfigPort p) {
    return p == ConfigPort::Serial ? RegisterPort::Serial : RegisterPort::Parallel;
  };
  aegen_bench::ConfigureFrame frame{};
  frame.entries = static_cast<std::uint32_t>(entries);
  frame.controlAddress = manifest.controlAddress;
  frame.settleClocks = kDrainClocks;
  frame.write = port(route.write);
  frame.read = port(route.readBack);
  if (serial) {
    frame.device = static_cast<std::uint32_t>(benchDevice(*manifest.serial));
    frame.clocksPerBit = kClockHertz / route.serialHertz;
    frame.valueBytes = static_cast<std::uint32_t>(manifest.configDataWidth) / 8;
  }
  return frame;
}

}  // namespace

BenchProcess::BenchProcess(core::ChildProcess child, const ChipLayout& layout,
                           std::uint32_t captureWords, std::filesystem::path log)
    : child_(std::move(child)),
      layout_(&layout),
      captureWords_(captureWords),
      log_(std::move(log)) {}

Result<BenchProcess> BenchProcess::start(const std::filesystem::path& executable,
                                         const std::vector<std::string>& arguments,
                                         const ChipLayout& layout, std::uint32_t captureWords,
                                         const BenchOptions& options) {
  // Verilator's seeds are 31 bits and 0 means "none".
  const std::uint64_t seed = options.seed % 0x7fffffffU + 1;
  std::vector<std::string> command{executable.string(), "+verilator+rand+reset+2",
                                   fmt::format("+verilator+seed+{}", seed)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  core::ProcessOptions settings;
  settings.logFile = executable.parent_path() / "run.log";
  settings.environment["SYSTEMC_DISABLE_COPYRIGHT_MESSAGE"] = "1";
  Result<core::ChildProcess> child = core::ChildProcess::start(command, settings);
  if (!child) return child.error();
  BenchProcess process(std::move(*child), layout, captureWords, settings.logFile);
  std::vector<std::uint32_t> hello;
  if (auto heard = process.expect(Kind::Hello, hello); !heard) return heard.error();
  if (hello != std::vector<std::uint32_t>{layout.inputWords, captureWords}) {
    return core::internalError("sim.bench-failed", "the bench's rows are not as agreed",
                               executable.string());
  }
  return process;
}

bool BenchProcess::send(Kind kind, const void* head, std::size_t headBytes, const void* body,
                        std::size_t bodyBytes) {
  const aegen_bench::Header header{aegen_bench::kMagic, kind, headBytes + bodyBytes};
  return child_.write(&header, sizeof header) && child_.write(head, headBytes) &&
         child_.write(body, bodyBytes);
}

core::Diagnostic BenchProcess::broken() {
  return core::internalError(
      "sim.bench-failed", "the simulation ended before its time (" + child_.reap().ending() + ")",
      log_.string(), {core::fileTail(log_, 10)});
}

Result<void> BenchProcess::expect(Kind kind, std::vector<std::uint32_t>& answer) {
  aegen_bench::Header header{};
  if (!child_.read(&header, sizeof header)) return broken();
  if (header.magic != aegen_bench::kMagic) {
    child_.kill();
    return broken();
  }
  answer.resize((header.bytes + 3) / 4);
  if (!child_.read(answer.data(), header.bytes)) return broken();
  if (header.kind == Kind::Failed) {
    const std::string text(reinterpret_cast<const char*>(answer.data()), header.bytes);
    return core::badInput("sim.trace", text);
  }
  if (header.kind != kind) {
    child_.kill();
    return broken();
  }
  return {};
}

Result<void> BenchProcess::ask(Kind kind, const void* head, std::size_t headBytes) {
  if (!send(kind, head, headBytes)) return broken();
  std::vector<std::uint32_t> answer;
  return expect(Kind::Done, answer);
}

Result<void> BenchProcess::configure(const rtl_gen::ModuleManifest& manifest,
                                     const core::ConfigValues& values, const ConfigRoute& route) {
  const auto entries = configEntries(manifest, values);
  if (!entries) return entries.error();
  const Result<aegen_bench::ConfigureFrame> frame =
      configureFrame(manifest, route, entries->size());
  if (!frame) return frame.error();
  if (manifest.configAddressWidth == 0) return {};
  if (!send(Kind::Configure, &*frame, sizeof *frame, entries->data(),
            entries->size() * sizeof(aegen_bench::ConfigEntry))) {
    return broken();
  }
  std::vector<std::uint32_t> answer;
  if (auto heard = expect(Kind::Configured, answer); !heard) return heard.error();
  aegen_bench::ConfiguredFrame result{};
  std::memcpy(&result, answer.data(), sizeof result);
  if (result.refused > 0) {
    return core::checkFailed("sim.config-refused",
                             fmt::format("{} transfers of the serial port ended because a byte was "
                                         "not acknowledged",
                                         result.refused),
                             fmt::format("device {:#x}", frame->device));
  }
  if (result.failures == 0) return {};
  return readbackFailed(result.failures, entries->size(), result.address, result.expected,
                        result.got);
}

Result<void> BenchProcess::hardReset() {
  const aegen_bench::ResetFrame frame{1, kResetClocks};
  return ask(Kind::Reset, &frame, sizeof frame);
}

Result<void> BenchProcess::linkReset() {
  const aegen_bench::ResetFrame frame{0, kDrainClocks};
  return ask(Kind::Reset, &frame, sizeof frame);
}

Result<void> BenchProcess::inject(const aegen_bench::FaultFrame& fault) {
  return ask(Kind::Fault, &fault, sizeof fault);
}

Result<void> BenchProcess::trace(const std::filesystem::path& file) {
  const std::string name = file.empty() ? std::string() : std::filesystem::absolute(file).string();
  return ask(Kind::Trace, name.data(), name.size());
}

Result<void> BenchProcess::stream(const core::Columns& inputs, std::size_t first, std::size_t count,
                                  std::size_t flush, std::size_t batch, const Receive& receive) {
  const auto clocksOf = [&](std::size_t at) {
    return at + batch < count ? batch : count - at + flush;
  };
  std::atomic<bool> stop{false};
  // The feeder runs ahead as far as the socket's buffer lets it, so the bench never waits for us.
  std::jthread feeder([&] {
    std::vector<std::uint32_t> rows;
    for (std::size_t at = 0; at < count && !stop; at += batch) {
      const std::size_t events = std::min(batch, count - at);
      packRows(*layout_, inputs, first + at, events, clocksOf(at), rows);
      const aegen_bench::RunFrame frame{static_cast<std::uint32_t>(clocksOf(at)),
                                        receive ? 1U : 0U};
      if (!send(Kind::Run, &frame, sizeof frame, rows.data(), rows.size() * 4)) return;
    }
  });
  std::vector<std::uint32_t> rows;
  for (std::size_t at = 0; at < count; at += batch) {
    Result<void> heard = expect(Kind::Captured, rows);
    if (heard.ok() && receive) {
      heard = receive({first + at, std::min(batch, count - at), clocksOf(at), rows.data()});
    }
    if (!heard.ok()) {
      stop = true;
      child_.kill();  // frees a feeder that waits for the bench to read
      return heard.error();
    }
  }
  return {};
}

}  // namespace aegen::sim
