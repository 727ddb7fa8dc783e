// The functions of Liberty pins as truth tables.

#include <algorithm>
#include <array>

#include "aegen/flows/liberty.hpp"

namespace aegen::flows {

namespace {

constexpr std::size_t kMaxTableInputs = 6;

/// Recursive descent over a Liberty function; precedence ' ! ^ & |, juxtaposition is conjunction.
class FunctionParser {
 public:
  FunctionParser(std::string_view text, const std::vector<std::string>& inputs)
      : text_(text), inputs_(inputs) {
    const unsigned rows = 1U << inputs.size();
    all_ = rows == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << rows) - 1;
  }

  std::optional<std::uint64_t> run() {
    const std::uint64_t value = disjunction();
    skipBlank();
    if (bad_ || at_ != text_.size()) {
      return std::nullopt;
    }
    return value & all_;
  }

 private:
  void skipBlank() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  [[nodiscard]] char peek() {
    skipBlank();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) {
      return false;
    }
    ++at_;
    return true;
  }

  std::uint64_t disjunction() {
    std::uint64_t value = conjunction();
    while (take('|') || take('+')) {
      value |= conjunction();
    }
    return value;
  }

  std::uint64_t conjunction() {
    std::uint64_t value = parity();
    while (!bad_) {
      if (!take('&') && !take('*')) {
        const char c = peek();
        if (c == '\0' || c == ')' || c == '|' || c == '+' || c == '^') {
          break;
        }
      }
      value &= parity();
    }
    return value;
  }

  std::uint64_t parity() {
    std::uint64_t value = factor();
    while (take('^')) {
      value ^= factor();
    }
    return value;
  }

  std::uint64_t factor() {
    std::uint64_t value = 0;
    if (take('!')) {
      return ~factor();
    }
    if (take('(')) {
      value = disjunction();
      bad_ = bad_ || !take(')');
    } else {
      value = name();
    }
    while (take('\'')) {
      value = ~value;
    }
    return value;
  }

  std::uint64_t name() {
    skipBlank();
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           std::string_view(" \t!'()&*|+^").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word == "0" || word == "1") {
      return word == "1" ? all_ : 0;
    }
    const auto found = std::find(inputs_.begin(), inputs_.end(), word);
    if (word.empty() || found == inputs_.end()) {
      bad_ = true;
      return 0;
    }
    // Column k of all rows: 2^k rows of 0, then 2^k of 1, and so on.
    static constexpr std::array<std::uint64_t, kMaxTableInputs> kColumns = {
        0xAAAAAAAAAAAAAAAA, 0xCCCCCCCCCCCCCCCC, 0xF0F0F0F0F0F0F0F0,
        0xFF00FF00FF00FF00, 0xFFFF0000FFFF0000, 0xFFFFFFFF00000000};
    return kColumns[static_cast<std::size_t>(found - inputs_.begin())];
  }

  std::string_view text_;
  const std::vector<std::string>& inputs_;
  std::uint64_t all_ = 0;
  std::size_t at_ = 0;
  bool bad_ = false;
};

}  // namespace

std::optional<std::uint64_t> truthTable(std::string_view function,
                                        const std::vector<std::string>& inputs) {
  if (inputs.size() > kMaxTableInputs) {
    return std::nullopt;
  }
  return FunctionParser(function, inputs).run();
}

}  // namespace aegen::flows
