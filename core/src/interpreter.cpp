#include "aegen/core/interpreter.hpp"

#include <algorithm>
#include <cassert>

#include "scalar_ops.hpp"
#include "tape_compiler.hpp"

namespace aegen::core {

struct Interpreter::Impl {
  Impl(const Program& source, std::string_view function)
      : program(source), tape(tape::compile(program, function)) {
    narrow.resize(std::size_t{tape.narrowSlots} * tape::kLanes);
    wide.resize(std::size_t{tape.wideSlots} * tape::kLanes);
    uniforms.resize(tape.nodes.size());
  }

  // Everything that depends on configuration alone.
  void settle() {
    std::vector<std::int64_t> operands;
    std::vector<FixedFormat> formats;
    for (std::size_t i = 0; i < tape.nodes.size(); ++i) {
      const tape::Node& node = tape.nodes[i];
      if (!node.uniform || node.source == nullptr || node.uses == 0) continue;
      operands.clear();
      formats.clear();
      for (const std::uint32_t operand : node.operands) {
        operands.push_back(uniforms[operand]);
        formats.push_back(tape.nodes[operand].format);
      }
      uniforms[i] = applyOp(*node.source, operands, formats, node.format);
    }
    for (const tape::Step& step : tape.splats) step.kernel(step, frame());
    settled = true;
  }

  tape::Frame frame() { return {narrow.data(), wide.data(), uniforms.data()}; }

  void load(std::span<const std::int64_t* const> inputs, std::size_t first, std::size_t count) {
    for (const tape::Port& port : tape.inputs) {
      const std::int64_t* in = inputs[port.element] + first;
      const auto each = [&](auto* out) {
        using T = std::remove_pointer_t<decltype(out)>;
        for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<T>(wrap(in[i], port.format));
        // Lanes past the last event compute on zeros, which every operation accepts.
        std::fill(out + count, out + tape::kLanes, T{0});
      };
      if (port.wide) {
        each(wide.data() + std::size_t{port.slot} * tape::kLanes);
      } else {
        each(narrow.data() + std::size_t{port.slot} * tape::kLanes);
      }
    }
  }

  void store(std::span<std::int64_t* const> outputs, std::size_t first, std::size_t count) const {
    for (const tape::Port& port : tape.outputs) {
      std::int64_t* out = outputs[port.element] + first;
      if (port.wide) {
        std::copy_n(wide.data() + std::size_t{port.slot} * tape::kLanes, count, out);
      } else {
        std::copy_n(narrow.data() + std::size_t{port.slot} * tape::kLanes, count, out);
      }
    }
  }

  Program program;  ///< the tape points into it
  tape::Tape tape;
  std::vector<std::int32_t> narrow;
  std::vector<std::int64_t> wide;
  std::vector<std::int64_t> uniforms;
  bool settled = false;
};

Interpreter::Interpreter(const Program& program, std::string_view function)
    : impl_(std::make_unique<Impl>(program, function)) {}
Interpreter::~Interpreter() = default;
Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter& Interpreter::operator=(Interpreter&&) noexcept = default;

std::size_t Interpreter::eventElements() const {
  return impl_->tape.eventElements;
}
std::size_t Interpreter::outputElements() const {
  return impl_->tape.outputElements;
}
std::size_t Interpreter::instructionCount() const {
  return impl_->tape.steps.size();
}

void Interpreter::setConfig(std::string_view port, std::span<const std::int64_t> values) {
  const auto found = impl_->tape.configPorts.find(port);
  assert(found != impl_->tape.configPorts.end() && found->second.second == values.size());
  for (std::uint32_t i = 0; i < found->second.second; ++i) {
    const std::uint32_t node = impl_->tape.configNodes[found->second.first + i];
    impl_->uniforms[node] = wrap(values[i], impl_->tape.nodes[node].format);
  }
  impl_->settled = false;
}

void Interpreter::run(std::span<const std::int64_t* const> inputs,
                      std::span<std::int64_t* const> outputs, std::size_t events) {
  if (!impl_->settled) impl_->settle();
  const tape::Frame frame = impl_->frame();
  for (std::size_t first = 0; first < events; first += tape::kLanes) {
    const std::size_t count = std::min(tape::kLanes, events - first);
    impl_->load(inputs, first, count);
    for (const tape::Step& step : impl_->tape.steps) step.kernel(step, frame);
    impl_->store(outputs, first, count);
  }
}

Result<Columns> Interpreter::run(const Columns& inputs) {
  if (inputs.elements() != eventElements()) {
    return internalError("interpreter.shape", std::to_string(inputs.elements()) +
                                                  " input elements given, " +
                                                  std::to_string(eventElements()) + " needed");
  }
  Columns out(outputElements(), inputs.events());
  std::vector<const std::int64_t*> in;
  std::vector<std::int64_t*> to;
  for (std::size_t i = 0; i < inputs.elements(); ++i) in.push_back(inputs.column(i).data());
  for (std::size_t i = 0; i < out.elements(); ++i) to.push_back(out.column(i).data());
  run(in, to, inputs.events());
  return out;
}

}  // namespace aegen::core
