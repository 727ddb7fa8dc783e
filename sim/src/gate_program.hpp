#pragma once
/// What GateProgram::compile() makes of a netlist: operations in an order in which each follows
/// what it depends on.

#include <cstdint>
#include <vector>

#include "aegen/sim/gate_simulator.hpp"
#include "gate_recipe.hpp"

namespace aegen::sim {

/// Computes a net anew from others: a gate, a latch, or the asynchronous part of a flip-flop.
struct GateOp {
  enum class Kind : std::uint8_t { Gate, Latch, Held };
  Kind kind = Kind::Gate;
  bool presetWins = false;       ///< of storage
  std::uint16_t inputCount = 0;  ///< of a gate
  std::uint32_t recipe = 0;      ///< of a gate; of storage: its number
  std::uint32_t firstInput = 0;  ///< in `operands`; of storage: data, clock, clear, preset
  NetId output = 0;
};

/// Flip-flops on one clock net.
struct ClockGroup {
  NetId clock = kNetZero;
  bool rising = true;  ///< with the clock input, or against it
  std::vector<std::uint32_t> storages;
};

struct GateProgram::Impl {
  GateNetlist netlist;
  NetId clock = kNetZero;
  std::vector<GateRecipe> recipes;
  std::vector<GateOp> ops;
  std::vector<NetId> operands;
  std::vector<std::uint32_t> level;  ///< of each op, from 0
  std::uint32_t levels = 0;
  std::vector<std::uint32_t> clockOps;  ///< gates the clock reaches, in order
  std::vector<bool> clockNet;           ///< by net
  std::vector<ClockGroup> groups;
  /// Something happens while the clock is high that the low phase must see: flip-flops of the
  /// falling edge, latches open while it is high.
  bool highPhase = false;
  std::vector<std::uint32_t> fanoutBegin;  ///< by net, into `fanout`
  std::vector<std::uint32_t> fanout;       ///< ops that read the net
};

}  // namespace aegen::sim
