#include "aegen/sim/gate_simulator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <random>
#include <string>
#include <vector>

#include "gate_recipe.hpp"

namespace aegen::sim {
namespace {

constexpr std::uint64_t kInverter = 0b01;
constexpr std::uint64_t kAnd2 = 0b1000;
constexpr std::uint64_t kXor2 = 0b0110;

bool tableBit(std::uint64_t table, unsigned row) {
  return (table >> row & 1) != 0;
}

TEST(GateRecipe, GivesEveryRowOfRandomTablesOfUpToSixInputs) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 600; ++round) {
    const auto inputs = static_cast<unsigned>(random() % 7);
    // Sparse and dense tables too: constants, single inputs, ANDs.
    std::uint64_t table = random();
    if (round % 3 == 1) table &= random() & random();
    if (round % 3 == 2) table |= random() | random();
    const GateRecipe recipe = makeRecipe(table, inputs);
    std::vector<std::uint64_t> slots(kMostSlots);
    for (unsigned k = 0; k < inputs; ++k) slots[k] = tableColumn(k);
    for (std::size_t i = 0; i < recipe.steps.size(); ++i) {
      const WordStep& s = recipe.steps[i];
      const std::uint64_t a = slots[s.a];
      const std::uint64_t b = slots[s.b];
      const std::uint64_t values[] = {
          0,     ~std::uint64_t{0},          ~a, a & b, ~a & b, a | b, ~a | b,
          a ^ b, (a & b) | (~a & slots[s.c])};
      slots[kFirstStepSlot + i] = values[static_cast<std::size_t>(s.op)];
    }
    for (unsigned row = 0; row < (1U << inputs); ++row) {
      ASSERT_EQ(tableBit(slots[recipe.result], row), tableBit(table, row))
          << "table " << std::hex << table << " of " << inputs << " inputs, row " << row;
    }
  }
}

/// A netlist under construction.
struct Bench {
  GateNetlist netlist;
  NetId clock;
  Bench() { clock = input("clk"); }
  NetId input(const std::string& name) {
    const NetId net = netlist.newNet();
    netlist.inputs.push_back({name, {net}});
    return net;
  }
  NetId gate(std::uint64_t table, const std::vector<NetId>& inputs) {
    Gate gate{table, {}, static_cast<std::uint8_t>(inputs.size()), netlist.newNet()};
    std::copy(inputs.begin(), inputs.end(), gate.inputs.begin());
    netlist.gates.push_back(gate);
    return gate.output;
  }
  NetId storage(StorageKind kind, NetId data, NetId on, NetId clear = kNetZero,
                NetId preset = kNetZero, bool presetWins = false) {
    netlist.storages.push_back({kind, data, on, clear, preset, presetWins, netlist.newNet()});
    return netlist.storages.back().output;
  }
};

/// One lane, a bit a net, relaxed until nothing changes: slow and obvious.
class Oracle {
 public:
  Oracle(const GateProgram& program, bool highPhase)
      : n_(program.netlist()), program_(program), highPhase_(highPhase) {
    values_.assign(n_.netCount, false);
    values_[kNetOne] = true;
    toggles_.assign(n_.netCount, 0);
  }
  std::vector<bool>& values() { return values_; }
  [[nodiscard]] const std::vector<std::uint64_t>& toggles() const { return toggles_; }

  void settle() {
    relax(true);
    count(true);
  }
  void edge() {
    move(true);
    if (highPhase_) relax(true);
    count(highPhase_);
    move(false);
    count(false);
  }
  void start() {
    last_ = values_;
    toggles_.assign(n_.netCount, 0);
  }

 private:
  void relax(bool withStorage) {
    for (bool again = true; again;) {
      again = false;
      const auto put = [&](NetId net, bool value) {
        again = again || values_[net] != value;
        values_[net] = value;
      };
      for (const Gate& gate : n_.gates) {
        unsigned row = 0;
        for (unsigned k = 0; k < gate.inputCount; ++k) {
          row |= static_cast<unsigned>(values_[gate.inputs[k]]) << k;
        }
        put(gate.output, tableBit(gate.table, row));
      }
      for (const Storage& s : n_.storages) {
        if (!withStorage) break;
        const bool open = s.kind == StorageKind::Latch && values_[s.clock];
        put(s.output, controlled(s, open ? values_[s.data] : values_[s.output]));
      }
    }
  }
  bool controlled(const Storage& s, bool value) const {
    if (values_[s.clear] && values_[s.preset]) return s.presetWins;
    if (values_[s.clear]) return false;
    return value || values_[s.preset];
  }
  void move(bool level) {
    const std::vector<bool> before = values_;
    values_[program_.clock()] = level;
    relax(false);
    const std::vector<bool> moved = values_;
    values_ = before;
    values_[program_.clock()] = level;
    for (NetId net = 0; net < n_.netCount; ++net) {
      if (program_.isClockNet(net)) values_[net] = moved[net];
    }
    for (const Storage& s : n_.storages) {
      if (s.kind != StorageKind::FlipFlop) continue;
      if (!before[s.clock] && moved[s.clock]) values_[s.output] = controlled(s, before[s.data]);
    }
  }
  void count(bool all) {
    for (NetId net = 0; net < n_.netCount; ++net) {
      const bool stored = std::ranges::count(n_.storages, net, &Storage::output) > 0;
      if (!all && !stored && !program_.isClockNet(net)) continue;
      toggles_[net] += values_[net] != last_[net] ? 1 : 0;
      last_[net] = values_[net];
    }
  }

  const GateNetlist& n_;
  const GateProgram& program_;
  bool highPhase_;
  std::vector<bool> values_;
  std::vector<bool> last_;
  std::vector<std::uint64_t> toggles_;
};

struct RandomNetlist {
  GateNetlist netlist;
  bool highPhase = false;
};

/// Gates, flip-flops on the clock, its inverse and gated clocks, latches, asynchronous resets.
RandomNetlist randomNetlist(std::mt19937_64& random) {
  Bench b;
  const bool highPhase = random() % 2 == 0;
  std::vector<NetId> nets{kNetZero, kNetOne};
  const auto pick = [&] { return nets[random() % nets.size()]; };
  for (int i = 0; i < 5; ++i) nets.push_back(b.input("in" + std::to_string(i)));
  const NetId inverse = b.gate(kInverter, {b.clock});
  std::vector<NetId> clocks{b.clock};
  if (highPhase) clocks.push_back(inverse);
  // Storage first, its data filled in when there are gates to choose from.
  const std::size_t storages = 4 + random() % 12;
  for (std::size_t i = 0; i < storages; ++i) {
    nets.push_back(b.storage(StorageKind::FlipFlop, kNetZero, clocks[random() % clocks.size()]));
  }
  for (int i = 0; i < 40; ++i) {
    if (i == 10 || i == 20) {  // a gated clock
      const NetId enable = b.storage(StorageKind::Latch, pick(), inverse);
      clocks.push_back(b.gate(kAnd2, {b.clock, enable}));
    }
    if (i % 11 == 5) nets.push_back(b.storage(StorageKind::Latch, pick(), inverse));
    if (i % 13 == 7 && highPhase) {
      nets.push_back(b.storage(StorageKind::Latch, pick(), b.clock));
    }
    std::vector<NetId> inputs(1 + random() % kMaxGateInputs);
    for (NetId& net : inputs) net = pick();
    nets.push_back(b.gate(random(), inputs));
  }
  const NetId clear = b.input("clear");
  const NetId preset = b.input("preset");
  for (std::size_t i = 0; i < storages; ++i) {
    Storage& s = b.netlist.storages[i];
    s.data = pick();
    if (i % 3 == 0) s.clock = clocks[random() % clocks.size()];
    if (i % 4 == 1) s.clear = clear;
    if (i % 5 == 1) s.preset = preset;
    s.presetWins = random() % 2 == 0;
  }
  const auto falls = [&](const Storage& s) {
    return s.clock == (s.kind == StorageKind::FlipFlop ? inverse : b.clock);
  };
  return {b.netlist, std::ranges::any_of(b.netlist.storages, falls)};
}

TEST(GateSimulator, EqualsARelaxationOracleInEveryLaneAndToggleOnRandomNetlists) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const RandomNetlist made = randomNetlist(random);
    const auto program = GateProgram::compile(made.netlist, "clk");
    ASSERT_TRUE(program.ok()) << program.error().text();
    const GateNetlist& n = (*program)->netlist();
    const auto sets = core::availableInstructionSets();
    GateSimulatorOptions options{std::array{64U, 256U, 512U}[seed % 3], sets[seed % sets.size()]};
    GateSimulator sweep(*program, options);
    GateSimulator events(*program, options);
    GateSimulator delays(*program, options);
    events.useSettling(Settling::Events);
    delays.useSettling(Settling::UnitDelay);
    const std::vector<GateSimulator*> simulators{&sweep, &events, &delays};
    std::vector<unsigned> lanes{0, 1, sweep.lanes() / 2 + 7, sweep.lanes() - 1};
    std::vector<Oracle> oracles;
    for (std::size_t i = 0; i < lanes.size(); ++i) oracles.emplace_back(**program, made.highPhase);
    for (GateSimulator* simulator : simulators) simulator->randomiseStorage(seed);
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      const std::vector<bool> contents = sweep.storage(lanes[i]);
      for (std::size_t k = 0; k < contents.size(); ++k) {
        oracles[i].values()[n.storages[k].output] = contents[k];
      }
    }
    std::vector<std::uint64_t> ones(n.netCount, 0);
    for (int clock = 0; clock < 25; ++clock) {
      for (const NetBundle& port : n.inputs) {
        if (port.name == "clk") continue;
        std::vector<std::uint64_t> words(sweep.words());
        for (std::uint64_t& word : words)
          word = port.name == "clear" ? random() & random() : random();
        for (GateSimulator* simulator : simulators) simulator->drive(port.nets[0], words);
        for (std::size_t i = 0; i < lanes.size(); ++i) {
          oracles[i].values()[port.nets[0]] = (words[lanes[i] / 64] >> (lanes[i] % 64) & 1) != 0;
        }
      }
      for (GateSimulator* simulator : simulators) simulator->settle();
      if (clock == 0) {  // everything is known from here on
        for (GateSimulator* simulator : simulators) simulator->countToggles(simulator->lanes());
        for (Oracle& oracle : oracles) {
          oracle.start();
          oracle.settle();
          oracle.start();
        }
      } else {
        for (Oracle& oracle : oracles) oracle.settle();
      }
      for (NetId net = 0; net < n.netCount; ++net) {
        for (std::size_t i = 0; i < lanes.size(); ++i) {
          const bool expected = oracles[i].values()[net];
          for (GateSimulator* simulator : simulators) {
            const bool got = (simulator->value(net)[lanes[i] / 64] >> (lanes[i] % 64) & 1) != 0;
            ASSERT_EQ(got, expected)
                << "clock " << clock << ", net " << net << ", lane " << lanes[i];
          }
        }
        for (const std::uint64_t word : sweep.value(net)) ones[net] += std::popcount(word);
      }
      for (GateSimulator* simulator : simulators) simulator->edge();
      for (Oracle& oracle : oracles) oracle.edge();
    }
    EXPECT_EQ(sweep.onesBeforeEdge(), ones);
    EXPECT_EQ(sweep.toggles(), events.toggles());
    // Hazards come in pairs, lane by lane.
    const auto counted = sweep.toggles();
    const auto delayed = delays.toggles();
    for (NetId net = 0; net < n.netCount; ++net) {
      if (made.highPhase) {
        EXPECT_GE(delayed[net], counted[net]) << net;
        EXPECT_EQ((delayed[net] - counted[net]) % 2, 0U) << net;
      }
    }
  }
}

TEST(GateSimulator, CountsTheTogglesOfALaneAsTheOracleDoes) {
  for (std::uint64_t seed = 100; seed < 130; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const RandomNetlist made = randomNetlist(random);
    const auto program = GateProgram::compile(made.netlist, "clk");
    ASSERT_TRUE(program.ok());
    GateSimulator simulator(*program);
    simulator.useSettling(seed % 2 == 0 ? Settling::Sweep : Settling::Events);
    Oracle oracle(**program, made.highPhase);
    for (int clock = 0; clock < 40; ++clock) {
      for (const NetBundle& port : made.netlist.inputs) {
        if (port.name == "clk") continue;
        const bool value = random() % 2 == 0;
        simulator.drive(port.nets[0], value);
        oracle.values()[port.nets[0]] = value;
      }
      simulator.settle();
      if (clock == 0) {
        oracle.start();
        oracle.settle();
        oracle.start();
        simulator.countToggles(1);
      } else {
        oracle.settle();
      }
      simulator.edge();
      oracle.edge();
    }
    simulator.settle();  // what the last edge set off
    oracle.settle();
    EXPECT_EQ(simulator.toggles(), oracle.toggles());
  }
}

TEST(GateSimulator, GatedFlipFlopsHoldAndTheirClockStandsStill) {
  Bench b;
  const NetId enable = b.input("enable");
  const NetId data = b.input("data");
  const NetId latch = b.storage(StorageKind::Latch, enable, b.gate(kInverter, {b.clock}));
  const NetId gated = b.gate(kAnd2, {b.clock, latch});
  const NetId q = b.storage(StorageKind::FlipFlop, data, gated);
  const auto program = GateProgram::compile(b.netlist, "clk");
  ASSERT_TRUE(program.ok()) << program.error().text();
  EXPECT_TRUE((*program)->isClockNet(gated));
  EXPECT_FALSE((*program)->isClockNet(latch));
  GateSimulator simulator(*program);
  simulator.drive(enable, false);
  simulator.drive(data, true);
  simulator.settle();
  simulator.countToggles(64);
  for (int clock = 0; clock < 8; ++clock) {
    simulator.drive(enable, clock == 3);
    simulator.settle();
    EXPECT_EQ(simulator.value(q)[0], clock > 3 ? ~std::uint64_t{0} : 0);
    simulator.edge();
  }
  EXPECT_EQ(simulator.toggles()[gated], 2U * 64);
  EXPECT_EQ(simulator.toggles()[b.clock], 16U * 64);
  EXPECT_EQ(simulator.toggles()[q], 64U);
}

TEST(GateSimulator, UnitDelaysShowAHazardThatZeroDelaysDoNot) {
  Bench b;
  const NetId data = b.input("data");
  const NetId hazard = b.gate(kXor2, {data, b.gate(kInverter, {data})});  // always 1 when settled
  const auto program = GateProgram::compile(b.netlist, "clk");
  ASSERT_TRUE(program.ok());
  for (const Settling settling : {Settling::Sweep, Settling::UnitDelay}) {
    GateSimulator simulator(*program);
    simulator.useSettling(settling);
    simulator.drive(data, false);
    simulator.settle();
    simulator.edge();
    simulator.settle();
    simulator.countToggles(64);
    simulator.drive(data, true);
    simulator.settle();
    EXPECT_EQ(simulator.toggles()[hazard], settling == Settling::Sweep ? 0U : 128U);
    EXPECT_EQ(simulator.toggles()[data], 64U);
  }
}

std::string refusal(const Bench& bench, std::string_view clock = "clk") {
  const auto program = GateProgram::compile(bench.netlist, clock);
  return program.ok() ? "" : program.error().code;
}

TEST(GateProgram, RefusesWhatItCouldNotSimulateRightly) {
  EXPECT_EQ(refusal(Bench(), "clock"), "netlist.no-clock");
  {
    Bench b;
    const NetId net = b.gate(kInverter, {b.input("a")});
    b.netlist.gates[0].inputs[0] = net;
    EXPECT_EQ(refusal(b), "netlist.combinational-loop");
  }
  {
    Bench b;
    b.netlist.gates.push_back({kInverter, {99}, 1, b.netlist.newNet()});
    EXPECT_EQ(refusal(b), "netlist.net-number");
  }
  {
    Bench b;
    b.netlist.gates.push_back({kInverter, {b.clock}, 1, b.gate(kInverter, {b.clock})});
    EXPECT_EQ(refusal(b), "netlist.multiple-drivers");
  }
  {
    Bench b;
    b.netlist.gates.push_back({kInverter, {kNetZero}, 1, b.clock});
    EXPECT_EQ(refusal(b), "netlist.driven-input");
  }
  {  // a clock of data
    Bench b;
    b.storage(StorageKind::FlipFlop, kNetOne, b.input("a"));
    EXPECT_EQ(refusal(b), "netlist.clock-shape");
  }
  {  // a clock that an exclusive or turns
    Bench b;
    b.storage(StorageKind::FlipFlop, kNetOne, b.gate(kXor2, {b.clock, b.input("a")}));
    EXPECT_EQ(refusal(b), "netlist.clock-shape");
  }
  {  // gated without a latch: the enable changes while the clock is high
    Bench b;
    const NetId enable = b.storage(StorageKind::FlipFlop, b.input("a"), b.clock);
    b.storage(StorageKind::FlipFlop, kNetOne, b.gate(kAnd2, {b.clock, enable}));
    EXPECT_EQ(refusal(b), "netlist.clock-shape");
  }
  {  // the same with an OR is sound: the enable changes while the clock hides it
    Bench b;
    const NetId enable = b.storage(StorageKind::FlipFlop, b.input("a"), b.clock);
    b.storage(StorageKind::FlipFlop, kNetOne, b.gate(0b1110, {b.clock, enable}));
    EXPECT_EQ(refusal(b), "");
  }
}

}  // namespace
}  // namespace aegen::sim
