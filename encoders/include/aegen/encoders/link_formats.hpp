#pragma once
/// What each algorithm of the trigger path puts on the links: sizes, counts and bit strings as
/// functions of a PathShape, of which the ECON-T (section 5 of its page) is the default.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "aegen/encoders/float_code.hpp"

namespace aegen::encoders::econ_t {

/// The chip's encoders; the values are those of the `algorithm` register.
enum class Algorithm : std::uint8_t {
  ThresholdSum = 0,
  SuperTriggerCell = 1,
  BestChoice = 2,
  Repeater = 3,
  Autoencoder = 4,
};
inline constexpr std::array kAlgorithms{Algorithm::ThresholdSum, Algorithm::SuperTriggerCell,
                                        Algorithm::BestChoice, Algorithm::Repeater,
                                        Algorithm::Autoencoder};
/// "threshold_sum", "super_trigger_cell", "best_choice", "repeater", "autoencoder".
[[nodiscard]] std::string_view text(Algorithm algorithm);
/// "ts", "stc", "bc", "rpt", "ae".
[[nodiscard]] std::string shortName(Algorithm algorithm);
[[nodiscard]] std::optional<Algorithm> parseAlgorithm(std::string_view text);

/// A way of sending sums of neighbouring channels.
struct StcType {
  int cells = 4;        ///< channels of a group, a power of two
  bool address = true;  ///< log2(cells) bits say which of them holds the largest charge
  FloatCode sum{5, 4};  ///< code of a group's sum
  bool drops = false;   ///< drop_lsb acts on the sum before it is coded
  bool operator==(const StcType&) const = default;
};

/// Sizes of a trigger path. The defaults are the ECON-T's.
struct PathShape {
  int channels = 48;      ///< trigger cells: four to a port word, a multiple of every group, <= 124
  int etx = 13;           ///< links of 32 bits a crossing
  int bufferWords = 400;  ///< of 16 bits, at most 511
  FloatCode charge{4, 3};  ///< a trigger cell on the link
  FloatCode sum{5, 3};     ///< the module sum of threshold sum and best choice
  int bestChoiceMost = 0;  ///< cells best choice sends at most; 0: as many as the links carry
  int countBits = 3;       ///< of a list of cells: up to 2^countBits - 1 are listed by address
  int latents = 16;        ///< of the autoencoder, those of its model: 1..kMostLatents
  int latentBits = 9;      ///< of a latent on the link, likewise: 1..kMostLatentBits
  std::vector<StcType> stc{{4, true, {5, 4}, false},
                           {16, true, {5, 4}, false},
                           {4, false, {4, 3}, true},
                           {4, true, {4, 3}, true}};

  /// Bits of a channel's number.
  [[nodiscard]] int addressBits() const;
  /// Cells that are listed by address; from one more on a map of all channels is sent.
  [[nodiscard]] int mostListed() const { return (1 << countBits) - 1; }
  /// Bits of all latents: of the autoencoder's mask.
  [[nodiscard]] int patternBits() const { return latents * latentBits; }
  bool operator==(const PathShape&) const = default;
};

inline constexpr int kMostLatents = 256;
inline constexpr int kMostLatentBits = 16;
inline constexpr int kMostPatternBits = 1024;  ///< latents * latentBits
inline constexpr int kMaskWord = 16;           ///< bits of ae_mask a register holds
inline constexpr FloatCode kSumCode{5, 4};     ///< the autoencoder's module sum on the link
inline constexpr int kChargeBits = 22;         ///< of a calibrated charge
inline constexpr int kHeaderBits = 5;          ///< 31 at BX 0, else BX mod 16
inline constexpr int kShortHeader = 4;         ///< the same without its second bit
inline constexpr int kTypeBits = 3;            ///< of a threshold-sum string
inline constexpr int kMostDrop = 4;            ///< drop_lsb above it acts as 0
inline constexpr int kSyncBits = 11;           ///< of sync_word, behind the header of a fill word
inline constexpr int kTypeNone = 0b000;        ///< no cell
inline constexpr int kTypeList = 0b010;        ///< count, addresses, charges
inline constexpr int kTypeMap = 0b100;         ///< map of all channels, charges
inline constexpr int kTypeFull = 0b110;        ///< truncated, the buffer was full: module sum alone
inline constexpr int kTypeLate = 0b111;        ///< truncated, the buffer was late: module sum alone

/// Cells that best choice sends: as many as fit beside header and module sum, at most
/// shape.bestChoiceMost where that is not 0; 0 when none fits.
/// 1, 4, 6, 9, 14, 18, 23, 28, 32, 37, 41, 46, 48 for 1..13 eTX of the ECON-T.
[[nodiscard]] int bestChoiceCells(const PathShape& shape, int activeEtx);
/// Groups that super trigger cells of `type` (an index of shape.stc) sends: as many as fit; 0 with
/// more eTX than all of them need: the chip sends nothing then.
[[nodiscard]] int stcGroups(const PathShape& shape, int type, int activeEtx);
/// Fewest eTX with which stcGroups() are all.
[[nodiscard]] int stcMostEtx(const PathShape& shape, int type);

/// Links the autoencoder's strings take at most: as few as carry header, module sum and all latent
/// bits, and no more than the chip has. 5 of the ECON-T.
[[nodiscard]] int autoencoderMostEtx(const PathShape& shape);
/// Kept latent bits that `activeEtx` links carry: what header and module sum leave of whole links,
/// 18 + 32 (eTX - 1), for 1..autoencoderMostEtx(); fewer links act as 1, more as the most. So the
/// ECON-T's ends at 146, where it has 144 bits.
[[nodiscard]] int sentLatentBits(int activeEtx, const PathShape& shape = {});
/// Registers of ae_mask, kMaskWord bits each; the highest bits of the last may be unused.
[[nodiscard]] int maskWords(const PathShape& shape);

/// Bits of each algorithm's string before it is filled up to whole words.
[[nodiscard]] int thresholdSumBits(const PathShape& shape, int cells);
[[nodiscard]] int bestChoiceBits(const PathShape& shape, int cells);
[[nodiscard]] int stcBits(const PathShape& shape, int type, int groups);
[[nodiscard]] int repeaterBits(const PathShape& shape);
/// 16-bit words a crossing writes into the buffer: those of all links, and of any string.
[[nodiscard]] int wordsWritten(const PathShape& shape);

}  // namespace aegen::encoders::econ_t
