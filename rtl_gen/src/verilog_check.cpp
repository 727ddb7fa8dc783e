#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "aegen/rtl_gen/verilog_ast.hpp"
#include "aegen/rtl_gen/verilog_printer.hpp"

namespace aegen::rtl_gen::verilog {

namespace {

struct Declared {
  int width = 1;
  bool isSigned = false;
  bool isMemory = false;
  bool isInput = false;
  int indexWidth = 0;  ///< of a table
};

class Checker {
 public:
  Checker(const Module& module, const std::vector<Module>& library)
      : module_(module), library_(library) {}

  std::vector<std::string> run() {
    for (const Port& port : module_.ports) {
      declare(port.name, {.width = port.width,
                          .isSigned = port.isSigned,
                          .isInput = port.direction == Direction::Input});
      if (port.reg && port.reg->reset) {
        expression(*port.reg->reset);
      }
    }
    for (const Item& item : module_.items) {
      std::visit([this](const auto& concrete) { check(concrete); }, item);
    }
    return std::move(problems_);
  }

 private:
  void problem(const std::string& what) { problems_.push_back(module_.name + ": " + what); }

  void declare(const std::string& name, const Declared& declared) {
    if (!names_.emplace(name, declared).second) {
      problem(name + " is declared twice");
    }
    if (isReserved(name)) {
      problem(name + " is a reserved word");
    }
    if (declared.width < 1) {
      problem(name + " has no bits");
    }
  }

  const Declared* find(const std::string& name) {
    const auto found = names_.find(name);
    if (found == names_.end()) {
      problem(name + " is used before it is declared");
      return nullptr;
    }
    return &found->second;
  }

  void check(const Net& net) {
    if (net.value) {
      expression(*net.value);
      widths(net.name, net.width, net.value->width);
    }
    declare(net.name, {.width = net.width, .isSigned = net.isSigned});
  }

  void check(const Register& reg) {
    if (reg.info.reset) {
      expression(*reg.info.reset);
      widths(reg.name, reg.width, reg.info.reset->width);
    } else if (reg.info.datapath.empty()) {
      problem(reg.name + " has neither a reset nor a reason for having none");
    }
    declare(reg.name, {.width = reg.width, .isSigned = reg.isSigned});
  }

  void check(const Table& table) {
    for (const ExprPtr& entry : table.entries) {
      widths(table.name, table.width, entry->width);
    }
    if (table.indexWidth < 63 && table.entries.size() > std::uint64_t{1} << table.indexWidth) {
      problem(table.name + " has entries its index cannot reach");
    }
    declare(table.name,
            {.width = table.width, .isSigned = table.isSigned, .indexWidth = table.indexWidth});
  }

  void check(const Memory& memory) {
    if (memory.datapath.empty()) {
      problem(memory.name + " has no reason for having no reset");
    }
    declare(memory.name, {.width = memory.width, .isMemory = true});
  }

  void check(const Assign& assign) { assignment(*assign.target, *assign.value); }
  void check(const AlwaysFf& process) {
    find(process.clock);
    statements(process.body);
  }
  void check(const Comment&) {}

  void check(const Instance& instance) {
    const auto module = std::ranges::find(library_, instance.module, &Module::name);
    declare(instance.name, {});
    if (module == library_.end()) {
      problem(instance.name + " is an instance of unknown module " + instance.module);
      return;
    }
    for (const Connection& connection : instance.connections) {
      expression(*connection.value);
      const Port* const port = module->findPort(connection.port);
      if (port == nullptr) {
        problem(instance.name + " has no port " + connection.port);
      } else {
        widths(instance.name + "." + port->name, port->width, connection.value->width);
      }
    }
    for (const Port& port : module->ports) {
      if (std::ranges::count(instance.connections, port.name, &Connection::port) != 1) {
        problem(instance.name + "." + port.name + " is not connected once");
      }
    }
  }

  void statements(const std::vector<Statement>& body) {
    for (const Statement& statement : body) {
      if (statement.target) {
        assignment(*statement.target, *statement.value);
      } else {
        expression(*statement.value);
      }
      statements(statement.thenBody);
      statements(statement.elseBody);
      for (const CaseArm& arm : statement.arms) {
        for (const ExprPtr& label : arm.labels) {
          widths("case label " + print(*label), statement.value->width, label->width);
        }
        statements(arm.body);
      }
    }
  }

  void assignment(const Expr& target, const Expr& value) {
    expression(target);
    expression(value);
    widths(print(target), target.width, value.width);
    const auto found = names_.find(target.name);
    if (found != names_.end() && found->second.isInput) {
      problem("input " + target.name + " is assigned");
    }
  }

  void widths(const std::string& what, int expected, int actual) {
    if (expected != actual) {
      problem(fmt::format("{} is {} bits wide, what it gets {}", what, expected, actual));
    }
  }

  void expression(const Expr& expr) {
    for (const ExprPtr& operand : expr.operands) {
      expression(*operand);
    }
    switch (expr.kind) {
      case ExprKind::Reference:
        if (const Declared* const declared = find(expr.name)) {
          widths(expr.name, declared->width, expr.width);
          if (declared->isSigned != expr.isSigned || declared->isMemory) {
            problem(expr.name + " is not what its reference says");
          }
        }
        break;
      case ExprKind::Slice:
        if (const Declared* const declared = find(expr.name)) {
          if (expr.low < 0 || expr.high < expr.low || expr.high >= declared->width ||
              declared->width == 1 || declared->isMemory) {
            problem(print(expr) + " is outside the net");
          }
          widths(print(expr), expr.high - expr.low + 1, expr.width);
        }
        break;
      case ExprKind::Element:
        if (const Declared* const declared = find(expr.name)) {
          widths(print(expr), declared->width, expr.width);
        }
        break;
      case ExprKind::Lookup:
        if (const Declared* const declared = find(expr.name)) {
          widths(print(expr), declared->width, expr.width);
          widths("index of " + print(expr), declared->indexWidth, expr.operands[0]->width);
        }
        break;
      case ExprKind::Binary:
        binary(expr);
        break;
      case ExprKind::Conditional:
        widths("condition of " + print(expr), 1, expr.operands[0]->width);
        widths(print(expr), expr.operands[1]->width, expr.operands[2]->width);
        break;
      case ExprKind::Literal:
      case ExprKind::Concat:
      case ExprKind::Repeat:
      case ExprKind::SignCast:
      case ExprKind::Unary:
        break;
    }
  }

  void binary(const Expr& expr) {
    const Expr& a = *expr.operands[0];
    const Expr& b = *expr.operands[1];
    switch (expr.op) {
      case Operator::ShiftLeft:
      case Operator::ShiftRight:
        break;
      case Operator::ShiftRightSigned:
        if (!a.isSigned) {
          problem(print(expr) + " shifts an unsigned value arithmetically");
        }
        break;
      case Operator::Less:
      case Operator::LessEqual:
      case Operator::Mul:
        if (a.isSigned != b.isSigned) {
          problem(print(expr) + " mixes signed and unsigned");
        }
        widths(print(expr), a.width, b.width);
        break;
      case Operator::None:
      case Operator::Not:
      case Operator::ReduceAnd:
      case Operator::ReduceOr:
      case Operator::ReduceXor:
        problem(print(expr) + " is no binary operation");
        break;
      case Operator::Add:
      case Operator::Sub:
      case Operator::And:
      case Operator::Or:
      case Operator::Xor:
      case Operator::Equal:
      case Operator::NotEqual:
        widths(print(expr), a.width, b.width);
        break;
    }
  }

  const Module& module_;
  const std::vector<Module>& library_;
  std::map<std::string, Declared> names_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> checkModule(const Module& module, const std::vector<Module>& library) {
  return Checker(module, library).run();
}

}  // namespace aegen::rtl_gen::verilog
