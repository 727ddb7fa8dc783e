#include "aegen/encoders/link_formats.hpp"

#include <algorithm>
#include <bit>

namespace aegen::encoders::econ_t {
namespace {

constexpr int kWord = 16;
constexpr int kLink = 32;

int log2Up(int n) {
  return n <= 1 ? 0 : static_cast<int>(std::bit_width(static_cast<unsigned>(n - 1)));
}

int stcGroupBits(const StcType& type) {
  return (type.address ? log2Up(type.cells) : 0) + type.sum.width();
}

int wordsOf(int bits) {
  return (bits + kWord - 1) / kWord;
}

}  // namespace

std::string_view text(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::ThresholdSum:
      return "threshold_sum";
    case Algorithm::SuperTriggerCell:
      return "super_trigger_cell";
    case Algorithm::BestChoice:
      return "best_choice";
    case Algorithm::Repeater:
      return "repeater";
    case Algorithm::Autoencoder:
      return "autoencoder";
  }
  return {};
}

std::string shortName(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::ThresholdSum:
      return "ts";
    case Algorithm::SuperTriggerCell:
      return "stc";
    case Algorithm::BestChoice:
      return "bc";
    case Algorithm::Repeater:
      return "rpt";
    case Algorithm::Autoencoder:
      return "ae";
  }
  return {};
}

std::optional<Algorithm> parseAlgorithm(std::string_view name) {
  const auto* const found =
      std::ranges::find(kAlgorithms, name, [](Algorithm a) { return text(a); });
  return found == kAlgorithms.end() ? std::nullopt : std::optional(*found);
}

int PathShape::addressBits() const {
  return std::max(1, log2Up(channels));
}

int thresholdSumBits(const PathShape& shape, int cells) {
  const int head = kHeaderBits + kTypeBits + shape.sum.width();
  if (cells == 0) return head;
  const int where =
      cells <= shape.mostListed() ? shape.countBits + cells * shape.addressBits() : shape.channels;
  return head + where + cells * shape.charge.width();
}

int bestChoiceBits(const PathShape& shape, int cells) {
  const int where = cells <= shape.mostListed() ? cells * shape.addressBits() : shape.channels;
  return kShortHeader + shape.sum.width() + where + cells * shape.charge.width();
}

int bestChoiceCells(const PathShape& shape, int activeEtx) {
  int cells =
      shape.bestChoiceMost > 0 ? std::min(shape.bestChoiceMost, shape.channels) : shape.channels;
  while (cells > 0 && bestChoiceBits(shape, cells) > kLink * activeEtx) --cells;
  return cells;
}

int stcBits(const PathShape& shape, int type, int groups) {
  return kShortHeader + groups * stcGroupBits(shape.stc[static_cast<std::size_t>(type)]);
}

int stcMostEtx(const PathShape& shape, int type) {
  const int all = shape.channels / shape.stc[static_cast<std::size_t>(type)].cells;
  return (stcBits(shape, type, all) + kLink - 1) / kLink;
}

int stcGroups(const PathShape& shape, int type, int activeEtx) {
  if (activeEtx > stcMostEtx(shape, type)) return 0;
  const StcType& chosen = shape.stc[static_cast<std::size_t>(type)];
  if (activeEtx < 1) return 0;
  return std::min(shape.channels / chosen.cells,
                  (kLink * activeEtx - kShortHeader) / stcGroupBits(chosen));
}

int autoencoderMostEtx(const PathShape& shape) {
  const int bits = kHeaderBits + kSumCode.width() + shape.patternBits();
  return std::min((bits + kLink - 1) / kLink, shape.etx);
}

int sentLatentBits(int activeEtx, const PathShape& shape) {
  const int links = std::clamp(activeEtx, 1, std::max(1, autoencoderMostEtx(shape)));
  return kLink * links - kHeaderBits - kSumCode.width();
}

int maskWords(const PathShape& shape) {
  return (shape.patternBits() + kMaskWord - 1) / kMaskWord;
}

int repeaterBits(const PathShape& shape) {
  return kHeaderBits + shape.channels * shape.charge.width();
}

int wordsWritten(const PathShape& shape) {
  int words =
      std::max({2 * shape.etx, wordsOf(thresholdSumBits(shape, shape.channels)),
                wordsOf(thresholdSumBits(shape, std::min(shape.channels, shape.mostListed()))),
                wordsOf(bestChoiceBits(shape, shape.channels)), wordsOf(repeaterBits(shape))});
  return words;
}

}  // namespace aegen::encoders::econ_t
