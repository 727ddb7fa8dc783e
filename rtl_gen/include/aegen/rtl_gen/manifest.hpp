#pragma once
/// ModuleManifest: what a simulator, a register tool or a report must know of generated RTL, so
/// that nobody parses Verilog. Written as manifest.json beside it.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/core/diagnostic.hpp"

namespace aegen::rtl_gen {

/// A pin of the top module.
struct ManifestPort {
  std::string name;
  bool isInput = true;
  int width = 1;
  std::string purpose;  ///< "clock", "reset", "link_reset", "signal", "config", "serial"
};

/// A signal of the design as the RTL carries it: element i is bits (i+1)*width-1 .. i*width.
struct ManifestSignal {
  std::string name;  ///< also the name of the net in the top module
  core::FixedFormat format;
  std::uint32_t count = 1;
  int latency = 0;  ///< crossings from the chip's input
  bool isPort = false;
  bool registered = false;
  std::string producer;  ///< block instance, empty for chip inputs
};

/// A configuration field in the register file: one value an address, in order.
struct ManifestRegister {
  std::string field;
  core::FixedFormat format;
  std::uint32_t count = 1;
  std::uint32_t firstAddress = 0;
  std::vector<std::int64_t> reset;
  std::string comment;
  int firstUse = 0;  ///< crossings after the commit's at which the new value is switched in
};

/// A Verilog module: which design function it is and how often it is used.
struct ManifestModule {
  std::string name;
  std::string kind;  ///< "function", "state", "registers", "top"
  std::string comment;
  std::uint32_t instances = 1;  ///< in the whole hierarchy
};

struct ManifestMilestone {
  std::string name;
  std::string signal;
  int asked = 0;    ///< crossings
  int planned = 0;  ///< crossings the RTL takes by construction
};

struct ModuleManifest {
  std::string aegenVersion;
  std::string design;
  std::string top;
  /// Clocks of a crossing. Its first is the first clock behind a reset, and every so many after it.
  /// Inputs and link_reset hold for the whole crossing; outputs are sampled in its last clock.
  int clocksPerCrossing = 1;
  std::vector<std::string> files;  ///< Verilog, relative to the manifest
  std::vector<ManifestPort> ports;
  std::vector<ManifestSignal> signals;
  std::vector<ManifestRegister> registers;
  std::uint32_t controlAddress = 0;  ///< bit 0, written as 1: switch the shadow copy in
  int configAddressWidth = 0;        ///< 0: no configuration port
  int configDataWidth = 16;          ///< 16, or 32 when a field has more than 16 bits
  std::optional<core::SerialPort> serial;
  std::vector<ManifestModule> modules;
  std::vector<ManifestMilestone> milestones;

  [[nodiscard]] const ManifestSignal* findSignal(std::string_view name) const;
  [[nodiscard]] const ManifestRegister* findRegister(std::string_view field) const;
};

[[nodiscard]] core::Result<ModuleManifest> loadManifest(const std::filesystem::path& file);
[[nodiscard]] core::Result<void> saveManifest(const ModuleManifest& manifest,
                                              const std::filesystem::path& file);

}  // namespace aegen::rtl_gen
