#pragma once
/// What reaches a decoder of a codec's latents, and what it is told beside them.

#include <cstdint>
#include <span>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/econ_t.hpp"

namespace aegen::encoders {

/// The bits of each latent that are sent, as the chip closes them up and cuts them to its links.
[[nodiscard]] std::vector<std::int64_t> sentBits(const LinkLayout& link,
                                                 const econ_t::PathShape& shape);

/// What the decoder takes: latents and, where it has any, conditions of each event.
[[nodiscard]] core::Columns decoderInputs(const Codec& codec, const core::Columns& latents,
                                          std::span<const data::Event> events,
                                          std::span<const data::Column> columns);

}  // namespace aegen::encoders
