#include "aegen/rtl_gen/verilog_printer.hpp"

#include <fmt/format.h>

#include <vector>

#include "comment_line.hpp"

namespace aegen::rtl_gen::verilog {

namespace {

constexpr std::size_t kColumns = 100;

std::string_view text(Operator op) {
  switch (op) {
    case Operator::None:
      return "";
    case Operator::Not:
      return "~";
    case Operator::ReduceAnd:
    case Operator::And:
      return "&";
    case Operator::ReduceOr:
    case Operator::Or:
      return "|";
    case Operator::ReduceXor:
    case Operator::Xor:
      return "^";
    case Operator::Add:
      return "+";
    case Operator::Sub:
      return "-";
    case Operator::Mul:
      return "*";
    case Operator::ShiftLeft:
      return "<<";
    case Operator::ShiftRight:
      return ">>";
    case Operator::ShiftRightSigned:
      return ">>>";
    case Operator::Equal:
      return "==";
    case Operator::NotEqual:
      return "!=";
    case Operator::Less:
      return "<";
    case Operator::LessEqual:
      return "<=";
  }
  return "";
}

std::string literalText(const Expr& expr) {
  if (expr.isSigned && ((expr.bits >> (expr.width - 1)) & 1U) != 0) {
    // Magnitude of the two's complement number; the most negative one is its own magnitude.
    const std::uint64_t field =
        expr.width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << expr.width) - 1;
    return fmt::format("-{}'sd{}", expr.width, (~expr.bits + 1) & field);
  }
  const char* const sign = expr.isSigned ? "s" : "";
  if (expr.bits < 65536) {
    return fmt::format("{}'{}d{}", expr.width, sign, expr.bits);
  }
  return fmt::format("{}'{}h{:x}", expr.width, sign, expr.bits);
}

// An operand of an operator: everything that is an operation itself gets parentheses.
std::string operandText(const Expr& expr) {
  const bool negative = expr.kind == ExprKind::Literal && literalText(expr)[0] == '-';
  const bool operation = expr.kind == ExprKind::Binary || expr.kind == ExprKind::Conditional ||
                         expr.kind == ExprKind::Unary;
  return operation || negative ? "(" + print(expr) + ")" : print(expr);
}

std::string listText(const std::vector<ExprPtr>& parts) {
  std::string out = "{";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out += i == 0 ? "" : ", ";
    out += print(*parts[i]);
  }
  return out + "}";
}

std::string rangeText(int width) {
  return width == 1 ? std::string() : fmt::format("[{}:0] ", width - 1);
}

std::string typeText(const char* kind, int width, bool isSigned) {
  return fmt::format("{} {}{}", kind, isSigned ? "signed " : "", rangeText(width));
}

// Lines of one module; long ones are folded at the last blank before the limit.
class Writer {
 public:
  void line(int indent, const std::string& content) {
    const std::string margin(static_cast<std::size_t>(indent) * 2, ' ');
    std::string rest = margin + content;
    while (rest.size() > kColumns) {
      const std::size_t first = rest.find_first_not_of(' ');
      std::size_t cut = rest.rfind(' ', kColumns);
      if (cut == std::string::npos || cut <= first) {
        cut = rest.find(' ', kColumns);
      }
      if (cut == std::string::npos) {
        break;
      }
      text_ += rest.substr(0, cut) + '\n';
      rest = margin + "    " + rest.substr(cut + 1);
    }
    text_ += rest + '\n';
  }

  void comment(int indent, const std::string& content) {
    const std::string lead = std::string(static_cast<std::size_t>(indent) * 2, ' ') + "// ";
    std::string rest = commentLine(content);
    while (lead.size() + rest.size() > kColumns) {
      const std::size_t cut = rest.rfind(' ', kColumns - lead.size());
      if (cut == std::string::npos || cut == 0) {
        break;
      }
      text_ += lead + rest.substr(0, cut) + '\n';
      rest = rest.substr(cut + 1);
    }
    text_ += lead + rest + '\n';
  }

  // A declaration and what is said about it: behind it where there is room, else above it.
  void declaration(int indent, const std::string& content, const std::string& about) {
    const std::string remark = commentLine(about);
    if (remark.empty()) {
      line(indent, content);
    } else if (content.size() + remark.size() + 2 * static_cast<std::size_t>(indent) + 5 <=
               kColumns) {
      line(indent, content + "  // " + remark);
    } else {
      comment(indent, remark);
      line(indent, content);
    }
  }

  void blank() { text_ += '\n'; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

class ModulePrinter {
 public:
  explicit ModulePrinter(const Module& module) : module_(module) {}

  std::string run() {
    for (const std::string& line : module_.comment) {
      out_.comment(0, line);
    }
    header();
    for (const Item& item : module_.items) {
      std::visit([this](const auto& concrete) { put(concrete); }, item);
    }
    out_.line(0, "endmodule");
    return out_.take();
  }

 private:
  void header() {
    out_.line(0, "module " + module_.name + " (");
    for (std::size_t i = 0; i < module_.ports.size(); ++i) {
      const Port& port = module_.ports[i];
      const char* const kind = port.direction == Direction::Input ? "input wire"
                               : port.reg                         ? "output reg"
                                                                  : "output wire";
      const char* const comma = i + 1 < module_.ports.size() ? "," : "";
      out_.declaration(1, typeText(kind, port.width, port.isSigned) + port.name + comma,
                       port.comment);
    }
    out_.line(0, ");");
  }

  void put(const Net& net) {
    std::string content = typeText("wire", net.width, net.isSigned) + net.name;
    if (net.value) {
      content += " = " + print(*net.value);
    }
    out_.declaration(1, content + ";", net.comment);
  }

  void put(const Register& reg) {
    std::string remark = reg.comment;
    if (!reg.info.reset) {
      remark += (remark.empty() ? "no reset: " : "; no reset: ") + reg.info.datapath;
    }
    out_.declaration(1, typeText("reg", reg.width, reg.isSigned) + reg.name + ";", remark);
  }

  void put(const Table& table) {
    out_.line(1, typeText("function", table.width, table.isSigned) + table.name + ";");
    out_.line(2, typeText("input", table.indexWidth, false) + "index;");
    out_.line(2, "case (index)");
    for (std::size_t i = 0; i < table.entries.size(); ++i) {
      out_.line(3, fmt::format("{}'d{}: {} = {};", table.indexWidth, i, table.name,
                               print(*table.entries[i])));
    }
    out_.line(3, fmt::format("default: {} = {}'{}d0;", table.name, table.width,
                             table.isSigned ? "s" : ""));
    out_.line(2, "endcase");
    out_.line(1, "endfunction");
  }

  void put(const Memory& memory) {
    std::string remark = memory.comment;
    remark += (remark.empty() ? "no reset: " : "; no reset: ") + memory.datapath;
    out_.declaration(
        1, fmt::format("reg {}{} [0:{}];", rangeText(memory.width), memory.name, memory.depth - 1),
        remark);
  }

  void put(const Assign& assign) {
    out_.line(1, "assign " + print(*assign.target) + " = " + print(*assign.value) + ";");
  }

  void put(const AlwaysFf& process) {
    if (!process.comment.empty()) {
      out_.comment(1, process.comment);
    }
    out_.line(1, "always @(posedge " + process.clock + ") begin");
    statements(2, process.body);
    out_.line(1, "end");
  }

  void put(const Instance& instance) {
    out_.blank();
    if (!instance.comment.empty()) {
      out_.comment(1, instance.comment);
    }
    out_.line(1, instance.module + " " + instance.name + " (");
    for (std::size_t i = 0; i < instance.connections.size(); ++i) {
      const Connection& connection = instance.connections[i];
      out_.line(2, fmt::format(".{}({}){}", connection.port, print(*connection.value),
                               i + 1 < instance.connections.size() ? "," : ""));
    }
    out_.line(1, ");");
  }

  void put(const Comment& comment) {
    out_.blank();
    out_.comment(1, comment.text);
  }

  void statements(int indent, const std::vector<Statement>& body) {
    for (const Statement& statement : body) {
      put(indent, statement);
    }
  }

  void put(int indent, const Statement& statement) {
    switch (statement.kind) {
      case StatementKind::NonBlocking:
        out_.line(indent, print(*statement.target) + " <= " + print(*statement.value) + ";");
        break;
      case StatementKind::If:
        putIf(indent, "if (", statement);
        break;
      case StatementKind::Case:
        out_.line(indent, "case (" + print(*statement.value) + ")");
        for (const CaseArm& arm : statement.arms) {
          putArm(indent + 1, arm);
        }
        out_.line(indent, "endcase");
        break;
    }
  }

  void putIf(int indent, const std::string& lead, const Statement& statement) {
    out_.line(indent, lead + print(*statement.value) + ") begin");
    statements(indent + 1, statement.thenBody);
    const std::vector<Statement>& other = statement.elseBody;
    if (other.size() == 1 && other[0].kind == StatementKind::If) {
      putIf(indent, "end else if (", other[0]);
      return;
    }
    if (!other.empty()) {
      out_.line(indent, "end else begin");
      statements(indent + 1, other);
    }
    out_.line(indent, "end");
  }

  void putArm(int indent, const CaseArm& arm) {
    std::string labels = arm.labels.empty() ? "default" : "";
    for (const ExprPtr& label : arm.labels) {
      labels += (labels.empty() ? "" : ", ") + print(*label);
    }
    if (arm.body.size() == 1 && arm.body[0].kind == StatementKind::NonBlocking) {
      const Statement& only = arm.body[0];
      out_.line(indent,
                fmt::format("{}: {} <= {};", labels, print(*only.target), print(*only.value)));
      return;
    }
    out_.line(indent, labels + ": begin");
    statements(indent + 1, arm.body);
    out_.line(indent, "end");
  }

  const Module& module_;
  Writer out_;
};

}  // namespace

std::string print(const Expr& expr) {
  const std::vector<ExprPtr>& operands = expr.operands;
  switch (expr.kind) {
    case ExprKind::Reference:
      return expr.name;
    case ExprKind::Literal:
      return literalText(expr);
    case ExprKind::Slice:
      return expr.high == expr.low ? fmt::format("{}[{}]", expr.name, expr.low)
                                   : fmt::format("{}[{}:{}]", expr.name, expr.high, expr.low);
    case ExprKind::Element:
      return fmt::format("{}[{}]", expr.name, print(*operands[0]));
    case ExprKind::Lookup:
      return fmt::format("{}({})", expr.name, print(*operands[0]));
    case ExprKind::Concat:
      return listText(operands);
    case ExprKind::Repeat:
      return operands[0]->kind == ExprKind::Concat
                 ? fmt::format("{{{}{}}}", expr.count, print(*operands[0]))
                 : fmt::format("{{{}{{{}}}}}", expr.count, print(*operands[0]));
    case ExprKind::SignCast:
      return "$signed(" + print(*operands[0]) + ")";
    case ExprKind::Unary:
      return std::string(text(expr.op)) + operandText(*operands[0]);
    case ExprKind::Binary:
      return fmt::format("{} {} {}", operandText(*operands[0]), text(expr.op),
                         operandText(*operands[1]));
    case ExprKind::Conditional:
      return fmt::format("{} ? {} : {}", operandText(*operands[0]), operandText(*operands[1]),
                         operandText(*operands[2]));
  }
  return {};
}

std::string print(const Module& module) {
  return ModulePrinter(module).run();
}

}  // namespace aegen::rtl_gen::verilog
