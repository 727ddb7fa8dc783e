#include "scalar_ops.hpp"

#include <algorithm>
#include <bit>

#include "aegen/core/interpreter.hpp"

namespace aegen::core {
namespace {

__extension__ using Int128 = __int128;

std::int64_t lowBits(Int128 exact, const FixedFormat& format) {
  return wrap(static_cast<std::int64_t>(static_cast<std::uint64_t>(exact)), format);
}

std::int64_t concatenated(std::span<const std::int64_t> operands,
                          std::span<const FixedFormat> formats) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    bits = (bits << formats[i].width) | static_cast<std::uint64_t>(operands[i]);
  }
  return static_cast<std::int64_t>(bits);
}

template <typename Entries>
std::int64_t entryOrZero(const Entries& entries, std::int64_t index) {
  const auto at = static_cast<std::size_t>(index);
  return at < entries.size() ? entries[at] : 0;
}

}  // namespace

std::int64_t applyOp(const Instruction& instruction, std::span<const std::int64_t> in,
                     std::span<const FixedFormat> formats, const FixedFormat& result) {
  switch (instruction.op) {
    case Op::Const:
      return instruction.immediate;
    case Op::Add:
      return lowBits(Int128{in[0]} + in[1], result);
    case Op::Sub:
      return lowBits(Int128{in[0]} - in[1], result);
    case Op::Mul:
      return lowBits(Int128{in[0]} * in[1], result);
    case Op::ShiftLeft:
      return lowBits(Int128{in[0]} * (Int128{1} << instruction.immediate), result);
    case Op::ShiftRight:
      return lowBits(in[0] >> instruction.immediate, result);
    case Op::ShiftLeftBy:
      return lowBits(Int128{in[0]} * (Int128{1} << in[1]), result);
    case Op::ShiftRightBy:
      return lowBits(in[0] >> in[1], result);
    case Op::Reinterpret:
      return wrap(in[0], result);
    case Op::And:
      return in[0] & in[1];
    case Op::Or:
      return in[0] | in[1];
    case Op::Xor:
      return in[0] ^ in[1];
    case Op::Not:
      return wrap(~in[0], result);
    case Op::Equal:
      return in[0] == in[1] ? 1 : 0;
    case Op::Less:
      return in[0] < in[1] ? 1 : 0;
    case Op::LessEqual:
      return in[0] <= in[1] ? 1 : 0;
    case Op::Select:
      return wrap(in[0] != 0 ? in[1] : in[2], result);
    case Op::Min:
      return wrap(std::min(in[0], in[1]), result);
    case Op::Max:
      return wrap(std::max(in[0], in[1]), result);
    case Op::LeadingOne: {
      const auto bits = static_cast<std::uint64_t>(in[0]);
      return wrap(bits == 0 ? 0 : std::bit_width(bits) - 1, result);
    }
    case Op::Requantize:
      return requantize(in[0], formats[0].fraction, result, instruction.rounding,
                        instruction.overflow);
    case Op::Lookup:
      return entryOrZero(instruction.table, in[0]);
    case Op::Pick:
      return wrap(entryOrZero(in.subspan(1), in[0]), result);
    case Op::Slice:
      return wrap(in[0] >> instruction.immediate, result);
    case Op::Concat:
      return concatenated(in, formats);
    case Op::Call:
      break;
  }
  return 0;
}

std::vector<std::int64_t> evaluate(const Program& program, const Function& function,
                                   std::span<const std::int64_t> inputs) {
  std::vector<std::int64_t> values(function.values.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    values[i] = wrap(inputs[i], function.values[i].format);
  }
  for (const Instruction& instruction : function.instructions) {
    std::vector<std::int64_t> operands;
    std::vector<FixedFormat> formats;
    for (const ValueId operand : instruction.operands) {
      operands.push_back(values[operand]);
      formats.push_back(function.values[operand].format);
    }
    if (instruction.op == Op::Call) {
      const Function& callee = *program.find(instruction.callee);
      const std::vector<std::int64_t> inner = evaluate(program, callee, operands);
      for (std::size_t i = 0; i < instruction.results.size(); ++i) {
        values[instruction.results[i]] = inner[callee.outputValues[i]];
      }
    } else {
      const ValueId result = instruction.results[0];
      values[result] = applyOp(instruction, operands, formats, function.values[result].format);
    }
  }
  return values;
}

}  // namespace aegen::core
