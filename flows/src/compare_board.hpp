#pragma once
/// The comparison's back end: links into the SystemC board, charges out.

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "aegen/encoders/metrics.hpp"
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
/// The same by receivers and interpreter.
[[nodiscard]] core::Result<std::vector<std::vector<BoardCrossing>>> runBoardModel(
    const std::vector<BoardLink>& links);

/// What came back of events, crossing for crossing.
struct BoardAccount {
  encoders::MetricsAccumulator metrics;
  std::uint64_t lost = 0;       ///< events with charge of which there is no pattern
  std::uint64_t truncated = 0;  ///< crossings of which the chip sent no pattern
  std::uint64_t undecoded = 0;  ///< crossings the board gave nothing for, for any other reason
  double waitMean = 0;          ///< crossings in the chip's buffer
  std::uint64_t waitMax = 0;
};
/// `received` has at least as many crossings as there are events; channel c holds the charge of
/// the truth's cell places[c].
[[nodiscard]] BoardAccount accountOf(std::span<const data::Event> truth,
                                     std::span<const BoardCrossing> received,
                                     std::span<const int> places);

}  // namespace aegen::flows
