#pragma once
/// The bench's side of the conversation: reads requests, drives a Simulation, answers.

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "frames.hpp"
#include "i2c_master.hpp"

namespace aegen_bench {

/// The chip's pins other than its signals; they hold for whole runs of clocks.
struct Pins {
  bool resetN = true;
  bool linkReset = false;
  bool configWrite = false;
  std::uint32_t configAddress = 0;
  std::uint32_t configData = 0;
  bool serialScl = true;  ///< false: pulled down by the master
  bool serialSda = true;
};

/// What serve() drives: the chip alone, or the chip in its system.
class Simulation {
 public:
  Simulation() = default;
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  virtual ~Simulation() = default;

  virtual std::uint32_t inputWords() const = 0;
  virtual std::uint32_t captureWords() const = 0;
  /// Advances `clocks` clocks with these pins. `inputs`: a row a clock, null for idle zeros.
  /// `captures`: where to put a row a clock, or null. A row holds what is seen just before an edge.
  virtual void run(const Pins& pins, std::uint32_t clocks, const std::uint32_t* inputs,
                   std::uint32_t* captures) = 0;
  virtual std::uint32_t configRead() const = 0;
  /// Does the chip pull the serial port's SDA down?
  virtual bool serialLow() const = 0;
  /// The next row is clock 0; forgets faults.
  virtual void restart() = 0;
  virtual void fault(const FaultFrame& fault) = 0;
  /// Starts a waveform file, or ends it when the name is empty; false when that was not built in.
  virtual bool trace(const std::string& file) = 0;
};

inline bool readExactly(void* data, std::size_t bytes) {
  char* next = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = ::read(STDIN_FILENO, next, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    next += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

inline bool writeExactly(int fd, const void* data, std::size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t sent = ::write(fd, next, bytes);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    next += sent;
    bytes -= static_cast<std::size_t>(sent);
  }
  return true;
}

class Session {
 public:
  /// `answerFd`: where answers go. Standard output itself is left to whatever a library prints.
  Session(Simulation& simulation, int answerFd) : simulation_(simulation), fd_(answerFd) {}

  /// Serves requests until the input ends; the program's exit code.
  int serve() {
    const HelloFrame hello{simulation_.inputWords(), simulation_.captureWords()};
    bool good = answer(Kind::Hello, &hello, sizeof hello);
    Header header{};
    while (good && readExactly(&header, sizeof header)) {
      if (header.magic != kMagic) return 2;
      body_.resize(header.bytes);
      if (!readExactly(body_.data(), body_.size())) return 2;
      good = handle(header.kind);
    }
    return good ? 0 : 2;
  }

 private:
  bool answer(Kind kind, const void* data, std::size_t bytes) {
    const Header header{kMagic, kind, bytes};
    return writeExactly(fd_, &header, sizeof header) && writeExactly(fd_, data, bytes);
  }

  /// The frame that the request opens with; false when the request is shorter.
  template <typename Frame>
  bool head(Frame& frame) const {
    if (body_.size() < sizeof frame) return false;
    std::memcpy(&frame, body_.data(), sizeof frame);
    return true;
  }

  /// What follows a frame of `headBytes` bytes; false when that is not `elements` elements.
  template <typename Element>
  bool tail(std::size_t headBytes, std::size_t elements, std::vector<Element>& out) const {
    if (body_.size() - headBytes != elements * sizeof(Element)) return false;
    out.resize(elements);
    if (elements > 0) std::memcpy(out.data(), body_.data() + headBytes, elements * sizeof(Element));
    return true;
  }

  bool handle(Kind kind) {
    switch (kind) {
      case Kind::Configure:
        return configure();
      case Kind::Reset:
        return reset();
      case Kind::Run:
        return run();
      case Kind::Trace: {
        const std::string file(body_.begin(), body_.end());
        static const std::string text = "this bench was built without waveforms";
        return simulation_.trace(file) ? answer(Kind::Done, nullptr, 0)
                                       : answer(Kind::Failed, text.data(), text.size());
      }
      case Kind::Fault: {
        FaultFrame frame{};
        if (!head(frame)) return false;
        simulation_.fault(frame);
        return answer(Kind::Done, nullptr, 0);
      }
      case Kind::Hello:
      case Kind::Done:
      case Kind::Configured:
      case Kind::Captured:
      case Kind::Failed:
        break;
    }
    return false;
  }

  /// The serial port's pins of the simulation.
  class Bus final : public I2cWires {
   public:
    explicit Bus(Simulation& simulation) : simulation_(simulation) {}
    void hold(bool scl, bool sda, std::uint32_t clocks) override {
      Pins pins;
      pins.serialScl = scl;
      pins.serialSda = sda_ = sda;
      simulation_.run(pins, clocks, nullptr, nullptr);
    }
    bool sda() const override { return sda_ && !simulation_.serialLow(); }

   private:
    Simulation& simulation_;
    bool sda_ = true;
  };

  void idle(std::uint32_t clocks) { simulation_.run(Pins{}, clocks, nullptr, nullptr); }

  void writeRegister(std::uint32_t address, std::uint32_t value) {
    Pins pins;
    pins.configWrite = true;
    pins.configAddress = address;
    pins.configData = value;
    simulation_.run(pins, 1, nullptr, nullptr);
  }

  std::uint32_t readRegister(std::uint32_t address) {
    Pins pins;
    pins.configAddress = address;
    simulation_.run(pins, 2, nullptr, nullptr);  // enough for a registered read port
    return simulation_.configRead();
  }

  /// Values of all entries, read through the port asked for.
  std::vector<std::uint32_t> readAll(const ConfigureFrame& frame,
                                     const std::vector<ConfigEntry>& entries,
                                     ConfiguredFrame& result) {
    std::vector<std::uint32_t> values;
    if (frame.read == RegisterPort::Parallel) {
      for (const ConfigEntry& entry : entries) values.push_back(readRegister(entry.address));
      return values;
    }
    Bus bus(simulation_);
    I2cMaster master(bus, {frame.device, frame.clocksPerBit, frame.valueBytes});
    forStretches(entries, [&](std::size_t first, std::size_t count) {
      std::vector<std::uint32_t> stretch(count);
      result.refused += master.read(entries[first].address, stretch);
      values.insert(values.end(), stretch.begin(), stretch.end());
    });
    return values;
  }

  void writeAll(const ConfigureFrame& frame, const std::vector<ConfigEntry>& entries,
                ConfiguredFrame& result) {
    if (frame.write == RegisterPort::Parallel) {
      for (const ConfigEntry& entry : entries) writeRegister(entry.address, entry.value);
      return;
    }
    Bus bus(simulation_);
    I2cMaster master(bus, {frame.device, frame.clocksPerBit, frame.valueBytes});
    forStretches(entries, [&](std::size_t first, std::size_t count) {
      std::vector<std::uint32_t> stretch;
      for (std::size_t i = 0; i < count; ++i) stretch.push_back(entries[first + i].value);
      result.refused += master.write(entries[first].address, stretch);
    });
  }

  /// Calls `use(first, count)` for each run of entries with consecutive addresses.
  template <typename Use>
  static void forStretches(const std::vector<ConfigEntry>& entries, Use use) {
    for (std::size_t first = 0; first < entries.size();) {
      std::size_t end = first + 1;
      while (end < entries.size() && entries[end].address == entries[end - 1].address + 1) ++end;
      use(first, end - first);
      first = end;
    }
  }

  bool configure() {
    ConfigureFrame frame{};
    std::vector<ConfigEntry> entries;
    if (!head(frame) || !tail(sizeof frame, frame.entries, entries)) return false;
    ConfiguredFrame result{};
    writeAll(frame, entries, result);
    const std::vector<std::uint32_t> values = readAll(frame, entries, result);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const ConfigEntry& entry = entries[i];
      const std::uint32_t got = values[i] & entry.mask;
      const std::uint32_t expected = entry.value & entry.mask;
      if (got != expected && result.failures++ == 0) {
        result.address = entry.address;
        result.expected = expected;
        result.got = got;
      }
    }
    writeAll(frame, {{frame.controlAddress, 1, 0}}, result);
    idle(frame.settleClocks);
    return answer(Kind::Configured, &result, sizeof result);
  }

  bool reset() {
    ResetFrame frame{};
    if (!head(frame)) return false;
    Pins pins;
    pins.resetN = frame.hard == 0;
    pins.linkReset = frame.hard == 0;
    simulation_.run(pins, frame.clocks, nullptr, nullptr);
    simulation_.restart();
    return answer(Kind::Done, nullptr, 0);
  }

  bool run() {
    RunFrame frame{};
    if (!head(frame)) return false;
    const std::size_t words = std::size_t{frame.clocks} * simulation_.inputWords();
    if (!tail(sizeof frame, words, inputs_)) return false;
    captures_.resize(frame.capture != 0 ? std::size_t{frame.clocks} * simulation_.captureWords()
                                        : 0);
    simulation_.run(Pins{}, frame.clocks, inputs_.data(),
                    frame.capture != 0 ? captures_.data() : nullptr);
    return answer(Kind::Captured, captures_.data(), captures_.size() * sizeof(std::uint32_t));
  }

  Simulation& simulation_;
  int fd_;
  std::vector<char> body_;
  std::vector<std::uint32_t> inputs_;
  std::vector<std::uint32_t> captures_;
};

/// Keeps standard output for answers and sends what libraries print to standard error.
inline int takeStandardOutput() {
  const int fd = ::dup(STDOUT_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return fd;
}

/// Faults on rows of words, looked up by clock; almost always empty.
class FaultList {
 public:
  void clear() { faults_.clear(); }
  void add(const FaultFrame& fault) { faults_.push_back(fault); }
  void apply(FaultPlace place, std::uint64_t clock, std::uint32_t* row) const {
    for (const FaultFrame& fault : faults_) {
      if (fault.place == place && fault.clock == clock) row[fault.word] ^= fault.mask;
    }
  }

 private:
  std::vector<FaultFrame> faults_;
};

}  // namespace aegen_bench
