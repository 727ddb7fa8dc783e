#include "sum_of_products.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace aegen::flows {

namespace {

/// Bits by weight, waiting to be added; constants are added up at once.
class Columns {
 public:
  Columns(GateCircuit& circuit, int width)
      : circuit_(circuit), columns_(static_cast<std::size_t>(width)) {}

  /// Adds or subtracts bit * 2^position. -b = !b - 1: a sign bit is complemented, never extended.
  void add(Signal bit, int position, bool negative = false) {
    if (position >= width() || bit == kZero) {
      return;
    }
    if (negative) {
      subtractConstant(position);
      add(!bit, position);
    } else if (bit == kOne) {
      addConstant(position);
    } else {
      columns_[static_cast<std::size_t>(position)].push_back(bit);
    }
  }

  void add(const Word& word, int shift, bool negative) {
    for (std::size_t i = 0; i < word.bits.size(); ++i) {
      const bool sign = word.isSigned && i + 1 == word.bits.size();
      add(word.bits[i], shift + static_cast<int>(i), negative != sign);
    }
  }

  /// Full adders from the lowest column up, the earliest bits first; a half adder where two bits
  /// are left. No tree has fewer full adders: each takes one bit away.
  std::vector<Signal> sum() {
    std::vector<Signal> result;
    for (int position = 0; position < width(); ++position) {
      result.push_back(reduce(position));
    }
    return result;
  }

  [[nodiscard]] int width() const { return static_cast<int>(columns_.size()); }

 private:
  void addConstant(int position) {
    for (; position < width(); ++position) {
      auto&& digit = constantAt(position);
      digit = !digit;
      if (digit) {
        return;
      }
    }
  }
  void subtractConstant(int position) {
    for (; position < width(); ++position) {
      auto&& digit = constantAt(position);
      digit = !digit;
      if (!digit) {
        return;
      }
    }
  }
  std::vector<bool>::reference constantAt(int position) {
    constant_.resize(columns_.size());
    return constant_[static_cast<std::size_t>(position)];
  }

  static constexpr int kLast = std::numeric_limits<int>::max();

  static void put(std::vector<std::pair<int, Signal>>& queue, int arrival, Signal bit) {
    const auto later = [](int time, const auto& entry) { return time > entry.first; };
    queue.insert(std::upper_bound(queue.begin(), queue.end(), arrival, later), {arrival, bit});
  }

  Signal reduce(int position) {
    std::vector<std::pair<int, Signal>> queue;  // the latest first
    for (const Signal bit : columns_[static_cast<std::size_t>(position)]) {
      put(queue, circuit_.arrival(bit), bit);
    }
    if (constantAt(position)) {
      if (queue.empty()) {
        return kOne;
      }
      // Last of all: beside one bit it is free, beside two it costs half an adder.
      queue.insert(queue.begin(), {kLast, kOne});
    }
    const auto take = [&queue] {
      const Signal bit = queue.back().second;
      queue.pop_back();
      return bit;
    };
    while (queue.size() > 1) {
      const Signal a = take();
      const Signal b = take();
      const auto made = queue.empty() ? circuit_.add(a, b) : circuit_.add(a, b, take());
      add(made.carry, position + 1);
      if (made.sum == kOne || made.sum == kZero) {
        if (made.sum == kOne) {
          put(queue, kLast, kOne);
        }
      } else {
        put(queue, circuit_.arrival(made.sum), made.sum);
      }
    }
    return queue.empty() ? kZero : queue[0].second;
  }

  GateCircuit& circuit_;
  std::vector<std::vector<Signal>> columns_;
  std::vector<bool> constant_;
};

/// The partial products of all summands, in columns.
class Rows {
 public:
  Rows(GateCircuit& circuit, int width, ProductRows style)
      : circuit_(circuit), columns_(circuit, width), style_(style) {}

  std::vector<Signal> run(const std::vector<Summand>& summands) {
    std::vector<const Summand*> waiting;
    for (const Summand& summand : summands) {
      if (!summand.isProduct) {
        columns_.add(summand.a, summand.shift, summand.negative);
      } else if (style_ == ProductRows::Pairs && canPair(summand)) {
        waiting.push_back(&summand);
      } else {
        product(summand);
      }
    }
    pairs(std::move(waiting));
    negations();
    return columns_.sum();
  }

 private:
  static int size(const Word& word) { return static_cast<int>(word.bits.size()); }
  static Signal at(const Word& word, int index) {
    if (index < 0 || word.bits.empty()) {
      return kZero;
    }
    if (index >= size(word)) {
      return word.isSigned ? word.bits.back() : kZero;
    }
    return word.bits[static_cast<std::size_t>(index)];
  }
  static bool isSign(const Word& word, int index) {
    return word.isSigned && index + 1 == size(word);
  }

  void product(const Summand& summand) {
    const bool swap = size(summand.a) < size(summand.b);
    const Word& wide = swap ? summand.b : summand.a;
    const Word& narrow = swap ? summand.a : summand.b;
    if (style_ == ProductRows::Booth) {
      booth(wide, narrow, summand.shift, summand.negative);
    } else if (style_ == ProductRows::BoothOfWide) {
      booth(narrow, wide, summand.shift, summand.negative);
    } else {
      bits(wide, narrow, summand.shift, summand.negative);
    }
  }

  void bits(const Word& a, const Word& b, int shift, bool negative) {
    for (int j = 0; j < size(b); ++j) {
      for (int i = 0; i < size(a); ++i) {
        if (shift + i + j < columns_.width()) {
          addProductBit(circuit_.conjunction(at(a, i), at(b, j)), shift + i + j,
                        negative != (isSign(a, i) != isSign(b, j)));
        }
      }
    }
  }

  // What is added is always the inverse of a net, mostly a NAND's, so that adders add complements
  // throughout: a subtracted bit's complement is the inverse of a net that carries the bit.
  void addProductBit(Signal bit, int position, bool negative) {
    columns_.add(circuit_.phased(bit, !negative), position, negative);
  }

  // A digit d of the multiplier in -2..2 is |d| = 1, |d| = 2 and its sign; d times `a` is a or 2 a,
  // complemented and one more where it is negative.
  void booth(const Word& a, const Word& multiplier, int shift, bool negative) {
    const int digits = (size(multiplier) + (multiplier.isSigned ? 0 : 1) + 1) / 2;
    const int rowBits = size(a) + 1;
    for (int j = 0; j < digits; ++j) {
      const int position = shift + 2 * j;
      if (position >= columns_.width()) {
        break;
      }
      const Signal high = at(multiplier, 2 * j + 1);
      const Signal low = at(multiplier, 2 * j);
      const Signal one = circuit_.parity(low, at(multiplier, 2 * j - 1));
      const Signal two = circuit_.conjunction(circuit_.parity(high, low), !one);
      for (int i = 0; i < rowBits && position + i < columns_.width(); ++i) {
        const Signal times = circuit_.either(one, at(a, i), two, at(a, i - 1));
        const bool sign = a.isSigned && i + 1 == rowBits;
        addProductBit(circuit_.parity(times, high), position + i, negative != sign);
      }
      // The sign of an unsigned `a`'s row is that of the digit, for a digit of 0 as well.
      negations_[{negative, a.isSigned ? -1 : rowBits}].push_back({high, position});
    }
  }

  // What the complements lack, sum of sign * 4^j, and the rows' signs, the same sum times
  // -2^rowBits: added up once, used twice.
  void negations() {
    for (const auto& [key, group] : negations_) {
      const auto [negative, rowBits] = key;
      if (rowBits < 0) {
        for (const auto& [bit, position] : group) {
          columns_.add(bit, position, negative);
        }
        continue;
      }
      Columns sum(circuit_, columns_.width());
      for (const auto& [bit, position] : group) {
        sum.add(bit, position);
      }
      const Word total{sum.sum(), false};
      columns_.add(total, 0, negative);
      columns_.add(total, rowBits, !negative);
    }
  }

  // Pairs need unsigned factors of like sizes, whose sum is made once for all who use both.
  static bool canPair(const Summand& summand) { return !wideOf(summand).isSigned; }
  static const Word& wideOf(const Summand& summand) {
    return size(summand.a) < size(summand.b) || (summand.a.isSigned && !summand.b.isSigned)
               ? summand.b
               : summand.a;
  }
  static const Word& otherOf(const Summand& summand) {
    return &wideOf(summand) == &summand.a ? summand.b : summand.a;
  }

  void pairs(std::vector<const Summand*> waiting) {
    std::ranges::stable_sort(
        waiting, [](const Summand* a, const Summand* b) { return firstNet(*a) < firstNet(*b); });
    for (std::size_t i = 0; i < waiting.size(); i += 2) {
      if (i + 1 < waiting.size() && alike(*waiting[i], *waiting[i + 1])) {
        pair(*waiting[i], *waiting[i + 1]);
      } else {
        product(*waiting[i]);
        if (i + 1 < waiting.size()) {
          product(*waiting[i + 1]);
        }
      }
    }
  }
  static std::uint32_t firstNet(const Summand& summand) {
    const Word& word = wideOf(summand);
    return word.bits.empty() ? 0 : word.bits[0].net;
  }
  static bool alike(const Summand& p, const Summand& q) {
    return size(wideOf(p)) == size(wideOf(q)) && size(otherOf(p)) == size(otherOf(q)) &&
           otherOf(p).isSigned == otherOf(q).isSigned && p.shift == q.shift &&
           p.negative == q.negative;
  }

  void pair(const Summand& p, const Summand& q) {
    const Word& a = wideOf(p);
    const Word& c = wideOf(q);
    Columns adder(circuit_, size(a) + 1);
    adder.add(a, 0, false);
    adder.add(c, 0, false);
    const std::vector<Signal> both = adder.sum();
    for (int j = 0; j < size(otherOf(p)); ++j) {
      const Signal u = at(otherOf(p), j);
      const Signal v = at(otherOf(q), j);
      const Signal uv = circuit_.conjunction(u, v);
      const Signal onlyU = circuit_.conjunction(u, !v);
      const Signal onlyV = circuit_.conjunction(!u, v);
      for (int i = 0; i <= size(a) && p.shift + i + j < columns_.width(); ++i) {
        const Signal some = circuit_.either(uv, both[static_cast<std::size_t>(i)], onlyU, at(a, i));
        const Signal bit = circuit_.disjunction(some, circuit_.conjunction(onlyV, at(c, i)));
        columns_.add(bit, p.shift + i + j, p.negative != isSign(otherOf(p), j));
      }
    }
  }

  GateCircuit& circuit_;
  Columns columns_;
  ProductRows style_;
  std::map<std::pair<bool, int>, std::vector<std::pair<Signal, int>>> negations_;
};

}  // namespace

std::string_view nameOf(ProductRows rows) {
  switch (rows) {
    case ProductRows::Bits:
      return "bits";
    case ProductRows::Booth:
      return "booth";
    case ProductRows::BoothOfWide:
      return "booth of the wide operand";
    case ProductRows::Pairs:
      return "pairs";
  }
  return {};
}

std::vector<Signal> sumOfProducts(GateCircuit& circuit, const std::vector<Summand>& summands,
                                  int width, ProductRows rows) {
  return Rows(circuit, width, rows).run(summands);
}

}  // namespace aegen::flows
