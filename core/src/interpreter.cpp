#include "aegen/core/interpreter.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "aegen/core/workers.hpp"
#include "tape_machine.hpp"

namespace aegen::core {

struct Interpreter::Impl {
  Impl(const Program& program, std::string_view function, InstructionSet set)
      : machine(program, function, tape::kernelsFor(set)) {
    useThreads(1);
  }

  void useThreads(unsigned threads) {
    workers.emplace(threads);
    workspaces.resize(workers->count());
  }

  void run(std::span<const std::int64_t* const> inputs, std::span<std::int64_t* const> outputs,
           std::size_t events) {
    machine.settle();
    // Shards are handed out as threads get to them: one that is held up does not hold up the rest.
    std::atomic<std::size_t> next{0};
    const auto work = [&](unsigned worker) {
      for (std::size_t at = next.fetch_add(kShard); at < events; at = next.fetch_add(kShard)) {
        machine.run(workspaces[worker], inputs, outputs, at, std::min(kShard, events - at));
      }
    };
    events <= kShard ? work(0) : workers->run(work);
  }

  static constexpr std::size_t kShard = 2 * tape::kLanes;

  tape::Machine machine;
  std::optional<Workers> workers;
  std::vector<tape::Workspace> workspaces;  ///< one a thread
  std::vector<const std::int64_t*> in;
  std::vector<std::int64_t*> out;
};

Interpreter::Interpreter(const Program& program, std::string_view function, InstructionSet set)
    : impl_(std::make_unique<Impl>(program, function, set)) {}
Interpreter::~Interpreter() = default;
Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter& Interpreter::operator=(Interpreter&&) noexcept = default;

std::size_t Interpreter::eventElements() const {
  return impl_->machine.function().events.size();
}
std::size_t Interpreter::outputElements() const {
  return impl_->machine.function().outputs.size();
}
std::size_t Interpreter::instructionCount() const {
  return impl_->machine.settle().steps.size();
}

void Interpreter::setConfig(std::string_view port, std::span<const std::int64_t> values) {
  impl_->machine.setConfig(port, values);
}

void Interpreter::useThreads(unsigned threads) {
  impl_->useThreads(threads);
}

void Interpreter::run(std::span<const std::int64_t* const> inputs,
                      std::span<std::int64_t* const> outputs, std::size_t events) {
  impl_->run(inputs, outputs, events);
}

Result<Columns> Interpreter::run(const Columns& inputs) {
  if (inputs.elements() != eventElements()) {
    return internalError("interpreter.shape", std::to_string(inputs.elements()) +
                                                  " input elements given, " +
                                                  std::to_string(eventElements()) + " needed");
  }
  Columns result(outputElements(), inputs.events());
  impl_->in.clear();
  impl_->out.clear();
  for (std::size_t i = 0; i < inputs.elements(); ++i) impl_->in.push_back(inputs.column(i).data());
  for (std::size_t i = 0; i < result.elements(); ++i) {
    impl_->out.push_back(result.column(i).data());
  }
  impl_->run(impl_->in, impl_->out, inputs.events());
  return result;
}

}  // namespace aegen::core
