#include "aegen/core/verifier.hpp"

#include <algorithm>
#include <set>

#include "aegen/core/text_tools.hpp"

namespace aegen::core {
namespace {

// What FixedFormat::parse() reads.
constexpr int kMaxFraction = 1000;

// Checks one function against those before it in the program.
class FunctionVerifier {
 public:
  FunctionVerifier(const Program& program, std::size_t index, std::vector<Diagnostic>& out)
      : program_(program), index_(index), function_(program.functions[index]), out_(out) {}

  void run() {
    if (!isIdentifier(function_.name)) report("name", "function name is not an identifier");
    if (function_.comment.find_first_of("\n\r") != std::string::npos) {
      report("comment", "comment has more than one line");
    }
    for (std::size_t i = 0; i < index_; ++i) {
      if (program_.functions[i].name == function_.name) report("name", "function defined twice");
    }
    ports();
    names();
    if (function_.inputElements() > function_.values.size()) {
      report("values", "fewer values than input elements");
      return;
    }
    defined_.assign(function_.values.size(), false);
    for (std::uint32_t i = 0; i < function_.inputElements(); ++i) defined_[i] = true;
    formats();
    for (const Instruction& instruction : function_.instructions) check(instruction);
    for (std::size_t i = 0; i < defined_.size(); ++i) {
      if (!defined_[i]) report("undefined", "value is never computed", i);
    }
    outputs();
  }

 private:
  void report(std::string_view rule, std::string message, std::optional<std::size_t> value = {}) {
    std::string where = "@" + function_.name;
    if (value) {
      const std::string& name =
          *value < function_.values.size() ? function_.values[*value].name : "";
      where += "/%" + (name.empty() ? std::to_string(*value) : name);
    }
    out_.push_back(internalError("ir." + std::string(rule), std::move(message), std::move(where)));
  }

  void ports() {
    std::set<std::string_view> seen;
    for (const auto* list : {&function_.inputs, &function_.outputs}) {
      for (const Port& port : *list) {
        if (!isIdentifier(port.name)) report("name", "port '" + port.name + "' is no identifier");
        if (!seen.insert(port.name).second) report("name", "port '" + port.name + "' twice");
        if (port.count == 0) report("port", "port '" + port.name + "' has no elements");
        if ((port.role == Role::Output) != (list == &function_.outputs)) {
          report("port", "port '" + port.name + "' has the wrong role");
        }
      }
    }
  }

  void names() {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < function_.values.size(); ++i) {
      const std::string& name = function_.values[i].name;
      if (name.empty()) continue;
      if (!isIdentifier(name)) report("name", "value name is not an identifier", i);
      if (!seen.insert(name).second) report("name", "value name used twice", i);
    }
  }

  void formats() {
    for (std::size_t i = 0; i < function_.values.size(); ++i) {
      const int fraction = function_.values[i].format.fraction;
      if (fraction < -kMaxFraction || fraction > kMaxFraction) {
        report("fraction",
               "fraction " + std::to_string(fraction) + " is outside -" +
                   std::to_string(kMaxFraction) + ".." + std::to_string(kMaxFraction),
               i);
      }
      const int width = function_.values[i].format.width;
      if (width < 1 || width > kMaxWidth) {
        report("width",
               "width " + std::to_string(width) + " is outside 1.." + std::to_string(kMaxWidth), i);
      }
    }
    std::size_t next = 0;
    for (const Port& port : function_.inputs) {
      for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
        if (function_.values[next].format != port.format) {
          report("port", "element's format differs from port '" + port.name + "'", next);
        }
      }
    }
  }

  void outputs() {
    if (function_.outputValues.size() != function_.outputElements()) {
      report("output", "number of output values differs from the output ports' elements");
      return;
    }
    std::size_t next = 0;
    for (const Port& port : function_.outputs) {
      for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
        const ValueId id = function_.outputValues[next];
        if (id >= function_.values.size()) {
          report("operand", "output '" + port.name + "' names no value");
        } else if (function_.values[id].format != port.format) {
          report("output", "format differs from output port '" + port.name + "'", id);
        }
      }
    }
  }

  [[nodiscard]] const FixedFormat& formatOf(ValueId id) const {
    return function_.values[id].format;
  }

  void check(const Instruction& instruction) {
    const std::size_t at = instruction.results.empty() ? 0 : instruction.results.front();
    for (const ValueId result : instruction.results) {
      if (result >= defined_.size()) return report("operand", "result is no value", result);
      if (defined_[result]) {
        report("ssa", "value is computed twice", result);
      } else if (result != 0 && !defined_[result - 1]) {
        // The text form numbers values in the order in which they are computed.
        report("order", "value is computed before the one numbered below it", result);
      }
      defined_[result] = true;
    }
    const OpInfo& row = info(instruction.op);
    const auto count = static_cast<int>(instruction.operands.size());
    if (row.operands >= 0 ? count != row.operands : count < 1 && instruction.op != Op::Call) {
      return report("operands",
                    std::string(row.mnemonic) + " has " + std::to_string(count) + " operands", at);
    }
    for (const ValueId operand : instruction.operands) {
      const bool own = std::ranges::find(instruction.results, operand) != instruction.results.end();
      if (operand >= defined_.size() || !defined_[operand] || own) {
        return report("operand", "operand used before it is computed", at);
      }
    }
    if (instruction.results.empty()) return report("results", "operation has no result", at);
    if (instruction.op == Op::Call) {
      call(instruction);
    } else if (instruction.results.size() != 1) {
      return report("results", "operation must have one result", at);
    } else {
      fractions(instruction, row, at);
      signedness(instruction, at);
    }
  }

  void fractions(const Instruction& instruction, const OpInfo& row, std::size_t at) {
    const int result = formatOf(instruction.results[0]).fraction;
    const auto operand = [&](std::size_t i) { return formatOf(instruction.operands[i]).fraction; };
    bool good = true;
    switch (row.fractions) {
      case FractionRule::Same:
        for (std::size_t i = 0; i < instruction.operands.size(); ++i) good &= operand(i) == result;
        break;
      case FractionRule::Sum:
        good = operand(0) + operand(1) == result;
        break;
      case FractionRule::Free:
        good = freeFractions(instruction, operand, result);
        break;
    }
    if (!good) report("fraction", std::string(row.mnemonic) + " relates unequal fractions", at);
  }

  template <typename F>
  bool freeFractions(const Instruction& instruction, F operand, int result) {
    switch (instruction.op) {
      case Op::ShiftLeftBy:
      case Op::ShiftRightBy:
        return operand(0) == result && operand(1) == 0;
      case Op::Equal:
      case Op::Less:
      case Op::LessEqual:
        return operand(0) == operand(1) && result == 0;
      case Op::Select:
        return operand(0) == 0 && operand(1) == result && operand(2) == result;
      case Op::Pick:
        for (std::size_t i = 1; i < instruction.operands.size(); ++i) {
          if (operand(i) != result) return false;
        }
        return operand(0) == 0;
      case Op::Lookup:
        return operand(0) == 0;
      case Op::LeadingOne:
      case Op::Slice:
        return result == 0;
      case Op::And:
      case Op::Or:
      case Op::Xor:
        return operand(0) == result && operand(1) == result;
      case Op::Not:
        return operand(0) == result;
      case Op::Concat:
        return result == 0;
      case Op::Const:
      case Op::Reinterpret:
      case Op::Requantize:
      case Op::Call:
      case Op::Add:
      case Op::Sub:
      case Op::Mul:
      case Op::ShiftLeft:
      case Op::ShiftRight:
      case Op::Min:
      case Op::Max:
        return true;
    }
    return false;
  }

  void need(bool good, const Instruction& instruction, std::string message) {
    if (!good) {
      report("format", std::string(info(instruction.op).mnemonic) + ": " + std::move(message),
             instruction.results[0]);
    }
  }

  void signedness(const Instruction& instruction, std::size_t at) {
    const FixedFormat& result = formatOf(instruction.results[0]);
    const auto operand = [&](std::size_t i) -> const FixedFormat& {
      return formatOf(instruction.operands[i]);
    };
    const auto allUnsigned = [&](std::size_t from) {
      for (std::size_t i = from; i < instruction.operands.size(); ++i) {
        if (operand(i).isSigned) return false;
      }
      return true;
    };
    switch (instruction.op) {
      case Op::Const:
        return need(result.range().contains(instruction.immediate), instruction,
                    "immediate outside the result's format");
      case Op::ShiftLeft:
      case Op::ShiftRight:
        return need(instruction.immediate >= 0 && instruction.immediate < 64, instruction,
                    "shift outside 0..63");
      case Op::ShiftLeftBy:
      case Op::ShiftRightBy:
        return need(!operand(1).isSigned && operand(1).width <= 6, instruction,
                    "shift amount must be unsigned, at most 6 bits");
      case Op::And:
      case Op::Or:
      case Op::Xor:
      case Op::Not:
        need(allUnsigned(0) && !result.isSigned, instruction, "operands must be unsigned");
        for (std::size_t i = 0; i < instruction.operands.size(); ++i) {
          need(operand(i).width == result.width, instruction, "widths differ");
        }
        return;
      case Op::Equal:
      case Op::Less:
      case Op::LessEqual:
        return need(result == FixedFormat{}, instruction, "result must be one unsigned bit");
      case Op::Select:
        return need(operand(0) == FixedFormat{}, instruction, "condition must be one bit");
      case Op::LeadingOne:
        return need(allUnsigned(0) && !result.isSigned, instruction, "operand must be unsigned");
      case Op::Lookup:
        need(!operand(0).isSigned, instruction, "index must be unsigned");
        need(!instruction.table.empty(), instruction, "table is empty");
        for (const std::int64_t entry : instruction.table) {
          need(result.range().contains(entry), instruction, "entry outside the result's format");
        }
        return;
      case Op::Pick:
        need(instruction.operands.size() >= 2, instruction, "nothing to pick from");
        return need(!operand(0).isSigned, instruction, "index must be unsigned");
      case Op::Slice:
        return need(!result.isSigned && instruction.immediate >= 0 &&
                        instruction.immediate + result.width <= operand(0).width,
                    instruction, "bits outside the operand");
      case Op::Concat: {
        int width = 0;
        for (std::size_t i = 0; i < instruction.operands.size(); ++i) width += operand(i).width;
        return need(allUnsigned(0) && !result.isSigned && width == result.width, instruction,
                    "parts must be unsigned and fill the result");
      }
      case Op::Add:
      case Op::Sub:
      case Op::Mul:
      case Op::Reinterpret:
      case Op::Requantize:
      case Op::Min:
      case Op::Max:
        return;
      case Op::Call:
        return report("format", "unreachable", at);
    }
  }

  void call(const Instruction& instruction) {
    const Function* callee = nullptr;
    for (std::size_t i = 0; i < index_; ++i) {
      if (program_.functions[i].name == instruction.callee) callee = &program_.functions[i];
    }
    const std::size_t at = instruction.results.empty() ? 0 : instruction.results[0];
    if (callee == nullptr) {
      return report("callee", "@" + instruction.callee + " is not defined before its use", at);
    }
    match(callee->inputs, instruction.operands, "argument", at);
    match(callee->outputs, instruction.results, "result", at);
  }

  void match(const std::vector<Port>& ports, const std::vector<ValueId>& ids, const char* what,
             std::size_t at) {
    std::size_t next = 0;
    for (const Port& port : ports) {
      for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
        if (next >= ids.size()) return report("callee", std::string("too few ") + what + "s", at);
        if (formatOf(ids[next]) != port.format) {
          report("callee", std::string(what) + "'s format differs from port '" + port.name + "'",
                 ids[next]);
        }
      }
    }
    if (next != ids.size()) report("callee", std::string("too many ") + what + "s", at);
  }

  const Program& program_;
  std::size_t index_;
  const Function& function_;
  std::vector<Diagnostic>& out_;
  std::vector<bool> defined_;
};

}  // namespace

std::vector<Diagnostic> verify(const Program& program) {
  std::vector<Diagnostic> out;
  for (std::size_t i = 0; i < program.functions.size(); ++i) {
    FunctionVerifier(program, i, out).run();
  }
  return out;
}

Result<void> checkValid(const Program& program) {
  std::vector<Diagnostic> violations = verify(program);
  if (violations.empty()) return {};
  Diagnostic first = std::move(violations.front());
  if (violations.size() > 1) {
    first.notes.push_back("and " + std::to_string(violations.size() - 1) + " more violations");
  }
  return first;
}

}  // namespace aegen::core
