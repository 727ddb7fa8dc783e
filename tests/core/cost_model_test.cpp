#include "aegen/core/cost_model.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "aegen/core/function_builder.hpp"

namespace aegen::core {
namespace {

double of(const PartValues& values, Part part) {
  return values[static_cast<std::size_t>(part)];
}

/// a + b of eight bits, `calls` times one behind the other if called.
Program adders() {
  Program program;
  FunctionBuilder b(program, "add");
  const auto x = b.input("x", {false, 8, 0}, 2);
  const ValueId sum = b.add(x[0], x[1]);
  b.output("y", b.format(sum), sum);
  program.functions.push_back(std::move(b).finish());
  FunctionBuilder top(program, "top");
  const auto in = top.input("x", {false, 8, 0}, 3);
  const ValueId first = top.call("add", std::vector<ValueId>{in[0], in[1]})[0];
  const ValueId low = top.slice(first, 0, 8);
  const ValueId second = top.call("add", std::vector<ValueId>{low, in[2]})[0];
  top.output("y", top.format(second), second);
  program.functions.push_back(std::move(top).finish());
  return program;
}

CostModel model() {
  CostModel out;
  out.area.fill(1);
  out.area[static_cast<std::size_t>(Part::AdderFull)] = 100;
  out.delay.fill(1);
  return out;
}

TEST(CostModel, AnAdderIsItsFullAdders) {
  const auto gates = gatesOf(adders(), "add");
  const ModuleParts parts = partsOf(gates[0]);
  // Bit 0 has no carry: a sum and a carry gate. The carry out of bit 7 is the ninth bit.
  EXPECT_EQ(of(parts.counts, Part::AdderFull), 7);
  EXPECT_EQ(of(parts.counts, Part::AdderXor), 1);
  EXPECT_EQ(of(parts.counts, Part::AdderAnd), 1);
  EXPECT_EQ(longestPaths(gates, model().delay)[0].cells, 8);
}

TEST(CostModel, InstancesMultiplyAreaAndPathsGoThroughThem) {
  const Program program = adders();
  const auto estimates = estimateModules(gatesOf(program, "top"), model());
  ASSERT_EQ(estimates.size(), 2U);
  EXPECT_EQ(estimates[0].instances, 2U);
  EXPECT_EQ(estimates[0].ownArea, 702);
  EXPECT_EQ(estimates[1].ownArea, 0);
  EXPECT_EQ(estimates[1].area, 2 * 702);
  // From the lowest bit on, the second adder is one bit behind the first.
  EXPECT_EQ(estimates[1].depth, 9);
  EXPECT_EQ(estimateFunction(program, "top", model()).area, 2 * 702);
  EXPECT_FALSE(estimates[1].energy);
}

TEST(CostModel, EnergyIsThatOfTheChangesOnceItIsFitted) {
  CostModel fitted = model();
  fitted.energy.emplace();
  fitted.energy->fill(2);
  const auto estimates = estimateModules(gatesOf(adders(), "top"), fitted);
  ASSERT_TRUE(estimates[0].energy);
  EXPECT_GT(*estimates[0].energy, 0);
  EXPECT_DOUBLE_EQ(*estimates[1].energy, 2 * *estimates[0].energy);
}

/// Changes of an output over all pairs of independent inputs, counted.
double counted(const std::function<bool(unsigned)>& function, unsigned bits) {
  double changes = 0;
  const unsigned all = 1U << bits;
  for (unsigned now = 0; now < all; ++now) {
    for (unsigned next = 0; next < all; ++next) changes += function(now) != function(next) ? 1 : 0;
  }
  return changes / all / all;
}

TEST(CostModel, ChangesAreThoseOfAllPairsOfInputs) {
  GateBuilder builder("m");
  const GateWires x = builder.input(3);
  builder.output({builder.andOf(x[0], x[1])});
  builder.output({builder.muxOf(x[2], x[0], x[1])});
  builder.output({builder.xorOf(x[0], x[1])});
  const ModuleParts parts = partsOf(std::move(builder).finish());
  EXPECT_DOUBLE_EQ(of(parts.changes, Part::OutputAnd),
                   counted([](unsigned v) { return (v & 3U) == 3U; }, 2));
  EXPECT_DOUBLE_EQ(
      of(parts.changes, Part::Mux),
      counted([](unsigned v) { return ((v >> 2U) != 0 ? v & 1U : (v >> 1U) & 1U) != 0; }, 3));
  EXPECT_DOUBLE_EQ(of(parts.changes, Part::LogicXor), 0.5);
}

TEST(CostModel, SettingsDoNotChange) {
  GateBuilder builder("m");
  const GateWires steady = builder.input(2, true);
  const GateWires x = builder.input(1);
  builder.output({builder.xorOf(steady[0], steady[1])});
  builder.output({builder.andOf(steady[0], x[0])});
  const ModuleParts parts = partsOf(std::move(builder).finish());
  EXPECT_EQ(of(parts.changes, Part::LogicXor), 0);
  EXPECT_DOUBLE_EQ(of(parts.changes, Part::OutputAnd), 0.25);  // half the settings pass all changes
}

TEST(CostModel, AnInvertedInputOfAnAdderCellIsAnInverter) {
  GateBuilder builder("m");
  const GateWires a = builder.input(4);
  const GateWires b = builder.input(4);
  builder.use(GateUse::Adder);
  builder.output(builder.add(resized(a, 6, false), resized(b, 6, true), true));
  const ModuleParts parts = partsOf(std::move(builder).finish());
  // a - b: bit 0 has a known carry; bits 1 to 3 are cells with b inverted.
  EXPECT_EQ(of(parts.counts, Part::AdderFull), 3);
  EXPECT_EQ(of(parts.counts, Part::CellInverter), 3);
}

}  // namespace
}  // namespace aegen::core
