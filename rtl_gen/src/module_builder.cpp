#include "module_builder.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace aegen::rtl_gen {

using namespace verilog;

namespace {

// Finds the bits of every net, register and input that something in the module reads.
class UsedBits {
 public:
  explicit UsedBits(const Module& module) {
    for (const Port& port : module.ports) {
      if (port.direction == Direction::Input) {
        declare(port.name, port.width, port.isSigned);
      }
    }
    for (const Item& item : module.items) {
      std::visit([this](const auto& concrete) { declareItem(concrete); }, item);
    }
    for (const Item& item : module.items) {
      std::visit([this](const auto& concrete) { readItem(concrete); }, item);
    }
  }

  // Slices that nothing reads, in order of declaration.
  [[nodiscard]] std::vector<ExprPtr> unread() const {
    std::vector<ExprPtr> out;
    for (const Entry& entry : entries_) {
      const auto all = static_cast<int>(entry.used.size());
      const ExprPtr whole = reference(entry.name, all, entry.isSigned);
      for (int low = 0; low < all;) {
        if (entry.used[static_cast<std::size_t>(low)]) {
          ++low;
          continue;
        }
        int end = low;
        while (end < all && !entry.used[static_cast<std::size_t>(end)]) {
          ++end;
        }
        out.push_back(end - low == all ? whole : slice(whole, end - 1, low));
        low = end;
      }
    }
    return out;
  }

 private:
  struct Entry {
    std::string name;
    bool isSigned = false;
    std::vector<bool> used;
  };

  void declare(const std::string& name, int width, bool isSigned) {
    index_[name] = entries_.size();
    entries_.push_back({name, isSigned, std::vector<bool>(static_cast<std::size_t>(width))});
  }
  void declareItem(const Net& net) { declare(net.name, net.width, net.isSigned); }
  void declareItem(const Register& reg) { declare(reg.name, reg.width, reg.isSigned); }
  template <typename Other>
  void declareItem(const Other&) {}

  void read(const ExprPtr& expr) {
    if (!expr) {
      return;
    }
    const bool whole = expr->kind == ExprKind::Reference;
    if (whole || expr->kind == ExprKind::Slice) {
      mark(expr->name, whole ? 0 : expr->low, whole ? expr->width - 1 : expr->high);
    }
    for (const ExprPtr& operand : expr->operands) {
      read(operand);
    }
  }

  void mark(const std::string& name, int low, int high) {
    const auto found = index_.find(name);
    if (found == index_.end()) {
      return;
    }
    std::vector<bool>& used = entries_[found->second].used;
    for (int i = low; i <= high; ++i) {
      used[static_cast<std::size_t>(i)] = true;
    }
  }

  void readItem(const Net& net) { read(net.value); }
  void readItem(const Register&) {}
  void readItem(const Table&) {}
  void readItem(const Memory&) {}
  void readItem(const Comment&) {}
  void readItem(const Assign& assign) { read(assign.value); }
  void readItem(const AlwaysFf& process) {
    mark(process.clock, 0, 0);
    readBody(process.body);
  }
  void readItem(const Instance& instance) {
    for (const Connection& connection : instance.connections) {
      if (!connection.isOutput) {
        read(connection.value);
      }
    }
  }

  void readBody(const std::vector<Statement>& body) {
    for (const Statement& statement : body) {
      read(statement.value);
      if (statement.target) {
        for (const ExprPtr& operand : statement.target->operands) {
          read(operand);
        }
      }
      readBody(statement.thenBody);
      readBody(statement.elseBody);
      for (const CaseArm& arm : statement.arms) {
        readBody(arm.body);
      }
    }
  }

  std::map<std::string, std::size_t> index_;
  std::vector<Entry> entries_;
};

bool isSliceable(const Expr& expr) {
  return expr.kind == ExprKind::Reference || expr.kind == ExprKind::Slice ||
         expr.kind == ExprKind::Literal;
}

}  // namespace

std::string legalName(const std::string& name) {
  return isReserved(name) ? name + "_v" : name;
}

ModuleBuilder::ModuleBuilder(std::string name, ModuleKind kind, std::vector<std::string> comment) {
  module_.name = std::move(name);
  module_.kind = kind;
  module_.comment = std::move(comment);
}

std::string ModuleBuilder::unique(const std::string& hint) {
  std::string candidate = legalName(hint);
  while (names_.contains(candidate)) {
    candidate = hint + "_" + std::to_string(++copies_[hint]);
  }
  names_.insert(candidate);
  return candidate;
}

ExprPtr ModuleBuilder::input(const std::string& name, int width, std::string comment,
                             bool isSigned) {
  names_.insert(name);
  module_.ports.push_back(
      {name, Direction::Input, width, isSigned, std::nullopt, std::move(comment)});
  return reference(name, width, isSigned);
}

ExprPtr ModuleBuilder::output(const std::string& name, int width, std::string comment,
                              bool isSigned) {
  names_.insert(name);
  module_.ports.push_back(
      {name, Direction::Output, width, isSigned, std::nullopt, std::move(comment)});
  return reference(name, width, isSigned);
}

ExprPtr ModuleBuilder::outputReg(const std::string& name, int width, RegisterInfo info,
                                 std::string comment, bool isSigned) {
  names_.insert(name);
  module_.ports.push_back(
      {name, Direction::Output, width, isSigned, std::move(info), std::move(comment)});
  return reference(name, width, isSigned);
}

ExprPtr ModuleBuilder::net(const std::string& hint, ExprPtr value, bool isSigned,
                           std::string comment) {
  const int width = value->width;
  const std::string name = unique(hint);
  add(Net{name, width, isSigned, std::move(value), std::move(comment)});
  return reference(name, width, isSigned);
}

ExprPtr ModuleBuilder::wire(const std::string& hint, int width, std::string comment,
                            bool isSigned) {
  const std::string name = unique(hint);
  add(Net{name, width, isSigned, nullptr, std::move(comment)});
  return reference(name, width, isSigned);
}

ExprPtr ModuleBuilder::reg(const std::string& hint, int width, RegisterInfo info,
                           std::string comment) {
  const std::string name = unique(hint);
  add(Register{name, width, false, std::move(info), std::move(comment)});
  return reference(name, width);
}

ExprPtr ModuleBuilder::sliceable(const std::string& hint, const ExprPtr& expr) {
  return isSliceable(*expr) ? expr : net(hint, expr, expr->isSigned);
}

void ModuleBuilder::assign(ExprPtr target, ExprPtr value) {
  add(Assign{std::move(target), std::move(value)});
}

void ModuleBuilder::clocked(const ExprPtr& target, const RegisterInfo& info, ExprPtr next,
                            const ExprPtr& enable) {
  std::vector<Statement> body{nonBlocking(target, std::move(next))};
  if (enable) {
    body = {ifElse(enable, std::move(body))};
  }
  if (info.reset) {
    body = {ifElse(logicalNot(reference("rst_n", 1)), {nonBlocking(target, info.reset)},
                   std::move(body))};
  }
  add(AlwaysFf{"clk", std::move(body), {}});
}

void ModuleBuilder::instance(std::string module, const std::string& name,
                             std::vector<Connection> connections, std::string comment) {
  add(Instance{std::move(module), unique(name), std::move(connections), std::move(comment)});
}

Module ModuleBuilder::finish() && {
  std::vector<ExprPtr> unread = UsedBits(module_).unread();
  if (!unread.empty()) {
    unread.insert(unread.begin(), literal(0, 1));
    add(Comment{"Bits that are dropped on purpose."});
    add(Net{
        unique("_unused_ok"), 1, false, unary(Operator::ReduceAnd, concat(std::move(unread))), {}});
  }
  return std::move(module_);
}

ExprPtr selectTree(ModuleBuilder& builder, const std::string& hint, const ExprPtr& index,
                   std::vector<ExprPtr> elements) {
  const int width = elements[0]->width;
  const std::uint64_t reach =
      index->width >= 32 ? ~std::uint64_t{0} : std::uint64_t{1} << index->width;
  if (elements.size() > reach) {
    elements.resize(static_cast<std::size_t>(reach));
  }
  int level = 0;
  for (; elements.size() > 1; ++level) {
    std::vector<ExprPtr> next;
    for (std::size_t i = 0; i < elements.size(); i += 2) {
      const ExprPtr other = i + 1 < elements.size() ? elements[i + 1] : literal(0, width);
      const ExprPtr chosen = conditional(bit(index, level), other, elements[i]);
      next.push_back(elements.size() > 2 ? builder.net(hint, chosen) : chosen);
    }
    elements = std::move(next);
  }
  if (level < index->width) {
    const ExprPtr rest = slice(index, index->width - 1, level);
    return conditional(logicalNot(unary(Operator::ReduceOr, rest)), elements[0], literal(0, width));
  }
  return elements[0];
}

}  // namespace aegen::rtl_gen
