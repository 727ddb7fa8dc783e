#include "cpp_function.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "comment_line.hpp"
#include "cpp_function_printer.hpp"

namespace aegen::rtl_gen {

using core::FixedFormat;
using core::Function;
using core::Instruction;
using core::Interval;
using core::Op;
using core::Port;
using core::Program;
using core::ValueId;

namespace {

std::string portText(const Port& port) {
  const std::string count = port.count == 1 ? "" : fmt::format("[{}]", port.count);
  return fmt::format("{}{} {}", port.name, count, port.format.text());
}

}  // namespace

std::string CppFunctionPrinter::unique(std::string_view wish) {
  std::string name = cppIdentifier(wish, names_);
  names_.insert(name);
  return name;
}

std::string CppFunctionPrinter::localName(ValueId id) {
  const std::string& hint = function_.values[id].name;
  return unique(hint.empty() ? "v" + std::to_string(id) : hint);
}

void CppFunctionPrinter::markLive() {
  for (const ValueId id : function_.outputValues) live_[id] = true;
  for (auto i = function_.instructions.rbegin(); i != function_.instructions.rend(); ++i) {
    const auto isLive = [&](ValueId id) { return live_[id]; };
    if (!std::ranges::any_of(i->results, isLive)) continue;
    for (const ValueId operand : i->operands) live_[operand] = true;
  }
}

void CppFunctionPrinter::header() {
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
  if (!function_.comment.empty()) text_ += "  /// " + commentLine(function_.comment) + "\n";
  text_ += fmt::format("  /// ({}) -> ({})\n", fmt::join(in, ", "), fmt::join(out, ", "));
  text_ += fmt::format("  static inline void {}({}) {{\n", cppFunctionName(function_.name),
                       fmt::join(parameters, ", "));
}

std::string CppFunctionPrinter::print() {
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

void CppFunctionPrinter::outputs() {
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

std::string CppFunctionPrinter::use(ValueId id, bool asWide) const {
  const Place& place = places_[id];
  std::string text;
  switch (place.kind) {
    case Place::Kind::None:
    case Place::Kind::Constant:
      return cppLiteral(intervals_[id].low, asWide);
    case Place::Kind::Scalar:
      text = place.name;
      break;
    case Place::Kind::Element:
      text = fmt::format("{}[{}]", place.name, place.index);
      break;
  }
  return asWide && !wide(id) ? fmt::format("i64({})", text) : text;
}

void CppFunctionPrinter::define(const Instruction& instruction, const std::string& expression,
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

/// An argument for a port: the variable itself where it is one, else a local array.
std::string CppFunctionPrinter::argument(const Port& port, const ValueId* operands) {
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

void CppFunctionPrinter::call(const Instruction& instruction) {
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

void CppFunctionPrinter::body(const Instruction& instruction) {
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
          fmt::format("{} - {}", cppLiteral(range.high, asWide), use(instruction.operands[0])),
          asWide, Exact(range.high - in(0).high, range.high - in(0).low));
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

std::string printCppFunction(const Program& program, const Function& function) {
  return CppFunctionPrinter(program, function).print();
}

}  // namespace aegen::rtl_gen
