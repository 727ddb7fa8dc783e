#include "aegen/core/text.hpp"

#include <cctype>
#include <charconv>

namespace aegen::core {
namespace {

// ---- printing -----------------------------------------------------------------------------------

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

std::string result(const Function& function, ValueId id) {
  const Value& value = function.values[id];
  std::string out = "%" + std::to_string(id);
  if (!value.name.empty()) out += " " + value.name;
  return out + " : " + value.format.text();
}

template <typename Range, typename F>
std::string joined(const Range& range, F f) {
  std::string out;
  for (const auto& item : range) {
    if (!out.empty()) out += ", ";
    out += f(item);
  }
  return out;
}

std::string operand(ValueId id) {
  return "%" + std::to_string(id);
}

std::string attributes(const Instruction& instruction) {
  switch (instruction.op) {
    case Op::Const:
    case Op::ShiftLeft:
    case Op::ShiftRight:
    case Op::Slice:
      return " " + std::to_string(instruction.immediate);
    case Op::Requantize:
      return " " + std::string(text(instruction.rounding)) + " " +
             std::string(text(instruction.overflow));
    case Op::Lookup:
      return " [" + joined(instruction.table, [](std::int64_t v) { return std::to_string(v); }) +
             "]";
    case Op::Call:
      return " @" + instruction.callee;
    case Op::Add:
    case Op::Sub:
    case Op::Mul:
    case Op::ShiftLeftBy:
    case Op::ShiftRightBy:
    case Op::Reinterpret:
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Not:
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
    case Op::Select:
    case Op::Min:
    case Op::Max:
    case Op::LeadingOne:
    case Op::Pick:
    case Op::Concat:
      return {};
  }
  return {};
}

std::string portType(const Port& port) {
  return port.format.text() + "[" + std::to_string(port.count) + "]";
}

// ---- parsing ------------------------------------------------------------------------------------

// Recursive descent over the text; the first problem is kept and everything after it is ignored.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Program> run() {
    Program program;
    skipSpace();
    while (!failed_ && at_ < text_.size()) {
      program.functions.push_back(function());
      skipSpace();
    }
    if (failed_) return *error_;
    return program;
  }

 private:
  void fail(std::string message) { failAt(at_, std::move(message)); }
  /// Blames the word, number or value that was read last.
  void failToken(std::string message) { failAt(token_, std::move(message)); }

  void failAt(std::size_t place, std::string message) {
    if (failed_) return;
    failed_ = true;
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i < place && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n' ? 1 : 0;
    }
    error_ = badInput("ir.syntax", std::move(message),
                      "line " + std::to_string(line) + ", column " + std::to_string(column));
  }

  void skipSpace() {
    while (at_ < text_.size()) {
      if (text_[at_] == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
        ++at_;
      } else {
        return;
      }
    }
  }

  [[nodiscard]] char peek() {
    skipSpace();
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!failed_ && !accept(c)) fail(std::string("expected '") + c + "'");
  }

  // Letters, digits, underscores and those of `also`.
  std::string_view word(std::string_view also = {}) {
    skipSpace();
    token_ = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_' ||
            also.find(text_[at_]) != std::string_view::npos)) {
      ++at_;
    }
    if (at_ == token_) fail("expected a word");
    return text_.substr(token_, at_ - token_);
  }

  template <typename T>
  T number() {
    skipSpace();
    token_ = at_;
    T value{};
    const auto [next, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc{}) {
      fail("expected a number");
      return value;
    }
    at_ = static_cast<std::size_t>(next - text_.data());
    return value;
  }

  std::string string() {
    expect('"');
    std::string out;
    while (!failed_ && at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\') ++at_;
      if (at_ < text_.size()) out += text_[at_++];
    }
    expect('"');
    return out;
  }

  FixedFormat format() {
    const auto parsed = failed_ ? std::nullopt : FixedFormat::parse(word(".-"));
    if (!parsed) failToken("expected a format such as u8.7 or s6.5");
    return parsed.value_or(FixedFormat{});
  }

  Port port(Role role) {
    Port out{.name = {}, .format = {}, .count = 1, .role = role};
    accept('%');
    out.name = std::string(word());
    expect(':');
    out.format = format();
    expect('[');
    out.count = number<std::uint32_t>();
    if (out.count > kMaxElements) failToken("more than 65536 elements");
    expect(']');
    return out;
  }

  ValueId valueId() {
    expect('%');
    const std::size_t start = at_ - 1;
    const ValueId id = failed_ ? 0 : number<ValueId>();
    token_ = start;
    return id;
  }

  // Whether nothing but spaces is left of this line: a statement without operands ends here, and
  // the value on the next line is another statement's.
  [[nodiscard]] bool atLineEnd() const {
    const std::size_t next = text_.find_first_not_of(" \t\r", at_);
    return next == std::string_view::npos || text_[next] == '\n' || text_[next] == '#';
  }

  std::vector<ValueId> valueList() {
    std::vector<ValueId> out;
    if (atLineEnd() || peek() != '%') return out;
    do {
      out.push_back(valueId());
    } while (!failed_ && accept(','));
    return out;
  }

  Function function() {
    Function out;
    if (word() != "func") failToken("expected 'func'");
    expect('@');
    if (!failed_) out.name = std::string(word());
    out.comment = string();
    expect('{');
    while (!failed_ && !accept('}')) statement(out);
    return out;
  }

  void statement(Function& out) {
    if (peek() == '%') return instruction(out);
    const std::string_view keyword = word();
    const std::size_t start = token_;
    if (keyword == "event" || keyword == "config") {
      const Port in = port(keyword == "event" ? Role::Event : Role::Config);
      if (failed_) return;
      out.values.insert(out.values.end(), in.count, Value{in.format, {}});
      out.inputs.push_back(in);
    } else if (keyword == "name") {
      const ValueId id = valueId();
      if (id >= out.values.size()) return failToken("no such value");
      const std::string_view name = word();
      out.values[id].name = std::string(name);
    } else if (keyword == "output") {
      out.outputs.push_back(port(Role::Output));
      expect('=');
      const std::vector<ValueId> ids = valueList();
      out.outputValues.insert(out.outputValues.end(), ids.begin(), ids.end());
    } else {
      failAt(start, "expected 'event', 'config', 'name', 'output' or a value");
    }
  }

  void instruction(Function& out) {
    Instruction made;
    do {
      const ValueId id = valueId();
      if (!failed_ && id != out.values.size()) return failToken("values must be numbered in order");
      Value value;
      if (peek() != ':') value.name = std::string(word());
      expect(':');
      value.format = format();
      if (failed_) return;
      out.values.push_back(std::move(value));
      made.results.push_back(id);
    } while (!failed_ && accept(','));
    expect('=');
    if (failed_) return;
    const auto op = parseOp(word());
    if (!op) return failToken("unknown operation");
    made.op = *op;
    attributes(made);
    made.operands = valueList();
    if (!failed_) out.instructions.push_back(std::move(made));
  }

  void attributes(Instruction& made) {
    switch (made.op) {
      case Op::Const:
      case Op::ShiftLeft:
      case Op::ShiftRight:
      case Op::Slice:
        made.immediate = number<std::int64_t>();
        return;
      case Op::Requantize: {
        const auto rounding = parseRounding(word());
        if (!rounding) return failToken("expected a rounding mode");
        const auto overflow = parseOverflow(word());
        if (!overflow) return failToken("expected an overflow mode");
        made.rounding = *rounding;
        made.overflow = *overflow;
        return;
      }
      case Op::Lookup:
        expect('[');
        do {
          made.table.push_back(number<std::int64_t>());
        } while (!failed_ && accept(','));
        expect(']');
        return;
      case Op::Call:
        expect('@');
        if (!failed_) made.callee = std::string(word());
        return;
      case Op::Add:
      case Op::Sub:
      case Op::Mul:
      case Op::ShiftLeftBy:
      case Op::ShiftRightBy:
      case Op::Reinterpret:
      case Op::And:
      case Op::Or:
      case Op::Xor:
      case Op::Not:
      case Op::Equal:
      case Op::Less:
      case Op::LessEqual:
      case Op::Select:
      case Op::Min:
      case Op::Max:
      case Op::LeadingOne:
      case Op::Pick:
      case Op::Concat:
        return;
    }
  }

  static constexpr std::uint32_t kMaxElements = 65536;

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t token_ = 0;  ///< where the last word, number or value began
  bool failed_ = false;
  std::optional<Diagnostic> error_;
};

}  // namespace

std::string print(const Function& function) {
  std::string out = "func @" + function.name + " " + quoted(function.comment) + " {\n";
  for (const Port& port : function.inputs) {
    out += "  " + std::string(text(port.role)) + " " + port.name + " : " + portType(port) + "\n";
  }
  for (std::uint32_t i = 0; i < function.inputElements(); ++i) {
    if (function.values[i].name.empty()) continue;
    out += "  name %" + std::to_string(i) + " " + function.values[i].name + "\n";
  }
  for (const Instruction& instruction : function.instructions) {
    out += "  " + joined(instruction.results, [&](ValueId id) { return result(function, id); });
    out += " = " + std::string(info(instruction.op).mnemonic) + attributes(instruction);
    if (!instruction.operands.empty()) out += " " + joined(instruction.operands, operand);
    out += "\n";
  }
  std::size_t next = 0;
  for (const Port& port : function.outputs) {
    const std::vector<ValueId> ids(
        function.outputValues.begin() + static_cast<std::ptrdiff_t>(next),
        function.outputValues.begin() + static_cast<std::ptrdiff_t>(next + port.count));
    out += "  output " + port.name + " : " + portType(port) + " = " + joined(ids, operand) + "\n";
    next += port.count;
  }
  return out + "}\n";
}

std::string print(const Program& program) {
  std::string out;
  for (const Function& function : program.functions) {
    if (!out.empty()) out += "\n";
    out += print(function);
  }
  return out;
}

Result<Program> parse(std::string_view text) {
  return Parser(text).run();
}

}  // namespace aegen::core
