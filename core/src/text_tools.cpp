#include "aegen/core/text_tools.hpp"

#include <algorithm>

namespace aegen::core {
namespace {

// Of ASCII only: names must not depend on the locale.
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool isDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool isIdentifier(std::string_view text) {
  return !text.empty() && isLetter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return isLetter(c) || isDigit(c) || c == '_'; });
}

std::uint64_t digest(std::string_view text, std::uint64_t seed) {
  for (const char c : text) {
    seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return seed;
}

std::string digestText(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(16, '0');
  std::uint64_t value = digest(text);
  for (std::size_t i = out.size(); i-- > 0; value >>= 4) out[i] = kDigits[value & 15];
  return out;
}

}  // namespace aegen::core
