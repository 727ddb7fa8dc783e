#pragma once
/// What is compared, and how a chip and a board are set for it.

#include <vector>

#include "aegen/flows/compare.hpp"
#include "aegen/flows/stage_results.hpp"
#include "aegen/rtl_gen/manifest.hpp"

namespace aegen::flows {

/// Variants of one design in the order of the algorithms.
[[nodiscard]] std::vector<CompareVariant> variantsOf(const DesignSpec& spec);

/// Whether an algorithm sends anything of use with so many links.
[[nodiscard]] bool sends(const encoders::econ_t::PathShape& shape,
                         encoders::econ_t::Algorithm algorithm, int stcType, int etx);

/// Whether a variant of a design has a row with so many links: it sends, and it is no autoencoder
/// whose hard-wired mask is made for another number.
[[nodiscard]] bool compared(const DesignSpec& spec, const CompareVariant& variant, int etx);

/// The design's settings for a variant and a number of links; the autoencoder's mask is the model's
/// own where it is made for so many links or hard-wired, else the leading bits that fit.
[[nodiscard]] encoders::econ_t::ChipSettings settingsFor(const DesignBundle& bundle,
                                                         const CompareVariant& variant, int etx);

/// AE channel (place on the wafer) of each channel of a variant: the identity but for super trigger
/// cells, whose groups of 4 and 16 are made neighbours.
[[nodiscard]] std::vector<int> placesOf(encoders::econ_t::Algorithm algorithm);

/// um2 of what an algorithm needs beyond front end and buffer: the blocks between charges and words
/// that it uses, each with all it instantiates. Pipeline registers of the top are not in it.
[[nodiscard]] double encoderArea(const core::Design& chip, const SynthResult& synthesis,
                                 encoders::econ_t::Algorithm algorithm, bool severalHeld);

/// um2 of the register banks of the fields that this algorithm alone uses: weights and mask of the
/// autoencoder, thresholds and sync word of threshold sum, the type of super trigger cells.
[[nodiscard]] double registerArea(const rtl_gen::ModuleManifest& manifest,
                                  const SynthResult& synthesis,
                                  encoders::econ_t::Algorithm algorithm);

}  // namespace aegen::flows
