/// Folded designs in a simulator against the interpreter: continuous crossings, link resets and
/// configurations switched while they run.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/fold.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "design_stimulus.hpp"
#include "random_folds.hpp"
#include "random_program.hpp"

namespace aegen::rtl_gen {
namespace {

using core::Design;
using test_common::SplitMix64;
using testing::Clock;
using testing::Recording;
using testing::Simulator;

constexpr std::size_t kInReset = 2;

// A run: what is driven, and what the interpreter makes of it.
struct Run {
  std::vector<Clock> crossings;
  std::map<std::string, testing::Rows> expected;  // behind the reset
};

std::vector<std::int64_t> randomInputs(SplitMix64& random, const Design& design) {
  std::vector<std::int64_t> row;
  for (const core::Signal& signal : design.inputs) {
    for (std::uint32_t i = 0; i < signal.count; ++i) {
      row.push_back(test_common::randomRaw(random, signal.format));
    }
  }
  return row;
}

Run randomRun(SplitMix64& random, const Design& design, const ModuleManifest& manifest) {
  Run run;
  core::DesignInterpreter interpreter(design);
  const auto push = [&](Clock clock) {
    clock.inputs = randomInputs(random, design);
    core::Columns in(clock.inputs.size(), 1);
    for (std::size_t i = 0; i < clock.inputs.size(); ++i) in.at(i, 0) = clock.inputs[i];
    EXPECT_TRUE(interpreter.run(in).ok());
    for (const std::string& name : design.outputs) {
      const core::Columns& columns = interpreter.signal(name);
      std::vector<std::int64_t> row;
      for (std::size_t i = 0; i < columns.elements(); ++i) row.push_back(columns.at(i, 0));
      run.expected[name].push_back(std::move(row));
    }
    run.crossings.push_back(std::move(clock));
  };
  for (std::size_t k = 0; k < kInReset; ++k) {
    Clock clock;
    clock.resetN = false;
    clock.inputs = randomInputs(random, design);
    run.crossings.push_back(std::move(clock));
  }
  for (int update = 0; update < 5; ++update) {
    for (int k = random.between(4, 12); k > 0; --k) push({});
    if (update % 2 == 1) {
      Clock reset;
      reset.linkReset = true;
      push(reset);
      interpreter.reset();
    }
    core::ConfigValues values;
    for (const core::ConfigField& field : design.config) {
      for (std::uint32_t i = 0; i < field.count; ++i) {
        values[field.name].push_back(test_common::randomRaw(random, field.format));
      }
    }
    for (Clock clock : testing::writes(manifest, values, true)) {
      clock.phase = random.between(0, design.clocksPerCrossing - 1);
      push(clock);
    }
    interpreter.configure(values);  // from the crossing behind the commit's on
  }
  for (int k = 0; k < 8; ++k) push({});
  return run;
}

void check(const Design& design, Simulator simulator, std::uint64_t seed, const std::string& name) {
  const auto rtl = emitVerilog(design);
  ASSERT_TRUE(rtl.ok()) << rtl.error().text();
  SplitMix64 random(seed);
  const Run run = randomRun(random, design, rtl->manifest);
  const Recording got = testing::play(simulator, *rtl, testing::testDirectory(name), run.crossings);
  ASSERT_FALSE(got.ports.empty());
  for (const auto& [signal, rows] : run.expected) {
    const auto latency = static_cast<std::size_t>(rtl->manifest.findSignal(signal)->latency);
    for (std::size_t k = 0; k + latency < rows.size(); ++k) {
      ASSERT_EQ(got.of(rtl->manifest, signal, kInReset + k), rows[k])
          << signal << " of crossing " << k;
    }
  }
}

std::size_t foldedModules(const GeneratedRtl& rtl) {
  return static_cast<std::size_t>(
      std::ranges::count(rtl.modules, verilog::ModuleKind::FoldedFunction, &verilog::Module::kind));
}

class FoldedDesign : public ::testing::TestWithParam<int> {};

TEST_P(FoldedDesign, GivesEveryBitOfEveryCrossingInIcarus) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    check(test_common::randomFoldedDesign(seed, GetParam()), Simulator::Icarus, seed, "icarus");
  }
}

INSTANTIATE_TEST_SUITE_P(Reuse, FoldedDesign, ::testing::Values(1, 2, 4, 8));

TEST(FoldedDesigns, GiveEveryBitInVerilatorToo) {
  check(test_common::randomFoldedDesign(11, 4), Simulator::Verilator, 11, "verilator");
}

TEST(FoldedDesigns, MostStagesOfTheRandomOnesAreFolded) {
  std::size_t folded = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    for (const int reuse : {2, 4, 8}) {
      const auto rtl = emitVerilog(test_common::randomFoldedDesign(seed, reuse));
      ASSERT_TRUE(rtl.ok());
      folded += foldedModules(*rtl);
      EXPECT_EQ(rtl->manifest.clocksPerCrossing, reuse);
    }
  }
  EXPECT_GE(folded, 18U);
}

TEST(FoldedDesigns, LintAndElaborateWithoutAWarning) {
  for (const int reuse : {2, 8}) {
    const auto rtl = emitVerilog(test_common::randomFoldedDesign(3, reuse));
    ASSERT_TRUE(rtl.ok());
    ASSERT_GT(foldedModules(*rtl), 0U);
    const auto directory = testing::testDirectory("lint" + std::to_string(reuse));
    ASSERT_TRUE(writeRtl(*rtl, directory).ok());
    std::vector<std::string> files;
    for (const std::string& file : rtl->manifest.files) {
      files.push_back((directory / file).string());
    }
    EXPECT_EQ(testing::lint(files, "folded"), "");
    EXPECT_EQ(testing::yosysCheck(files, "folded"), "");
  }
}

TEST(FoldedDesigns, HaveAManifestThatSaysSo) {
  const auto rtl = emitVerilog(test_common::randomFoldedDesign(3, 8));
  ASSERT_TRUE(rtl.ok());
  const auto file = testing::testDirectory("manifest") / "manifest.json";
  ASSERT_TRUE(saveManifest(rtl->manifest, file).ok());
  const auto again = loadManifest(file);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->clocksPerCrossing, 8);
  EXPECT_EQ(again->findSignal("second")->latency, 2);
}

}  // namespace
}  // namespace aegen::rtl_gen
