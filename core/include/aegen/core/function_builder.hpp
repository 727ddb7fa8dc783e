#pragma once
/// FunctionBuilder: writes a Function op by op and gives each result the narrowest format that
/// provably holds it, from the intervals of its operands.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/program.hpp"

namespace aegen::core {

struct WideInterval;

class FunctionBuilder {
 public:
  /// `program` is where callees are looked up; it must outlive the builder.
  FunctionBuilder(const Program& program, std::string name, std::string comment = {});

  /// Adds an input port and returns its elements. All ports come before the first operation.
  std::vector<ValueId> input(std::string name, const FixedFormat& format, std::uint32_t count = 1,
                             Role role = Role::Event);
  /// Adds an output port; every element must already have `format`, or is reinterpreted into it
  /// when `format` holds all its values at the same fraction.
  void output(std::string name, const FixedFormat& format, std::span<const ValueId> elements);
  void output(std::string name, const FixedFormat& format, ValueId element);

  ValueId constant(std::int64_t raw, int fraction = 0);
  ValueId add(ValueId a, ValueId b);
  ValueId sub(ValueId a, ValueId b);
  ValueId mul(ValueId a, ValueId b);
  ValueId shiftLeft(ValueId a, int bits);
  ValueId shiftRight(ValueId a, int bits);
  ValueId shiftLeftBy(ValueId a, ValueId bits);
  ValueId shiftRightBy(ValueId a, ValueId bits);
  ValueId reinterpret(ValueId a, const FixedFormat& format);
  ValueId bitAnd(ValueId a, ValueId b);
  ValueId bitOr(ValueId a, ValueId b);
  ValueId bitXor(ValueId a, ValueId b);
  ValueId bitNot(ValueId a);
  ValueId equal(ValueId a, ValueId b);
  ValueId less(ValueId a, ValueId b);
  ValueId lessEqual(ValueId a, ValueId b);
  ValueId select(ValueId condition, ValueId ifOne, ValueId ifZero);
  ValueId min(ValueId a, ValueId b);
  ValueId max(ValueId a, ValueId b);
  ValueId leadingOne(ValueId a);
  ValueId requantize(ValueId a, const FixedFormat& format, Rounding rounding, Overflow overflow);
  ValueId lookup(ValueId index, std::vector<std::int64_t> table, int fraction = 0);
  ValueId pick(ValueId index, std::span<const ValueId> values);
  ValueId slice(ValueId a, int low, int width);
  ValueId concat(std::span<const ValueId> parts);
  std::vector<ValueId> call(std::string_view callee, std::span<const ValueId> operands);

  /// Sum of all terms (equal fractions) as a balanced tree.
  ValueId sum(std::span<const ValueId> terms);
  /// Bitwise or of all terms (equal widths) as a balanced tree.
  ValueId orAll(std::span<const ValueId> terms);

  /// Names a value for readers of the text form and of the Verilog.
  ValueId name(ValueId value, std::string name);
  /// Promises that `value` never leaves `interval` (a fact the formats cannot express).
  void assume(ValueId value, const Interval& interval);

  [[nodiscard]] const FixedFormat& format(ValueId value) const;
  [[nodiscard]] const Interval& interval(ValueId value) const;

  /// The finished function.
  [[nodiscard]] Function finish() &&;

 private:
  ValueId newValue(const FixedFormat& format, const Interval& interval);
  [[nodiscard]] WideInterval exact(const Instruction& instruction, const FixedFormat& result) const;
  ValueId append(Instruction instruction, const FixedFormat& format);
  ValueId appendHolding(Instruction instruction, int fraction);
  ValueId place(Instruction instruction, const FixedFormat& format, const Interval& interval);

  const Program& program_;
  Function function_;
  std::vector<Interval> intervals_;
};

}  // namespace aegen::core
