#pragma once
/// The back-end board's decoders as IR: one string of link words to the charges of a module, for
/// every algorithm of a PathShape, settings as Config inputs so that one decoder serves many
/// modules.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/core/diagnostic.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/graph.hpp"
#include "aegen/encoders/link_formats.hpp"

namespace aegen::encoders::econ_t {

/// What a decoder found a string to be: its output `status`. From BadType on nothing is decoded:
/// module_sum, sent and charge are 0. The formats carry no check sum: a status of Good says that
/// no redundancy of the format is violated, not that no bit is wrong.
enum class StringStatus : std::uint8_t {
  Good = 0,
  TruncatedFull = 1,  ///< threshold sum: the module sum alone, the chip's buffer was full (t1)
  TruncatedLate = 2,  ///< threshold sum: the same, the buffer was late (t2, t3)
  BadType = 3,        ///< a type the format does not have
  BadCount = 4,       ///< the count, or the map's number of cells, contradicts type or setting
  BadAddress = 5,     ///< outside the channels, not ascending, or of an empty group not the highest
  BadPadding = 6,     ///< a bit behind the string, or one that fills it up, is 1
  ImpossibleSum = 7,  ///< more than all charges at their largest
  SumContradiction = 8,  ///< the module sum cannot belong to the charges sent
  NothingSent = 9,       ///< with this setting the chip sends nothing
};
inline constexpr int kStringStatuses = 10;
/// "good", "truncated_full", ...
[[nodiscard]] std::string_view text(StringStatus status);

/// What to do with the part of the energy that has no cell of its own: the Config port `spread`.
enum class Spread : std::uint8_t {
  /// Threshold sum, best choice: nothing. Super trigger cells: all at the cell whose address was
  /// sent; a type without addresses has only equal shares.
  Concentrated = 0,
  /// Threshold sum, best choice: the module sum of what was not sent (with use_sum what the cells
  /// sent leave of it) in equal shares over the cells not sent. Super trigger cells: the group's
  /// sum in equal shares over its cells. A share is rounded to nearest, halves up: n of them are
  /// within n / 2 of what is shared, and none is 0 when at least n / 2 is.
  Shared = 1,
};

/// A decoder: `function` of `program`. Ports, those that do not apply to an algorithm left out:
///   tx u32[decoderWords(shape)]  the string, its first 16-bit word in the upper half of tx[0],
///                                zeros behind what was received
///   Config: active_etx u4, drop_lsb u4, stc_type u2, use_sum u1, spread u1, ae_mask
///   u16[maskWords(shape)], condition_<name> of each given condition in the format of the decoder's
///   input `conditions`, and the loadable weights of an autoencoder's decoder by name
/// to
///   header u5 (best choice, super trigger cells: u4), status u4 (a StringStatus),
///   module_sum u28: threshold sum, best choice, autoencoder: the middle of the code's step
///                   (best choice: of what drop_lsb left, times 2^drop_lsb); the others: the sum of
///                   what was sent
///   sent u1[channels]: cells with a charge of their own; super trigger cells: cells of the groups
///                   sent; autoencoder: all
///   charge u26[channels]: whole units in channel order. A code gives the middle of its step
///                   (floored) including what drop_lsb dropped, code 0 gives 0.
///   latent, in the network's number and format (autoencoder)
struct LinkDecoder {
  Algorithm algorithm = Algorithm::ThresholdSum;
  PathShape shape;
  core::Program program;
  std::string function;  ///< "decode_" and the algorithm's name
};

/// 32-bit words that hold the longest string of any algorithm and all links.
[[nodiscard]] int decoderWords(const PathShape& shape);

/// The decoder of threshold sum, super trigger cells, best choice or repeater. Diagnostics:
/// `decoder.shape` (more than 127 channels, active_etx does not fit; of super trigger cells: more
/// than four types, groups that do not divide the channels);
/// `decoder.algorithm` for the autoencoder, which needs a network.
[[nodiscard]] core::Result<LinkDecoder> linkDecoder(Algorithm algorithm, const PathShape& shape);

/// The autoencoder's with the network `decoder` (latents and conditions to 48 normalised charges),
/// inferred: eTX, ae_mask and given conditions are Config inputs, and so are the weights marked
/// loadable. The latents of `shape` are the network's, whatever it says. On a string without a
/// problem its charges are those of boardDecoder(). Diagnostics as boardDecoder().
[[nodiscard]] core::Result<LinkDecoder> autoencoderLinkDecoder(
    const Graph& decoder, const std::vector<Condition>& conditions = {},
    const PathShape& shape = {});

/// What a module's decoder has to know of the chip's settings.
struct DecoderSettings {
  int activeEtx = 13;
  int dropLsb = 0;
  int stcType = 0;
  bool useSum = false;
  Spread spread = Spread::Concentrated;
  std::vector<bool> keep;  ///< ae_mask as in ChipSettings; empty: all of the ECON-T's
};
/// Those of a chip.
[[nodiscard]] DecoderSettings decoderSettings(const ChipSettings& settings,
                                              Spread spread = Spread::Concentrated);
/// The settings as values of the decoder's Config ports; weights are not among them.
[[nodiscard]] core::ConfigValues decoderConfig(Algorithm algorithm,
                                               const DecoderSettings& settings);
/// The given conditions as values of the Config ports of the autoencoder's decoder.
[[nodiscard]] core::ConfigValues givenConditions(const Graph& decoder,
                                                 const std::vector<Condition>& conditions);
/// The values of a graph's loadable weights by name.
[[nodiscard]] core::ConfigValues loadableWeights(const Graph& decoder);

}  // namespace aegen::encoders::econ_t
