#include "tape_machine.hpp"

#include <algorithm>
#include <cassert>

#include "scalar_ops.hpp"

namespace aegen::core::tape {

void Workspace::prepare(const Tape& tape) {
  const auto at = [&](Lane lane) {
    std::vector<Line>& lines = slots_[index(lane)];
    lines.resize(tape.slots[index(lane)] * kLanes * static_cast<std::size_t>(bitsOf(lane) / 8) /
                 sizeof(Line));
    return static_cast<void*>(lines.data());
  };
  frame_ = {static_cast<std::int16_t*>(at(Lane::I16)), static_cast<std::int32_t*>(at(Lane::I32)),
            static_cast<std::int64_t*>(at(Lane::I64))};
  for (const Step& step : tape.splats) step.kernel(step, frame_);
}

Machine::Machine(const Program& program, std::string_view function, const KernelSet& kernels)
    : program_(program),
      kernels_(kernels),
      function_(flatten(program_, function)),
      uniforms_(function_.nodes.size()) {}

void Machine::setConfig(std::string_view port, std::span<const std::int64_t> values) {
  const auto found = function_.configPorts.find(port);
  assert(found != function_.configPorts.end() && found->second.second == values.size());
  for (std::uint32_t i = 0; i < found->second.second; ++i) {
    const NodeId node = function_.config[found->second.first + i];
    const std::int64_t value = wrap(values[i], function_.nodes[node].format);
    if (value == uniforms_[node]) continue;
    uniforms_[node] = value;
    settled_ = false;
  }
}

const Tape& Machine::settle() {
  if (settled_) return tape_;
  std::vector<std::int64_t> operands;
  std::vector<FixedFormat> formats;
  for (std::size_t i = 0; i < function_.nodes.size(); ++i) {
    const Node& node = function_.nodes[i];
    if (!node.uniform || node.source == nullptr) continue;
    operands.clear();
    formats.clear();
    for (const NodeId operand : node.operands) {
      operands.push_back(uniforms_[operand]);
      formats.push_back(function_.nodes[operand].format);
    }
    uniforms_[i] = applyOp(*node.source, operands, formats, node.format);
  }
  tape_ = compile(function_, uniforms_, kernels_);
  ++configuration_;
  settled_ = true;
  return tape_;
}

void Machine::run(Workspace& workspace, std::span<const std::int64_t* const> inputs,
                  std::span<std::int64_t* const> outputs, std::size_t first,
                  std::size_t count) const {
  assert(settled_);
  if (workspace.configuration_ != configuration_) {
    workspace.prepare(tape_);
    workspace.configuration_ = configuration_;
  }
  const Frame& frame = workspace.frame_;
  for (const std::size_t end = first + count; first < end; first += kLanes) {
    const std::size_t events = std::min(kLanes, end - first);
    for (const TapePort& port : tape_.inputs) {
      kernels_.load[index(port.lane)](inputs[port.element] + first, events, port.format, frame,
                                      port.slot);
    }
    for (const Step& step : tape_.steps) step.kernel(step, frame);
    for (const TapePort& port : tape_.outputs) {
      kernels_.store[index(port.lane)](frame, port.slot, events, outputs[port.element] + first);
    }
  }
}

}  // namespace aegen::core::tape
