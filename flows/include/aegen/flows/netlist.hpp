#pragma once
/// Mapped netlists as Yosys' write_json gives them, one module after another, hierarchy kept.

#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// Bits of a port or pin, lowest first: net numbers of the module, or where they are tied:
inline constexpr int kConstantBit = -1;     ///< to 0, or to an unknown value
inline constexpr int kConstantOneBit = -2;  ///< to 1

struct NetlistPort {
  std::string name;
  bool isInput = true;
  std::vector<int> bits;
};

/// A library cell or an instance of another module.
struct NetlistCell {
  std::string name;
  std::string type;
  std::vector<NetlistPort> pins;
};

/// A net that has a name of its own, as in the RTL.
struct NetlistName {
  std::string name;
  std::vector<int> bits;
};

struct NetlistModule {
  std::string name;
  std::vector<NetlistPort> ports;
  std::vector<NetlistCell> cells;
  std::vector<NetlistName> names;
};

/// Modules of a Yosys JSON netlist, without black boxes. `where` names the text in the diagnostic
/// netlist.malformed.
[[nodiscard]] core::Result<std::vector<NetlistModule>> readNetlist(std::string_view json,
                                                                   const std::string& where);

}  // namespace aegen::flows
