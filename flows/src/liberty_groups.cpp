#include "liberty_groups.hpp"

#include <algorithm>
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
           text_[at_] != '"' && text_[at_] != '\\' && text_.substr(at_, 2) != "/*") {
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

  // A backslash before the end of a line joins it to the next, before another character it is that
  // character.
  std::string string() {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
        if (text_[at_] == '\n') {
          ++line_;
          continue;
        }
      }
      line_ += text_[at_] == '\n' ? 1 : 0;
      out += text_[at_];
    }
    unterminated_ = unterminated_ || at_ >= text_.size();
    ++at_;
    return out;
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

constexpr int kMostIncludes = 8;  ///< deep

class Parser {
 public:
  Parser(std::string_view text, const LibertySyntaxOptions& options, std::string file, int depth)
      : lexer_(text), options_(options), file_(std::move(file)), depth_(depth) {
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
    checkClosed();
    parse.error = error_;
    return parse;
  }

  /// Statements without a group around them, as an included file has them.
  std::optional<LibertySyntaxError> runIncluded(LibertyGroup& into) {
    while (!error_ && !atEnd()) statement(into);
    checkClosed();
    return error_;
  }

 private:
  void advance() { token_ = lexer_.next(quoted_); }
  [[nodiscard]] bool is(std::string_view punctuation) const {
    return !quoted_ && token_ == punctuation;
  }
  [[nodiscard]] bool atEnd() const { return token_.empty() && !quoted_; }
  void fail(std::string reason, bool missingFile = false) {
    if (!error_) {
      error_ = LibertySyntaxError{file_, lexer_.line(), std::move(reason), missingFile};
    }
  }
  void checkClosed() {
    if (!error_ && lexer_.unterminated()) fail("a comment or string is not closed");
  }

  // Up to the closing parenthesis; a colon, as in A[3:0], is part of the word around it.
  std::vector<LibertyWord> argumentsOf(const std::string& name) {
    std::vector<LibertyWord> arguments;
    bool joined = false;
    for (advance(); !is(")"); advance()) {
      if (atEnd() || is("{") || is("}") || is(";")) {
        fail("expected `)` after the arguments of `" + name + "`");
        break;
      }
      if (is(",")) continue;
      if (!arguments.empty() && (joined || is(":"))) {
        arguments.back().text += token_;
      } else {
        arguments.push_back({token_, quoted_});
      }
      joined = is(":");
    }
    return arguments;
  }

  // `name (arguments)` followed by a body, or as a complex attribute by `;` or nothing.
  void statementWithArguments(const std::string& name, LibertyGroup& into, bool isRoot) {
    const int line = lexer_.line();
    std::vector<LibertyWord> arguments = argumentsOf(name);
    if (error_) return;
    advance();
    if (!is("{")) {
      if (isRoot) return fail("expected `{` after `" + name + " (...)`");
      if (is(";")) advance();
      if (name == "include_file") return include(arguments, into);
      into.attributes.push_back({name, {}, std::move(arguments), true, line});
      return;
    }
    if (!isRoot && options_.skip != nullptr && options_.skip(name)) {
      if (!lexer_.skipGroup()) return fail("group `" + name + "` is not closed");
      return advance();
    }
    LibertyGroup group{name, std::move(arguments), {}, {}, line};
    body(group);
    if (isRoot) {
      into = std::move(group);
    } else {
      into.groups.push_back(std::move(group));
    }
  }

  void include(const std::vector<LibertyWord>& arguments, LibertyGroup& into) {
    const std::string file = arguments.empty() ? "" : arguments.front().text;
    if (depth_ >= kMostIncludes)
      return fail("`" + file + "` is included too deep: does it itself?");
    const auto text = options_.include ? options_.include(file) : std::nullopt;
    if (!text) return fail("the included file `" + file + "` cannot be read", true);
    Parser inner(*text, options_, file, depth_ + 1);
    const auto problem = inner.runIncluded(into);
    if (problem && !error_) error_ = problem;
  }

  void body(LibertyGroup& group) {
    advance();
    while (!error_ && !is("}")) {
      if (atEnd()) {
        return fail("group `" + group.name + "` of line " + std::to_string(group.line) +
                    " is not closed");
      }
      statement(group);
    }
    if (!error_) advance();
  }

  void statement(LibertyGroup& group) {
    if (is(";")) return advance();
    const std::string name = token_;
    advance();
    if (is(":")) {
      attribute(name, group);
    } else if (is("(")) {
      statementWithArguments(name, group, false);
    } else {
      fail("expected `:` or `(` after `" + name + "`");
    }
  }

  // `name : value ;`, where an unquoted value may be an expression and the `;` may be missing at
  // the end of a line or group.
  void attribute(const std::string& name, LibertyGroup& group) {
    LibertyWord value;
    const int line = lexer_.line();
    int last = 0;  // line of the last word taken; a word on a later one is the next statement's
    for (advance(); !is(";") && !is("}") && (last == 0 || lexer_.line() == last); advance()) {
      if (atEnd()) return fail("attribute `" + name + "` is not finished");
      value.quoted = last == 0 && quoted_;
      value.text += (last == 0 ? "" : " ") + token_;
      last = lexer_.line();
    }
    if (is(";")) advance();
    group.attributes.push_back({name, std::move(value), {}, false, line});
  }

  Lexer lexer_;
  const LibertySyntaxOptions& options_;
  std::string file_;
  int depth_ = 0;
  std::string token_;
  bool quoted_ = false;
  std::optional<LibertySyntaxError> error_;
};

// Bare where it was bare: tools tell numbers and keywords from strings by it.
std::string written(const LibertyWord& word) {
  return word.quoted || word.text.empty() ? '"' + word.text + '"' : word.text;
}

std::string written(const std::vector<LibertyWord>& words) {
  std::string out;
  for (const LibertyWord& word : words) out += (out.empty() ? "" : ", ") + written(word);
  return out;
}

}  // namespace

const LibertyAttribute* LibertyGroup::find(std::string_view attributeName) const {
  const auto found = std::find_if(attributes.rbegin(), attributes.rend(), [&](const auto& each) {
    return !each.isComplex && each.name == attributeName;
  });
  return found == attributes.rend() ? nullptr : &*found;
}

const LibertyAttribute* LibertyGroup::findComplex(std::string_view attributeName) const {
  const auto found = std::find_if(attributes.rbegin(), attributes.rend(), [&](const auto& each) {
    return each.isComplex && each.name == attributeName;
  });
  return found == attributes.rend() ? nullptr : &*found;
}

const std::string* LibertyGroup::attribute(std::string_view attributeName) const {
  const LibertyAttribute* const found = find(attributeName);
  return found == nullptr ? nullptr : &found->value.text;
}

LibertyParse parseLibertyGroups(std::string_view text, const LibertySyntaxOptions& options) {
  return Parser(text, options, {}, 0).run();
}

void printLiberty(const LibertyGroup& group, const std::function<bool(const LibertyGroup&)>& keep,
                  std::string& out, int depth) {
  const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
  out += indent + group.name + " (" + written(group.arguments) + ") {\n";
  for (const LibertyAttribute& each : group.attributes) {
    out += indent + "  " + each.name +
           (each.isComplex ? " (" + written(each.arguments) + ")" : " : " + written(each.value)) +
           ";\n";
  }
  for (const LibertyGroup& member : group.groups) {
    if (keep(member)) printLiberty(member, keep, out, depth + 1);
  }
  out += indent + "}\n";
}

}  // namespace aegen::flows
