// The gates that the cost model counts compute what the program means.
#include "aegen/core/gate_module.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "aegen/core/function_builder.hpp"
#include "aegen/core/interpreter.hpp"
#include "gate_simulation.hpp"
#include "random_program.hpp"

namespace aegen::core {
namespace {

using test_common::SplitMix64;

TEST(GateModule, ComputesWhatRandomProgramsMean) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Program program = test_common::randomProgram(seed);
    const std::vector<GateModule> gates = gatesOf(program, test_common::kTop);
    const Function& top = *program.find(test_common::kTop);
    SplitMix64 random(seed);
    const auto config = test_common::randomConfig(random, top);
    const Columns events = test_common::randomEvents(random, top, 20);
    for (std::size_t k = 0; k < events.events(); ++k) {
      const auto inputs = test_common::inputsOf(top, config, events, k);
      std::vector<bool> bits;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        test_common::appendBits(bits, inputs[i], top.values[i].format.width);
      }
      const auto got =
          test_common::valuesOf(top, test_common::gateOutputs(gates, gates.size() - 1, bits));
      const auto all = evaluate(program, top, inputs);
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i], all[top.outputValues[i]]) << "output element " << i << ", event " << k;
      }
    }
  }
}

GateModule gatesOfOne(const std::function<ValueId(FunctionBuilder&)>& build) {
  Program program;
  FunctionBuilder b(program, "f");
  const ValueId result = build(b);
  b.output("y", b.format(result), result);
  program.functions.push_back(std::move(b).finish());
  return std::move(gatesOf(program, "f")[0]);
}

std::ptrdiff_t count(const GateModule& module, GateKind kind) {
  return std::ranges::count_if(module.order, [&](std::uint32_t step) {
    return (step & kCallStep) == 0 && module.nodes[step].kind == kind;
  });
}

TEST(GateModule, WhatIsTheSameIsThereOnce) {
  const auto once = gatesOfOne([](FunctionBuilder& b) {
    const auto x = b.input("x", {false, 8, 0}, 2);
    return b.add(x[0], x[1]);
  });
  const auto twice = gatesOfOne([](FunctionBuilder& b) {
    const auto x = b.input("x", {false, 8, 0}, 2);
    return b.concat(std::vector<ValueId>{b.add(x[0], x[1]), b.add(x[0], x[1])});
  });
  EXPECT_EQ(count(once, GateKind::FullSum),
            7);  // the lowest bit has no carry in, the highest no operands
  EXPECT_EQ(count(twice, GateKind::FullSum), 7);
}

TEST(GateModule, ConstantsCostWhatIsLeftOfThem) {
  const auto timesEight = gatesOfOne([](FunctionBuilder& b) {
    const auto x = b.input("x", {true, 8, 0});
    return b.mul(x[0], b.constant(8));
  });
  EXPECT_EQ(timesEight.order.size(), 9U);  // the input's bits and the zero, no gate
  const auto positive = gatesOfOne([](FunctionBuilder& b) {
    const auto x = b.input("x", {true, 8, 0});
    return b.max(x[0], b.constant(0));
  });
  EXPECT_EQ(count(positive, GateKind::And), 7);
  EXPECT_EQ(count(positive, GateKind::Mux), 0);
}

TEST(GateModule, BitsThatNobodyReadsAreNotThere) {
  const auto top = gatesOfOne([](FunctionBuilder& b) {
    const auto x = b.input("x", {false, 8, 0}, 2);
    return b.slice(b.bitXor(x[0], x[1]), 3, 2);
  });
  EXPECT_EQ(count(top, GateKind::Xor), 2);
}

TEST(GateModule, ARegisterThatCanOnlyStayZeroIsNone) {
  GateBuilder builder("m");
  const GateWires x = builder.input(2);
  const GateWires q = builder.registers(2);
  builder.setNext(q[0], builder.andOf(q[0], x[0]));
  builder.setNext(q[1], builder.orOf(q[1], x[1]));
  builder.output(q);
  EXPECT_EQ(std::move(builder).finish().registers.size(), 1U);
}

}  // namespace
}  // namespace aegen::core
