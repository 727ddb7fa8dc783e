#pragma once
/// FunctionRewriter: writes the new body of a function value by value, with formats as asked.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "aegen/core/program.hpp"

namespace aegen::core::passes {

class FunctionRewriter {
 public:
  /// Takes over name and comment of `old`.
  explicit FunctionRewriter(const Function& old);

  /// Adds an input port and its elements; before anything else.
  std::vector<ValueId> input(const Port& port);
  /// An operation with one result.
  ValueId emit(Instruction instruction, const FixedFormat& format);
  /// A call of a function with these output ports.
  std::vector<ValueId> call(const std::string& callee, std::vector<ValueId> operands,
                            const std::vector<Port>& outputs);
  /// A constant; the same one twice is one value.
  ValueId constant(std::int64_t raw, const FixedFormat& format);
  /// The raw integer of `value` cut to `format`: itself, or wires.
  ValueId as(ValueId value, const FixedFormat& format);
  /// Names a value that has no name yet; a name that is taken is left away.
  void name(ValueId value, const std::string& name);
  void output(const Port& port, const std::vector<ValueId>& elements);

  [[nodiscard]] const FixedFormat& format(ValueId value) const {
    return function_.values[value].format;
  }
  /// What computes a value; null of inputs. Good until the next value is added.
  [[nodiscard]] const Instruction* maker(ValueId value) const;
  /// The function, without wires and constants that nothing uses.
  [[nodiscard]] Function finish() &&;

 private:
  ValueId newValue(const FixedFormat& format);
  void renumber(const std::vector<bool>& used);

  static constexpr std::size_t kNone = ~std::size_t{0};
  using FormatKey = std::tuple<bool, int, int>;
  static FormatKey keyOf(const FixedFormat& f) { return {f.isSigned, f.width, f.fraction}; }

  Function function_;
  std::vector<std::size_t> makers_;  ///< instruction of each value
  std::map<std::string, ValueId, std::less<>> names_;
  std::map<std::pair<std::int64_t, FormatKey>, ValueId> constants_;
  std::map<std::pair<ValueId, FormatKey>, ValueId> cast_;
};

}  // namespace aegen::core::passes
