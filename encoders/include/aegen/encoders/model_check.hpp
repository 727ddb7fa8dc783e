#pragma once
/// Model check: whether what was trained is what the silicon computes, and what of a model's bits
/// and neurons is wasted (docs/check.md).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/data/events.hpp"
#include "aegen/encoders/codec.hpp"

namespace aegen::encoders {

enum class Severity : std::uint8_t {
  Note,     ///< something to be had
  Warning,  ///< something is lost, or is not what the chip computes
};
[[nodiscard]] std::string_view text(Severity severity);

/// One thing found. A code is found once a node at most; `elements` says where in it.
struct Finding {
  Severity severity = Severity::Note;
  std::string code;                   ///< "check.no-relu": does not change between versions
  std::string where;                  ///< graph and node
  double number = 0;                  ///< how much, in `unit`
  std::string unit;                   ///< "share of events", "elements", "bits", ...
  std::string message;                ///< one sentence with the number
  std::string advice;                 ///< what to do
  std::vector<std::size_t> elements;  ///< of the node's tensor, where single ones are meant
};

/// How much of something makes a warning of it.
struct CheckLimits {
  double latentSaturation = 0.01;  ///< share of events in which a latent is cut
  double layerSaturation = 0.001;  ///< of an element's values in a layer within the network
  double entropyShare = 0.5;       ///< of the bits sent of a latent, below which they are wasted
  double decoderError = 1.0 / 16;  ///< of the decoder's error bound, in units of its output
};

/// Checks a codec on `events`, at least one. Findings in the order of the network, encoder first,
/// then link, then decoder. An encoder that starts with Normalize is held against the ECON-T's
/// (section 4): ReLUs, weight format, arithmetic, each where its shape is the chip's. Saturation,
/// dead neurons and widths come from the events, constants from intervals: those hold for any.
/// Given conditions have their default. Diagnostics: `check.shape` (the encoder does not take 48
/// charges u22, or the decoder not its latents), `check.events`, those of linkPositions() and
/// lower().
[[nodiscard]] core::Result<std::vector<Finding>> checkModel(const Codec& codec,
                                                            std::span<const data::Event> events,
                                                            const CheckLimits& limits = {});

}  // namespace aegen::encoders
