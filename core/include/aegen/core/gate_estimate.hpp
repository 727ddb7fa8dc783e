#pragma once
/// A quick estimate of logic in NAND2 gates, to compare ways to build the same function. Bit counts
/// times the usual sizes of adder, multiplexer and flip-flop cells; no area of any library.

#include <map>
#include <string>

#include "aegen/core/program.hpp"

namespace aegen::core {

/// NAND2 gates of a bit.
inline constexpr double kAdderGates = 6;
inline constexpr double kMuxGates = 2;       ///< two to one
inline constexpr double kRegisterGates = 6;  ///< a flip-flop that keeps its value unless enabled

class GateEstimate {
 public:
  /// `program` is where callees are looked up; it must outlive this.
  explicit GateEstimate(const Program& program) : program_(program) {}

  /// Of the function as combinational logic, its calls' included, each as often as it is made.
  [[nodiscard]] double function(const Function& function);
  [[nodiscard]] double callee(const std::string& name);

 private:
  const Program& program_;
  std::map<std::string, double> known_;
};

}  // namespace aegen::core
