#pragma once
/// An I2C master on the bench's side of the pins: writes and reads registers as a laboratory's
/// slow control does.

#include <cstdint>
#include <vector>

namespace aegen_bench {

/// The bus as a master sees it.
class I2cWires {
 public:
  I2cWires() = default;
  I2cWires(const I2cWires&) = delete;
  I2cWires& operator=(const I2cWires&) = delete;
  virtual ~I2cWires() = default;
  /// Lets `clocks` clocks pass with the lines let go (true) or pulled down.
  virtual void hold(bool scl, bool sda, std::uint32_t clocks) = 0;
  /// Level of SDA, which the slave may pull down.
  virtual bool sda() const = 0;
};

/// What a master is told of the bus and the chip.
struct I2cSettings {
  std::uint32_t device = 0;        ///< seven bits
  std::uint32_t clocksPerBit = 0;  ///< of the chip's clock in a period of SCL
  std::uint32_t valueBytes = 2;
};

class I2cMaster {
 public:
  I2cMaster(I2cWires& wires, const I2cSettings& settings)
      : wires_(wires),
        settings_(settings),
        high_(settings.clocksPerBit * 2 / 5),
        low_(settings.clocksPerBit - high_) {}

  /// Writes consecutive registers from `address` on; the number of bytes that were not
  /// acknowledged (none is sent behind the first).
  std::uint32_t write(std::uint32_t address, const std::vector<std::uint32_t>& values) {
    bool taken = open(address);
    for (std::size_t i = 0; taken && i < values.size(); ++i) {
      for (std::uint32_t byte = settings_.valueBytes; taken && byte-- > 0;) {
        taken = send(values[i] >> (8 * byte));
      }
    }
    stop();
    return taken ? 0 : 1;
  }

  /// Reads values.size() consecutive registers from `address` on; result as of write().
  std::uint32_t read(std::uint32_t address, std::vector<std::uint32_t>& values) {
    bool taken = open(address);
    if (taken) {
      start();
      taken = send(settings_.device << 1 | 1);
    }
    for (std::size_t i = 0; taken && i < values.size(); ++i) {
      values[i] = 0;
      for (std::uint32_t byte = settings_.valueBytes; byte-- > 0;) {
        values[i] = values[i] << 8 | receive(byte > 0 || i + 1 < values.size());
      }
    }
    stop();
    return taken ? 0 : 1;
  }

 private:
  bool open(std::uint32_t address) {
    start();
    return send(settings_.device << 1) && send(address >> 8) && send(address);
  }

  // Between calls SCL is low after a START or a byte, high after a STOP.
  void start() {
    if (!scl_) wires_.hold(false, true, low_);
    wires_.hold(true, true, low_);
    wires_.hold(true, false, low_);
    scl_ = false;
  }
  void stop() {
    wires_.hold(false, false, low_);
    wires_.hold(true, false, low_);
    wires_.hold(true, true, low_);
    scl_ = true;
  }
  bool clockBit(bool sda) {
    wires_.hold(false, sda, low_);
    wires_.hold(true, sda, high_);
    return wires_.sda();
  }
  bool send(std::uint32_t byte) {
    for (int bit = 7; bit >= 0; --bit) clockBit((byte >> bit & 1U) != 0);
    return !clockBit(true);
  }
  std::uint32_t receive(bool acknowledge) {
    std::uint32_t byte = 0;
    for (int bit = 0; bit < 8; ++bit) byte = byte << 1 | (clockBit(true) ? 1U : 0U);
    clockBit(!acknowledge);
    return byte;
  }

  I2cWires& wires_;
  I2cSettings settings_;
  std::uint32_t high_;
  std::uint32_t low_;
  bool scl_ = true;
};

}  // namespace aegen_bench
