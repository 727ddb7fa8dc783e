#pragma once
/// Buffers on nets with many sinks, and netlists as Verilog that OpenSTA reads. Mapped netlists
/// have none of their own: no delay means anything before.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "aegen/flows/liberty.hpp"
#include "aegen/flows/netlist.hpp"

namespace aegen::flows {

/// Which buffer goes in and when.
struct BufferChoice {
  const LibertyCell* cell = nullptr;  ///< null: the library has none, nothing is inserted
  double mostLoad = 0;                ///< pF on one driver
};
/// The buffer that drives `mostLoad` inverter inputs soonest.
[[nodiscard]] BufferChoice chooseBuffer(const Liberty& library, double mostLoad);

struct BufferStats {
  std::uint64_t inserted = 0;  ///< in the whole hierarchy
  double area = 0;             ///< of those
};

/// Puts trees of buffers on every net of `modules` below `top` whose load is above the choice's,
/// module by module, children first: what a child's input weighs is what it drives. Nets of clock
/// pins are left alone.
BufferStats insertBuffers(std::vector<NetlistModule>& modules, const std::string& top,
                          const Liberty& library, const BufferChoice& choice);

/// Structural Verilog of the modules reachable from `top`. Tied pins are tied to 0.
[[nodiscard]] std::string netlistVerilog(const std::vector<NetlistModule>& modules,
                                         const std::string& top,
                                         const std::set<std::string>& leftOut);

}  // namespace aegen::flows
