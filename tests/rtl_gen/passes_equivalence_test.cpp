// Yosys proves that what is emitted behind the passes computes what is emitted before them.

#include <gtest/gtest.h>

#include <fstream>

#include "aegen/core/passes/pipeline.hpp"
#include "aegen/core/process.hpp"
#include "aegen/core/text.hpp"
#include "aegen/rtl_gen/emit_function.hpp"
#include "aegen/rtl_gen/verilog_printer.hpp"
#include "random_program.hpp"
#include "rtl_simulation.hpp"

namespace aegen::rtl_gen {
namespace {

namespace fs = std::filesystem;

// All functions of `program` as one file, their names prefixed.
void writeProgram(core::Program program, const std::string& prefix, const fs::path& file) {
  for (core::Function& function : program.functions) {
    function.name = prefix + function.name;
    for (core::Instruction& instruction : function.instructions) {
      if (!instruction.callee.empty()) instruction.callee = prefix + instruction.callee;
    }
  }
  std::ofstream out(file);
  for (const core::Function& function : program.functions) {
    out << verilog::print(emitFunction(program, function));
  }
}

// Proves equality of function `top` for every input; says what Yosys said when it does not.
std::string proof(const core::Program& before, const core::Program& after, const std::string& top,
                  const fs::path& folder) {
  writeProgram(before, "gold_", folder / "gold.v");
  writeProgram(after, "gate_", folder / "gate.v");
  const std::string script =
      "read_verilog gold.v gate.v; proc; memory_map; miter -equiv -flatten gold_" + top + " gate_" + top +
      " miter; hierarchy -top miter; flatten; opt -full; sat -verify -prove trigger 0 miter";
  const auto done = core::runProcess({"yosys", "-q", "-p", script},
                                     {.workingDirectory = folder, .timeoutSeconds = 60});
  if (!done) return done.error().text();
  return done->ok() ? "" : done->ending() + "\n" + done->output;
}

core::Program behindPasses(const core::Program& program, const std::string& top) {
  core::Program after = program;
  const auto report = core::passes::runPasses(after, top, core::passes::defaultPasses());
  EXPECT_TRUE(report.ok()) << report.error().text();
  return after;
}

TEST(PassesInVerilog, AreProvenOnRandomFunctionsByYosys) {
  const fs::path folder = testing::testDirectory("passes_random");
  for (std::uint64_t seed = 501; seed < 513; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const core::Program before = test_common::randomProgram(
        seed, {.functions = 2, .instructions = 10, .maxWidth = 6, .everyOp = seed % 2 == 0});
    const core::Program after = behindPasses(before, test_common::kTop);
    EXPECT_EQ(proof(before, after, test_common::kTop, folder), "")
        << core::print(before) << core::print(after);
  }
}

TEST(PassesInVerilog, AreProvenOnANeuronWithZerosAndAFloatCode) {
  const auto program = core::parse(R"(func @neuron "four products, floored one by one" {
    event x : u5.3[4]
    config w : s4.3[4]
    %8 : s9.6 = mul %0, %4
    %9 : s6.3 = requantize floor wrap %8
    %10 : s9.6 = mul %1, %5
    %11 : s6.3 = requantize floor wrap %10
    %12 : s9.6 = mul %2, %6
    %13 : s6.3 = requantize floor wrap %12
    %14 : s9.6 = mul %3, %7
    %15 : s6.3 = requantize floor wrap %14
    %16 : s7.3 = add %9, %11
    %17 : s7.3 = add %13, %15
    %18 : s8.3 = add %16, %17
    %19 : s8.3 = const 0
    %20 : s8.3 = max %18, %19
    %21 : u5.3 = requantize floor saturate %20
    output y : u5.3[1] = %21
  }
  func @code "exponent and mantissa" {
    event x : u8[1]
    %1 : u3 = leading_one %0
    %2 : u8 = shrv %0, %1
    %3 : u1 = slice 0 %2
    %4 : u4 = concat %1, %3
    output c : u4[1] = %4
  }
  func @top "two neurons, one at an edge, and codes of both" {
    event x : u5.3[4]
    config w : s4.3[4]
    %8 : u5.3 = const 0
    %9 : u5.3 = call @neuron %0, %1, %2, %3, %4, %5, %6, %7
    %10 : u5.3 = call @neuron %0, %8, %2, %8, %4, %5, %6, %7
    %11 : u8 = reinterpret %9
    %12 : u8 = reinterpret %10
    %13 : u4 = call @code %11
    %14 : u4 = call @code %12
    %15 : u1 = lt %11, %12
    %16 : u1 = le %12, %11
    output codes : u4[2] = %13, %14
    output order : u1[2] = %15, %16
  })");
  ASSERT_TRUE(program.ok()) << program.error().text();
  const core::Program after = behindPasses(*program, "top");
  EXPECT_LT(core::passes::statisticsOf(after, "top").valueBits,
            core::passes::statisticsOf(*program, "top").valueBits);
  EXPECT_EQ(proof(*program, after, "top", testing::testDirectory("passes_neuron")), "");
}

TEST(PassesInVerilog, AProofFailsWhereABitDiffers) {
  const auto before = core::parse(
      "func @top \"\" {\n event x : u4[2]\n %2 : u5 = add %0, %1\n output y : u5[1] = %2\n}");
  const auto wrong = core::parse(
      "func @top \"\" {\n event x : u4[2]\n %2 : u4 = add %0, %1\n %3 : u5 = reinterpret %2\n"
      " output y : u5[1] = %3\n}");
  ASSERT_TRUE(before.ok() && wrong.ok());
  EXPECT_NE(proof(*before, *wrong, "top", testing::testDirectory("passes_wrong")), "");
}

}  // namespace
}  // namespace aegen::rtl_gen
