#pragma once
/// Random autoencoders of any number of latents of any width, with conditions or without.

#include "aegen/encoders/codec.hpp"
#include "aegen/encoders/link_formats.hpp"
#include "random_program.hpp"

namespace aegen::test_common {

/// 1..mostLatents latents of 1..12 bits and 1..14 eTX; else the ECON-T's sizes.
[[nodiscard]] encoders::econ_t::PathShape randomLatentShape(SplitMix64& random,
                                                            int mostLatents = 64);

struct RandomAutoencoderOptions {
  bool loadable = true;        ///< the encoder's weights
  bool loadableBoard = false;  ///< the decoder's
  int conditions = 0;          ///< of both sources, the first is the sum code
};
/// A codec of the shape's latents, in a random format of their width, signed in half the cases:
/// one dense layer on a few of the 48 normalised charges, one on a few latents and all conditions.
/// The mask is random, its number of links too.
[[nodiscard]] encoders::Codec randomAutoencoder(SplitMix64& random,
                                                const encoders::econ_t::PathShape& shape,
                                                const RandomAutoencoderOptions& options = {});

/// What is left of latents behind mask and links, by counting bits one after the other.
[[nodiscard]] std::vector<std::int64_t> receivedLatents(const std::vector<std::int64_t>& latents,
                                                        const encoders::LinkLayout& link,
                                                        const core::FixedFormat& format, int etx);

}  // namespace aegen::test_common
