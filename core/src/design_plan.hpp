#pragma once
/// How a design's behaviour is computed: function blocks that no state block stands between are
/// fused into one function, so that what travels between them stays in the interpreter's lanes.

#include <set>
#include <string>
#include <vector>

#include "aegen/core/design.hpp"

namespace aegen::core {

struct DesignPlan {
  /// First the function, then the state blocks that only need what is there by then.
  struct Stage {
    std::string function;              ///< of `program`; empty when there is nothing to compute
    std::vector<std::string> inputs;   ///< signals, in the order of the function's event ports
    std::vector<std::string> config;   ///< fields, as its config ports are named
    std::vector<std::string> outputs;  ///< signals, in the order of its output ports
    std::vector<std::size_t> state;    ///< indices of blocks of the design, in its order
  };
  Program program;  ///< the design's, and the stages' functions
  std::vector<Stage> stages;
  std::set<std::string> stored;  ///< signals that get columns
};

/// `kept`: signals that are wanted; what state blocks and later stages need is stored besides. A
/// design input is an output of the first stage when it is stored.
[[nodiscard]] DesignPlan planDesign(const Design& design, const std::set<std::string>& kept);

}  // namespace aegen::core
