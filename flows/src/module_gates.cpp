#include "module_gates.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <variant>

namespace aegen::flows {

namespace {

using core::GateBuilder;
using core::GateUse;
using core::GateWire;
using core::GateWires;
using core::kOne;
using core::kZero;
using namespace rtl_gen::verilog;

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

/// Translates one module. Nets are translated when they are first read.
class ModuleGates {
 public:
  ModuleGates(const Module& module, const std::vector<Module>& library,
              const std::unordered_map<std::string, std::uint32_t>& place)
      : module_(module), library_(library), place_(place), builder_(module.name) {}

  core::GateModule run() {
    ports();
    for (const Item& item : module_.items) {
      declare(item);
    }
    for (const Instance* const instance : instances_) {
      connectInputs(*instance);
    }
    for (const Item& item : module_.items) {
      if (const auto* const always = std::get_if<AlwaysFf>(&item)) {
        clocked(*always);
      }
    }
    for (const Port& port : module_.ports) {
      if (port.direction == Direction::Output) {
        builder_.output(bitsOf(port.name, port.width));
      }
    }
    return std::move(builder_).finish();
  }

 private:
  void ports() {
    for (const Port& port : module_.ports) {
      if (port.direction == Direction::Input) {
        bits_[port.name] = builder_.input(port.width);
      } else if (port.reg) {
        bits_[port.name] = builder_.registers(port.width);
      }
    }
  }

  void declare(const Item& item) {
    std::visit(Overloaded{
                   [&](const Net& net) {
                     if (net.value) {
                       drive(net.name, 0, net.width, net.value);
                     }
                   },
                   [&](const Register& reg) { bits_[reg.name] = builder_.registers(reg.width); },
                   [&](const Table& table) { tables_[table.name] = &table; },
                   [&](const Memory& memory) {
                     std::vector<GateWires>& rows = memories_[memory.name];
                     for (int i = 0; i < memory.depth; ++i) {
                       rows.push_back(builder_.registers(memory.width));
                     }
                   },
                   [&](const Assign& assign) { assigned(assign.target, assign.value); },
                   [&](const AlwaysFf&) {},
                   [&](const Instance& instance) { place(instance); },
                   [&](const Comment&) {},
               },
               item);
  }

  /// What drives bits low..low+width-1 of a net: an expression, or bits of an instance's output.
  struct Driver {
    int low = 0;
    int width = 1;
    ExprPtr value;
    GateWires wires;
  };

  void drive(const std::string& name, int low, int width, const ExprPtr& value) {
    drivers_[name].push_back({low, width, value, {}});
  }

  void assigned(const ExprPtr& target, const ExprPtr& value) {
    assert(target->kind == ExprKind::Reference || target->kind == ExprKind::Slice);
    const bool whole = target->kind == ExprKind::Reference;
    drive(target->name, whole ? 0 : target->low, target->width, value);
  }

  void place(const Instance& instance) {
    const auto callee = std::ranges::find(library_, instance.module, &Module::name);
    assert(callee != library_.end());
    int outputs = 0;
    for (const Port& port : callee->ports) {
      outputs += port.direction == Direction::Output ? port.width : 0;
    }
    const std::size_t call = builder_.call(place_.at(instance.module), outputs);
    instances_.push_back(&instance);
    callOf_[&instance] = {call, &*callee};
    const GateWires all = builder_.outputsOf(call, outputs);
    auto at = all.begin();
    for (const Port& port : callee->ports) {
      if (port.direction != Direction::Output) {
        continue;
      }
      const auto found = std::ranges::find(instance.connections, port.name, &Connection::port);
      if (found != instance.connections.end() && found->value) {
        driveParts(found->value, {at, at + port.width});
      }
      at += port.width;
    }
  }

  void driveParts(const ExprPtr& target, GateWires wires) {
    if (target->kind == ExprKind::Concat) {
      auto end = wires.end();
      for (const ExprPtr& part : target->operands) {
        driveParts(part, {end - part->width, end});
        end -= part->width;
      }
      return;
    }
    const bool whole = target->kind == ExprKind::Reference;
    drivers_[target->name].push_back(
        {whole ? 0 : target->low, target->width, nullptr, std::move(wires)});
  }

  void connectInputs(const Instance& instance) {
    const auto& [call, callee] = callOf_.at(&instance);
    GateWires inputs;
    for (const Port& port : callee->ports) {
      if (port.direction != Direction::Input) {
        continue;
      }
      const auto found = std::ranges::find(instance.connections, port.name, &Connection::port);
      const GateWires wires = found == instance.connections.end() || !found->value
                                  ? GateWires(static_cast<std::size_t>(port.width), kZero)
                                  : value(found->value);
      inputs.insert(inputs.end(), wires.begin(), wires.end());
    }
    builder_.setInputs(call, std::move(inputs));
  }

  const GateWires& bitsOf(const std::string& name, int width) {
    const auto found = bits_.find(name);
    if (found != bits_.end()) {
      return found->second;
    }
    GateWires bits(static_cast<std::size_t>(width), kZero);
    const auto drivers = drivers_.find(name);
    if (drivers != drivers_.end()) {
      for (const Driver& driver : drivers->second) {
        const GateWires part = driver.value ? value(driver.value) : driver.wires;
        if (bits.size() < static_cast<std::size_t>(driver.low + driver.width)) {
          bits.resize(static_cast<std::size_t>(driver.low + driver.width), kZero);
        }
        std::copy_n(part.begin(), driver.width, bits.begin() + driver.low);
      }
    }
    return bits_[name] = std::move(bits);
  }

  static GateWires inverse(GateWires bits) {
    for (GateWire& bit : bits) {
      bit ^= 1U;
    }
    return bits;
  }

  GateWires value(const ExprPtr& expr) {
    switch (expr->kind) {
      case ExprKind::Literal:
        return core::constantWires(static_cast<std::int64_t>(expr->bits), expr->width);
      case ExprKind::Reference:
        return bitsOf(expr->name, expr->width);
      case ExprKind::Slice: {
        const GateWires& bits = bitsOf(expr->name, expr->high + 1);
        return {bits.begin() + expr->low, bits.begin() + expr->high + 1};
      }
      case ExprKind::Element:
        return builder_.choose(value(expr->operands[0]), memories_.at(expr->name), expr->width);
      case ExprKind::Lookup:
        return lookup(*tables_.at(expr->name), value(expr->operands[0]));
      case ExprKind::Concat: {
        GateWires bits;
        for (auto part = expr->operands.rbegin(); part != expr->operands.rend(); ++part) {
          const GateWires wires = value(*part);
          bits.insert(bits.end(), wires.begin(), wires.end());
        }
        return bits;
      }
      case ExprKind::Repeat: {
        const GateWires part = value(expr->operands[0]);
        GateWires bits;
        for (int i = 0; i < expr->count; ++i) {
          bits.insert(bits.end(), part.begin(), part.end());
        }
        return bits;
      }
      case ExprKind::SignCast:
        return value(expr->operands[0]);
      case ExprKind::Unary:
        return unaryValue(expr->op, value(expr->operands[0]));
      case ExprKind::Binary:
        return binaryValue(*expr);
      case ExprKind::Conditional:
        return builder_.mux(value(expr->operands[0])[0], value(expr->operands[1]),
                            value(expr->operands[2]));
    }
    return {};
  }

  GateWires lookup(const Table& table, const GateWires& index) {
    std::vector<GateWires> entries;
    for (const ExprPtr& entry : table.entries) {
      entries.push_back(core::constantWires(static_cast<std::int64_t>(entry->bits), table.width));
    }
    builder_.use(GateUse::Table);
    GateWires bits = builder_.choose(index, entries, table.width);
    builder_.use(GateUse::Logic);
    return bits;
  }

  GateWires unaryValue(Operator op, GateWires a) {
    if (op == Operator::ReduceAnd) {
      return {builder_.allOf(a)};
    }
    if (op == Operator::ReduceOr) {
      return {builder_.anyOf(a)};
    }
    if (op == Operator::ReduceXor) {
      return {builder_.parity(a)};
    }
    return inverse(std::move(a));
  }

  GateWires binaryValue(const Expr& expr) {
    const GateWires a = value(expr.operands[0]);
    const GateWires b = value(expr.operands[1]);
    const bool isSigned = expr.operands[0]->isSigned && expr.operands[1]->isSigned;
    switch (expr.op) {
      case Operator::Add:
      case Operator::Sub: {
        builder_.use(GateUse::Adder);
        GateWires sum = builder_.add(a, b, expr.op == Operator::Sub);
        builder_.use(GateUse::Logic);
        return sum;
      }
      case Operator::Mul:
        return builder_.multiply(a, isSigned, b, isSigned, expr.width);
      case Operator::ShiftLeft:
        return builder_.shiftLeft(a, b);
      case Operator::ShiftRight:
        return builder_.shiftRight(a, b, false);
      case Operator::ShiftRightSigned:
        return builder_.shiftRight(a, b, true);
      case Operator::And:
        return builder_.bitwise(core::GateKind::And, a, b);
      case Operator::Or:
        return inverse(builder_.bitwise(core::GateKind::And, inverse(a), inverse(b)));
      case Operator::Xor:
        return builder_.bitwise(core::GateKind::Xor, a, b);
      case Operator::Equal:
        return {builder_.equal(a, b)};
      case Operator::NotEqual:
        return {builder_.equal(a, b) ^ 1U};
      case Operator::Less:
        return {builder_.less(a, b, isSigned)};
      case Operator::LessEqual:
        return {builder_.less(b, a, isSigned) ^ 1U};
      case Operator::None:
      case Operator::Not:
      case Operator::ReduceAnd:
      case Operator::ReduceOr:
      case Operator::ReduceXor:
        break;
    }
    assert(false && "not a binary operator");
    return a;
  }

  /// Next values of what an always block assigns.
  struct Next {
    std::map<std::string, GateWires> registers;
    std::map<std::string, std::vector<GateWires>> memories;
  };

  void clocked(const AlwaysFf& always) {
    Next next;
    execute(always.body, next);
    for (const auto& [name, bits] : next.registers) {
      store(bits_.at(name), bits);
    }
    for (const auto& [name, rows] : next.memories) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        store(memories_.at(name)[i], rows[i]);
      }
    }
  }
  void store(const GateWires& registers, const GateWires& next) {
    for (std::size_t i = 0; i < next.size(); ++i) {
      builder_.setNext(registers[i], next[i]);
    }
  }

  GateWires& nextOf(Next& next, const std::string& name) {
    return next.registers.try_emplace(name, bits_.at(name)).first->second;
  }

  void execute(const std::vector<Statement>& body, Next& next) {
    for (const Statement& statement : body) {
      switch (statement.kind) {
        case StatementKind::NonBlocking:
          assign(statement, next);
          break;
        case StatementKind::If:
          branch(value(statement.value)[0], statement.thenBody, statement.elseBody, next);
          break;
        case StatementKind::Case:
          arms(statement, value(statement.value), next);
          break;
      }
    }
  }

  void assign(const Statement& statement, Next& next) {
    const Expr& target = *statement.target;
    const GateWires bits = value(statement.value);
    if (target.kind == ExprKind::Element) {
      const GateWires index = value(target.operands[0]);
      std::vector<GateWires>& rows =
          next.memories.try_emplace(target.name, memories_.at(target.name)).first->second;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const GateWires row =
            core::constantWires(static_cast<std::int64_t>(i), static_cast<int>(index.size()));
        rows[i] = builder_.mux(builder_.equal(index, row), bits, rows[i]);
      }
      return;
    }
    const int low = target.kind == ExprKind::Slice ? target.low : 0;
    std::copy(bits.begin(), bits.end(), nextOf(next, target.name).begin() + low);
  }

  void branch(GateWire condition, const std::vector<Statement>& yes,
              const std::vector<Statement>& no, Next& next) {
    Next ifOne = next;
    Next ifZero = next;
    execute(yes, ifOne);
    execute(no, ifZero);
    join(condition, ifOne, ifZero, next);
  }

  // Labels exclude each other: where an arm leaves a bit alone, no other arm's value needs
  // guarding.
  void arms(const Statement& statement, const GateWires& subject, Next& next) {
    const Next before = next;
    GateWire none = kOne;
    const std::vector<Statement>* otherwise = nullptr;
    for (const CaseArm& arm : statement.arms) {
      if (arm.labels.empty()) {
        otherwise = &arm.body;
        continue;
      }
      GateWire hit = kZero;
      for (const ExprPtr& label : arm.labels) {
        hit = builder_.orOf(hit, builder_.equal(subject, value(label)));
      }
      none = builder_.andOf(none, hit ^ 1U);
      apply(hit, arm.body, before, next);
    }
    if (otherwise != nullptr) {
      apply(none, *otherwise, before, next);
    }
  }

  void apply(GateWire hit, const std::vector<Statement>& body, const Next& before, Next& next) {
    Next after = before;
    execute(body, after);
    for (const auto& [name, bits] : after.registers) {
      const auto found = before.registers.find(name);
      replace(hit, bits, found == before.registers.end() ? bits_.at(name) : found->second,
              nextOf(next, name));
    }
    for (const auto& [name, rows] : after.memories) {
      const auto found = before.memories.find(name);
      const auto& old = found == before.memories.end() ? memories_.at(name) : found->second;
      auto& into = next.memories.try_emplace(name, memories_.at(name)).first->second;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        replace(hit, rows[i], old[i], into[i]);
      }
    }
  }
  void replace(GateWire hit, const GateWires& bits, const GateWires& old, GateWires& into) {
    for (std::size_t i = 0; i < bits.size(); ++i) {
      if (bits[i] != old[i]) {
        into[i] = builder_.muxOf(hit, bits[i], into[i]);
      }
    }
  }

  void join(GateWire condition, const Next& ifOne, const Next& ifZero, Next& next) {
    const auto bitsIn = [&](const Next& branch, const std::string& name) -> const GateWires& {
      const auto found = branch.registers.find(name);
      return found == branch.registers.end() ? bits_.at(name) : found->second;
    };
    const auto rowsIn = [&](const Next& branch,
                            const std::string& name) -> const std::vector<GateWires>& {
      const auto found = branch.memories.find(name);
      return found == branch.memories.end() ? memories_.at(name) : found->second;
    };
    for (const Next* const branch : {&ifOne, &ifZero}) {
      for (const auto& [name, bits] : branch->registers) {
        next.registers[name] = builder_.mux(condition, bitsIn(ifOne, name), bitsIn(ifZero, name));
      }
      for (const auto& [name, rows] : branch->memories) {
        std::vector<GateWires> chosen;
        for (std::size_t i = 0; i < rows.size(); ++i) {
          chosen.push_back(
              builder_.mux(condition, rowsIn(ifOne, name)[i], rowsIn(ifZero, name)[i]));
        }
        next.memories[name] = std::move(chosen);
      }
    }
  }

  const Module& module_;
  const std::vector<Module>& library_;
  const std::unordered_map<std::string, std::uint32_t>& place_;
  GateBuilder builder_;
  std::map<std::string, GateWires> bits_;
  std::map<std::string, std::vector<Driver>> drivers_;
  std::map<std::string, std::vector<GateWires>> memories_;
  std::map<std::string, const Table*> tables_;
  std::vector<const Instance*> instances_;
  std::map<const Instance*, std::pair<std::size_t, const Module*>> callOf_;
};

}  // namespace

core::GateModule gatesOf(const Module& module, const std::vector<Module>& library,
                         const std::unordered_map<std::string, std::uint32_t>& place) {
  return ModuleGates(module, library, place).run();
}

}  // namespace aegen::flows
