#pragma once
/// Codec: an encoder, its decoder and the layout of the link between them: what the trainer and the
/// importers make and everything else consumes; and its model file.

#include <filesystem>
#include <string>
#include <vector>

#include "aegen/encoders/conditions.hpp"
#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// Which latent bits are sent. `keep[i]` for i counted as the chip's ae_mask does: the first entry
/// is the most significant bit of the last latent.
struct LinkLayout {
  int activeEtx = 5;
  std::vector<bool> keep;
  bool operator==(const LinkLayout&) const = default;
};

struct Codec {
  std::string name;
  std::string description;  ///< how it was made: data, seed, loss reached
  Graph encoder;            ///< [48] charges -> latents
  /// Latents, in the encoder's format, and conditions where there are any -> [48] normalised
  /// charges in AE channel order.
  Graph decoder;
  LinkLayout link;
  std::vector<Condition> conditions{};  ///< elements of the decoder's input `conditions`
  bool operator==(const Codec&) const = default;
};

/// Reads and writes the model file (JSON, `"format": "aegen-model", "version": 1`;
/// docs/model_file.md). Diagnostics `model.*` name the key, `graph.*` the node; a number is taken
/// as it stands or refused. Writing goes to a temporary first and is renamed.
[[nodiscard]] core::Result<Codec> loadCodec(const std::filesystem::path& file);
[[nodiscard]] core::Result<void> saveCodec(const Codec& codec, const std::filesystem::path& file);

}  // namespace aegen::encoders
