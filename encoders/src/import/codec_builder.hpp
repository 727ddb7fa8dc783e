#pragma once
/// Codecs of imported networks: the chip's front before the encoder, the link's conditions before
/// the decoder, charges in AE channel order behind it.

#include "imported_network.hpp"

namespace aegen::encoders {

/// An encoder's part of a codec.
struct ImportedEncoder {
  Graph graph;         ///< 48 charges u22 -> latents
  int conditions = 0;  ///< values that the source joins to the latents for the decoder
};

/// The encoder behind Normalize and, where it takes an image, the chip's 8x8 grid. What its output
/// joins to the latents from other inputs is cut off. Latents that the source leaves unquantized
/// get `options.latentBits`. Diagnostics `import.*`, `graph.*`.
[[nodiscard]] core::Result<ImportedEncoder> buildEncoder(const ImportedNetwork& network,
                                                         const ImportOptions& options,
                                                         std::vector<Decision>& decisions);

/// The decoder's part of a codec.
struct ImportedDecoder {
  Graph graph;  ///< latents in the encoder's format, conditions -> 48 charges
  std::vector<Condition> conditions;
};

/// The decoder of latents of `latents`' shape and format. Inputs beside the latents become
/// conditions. Diagnostics as above.
[[nodiscard]] core::Result<ImportedDecoder> buildDecoder(const ImportedNetwork& network,
                                                         const Node& latents,
                                                         const ImportOptions& options,
                                                         std::vector<Decision>& decisions);

/// ln(1 + sum) of every 5E4M module-sum code, sum being the middle of the code's step.
[[nodiscard]] std::vector<double> logarithmsOfSumCodes();

}  // namespace aegen::encoders
