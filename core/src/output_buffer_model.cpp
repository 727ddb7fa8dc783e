#include "output_buffer_model.hpp"

#include <algorithm>
#include <array>

namespace aegen::core {

void OutputBufferModel::clear() {
  std::ranges::fill(store_, std::uint16_t{0});
  head_ = 0;
  waiting_ = 0;
}

// What lies past the depth is lost.
void OutputBufferModel::write(std::int64_t position, std::span<const std::uint16_t> words) {
  const std::int64_t room = std::int64_t{sizes_.depth} - position;
  if (room <= 0) return;
  std::copy_n(words.begin(), std::min(room, static_cast<std::int64_t>(words.size())),
              store_.begin() + static_cast<std::ptrdiff_t>(head_) + position);
}

void OutputBufferModel::drop(std::size_t words) {
  head_ += words;
  if (head_ + sizes_.depth <= store_.size()) return;
  // What was never written is zero, in the buffer as in the store behind it.
  std::copy(store_.begin() + static_cast<std::ptrdiff_t>(head_), store_.end(), store_.begin());
  std::fill(store_.end() - static_cast<std::ptrdiff_t>(head_), store_.end(), std::uint16_t{0});
  head_ = 0;
}

void OutputBufferModel::step(const Crossing& crossing, const Settings& settings,
                             std::span<std::uint32_t> tx) {
  const bool full = waiting_ + crossing.count > settings.t1;
  const bool late = waiting_ > settings.t2 && crossing.count <= settings.t3;
  if (full || late) {
    constexpr unsigned kLate = 1U << kTruncatedLateBit;
    const unsigned why = full ? 0 : kLate;
    write(waiting_, std::array{static_cast<std::uint16_t>((crossing.truncatedWord & ~kLate) | why),
                               crossing.fillWord});
    waiting_ += 1;
  } else {
    write(waiting_, crossing.words);
    waiting_ += crossing.count;
  }
  const auto links = static_cast<std::size_t>(
      std::min<std::int64_t>(settings.activeEtx, std::int64_t{sizes_.etx}));
  for (std::size_t link = 0; link < tx.size(); ++link) {
    const std::size_t at = head_ + 2 * link;
    tx[link] = link < links ? std::uint32_t{store_[at]} << 16 | store_[at + 1] : 0;
  }
  drop(2 * links);
  waiting_ = std::clamp<std::int64_t>(waiting_ - static_cast<std::int64_t>(2 * links), 0,
                                      kMostWaitingWords);
}

}  // namespace aegen::core
