#include "module_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <type_traits>

namespace aegen::lint {

using namespace rtl_gen::verilog;

namespace {

/// A run of bits of one name.
struct BitRange {
  std::string name;
  int high = 0;
  int low = 0;
};

class FactFinder {
 public:
  FactFinder(const Module& module, const std::vector<const Module*>& library,
             const std::set<std::string>& clearingInputs)
      : library_(library) {
    facts_.module = &module;
    facts_.clears = clearingInputs;
  }

  ModuleFacts run() {
    for (const Port& port : facts_.module->ports) {
      const bool isInput = port.direction == Direction::Input;
      NameFacts& facts =
          declare(port.name, isInput ? NameKind::Input : NameKind::Output, port.width);
      facts.reg = port.reg ? &*port.reg : nullptr;
      if (isInput) {
        facts.drivers.assign(facts.drivers.size(), 1);
      } else {
        facts.isRead.assign(facts.isRead.size(), true);
      }
    }
    for (const Item& item : facts_.module->items) {
      std::visit([this](const auto& concrete) { declareItem(concrete); }, item);
    }
    for (const Item& item : facts_.module->items) {
      std::visit([this](const auto& concrete) { walk(concrete); }, item);
    }
    return std::move(facts_);
  }

 private:
  NameFacts& declare(const std::string& name, NameKind kind, int width) {
    facts_.order.push_back(name);
    NameFacts& facts = facts_.names[name];
    facts.kind = kind;
    facts.width = width;
    const auto bits = static_cast<std::size_t>(std::max(0, width));
    facts.drivers.assign(bits, 0);
    facts.isRead.assign(bits, false);
    facts.isReset.assign(bits, false);
    return facts;
  }

  template <typename T>
  void declareItem(const T& item) {
    if constexpr (std::is_same_v<T, Net>) {
      declare(item.name, NameKind::Net, item.width);
    } else if constexpr (std::is_same_v<T, Register>) {
      declare(item.name, NameKind::Register, item.width).reg = &item.info;
    } else if constexpr (std::is_same_v<T, Table>) {
      NameFacts& facts = declare(item.name, NameKind::Table, item.width);
      facts.drivers.assign(facts.drivers.size(), 1);
    } else if constexpr (std::is_same_v<T, Memory>) {
      declare(item.name, NameKind::Memory, item.width).datapath = item.datapath;
    }
  }

  void walk(const Net& net) {
    if (net.value) {
      if (isResetLow(*net.value)) {
        facts_.clears.insert(net.name);
      }
      assign(whole(net.name, net.width), net.value);
    }
  }
  void walk(const Register&) {}
  void walk(const Table&) {}
  void walk(const Memory&) {}
  void walk(const Comment&) {}
  void walk(const Assign& item) { assign(item.target, item.value); }
  void walk(const AlwaysFf& process) {
    read(process.clock);
    drive(processTargets(process.body));
    for (const Statement& statement : process.body) {
      if (statement.kind == StatementKind::If && isResetLow(*statement.value)) {
        markReset(processTargets(statement.thenBody));
      }
      walkStatement(statement);
    }
  }
  void walk(const Instance& instance) {
    const auto known = std::find_if(library_.begin(), library_.end(), [&](const Module* candidate) {
      return candidate->name == instance.module;
    });
    std::set<std::string> clearing;
    for (const Connection& connection : instance.connections) {
      if (!connection.value) {
        continue;
      }
      const Port* port = known == library_.end() ? nullptr : (*known)->findPort(connection.port);
      if (port != nullptr) {
        facts_.widths.push_back(
            {instance.name + "." + connection.port, port->width, connection.value->width});
      }
      if (connection.isOutput) {
        drive(targets(*connection.value));
        facts_.drivers.push_back({connection.value, nullptr, &instance, connection.port});
      } else {
        read(*connection.value);
        if (isResetLow(*connection.value)) {
          clearing.insert(connection.port);
        }
      }
    }
    // Only what all instances of the module agree on counts.
    const auto [ports, isFirst] = facts_.clearingPorts.emplace(instance.module, clearing);
    if (!isFirst) {
      std::erase_if(ports->second,
                    [&](const std::string& port) { return !clearing.contains(port); });
    }
  }

  static ExprPtr whole(const std::string& name, int width) {
    Expr expr;
    expr.kind = ExprKind::Reference;
    expr.name = name;
    expr.width = width;
    return std::make_shared<const Expr>(std::move(expr));
  }

  void assign(const ExprPtr& target, const ExprPtr& value) {
    drive(targets(*target));
    read(*value);
    noteWidths(*target, *value);
    facts_.drivers.push_back({target, value, nullptr, {}});
  }

  void noteWidths(const Expr& target, const Expr& value) {
    const std::vector<BitRange> bits = targets(target);
    facts_.widths.push_back({bits.empty() ? "?" : bits.front().name, target.width, value.width});
  }

  // Names and bits an assignment's left side stands for.
  std::vector<BitRange> targets(const Expr& target) const {
    std::vector<BitRange> bits;
    switch (target.kind) {
      case ExprKind::Reference:
      case ExprKind::Element: {
        const auto known = facts_.names.find(target.name);
        const int width = known == facts_.names.end() ? target.width : known->second.width;
        bits.push_back({target.name, width - 1, 0});
        break;
      }
      case ExprKind::Slice:
        bits.push_back({target.name, target.high, target.low});
        break;
      case ExprKind::Concat:
        for (const ExprPtr& operand : target.operands) {
          const std::vector<BitRange> part = targets(*operand);
          bits.insert(bits.end(), part.begin(), part.end());
        }
        break;
      case ExprKind::Literal:
      case ExprKind::Lookup:
      case ExprKind::Repeat:
      case ExprKind::SignCast:
      case ExprKind::Unary:
      case ExprKind::Binary:
      case ExprKind::Conditional:
        break;
    }
    return bits;
  }

  std::vector<BitRange> processTargets(const std::vector<Statement>& body) const {
    std::vector<BitRange> bits;
    const auto add = [&bits](const std::vector<BitRange>& part) {
      bits.insert(bits.end(), part.begin(), part.end());
    };
    for (const Statement& statement : body) {
      if (statement.target) {
        add(targets(*statement.target));
      }
      add(processTargets(statement.thenBody));
      add(processTargets(statement.elseBody));
      for (const CaseArm& arm : statement.arms) {
        add(processTargets(arm.body));
      }
    }
    return bits;
  }

  void walkStatement(const Statement& statement) {
    if (statement.target) {
      // An index is read although it stands on the left.
      for (const ExprPtr& operand : statement.target->operands) {
        if (statement.target->kind == ExprKind::Element) {
          read(*operand);
        }
      }
      noteWidths(*statement.target, *statement.value);
    }
    if (statement.value) {
      read(*statement.value);
    }
    for (const CaseArm& arm : statement.arms) {
      for (const ExprPtr& label : arm.labels) {
        read(*label);
      }
      walkAll(arm.body);
    }
    walkAll(statement.thenBody);
    walkAll(statement.elseBody);
  }
  void walkAll(const std::vector<Statement>& body) {
    for (const Statement& statement : body) {
      walkStatement(statement);
    }
  }

  // Whether the expression is 1 whenever `rst_n` is low: its complement, alone or in a disjunction,
  // also under the name of a net or of an input that every instance ties to such an expression.
  [[nodiscard]] bool isResetLow(const Expr& expr) const {
    if (expr.kind == ExprKind::Reference) {
      return facts_.clears.contains(expr.name);
    }
    if (expr.kind == ExprKind::Unary && expr.op == Operator::Not) {
      return expr.operands[0]->kind == ExprKind::Reference && expr.operands[0]->name == "rst_n";
    }
    return expr.kind == ExprKind::Binary && expr.op == Operator::Or &&
           (isResetLow(*expr.operands[0]) || isResetLow(*expr.operands[1]));
  }

  template <typename Visit>
  void forBits(const BitRange& range, Visit visit) {
    const auto known = facts_.names.find(range.name);
    if (known == facts_.names.end()) {
      return;
    }
    const int last = std::min(range.high, known->second.width - 1);
    for (int bit = std::max(0, range.low); bit <= last; ++bit) {
      visit(known->second, static_cast<std::size_t>(bit));
    }
  }

  // One driver, however often it names a bit.
  void drive(const std::vector<BitRange>& ranges) {
    std::map<std::string_view, std::vector<bool>> seen;
    for (const BitRange& range : ranges) {
      forBits(range, [&](NameFacts& facts, std::size_t bit) {
        std::vector<bool>& bits = seen[range.name];
        bits.resize(facts.drivers.size(), false);
        facts.drivers[bit] += bits[bit] ? 0 : 1;
        bits[bit] = true;
      });
    }
  }

  void markReset(const std::vector<BitRange>& ranges) {
    for (const BitRange& range : ranges) {
      forBits(range, [](NameFacts& facts, std::size_t bit) { facts.isReset[bit] = true; });
    }
  }

  void read(const std::string& name) {
    const auto known = facts_.names.find(name);
    if (known != facts_.names.end()) {
      known->second.isRead.assign(known->second.isRead.size(), true);
    }
  }

  void read(const Expr& expr) {
    if (expr.kind == ExprKind::Reference || expr.kind == ExprKind::Element ||
        expr.kind == ExprKind::Lookup) {
      read(expr.name);
    } else if (expr.kind == ExprKind::Slice) {
      forBits({expr.name, expr.high, expr.low},
              [](NameFacts& facts, std::size_t bit) { facts.isRead[bit] = true; });
    }
    for (const ExprPtr& operand : expr.operands) {
      read(*operand);
    }
  }

  const std::vector<const Module*>& library_;
  ModuleFacts facts_;
};

}  // namespace

std::vector<ModuleFacts> factsOf(std::span<const Module> modules) {
  std::vector<const Module*> library;
  for (const Module& module : modules) {
    library.push_back(&module);
  }
  // From the top down, so that a module's inputs are known before it is walked.
  std::map<std::string, std::set<std::string>> clearing;
  std::vector<ModuleFacts> facts(modules.size());
  for (std::size_t i = modules.size(); i-- > 0;) {
    facts[i] = FactFinder(modules[i], library, clearing[modules[i].name]).run();
    for (const auto& [child, ports] : facts[i].clearingPorts) {
      const auto [known, isFirst] = clearing.emplace(child, ports);
      if (!isFirst) {
        std::erase_if(known->second,
                      [&](const std::string& port) { return !ports.contains(port); });
      }
    }
  }
  return facts;
}

std::string describeBits(std::string_view name, const std::vector<bool>& flags) {
  if (std::all_of(flags.begin(), flags.end(), [](bool flag) { return flag; })) {
    return std::string(name);
  }
  std::string text;
  for (std::size_t high = flags.size(); high-- > 0;) {
    if (!flags[high]) {
      continue;
    }
    std::size_t low = high;
    while (low > 0 && flags[low - 1]) {
      --low;
    }
    text += text.empty() ? "" : ", ";
    text +=
        high == low ? fmt::format("{}[{}]", name, low) : fmt::format("{}[{}:{}]", name, high, low);
    high = low;
  }
  return text;
}

}  // namespace aegen::lint
