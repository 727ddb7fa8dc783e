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
  struct Crossing {
    std::span<const std::uint16_t> words;  ///< maxWords
    std::int64_t count = 0;                ///< of them that matter
    std::uint16_t truncatedWord = 0;
    std::uint16_t fillWord = 0;
  };
  /// Takes a crossing and puts what leaves into `tx`, two words to each of etx links.
  void step(const Crossing& crossing, const Settings& settings, std::span<std::uint32_t> tx);

 private:
  /// Depths that the buffer moves on through its store before it is moved back to the front.
  static constexpr std::size_t kRounds = 8;

  void write(std::int64_t position, std::span<const std::uint16_t> words);
  void drop(std::size_t words);

  BufferSizes sizes_;
  std::vector<std::uint16_t> store_;  ///< [head_] leaves first; never written ones hold 0
  std::size_t head_ = 0;
  std::int64_t waiting_ = 0;
};

/// Counts bunch crossings of an orbit.
class BxCounterModel {
 public:
  void clear() { bx_ = kLastBx; }
  std::int64_t step(std::int64_t header) {
    bx_ = header == kOrbitStartHeader || bx_ == kLastBx ? 0 : bx_ + 1;
    return bx_;
  }

 private:
  std::int64_t bx_ = kLastBx;  ///< so that the first crossing is BX 0, whatever its header
};

}  // namespace aegen::core
