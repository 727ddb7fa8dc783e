// Configuration of a verilated chip over its two ports.

#include <gtest/gtest.h>

#include <cstdlib>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/sim/rtl_executor.hpp"
#include "random_registers.hpp"
#include "small_design.hpp"

namespace aegen::sim {
namespace {

BenchOptions options() {
  BenchOptions o;
  o.workDir = testing::workFolder();
  return o;
}

core::Columns charges(test_common::SplitMix64& random, std::size_t crossings) {
  core::Columns inputs(1, crossings);
  for (std::size_t k = 0; k < crossings; ++k) inputs.at(0, k) = random.between(0, 255);
  return inputs;
}

TEST(SerialPort, ConfiguresRandomDesignsAsTheParallelPortDoes) {
  const char* const from = std::getenv("AEGEN_SEED");
  const std::uint64_t first = from == nullptr ? 1 : std::strtoull(from, nullptr, 10);
  for (std::uint64_t seed = first; seed < first + 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " (AEGEN_SEED sets the first)");
    test_common::SplitMix64 random(seed);
    core::Design design = test_common::randomRegisters(
        random, "serial_chip", {.maxWidth = seed % 2 == 0 ? 16 : core::kMaxConfigBits});
    const int pins = random.between(0, 4);
    design.serial = core::SerialPort{.addressBase = 0x40, .addressPins = pins};
    design.clocksPerCrossing = seed % 3 == 0 ? 4 : 1;
    const testing::WrittenRtl rtl = testing::writtenRtl(design);
    auto executor = RtlExecutor::create(rtl.manifest, rtl.folder, options());
    ASSERT_TRUE(executor.ok()) << executor.error().text();
    core::DesignInterpreter interpreter(design);
    const core::Columns inputs = charges(random, 20);
    std::uint32_t hertz = 100'000;
    for (const ConfigRoute& route : {ConfigRoute{ConfigPort::Serial, ConfigPort::Parallel},
                                     ConfigRoute{ConfigPort::Parallel, ConfigPort::Serial},
                                     ConfigRoute{ConfigPort::Serial, ConfigPort::Serial}}) {
      ConfigRoute timed = route;
      timed.serialHertz = hertz;
      hertz = hertz == 100'000 ? 400'000 : 1'000'000;
      const core::ConfigValues values = test_common::randomValues(random, design);
      const auto done = (*executor)->configure(values, timed);
      ASSERT_TRUE(done.ok()) << done.error().text();
      interpreter.configure(values);
      interpreter.reset();
      const auto expected = interpreter.run(inputs);
      const auto got = (*executor)->run(inputs);
      ASSERT_TRUE(got.ok()) << got.error().text();
      EXPECT_TRUE(*got == *expected);
    }
  }
}

TEST(SerialPort, IsRefusedWhereThereIsNoneOrFasterThanItIs) {
  core::Design design = testing::smallDesign("small_a");
  const testing::WrittenRtl rtl = testing::writtenRtl(design);
  auto executor = RtlExecutor::create(rtl.manifest, rtl.folder, options());
  ASSERT_TRUE(executor.ok()) << executor.error().text();
  const auto absent = (*executor)->configure({}, {.write = ConfigPort::Serial});
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, "sim.no-serial-port");
  design.name = "small_serial";
  design.serial = core::SerialPort{};
  const testing::WrittenRtl serial = testing::writtenRtl(design);
  auto other = RtlExecutor::create(serial.manifest, serial.folder, options());
  ASSERT_TRUE(other.ok()) << other.error().text();
  for (const std::uint32_t hertz : {0U, 1'000'001U}) {
    const auto wrong =
        (*other)->configure({}, {.readBack = ConfigPort::Serial, .serialHertz = hertz});
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().code, "sim.serial-speed");
  }
  EXPECT_TRUE((*other)->configure(testing::smallConfig(), {.write = ConfigPort::Serial}).ok());
}

TEST(SerialPort, SaysThatNobodyAcknowledgedWhenTheChipHasAnotherAddress) {
  core::Design design = testing::smallDesign("small_serial");
  design.serial = core::SerialPort{};
  testing::WrittenRtl rtl = testing::writtenRtl(design);
  rtl.manifest.serial->addressBase = 0x60;  // not what the RTL was made for
  auto executor = RtlExecutor::create(rtl.manifest, rtl.folder, options());
  ASSERT_TRUE(executor.ok()) << executor.error().text();
  const auto done = (*executor)->configure({}, {.write = ConfigPort::Serial});
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, "sim.config-refused");
  EXPECT_EQ(done.error().failure, core::Failure::CheckFailed);
}

}  // namespace
}  // namespace aegen::sim
