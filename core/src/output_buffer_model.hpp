#pragma once
/// The behaviour of BlockKind::OutputBuffer and BlockKind::BxCounter, a crossing at a time.

#include <cstdint>
#include <span>
#include <vector>

#include "aegen/core/design.hpp"

namespace aegen::core {

/// The link's queue of words (section 6 of the ECON-T page).
class OutputBufferModel {
 public:
  explicit OutputBufferModel(const BufferSizes& sizes)
      : sizes_(sizes), store_(std::size_t{kRounds} * (sizes.depth + 2 * sizes.etx), 0) {}

  struct Settings {
    std::int64_t t1 = 0, t2 = 0, t3 = 0, activeEtx = 0;
  };

  void clear();
  /// Takes `words` (maxWords of them, `count` of which matter) and puts what leaves into `tx`.
  void step(std::span<const std::int64_t> words, std::int64_t count, std::int64_t truncatedWord,
            std::int64_t fillWord, const Settings& settings, std::span<std::int64_t> tx);

 private:
  /// Depths that the buffer moves on through its store before it is moved back to the front.
  static constexpr std::size_t kRounds = 8;

  void write(std::int64_t position, std::int64_t word);
  void drop(std::size_t words);

  BufferSizes sizes_;
  std::vector<std::uint16_t> store_;  ///< [head_] leaves first; never written ones hold 0
  std::size_t head_ = 0;
  std::int64_t waiting_ = 0;
};

/// Counts bunch crossings of an orbit.
class BxCounterModel {
 public:
  static constexpr std::int64_t kLast = 3563;
  void clear() { bx_ = kLast; }
  std::int64_t step(std::int64_t header) {
    bx_ = header == 9 || bx_ == kLast ? 0 : bx_ + 1;
    return bx_;
  }

 private:
  std::int64_t bx_ = kLast;  ///< so that the first crossing is BX 0, whatever its header
};

}  // namespace aegen::core
