#pragma once
/// Compiles a function to the interpreter's tape: inlines calls, drops dead values, separates what
/// depends on configuration alone, fuses sums of products, picks lane types and assigns slots.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/program.hpp"
#include "interval_transfer.hpp"
#include "tape.hpp"

namespace aegen::core::tape {

/// A value of the flattened function.
struct Node {
  const Instruction* source = nullptr;  ///< null for inputs
  std::vector<std::uint32_t> operands;
  FixedFormat format;
  Interval interval;
  WideInterval exact;
  bool uniform = false;  ///< the same for all events: depends on configuration alone
  std::uint32_t uses = 0;
};

/// Where a slot's data come from or go to.
struct Port {
  std::uint32_t element = 0;  ///< row of the event inputs or of the outputs
  std::uint32_t slot = 0;
  bool wide = false;
  FixedFormat format;
};

struct Tape {
  std::vector<Node> nodes;                 ///< in topological order
  std::vector<std::uint32_t> configNodes;  ///< element of the config ports -> node
  std::map<std::string, std::pair<std::uint32_t, std::uint32_t>, std::less<>> configPorts;
  std::size_t eventElements = 0;
  std::size_t outputElements = 0;
  std::vector<Step> steps;   ///< every batch
  std::vector<Step> splats;  ///< once a configuration
  std::vector<Port> inputs;  ///< those that are used
  std::vector<Port> outputs;
  std::uint32_t narrowSlots = 0;
  std::uint32_t wideSlots = 0;
};

[[nodiscard]] Tape compile(const Program& program, std::string_view function);

}  // namespace aegen::core::tape
