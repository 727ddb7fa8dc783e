#include "aegen/sim/rtl_executor.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "aegen/core/design_interpreter.hpp"
#include "random_folds.hpp"
#include "random_program.hpp"
#include "small_design.hpp"

namespace aegen::sim {
namespace {

namespace small = ::aegen::sim::testing;

BenchOptions options() {
  BenchOptions o;
  o.workDir = small::workFolder();
  return o;
}

TEST(RtlExecutor, EqualsTheInterpreterForEveryConfigurationOfOneProcess) {
  const core::Design design = small::smallDesign("small_a");
  const small::WrittenRtl rtl = small::writtenRtl(design);
  auto executor = RtlExecutor::create(rtl.manifest, rtl.folder, options());
  ASSERT_TRUE(executor.ok()) << executor.error().text();
  core::DesignInterpreter interpreter(design);
  const core::Columns inputs = small::smallInputs(5000, 1);
  // Of the last but one the weights, of the last all values are those of the reset again.
  for (const core::ConfigValues& config :
       {design.resetConfig(), small::smallConfig(), core::ConfigValues{{"offset", {77}}},
        core::ConfigValues{}}) {
    const auto done = (*executor)->configure(config);
    ASSERT_TRUE(done.ok()) << done.error().text();
    interpreter.configure(config);
    for (int run = 0; run < 2; ++run) {  // a run leaves nothing behind for the next
      interpreter.reset();
      const auto expected = interpreter.run(inputs);
      const auto got = (*executor)->run(inputs);
      ASSERT_TRUE(got.ok()) << got.error().text();
      EXPECT_TRUE(*got == *expected);
    }
    core::ConfigValues whole = design.resetConfig();
    for (const auto& [name, values] : config) whole[name] = values;
    core::DesignInterpreter fresh(design);
    fresh.configure(whole);
    EXPECT_TRUE(*(*executor)->run(inputs) == *fresh.run(inputs));
  }
  const auto one = (*executor)->run(small::smallInputs(1, 2));
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->events(), 1U);
}

// Random events under random configurations in one process, against the interpreter.
void expectSameBits(const core::Design& design) {
  const small::WrittenRtl rtl = small::writtenRtl(design);
  auto executor = RtlExecutor::create(rtl.manifest, rtl.folder, options());
  ASSERT_TRUE(executor.ok()) << executor.error().text();
  core::DesignInterpreter interpreter(design);
  test_common::SplitMix64 random(8);
  std::vector<core::FixedFormat> formats;
  for (const core::Signal& signal : design.inputs) {
    formats.insert(formats.end(), signal.count, signal.format);
  }
  core::Columns inputs(formats.size(), 2000);
  for (std::size_t event = 0; event < inputs.events(); ++event) {
    for (std::size_t i = 0; i < formats.size(); ++i) {
      inputs.at(i, event) = test_common::randomRaw(random, formats[i]);
    }
  }
  for (int configuration = 0; configuration < 3; ++configuration) {
    core::ConfigValues values;
    for (const core::ConfigField& field : design.config) {
      for (std::uint32_t i = 0; i < field.count; ++i) {
        values[field.name].push_back(test_common::randomRaw(random, field.format));
      }
    }
    const auto done = (*executor)->configure(values);
    ASSERT_TRUE(done.ok()) << done.error().text();
    interpreter.configure(values);
    interpreter.reset();
    const auto expected = interpreter.run(inputs);
    const auto got = (*executor)->run(inputs);
    ASSERT_TRUE(got.ok()) << got.error().text();
    EXPECT_TRUE(*got == *expected);
  }
}

TEST(RtlExecutor, GivesTheSameBitsWithABufferAndFourClocksACrossing) {
  core::Design design = small::smallDesign("small_a");
  design.clocksPerCrossing = 4;
  expectSameBits(design);
}

TEST(RtlExecutor, GivesTheSameBitsOfAFoldedDesign) {
  expectSameBits(test_common::randomFoldedDesign(5, 8));
}

TEST(RtlExecutor, StartsWithTheResetConfigurationAndReusesTheBuild) {
  const core::Design design = small::smallDesign("small_a");
  const small::WrittenRtl rtl = small::writtenRtl(design);
  ASSERT_TRUE(RtlExecutor::create(rtl.manifest, rtl.folder, options()).ok());
  auto executor = RtlExecutor::create(rtl.manifest, rtl.folder, options());
  ASSERT_TRUE(executor.ok());
  EXPECT_EQ((*executor)->buildSeconds(), 0.0);
  core::DesignInterpreter interpreter(design);
  const core::Columns inputs = small::smallInputs(100, 3);
  EXPECT_TRUE(*(*executor)->run(inputs) == *interpreter.run(inputs));
}

TEST(RtlExecutor, RefusesValuesThatDoNotFitTheirField) {
  const small::WrittenRtl rtl = small::writtenRtl(small::smallDesign("small_a"));
  auto executor = RtlExecutor::create(rtl.manifest, rtl.folder, options());
  ASSERT_TRUE(executor.ok());
  for (const core::ConfigValues& wrong :
       {core::ConfigValues{{"weights", {32, 0, 0, 0}}}, core::ConfigValues{{"weights", {0, 0}}},
        core::ConfigValues{{"absent", {0}}}}) {
    const auto done = (*executor)->configure(wrong);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, "sim.config-value");
    EXPECT_EQ(done.error().failure, core::Failure::BadInput);
  }
}

TEST(RtlExecutor, QuotesTheLogOfVerilogThatIsWrong) {
  const small::WrittenRtl rtl = small::writtenRtl(small::smallDesign("small_broken"));
  std::ofstream(rtl.folder / rtl.manifest.files.back(), std::ios::app)
      << "module oops(; endmodule\n";
  const auto executor = RtlExecutor::create(rtl.manifest, rtl.folder, options());
  ASSERT_FALSE(executor.ok());
  EXPECT_EQ(executor.error().code, "sim.verilator");
  EXPECT_NE(executor.error().text().find("syntax error"), std::string::npos);
}

TEST(RtlExecutor, SaysWhichPackageHoldsAMissingVerilator) {
  const small::WrittenRtl rtl = small::writtenRtl(small::smallDesign("small_a"));
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  const auto executor = RtlExecutor::create(rtl.manifest, rtl.folder, options());
  setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(executor.ok());
  EXPECT_EQ(executor.error().failure, core::Failure::MissingTool);
  EXPECT_NE(executor.error().text().find("apt install verilator"), std::string::npos);
}

}  // namespace
}  // namespace aegen::sim
