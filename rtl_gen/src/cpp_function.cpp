#include "cpp_function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

namespace aegen::rtl_gen {
namespace {

using core::FixedFormat;
using core::Function;
using core::Instruction;
using core::Interval;
using core::Op;
using core::Overflow;
using core::Port;
using core::Program;
using core::Rounding;
using core::ValueId;

__extension__ using Int128 = __int128;

/// What an operation can produce before it is cut to its result's format.
struct Exact {
  Int128 low = 0;
  Int128 high = 0;

  Exact() = default;
  Exact(Int128 a, Int128 b) : low(a), high(b) {}
  explicit Exact(const Interval& range) : low(range.low), high(range.high) {}

  [[nodiscard]] bool within(const Interval& range) const {
    return range.low <= low && high <= range.high;
  }
};

constexpr Interval kInt32{std::numeric_limits<std::int32_t>::min(),
                          std::numeric_limits<std::int32_t>::max()};
constexpr Interval kInt64{std::numeric_limits<std::int64_t>::min(),
                          std::numeric_limits<std::int64_t>::max()};

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

std::string literal(std::int64_t value, bool wide) {
  const char* const suffix = wide ? "LL" : "";
  if (wide ? value == kInt64.low : value == kInt32.low) {
    return fmt::format("(-{}{} - 1)", -(value + 1), suffix);
  }
  return value < 0 ? fmt::format("({}{})", value, suffix) : fmt::format("{}{}", value, suffix);
}

/// Where a value lives in the printed function.
struct Place {
  enum class Kind : std::uint8_t { None, Constant, Scalar, Element };
  Kind kind = Kind::None;
  std::string name;       ///< variable, or array when kind is Element
  std::size_t index = 0;  ///< in the array
};

class FunctionPrinter {
 public:
  FunctionPrinter(const Program& program, const Function& function)
      : program_(program),
        function_(function),
        places_(function.values.size()),
        intervals_(function.values.size()),
        live_(function.values.size(), false) {}

  std::string print();

 private:
  [[nodiscard]] const FixedFormat& format(ValueId id) const { return function_.values[id].format; }
  [[nodiscard]] bool wide(ValueId id) const { return isWide(format(id)); }

  std::string unique(std::string_view wish);
  std::string localName(ValueId id);
  void markLive();
  void header();
  void body(const Instruction& instruction);
  void call(const Instruction& instruction);
  std::string argument(const Port& port, const ValueId* operands);
  void outputs();

  /// The value as an expression of type i32 or i64; never i32 when the value is wide.
  [[nodiscard]] std::string use(ValueId id, bool asWide) const;
  [[nodiscard]] std::string use(ValueId id) const { return use(id, wide(id)); }

  /// Declares the result and stores `expression`, of type i64 when `isWideExpression`, cut to it.
  void define(const Instruction& instruction, const std::string& expression, bool isWideExpression,
              const Exact& exact);

  void arithmetic(const Instruction& instruction, char symbol, const Exact& exact);
  void shiftLeft(const Instruction& instruction);
  void shiftLeftBy(const Instruction& instruction);
  void shiftRight(const Instruction& instruction);
  void shiftRightBy(const Instruction& instruction);
  void reinterpret(const Instruction& instruction);
  void bitwise(const Instruction& instruction, char symbol);
  void compare(const Instruction& instruction, std::string_view symbol);
  void choose(const Instruction& instruction, std::string_view symbol, const Exact& exact);
  void select(const Instruction& instruction);
  void leadingOne(const Instruction& instruction);
  void requantize(const Instruction& instruction);
  void requantizeUp(const Instruction& instruction, int grow);
  std::string rounded(ValueId a, int drop, Rounding rounding, bool& isWideExpression);
  void lookup(const Instruction& instruction);
  void pick(const Instruction& instruction);
  void slice(const Instruction& instruction);
  void concat(const Instruction& instruction);

  template <typename... Args>
  void line(fmt::format_string<Args...> text, Args&&... args) {
    text_ += "    " + fmt::format(text, std::forward<Args>(args)...) + "\n";
  }

  const Program& program_;
  const Function& function_;
  std::vector<Place> places_;
  std::vector<Interval> intervals_;
  std::vector<bool> live_;
  std::set<std::string, std::less<>> names_;
  std::vector<std::string> outputNames_;
  std::string text_;
};

std::string FunctionPrinter::unique(std::string_view wish) {
  std::string name = cppIdentifier(wish, names_);
  names_.insert(name);
  return name;
}

std::string FunctionPrinter::localName(ValueId id) {
  const std::string& hint = function_.values[id].name;
  return unique(hint.empty() ? "v" + std::to_string(id) : hint);
}

void FunctionPrinter::markLive() {
  for (const ValueId id : function_.outputValues) live_[id] = true;
  for (auto i = function_.instructions.rbegin(); i != function_.instructions.rend(); ++i) {
    const auto isLive = [&](ValueId id) { return live_[id]; };
    if (!std::ranges::any_of(i->results, isLive)) continue;
    for (const ValueId operand : i->operands) live_[operand] = true;
  }
}

std::string portText(const Port& port) {
  const std::string count = port.count == 1 ? "" : fmt::format("[{}]", port.count);
  return fmt::format("{}{} {}", port.name, count, port.format.text());
}

void FunctionPrinter::header() {
  std::vector<std::string> in;
  std::vector<std::string> out;
  std::vector<std::string> parameters;
  ValueId next = 0;
  for (const Port& port : function_.inputs) {
    in.push_back(portText(port));
    const std::string name = unique(port.name);
    const bool used = std::any_of(live_.begin() + next, live_.begin() + next + port.count,
                                  [](bool live) { return live; });
    parameters.push_back(
        fmt::format("{}{} {}", port.count == 1 ? "" : "const ",
                    std::string(cppType(port.format)) + (port.count == 1 ? "" : "*"),
                    used ? name : "/*" + name + "*/"));
    for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
      places_[next] = port.count == 1 ? Place{Place::Kind::Scalar, name, 0}
                                      : Place{Place::Kind::Element, name, i};
      intervals_[next] = port.format.range();
    }
  }
  for (const Port& port : function_.outputs) {
    out.push_back(portText(port));
    outputNames_.push_back(unique(port.name));
    parameters.push_back(fmt::format("{}{} {}", cppType(port.format), port.count == 1 ? "&" : "*",
                                     outputNames_.back()));
  }
  if (!function_.comment.empty()) text_ += "  /// " + function_.comment + "\n";
  text_ += fmt::format("  /// ({}) -> ({})\n", fmt::join(in, ", "), fmt::join(out, ", "));
  text_ += fmt::format("  static inline void {}({}) {{\n", cppFunctionName(function_.name),
                       fmt::join(parameters, ", "));
}

std::string FunctionPrinter::print() {
  markLive();
  header();
  for (const Instruction& instruction : function_.instructions) {
    const auto isLive = [&](ValueId id) { return live_[id]; };
    if (std::ranges::any_of(instruction.results, isLive)) body(instruction);
  }
  outputs();
  text_ += "  }\n";
  return std::move(text_);
}

void FunctionPrinter::outputs() {
  std::size_t next = 0;
  for (std::size_t p = 0; p < function_.outputs.size(); ++p) {
    const Port& port = function_.outputs[p];
    for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
      const std::string target =
          port.count == 1 ? outputNames_[p] : fmt::format("{}[{}]", outputNames_[p], i);
      line("{} = {};", target, use(function_.outputValues[next]));
    }
  }
}

std::string FunctionPrinter::use(ValueId id, bool asWide) const {
  const Place& place = places_[id];
  std::string text;
  switch (place.kind) {
    case Place::Kind::None:
    case Place::Kind::Constant:
      return literal(intervals_[id].low, asWide);
    case Place::Kind::Scalar:
      text = place.name;
      break;
    case Place::Kind::Element:
      text = fmt::format("{}[{}]", place.name, place.index);
      break;
  }
  return asWide && !wide(id) ? fmt::format("i64({})", text) : text;
}

void FunctionPrinter::define(const Instruction& instruction, const std::string& expression,
                             bool isWideExpression, const Exact& exact) {
  const ValueId id = instruction.results[0];
  const FixedFormat& to = format(id);
  const bool fits = exact.within(to.range());
  std::string stored = expression;
  if (!fits) {
    stored = cppWrap(isWideExpression ? expression : fmt::format("i64({})", expression), to);
  } else if (isWideExpression && !isWide(to)) {
    stored = fmt::format("i32({})", expression);
  }
  intervals_[id] =
      fits ? Interval{static_cast<std::int64_t>(exact.low), static_cast<std::int64_t>(exact.high)}
           : to.range();
  places_[id] = {Place::Kind::Scalar, localName(id), 0};
  line("const {} {} = {};", cppType(to), places_[id].name, stored);
}

/// Add, Sub, Mul in the narrowest type that holds the exact result, modulo 2^64 when none does.
void FunctionPrinter::arithmetic(const Instruction& instruction, char symbol, const Exact& exact) {
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  if (exact.within(kInt32) && !wide(a) && !wide(b)) {
    define(instruction, fmt::format("{} {} {}", use(a), symbol, use(b)), false, exact);
  } else if (exact.within(kInt64)) {
    define(instruction, fmt::format("{} {} {}", use(a, true), symbol, use(b, true)), true, exact);
  } else {
    define(instruction, fmt::format("i64(u64({}) {} u64({}))", use(a, true), symbol, use(b, true)),
           true, exact);
  }
}

void FunctionPrinter::shiftLeft(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const int bits = static_cast<int>(instruction.immediate);
  const Int128 factor = Int128{1} << bits;
  const Exact exact(intervals_[a].low * factor, intervals_[a].high * factor);
  if (exact.within(kInt32) &&
      !wide(a)) {  // a product: shifting a negative number left is undefined
    define(instruction, fmt::format("{} * {}", use(a), 1LL << bits), false, exact);
  } else if (exact.within(kInt64) && bits < 63) {
    define(instruction, fmt::format("{} * {}LL", use(a, true), 1LL << bits), true, exact);
  } else {
    define(instruction, fmt::format("i64(u64({}) << {})", use(a, true), bits), true, exact);
  }
}

void FunctionPrinter::shiftLeftBy(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  const auto shifted = [](std::int64_t value, std::int64_t bits) {
    return Int128{value} * (Int128{1} << bits);
  };
  const Interval& bits = intervals_[b];
  const Exact exact(
      std::min(shifted(intervals_[a].low, bits.low), shifted(intervals_[a].low, bits.high)),
      std::max(shifted(intervals_[a].high, bits.low), shifted(intervals_[a].high, bits.high)));
  const bool narrow = exact.within(kInt32) && !wide(a) && intervals_[a].low >= 0;
  const std::string amount = use(b, false);
  if (narrow) {
    define(instruction, fmt::format("{} << {}", use(a), amount), false, exact);
  } else {
    define(instruction, fmt::format("i64(u64({}) << {})", use(a, true), amount), true, exact);
  }
}

void FunctionPrinter::shiftRight(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const auto bits = std::min<std::int64_t>(instruction.immediate, wide(a) ? 63 : 31);
  define(instruction, fmt::format("{} >> {}", use(a), bits), wide(a),
         Exact(intervals_[a].low >> bits, intervals_[a].high >> bits));
}

void FunctionPrinter::shiftRightBy(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  const Interval& bits = intervals_[b];  // an amount has at most 6 bits: 64-bit shifts are defined
  const Exact exact(std::min(intervals_[a].low >> bits.low, intervals_[a].low >> bits.high),
                    std::max(intervals_[a].high >> bits.low, intervals_[a].high >> bits.high));
  const bool asWide = wide(a) || bits.high > 31;
  define(instruction, fmt::format("{} >> {}", use(a, asWide), use(b, false)), asWide, exact);
}

void FunctionPrinter::reinterpret(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const ValueId result = instruction.results[0];
  const bool sameRaw = format(result).range().contains(intervals_[a]) && wide(a) == wide(result);
  if (sameRaw && function_.values[result].name.empty()) {  // another name for the same integer
    places_[result] = places_[a];
    intervals_[result] = intervals_[a];
    return;
  }
  define(instruction, use(a), wide(a), Exact(intervals_[a]));
}

void FunctionPrinter::bitwise(const Instruction& instruction, char symbol) {
  const ValueId result = instruction.results[0];
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  const Exact exact = symbol == '&' ? Exact(0, std::min(intervals_[a].high, intervals_[b].high))
                                    : Exact(format(result).range());
  define(instruction, fmt::format("{} {} {}", use(a), symbol, use(b)), wide(result), exact);
}

void FunctionPrinter::compare(const Instruction& instruction, std::string_view symbol) {
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  define(instruction, fmt::format("{} {} {} ? 1 : 0", use(a), symbol, use(b)), false, Exact(0, 1));
}

/// Min and Max.
void FunctionPrinter::choose(const Instruction& instruction, std::string_view symbol,
                             const Exact& exact) {
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  const bool asWide = wide(a) || wide(b);
  define(instruction,
         fmt::format("({0} {1} {2} ? {0} : {2})", use(a, asWide), symbol, use(b, asWide)), asWide,
         exact);
}

void FunctionPrinter::select(const Instruction& instruction) {
  const auto [condition, b, c] =
      std::tuple(instruction.operands[0], instruction.operands[1], instruction.operands[2]);
  const bool asWide = wide(b) || wide(c);
  define(instruction, fmt::format("({} ? {} : {})", use(condition), use(b, asWide), use(c, asWide)),
         asWide, Exact(intervals_[b].join(intervals_[c])));
}

void FunctionPrinter::leadingOne(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const auto log2 = [](std::int64_t value) {
    return value <= 0 ? 0 : std::bit_width(static_cast<std::uint64_t>(value)) - 1;
  };
  define(instruction, fmt::format("floorLog2({})", use(a, true)), false,
         Exact(log2(intervals_[a].low), log2(intervals_[a].high)));
}

/// a * 2^grow into the result's format, grow >= 0.
void FunctionPrinter::requantizeUp(const Instruction& instruction, int grow) {
  const ValueId a = instruction.operands[0];
  const Interval to = format(instruction.results[0]).range();
  const Interval& from = intervals_[a];
  const int bits = std::min(grow, 63);  // past 63 every bit of `a` is above the widest format
  if (instruction.overflow == Overflow::Wrap) {
    if (grow > 63) return define(instruction, "0", false, Exact(0, 0));
    Instruction shift = instruction;
    shift.immediate = bits;
    return shiftLeft(shift);
  }
  // Compared before it is shifted, with the largest and smallest `a` that stay inside.
  const Interval limits{-(-to.low >> bits), to.high >> bits};
  const auto scaled = [&](std::int64_t value) {
    if (value > limits.high) return to.high;
    if (value < limits.low) return to.low;
    return value * (std::int64_t{1} << bits);  // |value| <= 2^(62 - bits) or 0
  };
  const Exact exact(scaled(from.low), scaled(from.high));
  const std::string source = use(a, true);
  std::string text = limits == Interval{} ? "0LL" : fmt::format("{} * {}LL", source, 1LL << bits);
  if (from.low < limits.low) {
    text = fmt::format("({} < {} ? {} : {})", source, literal(limits.low, true),
                       literal(to.low, true), text);
  }
  if (from.high > limits.high) {
    text = fmt::format("({} > {} ? {} : {})", source, literal(limits.high, true),
                       literal(to.high, true), text);
  }
  define(instruction, text, true, exact);
}

/// floor, round ... of a / 2^drop, drop > 0, without leaving 64 bits on the way.
std::string FunctionPrinter::rounded(ValueId a, int drop, Rounding rounding,
                                     bool& isWideExpression) {
  const Interval& from = intervals_[a];
  const auto inWord = [&](std::int64_t addend) {  // whether a + addend stays in a's own type
    const Exact sum(Int128{from.low}, Int128{from.high} + addend);
    return sum.within(wide(a) ? kInt64 : kInt32);
  };
  const int bits = wide(a) ? 63 : 31;
  isWideExpression = wide(a);
  const std::string source = use(a);
  const std::int64_t half = drop <= 62 ? std::int64_t{1} << (drop - 1) : 0;
  const std::int64_t rest = drop <= 62 ? (std::int64_t{1} << drop) - 1 : 0;
  switch (rounding) {
    case Rounding::Floor:
      return fmt::format("{} >> {}", source, std::min(drop, bits));
    case Rounding::TowardZero:
      if (from.low >= 0) return fmt::format("{} >> {}", source, std::min(drop, bits));
      if (drop > 62) return isWideExpression ? "0LL" : "0";
      isWideExpression = true;
      return fmt::format("({0} + ({0} < 0 ? {1}LL : 0LL)) >> {2}", use(a, true), rest, drop);
    case Rounding::NearestUp:
      if (drop < bits && inWord(half)) return fmt::format("({} + {}) >> {}", source, half, drop);
      // The floor and the bit below it.
      return fmt::format("({0} >> {1}) + (({0} >> {2}) & 1)", source, std::min(drop, bits),
                         std::min(drop - 1, bits));
    case Rounding::NearestEven:
      if (drop >= 64) return isWideExpression ? "0LL" : "0";
      if (drop < bits && inWord(half)) {
        return fmt::format("({0} + {1} + (({0} >> {2}) & 1)) >> {2}", source, half - 1, drop);
      }
      isWideExpression = true;
      return fmt::format("nearestEven<{}>({})", drop, use(a, true));
  }
  return {};
}

void FunctionPrinter::requantize(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const FixedFormat& to = format(instruction.results[0]);
  const int drop = format(a).fraction - to.fraction;
  if (drop <= 0) return requantizeUp(instruction, -drop);

  bool isWideExpression = false;
  const std::string text = rounded(a, drop, instruction.rounding, isWideExpression);
  // Rounding is monotone, so the ends bound the result. Halved at least, the rounded value of any
  // number is within -2^62 .. 2^62: signed for the one end, unsigned for the other.
  const auto end = [&](std::int64_t value) {
    const FixedFormat roomy{value < 0, core::kMaxWidth, to.fraction};
    return core::requantize(value, format(a).fraction, roomy, instruction.rounding,
                            Overflow::Saturate);
  };
  const Interval bounds{end(intervals_[a].low), end(intervals_[a].high)};
  const Interval range = to.range();
  if (instruction.overflow == Overflow::Wrap || range.contains(bounds)) {
    return define(instruction, text, isWideExpression, Exact(bounds));
  }
  const std::string name = unique("rounded" + std::to_string(instruction.results[0]));
  line("const {} {} = {};", isWideExpression ? "i64" : "i32", name, text);
  std::string clamped = name;
  if (bounds.low < range.low) {
    clamped = fmt::format("({} < {} ? {} : {})", name, literal(range.low, isWideExpression),
                          literal(range.low, isWideExpression), clamped);
  }
  if (bounds.high > range.high) {
    clamped = fmt::format("({} > {} ? {} : {})", name, literal(range.high, isWideExpression),
                          literal(range.high, isWideExpression), clamped);
  }
  define(instruction, clamped, isWideExpression,
         Exact(std::clamp(bounds.low, range.low, range.high),
               std::clamp(bounds.high, range.low, range.high)));
}

void FunctionPrinter::lookup(const Instruction& instruction) {
  const ValueId index = instruction.operands[0];
  const ValueId result = instruction.results[0];
  const auto size = static_cast<std::int64_t>(instruction.table.size());
  std::vector<std::string> entries;
  for (const std::int64_t entry : instruction.table)
    entries.push_back(literal(entry, wide(result)));
  const std::string table = unique("table" + std::to_string(result));
  line("static constexpr {} {}[] = {{{}}};", cppType(format(result)), table,
       fmt::join(entries, ", "));
  const bool inside = intervals_[index].high < size;
  const std::string element = fmt::format("{}[{}]", table, use(index));
  define(instruction,
         inside ? element : fmt::format("({} < {} ? {} : 0)", use(index), size, element),
         wide(result), Exact(format(result).range()));
}

void FunctionPrinter::pick(const Instruction& instruction) {
  const ValueId index = instruction.operands[0];
  const std::vector<ValueId> choices(instruction.operands.begin() + 1, instruction.operands.end());
  const bool asWide = std::ranges::any_of(choices, [&](ValueId id) { return wide(id); });
  const auto size = static_cast<std::int64_t>(choices.size());
  const bool inside = intervals_[index].high < size;
  Interval range = inside ? intervals_[choices[0]] : Interval{};
  std::vector<std::string> texts;
  for (const ValueId choice : choices) {
    texts.push_back(use(choice, asWide));
    range = range.join(intervals_[choice]);
  }
  const std::string list = unique("choices" + std::to_string(instruction.results[0]));
  line("const {} {}[] = {{{}}};", asWide ? "i64" : "i32", list, fmt::join(texts, ", "));
  const std::string element = fmt::format("{}[{}]", list, use(index));
  define(instruction,
         inside ? element : fmt::format("({} < {} ? {} : 0)", use(index), size, element), asWide,
         Exact(range));
}

void FunctionPrinter::slice(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const ValueId result = instruction.results[0];
  const auto low = instruction.immediate;  // low + width <= a's width, so the shift is defined
  const Interval shifted{intervals_[a].low >> low, intervals_[a].high >> low};
  const Interval range = format(result).range();
  const bool asWide = wide(a) || wide(result);
  const std::string text = low == 0 ? use(a, asWide) : fmt::format("{} >> {}", use(a, asWide), low);
  if (range.contains(shifted)) return define(instruction, text, asWide, Exact(shifted));
  const std::string term = low == 0 ? text : "(" + text + ")";
  define(instruction, fmt::format("{} & {}", term, literal(range.high, asWide)), asWide,
         Exact(range));
}

void FunctionPrinter::concat(const Instruction& instruction) {
  const bool asWide = wide(instruction.results[0]);
  int offset = format(instruction.results[0]).width;
  std::vector<std::string> parts;
  for (const ValueId operand : instruction.operands) {
    offset -= format(operand).width;
    const std::string part = use(operand, asWide);
    parts.push_back(offset == 0 ? part : fmt::format("({} << {})", part, offset));
  }
  define(instruction, fmt::format("{}", fmt::join(parts, " | ")), asWide,
         Exact(format(instruction.results[0]).range()));
}

/// An argument for a port: the variable itself where it is one, else a local array.
std::string FunctionPrinter::argument(const Port& port, const ValueId* operands) {
  if (port.count == 1) return use(operands[0]);
  const Place& first = places_[operands[0]];
  bool consecutive = first.kind == Place::Kind::Element;
  bool constant = true;
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < port.count; ++i) {
    const Place& place = places_[operands[i]];
    consecutive = consecutive && place.kind == Place::Kind::Element && place.name == first.name &&
                  place.index == first.index + i;
    constant = constant && place.kind == Place::Kind::Constant;
    texts.push_back(use(operands[i]));
  }
  if (consecutive) {
    return first.index == 0 ? first.name : fmt::format("{} + {}", first.name, first.index);
  }
  const std::string name = unique(fmt::format("{}_{}", port.name, text_.size()));
  line("{} {} {}[] = {{{}}};", constant ? "static constexpr" : "const", cppType(port.format), name,
       fmt::join(texts, ", "));
  return name;
}

void FunctionPrinter::call(const Instruction& instruction) {
  const Function& callee = *program_.find(instruction.callee);
  std::vector<std::string> arguments;
  const ValueId* operand = instruction.operands.data();
  for (const Port& port : callee.inputs) {
    arguments.push_back(argument(port, operand));
    operand += port.count;
  }
  std::size_t next = 0;
  for (const Port& port : callee.outputs) {
    const ValueId first = instruction.results[next];
    const std::string name =
        port.count == 1 ? localName(first) : unique(fmt::format("{}_{}", port.name, first));
    line("{} {}{};", cppType(port.format), name,
         port.count == 1 ? "" : fmt::format("[{}]", port.count));
    for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
      const ValueId id = instruction.results[next];
      places_[id] = port.count == 1 ? Place{Place::Kind::Scalar, name, 0}
                                    : Place{Place::Kind::Element, name, i};
      intervals_[id] = port.format.range();
    }
    arguments.push_back(name);
  }
  line("{}({});", cppFunctionName(callee.name), fmt::join(arguments, ", "));
}

void FunctionPrinter::body(const Instruction& instruction) {
  const auto in = [&](std::size_t i) -> const Interval& {
    return intervals_[instruction.operands[i]];
  };
  switch (instruction.op) {
    case Op::Const:
      places_[instruction.results[0]].kind = Place::Kind::Constant;
      intervals_[instruction.results[0]] = {instruction.immediate, instruction.immediate};
      return;
    case Op::Add:
      return arithmetic(instruction, '+',
                        Exact(Int128{in(0).low} + in(1).low, Int128{in(0).high} + in(1).high));
    case Op::Sub:
      return arithmetic(instruction, '-',
                        Exact(Int128{in(0).low} - in(1).high, Int128{in(0).high} - in(1).low));
    case Op::Mul: {
      const auto [low, high] =
          std::minmax({Int128{in(0).low} * in(1).low, Int128{in(0).low} * in(1).high,
                       Int128{in(0).high} * in(1).low, Int128{in(0).high} * in(1).high});
      return arithmetic(instruction, '*', Exact(low, high));
    }
    case Op::ShiftLeft:
      return shiftLeft(instruction);
    case Op::ShiftRight:
      return shiftRight(instruction);
    case Op::ShiftLeftBy:
      return shiftLeftBy(instruction);
    case Op::ShiftRightBy:
      return shiftRightBy(instruction);
    case Op::Reinterpret:
      return reinterpret(instruction);
    case Op::And:
      return bitwise(instruction, '&');
    case Op::Or:
      return bitwise(instruction, '|');
    case Op::Xor:
      return bitwise(instruction, '^');
    case Op::Not: {
      const bool asWide = wide(instruction.results[0]);
      const Interval range = format(instruction.results[0]).range();
      return define(
          instruction,
          fmt::format("{} - {}", literal(range.high, asWide), use(instruction.operands[0])), asWide,
          Exact(range.high - in(0).high, range.high - in(0).low));
    }
    case Op::Equal:
      return compare(instruction, "==");
    case Op::Less:
      return compare(instruction, "<");
    case Op::LessEqual:
      return compare(instruction, "<=");
    case Op::Select:
      return select(instruction);
    case Op::Min:
      return choose(instruction, "<",
                    Exact(std::min(in(0).low, in(1).low), std::min(in(0).high, in(1).high)));
    case Op::Max:
      return choose(instruction, ">",
                    Exact(std::max(in(0).low, in(1).low), std::max(in(0).high, in(1).high)));
    case Op::LeadingOne:
      return leadingOne(instruction);
    case Op::Requantize:
      return requantize(instruction);
    case Op::Lookup:
      return lookup(instruction);
    case Op::Pick:
      return pick(instruction);
    case Op::Slice:
      return slice(instruction);
    case Op::Concat:
      return concat(instruction);
    case Op::Call:
      return call(instruction);
  }
}

}  // namespace

bool isWide(const FixedFormat& format) {
  return !kInt32.contains(format.range());
}

std::string_view cppType(const FixedFormat& format) {
  return isWide(format) ? "i64" : "i32";
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

std::string printCppFunction(const Program& program, const Function& function) {
  return FunctionPrinter(program, function).print();
}

}  // namespace aegen::rtl_gen
