// Compiles emitted headers and holds them against core::evaluate() and against the clock.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "aegen/core/function_builder.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/core/process.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/rtl_gen/systemc_emitter.hpp"
#include "random_program.hpp"

namespace aegen::rtl_gen {
namespace {

namespace fs = std::filesystem;

fs::path freshFolder(const std::string& name) {
  const fs::path folder = fs::path(AEGEN_BUILD_DIR) / "test_work" / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file) << text;
}

testing::AssertionResult compiles(const std::vector<std::string>& command) {
  const auto result = core::runProcess(command);
  if (!result) return testing::AssertionFailure() << result.error().text();
  if (!result->ok()) return testing::AssertionFailure() << core::lastLines(result->output, 30);
  return testing::AssertionSuccess();
}

using Compute = void (*)(const std::uint64_t*, std::int64_t*);

std::uint64_t testSeed() {
  const char* const given = std::getenv("AEGEN_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20260101;
}

/// Makes every value of the function an output: what nobody reads is not even printed.
void observeEverything(core::Function& function) {
  function.outputs.clear();
  function.outputValues.clear();
  for (std::size_t i = function.inputElements(); i < function.values.size(); ++i) {
    function.outputs.push_back(
        {"observed_" + std::to_string(i), function.values[i].format, 1, core::Role::Output});
    function.outputValues.push_back(static_cast<core::ValueId>(i));
  }
}

/// Often an end of the range or near zero; else with zeros at the end, where ties of a rounding
/// are.
std::int64_t anyRaw(test_common::SplitMix64& random, const core::FixedFormat& format) {
  if (random.oneIn(2)) return test_common::randomRaw(random, format);
  const int zeros = random.between(0, 63);
  return core::wrap(static_cast<std::int64_t>(random.next() << zeros), format);
}

/// Compiles the last function of each program and compares it with evaluate() on `events` random
/// events.
void expectEqualToEvaluate(const std::vector<core::Program>& programs, const fs::path& folder,
                           std::uint64_t seed, int events) {
  std::ostringstream source;
  source << "#define AEGEN_ARITHMETIC_ONLY\n";
  for (std::size_t p = 0; p < programs.size(); ++p) {
    const auto problems = core::verify(programs[p]);
    ASSERT_TRUE(problems.empty()) << problems.front().text();
    const std::string name = "Random" + std::to_string(p);
    const auto text = emitSystemC(programs[p], programs[p].functions.back().name,
                                  {.moduleName = name, .latency = 1});
    ASSERT_TRUE(text.ok()) << text.error().text();
    write(folder / (name + ".hpp"), *text);
    source << "#include \"" << name << ".hpp\"\nextern \"C\" void compute" << p
           << "(const std::uint64_t* in, std::int64_t* out) { " << name
           << "Arithmetic::compute(in, out); }\n";
  }
  write(folder / "all.cpp", source.str());
  const std::string library = (folder / "all.so").string();
  // The sanitizer traps what the C++ standard leaves undefined. Random code says silly things that
  // some warnings are about.
  ASSERT_TRUE(compiles(
      {"g++", "-std=c++17", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror",
       "-Wno-type-limits", "-Wno-tautological-compare", "-Wno-unused-variable",
       "-Wno-unused-parameter", "-fsanitize=signed-integer-overflow,bounds",
       "-fsanitize-undefined-trap-on-error", "-o", library, (folder / "all.cpp").string()}));
  void* const handle = dlopen(library.c_str(), RTLD_NOW);
  ASSERT_NE(handle, nullptr) << dlerror();
  for (std::size_t p = 0; p < programs.size(); ++p) {
    const core::Function& top = programs[p].functions.back();
    const auto compute =
        reinterpret_cast<Compute>(dlsym(handle, ("compute" + std::to_string(p)).c_str()));
    ASSERT_NE(compute, nullptr);
    test_common::SplitMix64 random(seed * 31 + p);
    std::vector<std::int64_t> in(top.inputElements());
    std::vector<std::int64_t> out(top.outputElements());
    for (int event = 0; event < events; ++event) {
      for (std::size_t i = 0; i < in.size(); ++i) in[i] = anyRaw(random, top.values[i].format);
      const std::vector<std::int64_t> expected = core::evaluate(programs[p], top, in);
      compute(reinterpret_cast<const std::uint64_t*>(in.data()), out.data());
      for (std::size_t i = 0; i < out.size(); ++i) {
        ASSERT_EQ(out[i], expected[top.outputValues[i]])
            << "program " << p << " event " << event << " value " << top.outputValues[i];
      }
    }
  }
  dlclose(handle);
}

TEST(SystemCExecution, EveryOpEqualsEvaluateOnRandomPrograms) {
  const std::uint64_t seed = testSeed();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("AEGEN_TEST_SEED=" + std::to_string(seed));
  std::vector<core::Program> programs;
  for (std::uint64_t p = 0; p < 40; ++p) {
    const int maxWidth = p % 2 == 0 ? core::kMaxWidth : 33;  // 32 bits and the full word
    programs.push_back(
        test_common::randomProgram(seed + p, {.instructions = 40, .maxWidth = maxWidth}));
    observeEverything(programs.back().functions.back());
  }
  expectEqualToEvaluate(programs, freshFolder("systemc_random"), seed, 200);
}

/// One function an input format, that requantizes its input in every way.
core::Program requantizations(const core::FixedFormat& from) {
  core::Program program;
  core::Function& f = program.functions.emplace_back();
  f.name = "requantize_all";
  f.inputs = {{"x", from, 1, core::Role::Event}};
  f.values = {{from, {}}};
  for (const int width : {2, 8, 32, 63}) {
    for (const int drop : {-64, -63, -33, -3, -1, 0, 1, 2, 8, 31, 32, 62, 63, 64, 70}) {
      for (int kind = 0; kind < 16; ++kind) {
        core::Instruction instruction;
        instruction.op = core::Op::Requantize;
        instruction.operands = {0};
        instruction.results = {static_cast<core::ValueId>(f.values.size())};
        instruction.rounding = static_cast<core::Rounding>(kind % 4);
        instruction.overflow = static_cast<core::Overflow>(kind / 4 % 2);
        f.values.push_back({{kind >= 8, width, from.fraction - drop}, {}});
        f.instructions.push_back(std::move(instruction));
      }
    }
  }
  observeEverything(f);
  return program;
}

TEST(SystemCExecution, RequantizeEqualsEvaluateForEveryRoundingOverflowAndDistance) {
  const std::uint64_t seed = testSeed();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("AEGEN_TEST_SEED=" + std::to_string(seed));
  std::vector<core::Program> programs;
  for (const int width : {1, 3, 9, 31, 32, 33, 62, 63}) {
    for (const bool isSigned : {false, true}) {
      programs.push_back(requantizations({isSigned, width, 5}));
    }
  }
  expectEqualToEvaluate(programs, freshFolder("systemc_requantize"), seed, 300);
}

/// A bench that prints the module's output at each clock: reset for two clocks, then x = 1, 2, 3
/// ...
std::string clockBench(const std::string& module) {
  return "#include \"" + module + R"(.hpp"
#include <cstdio>
int sc_main(int, char**) {
  sc_signal<bool> clk, rst_n;
  sc_vector<sc_signal<std::uint32_t>> x("x", 2);
  sc_signal<std::int32_t> y;
  )" + module +
         R"( dut("dut");
  dut.clk(clk); dut.rst_n(rst_n); dut.x(x); dut.y(y);
  for (unsigned t = 0; t < 8; ++t) {
    rst_n = t >= 2; x[0] = t * 10; x[1] = 256 + 3;  // bits above the format are to be ignored
    clk = false; sc_start(1, SC_NS);
    std::printf("%d ", y.read());
    clk = true; sc_start(1, SC_NS);
  }
  return 0;
}
)";
}

TEST(SystemCExecution, OutputsFollowTheAskedNumberOfCrossingsLaterAndAreZeroInReset) {
  const fs::path folder = freshFolder("systemc_latency");
  core::Program program;
  core::FunctionBuilder builder(program, "difference");
  const auto x = builder.input("x", {false, 8, 0}, 2);
  const auto y = builder.sub(x[0], x[1]);
  builder.output("y", builder.format(y), y);
  program.functions.push_back(std::move(builder).finish());
  ASSERT_TRUE(core::verify(program).empty());

  const std::vector<std::pair<int, std::string>> cases{
      {1, "0 0 0 17 27 37 47 57 "},  // x of clock 2 (20 - 3) is seen before clock 3
      {3, "0 0 0 0 0 17 27 37 "}};
  for (const auto& [latency, expected] : cases) {
    const std::string module = "Difference" + std::to_string(latency);
    const auto text =
        emitSystemC(program, "difference", {.moduleName = module, .latency = latency});
    ASSERT_TRUE(text.ok());
    write(folder / (module + ".hpp"), *text);
    write(folder / (module + ".cpp"), clockBench(module));
    const std::string executable = (folder / module).string();
    ASSERT_TRUE(
        compiles({"g++", "-std=c++17", "-O1", "-o", executable, executable + ".cpp", "-lsystemc"}));
    core::ProcessOptions quiet;
    quiet.environment["SYSTEMC_DISABLE_COPYRIGHT_MESSAGE"] = "1";
    const auto run = core::runProcess({executable}, quiet);
    ASSERT_TRUE(run.ok()) << run.error().text();
    const std::size_t line = run->output.rfind('\n');
    EXPECT_EQ(run->output.substr(line == std::string::npos ? 0 : line + 1), expected);
  }
}

}  // namespace
}  // namespace aegen::rtl_gen
