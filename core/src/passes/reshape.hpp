#pragma once
/// reshape(): gives values and ports of a unit other formats, and takes away what is dead.

#include <vector>

#include "../program_facts.hpp"
#include "aegen/core/passes/unit.hpp"

namespace aegen::core::passes {

/// What becomes of a function.
struct FunctionShape {
  std::vector<FixedFormat> formats;  ///< of each value: no wider, same fraction
  std::vector<bool> live;            ///< of each value; whoever reads a dead one reads 0
  std::vector<bool> keepInput;       ///< of each input element
  std::vector<bool> keepOutput;      ///< of each output element
  std::vector<FixedFormat> inputs;   ///< of each input port
  std::vector<FixedFormat> outputs;  ///< of each output port
};

/// `function` as it is.
[[nodiscard]] FunctionShape shapeOf(const Function& function);

/// Output ports of functions that a wiring top hands on to its own outputs must stay; so must ports
/// of the top and of fixed functions. Gives, by function, whether input and output ports may
/// change; of outputs by port.
struct PortFreedom {
  std::vector<bool> inputs;
  std::vector<std::vector<bool>> outputs;
};
[[nodiscard]] PortFreedom portFreedom(const Unit& unit);

/// Rewrites every function of `unit` as `shapes` say, one a function. A value whose facts lie
/// within its new format keeps its raw integer; of one that is cut the low bits stay. Known values
/// become constants. In a wiring, inputs take the formats of what drives them.
void reshape(Unit& unit, const ProgramFacts& facts, std::vector<FunctionShape> shapes);

/// Runs `once` until it changes nothing: what it finds lets it find more. Stops after `rounds`.
void repeated(Unit& unit, void (*once)(Unit&), int rounds = 10);

/// Drops functions that the top does not reach.
void dropUnreachable(Unit& unit);

}  // namespace aegen::core::passes
