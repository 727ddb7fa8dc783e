#include "aegen/core/gate_estimate.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "adder_graph_digits.hpp"

namespace aegen::core {
namespace {

constexpr double kLogicGates = 1.5;  // an and, or, or half an exclusive or

// Adders that multiply by a constant: one less than the digits of its signed-digit form.
int addersOf(std::int64_t constant) {
  return std::max(0, fewestDigits(constant) - 1);
}

class BodyEstimate {
 public:
  BodyEstimate(const Function& function, GateEstimate& callees)
      : function_(function), callees_(callees), constant_(function.values.size()) {}

  double run() {
    double gates = 0;
    for (const Instruction& instruction : function_.instructions) {
      if (instruction.op == Op::Const) {
        constant_[instruction.results[0]] = instruction.immediate;
        continue;
      }
      const bool fixed = instruction.op != Op::Call &&
                         std::ranges::all_of(instruction.operands, [&](ValueId operand) {
                           return constant_[operand].has_value();
                         });
      if (fixed) {
        constant_[instruction.results[0]] = 0;  // whatever it is, it takes no gate
        continue;
      }
      gates += instruction.op == Op::Call ? callees_.callee(instruction.callee) : of(instruction);
    }
    return gates;
  }

 private:
  [[nodiscard]] double width(ValueId value) const { return function_.values[value].format.width; }
  [[nodiscard]] double operandWidth(const Instruction& instruction) const {
    double most = 0;
    for (const ValueId operand : instruction.operands) most = std::max(most, width(operand));
    return most;
  }

  [[nodiscard]] double product(const Instruction& instruction) const {
    const ValueId a = instruction.operands[0];
    const ValueId b = instruction.operands[1];
    if (constant_[a]) return addersOf(*constant_[a]) * width(b) * kAdderGates;
    if (constant_[b]) return addersOf(*constant_[b]) * width(a) * kAdderGates;
    return width(a) * width(b) * (kAdderGates + kLogicGates);
  }

  [[nodiscard]] double of(const Instruction& instruction) const {
    const double result = width(instruction.results[0]);
    const double operand = operandWidth(instruction);
    switch (instruction.op) {
      case Op::Const:
      case Op::Call:
      case Op::ShiftLeft:
      case Op::ShiftRight:
      case Op::Reinterpret:
      case Op::Slice:
      case Op::Concat:
        return 0;
      case Op::Add:
      case Op::Sub:
        return result * kAdderGates;
      case Op::Mul:
        return product(instruction);
      case Op::ShiftLeftBy:
      case Op::ShiftRightBy:
        return constant_[instruction.operands[1]]
                   ? 0
                   : operand * width(instruction.operands[1]) * kMuxGates;
      case Op::And:
      case Op::Or:
      case Op::Xor:
        return result * kLogicGates;
      case Op::Not:
        return result / 2;
      case Op::Equal:
        return operand * 2 * kLogicGates;
      case Op::Less:
      case Op::LessEqual:
        return operand * kAdderGates / 2;
      case Op::Select:
        return result * kMuxGates;
      case Op::Min:
      case Op::Max:
        return operand * (kAdderGates / 2 + kMuxGates);
      case Op::LeadingOne:
        return operand * 2 * kLogicGates;
      case Op::Requantize: {
        const double saturation = instruction.overflow == Overflow::Wrap ? 0 : result + operand;
        const double rounding = instruction.rounding == Rounding::Floor ? 0 : result * 3;
        return saturation * kLogicGates + rounding;
      }
      case Op::Lookup:
        return static_cast<double>(instruction.table.size()) * result / 4;
      case Op::Pick:
        return static_cast<double>(instruction.operands.size() - 1) * result * kMuxGates;
    }
    return 0;
  }

  const Function& function_;
  GateEstimate& callees_;
  std::vector<std::optional<std::int64_t>> constant_;
};

}  // namespace

double GateEstimate::function(const Function& function) {
  return BodyEstimate(function, *this).run();
}

double GateEstimate::callee(const std::string& name) {
  if (const auto known = known_.find(name); known != known_.end()) return known->second;
  const double gates = function(*program_.find(name));
  known_[name] = gates;
  return gates;
}

}  // namespace aegen::core
