#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "aegen/core/fold.hpp"

namespace aegen::core {
namespace {

// For each block, the function blocks it is combinationally behind, itself included.
class Chains {
 public:
  explicit Chains(const Design& design) {
    std::map<std::string, std::set<std::size_t>> signals;
    for (std::size_t i = 0; i < design.blocks.size(); ++i) {
      const Block& block = design.blocks[i];
      std::set<std::size_t> before;
      for (const Wire& wire : block.inputs) {
        const auto found = signals.find(wire.signal);
        if (found != signals.end()) before.insert(found->second.begin(), found->second.end());
      }
      if (block.kind == BlockKind::Function) before.insert(i);
      const bool registered = block.registered || block.kind == BlockKind::OutputBuffer;
      for (const Wire& wire : block.outputs) {
        signals[wire.signal] = registered ? std::set<std::size_t>() : before;
      }
      behind_.push_back(std::move(before));
    }
  }

  [[nodiscard]] bool linked(std::size_t a, std::size_t b) const {
    return behind_[a].contains(b) || behind_[b].contains(a);
  }

 private:
  std::vector<std::set<std::size_t>> behind_;
};

}  // namespace

std::vector<std::optional<FoldPlan>> foldBlocks(const Design& design) {
  std::vector<std::optional<FoldPlan>> plans(design.blocks.size());
  if (design.clocksPerCrossing < 2) return plans;
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < design.blocks.size(); ++i) {
    const Block& block = design.blocks[i];
    if (block.kind != BlockKind::Function) continue;
    plans[i] =
        planFold(design.program, *design.program.find(block.function), design.clocksPerCrossing);
    if (plans[i]) candidates.push_back(i);
  }
  std::ranges::stable_sort(candidates, std::greater{},
                           [&](std::size_t i) { return plans[i]->saved(); });
  const Chains chains(design);
  std::vector<std::size_t> chosen;
  for (const std::size_t candidate : candidates) {
    const bool free = std::ranges::none_of(
        chosen, [&](std::size_t other) { return chains.linked(candidate, other); });
    if (free) {
      chosen.push_back(candidate);
    } else {
      plans[candidate].reset();
    }
  }
  return plans;
}

}  // namespace aegen::core
