#pragma once
/// The interpreter: the meaning of a Program. Works on batches of events, each value in lanes of
/// the fewest bits (16, 32, 64) that hold it, on code compiled for the configuration: zero weights,
/// multiplexers and masks that are set cost nothing.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/diagnostic.hpp"
#include "aegen/core/instruction_set.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core {

class Interpreter final : public Executor {
 public:
  /// Compiles `function` of a verified program: calls are inlined, dead values dropped, slots
  /// reused. `set` must be available; the last of availableInstructionSets() is the fastest.
  Interpreter(const Program& program, std::string_view function,
              InstructionSet set = availableInstructionSets().back());
  ~Interpreter() override;
  Interpreter(Interpreter&&) noexcept;
  Interpreter& operator=(Interpreter&&) noexcept;

  [[nodiscard]] std::string name() const override { return "interpreter"; }

  /// Elements of event ports and of output ports, in port order.
  [[nodiscard]] std::size_t eventElements() const;
  [[nodiscard]] std::size_t outputElements() const;

  /// Sets the config port `port`; all are zero at first. The values are wrapped into its format.
  void setConfig(std::string_view port, std::span<const std::int64_t> values);

  /// How many threads run() shares the events among, the calling one included; 0: as many as
  /// processors; one at first. The results are the same for any number. They wait between runs.
  void useThreads(unsigned threads);

  /// Rows of `inputs`: elements of the event ports. Values are wrapped into their formats.
  [[nodiscard]] Result<Columns> run(const Columns& inputs) override;

  /// The same without allocation: pointers to each input and output element's `events` values.
  void run(std::span<const std::int64_t* const> inputs, std::span<std::int64_t* const> outputs,
           std::size_t events);

  /// Instructions a batch executes with the configuration as it is (for benchmarks).
  [[nodiscard]] std::size_t instructionCount() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One event through one function, value by value, with no batching: slow, obvious, and the witness
/// the fast interpreter is tested against. Returns every value of the function.
[[nodiscard]] std::vector<std::int64_t> evaluate(const Program& program, const Function& function,
                                                 std::span<const std::int64_t> inputs);

}  // namespace aegen::core
