#include "sort_network.hpp"

#include <bit>

namespace aegen::encoders {

std::vector<std::vector<Comparator>> mergeExchange(int entries) {
  std::vector<std::vector<Comparator>> levels;
  if (entries < 2) return levels;
  const int top = static_cast<int>(std::bit_ceil(static_cast<unsigned>(entries))) / 2;
  for (int p = top; p > 0; p /= 2) {
    int residue = 0;
    int distance = p;
    for (int q = top;; q /= 2) {
      std::vector<Comparator> level;
      for (int i = 0; i + distance < entries; ++i) {
        if ((i & p) == residue) level.push_back({i, i + distance});
      }
      levels.push_back(std::move(level));
      if (q == p) break;
      distance = q - p;
      residue = p;
    }
  }
  return levels;
}

}  // namespace aegen::encoders
