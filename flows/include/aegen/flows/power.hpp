#pragma once
/// Power of a mapped chip from the switching of its nets: energies of the Liberty file times the
/// changes that the gate simulator counted.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/liberty_power.hpp"
#include "aegen/flows/mapped_chip.hpp"
#include "aegen/sim/netlist_executor.hpp"

namespace aegen::flows {

/// pJ a clock. Clock: clock nets, what drives them, and clock pins. Registers: flip-flops and
/// latches besides, with the nets they drive. Combinational: the rest, input ports' nets included.
struct EnergySplit {
  double clock = 0;
  double registers = 0;
  double combinational = 0;
  [[nodiscard]] double total() const { return clock + registers + combinational; }
};

/// A module's own cells over all its instances.
struct ModulePower {
  std::string name;
  std::uint64_t instances = 0;
  EnergySplit energy;
};

struct PowerFigures {
  EnergySplit energy;
  std::vector<ModulePower> modules;  ///< the largest first
  std::vector<ModulePower> blocks;   ///< the top's instances with all below, by name; "top" its own
  double leakage = 0;                ///< W
  // What gates do to the clock's energy, pJ a clock.
  std::uint64_t flipFlops = 0;
  std::uint64_t gatedFlipFlops = 0;  ///< on a clock net that stood still at times
  double gatingSaves = 0;            ///< energy of their clock pins and nets had they all run
  std::uint64_t stillFlipFlops = 0;  ///< clocked every clock and never changed
  double stillClockEnergy = 0;       ///< what their clock pins take: what gating could save
};

struct PowerOptions {
  double slew = 0.3;  ///< ns, of every input: transitions are not propagated
  double wire = 0;    ///< pF a pin that a net drives, beside the pin
};

/// Error: power.no-activity (nothing was counted).
[[nodiscard]] core::Result<PowerFigures> powerOf(const MappedChip& chip,
                                                 const LibertyPower& library,
                                                 const sim::NetlistExecutor::Activity& activity,
                                                 const PowerOptions& options = {});

/// The activity as SAIF, hierarchy and named nets, a clock lasting `period` ns.
[[nodiscard]] std::string saif(const MappedChip& chip,
                               const sim::NetlistExecutor::Activity& activity,
                               const std::string& top, double period);

/// power.json: busy and idle.
struct PowerResult {
  std::string library;
  std::string stimulus;
  double voltage = 0;
  double clockMhz = 40;
  std::uint64_t crossings = 0;
  bool internalPower = false;  ///< the library has tables of it
  PowerFigures busy;
  PowerFigures idle;
  double glitchFactor =
      0;  ///< combinational energy with unit delays over that without; 0: not asked
};
[[nodiscard]] std::string powerJson(const PowerResult& result);

}  // namespace aegen::flows
