#pragma once
/// Logic depth of a mapped hierarchy: the longest combinational path in cells, found module by
/// module and combined through the instances, so that nothing is ever flattened.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/liberty.hpp"
#include "aegen/flows/netlist.hpp"

namespace aegen::flows {

/// A stretch of a path: so many cells in a row that belong to one instance.
struct DepthStep {
  std::string instance;  ///< path of instance names below the module asked about; empty: itself
  std::string module;
  int cells = 0;
  bool operator==(const DepthStep&) const = default;
};

/// The longest combinational path of a module, what is below it included. Paths run from an input
/// port or a register to a register or an output port.
struct LogicDepth {
  int cells = 0;     ///< combinational cells passed
  std::string from;  ///< "port NAME[i]" or "register"
  std::string to;
  std::vector<DepthStep> path;
  bool operator==(const LogicDepth&) const = default;
};

/// The depth of every module reachable from `top`, by module name. A combinational library cell
/// counts 1 from each of its inputs to each of its outputs. Errors: netlist.missing-module,
/// netlist.unknown-cell (a type that is neither in the library nor a module),
/// netlist.combinational-loop.
[[nodiscard]] core::Result<std::map<std::string, LogicDepth, std::less<>>> logicDepth(
    const std::vector<NetlistModule>& modules, std::string_view top, const Liberty& library);

}  // namespace aegen::flows
