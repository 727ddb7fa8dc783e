#pragma once
/// Liberty: what the flows need of a standard-cell library file: areas, pins, functions, and which
/// cells can serve as flip-flop, NAND2, inverter and adder.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// OSU 0.18 um of Debian's qflow-tech-osu018, used when no library is named.
inline constexpr std::string_view kDefaultLiberty =
    "/usr/share/qflow/tech/osu018/osu018_stdcells.lib";

enum class CellKind : std::uint8_t { Combinational, FlipFlop, Latch, Other };

struct LibertyPin {
  std::string name;
  bool isInput = true;
  std::string function;  ///< as written, empty for inputs and unspecified outputs
  bool threeState = false;
  double capacitance = 0;  ///< pF, of inputs; 0 when not given
};

/// The `ff` or `latch` group of a cell with one bit of state. Expressions as written.
struct StateElement {
  std::string state;      ///< name of the state in pins' functions, e.g. IQ
  std::string inverse;    ///< and of its complement, e.g. IQN
  std::string nextState;  ///< a latch's data_in
  std::string clockedOn;  ///< a latch's enable
  std::string clear;      ///< empty: none
  std::string preset;     ///< empty: none
};

struct LibertyCell {
  std::string name;
  double area = 0;  ///< in the library's unit, um2 by custom
  CellKind kind = CellKind::Combinational;
  bool dontUse = false;
  std::vector<LibertyPin> pins;
  std::optional<StateElement> state;  ///< of a FlipFlop or Latch

  [[nodiscard]] const LibertyPin* findPin(std::string_view pin) const;
  /// Names of the inputs in the file's order.
  [[nodiscard]] std::vector<std::string> inputs() const;
};

/// Truth table of a Liberty function over up to 6 `inputs`: bit i is the value where input k is bit
/// k of i. Knows ! ' & * space | + ^ parentheses 0 1. Empty when malformed or it names another pin.
[[nodiscard]] std::optional<std::uint64_t> truthTable(std::string_view function,
                                                      const std::vector<std::string>& inputs);

/// A full-adder cell, with the pins that play each part.
struct AdderCell {
  std::string cell;
  std::vector<std::string> inputs;
  std::string sum;
  std::string carry;
};

class Liberty {
 public:
  /// `text` is the content of `file`, which only names it. Errors: liberty.not-liberty,
  /// liberty.no-flip-flop, liberty.no-nand2.
  [[nodiscard]] static core::Result<Liberty> parse(std::string_view text,
                                                   const std::filesystem::path& file);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] const std::vector<LibertyCell>& cells() const { return cells_; }
  [[nodiscard]] const LibertyCell* find(std::string_view cell) const;
  /// The smallest two-input NAND: the unit of gate equivalents.
  [[nodiscard]] const LibertyCell& nand2() const { return cells_[nand2_]; }
  /// The smallest cell, if any, that inverts.
  [[nodiscard]] const LibertyCell* inverter() const;
  /// The smallest full adder (sum and majority of three inputs), found by function.
  [[nodiscard]] std::optional<AdderCell> fullAdder() const;

 private:
  std::string name_;
  std::filesystem::path file_;
  std::vector<LibertyCell> cells_;
  std::size_t nand2_ = 0;
};

/// Reads a Liberty file, plain or gzipped (`.gz`, unpacked by the gzip program). Errors:
/// liberty.missing-file and those of Liberty::parse().
[[nodiscard]] core::Result<Liberty> loadLiberty(const std::filesystem::path& file);

/// The file's text, unpacked when its name ends in `.gz`. Errors: liberty.missing-file.
[[nodiscard]] core::Result<std::string> readLibertyText(const std::filesystem::path& file);

}  // namespace aegen::flows
