#include "aegen/rtl_gen/emit_function.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"
#include "random_program.hpp"
#include "rtl_simulation.hpp"

namespace aegen::rtl_gen {
namespace {

using testing::Rows;
using testing::SimPort;
using testing::Simulator;

std::vector<verilog::Module> modulesOf(const core::Program& program, const core::Function& top) {
  // Only what `top` reaches: modules nobody instantiates would be further tops.
  std::vector<std::string> used{top.name};
  std::vector<verilog::Module> modules;
  for (auto function = program.functions.rbegin(); function != program.functions.rend();
       ++function) {
    if (std::ranges::find(used, function->name) == used.end()) continue;
    modules.insert(modules.begin(), emitFunction(program, *function));
    for (const core::Instruction& instruction : function->instructions) {
      if (instruction.op == core::Op::Call) used.push_back(instruction.callee);
    }
  }
  return modules;
}

std::vector<SimPort> portsOf(const std::vector<core::Port>& ports) {
  std::vector<SimPort> out;
  for (const core::Port& port : ports) out.push_back({port.name, port.format, port.count});
  return out;
}

Rows randomRows(test_common::SplitMix64& random, const core::Function& function, int count) {
  Rows rows;
  for (int k = 0; k < count; ++k) {
    std::vector<std::int64_t> row;
    for (std::uint32_t i = 0; i < function.inputElements(); ++i) {
      row.push_back(test_common::randomRaw(random, function.values[i].format));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// Rows of the outputs as the IR defines them.
Rows expected(const core::Program& program, const core::Function& function, const Rows& rows) {
  Rows out;
  for (const auto& row : rows) {
    const std::vector<std::int64_t> values = core::evaluate(program, function, row);
    std::vector<std::int64_t> outputs;
    for (const core::ValueId value : function.outputValues) outputs.push_back(values[value]);
    out.push_back(std::move(outputs));
  }
  return out;
}

void checkProgram(std::uint64_t seed, const test_common::RandomProgramOptions& options,
                  Simulator simulator, const std::string& directoryName) {
  const core::Program program = test_common::randomProgram(seed, options);
  SCOPED_TRACE("seed " + std::to_string(seed));
  const core::Function& top = *program.find(test_common::kTop);
  const std::vector<verilog::Module> modules = modulesOf(program, top);
  for (const verilog::Module& module : modules) {
    for (const std::string& problem : verilog::checkModule(module, modules)) {
      ADD_FAILURE() << problem << "\n" << core::print(program);
    }
  }
  const auto directory = testing::testDirectory(directoryName);
  const std::vector<std::string> files = testing::writeModules(modules, directory);
  // Random operations compare what is constant by accident; whole designs are linted without these.
  EXPECT_EQ(testing::lint(files, top.name, {"-Wno-UNSIGNED", "-Wno-CMPCONST"}), "")
      << core::print(program);
  test_common::SplitMix64 random(seed ^ 0x5eed);
  const Rows rows = randomRows(random, top, 100);
  const Rows want = expected(program, top, rows);
  const Rows got = testing::simulate(simulator, directory, files, top.name, false,
                                     portsOf(top.inputs), portsOf(top.outputs), rows);
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t k = 0; k < want.size(); ++k) {
    ASSERT_EQ(got[k], want[k]) << "row " << k << "\n" << core::print(program);
  }
}

class RandomPrograms : public ::testing::TestWithParam<int> {};

TEST_P(RandomPrograms, MeanTheSameInIcarusAsInTheIrAndLintClean) {
  for (int i = 0; i < 8; ++i) {
    const auto seed = static_cast<std::uint64_t>(GetParam() * 8 + i);
    checkProgram(seed, {.instructions = 25, .maxWidth = i % 2 == 0 ? 63 : 20}, Simulator::Icarus,
                 "random_" + std::to_string(GetParam()));
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomPrograms, ::testing::Range(0, 5));

TEST(EmittedFunction, MeansTheSameInVerilator) {
  checkProgram(1001, {.functions = 4, .instructions = 60, .maxWidth = 63}, Simulator::Verilator,
               "random_verilator");
}

TEST(EmittedFunction, IsReadByYosysWithoutAWarning) {
  const core::Program program =
      test_common::randomProgram(77, {.functions = 3, .instructions = 60, .maxWidth = 63});
  const core::Function& top = *program.find(test_common::kTop);
  const auto files =
      testing::writeModules(modulesOf(program, top), testing::testDirectory("yosys"));
  EXPECT_EQ(testing::yosysCheck(files, top.name), "");
}

}  // namespace
}  // namespace aegen::rtl_gen
