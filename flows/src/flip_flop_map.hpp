#pragma once
/// Flip-flops of a library for Yosys: which of its types there are cells for, found by function,
/// and techmap rules that place them. Unlike dfflibmap it also takes cells with only an inverted
/// output, and enable and scan flip-flops whose further inputs can be tied.

#include <string>
#include <vector>

#include "aegen/flows/liberty.hpp"

namespace aegen::flows {

/// What Yosys calls a flip-flop with these properties.
struct FlipFlopType {
  bool risingEdge = true;
  bool hasEnable = false;  ///< active high
  bool hasReset = false;   ///< asynchronous
  bool resetActiveHigh = true;
  bool resetValue = false;
  /// "$_DFF_P_", "$_DFFE_PP_", "$_DFF_PN0_"; not both enable and reset.
  [[nodiscard]] std::string text() const;
};

/// How a cell serves as a type. Pins by name; those tied hold "0" or "1".
struct FlipFlopCell {
  FlipFlopType type;
  std::string cell;
  std::string clock, data, enable, reset;
  std::vector<std::pair<std::string, bool>> tied;
  bool dataInverted = false;  ///< the pin takes the complement
  bool enableInverted = false;
  std::string output;
  bool outputInverted = false;  ///< the pin gives the complement of what is to be stored
  double area = 0;              ///< with the inverters that this takes
};

/// The smallest cell of each type the library can do. Not empty: Liberty::parse() saw to a
/// flip-flop, unless none can be used (several expressions, more inputs than can be tied).
[[nodiscard]] std::vector<FlipFlopCell> flipFlopCells(const Liberty& library);

/// Arguments of Yosys' dfflegalize: every type there is a cell for.
[[nodiscard]] std::string legalTypes(const std::vector<FlipFlopCell>& cells);

/// Techmap rules, a module a type.
[[nodiscard]] std::string flipFlopMap(const std::vector<FlipFlopCell>& cells);

}  // namespace aegen::flows
