#pragma once
/// DelayModel: what the parts of mapped logic take, in ns, and the arrival of every bit of a
/// function from that. Adders ripple, so bits of one value are ready at different times.

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
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

/// When each bit of a value is ready, in ns, lowest bit first: kConstant of what never changes,
/// kSettled of what has not changed for long, as settings.
using BitArrivals = std::vector<double>;
inline constexpr double kConstant = -std::numeric_limits<double>::infinity();
inline constexpr double kSettled = -1e6;
/// The latest of them; kConstant when there are none.
[[nodiscard]] double latest(const BitArrivals& bits);

/// Arrivals in one program by one model. Calls with the same arrivals are looked into once.
class ArrivalAnalysis {
 public:
  /// Both must outlive the analysis; functions may be added to the program, not changed.
  ArrivalAnalysis(const DelayModel& model, const Program& program)
      : model_(model), program_(program) {}

  /// Arrivals of an instruction's results from those of its operands; `constants` holds the value
  /// of each operand that is a Const, which decides what a product with it is made of.
  std::vector<BitArrivals> ofInstruction(const Function& function, const Instruction& instruction,
                                         const std::vector<const BitArrivals*>& operands,
                                         const std::vector<const std::int64_t*>& constants);
  /// Arrivals of every value, given those of the input elements.
  std::vector<BitArrivals> ofFunction(const Function& function,
                                      const std::vector<BitArrivals>& inputs);
  /// Inputs as they come out of registers: events at 0, settings settled.
  [[nodiscard]] static std::vector<BitArrivals> registeredInputs(const Function& function);

 private:
  const DelayModel& model_;
  const Program& program_;
  std::map<std::pair<std::string, std::vector<std::int64_t>>, std::vector<BitArrivals>> calls_;
};

/// The longest delay in ns from event inputs of a function to its outputs; 0 when there is none.
[[nodiscard]] double delayOf(const DelayModel& model, const Program& program,
                             std::string_view function);

}  // namespace aegen::core
