#pragma once
/// The printer of one IR function as C++; its operations and requantization are files of their own.

#include <fmt/format.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/program.hpp"
#include "cpp_types.hpp"

namespace aegen::rtl_gen {

/// Follows the range of each value, so that numbers are kept in the narrowest type that holds them
/// and are cut only where they can leave their format.
class CppFunctionPrinter {
 public:
  CppFunctionPrinter(const core::Program& program, const core::Function& function)
      : program_(program),
        function_(function),
        places_(function.values.size()),
        intervals_(function.values.size()),
        live_(function.values.size(), false) {}

  std::string print();

 private:
  /// Where a value lives in the printed function.
  struct Place {
    enum class Kind : std::uint8_t { None, Constant, Scalar, Element };
    Kind kind = Kind::None;
    std::string name;       ///< variable, or array when kind is Element
    std::size_t index = 0;  ///< in the array
  };

  [[nodiscard]] const core::FixedFormat& format(core::ValueId id) const {
    return function_.values[id].format;
  }
  [[nodiscard]] bool wide(core::ValueId id) const { return isWide(format(id)); }

  std::string unique(std::string_view wish);
  std::string localName(core::ValueId id);
  void markLive();
  void header();
  void body(const core::Instruction& instruction);
  void call(const core::Instruction& instruction);
  std::string argument(const core::Port& port, const core::ValueId* operands);
  void outputs();

  /// The value as an expression of type i32 or i64; never i32 when the value is wide.
  [[nodiscard]] std::string use(core::ValueId id, bool asWide) const;
  [[nodiscard]] std::string use(core::ValueId id) const { return use(id, wide(id)); }

  /// Declares the result and stores `expression`, of type i64 when `isWideExpression`, cut to it.
  void define(const core::Instruction& instruction, const std::string& expression,
              bool isWideExpression, const Exact& exact);

  void arithmetic(const core::Instruction& instruction, char symbol, const Exact& exact);
  void shiftLeft(const core::Instruction& instruction);
  void shiftLeftBy(const core::Instruction& instruction);
  void shiftRight(const core::Instruction& instruction);
  void shiftRightBy(const core::Instruction& instruction);
  void reinterpret(const core::Instruction& instruction);
  void bitwise(const core::Instruction& instruction, char symbol);
  void compare(const core::Instruction& instruction, std::string_view symbol);
  void choose(const core::Instruction& instruction, std::string_view symbol, const Exact& exact);
  void select(const core::Instruction& instruction);
  void leadingOne(const core::Instruction& instruction);
  void requantize(const core::Instruction& instruction);
  void requantizeUp(const core::Instruction& instruction, int grow);
  std::string rounded(core::ValueId a, int drop, core::Rounding rounding, bool& isWideExpression);
  void lookup(const core::Instruction& instruction);
  void pick(const core::Instruction& instruction);
  void slice(const core::Instruction& instruction);
  void concat(const core::Instruction& instruction);

  template <typename... Args>
  void line(fmt::format_string<Args...> text, Args&&... args) {
    text_ += "    " + fmt::format(text, std::forward<Args>(args)...) + "\n";
  }

  const core::Program& program_;
  const core::Function& function_;
  std::vector<Place> places_;
  std::vector<core::Interval> intervals_;
  std::vector<bool> live_;
  std::set<std::string, std::less<>> names_;
  std::vector<std::string> outputNames_;
  std::string text_;
};

}  // namespace aegen::rtl_gen
