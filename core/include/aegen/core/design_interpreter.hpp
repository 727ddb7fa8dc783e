#pragma once
/// DesignInterpreter: a Design's behaviour, crossing by crossing: the expectation that the
/// scoreboard holds against the RTL. State blocks are modelled here, functions interpreted.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/design.hpp"

namespace aegen::core {

struct DesignInterpreterOptions {
  /// Signals whose rows signal() gives, besides the design's outputs; nothing: all of them. What is
  /// not kept costs no memory and often no computation. A name that is no signal of the design is
  /// the caller's bug and ends the program at construction.
  std::optional<std::vector<std::string>> keep;
  /// As Interpreter::useThreads() has it. State blocks see their crossings in order all the same.
  unsigned threads = 1;
};

/// Time is counted in crossings: row k of every signal belongs to the crossing whose input was row
/// k (latency is the RTL's business); for OutputBuffer, row k is what leaves after crossing k went
/// in.
class DesignInterpreter final : public Executor {
 public:
  /// `design` must pass analyse() and its program verify(); it must outlive the interpreter.
  explicit DesignInterpreter(const Design& design, const DesignInterpreterOptions& options = {});
  ~DesignInterpreter() override;

  [[nodiscard]] std::string name() const override { return "interpreter"; }
  /// A whole configuration: fields that are not named get their reset values, whatever they were.
  /// Takes effect from the next crossing on. Values are wrapped into their formats. The names must
  /// be fields of the design with as many values as those have: anything else is the caller's bug
  /// and ends the program.
  void configure(const ConfigValues& values);
  /// Back to the state after a link reset: BX counter and buffer cleared, configuration kept.
  void reset();

  /// Rows of `inputs`: elements of design.inputs. State carries over from call to call. What it
  /// gives is read by signal(); memory is kept from call to call, as long as the number of
  /// crossings stays.
  [[nodiscard]] Result<void> advance(const Columns& inputs);
  /// advance(), and the elements of design.outputs as rows.
  [[nodiscard]] Result<Columns> run(const Columns& inputs) override;

  /// The rows of a kept signal or of an output in the last run, of which there must have been one.
  /// Any other name is the caller's bug and ends the program.
  [[nodiscard]] const Columns& signal(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aegen::core
