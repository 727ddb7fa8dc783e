#pragma once
/// The comparison's back end: links into the SystemC board, charges out.

#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "aegen/flows/design_spec.hpp"
#include "aegen/sim/bench_options.hpp"

namespace aegen::flows {

/// A chip's words and what the board has to know of its settings.
struct BoardLink {
  const DesignBundle* design = nullptr;  ///< with a decoder of the algorithm in use
  const core::Columns* tx = nullptr;     ///< eTX words, a row an eTX
  encoders::econ_t::ChipSettings settings;
  encoders::econ_t::Spread spread = encoders::econ_t::Spread::Concentrated;
};

/// What the board made of a crossing.
struct BoardCrossing {
  enum class Outcome : std::uint8_t {
    Decoded,
    Truncated,  ///< the chip sent no pattern
    Nothing,    ///< anything else: see docs/board.md
  };
  Outcome outcome = Outcome::Nothing;
  std::uint32_t wait = 0;  ///< crossings between the first word that could leave and the last
  std::array<std::int64_t, encoders::econ_t::kTriggerCells> charge{};  ///< channel order
};

using BoardRunOptions = sim::BenchOptions;

/// All links through one board; for each its crossings, as many as it has words. The board knows
/// that the first is BX 0.
[[nodiscard]] core::Result<std::vector<std::vector<BoardCrossing>>> runBoard(
    const std::vector<BoardLink>& links, const BoardRunOptions& options);

}  // namespace aegen::flows
