#pragma once
/// DesignInterpreter: a Design's behaviour, crossing by crossing, on every signal: the expectation
/// that the scoreboard holds against the RTL. State blocks are modelled here, functions
/// interpreted.

#include <memory>
#include <string_view>

#include "aegen/core/columns.hpp"
#include "aegen/core/design.hpp"

namespace aegen::core {

/// Time is counted in crossings: row k of every signal belongs to the crossing whose input was row
/// k (latency is the RTL's business); for OutputBuffer, row k is what leaves after crossing k went
/// in.
class DesignInterpreter final : public Executor {
 public:
  /// `design` must pass analyse() and its program verify(); it must outlive the interpreter.
  explicit DesignInterpreter(const Design& design);
  ~DesignInterpreter() override;

  [[nodiscard]] std::string name() const override { return "interpreter"; }
  /// Takes effect from the next crossing on. Fields that are not named keep their values.
  void configure(const ConfigValues& values);
  /// Back to the state after a link reset: BX counter and buffer cleared, configuration kept.
  void reset();

  /// Rows of `inputs`: elements of design.inputs; of the result: elements of design.outputs.
  /// State carries over from call to call.
  [[nodiscard]] Result<Columns> run(const Columns& inputs) override;

  /// The rows of one signal in the last run.
  [[nodiscard]] const Columns& signal(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aegen::core
