#pragma once
/// What a function's module is made with: plain (emit_function.cpp) or folded (emit_folded.cpp).

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/program.hpp"
#include "module_builder.hpp"
#include "operation_lowering.hpp"

namespace aegen::rtl_gen {

/// Walks a function's instructions and puts what they compute into a module. Calls are left to who
/// derives from it.
class FunctionEmitter {
 public:
  FunctionEmitter(const FunctionEmitter&) = delete;
  FunctionEmitter& operator=(const FunctionEmitter&) = delete;

 protected:
  FunctionEmitter(const core::Program& program, const core::Function& function,
                  verilog::ModuleKind kind, const std::string& name,
                  std::vector<std::string> comment);
  virtual ~FunctionEmitter() = default;

  /// Input and output ports.
  void ports();
  /// All live instructions.
  void body();
  /// Drives the output ports.
  void outputs();

  /// Live instruction `index`, which is a call.
  virtual void call(std::size_t index) = 0;
  /// A call as an instance of its own.
  void instance(const core::Instruction& instruction);

  [[nodiscard]] const core::FixedFormat& format(core::ValueId value) const {
    return function_.values[value].format;
  }
  /// Tells that a call's results are elements of these vectors, one an output port.
  void results(const core::Instruction& instruction, const std::vector<verilog::ExprPtr>& vectors,
               const std::string& name);
  /// Values side by side, the first in the lowest bits; neighbours in a vector stay together.
  [[nodiscard]] verilog::ExprPtr packed(const std::vector<core::ValueId>& values) const;

  const core::Program& program_;
  const core::Function& function_;
  ModuleBuilder builder_;
  std::vector<verilog::ExprPtr> atoms_;  ///< of each value that operations read
  std::vector<bool> live_;               ///< of each instruction
  std::vector<bool> needed_;             ///< of each value
  std::map<std::string, int> calls_;     ///< instances of each callee

 private:
  /// A value that is element `index` of a vector on a port or of an instance's output.
  struct Origin {
    verilog::ExprPtr vector;
    int index = 0;
  };

  void findLive();
  void findScalars();
  void element(core::ValueId value, const verilog::ExprPtr& vector, int index, std::uint32_t count,
               const std::string& stemName);
  void operation(const core::Instruction& instruction);
  [[nodiscard]] std::optional<std::int64_t> constantResult(
      const core::Instruction& instruction, const std::vector<Operand>& operands) const;
  [[nodiscard]] std::string vectorName(const core::Instruction& instruction, const core::Port& port,
                                       std::size_t result, const std::string& instance) const;
  [[nodiscard]] bool follows(core::ValueId first, core::ValueId later, std::size_t distance) const;

  std::vector<std::optional<Origin>> origins_;
  std::vector<bool> scalar_;
  std::vector<verilog::ExprPtr> outputs_;
};

}  // namespace aegen::rtl_gen
