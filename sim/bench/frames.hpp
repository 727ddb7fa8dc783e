#pragma once
/// The narrow interface between aegen and the bench it compiles: the frames that travel over the
/// bench's standard input and output. C++17: the SystemC library of the platform is built as such.
///
/// Every frame is a Header and `bytes` bytes. The bench opens with Hello and answers each request
/// with one frame, in order; both run on one machine, so integers are in its byte order.
///
/// A row of stimuli holds the chip's input signals, a row of captures the captured signals, each
/// signal starting at a new 32-bit word, element i of width w at bits i*w (chip) as in the Verilog
/// vector.

#include <cstdint>

namespace aegen_bench {

constexpr std::uint32_t kMagic = 0x41454232;  ///< "AEB2": changes with every change of this file

enum class Kind : std::uint32_t {
  Hello = 1,      ///< bench: HelloFrame
  Done = 2,       ///< bench: nothing to say
  Configure = 3,  ///< parent: ConfigureFrame, then its entries; answer: Configured
  Configured = 4,
  Reset = 5,     ///< parent: ResetFrame; answer: Done
  Run = 6,       ///< parent: RunFrame, then clocks x inputWords; answer: Captured
  Captured = 7,  ///< bench: clocks x captureWords, nothing when RunFrame::capture is 0
  Trace = 8,     ///< parent: a file's name, empty to stop; answer: Done, or Failed
  Failed = 9,    ///< bench: a text
  Fault = 10,    ///< parent: FaultFrame; answer: Done. Faults are forgotten by Reset.
};

struct Header {
  std::uint32_t magic;
  Kind kind;
  std::uint64_t bytes;
};

struct HelloFrame {
  std::uint32_t inputWords;
  std::uint32_t captureWords;
};

/// One register: written, and read back under `mask` unless that is 0.
struct ConfigEntry {
  std::uint32_t address;
  std::uint32_t value;
  std::uint32_t mask;
};

enum class RegisterPort : std::uint32_t { Parallel = 0, Serial = 1 };

/// `entries` entries follow. All are written, then all are read back, then the commit is written
/// and `settleClocks` idle clocks pass.
struct ConfigureFrame {
  std::uint32_t entries;
  std::uint32_t controlAddress;
  std::uint32_t settleClocks;
  RegisterPort write;  ///< of values and commit
  RegisterPort read;
  std::uint32_t device;        ///< on the serial bus
  std::uint32_t clocksPerBit;  ///< of the serial bus
  std::uint32_t valueBytes;    ///< of a register on the serial bus
};

/// The number of registers that read back wrong, and the first of them. `refused`: serial transfers
/// that ended because a byte was not acknowledged.
struct ConfiguredFrame {
  std::uint32_t failures;
  std::uint32_t address;
  std::uint32_t expected;
  std::uint32_t got;
  std::uint32_t refused;
};

/// Holds rst_n low (when `hard`) or link_reset high for `clocks` clocks of idle input. The next row
/// is clock 0.
struct ResetFrame {
  std::uint32_t hard;
  std::uint32_t clocks;
};

struct RunFrame {
  std::uint32_t clocks;
  std::uint32_t capture;  ///< 0: the answer carries no rows
};

enum class FaultPlace : std::uint32_t {
  Capture = 0,  ///< a bit of a captured row, as if the chip had given it
  Link = 1,     ///< a bit of the words that enter the link
};

/// Inverts the bits `mask` of word `word` at clock `clock`.
struct FaultFrame {
  FaultPlace place;
  std::uint32_t word;
  std::uint32_t mask;
  std::uint32_t reserved;
  std::uint64_t clock;
};

}  // namespace aegen_bench
