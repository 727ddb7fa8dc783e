#pragma once
/// Random functions that use every op with arbitrary formats, so that results wrap and saturate.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "aegen/core/program.hpp"

namespace aegen::rtl_gen::random_ir {

class RandomFunction {
 public:
  explicit RandomFunction(std::uint64_t seed) : random_(seed) {}

  /// A function of `instructions` random operations (and the conversions they need), then one of
  /// each op, that may call `callees`. The last values are its outputs.
  core::Function make(std::string name, int instructions,
                      const std::vector<const core::Function*>& callees);

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  /// Random bits, often near an end of the range or near zero, where errors live.
  std::int64_t value(const core::FixedFormat& format);

 private:
  core::FixedFormat anyFormat();
  core::FixedFormat anyFormat(int fraction);
  core::ValueId any() {
    return static_cast<core::ValueId>(between(0, static_cast<std::int64_t>(f_.values.size()) - 1));
  }
  core::ValueId add(core::Instruction instruction, const core::FixedFormat& format);
  core::ValueId as(core::ValueId value, const core::FixedFormat& format);
  core::ValueId withFraction(core::ValueId value, int fraction);
  void append(core::Op op, const std::vector<const core::Function*>& callees);
  void appendCall(const core::Function& callee);

  std::mt19937_64 random_;
  core::Function f_;
};

inline std::int64_t RandomFunction::value(const core::FixedFormat& format) {
  switch (between(0, 3)) {
    case 0:
      return core::wrap(format.maxRaw() - between(0, 2), format);
    case 1:
      return core::wrap(format.minRaw() + between(0, 2), format);
    case 2:
      return core::wrap(between(-3, 3), format);
    default:
      return core::wrap(static_cast<std::int64_t>(random_()), format);
  }
}

inline core::FixedFormat RandomFunction::anyFormat(int fraction) {
  // Half of the widths small, as in real designs; the ends 31, 32, 33, 63 often.
  static constexpr int kEdges[] = {1, 2, 30, 31, 32, 33, 62, 63};
  const auto kind = between(0, 3);
  const auto width = kind == 0 ? kEdges[between(0, 7)] : between(1, kind == 1 ? 63 : 16);
  return {between(0, 1) == 1, static_cast<int>(width), fraction};
}

inline core::FixedFormat RandomFunction::anyFormat() {
  return anyFormat(static_cast<int>(between(-4, 12)));
}

inline core::ValueId RandomFunction::add(core::Instruction instruction,
                                         const core::FixedFormat& format) {
  const auto id = static_cast<core::ValueId>(f_.values.size());
  f_.values.push_back({format, {}});
  instruction.results = {id};
  f_.instructions.push_back(std::move(instruction));
  return id;
}

inline core::ValueId RandomFunction::as(core::ValueId value, const core::FixedFormat& format) {
  if (f_.values[value].format == format) return value;
  return add({.op = core::Op::Reinterpret, .operands = {value}}, format);
}

inline core::ValueId RandomFunction::withFraction(core::ValueId value, int fraction) {
  core::FixedFormat format = f_.values[value].format;
  format.fraction = fraction;
  return as(value, format);
}

inline void RandomFunction::appendCall(const core::Function& callee) {
  core::Instruction call{.op = core::Op::Call, .callee = callee.name};
  // Now and then an argument array is one array of the caller: consecutive values of one format.
  for (const core::Port& port : callee.inputs) {
    for (std::uint32_t i = 0; i < port.count; ++i) call.operands.push_back(as(any(), port.format));
  }
  for (const core::Port& port : callee.outputs) {
    for (std::uint32_t i = 0; i < port.count; ++i) {
      call.results.push_back(static_cast<core::ValueId>(f_.values.size()));
      f_.values.push_back({port.format, {}});
    }
  }
  f_.instructions.push_back(std::move(call));
}

inline void RandomFunction::append(core::Op op, const std::vector<const core::Function*>& callees) {
  using core::Op;
  const core::ValueId a = any();
  const core::FixedFormat fa = f_.values[a].format;
  const core::FixedFormat bits{false, static_cast<int>(between(1, 63)), 0};
  const core::FixedFormat flag{};
  switch (op) {
    case Op::Const: {
      const core::FixedFormat format = anyFormat();
      add({.op = op, .immediate = value(format)}, format);
      return;
    }
    case Op::Add:
    case Op::Sub:
    case Op::Min:
    case Op::Max:
      add({.op = op, .operands = {a, withFraction(any(), fa.fraction)}}, anyFormat(fa.fraction));
      return;
    case Op::Mul: {
      const core::ValueId b = any();
      const int fraction = fa.fraction + f_.values[b].format.fraction;
      const core::ValueId product = add({.op = op, .operands = {a, b}}, anyFormat(fraction));
      withFraction(product, static_cast<int>(between(-4, 12)));  // keeps fractions from growing
      return;
    }
    case Op::ShiftLeft:
    case Op::ShiftRight:
      add({.op = op, .operands = {a}, .immediate = between(0, between(0, 1) == 0 ? 12 : 63)},
          anyFormat(fa.fraction));
      return;
    case Op::ShiftLeftBy:
    case Op::ShiftRightBy: {
      const core::ValueId amount = as(any(), {false, static_cast<int>(between(1, 6)), 0});
      add({.op = op, .operands = {a, amount}}, anyFormat(fa.fraction));
      return;
    }
    case Op::Reinterpret:
      add({.op = op, .operands = {a}}, anyFormat());
      return;
    case Op::And:
    case Op::Or:
    case Op::Xor:
      add({.op = op, .operands = {as(a, bits), as(any(), bits)}}, bits);
      return;
    case Op::Not:
      add({.op = op, .operands = {as(a, bits)}}, bits);
      return;
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
      add({.op = op, .operands = {a, withFraction(any(), fa.fraction)}}, flag);
      return;
    case Op::Select: {
      const core::ValueId condition = as(any(), flag);
      add({.op = op, .operands = {condition, a, withFraction(any(), fa.fraction)}},
          anyFormat(fa.fraction));
      return;
    }
    case Op::LeadingOne: {
      core::FixedFormat format = anyFormat(0);
      format.isSigned = false;
      add({.op = op, .operands = {as(a, bits)}}, format);
      return;
    }
    case Op::Requantize:
      add({.op = op,
           .operands = {a},
           .rounding = static_cast<core::Rounding>(between(0, 3)),
           .overflow = static_cast<core::Overflow>(between(0, 1))},
          anyFormat(static_cast<int>(between(0, 7) == 0 ? between(-70, 80) : between(-4, 12))));
      return;
    case Op::Lookup: {
      const core::FixedFormat format = anyFormat();
      core::Instruction lookup{.op = op,
                               .operands = {as(a, {false, static_cast<int>(between(1, 5)), 0})}};
      for (auto n = between(1, 20); n > 0; --n) lookup.table.push_back(value(format));
      add(std::move(lookup), format);
      return;
    }
    case Op::Pick: {
      core::Instruction pick{.op = op,
                             .operands = {as(any(), {false, static_cast<int>(between(1, 3)), 0})}};
      for (auto n = between(1, 6); n > 0; --n) {
        pick.operands.push_back(withFraction(any(), fa.fraction));
      }
      add(std::move(pick), anyFormat(fa.fraction));
      return;
    }
    case Op::Slice: {
      const auto low = between(0, fa.width - 1);
      add({.op = op, .operands = {a}, .immediate = low},
          {false, static_cast<int>(between(1, fa.width - low)), 0});
      return;
    }
    case Op::Concat: {
      core::Instruction concat{.op = op};
      int width = 0;
      for (auto n = between(1, 5); n > 0; --n) {
        const core::FixedFormat part{false, static_cast<int>(between(1, n == 5 ? 31 : 12)), 0};
        if (width + part.width > core::kMaxWidth) break;
        width += part.width;
        concat.operands.push_back(as(any(), part));
      }
      add(std::move(concat), {false, width, 0});
      return;
    }
    case Op::Call:
      if (!callees.empty()) {
        appendCall(*callees[static_cast<std::size_t>(
            between(0, static_cast<std::int64_t>(callees.size()) - 1))]);
      }
      return;
  }
}

inline core::Function RandomFunction::make(std::string name, int instructions,
                                           const std::vector<const core::Function*>& callees) {
  f_ = {};
  f_.name = std::move(name);
  f_.comment = "random operations";
  for (const char* port : {"a", "b", "signed"}) {  // the last is a keyword of C++ and of Verilog
    f_.inputs.push_back(
        {port, anyFormat(), static_cast<std::uint32_t>(between(1, 4)), core::Role::Event});
  }
  for (const core::Port& port : f_.inputs) {
    for (std::uint32_t i = 0; i < port.count; ++i) f_.values.push_back({port.format, {}});
  }
  const auto ops = static_cast<std::int64_t>(core::kOpTable.size());
  for (int i = 0; i < instructions; ++i) {
    append(core::kOpTable[static_cast<std::size_t>(between(0, ops - 1))].op, callees);
  }
  for (const core::OpInfo& row : core::kOpTable) append(row.op, callees);
  for (std::size_t i = f_.inputElements(); i < f_.values.size();
       i += 3) {  // every third is observed
    const auto id = static_cast<core::ValueId>(i);
    f_.outputs.push_back({"out" + std::to_string(id), f_.values[id].format, 1, core::Role::Output});
    f_.outputValues.push_back(id);
  }
  return f_;
}

}  // namespace aegen::rtl_gen::random_ir
