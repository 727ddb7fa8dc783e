#include "output_buffer_model.hpp"

#include <algorithm>

namespace aegen::core {
namespace {

// The count of waiting words stops here, far past any buffer: only links that never send get so
// far.
constexpr std::int64_t kMostWaiting = 1023;
constexpr std::int64_t kLateBit = 1 << 8;  // of a truncated word: why it was truncated

}  // namespace

void OutputBufferModel::clear() {
  std::ranges::fill(slots_, std::uint16_t{0});
  waiting_ = 0;
}

void OutputBufferModel::write(std::int64_t position, std::int64_t word) {
  if (position < static_cast<std::int64_t>(slots_.size())) {
    slots_[static_cast<std::size_t>(position)] = static_cast<std::uint16_t>(word);
  }
}

void OutputBufferModel::step(std::span<const std::int64_t> words, std::int64_t count,
                             std::int64_t truncatedWord, std::int64_t fillWord,
                             const Settings& settings, std::span<std::int64_t> tx) {
  const bool full = waiting_ + count > settings.t1;
  const bool late = waiting_ > settings.t2 && count <= settings.t3;
  if (full || late) {
    write(waiting_, full ? truncatedWord & ~kLateBit : truncatedWord | kLateBit);
    write(waiting_ + 1, fillWord);
    waiting_ += 1;
  } else {
    for (std::size_t i = 0; i < words.size(); ++i) {
      write(waiting_ + static_cast<std::int64_t>(i), words[i]);
    }
    waiting_ += count;
  }
  const std::int64_t links = std::min<std::int64_t>(settings.activeEtx, sizes_.etx);
  for (std::size_t link = 0; link < tx.size(); ++link) {
    const bool active = static_cast<std::int64_t>(link) < links;
    tx[link] = active ? std::int64_t{slots_[2 * link]} << 16 | slots_[2 * link + 1] : 0;
  }
  std::shift_left(slots_.begin(), slots_.end(), 2 * links);
  std::fill(slots_.end() - 2 * links, slots_.end(), std::uint16_t{0});
  waiting_ = std::clamp<std::int64_t>(waiting_ - 2 * links, 0, kMostWaiting);
}

}  // namespace aegen::core
