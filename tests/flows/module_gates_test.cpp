// Gates of generated Verilog are those of the program it was generated from.
#include "module_gates.hpp"

#include <gtest/gtest.h>

#include "aegen/core/interpreter.hpp"
#include "aegen/rtl_gen/emit_function.hpp"
#include "aegen/rtl_gen/verilog_build.hpp"
#include "gate_simulation.hpp"
#include "random_program.hpp"

namespace aegen::flows {
namespace {

using test_common::SplitMix64;

TEST(ModuleGates, ComputeWhatRandomProgramsMean) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const core::Program program = test_common::randomProgram(seed);
    std::vector<rtl_gen::verilog::Module> modules;
    std::vector<core::GateModule> gates;
    std::unordered_map<std::string, std::uint32_t> place;
    for (const core::Function& function : program.functions) {
      modules.push_back(rtl_gen::emitFunction(program, function));
      gates.push_back(gatesOf(modules.back(), modules, place));
      place.emplace(modules.back().name, static_cast<std::uint32_t>(gates.size() - 1));
    }
    const core::Function& top = program.functions.back();
    SplitMix64 random(seed);
    const auto config = test_common::randomConfig(random, top);
    const core::Columns events = test_common::randomEvents(random, top, 20);
    for (std::size_t k = 0; k < events.events(); ++k) {
      const auto inputs = test_common::inputsOf(top, config, events, k);
      std::vector<bool> bits;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        test_common::appendBits(bits, inputs[i], top.values[i].format.width);
      }
      const auto got =
          test_common::valuesOf(top, test_common::gateOutputs(gates, gates.size() - 1, bits));
      const auto all = core::evaluate(program, top, inputs);
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i], all[top.outputValues[i]]) << "output element " << i << ", event " << k;
      }
    }
  }
}

using namespace rtl_gen::verilog;

/// A module with one clocked register `q` of four bits and what it does.
Module clockedModule(std::vector<Statement> body) {
  Module module;
  module.name = "m";
  module.ports = {{"clk", Direction::Input, 1, false, {}, {}},
                  {"rst_n", Direction::Input, 1, false, {}, {}},
                  {"s", Direction::Input, 2, false, {}, {}},
                  {"x", Direction::Input, 4, false, {}, {}},
                  {"q", Direction::Output, 4, false, RegisterInfo{}, {}}};
  module.items.push_back(AlwaysFf{"clk", std::move(body), {}});
  return module;
}

/// q's next bits for q = 0.
std::vector<bool> next(const Module& module, bool reset, int s, int x) {
  core::GateModule gates = gatesOf(module, {}, {});
  gates.outputs.clear();
  for (const core::GateRegister& reg : gates.registers) gates.outputs.push_back(reg.next);
  std::vector<bool> bits{false, !reset};
  test_common::appendBits(bits, s, 2);
  test_common::appendBits(bits, x, 4);
  return test_common::gateOutputs({gates}, 0, bits);
}

TEST(ModuleGates, ARegisterTakesWhatItsBranchSays) {
  const ExprPtr q = reference("q", 4);
  const ExprPtr x = reference("x", 4);
  const ExprPtr s = reference("s", 2);
  const Module module = clockedModule(
      {ifElse(reference("rst_n", 1),
              {caseOf(s, {{{literal(0, 2)}, {nonBlocking(q, x)}},
                          {{literal(1, 2)}, {nonBlocking(q, unary(Operator::Not, x))}},
                          {{}, {nonBlocking(slice(q, 1, 0), slice(x, 3, 2))}}})},
              {nonBlocking(q, literal(5, 4))})});
  const auto bits = [](int value) {
    std::vector<bool> out;
    test_common::appendBits(out, value, 4);
    return out;
  };
  EXPECT_EQ(next(module, true, 0, 9), bits(5));
  EXPECT_EQ(next(module, false, 0, 9), bits(9));
  EXPECT_EQ(next(module, false, 1, 9), bits(6));
  EXPECT_EQ(next(module, false, 2, 12), bits(3));
  EXPECT_EQ(next(module, false, 3, 12), bits(3));
}

}  // namespace
}  // namespace aegen::flows
