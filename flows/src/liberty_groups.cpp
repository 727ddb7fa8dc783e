#include "liberty_groups.hpp"

#include <cctype>

namespace aegen::flows {

namespace {

/// Splits the text into words, quoted strings and the punctuation ( ) { } : ; ,.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  [[nodiscard]] int line() const { return line_; }
  [[nodiscard]] bool unterminated() const { return unterminated_; }

  /// The next token, empty at the end; a quoted string comes without its quotes and sets `quoted`.
  std::string next(bool& quoted) {
    quoted = false;
    skipBlank();
    if (at_ >= text_.size()) {
      return {};
    }
    const char first = text_[at_];
    if (first == '"') {
      quoted = true;
      return string();
    }
    if (isPunctuation(first)) {
      ++at_;
      return std::string(1, first);
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && !isPunctuation(text_[at_]) && !isBlank(text_[at_]) &&
           text_[at_] != '"') {
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  /// Passes over everything up to the brace that closes the group just opened.
  bool skipGroup() {
    int depth = 1;
    bool quoted = false;
    while (depth > 0) {
      const std::string token = next(quoted);
      if (token.empty() && !quoted) {
        return false;
      }
      if (!quoted) {
        depth += token == "{" ? 1 : (token == "}" ? -1 : 0);
      }
    }
    return true;
  }

 private:
  static bool isPunctuation(char c) {
    return std::string_view("(){}:;,").find(c) != std::string_view::npos;
  }
  static bool isBlank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

  void skipBlank() {
    while (at_ < text_.size()) {
      if (text_[at_] == '\n') {
        ++line_;
      }
      if (isBlank(text_[at_]) || text_[at_] == '\\') {  // a backslash continues a line
        ++at_;
      } else if (text_.substr(at_, 2) == "/*") {
        const std::size_t end = text_.find("*/", at_ + 2);
        const std::size_t stop = end == std::string_view::npos ? text_.size() : end + 2;
        countLines(at_, stop);
        unterminated_ = unterminated_ || end == std::string_view::npos;
        at_ = stop;
      } else if (text_.substr(at_, 2) == "//") {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        return;
      }
    }
  }

  std::string string() {
    const std::size_t begin = ++at_;
    const std::size_t end = text_.find('"', begin);
    const std::size_t stop = end == std::string_view::npos ? text_.size() : end;
    unterminated_ = unterminated_ || end == std::string_view::npos;
    countLines(begin, stop);
    at_ = end == std::string_view::npos ? stop : stop + 1;
    return std::string(text_.substr(begin, stop - begin));
  }

  void countLines(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      line_ += text_[i] == '\n' ? 1 : 0;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool unterminated_ = false;
};

class Parser {
 public:
  Parser(std::string_view text, bool (*skip)(std::string_view)) : lexer_(text), skip_(skip) {
    advance();
  }

  LibertyParse run() {
    LibertyParse parse;
    if (token_.empty() || quoted_) {
      fail("the file is empty");
    } else {
      const std::string name = token_;
      advance();
      if (!is("(")) {
        fail("expected `library (name) {`");
      } else {
        statementWithArguments(name, parse.root, true);
      }
    }
    if (!error_ && lexer_.unterminated()) {
      fail("a comment or string is not closed");
    }
    parse.error = error_;
    return parse;
  }

 private:
  void advance() { token_ = lexer_.next(quoted_); }
  [[nodiscard]] bool is(std::string_view punctuation) const {
    return !quoted_ && token_ == punctuation;
  }
  [[nodiscard]] bool atEnd() const { return token_.empty() && !quoted_; }
  void fail(std::string reason) {
    if (!error_) {
      error_ = LibertySyntaxError{lexer_.line(), std::move(reason)};
    }
  }

  // `name (arguments)` followed by a body, or as a complex attribute by `;` or nothing.
  void statementWithArguments(const std::string& name, LibertyGroup& into, bool isRoot) {
    std::vector<std::string> arguments;
    for (advance(); !is(")"); advance()) {
      if (atEnd() || is("{") || is("}") || is(";")) {
        return fail("expected `)` after the arguments of `" + name + "`");
      }
      if (!is(",")) {
        arguments.push_back(token_);
      }
    }
    advance();
    if (!is("{")) {
      if (isRoot) {
        return fail("expected `{` after `" + name + " (...)`");
      }
      if (is(";")) {
        advance();
      }
      return;
    }
    if (!isRoot && skip_(name)) {
      if (!lexer_.skipGroup()) {
        return fail("group `" + name + "` is not closed");
      }
      return advance();
    }
    LibertyGroup group{name, std::move(arguments), {}, {}};
    body(group);
    if (isRoot) {
      into = std::move(group);
    } else {
      into.groups.push_back(std::move(group));
    }
  }

  void body(LibertyGroup& group) {
    advance();
    while (!error_ && !is("}")) {
      if (atEnd()) {
        return fail("group `" + group.name + "` is not closed");
      }
      if (is(";")) {
        advance();
        continue;
      }
      const std::string name = token_;
      advance();
      if (is(":")) {
        attribute(name, group);
      } else if (is("(")) {
        statementWithArguments(name, group, false);
      } else {
        return fail("expected `:` or `(` after `" + name + "`");
      }
    }
    if (!error_) {
      advance();
    }
  }

  // `name : value ;`, where an unquoted value may be an expression and the `;` may be missing at
  // the end of a group.
  void attribute(const std::string& name, LibertyGroup& group) {
    std::string value;
    const int line = lexer_.line();
    for (advance(); !is(";") && !is("}") && (value.empty() || lexer_.line() == line); advance()) {
      if (atEnd()) {
        return fail("attribute `" + name + "` is not finished");
      }
      value += value.empty() ? token_ : " " + token_;
    }
    if (is(";")) {
      advance();
    }
    group.attributes.emplace_back(name, std::move(value));
  }

  Lexer lexer_;
  bool (*skip_)(std::string_view);
  std::string token_;
  bool quoted_ = false;
  std::optional<LibertySyntaxError> error_;
};

}  // namespace

const std::string* LibertyGroup::attribute(std::string_view attributeName) const {
  for (const auto& [name_, value] : attributes) {
    if (name_ == attributeName) {
      return &value;
    }
  }
  return nullptr;
}

LibertyParse parseLibertyGroups(std::string_view text, bool (*skip)(std::string_view group)) {
  return Parser(text, skip).run();
}

}  // namespace aegen::flows
