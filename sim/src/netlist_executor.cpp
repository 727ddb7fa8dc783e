#include "aegen/sim/netlist_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>

#include "bench_layout.hpp"
#include "config_entries.hpp"

namespace aegen::sim {
namespace {

using core::Columns;
using core::Result;

/// Row i of 64 becomes column i: 64 lanes' values to 64 bits' lanes, and back.
void transpose(std::array<std::uint64_t, 64>& rows) {
  std::uint64_t mask = 0x00000000FFFFFFFF;
  for (unsigned step = 32; step != 0; step >>= 1, mask ^= mask << step) {
    for (unsigned k = 0; k < 64; k = (k + step + 1) & ~step) {
      const std::uint64_t swap = ((rows[k] >> step) ^ rows[k + step]) & mask;
      rows[k + step] ^= swap;
      rows[k] ^= swap << step;
    }
  }
}

/// The events of a stream's clock, in every lane.
struct Stretch {
  std::size_t streams = 1;
  std::size_t crossings = 0;
};

}  // namespace

struct NetlistExecutor::Impl {
  rtl_gen::ModuleManifest manifest;
  std::shared_ptr<const GateProgram> program;
  NetlistOptions options;
  std::map<std::string, std::vector<NetId>, std::less<>> nets;  ///< of the manifest's ports
  std::optional<GateSimulator> control;  ///< one stream, by events: resets and registers
  Activity activity;

  /// A pin's value in all lanes; nothing for a pin the design has not.
  void drive(GateSimulator& simulator, std::string_view port, std::uint64_t value) const {
    const auto found = nets.find(port);
    if (found == nets.end()) return;
    for (std::size_t i = 0; i < found->second.size(); ++i) {
      simulator.drive(found->second[i], (value >> i & 1) != 0);
    }
  }

  static void advance(GateSimulator& simulator, std::uint32_t clocks) {
    for (std::uint32_t i = 0; i < clocks; ++i) {
      simulator.settle();
      simulator.edge();
    }
  }

  void idlePins(GateSimulator& simulator) const {
    for (const rtl_gen::ManifestPort& port : manifest.ports) {
      if (!port.isInput || port.purpose == "clock") continue;
      for (const NetId net : nets.find(port.name)->second) simulator.drive(net, false);
    }
    drive(simulator, "rst_n", 1);
    drive(simulator, "i2c_scl", 1);
    drive(simulator, "i2c_sda", 1);
    if (manifest.serial) {
      drive(simulator, "i2c_address", static_cast<std::uint64_t>(benchDevice(*manifest.serial)));
    }
  }

  void hardReset() {
    control->randomiseStorage(options.seed);
    idlePins(*control);
    drive(*control, "rst_n", 0);
    advance(*control, kResetClocks);
    drive(*control, "rst_n", 1);
    advance(*control, 1);
  }

  void linkReset(GateSimulator& simulator) const {
    idlePins(simulator);
    drive(simulator, "link_reset", 1);
    advance(simulator, kDrainClocks);
    drive(simulator, "link_reset", 0);
  }

  void writeRegister(std::uint32_t address, std::uint32_t value) {
    drive(*control, "cfg_write", 1);
    drive(*control, "cfg_address", address);
    drive(*control, "cfg_wdata", value);
    advance(*control, 1);
    drive(*control, "cfg_write", 0);
  }

  std::uint32_t readRegister(std::uint32_t address) {
    drive(*control, "cfg_address", address);
    advance(*control, 2);  // enough for a registered read port
    control->settle();
    std::uint32_t value = 0;
    const std::vector<NetId>& data = nets.find("cfg_rdata")->second;
    for (std::size_t i = 0; i < data.size(); ++i) {
      value |= static_cast<std::uint32_t>(control->value(data[i])[0] & 1) << i;
    }
    return value;
  }

  [[nodiscard]] std::size_t inputElements() const {
    std::size_t elements = 0;
    for (const rtl_gen::ManifestSignal& signal : manifest.signals) {
      elements += signal.producer.empty() ? signal.count : 0;
    }
    return elements;
  }

  /// Puts clock `t` of every stream on the chip's inputs; zeros behind a stream's end.
  void feed(GateSimulator& simulator, const Columns& inputs, const Stretch& stretch,
            std::size_t t) const {
    std::size_t element = 0;
    std::array<std::array<std::uint64_t, 64>, 8> rows{};
    std::array<std::uint64_t, 8> lanes{};
    for (const rtl_gen::ManifestSignal& signal : manifest.signals) {
      if (!signal.producer.empty()) continue;
      const std::vector<NetId>& port = nets.find(signal.name)->second;
      const auto width = static_cast<std::size_t>(signal.format.width);
      for (std::uint32_t i = 0; i < signal.count; ++i, ++element) {
        const auto column = inputs.column(element);
        for (std::size_t w = 0; w < simulator.words(); ++w) {
          for (std::size_t lane = 0; lane < 64; ++lane) {
            const std::size_t stream = w * 64 + lane;
            const std::size_t event = stream * stretch.crossings + t;
            const bool there =
                stream < stretch.streams && t < stretch.crossings && event < inputs.events();
            rows[w][lane] = there ? static_cast<std::uint64_t>(column[event]) : 0;
          }
          transpose(rows[w]);
        }
        for (std::size_t bit = 0; bit < width; ++bit) {
          for (std::size_t w = 0; w < simulator.words(); ++w) lanes[w] = rows[w][bit];
          simulator.drive(port[i * width + bit], std::span(lanes).first(simulator.words()));
        }
      }
    }
  }

  /// Where the bits of captured signals are.
  [[nodiscard]] Result<StreamCapture> place(const std::string& name) const {
    const rtl_gen::ManifestSignal* const signal = manifest.findSignal(name);
    const NetBundle* const bundle = program->netlist().find(name);
    if (signal == nullptr) {
      return core::badInput("sim.no-signal", "the design has no such signal", name);
    }
    const auto width = static_cast<std::size_t>(signal->format.width);
    StreamCapture capture{name, signal->format, signal->latency, {}, 0, {}};
    for (std::uint32_t i = 0; i < signal->count; ++i) {
      bool whole = bundle != nullptr && bundle->nets.size() == width * signal->count;
      for (std::size_t bit = 0; whole && bit < width; ++bit) {
        whole = bundle->nets[i * width + bit] != kNoNet;
      }
      whole ? capture.elements.push_back(i) : static_cast<void>(++capture.missing);
    }
    return capture;
  }

  void take(const GateSimulator& simulator, std::size_t streams, std::size_t clocks, std::size_t t,
            StreamCapture& capture) const {
    const NetBundle* const bundle = program->netlist().find(capture.name);
    const auto width = static_cast<std::size_t>(capture.format.width);
    std::array<std::uint64_t, 64> rows{};
    for (std::size_t e = 0; e < capture.elements.size(); ++e) {
      const auto column = capture.values.column(e);
      for (std::size_t w = 0; w * 64 < streams; ++w) {
        rows.fill(0);
        for (std::size_t bit = 0; bit < width; ++bit) {
          rows[bit] = simulator.value(bundle->nets[capture.elements[e] * width + bit])[w];
        }
        if (capture.format.isSigned)
          std::fill(rows.begin() + capture.format.width, rows.end(), rows[width - 1]);
        transpose(rows);
        for (std::size_t lane = 0; lane < 64 && w * 64 + lane < streams; ++lane) {
          column[(w * 64 + lane) * clocks + t] = static_cast<std::int64_t>(rows[lane]);
        }
      }
    }
  }

  Result<StreamRun> streams(GateSimulator& simulator, const Columns& inputs, const Stretch& stretch,
                            const StreamRequest& request) {
    if (inputs.elements() != inputElements()) {
      return core::internalError("sim.shape", fmt::format("{} input elements given, {} needed",
                                                          inputs.elements(), inputElements()));
    }
    StreamRun run{stretch.streams, stretch.crossings, stretch.crossings + request.flush, {}, 0};
    for (const std::string& name : request.captured) {
      auto capture = place(name);
      if (!capture) return capture.error();
      capture->values = Columns(capture->elements.size(), run.streams * run.clocks);
      run.captures.push_back(std::move(*capture));
    }
    const auto start = std::chrono::steady_clock::now();
    linkReset(simulator);
    for (std::size_t t = 0; t < run.clocks; ++t) {
      if (request.countToggles && t == 0) {
        simulator.settle();
        // A stream that is shorter than the others ends in idle clocks: it does not count.
        const std::size_t full = inputs.events() / std::max<std::size_t>(1, stretch.crossings);
        simulator.clearToggles();
        simulator.countToggles(static_cast<unsigned>(std::min(full, stretch.streams)));
        activity.clocks = std::min(full, stretch.streams) * stretch.crossings;
      }
      if (request.countToggles && t == stretch.crossings) keepActivity(simulator);
      feed(simulator, inputs, stretch, t);
      simulator.settle();
      for (StreamCapture& capture : run.captures) {
        take(simulator, run.streams, run.clocks, t, capture);
      }
      simulator.edge();
      if (options.progress) options.progress("simulating gates", t + 1, run.clocks);
    }
    if (request.countToggles && request.flush == 0) keepActivity(simulator);
    run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return run;
  }

  void keepActivity(GateSimulator& simulator) {
    activity.toggles = simulator.toggles();
    activity.ones = simulator.onesBeforeEdge();
    simulator.countToggles(0);
  }
};

NetlistExecutor::NetlistExecutor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NetlistExecutor::~NetlistExecutor() = default;

Result<std::unique_ptr<NetlistExecutor>> NetlistExecutor::create(
    const rtl_gen::ModuleManifest& manifest, std::shared_ptr<const GateProgram> program,
    const NetlistOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->manifest = manifest;
  impl->options = options;
  impl->options.lanes = std::clamp(options.lanes, 1U, 512U);
  for (const rtl_gen::ManifestPort& port : manifest.ports) {
    const auto& bundles = port.isInput ? program->netlist().inputs : program->netlist().outputs;
    const auto found = std::ranges::find(bundles, port.name, &NetBundle::name);
    if (found == bundles.end() || found->nets.size() != static_cast<std::size_t>(port.width)) {
      return core::badInput("netlist.port",
                            fmt::format("the netlist has no {} of {} bits of this name",
                                        port.isInput ? "input" : "output", port.width),
                            port.name, {"the netlist is of another design: synthesise again"});
    }
    impl->nets.emplace(port.name, found->nets);
  }
  impl->program = std::move(program);
  impl->control.emplace(impl->program, GateSimulatorOptions{64});
  impl->control->useSettling(Settling::Events);
  impl->hardReset();
  return std::unique_ptr<NetlistExecutor>(new NetlistExecutor(std::move(impl)));
}

Result<void> NetlistExecutor::configure(const core::ConfigValues& values) {
  const auto entries = configEntries(impl_->manifest, values);
  if (!entries) return entries.error();
  if (impl_->manifest.configAddressWidth == 0) return {};
  impl_->idlePins(*impl_->control);
  for (const aegen_bench::ConfigEntry& entry : *entries) {
    impl_->writeRegister(entry.address, entry.value);
  }
  std::uint64_t failures = 0;
  std::uint32_t address = 0;
  std::uint32_t expected = 0;
  std::uint32_t wrong = 0;
  for (const aegen_bench::ConfigEntry& entry : *entries) {
    const std::uint32_t got = impl_->readRegister(entry.address) & entry.mask;
    if (got == (entry.value & entry.mask)) continue;
    if (failures++ > 0) continue;
    address = entry.address;
    expected = entry.value & entry.mask;
    wrong = got;
  }
  impl_->writeRegister(impl_->manifest.controlAddress, 1);
  Impl::advance(*impl_->control, kDrainClocks);
  if (failures == 0) return {};
  return readbackFailed(failures, entries->size(), address, expected, wrong);
}

Result<Columns> NetlistExecutor::run(const Columns& inputs) {
  StreamRequest request;
  std::size_t elements = 0;
  for (const rtl_gen::ManifestPort& port : impl_->manifest.ports) {
    const rtl_gen::ManifestSignal* const signal = impl_->manifest.findSignal(port.name);
    if (port.isInput || signal == nullptr) continue;
    request.captured.push_back(port.name);
    request.flush = std::max(request.flush, static_cast<std::size_t>(signal->latency));
    elements += signal->count;
  }
  auto run = impl_->streams(*impl_->control, inputs, {1, inputs.events()}, request);
  if (!run) return run.error();
  Columns out(elements, inputs.events());
  std::size_t element = 0;
  for (const StreamCapture& capture : run->captures) {
    for (std::size_t e = 0; e < capture.elements.size(); ++e, ++element) {
      std::ranges::copy(capture.values.column(e).subspan(static_cast<std::size_t>(capture.latency),
                                                         inputs.events()),
                        out.column(element).begin());
    }
  }
  return out;
}

Result<StreamRun> NetlistExecutor::runStreams(const Columns& inputs, const StreamRequest& request) {
  const std::size_t events = inputs.events();
  Stretch stretch;
  stretch.crossings =
      std::max<std::size_t>(1, (events + impl_->options.lanes - 1) / impl_->options.lanes);
  stretch.streams = std::max<std::size_t>(1, (events + stretch.crossings - 1) / stretch.crossings);
  GateSimulator simulator(impl_->program,
                          GateSimulatorOptions{static_cast<unsigned>(stretch.streams)});
  simulator.useSettling(request.settling);
  simulator.setStorage(impl_->control->storage(0));
  return impl_->streams(simulator, inputs, stretch, request);
}

const NetlistExecutor::Activity& NetlistExecutor::activity() const {
  return impl_->activity;
}
const GateProgram& NetlistExecutor::program() const {
  return *impl_->program;
}

}  // namespace aegen::sim
