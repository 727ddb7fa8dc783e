#pragma once
/// GateSimulator: a GateNetlist clock by clock, in many lanes at once: each lane is a simulation of
/// its own, a bit of every word. Two-valued and cycle-accurate, gates without delay; or, to see
/// glitches, each gate a unit of it.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/instruction_set.hpp"
#include "aegen/sim/gate_netlist.hpp"

namespace aegen::sim {

/// A netlist made ready to run: gates in order, those the clock reaches apart. Shared by
/// simulators.
class GateProgram {
 public:
  /// `clock`: the input port of one bit that everything is clocked by, straight or through gates
  /// and latches. Errors: those of checkNetlist(); netlist.no-clock (no such port),
  /// netlist.combinational-loop, netlist.clock-shape (a flip-flop or latch on a clock that is
  /// neither the clock nor its inverse, gated or not; or that is clocked by data).
  [[nodiscard]] static core::Result<std::shared_ptr<const GateProgram>> compile(
      GateNetlist netlist, std::string_view clock);
  ~GateProgram();

  [[nodiscard]] const GateNetlist& netlist() const;
  [[nodiscard]] NetId clock() const;
  /// Gates and latches on the longest way.
  [[nodiscard]] std::size_t levels() const;
  /// Is the net downstream of the clock input, without a flip-flop or a latch's data between?
  [[nodiscard]] bool isClockNet(NetId net) const;

  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  explicit GateProgram(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// How values settle within a clock. All end in the same values.
enum class Settling : std::uint8_t {
  Sweep,      ///< every gate once: for many lanes of busy data
  Events,     ///< gates whose inputs changed, each once
  UnitDelay,  ///< gates whose inputs changed, a unit of time later: hazards count as toggles
};

struct GateSimulatorOptions {
  unsigned lanes = 64;  ///< rounded up to 64, 256 or 512, the most there are
  /// Must be available; Avx512 runs what Avx2 runs.
  core::InstructionSet set = core::availableInstructionSets().back();
};

class GateSimulator {
 public:
  explicit GateSimulator(std::shared_ptr<const GateProgram> program,
                         const GateSimulatorOptions& options = {});
  ~GateSimulator();
  GateSimulator(GateSimulator&&) noexcept;
  GateSimulator& operator=(GateSimulator&&) noexcept;

  [[nodiscard]] const GateProgram& program() const;
  /// Words of 64 lanes a net has.
  [[nodiscard]] std::size_t words() const;
  [[nodiscard]] unsigned lanes() const { return static_cast<unsigned>(words() * 64); }

  void useSettling(Settling settling);
  /// An input's value in all lanes, or lane by lane.
  void drive(NetId input, bool value);
  void drive(NetId input, std::span<const std::uint64_t> lanes);
  /// words() words; valid after settle().
  [[nodiscard]] std::span<const std::uint64_t> value(NetId net) const;

  /// Lets inputs and storage reach every net, the clock being low.
  void settle();
  /// A clock's rising edge, its high time and its fall, from a settled state. Flip-flops of the
  /// rising edge see what settle() left.
  void edge();

  /// Random contents of every flip-flop and latch, other ones in each lane.
  void randomiseStorage(std::uint64_t seed);
  /// Contents of a lane, in the netlist's order of storages; and the same put into all lanes.
  [[nodiscard]] std::vector<bool> storage(unsigned lane) const;
  void setStorage(const std::vector<bool>& contents);

  /// Counts changes of every net from now on in lanes below `lanes`; 0 stops. Only changes that a
  /// settled state is followed by count: settle() first.
  void countToggles(unsigned lanes);
  void clearToggles();
  /// Changes counted, by net, over all counted lanes.
  [[nodiscard]] std::vector<std::uint64_t> toggles() const;
  /// Clocks that the net was 1 at their end, just before the rising edge, over all counted lanes.
  [[nodiscard]] std::vector<std::uint64_t> onesBeforeEdge() const;

  class Engine;

 private:
  std::shared_ptr<const GateProgram> program_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace aegen::sim
