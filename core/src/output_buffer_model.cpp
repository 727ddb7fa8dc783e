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
  std::ranges::fill(store_, std::uint16_t{0});
  head_ = 0;
  waiting_ = 0;
}

void OutputBufferModel::write(std::int64_t position, std::int64_t word) {
  if (position < std::int64_t{sizes_.depth}) {
    store_[head_ + static_cast<std::size_t>(position)] = static_cast<std::uint16_t>(word);
  }
}

void OutputBufferModel::drop(std::size_t words) {
  head_ += words;
  if (head_ + sizes_.depth <= store_.size()) return;
  // What was never written is zero, in the buffer as in the store behind it.
  std::copy(store_.begin() + static_cast<std::ptrdiff_t>(head_), store_.end(), store_.begin());
  std::fill(store_.end() - static_cast<std::ptrdiff_t>(head_), store_.end(), std::uint16_t{0});
  head_ = 0;
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
    const std::size_t at = head_ + 2 * link;
    tx[link] = active ? std::int64_t{store_[at]} << 16 | store_[at + 1] : 0;
  }
  drop(static_cast<std::size_t>(2 * links));
  waiting_ = std::clamp<std::int64_t>(waiting_ - 2 * links, 0, kMostWaiting);
}

}  // namespace aegen::core
