#pragma once
/// A stand-in for the decoder network of an autoencoder of which only the encoder is known, as of a
/// chip's vector sets. It is not trained and says nothing of what an encoder can do: it is there so
/// that latents become charges and a module's path through the board can be run and checked.

#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/graph.hpp"

namespace aegen::encoders::econ_t {

/// The encoder's weights as one linear map (convolution and dense layer without biases and ReLUs),
/// transposed and scaled to 1 at its largest: latents u9.8 to 48 normalised charges u11.10, a
/// dense layer with ReLU. Kernel s8.7 and bias (zeros) are loadable. Not inferred.
[[nodiscard]] Graph transposedDecoder(const AutoencoderWeights& weights);

}  // namespace aegen::encoders::econ_t
