#pragma once
/// Program: the scalar single-assignment IR every algorithm is written in. Functions call
/// functions; every value has a FixedFormat; ports are arrays of elements with a role.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/fixed_format.hpp"
#include "aegen/core/op.hpp"

namespace aegen::core {

/// A value's index in its function. Values 0..N-1 are the elements of the input ports in order.
using ValueId = std::uint32_t;

/// What an input carries: new data every crossing, or a setting that holds for many crossings.
enum class Role : std::uint8_t { Event, Config, Output };
[[nodiscard]] std::string_view text(Role role);

/// `count` elements of one format under one name, e.g. 48 calibrated charges.
struct Port {
  std::string name;
  FixedFormat format;
  std::uint32_t count = 1;
  Role role = Role::Event;

  bool operator==(const Port&) const = default;
};

struct Instruction {
  Op op = Op::Const;
  std::vector<ValueId> operands;
  std::vector<ValueId> results;         ///< one, except for Call
  std::int64_t immediate = 0;           ///< Const, ShiftLeft, ShiftRight, Slice
  Rounding rounding = Rounding::Floor;  ///< Requantize
  Overflow overflow = Overflow::Wrap;   ///< Requantize
  std::vector<std::int64_t> table;      ///< Lookup
  std::string callee;                   ///< Call
  bool operator==(const Instruction&) const = default;
};

struct Value {
  FixedFormat format;
  std::string name;  ///< optional hint, an identifier; unique within the function when not empty
  bool operator==(const Value&) const = default;
};

/// One function: becomes one Verilog module. Instructions are in topological order.
struct Function {
  std::string name;     ///< an identifier, unique in the program
  std::string comment;  ///< one line: what it computes, in the field's terms
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  std::vector<Value> values;
  std::vector<Instruction> instructions;
  std::vector<ValueId> outputValues;  ///< elements of the output ports in order

  [[nodiscard]] std::uint32_t inputElements() const;
  [[nodiscard]] std::uint32_t outputElements() const;
  bool operator==(const Function&) const = default;
};

/// Functions, callees before callers.
struct Program {
  std::vector<Function> functions;

  [[nodiscard]] const Function* find(std::string_view name) const;
  /// Appends the functions of `other` that are not here yet; those of the same name must be equal.
  void merge(const Program& other);
  bool operator==(const Program&) const = default;
};

}  // namespace aegen::core
