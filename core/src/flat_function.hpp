#pragma once
/// A function with its calls inlined: one list of nodes in topological order.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aegen/core/program.hpp"

namespace aegen::core::tape {

using NodeId = std::uint32_t;

/// A value of the flattened function.
struct Node {
  const Instruction* source = nullptr;  ///< null for inputs; points into the program
  std::vector<NodeId> operands;
  FixedFormat format;
  bool uniform = false;  ///< the same for all events: depends on configuration alone
};

struct FlatFunction {
  std::vector<Node> nodes;
  std::vector<NodeId> events;   ///< of each element of the event ports
  std::vector<NodeId> config;   ///< of each element of the config ports
  std::vector<NodeId> outputs;  ///< of each element of the output ports
  /// First element in `config` and count of each config port.
  std::map<std::string, std::pair<std::uint32_t, std::uint32_t>, std::less<>> configPorts;
};

/// `function` of a verified program.
[[nodiscard]] FlatFunction flatten(const Program& program, std::string_view function);

}  // namespace aegen::core::tape
