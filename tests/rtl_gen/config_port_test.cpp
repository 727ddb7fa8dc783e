// The parallel configuration port of random designs: every register, whatever its width.

#include <gtest/gtest.h>

#include <algorithm>

#include "aegen/rtl_gen/emit_design.hpp"
#include "design_stimulus.hpp"
#include "random_registers.hpp"

namespace aegen::rtl_gen {
namespace {

using test_common::SplitMix64;
using testing::Clock;
using testing::Recording;

std::int64_t masked(std::int64_t raw, int bits) {
  return raw & ((std::int64_t{1} << bits) - 1);
}

const ManifestRegister& fieldAt(const ModuleManifest& manifest, std::int64_t address) {
  return *std::ranges::find_if(manifest.registers, [&](const ManifestRegister& field) {
    return address >= field.firstAddress && address < field.firstAddress + field.count;
  });
}

// Writes random values, reads all back, commits and looks at what a later crossing saw.
void exercise(std::uint64_t seed, const test_common::RandomRegistersOptions& options, int bits) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  SplitMix64 random(seed);
  const core::Design design = test_common::randomRegisters(random, "registers_only", options);
  const auto rtl = emitVerilog(design);
  ASSERT_TRUE(rtl.ok()) << rtl.error().text();
  ASSERT_EQ(rtl->manifest.configDataWidth, bits);
  const auto directory = testing::testDirectory("config_port_" + std::to_string(bits));
  Clock reset;
  reset.resetN = false;
  std::vector<Clock> clocks{reset, reset};
  std::vector<std::pair<std::size_t, std::int64_t>> reads;  // clock, value expected behind it
  const auto readAll = [&](const core::ConfigValues& values) {
    for (const ManifestRegister& field : rtl->manifest.registers) {
      for (std::uint32_t i = 0; i < field.count; ++i) {
        Clock clock;
        clock.address = field.firstAddress + i;
        reads.emplace_back(clocks.size(), masked(values.at(field.field)[i], bits));
        clocks.push_back(clock);
      }
    }
  };
  readAll(design.resetConfig());
  const core::ConfigValues values = test_common::randomValues(random, design);
  std::vector<Clock> written = testing::writes(rtl->manifest, values, true);
  // Above a value's own bits anything may stand in the word.
  for (Clock& clock : written) {
    if (clock.address == rtl->manifest.controlAddress) continue;
    const int width = fieldAt(rtl->manifest, clock.address).format.width;
    const auto noise = static_cast<std::int64_t>(random.next() & 0xffffffffU) << width;
    clock.data = masked(masked(clock.data, width) | noise, bits);
  }
  clocks.insert(clocks.end(), written.begin(), written.end());
  clocks.insert(clocks.end(), 8, Clock{});
  readAll(values);
  clocks.emplace_back();
  for (Clock& clock : clocks) clock.inputs = {random.between(0, 255)};
  const Recording got = testing::play(testing::Simulator::Icarus, *rtl, directory, clocks);
  ASSERT_FALSE(got.ports.empty());
  for (const auto& [clock, value] : reads) {
    ASSERT_EQ(got.ports.at("cfg_rdata")[clock + 1][0], value) << "clock " << clock;
  }
  for (const std::string& output : design.outputs) {
    const auto field = values.find(output.substr(output.find('_') + 1));
    if (field == values.end()) continue;
    EXPECT_EQ(got.ports.at(output).back(), field->second) << output;
  }
}

TEST(ConfigPort, ReachesEveryRegisterThroughSixteenBitsWhenNoFieldIsWider) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) exercise(seed, {.maxWidth = 16}, 16);
}

TEST(ConfigPort, ReachesEveryRegisterThroughThirtyTwoBitsWhenAFieldIsWider) {
  for (std::uint64_t seed = 11; seed <= 14; ++seed) exercise(seed, {.minWidth = 17}, 32);
}

TEST(ConfigPort, LintsAndElaboratesWithoutAWarningWithWideFields) {
  SplitMix64 random(21);
  const auto rtl = emitVerilog(test_common::randomRegisters(random, "wide_registers"));
  ASSERT_TRUE(rtl.ok()) << rtl.error().text();
  const auto files = testing::writeModules(rtl->modules, testing::testDirectory("wide_lint"));
  EXPECT_EQ(testing::lint(files, "wide_registers"), "");
  EXPECT_EQ(testing::yosysCheck(files, "wide_registers"), "");
}

}  // namespace
}  // namespace aegen::rtl_gen
