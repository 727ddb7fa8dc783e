// Libraries as different vendors write them, and those that are refused.

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "aegen/flows/liberty.hpp"
#include "flip_flop_map.hpp"
#include "small_library.hpp"

namespace aegen::flows {
namespace {

using namespace testing;

// Open PDKs: everything quoted, "scalar" tables, related pins' transitions first, scan cells with
// test_cell, supplies, leakage by state, clock gates, pins of several names.
constexpr const char* kPdkStyle = R"lib(
library ("pdk__tt_025C_1v80") {
    define("driver_model","library","string");
    technology("cmos");
    delay_model : "table_lookup";
    time_unit : "1ns";
    voltage_unit : "1V";
    leakage_power_unit : "1nW";
    current_unit : "1mA";
    pulling_resistance_unit : "1kohm";
    capacitive_load_unit(1.0000000000, "pf");
    default_operating_conditions : "tt";
    operating_conditions ("tt") { voltage : 1.8000000000; process : 1.0; temperature : 25.0; tree_type : "balanced_tree"; }
    type ("bus4") { base_type : "array"; bit_from : 3; bit_to : 0; bit_width : 4; data_type : "bit"; }
    lu_table_template ("del_2_2") { variable_1 : "input_net_transition"; variable_2 : "total_output_net_capacitance";
      index_1("1, 2"); index_2("1, 2"); }
    lu_table_template ("constraint_2_2") { variable_1 : "related_pin_transition"; variable_2 : "constrained_pin_transition";
      index_1("1, 2"); index_2("1, 2"); }
    normalized_driver_waveform ("x") { index_1 ("1"); values ("1"); }
    cell ("pdk__inv_1") {
        leakage_power () { value : "0.001"; when : "A"; }
        area : 3.7536; cell_leakage_power : 0.25;
        pg_pin ("VGND") { pg_type : "primary_ground"; voltage_name : "VGND"; }
        pin ("A") { capacitance : 0.002; direction : "input"; related_power_pin : "VPWR"; }
        pin ("Y") { direction : "output"; function : "(!A)"; max_capacitance : 0.1;
            timing () { related_pin : "A"; timing_sense : "negative_unate"; timing_type : "combinational";
              cell_rise ("del_2_2") { index_1("0.1, 0.3"); index_2("0.0, 0.2"); values("0.1, 0.3", "0.2, 0.4"); }
              cell_fall ("del_2_2") { index_1("0.1, 0.3"); index_2("0.0, 0.2"); values("0.1, 0.3", "0.2, 0.4"); }
              rise_transition ("del_2_2") { index_1("0.1, 0.3"); index_2("0.0, 0.2"); values("0.1, 0.3", "0.2, 0.4"); }
              fall_transition ("scalar") { values("0.15"); } } } }
    cell ("pdk__nand2_1") { area : 3.7536;
        pin ("A", "B") { direction : "input"; capacitance : 0.002; }
        pin ("Y") { direction : "output"; function : "(!A) | (!B)";
            timing () { related_pin : "A B"; timing_sense : "negative_unate";
              cell_rise ("scalar") { values("0.1"); } cell_fall ("scalar") { values("0.2"); } } } }
    cell ("pdk__sdfxtp_1") { area : 26; dont_use : "true";
        ff ("IQ","IQ_N") { clocked_on : "CLK"; next_state : "(D&!SCE) | (SCD&SCE)"; }
        pin ("D") { direction : "input"; } pin ("SCD") { direction : "input"; }
        pin ("SCE") { direction : "input"; } pin ("CLK") { direction : "input"; clock : "true"; }
        pin ("Q") { direction : "output"; function : "IQ"; }
        test_cell () { ff ("IQ","IQ_N") { clocked_on : "CLK"; next_state : "D"; } } }
    cell ("pdk__dfxtp_1") { area : 20;
        ff ("IQ","IQ_N") { clocked_on : "CLK"; next_state : "D"; }
        pin ("CLK") { direction : "input"; clock : "true"; capacitance : 0.0018; }
        pin ("D") { direction : "input"; capacitance : 0.0017;
            timing () { related_pin : "CLK"; timing_type : "setup_rising";
              rise_constraint ("constraint_2_2") { index_1("0.0, 1.0"); index_2("0.0, 1.0"); values("0.1, 0.2", "0.3, 0.4"); }
              fall_constraint ("constraint_2_2") { index_1("0.0, 1.0"); index_2("0.0, 1.0"); values("0.1, 0.2", "0.3, 0.4"); } } }
        pin ("Q") { direction : "output"; function : "IQ";
            timing () { related_pin : "CLK"; timing_type : "rising_edge";
              cell_rise ("scalar") { values("0.3"); } cell_fall ("scalar") { values("0.3"); } } } }
    cell ("pdk__dlclkp_1") { area : 17; clock_gating_integrated_cell : "latch_posedge";
        statetable ("CLK GATE","M0") { table : "L L : - : L, L H : - : H, H - : - : N"; }
        pin ("CLK") { clock_gate_clock_pin : "true"; direction : "input"; }
        pin ("GATE") { clock_gate_enable_pin : "true"; direction : "input"; }
        pin ("M0") { direction : "internal"; internal_node : "M0"; }
        pin ("GCLK") { clock_gate_out_pin : "true"; direction : "output"; state_function : "CLK & M0"; } }
    cell ("pdk__ram") { area : 900;
        bus ("A") { bus_type : "bus4"; direction : "input"; pin ("A[3:0]") { capacitance : 0.01; } }
        pin ("CLK") { direction : "input"; } }
    cell ("pdk__ebufn_1") { area : 8; pin ("A") { direction : "input"; } pin ("TE_B") { direction : "input"; }
        pin ("Z") { direction : "output"; function : "A"; three_state : "TE_B"; } }
}
)lib";

TEST(LibertyStyles, OpenPdkWithEverythingQuoted) {
  const auto library = Liberty::parse(kPdkStyle, "pdk.lib");
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_EQ(library->name(), "pdk__tt_025C_1v80");
  EXPECT_EQ(library->inverter()->name, "pdk__inv_1");
  EXPECT_EQ(library->nand2().name, "pdk__nand2_1");
  EXPECT_EQ(library->nand2().inputs(), (std::vector<std::string>{"A", "B"}));
  EXPECT_TRUE(library->find("pdk__sdfxtp_1")->dontUse);
  EXPECT_EQ(library->find("pdk__dlclkp_1")->kind, CellKind::ClockGate);
  EXPECT_EQ(library->find("pdk__dlclkp_1")->findPin("GATE")->clockGateRole, "enable");
  EXPECT_EQ(library->find("pdk__dlclkp_1")->findPin("M0"), nullptr);
  EXPECT_EQ(library->find("pdk__ram")->kind, CellKind::Other);
  EXPECT_NE(library->find("pdk__ram")->findPin("A[3:0]"), nullptr);
  EXPECT_NEAR(library->find("pdk__inv_1")->leakage, 0.25e-9, 1e-15);
  EXPECT_TRUE(library->checkTiming());
  const auto& arcs = library->nand2().findPin("Y")->arcs;
  ASSERT_EQ(arcs.size(), 2U);  // one for each related pin
  EXPECT_DOUBLE_EQ(arcs[0].fall.at(0.3, 0.1), 0.2);
}

TEST(LibertyStyles, TablesAreInterpolatedAndExtrapolated) {
  const auto library = Liberty::parse(kPdkStyle, "pdk.lib");
  ASSERT_TRUE(library);
  const TimingArc& arc = library->inverter()->findPin("Y")->arcs[0];
  EXPECT_EQ(arc.sense, TimingSense::Negative);
  EXPECT_NEAR(arc.rise.at(0.1, 0.0), 0.1, 1e-12);
  EXPECT_NEAR(arc.rise.at(0.2, 0.1), 0.25, 1e-12);
  EXPECT_NEAR(arc.rise.at(0.1, 0.4), 0.5, 1e-12);
  const TimingArc& setup = library->find("pdk__dfxtp_1")->findPin("D")->arcs[0];
  EXPECT_TRUE(setup.isConstraint());
  EXPECT_NEAR(setup.rise.at(0, 1), 0.2, 1e-12);  // the related pin's transition first
}

TEST(LibertyStyles, TheLoadMayBeTheFirstVariableAndUnitsSmall) {
  const std::string text = libraryOf(R"lib(  capacitive_load_unit (10, ff);
  lu_table_template (t) { variable_1 : total_output_net_capacitance; variable_2 : input_net_transition; index_1 ("1,2"); index_2 ("1,2"); }
  cell (BUF) { area : 3; pin (A) { direction : input; capacitance : 0.5; } pin (Y) { direction : output; function : "A";
    timing () { related_pin : "A"; cell_rise (t) { index_1 ("1, 3"); index_2 ("0.1, 0.2"); values ("10, 20", \
       "30, 40"); } cell_fall (t) { index_1 ("1, 3"); index_2 ("0.1, 0.2"); values ("10, 20", "30, 40"); } } } }
)lib" + inverterCell() + nandCells() +
                                     flipFlopCell());
  std::string picoseconds = text;
  picoseconds.replace(picoseconds.find("\"1ns\""), 5, "\"10ps\"");
  const auto library = Liberty::parse(picoseconds, "a.lib");
  ASSERT_TRUE(library) << library.error().text();
  ASSERT_EQ(library->buffers().size(), 1U);
  EXPECT_NEAR(library->buffers()[0]->findPin("A")->capacitance, 0.005, 1e-12);
  // 0.03 pF and 0.1 units of 10 ps.
  EXPECT_NEAR(library->buffers()[0]->findPin("Y")->arcs[0].rise.at(0.001, 0.03), 0.3, 1e-9);
}

TEST(LibertyStyles, CommentsContinuationsAndMissingSemicolons) {
  const auto library = Liberty::parse(
      "/* one */ library(a){ // two\n time_unit : 1ns\n capacitive_load_unit(1,\\\n pf)\n"
      "cell(I){area:1\n pin(A){direction:input}pin(Y){direction:output;function:\"A'\"}}\n"
      "cell(N){area:1.5 ; pin(A B){direction:input;}pin(Y){direction:output;function: "
      "\"(A\\\n B)'\";}}\n"
      "cell(F){area:4;ff(IQ,IQN){clocked_on:\"C\";next_state:\"D\";}pin(C){direction:input;}"
      "pin(D){direction:input;}pin(Q){direction:output;function:\"IQ\";}};\n}",
      "a.lib");
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_EQ(library->nand2().inputs().size(), 2U);
  EXPECT_DOUBLE_EQ(*library->units().time, 1);
  EXPECT_DOUBLE_EQ(*library->units().capacitance, 1);
}

TEST(LibertyStyles, IncludedFilesAreRead) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "aegen_liberty_include";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "cells.inc") << inverterCell() << nandCells();
  std::ofstream(folder / "a.lib") << libraryOf("include_file (cells.inc);\n" + flipFlopCell());
  std::ofstream(folder / "b.lib") << libraryOf("include_file (\"none.inc\");\n" + flipFlopCell());
  std::ofstream(folder / "c.lib") << "library (c) {\n include_file (c.inc);\n}\n";
  std::ofstream(folder / "c.inc") << "include_file (c.inc);\n";
  const auto library = loadLiberty(folder / "a.lib");
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_EQ(library->cells().size(), 4U);
  const auto absent = loadLiberty(folder / "b.lib");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, "liberty.missing-file");
  EXPECT_NE(absent.error().message.find("none.inc"), std::string::npos);
  EXPECT_FALSE(loadLiberty(folder / "c.lib"));  // includes itself
  std::filesystem::remove_all(folder);
}

TEST(LibertyStyles, PlainTextSaysTheSameAgain) {
  for (const std::string& text : {std::string(kPdkStyle), smallLibrary()}) {
    const auto library = Liberty::parse(text, "a.lib");
    ASSERT_TRUE(library);
    const auto again = Liberty::parse(library->plainText(false), "b.lib");
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->cells().size(), library->cells().size());
    EXPECT_EQ(again->plainText(false), library->plainText(false));
    const auto mappable = Liberty::parse(library->plainText(true), "c.lib");
    ASSERT_TRUE(mappable) << mappable.error().text();
    EXPECT_EQ(mappable->find("pdk__sdfxtp_1"), nullptr);
    EXPECT_EQ(mappable->find("pdk__dlclkp_1"), nullptr);
    EXPECT_EQ(mappable->find("pdk__ebufn_1"), nullptr);
  }
}

// ---- flip-flops -------------------------------------------------------------------------------

const FlipFlopCell* typeOf(const std::vector<FlipFlopCell>& cells, const std::string& type) {
  for (const FlipFlopCell& cell : cells) {
    if (cell.type.text() == type) return &cell;
  }
  return nullptr;
}

std::vector<FlipFlopCell> flipFlopsOf(const std::string& cell) {
  const auto library = Liberty::parse(libraryOf(inverterCell() + nandCells() + cell), "a.lib");
  EXPECT_TRUE(library) << library.error().text();
  return flipFlopCells(*library);
}

std::string flipFlop(const std::string& group, const std::string& inputs,
                     const std::string& output) {
  std::string text = "cell (F) { area : 10; ff (IQ, IQN) { " + group + " }\n";
  for (const char pin : inputs) {
    text += std::string("pin (") + pin + ") { direction : input; }\n";
  }
  return text + "pin (Z) { direction : output; function : \"" + output + "\"; } }\n";
}

TEST(FlipFlopMap, OnlyAnInvertedOutput) {
  const auto cells = flipFlopsOf(flipFlop("clocked_on : \"C\"; next_state : \"D\";", "CD", "IQN"));
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells[0].type.text(), "$_DFF_P_");
  EXPECT_TRUE(cells[0].outputInverted);
  EXPECT_DOUBLE_EQ(cells[0].area, 12);  // with its inverter
  EXPECT_NE(flipFlopMap(cells).find("\\$_NOT_ invert_q"), std::string::npos);
}

TEST(FlipFlopMap, ScanInputsAreTied) {
  const auto cells =
      flipFlopsOf(flipFlop("clocked_on : \"C\"; next_state : \"(D !E) + (S E)\";", "CDSE", "IQ"));
  const FlipFlopCell* const plain = typeOf(cells, "$_DFF_P_");
  ASSERT_NE(plain, nullptr);
  ASSERT_EQ(plain->tied.size(), 2U);
  EXPECT_TRUE(plain->data == "D" || plain->data == "S");
}

TEST(FlipFlopMap, EnablesAreFoundAndCanBeTied) {
  for (const char* hold : {"(D E) | (IQ !E)", "(D E) | (!IQN !E)"}) {
    const auto cells = flipFlopsOf(
        flipFlop(std::string("clocked_on : \"C\"; next_state : \"") + hold + "\";", "CDE", "IQ"));
    const FlipFlopCell* const enabled = typeOf(cells, "$_DFFE_PP_");
    ASSERT_NE(enabled, nullptr) << hold;
    EXPECT_EQ(enabled->enable, "E");
    const FlipFlopCell* const plain = typeOf(cells, "$_DFF_P_");
    ASSERT_NE(plain, nullptr);
    EXPECT_EQ(plain->tied, (std::vector<std::pair<std::string, bool>>{{"E", true}}));
  }
}

TEST(FlipFlopMap, ResetsOnFallingEdges) {
  const auto cells = flipFlopsOf(flipFlop(
      "clocked_on : \"!C\"; next_state : \"D\"; clear : \"!R\"; preset : \"S\";", "CDRS", "IQ"));
  EXPECT_NE(typeOf(cells, "$_DFF_N_"), nullptr);
  const FlipFlopCell* const clear = typeOf(cells, "$_DFF_NN0_");
  ASSERT_NE(clear, nullptr);
  EXPECT_EQ(clear->reset, "R");
  EXPECT_EQ(clear->tied, (std::vector<std::pair<std::string, bool>>{{"S", false}}));
  EXPECT_NE(typeOf(cells, "$_DFF_NP1_"), nullptr);
  EXPECT_EQ(typeOf(cells, "$_DFF_P_"), nullptr);
}

// ---- refusals ---------------------------------------------------------------------------------

TEST(LibertyStyles, WhatCannotServeIsRefusedWithOneMessage) {
  const std::string good = inverterCell() + nandCells() + flipFlopCell();
  std::string noArea = libraryOf(good);
  for (std::size_t at = 0; (at = noArea.find("area : ", at)) != std::string::npos; ++at) {
    noArea.replace(at, noArea.find(';', at) - at, "area : 0");
  }
  std::string badUnit = libraryOf(good);
  badUnit.replace(badUnit.find("\"1ns\""), 5, "\"1 fortnight\"");
  std::string badArea = libraryOf(good);
  badArea.replace(badArea.find("area : 2"), 8, "area : two");
  const std::pair<std::string, std::string> cases[] = {
      {libraryOf(""), "liberty.no-cells"},
      {noArea, "liberty.no-area"},
      {libraryOf(inverterCell() + nandCells()), "liberty.no-flip-flop"},
      {libraryOf(nandCells() + flipFlopCell()), "liberty.no-inverter"},
      {libraryOf(inverterCell() + flipFlopCell()), "liberty.no-nand2"},
      {badUnit, "liberty.bad-unit"},
      {badArea, "liberty.bad-value"},
      {libraryOf("capacitive_load_unit (1, parsec);" + good), "liberty.bad-unit"}};
  for (const auto& [text, code] : cases) {
    const auto library = Liberty::parse(text, "bad.lib");
    ASSERT_FALSE(library) << code;
    EXPECT_EQ(library.error().code, code);
    EXPECT_EQ(library.error().failure, core::Failure::BadInput);
    EXPECT_TRUE(library.error().where.starts_with("bad.lib:")) << library.error().where;
  }
}

TEST(LibertyStyles, TimingNeedsUnitsAndTables) {
  const auto bare = Liberty::parse(smallLibrary(), "a.lib");
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->checkTiming().error().code, "liberty.no-units");  // no load unit
  const auto loads = Liberty::parse(
      libraryOf("capacitive_load_unit (1, pf);\n" + inverterCell() + nandCells() + flipFlopCell()),
      "a.lib");
  ASSERT_TRUE(loads);
  EXPECT_EQ(loads->checkTiming().error().code, "liberty.no-timing");
}

TEST(LibertyStyles, ReadsOsu035) {
  const std::filesystem::path file = "/usr/share/qflow/tech/osu035/osu035_stdcells.lib";
  ASSERT_TRUE(std::filesystem::exists(file)) << "install qflow-tech-osu035";
  const auto library = loadLiberty(file);
  ASSERT_TRUE(library) << library.error().text();
  EXPECT_EQ(library->nand2().name, "NAND2X1");
  EXPECT_EQ(library->fullAdder()->cell, "FAX1");
  EXPECT_TRUE(library->checkTiming());
  EXPECT_NE(typeOf(flipFlopCells(*library), "$_DFF_P_"), nullptr);
}

}  // namespace
}  // namespace aegen::flows
