#include "cpp_types.hpp"

#include <fmt/format.h>

namespace aegen::rtl_gen {

using core::FixedFormat;

namespace {

const std::set<std::string, std::less<>>& reservedWords() {
  static const std::set<std::string, std::less<>> words{"alignas",      "alignof",
                                                        "and",          "and_eq",
                                                        "asm",          "auto",
                                                        "bitand",       "bitor",
                                                        "bool",         "break",
                                                        "case",         "catch",
                                                        "char",         "char16_t",
                                                        "char32_t",     "class",
                                                        "compl",        "const",
                                                        "const_cast",   "constexpr",
                                                        "continue",     "decltype",
                                                        "default",      "delete",
                                                        "do",           "double",
                                                        "dynamic_cast", "else",
                                                        "enum",         "explicit",
                                                        "export",       "extern",
                                                        "false",        "float",
                                                        "for",          "friend",
                                                        "goto",         "if",
                                                        "inline",       "int",
                                                        "long",         "mutable",
                                                        "namespace",    "new",
                                                        "noexcept",     "not",
                                                        "not_eq",       "nullptr",
                                                        "operator",     "or",
                                                        "or_eq",        "private",
                                                        "protected",    "public",
                                                        "register",     "reinterpret_cast",
                                                        "return",       "short",
                                                        "signed",       "sizeof",
                                                        "static",       "static_assert",
                                                        "static_cast",  "struct",
                                                        "switch",       "template",
                                                        "this",         "thread_local",
                                                        "throw",        "true",
                                                        "try",          "typedef",
                                                        "typeid",       "typename",
                                                        "union",        "unsigned",
                                                        "using",        "virtual",
                                                        "void",         "volatile",
                                                        "wchar_t",      "while",
                                                        "xor",          "xor_eq",
                                                        "std",          "i32",
                                                        "i64",          "u64",
                                                        "signExtended", "floorLog2",
                                                        "sc_core",      "sc_dt",
                                                        "linux",        "unix",
                                                        "main",         "NULL",
                                                        "EOF",          "errno",
                                                        "assert",       "signals"};
  return words;
}

}  // namespace

bool isWide(const FixedFormat& format) {
  return !kInt32.contains(format.range());
}

std::string_view cppType(const FixedFormat& format) {
  return isWide(format) ? "i64" : "i32";
}

std::string cppLiteral(std::int64_t value, bool wide) {
  const char* const suffix = wide ? "LL" : "";
  if (wide ? value == kInt64.low : value == kInt32.low) {
    return fmt::format("(-{}{} - 1)", -(value + 1), suffix);
  }
  return value < 0 ? fmt::format("({}{})", value, suffix) : fmt::format("{}{}", value, suffix);
}

std::string cppIdentifier(std::string_view name, const std::set<std::string, std::less<>>& taken) {
  std::string result(name);
  while (reservedWords().contains(result) || taken.contains(result)) result += '_';
  return result;
}

std::string cppFunctionName(std::string_view function) {
  // A prefix keeps functions apart from the variables of their callers.
  return "f_" + std::string(function);
}

std::string_view cppFunctionPrelude() {
  return R"(  using i32 = std::int32_t;
  using i64 = std::int64_t;
  using u64 = std::uint64_t;

  /// The low Width bits of x in two's complement.
  template <int Width>
  static constexpr i64 signExtended(i64 x) {
    return i64(u64(x) << (64 - Width)) >> (64 - Width);
  }
  /// The place of the highest one; 0 for 0.
  static constexpr i32 floorLog2(i64 x) { return x == 0 ? 0 : 63 - __builtin_clzll(u64(x)); }
  /// x / 2^Bits to the nearest integer, halves to the even one, for x near the ends of 64 bits.
  template <int Bits>
  static constexpr i64 nearestEven(i64 x) {
    const i64 floor = x >> Bits;
    const u64 rest = u64(x) - (u64(floor) << Bits);
    const u64 half = u64(1) << (Bits - 1);
    return floor + (rest > half || (rest == half && (floor & 1) != 0) ? 1 : 0);
  }
)";
}

std::string cppWrap(const std::string& expression, const FixedFormat& format) {
  const bool simple = expression.find(' ') == std::string::npos;
  const std::string term = simple ? expression : "(" + expression + ")";
  const std::string text = format.isSigned
                               ? fmt::format("signExtended<{}>({})", format.width, expression)
                               : fmt::format("{} & {}LL", term, format.maxRaw());
  return isWide(format) ? text : fmt::format("i32({})", text);
}

}  // namespace aegen::rtl_gen
