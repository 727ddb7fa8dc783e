#include "aegen/flows/power.hpp"

#include <gtest/gtest.h>

#include "aegen/flows/equivalence.hpp"

namespace aegen::flows {
namespace {

// Energies that add up by hand: 2 V, so that a change of C pF takes 2 C pJ.
constexpr const char* kLibrary = R"lib(library (tiny) {
  capacitive_load_unit (1, pf); leakage_power_unit : "1nW"; nom_voltage : 2.0; time_unit : "1ns";
  power_lut_template (t) { variable_1 : total_output_net_capacitance;
    variable_2 : input_transition_time; index_1 ("0, 1"); index_2 ("0, 1"); }
  power_lut_template (p) { variable_1 : input_transition_time; index_1 ("0, 1"); }
  cell (INV) { area : 1; cell_leakage_power : 3; pin (A) { direction : input; capacitance : 0.5; }
    pin (Y) { direction : output; function : "!A"; internal_power () { related_pin : "A";
      rise_power (t) { values ("1, 3", "5, 7"); } fall_power (t) { values ("1, 3", "5, 7"); } } } }
  cell (NAND) { area : 1; pin (A) { direction : input; capacitance : 0.5; }
    pin (B) { direction : input; capacitance : 0.5; }
    pin (Y) { direction : output; function : "(A B)'"; } }
  cell (DFF) { area : 4; cell_leakage_power : 5; ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; }
    pin (D) { direction : input; capacitance : 0.25; }
    pin (CK) { direction : input; capacitance : 0.125; clock : true; internal_power () {
      rise_power (p) { values ("2, 4"); } fall_power (p) { values ("0, 2"); } } }
    pin (Q) { direction : output; function : "IQ"; } pin (QN) { direction : output; function : "IQN"; } }
  cell (LATCH) { area : 4; latch (IQ, IQN) { data_in : "D"; enable : "G"; }
    pin (D) { direction : input; } pin (G) { direction : input; }
    pin (Q) { direction : output; function : "IQ"; } }
})lib";

// A flip-flop that its own complement feeds, in an instance: it changes every clock.
constexpr const char* kNetlist = R"json({"modules": {
  "toggle": {"ports": {"clk": {"direction": "input", "bits": [2]},
                       "q": {"direction": "output", "bits": [3]}},
    "cells": {"ff": {"type": "DFF", "port_directions": {"CK": "input", "D": "input", "Q": "output"},
                     "connections": {"CK": [2], "D": [4], "Q": [3]}},
              "inv": {"type": "INV", "port_directions": {"A": "input", "Y": "output"},
                      "connections": {"A": [3], "Y": [4]}}},
    "netnames": {"q": {"hide_name": 0, "bits": [3]}, "x": {"hide_name": 1, "bits": [4]}}},
  "top": {"ports": {"clk": {"direction": "input", "bits": [2]},
                    "out": {"direction": "output", "bits": [3, "1", "0"]}},
    "cells": {"t": {"type": "toggle", "port_directions": {"clk": "input", "q": "output"},
                    "connections": {"clk": [2], "q": [3]}}},
    "netnames": {"sent": {"hide_name": 0, "bits": [3, 99]}}}}})json";

struct Chip {
  MappedChip chip;
  sim::NetlistExecutor::Activity activity;
};

Chip tinyChip(int clocks) {
  Chip out{{*Liberty::parse(kLibrary, "tiny.lib"), {}, {}, {}, nullptr}, {}};
  out.chip.models = cellModels(out.chip.library);
  out.chip.modules = *readNetlist(kNetlist, "test");
  auto flat = flatten(out.chip.modules, "top", out.chip.models);
  EXPECT_TRUE(flat.ok()) << flat.error().text();
  out.chip.instances = flat->instances;
  auto program = sim::GateProgram::compile(flat->gates, "clk");
  EXPECT_TRUE(program.ok()) << program.error().text();
  out.chip.program = *program;
  sim::GateSimulator simulator(out.chip.program);
  simulator.settle();
  simulator.countToggles(1);
  for (int i = 0; i < clocks; ++i) {
    simulator.settle();
    simulator.edge();
  }
  simulator.settle();
  out.activity = {simulator.toggles(), simulator.onesBeforeEdge(),
                  static_cast<std::uint64_t>(clocks)};
  return out;
}

TEST(Power, OfAHandComputedChip) {
  const Chip tiny = tinyChip(10);
  const auto library = readLibertyPower(kLibrary, "tiny.lib");
  ASSERT_TRUE(library.ok()) << library.error().text();
  EXPECT_TRUE(library->hasTables);
  PowerOptions options;
  options.slew = 0.5;
  const auto power = powerOf(tiny.chip, *library, tiny.activity, options);
  ASSERT_TRUE(power.ok());
  // The clock pin: two changes of (mean of 3 and 1) internal and 2 * 0.125 switched.
  EXPECT_NEAR(power->energy.clock, 2 * (2 + 0.25), 1e-12);
  // Q changes every clock and drives the inverter's 0.5 pF.
  EXPECT_NEAR(power->energy.registers, 2 * 0.5, 1e-12);
  // The inverter's output drives 0.25 pF: 2 at no load, 6 at 1 pF; and what it switches.
  EXPECT_NEAR(power->energy.combinational, 3 + 2 * 0.25, 1e-12);
  EXPECT_NEAR(power->leakage, 8e-9, 1e-15);
  EXPECT_EQ(power->flipFlops, 1U);
  EXPECT_EQ(power->gatedFlipFlops, 0U);
  EXPECT_EQ(power->stillFlipFlops, 0U);
  ASSERT_EQ(power->modules.size(), 2U);
  EXPECT_EQ(power->modules[0].name, "toggle");
  EXPECT_EQ(power->modules[0].instances, 1U);
}

TEST(Power, WritesTheActivityOfNamedNets) {
  const Chip tiny = tinyChip(10);
  const std::string text = saif(tiny.chip, tiny.activity, "top", 25);
  EXPECT_NE(text.find("(DURATION 250)"), std::string::npos);
  EXPECT_NE(text.find("(INSTANCE t\n(NET\n(q (T0 125) (T1 125) (TX 0) (TC 10))"), std::string::npos)
      << text;
}

TEST(Power, NeedsASupplyVoltage) {
  std::string text = kLibrary;
  text.erase(text.find("nom_voltage : 2.0;"), 18);
  const auto library = readLibertyPower(text, "tiny.lib");
  ASSERT_FALSE(library.ok());
  EXPECT_EQ(library.error().code, "liberty.no-voltage");
}

TEST(GateBuild, FlattensPortsConstantsAndNamesOfTheTop) {
  const Chip tiny = tinyChip(1);
  const sim::GateNetlist& gates = tiny.chip.program->netlist();
  const sim::NetBundle* const out = gates.find("out");
  ASSERT_NE(out, nullptr);
  EXPECT_EQ(out->nets[1], sim::kNetOne);
  EXPECT_EQ(out->nets[2], sim::kNetZero);
  const sim::NetBundle* const sent = gates.find("sent");
  ASSERT_NE(sent, nullptr);
  EXPECT_EQ(sent->nets[0], out->nets[0]);
  EXPECT_EQ(sent->nets[1], sim::kNoNet);  // nothing drives it
  EXPECT_EQ(gates.storages.size(), 1U);
}

TEST(GateBuild, SaysWhichCellItDoesNotKnow) {
  std::string text = kNetlist;
  text.replace(text.find("\"INV\""), 5, "\"TBUF\"");
  const auto modules = readNetlist(text, "test");
  const auto flat = flatten(*modules, "top", cellModels(*Liberty::parse(kLibrary, "tiny.lib")));
  ASSERT_FALSE(flat.ok());
  EXPECT_EQ(flat.error().code, "netlist.unknown-cell");
  EXPECT_EQ(flat.error().where, "toggle/inv");
}

TEST(CellModel, WritesVerilogOfGatesFlipFlopsAndLatches) {
  const std::string text = cellsVerilog(*Liberty::parse(kLibrary, "tiny.lib"));
  for (const char* const part :
       {"module INV (input A, output Y);\n  assign Y = ~A;", "always @(posedge aegen_clock)",
        "if (aegen_clock) IQ = aegen_data;", "assign QN = IQN;"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(EquivalenceMiter, CutsAtFlipFlopsAndNamesWhatIsMissing) {
  const auto modules = readNetlist(kNetlist, "test");
  const CellModels models = cellModels(*Liberty::parse(kLibrary, "tiny.lib"));
  const auto toggle = isolate((*modules)[0], *modules, models);
  ASSERT_TRUE(toggle.ok());
  const auto miter = makeMiter(*toggle, *toggle);
  ASSERT_TRUE(miter.ok()) << miter.error().text();
  EXPECT_EQ(miter->golden, miter->mapped);
  EXPECT_EQ(miter->inputs, (std::vector<std::string>{"clk[0]", "q[0]"}));
  EXPECT_EQ(miter->outputs.size(), 5U);  // q, and data, clock, clear, preset of the flip-flop
  // The instance of the top is cut: its output pin is an input.
  const auto top = isolate((*modules)[1], *modules, models);
  ASSERT_TRUE(top.ok());
  const auto cut = makeMiter(*top, *top);
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(cut->inputs, (std::vector<std::string>{"clk[0]", "t.q[0]"}));
  const auto wrong = makeMiter(*toggle, *top);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, "equiv.unmatched");
}

}  // namespace
}  // namespace aegen::flows
