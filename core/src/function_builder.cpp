#include "aegen/core/function_builder.hpp"

#include <cassert>
#include <utility>

#include "interval_transfer.hpp"

namespace aegen::core {
FunctionBuilder::FunctionBuilder(const Program& program, std::string name, std::string comment)
    : program_(program) {
  function_.name = std::move(name);
  function_.comment = std::move(comment);
}

std::vector<ValueId> FunctionBuilder::input(std::string name, const FixedFormat& format,
                                            std::uint32_t count, Role role) {
  assert(function_.instructions.empty() && "ports come before the first operation");
  std::vector<ValueId> ids(count);
  for (ValueId& id : ids) id = newValue(format, format.range());
  function_.inputs.push_back({std::move(name), format, count, role});
  return ids;
}

void FunctionBuilder::output(std::string name, const FixedFormat& format,
                             std::span<const ValueId> elements) {
  for (const ValueId element : elements) {
    assert(format.range().contains(interval(element)) && "output format too narrow");
    const bool same = this->format(element) == format;
    function_.outputValues.push_back(same ? element : reinterpret(element, format));
  }
  function_.outputs.push_back(
      {std::move(name), format, static_cast<std::uint32_t>(elements.size()), Role::Output});
}

void FunctionBuilder::output(std::string name, const FixedFormat& format, ValueId element) {
  output(std::move(name), format, std::span<const ValueId>(&element, 1));
}

ValueId FunctionBuilder::constant(std::int64_t raw, int fraction) {
  return appendHolding({.op = Op::Const, .immediate = raw}, fraction);
}

ValueId FunctionBuilder::add(ValueId a, ValueId b) {
  return appendHolding({.op = Op::Add, .operands = {a, b}}, format(a).fraction);
}

ValueId FunctionBuilder::sub(ValueId a, ValueId b) {
  return appendHolding({.op = Op::Sub, .operands = {a, b}}, format(a).fraction);
}

ValueId FunctionBuilder::mul(ValueId a, ValueId b) {
  return appendHolding({.op = Op::Mul, .operands = {a, b}},
                       format(a).fraction + format(b).fraction);
}

ValueId FunctionBuilder::shiftLeft(ValueId a, int bits) {
  return appendHolding({.op = Op::ShiftLeft, .operands = {a}, .immediate = bits},
                       format(a).fraction);
}

ValueId FunctionBuilder::shiftRight(ValueId a, int bits) {
  return appendHolding({.op = Op::ShiftRight, .operands = {a}, .immediate = bits},
                       format(a).fraction);
}

ValueId FunctionBuilder::shiftLeftBy(ValueId a, ValueId bits) {
  return appendHolding({.op = Op::ShiftLeftBy, .operands = {a, bits}}, format(a).fraction);
}

ValueId FunctionBuilder::shiftRightBy(ValueId a, ValueId bits) {
  return appendHolding({.op = Op::ShiftRightBy, .operands = {a, bits}}, format(a).fraction);
}

ValueId FunctionBuilder::reinterpret(ValueId a, const FixedFormat& to) {
  return append({.op = Op::Reinterpret, .operands = {a}}, to);
}

ValueId FunctionBuilder::bitAnd(ValueId a, ValueId b) {
  return append({.op = Op::And, .operands = {a, b}}, format(a));
}

ValueId FunctionBuilder::bitOr(ValueId a, ValueId b) {
  return append({.op = Op::Or, .operands = {a, b}}, format(a));
}

ValueId FunctionBuilder::bitXor(ValueId a, ValueId b) {
  return append({.op = Op::Xor, .operands = {a, b}}, format(a));
}

ValueId FunctionBuilder::bitNot(ValueId a) {
  return append({.op = Op::Not, .operands = {a}}, format(a));
}

ValueId FunctionBuilder::equal(ValueId a, ValueId b) {
  return append({.op = Op::Equal, .operands = {a, b}}, {});
}

ValueId FunctionBuilder::less(ValueId a, ValueId b) {
  return append({.op = Op::Less, .operands = {a, b}}, {});
}

ValueId FunctionBuilder::lessEqual(ValueId a, ValueId b) {
  return append({.op = Op::LessEqual, .operands = {a, b}}, {});
}

ValueId FunctionBuilder::select(ValueId condition, ValueId ifOne, ValueId ifZero) {
  return appendHolding({.op = Op::Select, .operands = {condition, ifOne, ifZero}},
                       format(ifOne).fraction);
}

ValueId FunctionBuilder::min(ValueId a, ValueId b) {
  return appendHolding({.op = Op::Min, .operands = {a, b}}, format(a).fraction);
}

ValueId FunctionBuilder::max(ValueId a, ValueId b) {
  return appendHolding({.op = Op::Max, .operands = {a, b}}, format(a).fraction);
}

ValueId FunctionBuilder::leadingOne(ValueId a) {
  return appendHolding({.op = Op::LeadingOne, .operands = {a}}, 0);
}

ValueId FunctionBuilder::requantize(ValueId a, const FixedFormat& to, Rounding rounding,
                                    Overflow overflow) {
  return append({.op = Op::Requantize, .operands = {a}, .rounding = rounding, .overflow = overflow},
                to);
}

ValueId FunctionBuilder::lookup(ValueId index, std::vector<std::int64_t> table, int fraction) {
  return appendHolding({.op = Op::Lookup, .operands = {index}, .table = std::move(table)},
                       fraction);
}

ValueId FunctionBuilder::pick(ValueId index, std::span<const ValueId> values) {
  Instruction instruction{.op = Op::Pick, .operands = {index}};
  instruction.operands.insert(instruction.operands.end(), values.begin(), values.end());
  return appendHolding(std::move(instruction), format(values.front()).fraction);
}

ValueId FunctionBuilder::slice(ValueId a, int low, int width) {
  return append({.op = Op::Slice, .operands = {a}, .immediate = low}, {false, width, 0});
}

ValueId FunctionBuilder::concat(std::span<const ValueId> parts) {
  FixedFormat to{false, 0, 0};
  for (const ValueId part : parts) to.width += format(part).width;
  return append({.op = Op::Concat, .operands = {parts.begin(), parts.end()}}, to);
}

std::vector<ValueId> FunctionBuilder::call(std::string_view callee,
                                           std::span<const ValueId> operands) {
  const Function* const function = program_.find(callee);
  assert(function != nullptr && operands.size() == function->inputElements());
  Instruction instruction{.op = Op::Call, .callee = std::string(callee)};
  std::size_t next = 0;
  for (const Port& port : function->inputs) {
    for (std::uint32_t i = 0; i < port.count; ++i, ++next) {
      const ValueId operand = operands[next];
      assert(port.format.range().contains(interval(operand)) && "argument too wide");
      const bool same = format(operand) == port.format;
      instruction.operands.push_back(same ? operand : reinterpret(operand, port.format));
    }
  }
  for (const Port& port : function->outputs) {
    for (std::uint32_t i = 0; i < port.count; ++i) {
      instruction.results.push_back(newValue(port.format, port.format.range()));
    }
  }
  std::vector<ValueId> results = instruction.results;
  function_.instructions.push_back(std::move(instruction));
  return results;
}

ValueId FunctionBuilder::sum(std::span<const ValueId> terms) {
  assert(!terms.empty());
  if (terms.size() == 1) return terms.front();
  const std::size_t half = terms.size() / 2;
  const ValueId left = sum(terms.first(half));
  return add(left, sum(terms.subspan(half)));
}

ValueId FunctionBuilder::orAll(std::span<const ValueId> terms) {
  assert(!terms.empty());
  if (terms.size() == 1) return terms.front();
  const std::size_t half = terms.size() / 2;
  const ValueId left = orAll(terms.first(half));
  return bitOr(left, orAll(terms.subspan(half)));
}

ValueId FunctionBuilder::name(ValueId value, std::string name) {
  function_.values[value].name = std::move(name);
  return value;
}

void FunctionBuilder::assume(ValueId value, const Interval& interval) {
  intervals_[value] = interval;
}

const FixedFormat& FunctionBuilder::format(ValueId value) const {
  return function_.values[value].format;
}

const Interval& FunctionBuilder::interval(ValueId value) const {
  return intervals_[value];
}

Function FunctionBuilder::finish() && {
  return std::move(function_);
}

ValueId FunctionBuilder::newValue(const FixedFormat& format, const Interval& interval) {
  assert(format.width >= 1 && format.width <= kMaxWidth);
  function_.values.push_back({format, {}});
  intervals_.push_back(interval);
  return static_cast<ValueId>(function_.values.size() - 1);
}

WideInterval FunctionBuilder::exact(const Instruction& instruction,
                                    const FixedFormat& result) const {
  std::vector<Interval> intervals;
  std::vector<FixedFormat> formats;
  for (const ValueId operand : instruction.operands) {
    intervals.push_back(interval(operand));
    formats.push_back(format(operand));
  }
  return exactInterval(instruction, intervals, formats, result);
}

ValueId FunctionBuilder::append(Instruction instruction, const FixedFormat& format) {
  const WideInterval range = exact(instruction, format);
  return place(std::move(instruction), format,
               range.within(format.range()) ? range.clamped() : format.range());
}

ValueId FunctionBuilder::appendHolding(Instruction instruction, int fraction) {
  const WideInterval range = exact(instruction, {false, 1, fraction});
  assert(range.within(
             {-(std::int64_t{1} << (kMaxWidth - 1)), FixedFormat{false, kMaxWidth}.maxRaw()}) &&
         "value wider than kMaxWidth");
  return place(std::move(instruction), FixedFormat::holding(range.clamped(), fraction),
               range.clamped());
}

ValueId FunctionBuilder::place(Instruction instruction, const FixedFormat& format,
                               const Interval& interval) {
  const ValueId id = newValue(format, interval);
  instruction.results = {id};
  function_.instructions.push_back(std::move(instruction));
  return id;
}

}  // namespace aegen::core
