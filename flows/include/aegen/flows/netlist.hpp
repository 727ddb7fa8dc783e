#pragma once
/// Mapped netlists as Yosys' write_json gives them, one module after another, hierarchy kept.

#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// Bits of a port or pin, lowest first: net numbers of the module, kConstantBit where tied.
inline constexpr int kConstantBit = -1;

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

struct NetlistModule {
  std::string name;
  std::vector<NetlistPort> ports;
  std::vector<NetlistCell> cells;
};

/// Modules of a Yosys JSON netlist, without black boxes. `where` names the text in the diagnostic
/// netlist.malformed.
[[nodiscard]] core::Result<std::vector<NetlistModule>> readNetlist(std::string_view json,
                                                                   const std::string& where);

}  // namespace aegen::flows
