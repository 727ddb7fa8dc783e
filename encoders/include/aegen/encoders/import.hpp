#pragma once
/// Importing: an autoencoder that another framework trained, as a Codec of integers, with every
/// decision on the way written down (docs/import.md).

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aegen/encoders/codec.hpp"

namespace aegen::encoders {

/// Something the import chose that the files do not say, or where it differs from them.
struct Decision {
  std::string where;  ///< layer or file
  std::string what;   ///< what was done
  std::string why;
  bool operator==(const Decision&) const = default;
};

/// Formats for what the source leaves in floating point. What it quantizes itself is taken over
/// exactly.
struct ImportFormats {
  int weightBits = 16;  ///< of kernels, 4..24; their fraction as large as their range allows
  int fraction = 10;    ///< fractional bits of activations and charges, 2..20
};

struct ImportOptions {
  std::string name;          ///< of the codec; empty: the source's
  std::string architecture;  ///< of files that hold weights alone: `econ_t`
  ImportFormats formats;
  /// Names of the decoder's inputs beside the latents, in order; empty: those that
  /// defaultConditions() knows.
  std::vector<std::string> conditions;
  int latentBits = 9;  ///< of latents that the source does not quantize, 1..9
  int activeEtx = 5;   ///< links in use
};

/// Names of the conditions of the published conditional autoencoders, when there are `count` of
/// them; else empty.
[[nodiscard]] std::vector<std::string> defaultConditions(int count);

/// A codec and how it came about.
struct Imported {
  Codec codec;
  std::vector<Decision> decisions;
  /// Most that the decoder's charges differ from the source's own numbers, whatever the latents and
  /// conditions (decoder_error_bound.hpp); empty where no bound can be given.
  std::optional<double> decoderError;
};

/// Reads an encoder and its decoder, each from one file or from an architecture and a weight file
/// in any order, and makes a codec of them. Without decoder files the codec gets the stand-in of
/// transposed_decoder.hpp where the encoder is the chip's, and is refused where it is not.
/// Diagnostics `import.*` name file, layer and operation and say what would work.
[[nodiscard]] core::Result<Imported> importCodec(const std::vector<std::filesystem::path>& encoder,
                                                 const std::vector<std::filesystem::path>& decoder,
                                                 const ImportOptions& options);

}  // namespace aegen::encoders
