#pragma once
/// An I2C master for tests, written from the bus specification (UM10204, table 10: the smallest
/// times of each mode) in nanoseconds, beside a master of the parallel port; run by Icarus on the
/// emitted Verilog. A script says what both do and what the bus must answer.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "aegen/rtl_gen/emit_design.hpp"

namespace aegen::rtl_gen::testing {

enum class BusSpeed : std::uint8_t { Standard, Fast, FastPlus };  ///< 100, 400, 1000 kHz

/// When the master changes SDA while SCL is low.
enum class DataChange : std::uint8_t {
  WithFall,    ///< together with the fall of SCL: no hold time
  Middle,      ///< far from both edges
  BeforeRise,  ///< at the smallest set-up time
};

/// One clock of the parallel port.
struct PortClock {
  bool write = false;
  std::uint32_t address = 0;
  std::uint32_t data = 0;
};

/// What the parallel port showed just before a rising edge, beside what it was given.
struct PortSample {
  PortClock given;
  std::uint32_t readData = 0;
  bool ready = false;
};

class BusScript {
 public:
  explicit BusScript(const ModuleManifest& manifest) : manifest_(manifest) {}

  void timing(BusSpeed speed, DataChange change);
  void start();  ///< or a repeated one
  void stop();
  void write(int byte, bool acknowledged = true);
  void read(int expected, bool acknowledge);
  /// The first `count` bits of a byte and nothing behind them.
  void bits(int byte, int count);
  /// Lets SCL and SDA go without a STOP in between: breaks off whatever is under way.
  void lines(bool scl, bool sda);
  void wait(int nanoseconds);
  /// The chip's reset, while the bus stands still.
  void reset(int nanoseconds);
  /// From now on a spike this long at random moments on either line; 0: none.
  void spikes(int nanoseconds);
  /// SCL's fall reaches the slave so much later than SDA's change.
  void slowFall(int nanoseconds);
  /// Runs these clocks of the parallel port from now on, at the same time as the bus.
  void port(const std::vector<PortClock>& clocks);
  void waitForPort();
  /// The chip's outputs must be these bits, first port in the highest.
  void outputs(const std::string& bits);

  /// START, device, W, register address.
  void openWrite(std::uint32_t address);
  /// The same, then a repeated START with R.
  void openRead(std::uint32_t address);
  /// A value of the design's data width; the last byte is answered with `acknowledged`.
  void writeValue(std::uint32_t value, bool acknowledged = true);
  void readValue(std::uint32_t expected, bool last);

  [[nodiscard]] int device() const { return device_; }
  void setDevice(int device) { device_ = device; }

  /// Runs the script in `directory`, where the RTL is written; reports every answer that is not as
  /// expected, SDA moving while SCL is high, and a bus that is not free at the end. Returns what
  /// the parallel port showed.
  std::vector<PortSample> run(const GeneratedRtl& rtl, const std::filesystem::path& directory,
                              std::uint64_t seed) const;

 private:
  void command(int code, std::uint32_t argument = 0);

  const ModuleManifest& manifest_;
  int device_ = 0x25;
  std::vector<std::string> commands_;
  std::vector<std::string> expected_;
  std::vector<PortClock> port_;
};

}  // namespace aegen::rtl_gen::testing
