#pragma once
/// Design: what becomes a chip. Program functions and the few blocks that hold state over
/// crossings, wired by signal names, with pipeline registers and configuration fields.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core {

/// `count` elements of one format that travel together once a crossing.
struct Signal {
  std::string name;
  FixedFormat format;
  std::uint32_t count = 1;
  bool operator==(const Signal&) const = default;
};

/// The widest value a configuration register holds.
inline constexpr int kMaxConfigBits = 32;

/// A setting held in registers: `count` values of one format, at most kMaxConfigBits wide, with
/// their values after reset.
struct ConfigField {
  std::string name;
  FixedFormat format;
  std::uint32_t count = 1;
  std::vector<std::int64_t> reset;  ///< raw, `count` of them
  std::string comment;
};

/// Raw values of every configuration field by name.
using ConfigValues = std::map<std::string, std::vector<std::int64_t>, std::less<>>;

enum class BlockKind : std::uint8_t {
  Function,  ///< a function of the program; no state
  /// rx_header u4 -> bx u12: 0 where the header is kOrbitStartHeader and in the first crossing
  /// after a link reset, else one more than before, 0 after kLastBx
  BxCounter,
  OutputBuffer,  ///< the link's queue of words, section 6 of the ECON-T page
};

/// Bunch crossings of an orbit are numbered from 0 to this.
inline constexpr int kLastBx = 3563;
/// The header of ePortRX word 0 in BX 0 (section 1 of the ECON-T page).
inline constexpr int kOrbitStartHeader = 9;

/// Widths of an OutputBuffer's ports.
inline constexpr int kBufferWordBits = 16;
inline constexpr int kBufferCountBits = 6;
inline constexpr int kBufferThresholdBits = 9;
inline constexpr int kBufferEtxBits = 4;
/// The bit of a truncated word that says why it was truncated: 0 full, 1 late.
inline constexpr int kTruncatedLateBit = 8;
/// The count of waiting words has this many bits and stops at their largest value, past every
/// threshold: only links that send nothing get so far.
inline constexpr int kBufferWaitingBits = 10;
inline constexpr int kMostWaitingWords = (1 << kBufferWaitingBits) - 1;

/// Sizes of an OutputBuffer. Ports: words u16[maxWords], count u6 (words of this crossing that
/// matter, 0..maxWords; all maxWords are written), truncated_word u16, fill_word u16 (written
/// behind a truncated word), overflow_t1/t2/t3 u9 and active_etx u4 (Config) -> tx u32[etx].
/// A count of 0 (an encoder the design does not hold) leaves the queue as long as it was.
/// active_etx: links in use; more than `etx` acts as `etx`. 0 turns the links off: tx is 0 and
/// nothing leaves, so that words wait until crossings are truncated; the encoders, which need a
/// length, make their strings as for one link then. The count of waiting words stops at
/// kMostWaitingWords.
struct BufferSizes {
  std::uint32_t depth = 400;    ///< words it holds: at least maxWords, and 2 * etx
  std::uint32_t maxWords = 26;  ///< 1 to 63
  std::uint32_t etx = 13;       ///< 1 to 15
  bool operator==(const BufferSizes&) const = default;
};

/// A wire of a block: its port and the signal or configuration field the port is tied to.
struct Wire {
  std::string port;
  std::string signal;
};

struct Block {
  BlockKind kind = BlockKind::Function;
  std::string name;      ///< instance name, unique in the design
  std::string function;  ///< of the program, when kind is Function
  std::vector<Wire> inputs;
  std::vector<Wire> outputs;
  bool registered = false;  ///< its outputs pass a pipeline register; always so for OutputBuffer
  BufferSizes buffer;       ///< when kind is OutputBuffer
};

/// A stage whose arrival is asked for and measured, e.g. {"encoder", "latent", 2}.
struct Milestone {
  std::string name;
  std::string signal;
  int latency = 0;  ///< crossings asked for, from the chip's input to this signal
};

enum class SerialKind : std::uint8_t { I2c };

/// A serial port beside the parallel one that reaches the same registers. The chip's device address
/// is addressBase with its lowest `addressPins` bits taken from pins, so that chips of one design
/// share a bus.
struct SerialPort {
  SerialKind kind = SerialKind::I2c;
  int addressBase = 0x20;  ///< 7 bits; those that the pins give are 0
  int addressPins = 4;     ///< 0 (no pins, the address is fixed) to 7
  bool operator==(const SerialPort&) const = default;
};

/// Clocks a crossing may have.
inline constexpr int kMostClocksPerCrossing = 8;

struct Design {
  std::string name;  ///< an identifier; the top module's name
  std::string comment;
  Program program;
  /// 1, 2, 4 or 8. With more than one, blocks whose calls share a callee are computed one call
  /// after another (foldBlocks()). What a crossing gives does not depend on it.
  int clocksPerCrossing = 1;
  std::vector<Signal> inputs;
  std::vector<Block> blocks;         ///< producers before consumers
  std::vector<std::string> outputs;  ///< signals that leave the chip
  std::vector<ConfigField> config;
  std::optional<SerialPort> serial;  ///< only beside configuration fields
  std::vector<Milestone> milestones;

  [[nodiscard]] const ConfigField* findConfig(std::string_view field) const;
  [[nodiscard]] ConfigValues resetConfig() const;
  /// Bits of the words that carry register values: 16, or 32 when a field has more than 16.
  [[nodiscard]] int configDataBits() const;
};

/// What a block's ports are, whatever its kind. Config ports have Role::Config.
struct BlockPorts {
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};
[[nodiscard]] BlockPorts portsOf(const Design& design, const Block& block);

/// When things happen, in crossings after a crossing's input reaches the chip.
struct DesignTiming {
  std::map<std::string, int, std::less<>> signal;  ///< when each signal is valid
  std::vector<int> block;                          ///< when each block computes
  std::map<std::string, std::pair<int, int>, std::less<>>
      config;  ///< first and last use of a field
};

/// Checks names, wiring, formats, order and reset values, then gives the timing. Errors:
/// design.malformed (a bug of who built it), design.config-width (a field too wide for a register),
/// design.serial-port (no registers to reach, too many of them, a device address that is not one),
/// design.reuse (clocks a crossing that are none of 1, 2, 4, 8).
[[nodiscard]] Result<DesignTiming> analyse(const Design& design);

/// All signals of a design in order: inputs, then each block's outputs.
[[nodiscard]] std::vector<Signal> signalsOf(const Design& design);

}  // namespace aegen::core
