#pragma once
/// A checked BoardPlan: where a decoder's ports are, and settings in port order.

#include "aegen/sim/board.hpp"

namespace aegen::sim {

/// Words of the decoder's `tx`.
[[nodiscard]] std::uint32_t decoderWords(const BoardKind& kind);

/// Checks plan and streams. Error: sim.board-plan.
[[nodiscard]] core::Result<void> checkPlan(const BoardPlan& plan,
                                           const std::vector<ModuleWords>& words);

/// The module's Config elements in port order.
[[nodiscard]] std::vector<std::int64_t> configElements(const BoardPlan& plan,
                                                       const BoardModule& module);

}  // namespace aegen::sim
