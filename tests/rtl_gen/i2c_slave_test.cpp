// The serial port against the I2C specification: a master in nanoseconds that knows the protocol
// and nothing of the slave, and the parallel port beside it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "design_stimulus.hpp"
#include "i2c_bus.hpp"
#include "random_registers.hpp"

namespace aegen::rtl_gen {
namespace {

using core::ConfigValues;
using core::Design;
using test_common::SplitMix64;
using testing::BusScript;
using testing::BusSpeed;
using testing::DataChange;
using testing::PortClock;
using testing::PortSample;

std::uint32_t word(std::int64_t raw, int bits) {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(raw) &
                                    ((std::uint64_t{1} << bits) - 1));
}

// A random design with a serial port, its RTL, and what its registers hold as words of the port.
class Chip {
 public:
  Chip(std::uint64_t seed, const std::string& name,
       const test_common::RandomRegistersOptions& options = {.fields = 3, .maxCount = 9})
      : random(seed), seed_(seed), name_(name) {
    design = test_common::randomRegisters(random, "serial_registers", options);
    design.serial = core::SerialPort{};
    auto emitted = emitVerilog(design);
    EXPECT_TRUE(emitted.ok()) << emitted.error().text();
    rtl = std::move(*emitted);
    bits = rtl.manifest.configDataWidth;
    for (const core::ConfigField& field : design.config) {
      for (const std::int64_t value : field.reset) {
        widths.push_back(field.format);
        words.push_back(word(value, bits));
      }
    }
  }

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(words.size()); }
  [[nodiscard]] std::uint32_t control() const { return rtl.manifest.controlAddress; }
  BusScript script() const { return BusScript(rtl.manifest); }

  /// A random value for a register and its word as the port reads it.
  std::uint32_t change(std::uint32_t address) {
    words[address] = word(test_common::randomRaw(random, widths[address]), bits);
    return words[address];
  }
  /// The word with anything above the value's own bits.
  std::uint32_t noisy(std::uint32_t address) {
    const std::uint32_t value = words[address];
    const int width = widths[address].width;
    const std::uint64_t noise = (random.next() & 0xffffffffU) << width;
    return word(static_cast<std::int64_t>(noise | word(value, width)), bits);
  }

  std::vector<PortSample> run(const BusScript& script) {
    return script.run(rtl, testing::testDirectory(name_), seed_);
  }

  SplitMix64 random;
  Design design;
  GeneratedRtl rtl;
  int bits = 0;
  std::vector<core::FixedFormat> widths;  ///< of each register
  std::vector<std::uint32_t> words;       ///< the shadow copy

 private:
  std::uint64_t seed_;
  std::string name_;
};

// What the outputs show when `words` are active.
std::string shown(const Chip& chip) {
  std::string bits;
  for (const std::string& output : chip.design.outputs) {
    const auto at = output.find('_');
    if (at == std::string::npos) {
      bits += std::string(8, '0');  // the charge
      continue;
    }
    const ManifestRegister& field = *chip.rtl.manifest.findRegister(output.substr(at + 1));
    for (std::uint32_t i = field.count; i-- > 0;) {
      for (int b = field.format.width; b-- > 0;) {
        bits += (chip.words[field.firstAddress + i] >> b & 1U) != 0 ? '1' : '0';
      }
    }
  }
  return bits;
}

std::vector<PortClock> readAll(const Chip& chip) {
  std::vector<PortClock> clocks;
  for (std::uint32_t a = 0; a < chip.count(); ++a) clocks.push_back({false, a, 0});
  clocks.push_back({});
  return clocks;
}

// Every read of [first, samples.size()) shows `words`.
void expectRead(const Chip& chip, const std::vector<PortSample>& samples, std::size_t first) {
  ASSERT_GE(samples.size(), first + chip.count() + 1);
  for (std::size_t k = first; k + 1 < samples.size(); ++k) {
    ASSERT_EQ(samples[k + 1].readData, chip.words[samples[k].given.address])
        << "address " << samples[k].given.address;
  }
}

struct Speed {
  std::string name;
  BusSpeed speed;
  int maxCount = 0;  ///< slow buses get small chips

  [[nodiscard]] test_common::RandomRegistersOptions options() const {
    return {.fields = 3, .maxCount = maxCount};
  }
};
class I2cSpeeds : public ::testing::TestWithParam<Speed> {};

TEST_P(I2cSpeeds, WriteEveryRegisterAndShowItAtTheParallelPortAndTheOutputs) {
  for (const DataChange change :
       {DataChange::WithFall, DataChange::Middle, DataChange::BeforeRise}) {
    Chip chip(static_cast<std::uint64_t>(change) + 1, "i2c_write_" + GetParam().name,
              GetParam().options());
    BusScript script = chip.script();
    script.timing(GetParam().speed, change);
    script.openWrite(0);
    for (std::uint32_t a = 0; a < chip.count(); ++a) {
      chip.change(a);
      script.writeValue(chip.noisy(a));
    }
    script.writeValue(1);  // the control address follows: commit
    script.stop();
    script.outputs(shown(chip));
    script.port(readAll(chip));
    script.waitForPort();
    expectRead(chip, chip.run(script), 0);
  }
}

TEST_P(I2cSpeeds, ReadEveryRegisterThatTheParallelPortWrote) {
  for (const DataChange change :
       {DataChange::WithFall, DataChange::Middle, DataChange::BeforeRise}) {
    Chip chip(static_cast<std::uint64_t>(change) + 11, "i2c_read_" + GetParam().name,
              GetParam().options());
    BusScript script = chip.script();
    script.timing(GetParam().speed, change);
    script.openRead(0);
    for (std::uint32_t a = 0; a < chip.count(); ++a) {  // the values after reset
      script.readValue(chip.words[a], false);
    }
    script.readValue(0, false);  // control: no commit under way
    script.readValue(0, true);   // nothing is behind it
    script.stop();
    std::vector<PortClock> written;
    for (std::uint32_t a = 0; a < chip.count(); ++a) {
      chip.change(a);
      written.push_back({true, a, chip.noisy(a)});
    }
    script.port(written);
    script.waitForPort();
    script.openRead(0);
    for (std::uint32_t a = 0; a < chip.count(); ++a) {
      script.readValue(chip.words[a], a + 1 == chip.count());
    }
    script.stop();
    chip.run(script);
  }
}

INSTANTIATE_TEST_SUITE_P(Bus, I2cSpeeds,
                         ::testing::Values(Speed{"100kHz", BusSpeed::Standard, 2},
                                           Speed{"400kHz", BusSpeed::Fast, 5},
                                           Speed{"1MHz", BusSpeed::FastPlus, 20}),
                         [](const auto& test) { return test.param.name; });

TEST(I2cSlave, DoesNotAnswerForeignAddressesNorWhatIsOutsideTheMap) {
  Chip chip(21, "i2c_refuse");
  BusScript script = chip.script();
  script.timing(BusSpeed::Fast, DataChange::Middle);
  for (const int device : {0x00, 0x24, 0x35, 0x65, 0x7f, 0x2d}) {
    for (const int read : {0, 1}) {
      script.start();
      script.write(device << 1 | read, false);
      script.write(0x00, false);  // whatever follows is not for this chip either
      script.write(0x4a, false);
      script.stop();
    }
  }
  script.start();
  script.write(script.device() << 1);
  script.write(static_cast<int>((chip.control() + 1) >> 8));
  script.write(static_cast<int>((chip.control() + 1) & 0xff), false);
  script.write(0xff, false);
  script.stop();
  script.start();
  script.write(script.device() << 1);
  script.write(0xff);
  script.write(0x00, false);
  script.stop();
  // The value behind the control address, too, and so on.
  script.openWrite(chip.control());
  script.writeValue(0);
  script.write(0x00, false);
  script.write(0x00, false);
  script.stop();
  script.openRead(0);  // it still answers
  script.readValue(chip.words[0], true);
  script.stop();
  script.port(readAll(chip));
  script.waitForPort();
  expectRead(chip, chip.run(script), 0);
}

TEST(I2cSlave, ChangesNothingWhenATransferBreaksOff) {
  for (std::uint64_t seed = 31; seed < 34; ++seed) {
    Chip chip(seed, "i2c_abort");
    BusScript script = chip.script();
    const int bytes = chip.bits / 8;
    for (int k = 0; k < 40; ++k) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " transfer " + std::to_string(k));
      script.timing(static_cast<BusSpeed>(chip.random.between(1, 2)),
                    static_cast<DataChange>(chip.random.between(0, 2)));
      const auto address = static_cast<std::uint32_t>(chip.random.below(chip.count()));
      const std::uint32_t old = chip.words[address];
      const std::uint32_t other = ~old;
      script.openWrite(address);
      const int whole = chip.random.between(0, bytes - 1);  // complete bytes of the value
      for (int i = 0; i < whole; ++i) {
        script.write(static_cast<int>(other >> (8 * (bytes - 1 - i)) & 0xff));
      }
      // Part of the next byte; even all eight bits are no byte before SCL has fallen.
      const int some = chip.random.between(0, 7);
      if (some > 0) script.bits(static_cast<int>(other >> (8 * (bytes - 1 - whole)) & 0xff), some);
      switch (chip.random.between(0, 3)) {
        case 0:
          script.stop();
          break;
        case 1:  // a new transfer without a STOP
          script.openRead(address);
          script.readValue(old, true);
          script.stop();
          break;
        case 2:  // the master lets go of both lines: a STOP of its own kind
          script.lines(false, false);
          script.lines(true, true);
          break;
        default:  // clocks go on into the void after another START
          script.start();
          script.write(0x0a, false);
          script.stop();
          break;
      }
      script.wait(chip.random.between(500, 700));
    }
    script.port(readAll(chip));
    script.waitForPort();
    expectRead(chip, chip.run(script), 0);
  }
}

TEST(I2cSlave, ComesFreeWhenTheMasterClocksOnAfterItsOwnReset) {
  Chip chip(41, "i2c_recovery");
  BusScript script = chip.script();
  script.timing(BusSpeed::Fast, DataChange::Middle);
  for (int cut = 0; cut < 9; ++cut) {
    script.openRead(0);
    script.bits(0xff, cut);  // SDA released: the slave is sending
    for (int clocks = 0; clocks < 9; ++clocks) script.bits(0xff, 1);
    script.stop();
    const auto address = static_cast<std::uint32_t>(chip.random.below(chip.count()));
    script.openWrite(address);
    chip.change(address);
    script.writeValue(chip.noisy(address));
    script.stop();
  }
  script.port(readAll(chip));
  script.waitForPort();
  expectRead(chip, chip.run(script), 0);
}

TEST(I2cSlave, TakesALowLineAfterItsResetForNoStart) {
  for (const int length : {30, 100, 1000}) {
    Chip chip(45, "i2c_reset");
    BusScript script = chip.script();
    script.timing(BusSpeed::Fast, DataChange::Middle);
    script.openWrite(0);
    script.lines(true, false);  // SCL high, SDA low, in the middle of something
    script.reset(length);
    script.wait(3000);
    script.lines(false, false);
    script.write(script.device() << 1, false);
    script.stop();
    script.openRead(0);
    script.readValue(chip.words[0], true);
    script.stop();
    script.port(readAll(chip));
    script.waitForPort();
    expectRead(chip, chip.run(script), 0);
  }
}

TEST(I2cSlave, DoesNotSeeSpikesUpToFiftyNanoseconds) {
  for (const int width : {10, 35, 50}) {
    Chip chip(static_cast<std::uint64_t>(width), "i2c_spikes");
    BusScript script = chip.script();
    script.timing(BusSpeed::Fast, DataChange::Middle);
    script.spikes(width);
    script.wait(20000);
    script.openWrite(0);
    for (std::uint32_t a = 0; a < chip.count(); ++a) {
      chip.change(a);
      script.writeValue(chip.noisy(a));
    }
    script.stop();
    script.wait(20000);
    script.openRead(0);
    for (std::uint32_t a = 0; a < chip.count(); ++a) {
      script.readValue(chip.words[a], a + 1 == chip.count());
    }
    script.stop();
    script.spikes(0);
    script.port(readAll(chip));
    script.waitForPort();
    expectRead(chip, chip.run(script), 0);
  }
}

// Both ports at once, on registers of their own: what the parallel port reads is exact in every
// clock, no write of either is lost, whatever the order.
TEST(I2cSlave, SharesTheRegistersWithTheParallelPortWithoutAnyLoss) {
  const char* const from = std::getenv("AEGEN_SEED");
  const std::uint64_t first = from == nullptr ? 51 : std::strtoull(from, nullptr, 10);
  for (std::uint64_t seed = first; seed < first + 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " (AEGEN_SEED sets the first)");
    Chip chip(seed, "i2c_both");
    BusScript script = chip.script();
    script.timing(static_cast<BusSpeed>(1 + seed % 2), DataChange::Middle);
    const std::vector<std::uint32_t> before = chip.words;
    const auto serial = [&](std::uint32_t address) { return address % 3 == 0; };
    // The parallel port: bursts of writes and reads with pauses, control reads, commits.
    std::vector<PortClock> clocks;
    while (clocks.size() < 6000) {
      const int kind = chip.random.between(0, 9);
      for (int k = chip.random.between(1, 30); k > 0; --k) {
        const auto address = static_cast<std::uint32_t>(chip.random.below(chip.count() + 1));
        if (kind < 3) {
          clocks.push_back({false, address, 0});
        } else if (kind < 6 && address != chip.control() && !serial(address)) {
          clocks.push_back({true, address,
                            static_cast<std::uint32_t>(chip.random.next()) & word(-1, chip.bits)});
        } else {
          clocks.push_back({false, clocks.empty() ? 0 : clocks.back().address, 0});
        }
      }
      if (chip.random.oneIn(5)) clocks.push_back({true, chip.control(), 1});
    }
    script.port(clocks);
    for (int k = 0; k < 12; ++k) {
      auto address = static_cast<std::uint32_t>(chip.random.below(chip.count())) / 3 * 3;
      if (chip.random.oneIn(3)) {
        script.openRead(address);
        script.readValue(chip.words[address], true);
      } else {
        script.openWrite(address);
        chip.change(address);
        script.writeValue(chip.noisy(address));
        if (chip.random.oneIn(4)) {
          script.openWrite(chip.control());
          script.writeValue(1);
        }
      }
      script.stop();
    }
    script.waitForPort();
    const std::size_t concurrent = clocks.size();
    script.port(readAll(chip));
    script.waitForPort();
    const std::vector<PortSample> samples = chip.run(script);
    ASSERT_EQ(samples.size(), concurrent + chip.count() + 1);
    // Follow the parallel port's own registers clock by clock.
    std::vector<std::uint32_t> own = before;
    for (std::size_t k = 0; k + 1 < samples.size(); ++k) {
      const PortClock& given = samples[k].given;
      if (k + 1 == concurrent) {
        // Clocks pass unseen between the two stretches.
      } else if (given.address == chip.control()) {
        ASSERT_EQ(samples[k + 1].readData, samples[k].ready ? 0U : 1U) << "clock " << k;
      } else if (!serial(given.address)) {
        ASSERT_EQ(samples[k + 1].readData, own[given.address]) << "clock " << k;
      } else if (k >= concurrent) {
        ASSERT_EQ(samples[k + 1].readData, chip.words[given.address]) << "clock " << k;
      }
      if (!given.write || !samples[k].ready || given.address == chip.control()) continue;
      const core::FixedFormat& format = chip.widths[given.address];
      own[given.address] = word(core::wrap(given.data, format), chip.bits);
    }
  }
}

TEST(I2cSlave, WritesNothingWhileACommitIsUnderWay) {
  for (std::uint64_t seed = 91;; ++seed) {
    Chip chip(seed, "i2c_commit");
    const bool late = std::ranges::any_of(chip.rtl.manifest.registers,
                                          [](const auto& field) { return field.firstUse == 2; });
    if (!late) continue;  // cfg_ready is to be low for two clocks
    BusScript script = chip.script();
    script.timing(BusSpeed::FastPlus, DataChange::Middle);
    std::vector<PortClock> commits;  // with one quiet clock between each and the next
    while (commits.size() < 60000) {
      commits.push_back({true, chip.control(), 1});
      commits.insert(commits.end(), 4, {false, chip.control(), 0});
    }
    script.port(commits);
    script.openWrite(0);
    for (std::uint32_t a = 0; a < chip.count(); ++a) {
      chip.change(a);
      script.writeValue(chip.noisy(a));
    }
    script.stop();
    script.waitForPort();
    script.port(readAll(chip));
    script.waitForPort();
    expectRead(chip, chip.run(script), commits.size());
    return;
  }
}

TEST(I2cSlave, TakesSdaThatChangesAheadOfASlowFallForData) {
  for (const BusSpeed speed : {BusSpeed::Fast, BusSpeed::FastPlus}) {
    Chip chip(95, "i2c_slow_fall");
    BusScript script = chip.script();
    script.timing(speed, DataChange::WithFall);
    script.slowFall(120);  // the longest fall of fast-mode plus
    script.openWrite(0);
    for (std::uint32_t a = 0; a < chip.count(); ++a) {
      chip.change(a);
      script.writeValue(chip.noisy(a));
    }
    script.stop();
    script.openRead(0);
    for (std::uint32_t a = 0; a < chip.count(); ++a) {
      script.readValue(chip.words[a], a + 1 == chip.count());
    }
    script.stop();
    script.port(readAll(chip));
    script.waitForPort();
    expectRead(chip, chip.run(script), 0);
  }
}

TEST(I2cSlave, HoldsAWriteUntilTheParallelPortPausesAndRefusesTheNext) {
  Chip chip(61, "i2c_wait");
  ASSERT_GE(chip.count(), 4U);
  BusScript script = chip.script();
  script.timing(BusSpeed::FastPlus, DataChange::Middle);
  // The parallel port writes in every clock for long: nothing of the serial port gets through.
  std::vector<PortClock> busy(6000, {true, 3, 0});
  script.port(busy);
  script.openWrite(0);
  chip.change(0);
  script.writeValue(chip.noisy(0));          // held
  script.writeValue(~chip.words[1], false);  // the place is taken: not acknowledged, not written
  script.stop();
  script.start();
  script.write(script.device() << 1 | 1, false);  // no reading past a held write
  script.stop();
  script.waitForPort();
  chip.words[3] = 0;
  script.openRead(0);  // now it has been written
  for (std::uint32_t a = 0; a < 4; ++a) script.readValue(chip.words[a], a == 3);
  script.stop();
  script.port(readAll(chip));
  script.waitForPort();
  expectRead(chip, chip.run(script), busy.size());
}

TEST(I2cSlave, SendsNothingWhenTheParallelPortReadsANewAddressInEveryClock) {
  Chip chip(62, "i2c_starve");
  BusScript script = chip.script();
  script.timing(BusSpeed::FastPlus, DataChange::Middle);
  std::vector<PortClock> busy;
  for (std::uint32_t k = 0; k < 6000; ++k) busy.push_back({false, k % 2, 0});
  script.port(busy);
  script.openWrite(0);
  script.start();
  script.write(script.device() << 1 | 1, false);
  script.stop();
  script.waitForPort();
  script.openRead(0);
  script.port(busy);
  script.readValue(chip.words[0], false);                           // fetched before
  for (int k = 0; k < chip.bits / 8; ++k) script.read(0xff, true);  // nobody pulls SDA down
  script.stop();
  script.waitForPort();
  script.openRead(0);
  script.readValue(chip.words[0], false);
  script.readValue(chip.words[1], true);
  script.stop();
  const std::vector<PortSample> samples = chip.run(script);
  ASSERT_EQ(samples.size(), 2 * busy.size());
  for (std::size_t k = 0; k + 1 < busy.size(); ++k) {
    ASSERT_EQ(samples[k + 1].readData, chip.words[samples[k].given.address]) << "clock " << k;
  }
}

TEST(I2cSlave, LintsAndElaboratesWithoutAWarning) {
  for (const int pins : {0, 3, 7}) {
    for (const int width : {12, 30}) {
      SplitMix64 random(71);
      Design design = test_common::randomRegisters(random, "serial_lint", {.maxWidth = width});
      design.serial = core::SerialPort{.addressBase = pins == 7 ? 0 : 0x50, .addressPins = pins};
      const auto rtl = emitVerilog(design);
      ASSERT_TRUE(rtl.ok()) << rtl.error().text();
      const auto files = testing::writeModules(rtl->modules, testing::testDirectory("serial_lint"));
      EXPECT_EQ(testing::lint(files, "serial_lint"), "");
      EXPECT_EQ(testing::yosysCheck(files, "serial_lint"), "");
    }
  }
}

TEST(I2cSlave, LeavesTheVerilogOfADesignWithoutItAsItIs) {
  SplitMix64 random(81);
  Design design = test_common::randomRegisters(random, "plain");
  const auto plain = emitVerilog(design);
  design.serial = core::SerialPort{};
  const auto serial = emitVerilog(design);
  ASSERT_TRUE(plain.ok() && serial.ok());
  EXPECT_EQ(serial->files.size(), plain->files.size() + 1);
  for (const VerilogFile& file : plain->files) {
    if (file.name == "plain.v" || file.name == "plain_registers.v") {
      EXPECT_EQ(file.text.find("serial"), std::string::npos) << file.name;
      continue;
    }
    EXPECT_NE(std::ranges::find(serial->files, file.text, &VerilogFile::text), serial->files.end())
        << file.name << " differs";
  }
}

}  // namespace
}  // namespace aegen::rtl_gen
