#pragma once
/// Stimuli: what a design's event source puts on the chip's inputs, and what it stands for.

#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/data/events.hpp"
#include "aegen/flows/design_spec.hpp"

namespace aegen::flows {

struct Stimuli {
  std::string description;         ///< file or generator, with its seed
  core::Columns rx;                ///< 12 ePortRX words a crossing
  std::vector<data::Event> truth;  ///< the charges behind them, AE channel order; may be empty
};

/// Generates or reads a design's events; generated ones are not those of a training with the same
/// seed. Truth is what was generated or read; for a file of ePortRX
/// words, what the chip makes of them. Designs of another number of channels than 48 get generated
/// modules side by side and no truth. Errors: those of the readers and of data::encodeRx();
/// `stimuli.channels` for a file where the design has not 48 channels.
[[nodiscard]] core::Result<Stimuli> makeStimuli(const EventSource& source,
                                                const encoders::econ_t::ChipSettings& settings,
                                                std::uint64_t seed);

}  // namespace aegen::flows
