#include "aegen/flows/depth.hpp"

#include <gtest/gtest.h>

#include "small_library.hpp"

namespace aegen::flows {
namespace {

Liberty library() {
  return Liberty::parse(testing::smallLibrary(), "small.lib").value();
}

NetlistCell inverter(const std::string& name, int from, int to) {
  return {name, "INV", {{"A", true, {from}}, {"Y", false, {to}}}};
}
NetlistCell nand(const std::string& name, int a, int b, int to) {
  return {name, "NAND", {{"A", true, {a}}, {"B", true, {b}}, {"Y", false, {to}}}};
}
NetlistCell flipFlop(const std::string& name, int d, int q) {
  return {name, "DFF", {{"D", true, {d}}, {"CK", true, {1}}, {"Q", false, {q}}}};
}

/// in[0] passes `length` inverters to out; in[1] goes straight to the other output bit.
NetlistModule chain(const std::string& name, int length) {
  NetlistModule module{name, {{"in", true, {2, 3}}, {"out", false, {10 + length, 3}}}, {}};
  module.cells.push_back(inverter("i0", 2, 11));
  for (int i = 1; i < length; ++i) {
    module.cells.push_back(inverter("i" + std::to_string(i), 10 + i, 11 + i));
  }
  return module;
}

TEST(LogicDepth, CountsCellsOfTheLongestPath) {
  const NetlistModule module{"m",
                             {{"a", true, {2}}, {"b", true, {3}}, {"y", false, {6}}},
                             {inverter("i", 2, 4), nand("n", 4, 3, 5), inverter("j", 5, 6)}};
  const auto depths = logicDepth({module}, "m", library());
  ASSERT_TRUE(depths) << depths.error().text();
  const LogicDepth& depth = depths->at("m");
  EXPECT_EQ(depth.cells, 3);
  EXPECT_EQ(depth.from, "port a");
  EXPECT_EQ(depth.to, "port y");
  EXPECT_EQ(depth.path, (std::vector<DepthStep>{{"", "m", 3}}));
}

TEST(LogicDepth, FollowsPathsThroughInstancesBitByBit) {
  // Bit 1 of a chain costs nothing: the path goes through the long half of both.
  const NetlistModule top{"top",
                          {{"x", true, {2, 3}}, {"y", false, {8, 9}}},
                          {{"u_first", "long", {{"in", true, {2, 3}}, {"out", false, {4, 5}}}},
                           inverter("between", 5, 6),
                           {"u_second", "short", {{"in", true, {4, 6}}, {"out", false, {8, 9}}}}}};
  const auto depths = logicDepth({top, chain("long", 5), chain("short", 2)}, "top", library());
  ASSERT_TRUE(depths) << depths.error().text();
  EXPECT_EQ(depths->at("long").cells, 5);
  EXPECT_EQ(depths->at("short").cells, 2);
  const LogicDepth& depth = depths->at("top");
  EXPECT_EQ(depth.cells, 7);
  EXPECT_EQ(depth.from, "port x[0]");
  EXPECT_EQ(depth.to, "port y[0]");
  EXPECT_EQ(depth.path, (std::vector<DepthStep>{{"u_first", "long", 5}, {"u_second", "short", 2}}));
}

TEST(LogicDepth, AnInstanceFedByItsOwnOutputIsNoLoopWhenBitsDiffer) {
  const NetlistModule top{"top",
                          {{"x", true, {2}}, {"y", false, {5}}},
                          {{"u", "chain", {{"in", true, {2, 4}}, {"out", false, {4, 5}}}}}};
  const auto depths = logicDepth({chain("chain", 3), top}, "top", library());
  ASSERT_TRUE(depths) << depths.error().text();
  EXPECT_EQ(depths->at("top").cells, 3);
}

TEST(LogicDepth, RegistersEndPathsInsideInstancesToo) {
  // stage: two inverters, a register, one inverter.
  const NetlistModule stage{
      "stage",
      {{"clk", true, {1}}, {"d", true, {2}}, {"q", false, {6}}},
      {inverter("a", 2, 3), inverter("b", 3, 4), flipFlop("ff", 4, 5), inverter("c", 5, 6)}};
  const auto instance = [](const std::string& name, int d, int q) {
    return NetlistCell{name, "stage", {{"clk", true, {1}}, {"d", true, {d}}, {"q", false, {q}}}};
  };
  const NetlistModule top{"top",
                          {{"clk", true, {1}}, {"x", true, {2}}, {"y", false, {5}}},
                          {instance("u0", 2, 3), inverter("mid", 3, 4), instance("u1", 4, 5)}};
  const auto depths = logicDepth({stage, top}, "top", library());
  ASSERT_TRUE(depths) << depths.error().text();
  EXPECT_EQ(depths->at("stage").cells, 2);
  const LogicDepth& depth = depths->at("top");
  EXPECT_EQ(depth.cells, 4);
  EXPECT_EQ(depth.from, "register");
  EXPECT_EQ(depth.to, "register");
  EXPECT_EQ(depth.path,
            (std::vector<DepthStep>{{"u0", "stage", 1}, {"", "top", 1}, {"u1", "stage", 2}}));
}

TEST(LogicDepth, ThePathInsideAChildIsNamedFromTheTop) {
  const NetlistModule inner{
      "inner",
      {{"clk", true, {1}}, {"d", true, {2}}, {"q", false, {6}}},
      {flipFlop("f", 2, 3), inverter("a", 3, 4), inverter("b", 4, 5), flipFlop("g", 5, 6)}};
  const NetlistModule middle{
      "middle",
      {{"clk", true, {1}}, {"d", true, {2}}, {"q", false, {3}}},
      {{"u_inner", "inner", {{"clk", true, {1}}, {"d", true, {2}}, {"q", false, {3}}}}}};
  const NetlistModule top{
      "top",
      {{"clk", true, {1}}, {"d", true, {2}}, {"q", false, {3}}},
      {{"u_middle", "middle", {{"clk", true, {1}}, {"d", true, {2}}, {"q", false, {3}}}}}};
  const auto depths = logicDepth({top, middle, inner}, "top", library());
  ASSERT_TRUE(depths);
  EXPECT_EQ(depths->at("top").path, (std::vector<DepthStep>{{"u_middle.u_inner", "inner", 2}}));
}

TEST(LogicDepth, ReportsLoopsUnknownCellsAndMissingModules) {
  const NetlistModule loop{"loop", {{"y", false, {2}}}, {inverter("a", 2, 3), inverter("b", 3, 2)}};
  const auto looped = logicDepth({loop}, "loop", library());
  ASSERT_FALSE(looped);
  EXPECT_EQ(looped.error().code, "netlist.combinational-loop");
  const NetlistModule odd{"odd", {}, {{"x", "$_DLATCH_P_", {{"D", true, {2}}}}}};
  const auto unknown = logicDepth({odd}, "odd", library());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "netlist.unknown-cell");
  EXPECT_EQ(unknown.error().where, "odd.x");
  EXPECT_EQ(logicDepth({odd}, "even", library()).error().code, "netlist.missing-module");
}

TEST(Netlist, ReadsYosysJsonAndSkipsBlackBoxes) {
  const auto modules = readNetlist(R"({"modules": {
    "INV": {"attributes": {"blackbox": "1"}, "ports": {}, "cells": {}},
    "m": {"ports": {"a": {"direction": "input", "bits": [2]}, "y": {"direction": "output", "bits": [3, "0"]}},
          "cells": {"i": {"type": "INV", "port_directions": {"A": "input", "Y": "output"},
                          "connections": {"A": [2], "Y": [3]}}}}}})",
                                   "text");
  ASSERT_TRUE(modules) << modules.error().text();
  ASSERT_EQ(modules->size(), 1U);
  EXPECT_EQ((*modules)[0].ports[1].bits, (std::vector<int>{3, kConstantBit}));
  EXPECT_FALSE((*modules)[0].cells[0].pins[1].isInput);
  EXPECT_EQ(readNetlist("[]", "text").error().code, "netlist.malformed");
  EXPECT_EQ(readNetlist("", "text").error().code, "netlist.malformed");
}

}  // namespace
}  // namespace aegen::flows
