#pragma once
/// Liberty: what the flows need of a standard-cell library file: areas, pins, functions, state,
/// timing tables in ns and pF, and which cells serve as flip-flop, NAND2, inverter and adder.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// OSU 0.18 um of Debian's qflow-tech-osu018, used when no library is named.
inline constexpr std::string_view kDefaultLiberty =
    "/usr/share/qflow/tech/osu018/osu018_stdcells.lib";

/// A corner of a library by name, e.g. {"slow", "ss_1v62.lib"}.
struct Corner {
  std::string name;
  std::filesystem::path liberty;
  bool operator==(const Corner&) const = default;
};

/// Other: what nothing is mapped to: buses, bundles, several bits, state tables, pads.
enum class CellKind : std::uint8_t { Combinational, FlipFlop, Latch, ClockGate, Other };

/// A table of a timing arc over up to two variables, in ns. Rows are the transition of the input
/// (of the related pin in a constraint), columns the load of the output in pF (the transition of
/// the constrained pin).
struct TimingTable {
  std::vector<double> rows;     ///< ascending; one entry when the table does not depend on it
  std::vector<double> columns;  ///< likewise
  std::vector<double> values;   ///< row by row; empty: there is no table

  [[nodiscard]] bool empty() const { return values.empty(); }
  /// Interpolated between four neighbours, extrapolated with the outermost two. Not of an empty
  /// table.
  [[nodiscard]] double at(double row, double column) const;
};

enum class TimingSense : std::uint8_t { Positive, Negative, NonUnate };

/// One `timing` group of a pin.
struct TimingArc {
  std::string relatedPin;  ///< first of those named
  std::string type;        ///< timing_type; "combinational" when not given
  std::string when;        ///< condition as written, or empty
  TimingSense sense = TimingSense::NonUnate;
  TimingTable rise, fall;                      ///< cell_rise and cell_fall, or the constraints
  TimingTable riseTransition, fallTransition;  ///< empty for constraints

  /// setup_rising, hold_falling, recovery, removal and their like.
  [[nodiscard]] bool isConstraint() const;
};

struct LibertyPin {
  std::string name;
  bool isInput = true;
  std::string function;  ///< as written, empty for inputs and unspecified outputs
  bool threeState = false;
  bool isClock = false;         ///< `clock : true`
  double capacitance = 0;       ///< pF, of inputs; 0 when not given
  std::string clockGateRole;    ///< "clock", "enable", "test" or "out" of a clock gate's pin
  std::vector<TimingArc> arcs;  ///< those that end here
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
  std::vector<LibertyPin> pins;       ///< without supply pins and internal ones
  std::optional<StateElement> state;  ///< of a FlipFlop or Latch
  double leakage = 0;                 ///< W; 0 when not given
  int line = 0;                       ///< in the file

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

/// Units of the file as factors to ns, pF, V and W; empty where the file does not say.
struct LibertyUnits {
  std::optional<double> time;
  std::optional<double> capacitance;
  std::optional<double> voltage;
  std::optional<double> leakagePower;
};

class Liberty {
 public:
  /// `text` is the content of `file`, which only names it. Files that it includes are read from
  /// beside it. Errors, placed as file:line: liberty.not-liberty, liberty.missing-file (of an
  /// include), liberty.bad-value, liberty.bad-unit, liberty.no-cells, liberty.no-area,
  /// liberty.no-flip-flop, liberty.no-inverter, liberty.no-nand2.
  [[nodiscard]] static core::Result<Liberty> parse(std::string_view text,
                                                   const std::filesystem::path& file);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  [[nodiscard]] const std::vector<LibertyCell>& cells() const { return cells_; }
  [[nodiscard]] const LibertyUnits& units() const { return units_; }
  [[nodiscard]] const LibertyCell* find(std::string_view cell) const;
  /// The smallest two-input NAND: the unit of gate equivalents.
  [[nodiscard]] const LibertyCell& nand2() const { return cells_[nand2_]; }
  /// The smallest cell that inverts.
  [[nodiscard]] const LibertyCell* inverter() const;
  /// The smallest cell, if any, with one output of this table over `inputs` inputs in any order.
  [[nodiscard]] const LibertyCell* smallestGate(std::size_t inputs, std::uint64_t table) const;
  /// Cells that repeat their input, by area.
  [[nodiscard]] std::vector<const LibertyCell*> buffers() const;
  /// The smallest full adder (sum and majority of three inputs), found by function.
  [[nodiscard]] std::optional<AdderCell> fullAdder() const;
  /// Whether delays can be had: units of time and load are known, and inverter, NAND2 and the
  /// flip-flop have tables. Errors: liberty.no-units, liberty.no-timing.
  [[nodiscard]] core::Result<void> checkTiming() const;

  /// The library written anew in plain syntax, without includes, comments and what only sign-off
  /// tools read (noise, current sources), for tools with narrow parsers. `mappableOnly`: only cells
  /// that logic is mapped to, for Yosys and ABC: plain gates and single flip-flops and latches that
  /// may be used.
  [[nodiscard]] const std::string& plainText(bool mappableOnly) const {
    return mappableOnly ? mappableText_ : plainText_;
  }

 private:
  core::Result<void> checkCells() const;

  std::string name_;
  std::filesystem::path file_;
  LibertyUnits units_;
  std::vector<LibertyCell> cells_;
  std::map<std::string, std::size_t, std::less<>> index_;  ///< the first cell of a name
  std::size_t nand2_ = 0;
  std::string plainText_;
  std::string mappableText_;
};

/// Reads a Liberty file, plain or gzipped (`.gz`, unpacked by the gzip program). Errors:
/// liberty.missing-file and those of Liberty::parse().
[[nodiscard]] core::Result<Liberty> loadLiberty(const std::filesystem::path& file);

/// The file's text, unpacked when its name ends in `.gz`. Errors: liberty.missing-file.
[[nodiscard]] core::Result<std::string> readLibertyText(const std::filesystem::path& file);

}  // namespace aegen::flows
