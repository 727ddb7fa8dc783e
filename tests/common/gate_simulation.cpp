#include "gate_simulation.hpp"

namespace aegen::test_common {

using core::GateKind;
using core::GateWire;

std::vector<bool> gateOutputs(const std::vector<core::GateModule>& modules, std::size_t index,
                              const std::vector<bool>& inputs) {
  const core::GateModule& module = modules[index];
  std::vector<bool> value(module.nodes.size(), false);
  const auto at = [&](GateWire wire) { return value[wire >> 1U] != ((wire & 1U) != 0); };
  for (std::size_t i = 0; i < module.inputs.size(); ++i) value[module.inputs[i]] = inputs[i];
  for (const std::uint32_t step : module.order) {
    if ((step & core::kCallStep) != 0) {
      const core::GateCall& call = module.calls[step & ~core::kCallStep];
      std::vector<bool> operands;
      for (const GateWire wire : call.inputs) operands.push_back(at(wire));
      const std::vector<bool> results = gateOutputs(modules, call.callee, operands);
      for (std::size_t i = 0; i < results.size(); ++i) value[call.firstOutput + i] = results[i];
      continue;
    }
    const auto& [kind, use, in] = module.nodes[step];
    switch (kind) {
      case GateKind::Constant:
      case GateKind::Input:
      case GateKind::CallOutput:
      case GateKind::Register:
        break;
      case GateKind::And:
        value[step] = at(in[0]) && at(in[1]);
        break;
      case GateKind::Xor:
        value[step] = at(in[0]) != at(in[1]);
        break;
      case GateKind::Mux:
        value[step] = at(in[0]) ? at(in[1]) : at(in[2]);
        break;
      case GateKind::FullSum:
        value[step] = (at(in[0]) != at(in[1])) != at(in[2]);
        break;
      case GateKind::FullCarry:
        value[step] = static_cast<int>(at(in[0])) + static_cast<int>(at(in[1])) +
                          static_cast<int>(at(in[2])) >=
                      2;
        break;
    }
  }
  std::vector<bool> outputs;
  for (const GateWire wire : module.outputs) outputs.push_back(at(wire));
  return outputs;
}

void appendBits(std::vector<bool>& bits, std::int64_t value, int width) {
  for (int i = 0; i < width; ++i) bits.push_back(((value >> i) & 1) != 0);
}

std::vector<std::int64_t> valuesOf(const core::Function& function,
                                   const std::vector<bool>& outputs) {
  std::vector<std::int64_t> values;
  std::size_t bit = 0;
  for (const core::Port& port : function.outputs) {
    for (std::uint32_t i = 0; i < port.count; ++i) {
      std::uint64_t raw = 0;
      for (int k = 0; k < port.format.width; ++k, ++bit) {
        raw |= static_cast<std::uint64_t>(outputs[bit]) << k;
      }
      values.push_back(core::wrap(static_cast<std::int64_t>(raw), port.format));
    }
  }
  return values;
}

}  // namespace aegen::test_common
