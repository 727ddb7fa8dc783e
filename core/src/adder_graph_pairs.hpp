#pragma once
/// How often each pattern of two terms occurs: a flat hash table from packed keys to small numbers.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace aegen::core {

// A node's value times 2^shift, perhaps negated, as one of the terms of a sum.
struct Term {
  std::uint32_t node = 0;
  std::int16_t shift = 0;
  bool negated = false;
  bool operator==(const Term&) const = default;
};

// Two terms up to a common shift and sign: first + (or -) second * 2^distance. The node of the
// first is the lower; of the same node twice the first has the lower shift.
struct Pattern {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  int distance = 0;
  bool opposite = false;

  static constexpr int kNodeBits = 24;
  static constexpr int kBias = 128;

  static std::uint64_t keyOf(const Term& a, const Term& b) {
    const bool swap = a.node > b.node || (a.node == b.node && a.shift > b.shift);
    const Term& x = swap ? b : a;
    const Term& y = swap ? a : b;
    return (std::uint64_t{x.node} << 40) | (std::uint64_t{y.node} << 16) |
           (static_cast<std::uint64_t>(y.shift - x.shift + kBias) << 1) |
           static_cast<std::uint64_t>(x.negated != y.negated);
  }
  static Pattern of(std::uint64_t key) {
    constexpr std::uint64_t kMask = (std::uint64_t{1} << kNodeBits) - 1;
    return {static_cast<std::uint32_t>(key >> 40), static_cast<std::uint32_t>((key >> 16) & kMask),
            static_cast<int>((key >> 1) & 0x7fff) - kBias, (key & 1) != 0};
  }
  [[nodiscard]] int firstShift() const { return distance < 0 ? -distance : 0; }
  [[nodiscard]] int secondShift() const { return distance > 0 ? distance : 0; }
};

// Keys are never 0. What has come down to 0 is forgotten when the table grows.
class FlatCounts {
 public:
  struct Slot {
    std::uint64_t key = 0;
    std::int32_t count = 0;
    std::int32_t queued = 0;  // the count with which it waits in a queue
  };

  FlatCounts() : slots_(kSmallest) {}

  // Valid until the next call.
  Slot& at(std::uint64_t key) {
    std::size_t i = place(key);
    while (slots_[i].key != key) {
      if (slots_[i].key == 0) {
        if (2 * (used_ + 1) > slots_.size()) {
          grow();
          return at(key);
        }
        ++used_;
        slots_[i].key = key;
        break;
      }
      i = (i + 1) & (slots_.size() - 1);
    }
    return slots_[i];
  }
  [[nodiscard]] Slot* find(std::uint64_t key) {
    std::size_t i = place(key);
    while (slots_[i].key != key) {
      if (slots_[i].key == 0) return nullptr;
      i = (i + 1) & (slots_.size() - 1);
    }
    return &slots_[i];
  }
  [[nodiscard]] std::vector<Slot>& slots() { return slots_; }

 private:
  static constexpr std::size_t kSmallest = 1024;

  [[nodiscard]] std::size_t place(std::uint64_t key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ULL) >> shift_);
  }
  void grow() {
    std::vector<Slot> old;
    old.swap(slots_);
    std::size_t live = 0;
    for (const Slot& slot : old) live += slot.count != 0 || slot.queued != 0 ? 1 : 0;
    const std::size_t size = std::max(kSmallest, std::bit_ceil(4 * live + 1));
    slots_.assign(size, {});
    shift_ = 64 - static_cast<int>(std::bit_width(size - 1));
    used_ = live;
    for (const Slot& slot : old) {
      if (slot.count == 0 && slot.queued == 0) continue;
      std::size_t i = place(slot.key);
      while (slots_[i].key != 0) i = (i + 1) & (size - 1);
      slots_[i] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  int shift_ = 64 - static_cast<int>(std::bit_width(kSmallest - 1));
};

}  // namespace aegen::core
