#pragma once
/// Batcher's odd-even merge exchange: a sorting network for any number of entries.

#include <vector>

namespace aegen::encoders {

/// A compare-exchange of the entries `low` < `high`.
struct Comparator {
  int low = 0;
  int high = 0;
  bool operator==(const Comparator&) const = default;
};

/// The network for `entries` entries as levels of comparators that touch each entry at most once
/// (Knuth, The Art of Computer Programming, vol. 3, section 5.2.2, Algorithm M). The order of
/// levels is the algorithm's: with a fixed rule for equals it fixes where equals end.
[[nodiscard]] std::vector<std::vector<Comparator>> mergeExchange(int entries);

}  // namespace aegen::encoders
