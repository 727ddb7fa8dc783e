#include "shared_neurons.hpp"

#include "aegen/core/fold.hpp"
#include "aegen/core/gate_estimate.hpp"
#include "aegen/encoders/lowering.hpp"

namespace aegen::encoders {
namespace {

double gates(const core::Program& program, const core::Function& function, int reuse) {
  if (const auto plan = core::planFold(program, function, reuse)) return plan->gates;
  return core::GateEstimate(program).function(function);
}

}  // namespace

std::set<std::string> worthSharing(const Graph& graph, int reuse) {
  std::set<std::string> wired;
  for (const Node& node : graph.nodes) {
    if (node.kind == NodeKind::Dense && !node.kernel.loadable) wired.insert(node.name);
  }
  if (reuse < 2 || wired.empty()) return {};
  const auto apart = lower(graph, "");
  const auto together = lower(graph, "", {.sharedNeurons = wired});
  if (!apart || !together) return {};  // whoever lowers it in earnest says why
  for (std::size_t i = 0; i < apart->layers.size(); ++i) {
    const LoweredLayer& layer = apart->layers[i];
    const core::Function& one = *apart->program.find(layer.function);
    const core::Function& other = *together->program.find(layer.function);
    if (gates(together->program, other, reuse) < gates(apart->program, one, reuse)) continue;
    // A layer's function is named as its first node.
    wired.erase(layer.function);
  }
  return wired;
}

}  // namespace aegen::encoders
