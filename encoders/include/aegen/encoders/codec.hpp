#pragma once
/// Codec: an encoder, its decoder and the layout of the link between them: what the trainer and the
/// importers make and everything else consumes; and its model file.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// Which latent bits are sent. `keep[i]` for i counted as the chip's ae_mask does: the first entry
/// is the most significant bit of the last latent.
struct LinkLayout {
  int activeEtx = 5;
  std::vector<bool> keep;
  bool operator==(const LinkLayout&) const = default;
};

/// Where an element of a decoder's conditions comes from.
enum class ConditionSource : std::uint8_t {
  SumCode,  ///< the link's 9-bit 5E4M code of the module sum, read as u9.9
  Given,    ///< a constant of the module, set at the board: eta, layer, place of the wafer
};
[[nodiscard]] std::string_view text(ConditionSource source);
[[nodiscard]] std::optional<ConditionSource> parseConditionSource(std::string_view text);

/// One element of a decoder's Input node `conditions`.
struct Condition {
  std::string name;
  ConditionSource source = ConditionSource::Given;
  double value = 0;  ///< Given: where the board sets none, quantized into the node's format
  bool operator==(const Condition&) const = default;
};
/// The name of that node.
inline constexpr std::string_view kConditionsNode = "conditions";

struct Codec {
  std::string name;
  std::string description;  ///< how it was made: data, seed, loss reached
  Graph encoder;            ///< [48] charges -> latents
  /// latents, and `conditions` if it has any -> [48] normalised charges in AE channel order
  Graph decoder;
  LinkLayout link;
  std::vector<Condition> conditions;  ///< one an element of the decoder's node `conditions`
  bool operator==(const Codec&) const = default;
};

/// Reads and writes the model file (JSON, `"format": "aegen-model", "version": 1`;
/// docs/model_file.md). Diagnostics `model.*` name the key, `graph.*` the node; a number is taken
/// as it stands or refused. Writing goes to a temporary first and is renamed.
[[nodiscard]] core::Result<Codec> loadCodec(const std::filesystem::path& file);
[[nodiscard]] core::Result<void> saveCodec(const Codec& codec, const std::filesystem::path& file);

}  // namespace aegen::encoders
