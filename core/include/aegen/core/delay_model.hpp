#pragma once
/// DelayModel: what the parts of mapped logic take, in ns, and the arrival of every bit of a
/// function from that. Adders ripple, so bits of one value are ready at different times.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/program.hpp"

namespace aegen::core {

/// Delays in ns at the load and slew that mapped netlists show. The defaults are of a generic
/// 0.18 um library; flows fits them to a Liberty file.
struct DelayModel {
  std::string source = "generic 0.18 um";  ///< what it was fitted to
  double gate = 0.12;                      ///< a two-input NAND or NOR with what follows it
  double parity = 0.25;                    ///< a two-input exclusive or
  double carry = 0.30;                     ///< full adder, any input to carry
  double sum = 0.35;                       ///< full adder, any input to sum
  double mux = 0.22;                       ///< two-to-one multiplexer
  double fanout = 0.10;                    ///< each further factor of four in the number of sinks
  double flipFlop = 0.55;                  ///< clock to output
  double setup = 0.20;                     ///< of a flip-flop
  bool operator==(const DelayModel&) const = default;

  /// What is left of a period for logic between two registers.
  [[nodiscard]] double usable(double period) const { return period - flipFlop - setup; }
};

/// When each bit of a value is ready, in ns, lowest bit first.
using BitArrivals = std::vector<double>;
[[nodiscard]] double latest(const BitArrivals& bits);

/// Arrivals of an instruction's result (no Call) from those of its operands.
[[nodiscard]] BitArrivals arrivalOf(const DelayModel& model, const Function& function,
                                    const Instruction& instruction,
                                    std::span<const BitArrivals* const> operands);

/// Arrivals of every value of a function, given those of its input elements (all at 0 when empty),
/// through the functions it calls.
[[nodiscard]] std::vector<BitArrivals> arrivals(const DelayModel& model, const Program& program,
                                                const Function& function,
                                                std::span<const BitArrivals> inputs = {});

/// The longest delay in ns from inputs of a function to its outputs; settings are there since long.
[[nodiscard]] double delayOf(const DelayModel& model, const Program& program,
                             std::string_view function);

}  // namespace aegen::core
