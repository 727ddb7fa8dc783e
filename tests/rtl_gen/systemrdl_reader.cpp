#include "systemrdl_reader.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

namespace aegen::rtl_gen::testing {

namespace {

enum class TokenKind { Identifier, Keyword, Number, String, Punctuation, End };

struct Token {
  TokenKind kind = TokenKind::End;
  std::string text;  ///< of a string: what stands between the quotes, unescaped
  std::uint64_t number = 0;
  int line = 0;
};

struct SyntaxError : std::runtime_error {
  SyntaxError(int line, const std::string& message)
      : std::runtime_error("line " + std::to_string(line) + ": " + message) {}
};

bool isKeyword(const std::string& word) {
  static const std::set<std::string> words{"abstract",
                                           "accesstype",
                                           "addressingtype",
                                           "addrmap",
                                           "alias",
                                           "all",
                                           "bit",
                                           "boolean",
                                           "bothedge",
                                           "compact",
                                           "component",
                                           "componentwidth",
                                           "constraint",
                                           "default",
                                           "encode",
                                           "enum",
                                           "external",
                                           "false",
                                           "field",
                                           "fullalign",
                                           "hw",
                                           "inside",
                                           "internal",
                                           "level",
                                           "longint",
                                           "mem",
                                           "na",
                                           "negedge",
                                           "nonsticky",
                                           "number",
                                           "onreadtype",
                                           "onwritetype",
                                           "posedge",
                                           "property",
                                           "r",
                                           "rclr",
                                           "ref",
                                           "reg",
                                           "regalign",
                                           "regfile",
                                           "rset",
                                           "ruser",
                                           "rw",
                                           "rw1",
                                           "signal",
                                           "string",
                                           "struct",
                                           "sw",
                                           "this",
                                           "true",
                                           "type",
                                           "unsigned",
                                           "w",
                                           "w1",
                                           "wclr",
                                           "woclr",
                                           "woset",
                                           "wot",
                                           "wr",
                                           "wset",
                                           "wuser",
                                           "wzc",
                                           "wzs",
                                           "wzt",
                                           "alternate",
                                           "byte",
                                           "int",
                                           "precedencetype",
                                           "real",
                                           "shortint",
                                           "shortreal",
                                           "signed",
                                           "with",
                                           "within"};
  return words.contains(word);
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    do {
      tokens.push_back(next());
    } while (tokens.back().kind != TokenKind::End);
    return tokens;
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  static bool isWord(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  }

  void skipBlanks() {
    for (;;) {
      if (peek() == '/' && peek(1) == '/') {
        while (at_ < text_.size() && peek() != '\n') ++at_;
      } else if (peek() == '\n') {
        ++line_, ++at_;
      } else if (peek() == ' ' || peek() == '\t' || peek() == '\r') {
        ++at_;
      } else {
        return;
      }
    }
  }

  Token next() {
    skipBlanks();
    Token token;
    token.line = line_;
    if (at_ >= text_.size()) return token;
    const char c = peek();
    if (c == '"') return string(token);
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) return number(token);
    if (isWord(c) || c == '\\') return word(token);
    token.kind = TokenKind::Punctuation;
    token.text = c == '+' && peek(1) == '=' ? "+=" : std::string(1, c);
    if (std::string("{}[]()#.,;:=@").find(c) == std::string::npos && token.text != "+=") {
      throw SyntaxError(line_, "no token begins with '" + token.text + "'");
    }
    at_ += token.text.size();
    return token;
  }

  Token string(Token token) {
    token.kind = TokenKind::String;
    for (++at_; peek() != '"'; ++at_) {
      if (at_ >= text_.size()) throw SyntaxError(token.line, "a string does not end");
      if (peek() == '\n') ++line_;
      if (peek() == '\\') {
        ++at_;
        if (peek() != '"' && peek() != '\\') throw SyntaxError(line_, "unknown escape in a string");
      }
      token.text += peek();
    }
    ++at_;
    return token;
  }

  Token number(Token token) {
    token.kind = TokenKind::Number;
    const bool hex = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    if (hex) at_ += 2;
    const std::size_t first = at_;
    while (isWord(peek())) token.text += text_[at_++];
    std::size_t used = 0;
    if (at_ > first) token.number = std::stoull(token.text, &used, hex ? 16 : 10);
    if (at_ == first || used != token.text.size()) throw SyntaxError(line_, "not a number");
    return token;
  }

  Token word(Token token) {
    const bool escaped = peek() == '\\';
    if (escaped) ++at_;
    if (std::isdigit(static_cast<unsigned char>(peek())) != 0 || !isWord(peek())) {
      throw SyntaxError(line_, "nothing is escaped");
    }
    while (isWord(peek())) token.text += text_[at_++];
    token.kind = !escaped && isKeyword(token.text) ? TokenKind::Keyword : TokenKind::Identifier;
    return token;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

struct Value {
  enum class Kind { Number, String, Boolean, Access } kind = Kind::Number;
  std::string text;
  std::uint64_t number = 0;
};
using Properties = std::map<std::string, Value>;

/// A register type: its fields, whose reset may be the parameter.
struct RegisterType {
  struct Field {
    RdlField field;
    bool resetIsParameter = false;
  };
  std::optional<std::string> parameter;
  std::uint64_t parameterDefault = 0;
  int width = 32;
  std::vector<Field> fields;
  Properties properties;
};

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  RdlMap run() {
    while (peek().text == "property") propertyDefinition();
    addressMap();
    expectKind(TokenKind::End, "the end");
    checkOverlaps();
    return std::move(map_);
  }

 private:
  [[nodiscard]] const Token& peek() const { return tokens_[at_]; }
  Token take() { return tokens_[at_ == tokens_.size() - 1 ? at_ : at_++]; }
  [[noreturn]] void fail(const std::string& message) const {
    throw SyntaxError(peek().line, message + " at '" + peek().text + "'");
  }
  Token expectKind(TokenKind kind, const char* what) {
    if (peek().kind != kind) fail(std::string("expected ") + what);
    return take();
  }
  void expect(const std::string& text) {
    if (peek().kind == TokenKind::String || peek().text != text) fail("expected '" + text + "'");
    take();
  }
  [[nodiscard]] bool isKeywordNext(const char* word) const {
    return peek().kind == TokenKind::Keyword && peek().text == word;
  }
  std::string identifier() { return expectKind(TokenKind::Identifier, "an identifier").text; }
  std::uint64_t number() { return expectKind(TokenKind::Number, "a number").number; }

  void propertyDefinition() {
    expect("property");
    const std::string name = identifier();
    std::optional<Value::Kind> type;
    bool component = false;
    expect("{");
    while (peek().text != "}") {
      if (isKeywordNext("component")) {
        take(), expect("="), expect("field");
        component = true;
      } else {
        expect("type"), expect("=");
        type = isKeywordNext("string") ? Value::Kind::String : Value::Kind::Boolean;
        if (*type == Value::Kind::Boolean && !isKeywordNext("boolean")) fail("unknown type");
        take();
      }
      expect(";");
    }
    expect("}"), expect(";");
    if (!type || !component) fail("a property needs a type and a component");
    if (!own_.emplace(name, *type).second) fail("property defined twice");
  }

  // `name = value;` of a component of kind `of`.
  void property(Properties& into, const std::string& of) {
    const Token name = take();
    static const std::map<std::string, std::pair<Value::Kind, std::set<std::string>>> known{
        {"name", {Value::Kind::String, {"addrmap", "regfile", "reg", "field"}}},
        {"desc", {Value::Kind::String, {"addrmap", "regfile", "reg", "field"}}},
        {"regwidth", {Value::Kind::Number, {"reg"}}},
        {"accesswidth", {Value::Kind::Number, {"reg"}}},
        {"sw", {Value::Kind::Access, {"field"}}},
        {"hw", {Value::Kind::Access, {"field"}}},
        {"singlepulse", {Value::Kind::Boolean, {"field"}}}};
    const auto found = known.find(name.text);
    const auto own = own_.find(name.text);
    if (found == known.end() && own == own_.end()) fail("unknown property '" + name.text + "'");
    const Value::Kind kind = found != known.end() ? found->second.first : own->second;
    const bool fits =
        found != known.end() ? of == "default" || found->second.second.contains(of) : of == "field";
    if (!fits) fail("property '" + name.text + "' is not one of a " + of);
    expect("=");
    const Value value = this->value(kind);
    if (!into.emplace(name.text, value).second) fail("'" + name.text + "' is given twice");
    expect(";");
  }

  Value value(Value::Kind kind) {
    const Token token = take();
    static const std::set<std::string> access{"rw", "wr", "r", "w", "rw1", "w1", "na"};
    const bool boolean = token.text == "true" || token.text == "false";
    bool fits = false;
    switch (kind) {
      case Value::Kind::Number:
        fits = token.kind == TokenKind::Number;
        break;
      case Value::Kind::String:
        fits = token.kind == TokenKind::String;
        break;
      case Value::Kind::Boolean:
        fits = token.kind == TokenKind::Keyword && boolean;
        break;
      case Value::Kind::Access:
        fits = token.kind == TokenKind::Keyword && access.contains(token.text);
        break;
    }
    if (!fits) fail("a value of the wrong kind before this");
    return {kind, token.text, token.number};
  }

  void addressMap() {
    expect("addrmap");
    map_.name = identifier();
    expect("{");
    Properties own;
    while (peek().text != "}") {
      if (isKeywordNext("default")) {
        take();
        property(defaults_, "default");
      } else if (isKeywordNext("regfile")) {
        registerFile();
      } else if (isKeywordNext("reg")) {
        take();
        const RegisterType type = registerBody({});
        instance(type, {}, {}, 0);
      } else {
        property(own, "addrmap");
      }
    }
    expect("}"), expect(";");
    map_.description = own["desc"].text;
  }

  void registerFile() {
    expect("regfile"), expect("{");
    Properties own;
    std::map<std::string, RegisterType> types;
    std::vector<RdlRegister> inside;
    std::set<std::string> names;
    std::swap(names, names_);
    const std::size_t first = map_.registers.size();
    while (peek().text != "}") {
      if (isKeywordNext("reg")) {
        take();
        const std::string name = identifier();
        if (!types.emplace(name, registerBody(parameters())).second) fail("type defined twice");
        expect(";");
      } else if (const auto type = types.find(peek().text);
                 peek().kind == TokenKind::Identifier && type != types.end()) {
        take();
        std::optional<std::uint64_t> argument;
        if (peek().text == "#") argument = parameterValue(*type->second.parameter);
        instance(type->second, argument, ".", 0);
      } else {
        property(own, "regfile");
      }
    }
    std::swap(names, names_);
    expect("}");
    const std::string name = newName();
    expect("@");
    const std::uint64_t base = number();
    expect(";");
    if (map_.registers.size() == first) fail("a regfile without registers");
    for (std::size_t i = first; i < map_.registers.size(); ++i) {
      RdlRegister& reg = map_.registers[i];
      reg.path = name + reg.path;
      reg.address += base;
      reg.fileName = own["name"].text;
      reg.description = own["desc"].text;
    }
  }

  struct Parameter {
    std::string name;
    std::uint64_t value = 0;
  };
  std::optional<Parameter> parameters() {
    if (peek().text != "#") return std::nullopt;
    expect("#"), expect("("), expect("longint"), expect("unsigned");
    Parameter parameter{identifier(), 0};
    expect("=");
    parameter.value = number();
    expect(")");
    return parameter;
  }

  std::uint64_t parameterValue(const std::string& name) {
    expect("#"), expect("("), expect(".");
    if (identifier() != name) fail("no such parameter");
    expect("(");
    const std::uint64_t value = number();
    expect(")"), expect(")");
    return value;
  }

  RegisterType registerBody(const std::optional<Parameter>& parameter) {
    RegisterType type;
    if (parameter) {
      type.parameter = parameter->name;
      type.parameterDefault = parameter->value;
    }
    expect("{");
    std::set<std::string> names;
    while (peek().text != "}") {
      if (isKeywordNext("field")) {
        type.fields.push_back(field(type.parameter));
        if (!names.insert(type.fields.back().field.name).second) fail("field named twice");
      } else {
        property(type.properties, "reg");
      }
    }
    expect("}");
    if (type.fields.empty()) fail("a register without fields");
    const auto widthOf = [&](const char* name, std::uint64_t otherwise) {
      if (const auto own = type.properties.find(name); own != type.properties.end()) {
        return own->second.number;
      }
      const auto set = defaults_.find(name);
      return set == defaults_.end() ? otherwise : set->second.number;
    };
    type.width = static_cast<int>(widthOf("regwidth", 32));
    const std::uint64_t access = widthOf("accesswidth", 32);
    if (type.width < 8 || (type.width & (type.width - 1)) != 0 ||
        access > static_cast<std::uint64_t>(type.width)) {
      fail("a register's width is a power of two of at least 8, no less than its accesses");
    }
    checkFields(type);
    return type;
  }

  RegisterType::Field field(const std::optional<std::string>& parameter) {
    expect("field"), expect("{");
    Properties own;
    while (peek().text != "}") property(own, "field");
    expect("}");
    RegisterType::Field out;
    out.field.name = identifier();
    expect("[");
    out.field.high = static_cast<int>(number());
    expect(":");
    out.field.low = static_cast<int>(number());
    expect("]"), expect("=");
    if (peek().kind == TokenKind::Identifier) {
      if (!parameter || take().text != *parameter) fail("no such parameter before this");
      out.resetIsParameter = true;
    } else {
      out.field.reset = number();
      checkReset(out.field, out.field.reset);
    }
    expect(";");
    out.field.sw = own.contains("sw") ? own["sw"].text : defaults_["sw"].text;
    out.field.hw = own.contains("hw") ? own["hw"].text : defaults_["hw"].text;
    out.field.numberFormat = own["number_format"].text;
    out.field.isSigned = own["is_signed"].text == "true";
    if (own["singlepulse"].text == "true" &&
        (out.field.high != out.field.low || out.field.reset != 0)) {
      fail("a single pulse is one bit that is 0 after reset");
    }
    return out;
  }

  void checkReset(const RdlField& field, std::uint64_t value) const {
    const int width = field.high - field.low + 1;
    if (width < 1 || width > 64 || (width < 64 && value >> width != 0)) {
      fail("a reset value does not fit its field");
    }
  }

  void checkFields(const RegisterType& type) const {
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
      const RdlField& a = type.fields[i].field;
      if (a.low < 0 || a.high < a.low || a.high >= type.width) fail("a field outside its register");
      for (std::size_t j = 0; j < i; ++j) {
        const RdlField& b = type.fields[j].field;
        const bool apart = a.high < b.low || b.high < a.low;
        const bool split = (a.sw == "r" && b.sw == "w") || (a.sw == "w" && b.sw == "r");
        if (!apart && !split) fail("two fields overlap");
      }
    }
  }

  std::string newName() {
    const std::string name = identifier();
    if (!names_.insert(name).second) fail("'" + name + "' is defined twice");
    return name;
  }

  // `name[count] @ address += stride;` and the registers that it makes.
  void instance(const RegisterType& type, const std::optional<std::uint64_t>& argument,
                const std::string& prefix, std::uint64_t base) {
    const std::string name = newName();
    std::uint64_t count = 1;
    const bool array = peek().text == "[";
    if (array) {
      expect("[");
      count = number();
      expect("]");
    }
    if (count == 0) fail("an array of nothing");
    expect("@");
    const std::uint64_t address = base + number();
    const auto bytes = static_cast<std::uint64_t>(type.width / 8);
    std::uint64_t stride = bytes;
    if (peek().text == "+=") {
      if (!array) fail("a stride without an array");
      expect("+=");
      stride = number();
    }
    expect(";");
    if (stride < bytes || address % bytes != 0) fail("registers overlap or are not aligned");
    for (std::uint64_t i = 0; i < count; ++i) {
      RdlRegister reg;
      reg.path = prefix + name + (array ? "[" + std::to_string(i) + "]" : "");
      reg.address = address + i * stride;
      reg.width = type.width;
      for (const RegisterType::Field& field : type.fields) {
        reg.fields.push_back(field.field);
        if (!field.resetIsParameter) continue;
        reg.fields.back().reset = argument.value_or(type.parameterDefault);
        checkReset(reg.fields.back(), reg.fields.back().reset);
      }
      map_.registers.push_back(std::move(reg));
    }
  }

  void checkOverlaps() const {
    std::map<std::uint64_t, const RdlRegister*> placed;
    for (const RdlRegister& reg : map_.registers) {
      if (!placed.emplace(reg.address, &reg).second) {
        throw SyntaxError(0, reg.path + " is where another register is");
      }
    }
    std::uint64_t end = 0;
    for (const auto& [address, reg] : placed) {
      if (address < end) throw SyntaxError(0, reg->path + " overlaps the register before it");
      end = address + static_cast<std::uint64_t>(reg->width / 8);
    }
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::map<std::string, Value::Kind> own_;
  Properties defaults_;
  std::set<std::string> names_;
  RdlMap map_;
};

}  // namespace

std::variant<RdlMap, std::string> readSystemRdl(std::string_view text) {
  try {
    return Parser(Lexer(text).run()).run();
  } catch (const std::exception& error) {
    return std::string(error.what());
  }
}

}  // namespace aegen::rtl_gen::testing
