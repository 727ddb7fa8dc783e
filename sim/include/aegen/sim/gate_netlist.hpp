#pragma once
/// A netlist of gates, flat and without a library: functions as truth tables, storage as flip-flops
/// and latches with levels and edges. What the gate simulator runs and what is proven equivalent.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::sim {

/// Nets are numbered; the first two are the constants, in every netlist.
using NetId = std::uint32_t;
inline constexpr NetId kNetZero = 0;
inline constexpr NetId kNetOne = 1;
/// Where a named signal has no net: nothing uses the bit and it was removed.
inline constexpr NetId kNoNet = 0xFFFFFFFF;

inline constexpr std::size_t kMaxGateInputs = 6;

/// Bit i of `table` is the output where input k is bit k of i.
struct Gate {
  std::uint64_t table = 0;
  std::array<NetId, kMaxGateInputs> inputs{};
  std::uint8_t inputCount = 0;
  NetId output = kNoNet;
};

enum class StorageKind : std::uint8_t {
  FlipFlop,  ///< takes `data` when `clock` rises
  Latch,     ///< follows `data` while `clock` is 1
};

/// A flip-flop or latch. `clear` and `preset` act while they are 1, whatever the clock does.
struct Storage {
  StorageKind kind = StorageKind::FlipFlop;
  NetId data = kNetZero;
  NetId clock = kNetZero;
  NetId clear = kNetZero;
  NetId preset = kNetZero;
  bool presetWins = false;  ///< when both are 1
  NetId output = kNoNet;
};

/// A port or a named signal, its lowest bit first.
struct NetBundle {
  std::string name;
  std::vector<NetId> nets;
};

struct GateNetlist {
  NetId netCount = 2;
  std::vector<Gate> gates;  ///< in any order
  std::vector<Storage> storages;
  std::vector<NetBundle> inputs;
  std::vector<NetBundle> outputs;
  std::vector<NetBundle> signals;  ///< further named nets; kNoNet where a bit is absent

  [[nodiscard]] NetId newNet() { return netCount++; }
  /// An input, output or signal of that name.
  [[nodiscard]] const NetBundle* find(std::string_view name) const;
};

/// Errors (all badInput): netlist.net-number (a net past netCount), netlist.multiple-drivers,
/// netlist.driven-input (a gate or storage drives a constant or an input port).
[[nodiscard]] core::Result<void> checkNetlist(const GateNetlist& netlist);

}  // namespace aegen::sim
