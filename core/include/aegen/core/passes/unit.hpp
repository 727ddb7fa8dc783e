#pragma once
/// Unit: what a pass works on: a program whose top keeps its interface. A Design is one too: its
/// wiring becomes a top that does nothing but call the blocks' functions.

#include <set>
#include <string>

#include "aegen/core/design.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core::passes {

/// Passes may change every function but what `top` has for ports. Ports of other functions lose
/// elements, change formats and bodies change, as long as all callers are changed with them.
struct Unit {
  Program program;  ///< the last function is the top; each other one is reachable from it
  std::string top;
  /// The top is a design's wiring: it holds calls and nothing else, one a block, each of a function
  /// that is called once; a value goes from a call to another in the format it has. Inputs are
  /// the design's, its fields and what state blocks give; outputs what leaves the chip and what
  /// state blocks take.
  bool wiring = false;
  /// Functions besides the top whose ports must stay as they are.
  std::set<std::string, std::less<>> fixed;

  [[nodiscard]] const Function& topFunction() const { return program.functions.back(); }
  /// Whether a function's ports may change.
  [[nodiscard]] bool mayChangePorts(const std::string& function) const {
    return function != top && !fixed.contains(function);
  }
};

/// `function` of a verified program with what it calls. Its ports stay as they are.
[[nodiscard]] Unit unitOf(const Program& program, std::string_view function);

/// A design that analyse() accepts. A function that several blocks use is cloned, one a block.
[[nodiscard]] Unit unitOf(const Design& design);

/// The design whose program and wiring `unit` has become; `before` is the one it was made from.
/// Signals keep their names and lose elements and bits that nobody reads; blocks whose outputs all
/// vanished vanish. Inputs, outputs, fields, milestones and state blocks stay as they are.
[[nodiscard]] Design designOf(const Unit& unit, const Design& before);

}  // namespace aegen::core::passes
