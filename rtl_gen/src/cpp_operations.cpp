#include "cpp_function_printer.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

namespace aegen::rtl_gen {

using core::Instruction;
using core::Interval;
using core::ValueId;

/// Add, Sub, Mul in the narrowest type that holds the exact result, modulo 2^64 when none does.
void CppFunctionPrinter::arithmetic(const Instruction& instruction, char symbol,
                                    const Exact& exact) {
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

void CppFunctionPrinter::shiftLeft(const Instruction& instruction) {
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

void CppFunctionPrinter::shiftLeftBy(const Instruction& instruction) {
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

void CppFunctionPrinter::shiftRight(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const auto bits = std::min<std::int64_t>(instruction.immediate, wide(a) ? 63 : 31);
  define(instruction, fmt::format("{} >> {}", use(a), bits), wide(a),
         Exact(intervals_[a].low >> bits, intervals_[a].high >> bits));
}

void CppFunctionPrinter::shiftRightBy(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  const Interval& bits = intervals_[b];  // an amount has at most 6 bits: 64-bit shifts are defined
  const Exact exact(std::min(intervals_[a].low >> bits.low, intervals_[a].low >> bits.high),
                    std::max(intervals_[a].high >> bits.low, intervals_[a].high >> bits.high));
  const bool asWide = wide(a) || bits.high > 31;
  define(instruction, fmt::format("{} >> {}", use(a, asWide), use(b, false)), asWide, exact);
}

void CppFunctionPrinter::reinterpret(const Instruction& instruction) {
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

void CppFunctionPrinter::bitwise(const Instruction& instruction, char symbol) {
  const ValueId result = instruction.results[0];
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  const Exact exact = symbol == '&' ? Exact(0, std::min(intervals_[a].high, intervals_[b].high))
                                    : Exact(format(result).range());
  define(instruction, fmt::format("{} {} {}", use(a), symbol, use(b)), wide(result), exact);
}

void CppFunctionPrinter::compare(const Instruction& instruction, std::string_view symbol) {
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  define(instruction, fmt::format("{} {} {} ? 1 : 0", use(a), symbol, use(b)), false, Exact(0, 1));
}

/// Min and Max.
void CppFunctionPrinter::choose(const Instruction& instruction, std::string_view symbol,
                                const Exact& exact) {
  const ValueId a = instruction.operands[0];
  const ValueId b = instruction.operands[1];
  const bool asWide = wide(a) || wide(b);
  define(instruction,
         fmt::format("({0} {1} {2} ? {0} : {2})", use(a, asWide), symbol, use(b, asWide)), asWide,
         exact);
}

void CppFunctionPrinter::select(const Instruction& instruction) {
  const auto [condition, b, c] =
      std::tuple(instruction.operands[0], instruction.operands[1], instruction.operands[2]);
  const bool asWide = wide(b) || wide(c);
  define(instruction, fmt::format("({} ? {} : {})", use(condition), use(b, asWide), use(c, asWide)),
         asWide, Exact(intervals_[b].join(intervals_[c])));
}

void CppFunctionPrinter::leadingOne(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const auto log2 = [](std::int64_t value) {
    return value <= 0 ? 0 : std::bit_width(static_cast<std::uint64_t>(value)) - 1;
  };
  define(instruction, fmt::format("floorLog2({})", use(a, true)), false,
         Exact(log2(intervals_[a].low), log2(intervals_[a].high)));
}

void CppFunctionPrinter::lookup(const Instruction& instruction) {
  const ValueId index = instruction.operands[0];
  const ValueId result = instruction.results[0];
  const auto size = static_cast<std::int64_t>(instruction.table.size());
  std::vector<std::string> entries;
  for (const std::int64_t entry : instruction.table)
    entries.push_back(cppLiteral(entry, wide(result)));
  const std::string table = unique("table" + std::to_string(result));
  line("static constexpr {} {}[] = {{{}}};", cppType(format(result)), table,
       fmt::join(entries, ", "));
  const bool inside = intervals_[index].high < size;
  const std::string element = fmt::format("{}[{}]", table, use(index));
  define(instruction,
         inside ? element : fmt::format("({} < {} ? {} : 0)", use(index), size, element),
         wide(result), Exact(format(result).range()));
}

void CppFunctionPrinter::pick(const Instruction& instruction) {
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

void CppFunctionPrinter::slice(const Instruction& instruction) {
  const ValueId a = instruction.operands[0];
  const ValueId result = instruction.results[0];
  const auto low = instruction.immediate;  // low + width <= a's width, so the shift is defined
  const Interval shifted{intervals_[a].low >> low, intervals_[a].high >> low};
  const Interval range = format(result).range();
  const bool asWide = wide(a) || wide(result);
  const std::string text = low == 0 ? use(a, asWide) : fmt::format("{} >> {}", use(a, asWide), low);
  if (range.contains(shifted)) return define(instruction, text, asWide, Exact(shifted));
  const std::string term = low == 0 ? text : "(" + text + ")";
  define(instruction, fmt::format("{} & {}", term, cppLiteral(range.high, asWide)), asWide,
         Exact(range));
}

void CppFunctionPrinter::concat(const Instruction& instruction) {
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

}  // namespace aegen::rtl_gen
