#include <algorithm>

#include "rules.hpp"

namespace aegen::lint::rules {

using namespace rtl_gen::verilog;

namespace {

/// Follows wires back, through instances, to registers or to the first thing that is not one.
class Tracer {
 public:
  explicit Tracer(const std::vector<ModuleFacts>& modules) : modules_(modules) {}

  /// What stands between bits high..low of `name` and registers; empty when nothing does.
  std::string obstacle(const ModuleFacts& facts, const std::string& name, int high, int low) {
    const auto found = facts.names.find(name);
    if (found == facts.names.end()) {
      return name + " is not declared";
    }
    const NameFacts& known = found->second;
    if (known.reg != nullptr) {
      return {};
    }
    if (known.kind == NameKind::Input) {
      return "input " + name;
    }
    if (known.kind == NameKind::Table || known.kind == NameKind::Memory) {
      return "a read of " + name;
    }
    for (const Driver& driver : facts.drivers) {
      if (!touches(*driver.target, name, high, low)) {
        continue;
      }
      std::string problem =
          driver.value ? throughValue(facts, *driver.value) : throughInstance(facts, driver);
      if (!problem.empty()) {
        return problem;
      }
    }
    return {};
  }

 private:
  // Whether an assignment's left side touches the bits asked for.
  static bool touches(const Expr& target, const std::string& name, int high, int low) {
    if (target.kind == ExprKind::Concat) {
      return std::any_of(
          target.operands.begin(), target.operands.end(),
          [&](const ExprPtr& operand) { return touches(*operand, name, high, low); });
    }
    return target.name == name &&
           (target.kind != ExprKind::Slice || (target.low <= high && low <= target.high));
  }

  std::string throughValue(const ModuleFacts& facts, const Expr& value) {
    switch (value.kind) {
      case ExprKind::Literal:
        return {};
      case ExprKind::Reference:
        return obstacle(facts, value.name, value.width - 1, 0);
      case ExprKind::Slice:
        return obstacle(facts, value.name, value.high, value.low);
      case ExprKind::Concat:
      case ExprKind::Repeat:
      case ExprKind::SignCast:
        for (const ExprPtr& operand : value.operands) {
          std::string problem = throughValue(facts, *operand);
          if (!problem.empty()) {
            return problem;
          }
        }
        return {};
      case ExprKind::Element:
      case ExprKind::Lookup:
        return "a read of " + value.name;
      case ExprKind::Unary:
      case ExprKind::Binary:
      case ExprKind::Conditional:
        return "logic in module " + facts.module->name;
    }
    return {};
  }

  std::string throughInstance(const ModuleFacts& facts, const Driver& driver) {
    const auto child =
        std::find_if(modules_.begin(), modules_.end(), [&](const ModuleFacts& candidate) {
          return candidate.module->name == driver.instance->module;
        });
    if (child == modules_.end()) {
      return "an instance of unknown module " + driver.instance->module;
    }
    const Port* port = child->module->findPort(driver.port);
    const std::string problem =
        port == nullptr ? "no such port" : obstacle(*child, port->name, port->width - 1, 0);
    return problem.empty() || facts.module == child->module
               ? problem
               : problem + " behind instance " + driver.instance->name;
  }

  const std::vector<ModuleFacts>& modules_;
};

}  // namespace

std::vector<Finding> registeredOutputs(Modules modules) {
  std::vector<Finding> findings;
  if (modules.empty()) {
    return findings;
  }
  const std::vector<ModuleFacts> all = factsOf(modules);
  Tracer tracer(all);
  const ModuleFacts& top = all.back();
  for (const Port& port : top.module->ports) {
    if (port.direction != Direction::Output) {
      continue;
    }
    const std::string obstacle = tracer.obstacle(top, port.name, port.width - 1, 0);
    if (!obstacle.empty()) {
      findings.push_back({top.module->name, port.name,
                          "output " + port.name + " does not come from a register: " + obstacle});
    }
  }
  return findings;
}

}  // namespace aegen::lint::rules
