#pragma once
/// What a comparison puts into chips, and what it reads of their formatters.

#include <cstddef>
#include <span>

#include "aegen/core/columns.hpp"
#include "aegen/data/events.hpp"

namespace aegen::flows {

/// Crossings without charge behind a sample: what waits in the chip's buffer comes out, and the
/// board sees the headers that confirm the last crossings.
inline constexpr std::size_t kFlush = 256;

/// ePortRX words with kFlush crossings behind them.
[[nodiscard]] core::Columns flushed(const core::Columns& rx);

/// Input of a chip without front end (econ_t::ChipOptions::frontEnd): the headers of crossings from
/// BX 0 on, channel c with the charge of the events' cell places[c], kFlush crossings behind.
[[nodiscard]] core::Columns chargeInputs(std::span<const data::Event> events,
                                         std::span<const int> places);

/// Mean bits of a crossing's words, by the signal `count` of the first `events` crossings.
[[nodiscard]] double meanStringBits(const core::Columns& count, std::size_t events);

}  // namespace aegen::flows
