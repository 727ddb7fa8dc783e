#include "gate_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace aegen::sim {

namespace {

using core::Result;
constexpr std::uint32_t kNoOp = 0xFFFFFFFF;

/// How a net follows the clock.
enum class Follow : std::uint8_t { Not, Same, Inverse, Mixed };

Follow inverted(Follow follow) {
  if (follow == Follow::Same) return Follow::Inverse;
  return follow == Follow::Inverse ? Follow::Same : follow;
}

class Compiler {
 public:
  Compiler(GateNetlist netlist, GateProgram::Impl& program) : p_(program) {
    p_.netlist = std::move(netlist);
  }

  Result<void> run(std::string_view clock) {
    if (auto done = checkNetlist(p_.netlist); !done) return done;
    const auto port = std::ranges::find(p_.netlist.inputs, clock, &NetBundle::name);
    if (port == p_.netlist.inputs.end() || port->nets.size() != 1) {
      return core::badInput("netlist.no-clock", "the netlist has no clock input of one bit",
                            std::string(clock));
    }
    p_.clock = port->nets.front();
    collect();
    if (auto done = order(); !done) return done;
    followClock();
    findStable();
    for (const Storage& storage : p_.netlist.storages) {
      if (auto done = checkClock(storage); !done) return done;
    }
    group();
    connect();
    return {};
  }

 private:
  /// Ops in the netlist's order, and which drives a net.
  void collect() {
    std::map<std::pair<std::uint64_t, unsigned>, std::uint32_t> recipes;
    driver_.assign(p_.netlist.netCount, kNoOp);
    for (const Gate& gate : p_.netlist.gates) {
      const std::uint64_t table = widenTable(gate.table, gate.inputCount);
      const auto [found, isNew] = recipes.emplace(std::pair{table, gate.inputCount},
                                                  static_cast<std::uint32_t>(p_.recipes.size()));
      if (isNew) p_.recipes.push_back(makeRecipe(gate.table, gate.inputCount));
      add({GateOp::Kind::Gate, false, gate.inputCount, found->second, 0, gate.output},
          {gate.inputs.begin(), gate.inputs.begin() + gate.inputCount});
      tables_.push_back(table);
    }
    for (std::uint32_t i = 0; i < p_.netlist.storages.size(); ++i) {
      const Storage& s = p_.netlist.storages[i];
      const bool latch = s.kind == StorageKind::Latch;
      if (!latch && s.clear == kNetZero && s.preset == kNetZero) continue;
      add({latch ? GateOp::Kind::Latch : GateOp::Kind::Held, s.presetWins, 4, i, 0, s.output},
          {s.data, s.clock, s.clear, s.preset});
      tables_.push_back(0);
    }
  }

  void add(GateOp op, const std::vector<NetId>& inputs) {
    op.firstInput = static_cast<std::uint32_t>(p_.operands.size());
    p_.operands.insert(p_.operands.end(), inputs.begin(), inputs.end());
    driver_[op.output] = static_cast<std::uint32_t>(p_.ops.size());
    p_.ops.push_back(op);
  }

  /// The nets an op's output depends on at once.
  [[nodiscard]] std::span<const NetId> inputsOf(const GateOp& op) const {
    const std::span<const NetId> all(p_.operands.data() + op.firstInput, op.inputCount);
    return op.kind == GateOp::Kind::Held ? all.subspan(2) : all;
  }

  /// Depth first, so that what belongs together stays together in memory.
  Result<void> order() {
    enum class Mark : std::uint8_t { New, Open, Done };
    std::vector<Mark> marks(p_.ops.size(), Mark::New);
    std::vector<std::uint32_t> sorted;
    sorted.reserve(p_.ops.size());
    std::vector<std::pair<std::uint32_t, std::size_t>> stack;
    for (std::uint32_t root = 0; root < p_.ops.size(); ++root) {
      if (marks[root] != Mark::New) continue;
      stack.assign(1, {root, 0});
      marks[root] = Mark::Open;
      while (!stack.empty()) {
        auto& [op, next] = stack.back();
        const auto inputs = inputsOf(p_.ops[op]);
        if (next == inputs.size()) {
          marks[op] = Mark::Done;
          sorted.push_back(op);
          stack.pop_back();
          continue;
        }
        const std::uint32_t from = driver_[inputs[next++]];
        if (from == kNoOp || marks[from] == Mark::Done) continue;
        if (marks[from] == Mark::Open) {
          return core::badInput("netlist.combinational-loop", "gates or open latches form a loop",
                                fmt::format("net {}", p_.ops[from].output));
        }
        marks[from] = Mark::Open;
        stack.emplace_back(from, 0);
      }
    }
    permute(sorted);
    return {};
  }

  void permute(const std::vector<std::uint32_t>& sorted) {
    std::vector<GateOp> ops;
    std::vector<NetId> operands;
    std::vector<std::uint64_t> tables;
    ops.reserve(sorted.size());
    operands.reserve(p_.operands.size());
    for (const std::uint32_t old : sorted) {
      GateOp op = p_.ops[old];
      const auto first = p_.operands.begin() + op.firstInput;
      op.firstInput = static_cast<std::uint32_t>(operands.size());
      operands.insert(operands.end(), first, first + op.inputCount);
      driver_[op.output] = static_cast<std::uint32_t>(ops.size());
      ops.push_back(op);
      tables.push_back(tables_[old]);
    }
    p_.ops = std::move(ops);
    p_.operands = std::move(operands);
    tables_ = std::move(tables);
    p_.level.assign(p_.ops.size(), 0);
    for (std::size_t i = 0; i < p_.ops.size(); ++i) {
      for (const NetId net : inputsOf(p_.ops[i])) {
        if (driver_[net] != kNoOp) {
          p_.level[i] = std::max(p_.level[i], p_.level[driver_[net]] + 1);
        }
      }
      p_.levels = std::max(p_.levels, p_.level[i] + 1);
    }
  }

  /// The two halves of a gate's table for one input.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> cofactors(std::size_t op,
                                                                  unsigned input) const {
    const std::uint64_t column = tableColumn(input);
    const unsigned width = 1U << input;
    const std::uint64_t low = tables_[op] & ~column;
    const std::uint64_t high = tables_[op] & column;
    return {low | low << width, high | high >> width};
  }

  /// Which nets the clock reaches through gates. A latch ends its way: what comes out of one
  /// changes with its data, in the phase in which it is open.
  void followClock() {
    follow_.assign(p_.netlist.netCount, Follow::Not);
    p_.clockNet.assign(p_.netlist.netCount, false);
    follow_[p_.clock] = Follow::Same;
    p_.clockNet[p_.clock] = true;
    for (std::uint32_t i = 0; i < p_.ops.size(); ++i) {
      const GateOp& op = p_.ops[i];
      if (op.kind != GateOp::Kind::Gate) continue;
      Follow follow = Follow::Not;
      for (unsigned k = 0; k < op.inputCount; ++k) {
        const Follow input = follow_[p_.operands[op.firstInput + k]];
        if (input == Follow::Not) continue;
        const auto [low, high] = cofactors(i, k);
        Follow through = Follow::Mixed;
        if (low == high) continue;
        if ((low & ~high) == 0) through = input;
        if ((high & ~low) == 0) through = inverted(input);
        follow = follow == Follow::Not || follow == through ? through : Follow::Mixed;
      }
      if (follow == Follow::Not) continue;
      follow_[op.output] = follow;
      p_.clockNet[op.output] = true;
      p_.clockOps.push_back(i);
    }
  }

  /// Nets that hold still while the clock is high, and while it is low. Input ports change when it
  /// is low.
  void findStable() {
    const std::size_t nets = p_.netlist.netCount;
    stableHigh_.assign(nets, true);
    stableLow_.assign(nets, true);
    stableHigh_[p_.clock] = true;
    for (const NetBundle& port : p_.netlist.inputs) {
      for (const NetId net : port.nets) stableLow_[net] = false;
    }
    for (const Storage& s : p_.netlist.storages) {
      const bool same = follow_[s.clock] == Follow::Same;
      // A flip-flop changes when its clock has risen, a latch while its clock is 1.
      stableHigh_[s.output] = !same;
      stableLow_[s.output] = same;
    }
    for (std::size_t i = 0; i < p_.ops.size(); ++i) {
      const GateOp& op = p_.ops[i];
      if (op.kind == GateOp::Kind::Held) {
        stableHigh_[op.output] = stableLow_[op.output] = false;
      }
      if (op.kind != GateOp::Kind::Gate) continue;
      for (const NetId net : inputsOf(op)) {
        if (p_.clockNet[net]) continue;
        if (!stableHigh_[net]) stableHigh_[op.output] = false;
        if (!stableLow_[net]) stableLow_[op.output] = false;
      }
    }
    sound_.assign(nets, true);
    for (const std::uint32_t i : p_.clockOps) {
      const GateOp& op = p_.ops[i];
      sound_[op.output] = follow_[op.output] != Follow::Mixed && enablesHoldStill(i);
    }
  }

  /// Does a gate on a clock's way let nothing but the clock through? Each other input must hold
  /// still in the phases in which the output would follow it.
  [[nodiscard]] bool enablesHoldStill(std::uint32_t index) const {
    const GateOp& op = p_.ops[index];
    const NetId* const inputs = p_.operands.data() + op.firstInput;
    unsigned clockInput = op.inputCount;
    unsigned clockInputs = 0;
    for (unsigned k = 0; k < op.inputCount; ++k) {
      if (!p_.clockNet[inputs[k]]) continue;
      if (!sound_[inputs[k]]) return false;
      clockInput = k;
      ++clockInputs;
    }
    if (clockInputs > 1) return clockInputs == op.inputCount;
    const auto [low, high] = cofactors(index, clockInput);
    const bool same = follow_[inputs[clockInput]] == Follow::Same;
    const std::uint64_t whenHigh = same ? high : low;
    const std::uint64_t whenLow = same ? low : high;
    for (unsigned k = 0; k < op.inputCount; ++k) {
      if (k == clockInput) continue;
      const unsigned width = 1U << k;
      const auto depends = [&](std::uint64_t table) {
        return (((table >> width) ^ table) & ~tableColumn(k)) != 0;
      };
      if (depends(whenHigh) && !stableHigh_[inputs[k]]) return false;
      if (depends(whenLow) && !stableLow_[inputs[k]]) return false;
    }
    return true;
  }

  [[nodiscard]] Result<void> checkClock(const Storage& storage) const {
    const NetId clock = storage.clock;
    if (clock == kNetZero || clock == kNetOne) return {};
    if (p_.clockNet[clock] && sound_[clock]) return {};
    return core::badInput(
        "netlist.clock-shape",
        p_.clockNet[clock]
            ? "a flip-flop's or latch's clock mixes the clock with signals that change under it"
            : "a flip-flop or latch is clocked by data",
        fmt::format("net {}", storage.output),
        {"gate a clock by a latch that is open while it is low, and an AND"});
  }

  void group() {
    std::map<NetId, std::size_t> known;
    for (std::uint32_t i = 0; i < p_.netlist.storages.size(); ++i) {
      const Storage& s = p_.netlist.storages[i];
      const bool rising = follow_[s.clock] == Follow::Same;
      if (s.kind == StorageKind::Latch) {
        p_.highPhase = p_.highPhase || rising || s.clock == kNetOne;
        continue;
      }
      if (s.clock == kNetZero || s.clock == kNetOne) continue;  // it never rises
      const auto [found, isNew] = known.emplace(s.clock, p_.groups.size());
      if (isNew) p_.groups.push_back({s.clock, rising, {}});
      p_.groups[found->second].storages.push_back(i);
      p_.highPhase = p_.highPhase || !rising;
    }
  }

  void connect() {
    p_.fanoutBegin.assign(p_.netlist.netCount + 1, 0);
    for (const GateOp& op : p_.ops) {
      for (const NetId net : inputsOf(op)) ++p_.fanoutBegin[net + 1];
    }
    for (std::size_t n = 0; n < p_.netlist.netCount; ++n) {
      p_.fanoutBegin[n + 1] += p_.fanoutBegin[n];
    }
    p_.fanout.resize(p_.fanoutBegin.back());
    std::vector<std::uint32_t> at(p_.fanoutBegin.begin(), p_.fanoutBegin.end() - 1);
    for (std::uint32_t i = 0; i < p_.ops.size(); ++i) {
      for (const NetId net : inputsOf(p_.ops[i])) p_.fanout[at[net]++] = i;
    }
  }

  GateProgram::Impl& p_;
  std::vector<std::uint32_t> driver_;  ///< op by net
  std::vector<std::uint64_t> tables_;  ///< by op
  std::vector<Follow> follow_;
  std::vector<bool> stableHigh_;
  std::vector<bool> stableLow_;
  std::vector<bool> sound_;  ///< of nets the clock reaches: may clock storage
};

}  // namespace

GateProgram::GateProgram(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GateProgram::~GateProgram() = default;

Result<std::shared_ptr<const GateProgram>> GateProgram::compile(GateNetlist netlist,
                                                                std::string_view clock) {
  auto impl = std::make_unique<Impl>();
  if (auto done = Compiler(std::move(netlist), *impl).run(clock); !done) return done.error();
  return std::shared_ptr<const GateProgram>(new GateProgram(std::move(impl)));
}

const GateNetlist& GateProgram::netlist() const {
  return impl_->netlist;
}
NetId GateProgram::clock() const {
  return impl_->clock;
}
std::size_t GateProgram::levels() const {
  return impl_->levels;
}
bool GateProgram::isClockNet(NetId net) const {
  return impl_->clockNet[net];
}

}  // namespace aegen::sim
