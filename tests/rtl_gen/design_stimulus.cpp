#include "design_stimulus.hpp"

#include <gtest/gtest.h>

namespace aegen::rtl_gen::testing {

namespace {

SimPort simPort(const ModuleManifest& manifest, const ManifestPort& port) {
  if (const ManifestSignal* const signal = manifest.findSignal(port.name)) {
    return {port.name, signal->format, signal->count};
  }
  return {port.name, {false, port.width, 0}, 1};
}

std::vector<std::int64_t> row(const std::vector<SimPort>& inputs, const Clock& clock) {
  std::vector<std::int64_t> out;
  const std::map<std::string, std::int64_t> pins{{"rst_n", clock.resetN ? 1 : 0},
                                                 {"link_reset", clock.linkReset ? 1 : 0},
                                                 {"cfg_write", clock.write ? 1 : 0},
                                                 {"cfg_address", clock.address},
                                                 {"cfg_wdata", clock.data}};
  std::size_t next = 0;
  for (const SimPort& port : inputs) {
    if (const auto pin = pins.find(port.name); pin != pins.end()) {
      out.push_back(pin->second);
      continue;
    }
    for (std::uint32_t i = 0; i < port.count; ++i) out.push_back(clock.inputs[next++]);
  }
  return out;
}

}  // namespace

const std::vector<std::int64_t>& Recording::of(const ModuleManifest& manifest,
                                               const std::string& signal,
                                               std::size_t crossing) const {
  const auto latency = static_cast<std::size_t>(manifest.findSignal(signal)->latency);
  return ports.find(signal)->second.at(crossing + latency);
}

Recording play(Simulator simulator, const GeneratedRtl& rtl, const std::filesystem::path& directory,
               const std::vector<Clock>& clocks) {
  EXPECT_TRUE(writeRtl(rtl, directory).ok());
  std::vector<std::string> files;
  for (const std::string& file : rtl.manifest.files) files.push_back((directory / file).string());
  std::vector<SimPort> inputs;
  std::vector<SimPort> outputs;
  for (const ManifestPort& port : rtl.manifest.ports) {
    if (port.name == "clk") continue;
    (port.isInput ? inputs : outputs).push_back(simPort(rtl.manifest, port));
  }
  Rows rows;
  const int each = rtl.manifest.clocksPerCrossing;
  for (const Clock& clock : clocks) {
    for (int phase = 0; phase < each; ++phase) {
      Clock now = clock;
      now.write = clock.write && phase == clock.phase;
      rows.push_back(row(inputs, now));
    }
  }
  const Rows got =
      simulate(simulator, directory, files, rtl.manifest.top, true, inputs, outputs, rows);
  Recording recording;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto& sampled = got[i];
    if ((i + 1) % static_cast<std::size_t>(each) != 0) continue;
    auto at = sampled.begin();
    for (const SimPort& port : outputs) {
      recording.ports[port.name].emplace_back(at, at + port.count);
      at += port.count;
    }
  }
  return recording;
}

std::vector<Clock> writes(const ModuleManifest& manifest, const core::ConfigValues& values,
                          bool commit) {
  std::vector<Clock> out;
  for (const auto& [name, raw] : values) {
    const ManifestRegister& field = *manifest.findRegister(name);
    for (std::size_t i = 0; i < raw.size(); ++i) {
      Clock clock;
      clock.write = true;
      clock.address = static_cast<std::int64_t>(field.firstAddress + i);
      clock.data = raw[i];
      out.push_back(clock);
    }
  }
  if (commit) {
    Clock clock;
    clock.write = true;
    clock.address = manifest.controlAddress;
    clock.data = 1;
    out.push_back(clock);
  }
  return out;
}

}  // namespace aegen::rtl_gen::testing
