#include "adder_graph_tree.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <tuple>

#include "adder_graph_cost.hpp"

namespace aegen::core {
namespace {

std::uint64_t power(int depth) {
  return std::uint64_t{1} << depth;
}

}  // namespace

std::int16_t SumTree::weightOf(const Part& a, const Part& b) const {
  const int base = std::min(a.shift, b.shift);
  const int shiftA = a.shift - base;
  const int shiftB = b.shift - base;
  const int cost =
      fullAdderBits({shiftA, a.top + shiftA, a.isSigned}, {shiftB, b.top + shiftB, b.isSigned});
  const bool opposite = a.negated != b.negated;
  const std::int64_t low =
      (a.range.low << shiftA) + ((opposite ? -b.range.high : b.range.low) << shiftB);
  const std::int64_t high =
      (a.range.high << shiftA) + ((opposite ? -b.range.low : b.range.high) << shiftB);
  const int width = std::min(widthOf({low, high}), widthOf({-high, -low}));
  return static_cast<std::int16_t>(kCostWeight * cost + kResultWeight * width);
}

void SumTree::enter(const Part& part) {
  const std::size_t i = parts_.size();
  for (std::size_t j = 0; j < i; ++j) weights_[i * kWindow + j] = weightOf(part, parts_[j]);
  parts_.push_back(part);
}

void SumTree::refill() {
  while (parts_.size() < kWindow && !waiting_.empty()) {
    enter(waiting_.back());
    waiting_.pop_back();
  }
}

// The cheapest pair that depth permits. Mostly it permits all: rows are then passed over by their
// minimum, which a processor finds eight at a time.
SumStep SumTree::cheapestPair() const {
  SumStep pair;
  std::int16_t best = std::numeric_limits<std::int16_t>::max();
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    const std::int16_t* weights = weights_.data() + i * kWindow;
    std::int16_t least = std::numeric_limits<std::int16_t>::max();
    for (std::size_t j = 0; j < i; ++j) least = std::min(least, weights[j]);
    if (least >= best) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (weights[j] >= best) continue;
      const auto [low, high] = std::minmax(parts_[i].depth, parts_[j].depth);
      if (power(high) - power(low) > slack_) continue;
      best = weights[j];
      pair = {i, j};
    }
  }
  assert(pair.a != pair.b);
  return pair;
}

void SumTree::mergeBest(const SumNetwork& network) {
  const auto [bestI, bestJ] = cheapestPair();
  const Part a = parts_[bestI];
  const Part b = parts_[bestJ];
  slack_ -= power(std::max(a.depth, b.depth)) - power(std::min(a.depth, b.depth));
  Part sum;
  sum.shift = std::min(a.shift, b.shift);
  sum.negated = a.negated;
  sum.depth = std::max(a.depth, b.depth) + 1;
  sum.id = nextId_++;
  sum.form = a.form;
  const int shiftA = a.shift - sum.shift;
  const int shiftB = b.shift - sum.shift;
  const bool opposite = a.negated != b.negated;
  const std::size_t rows = network.rows();
  std::int64_t* formA = forms_.data() + a.form * rows;
  const std::int64_t* formB = forms_.data() + b.form * rows;
  const std::span<const Interval> inputs = network.inputs();
  for (std::size_t r = 0; r < rows; ++r) {
    const std::int64_t right = formB[r] << shiftB;
    const std::int64_t c = (formA[r] << shiftA) + (opposite ? -right : right);
    formA[r] = c;
    sum.range.low += c * (c >= 0 ? inputs[r].low : inputs[r].high);
    sum.range.high += c * (c >= 0 ? inputs[r].high : inputs[r].low);
  }
  const Interval flipped{-sum.range.high, -sum.range.low};
  if (widthOf(flipped) < widthOf(sum.range)) {
    sum.range = flipped;
    sum.negated = !sum.negated;
    for (std::size_t r = 0; r < rows; ++r) formA[r] = -formA[r];
  }
  sum.top = magnitudeBits(sum.range);
  sum.isSigned = sum.range.low < 0;
  total_ += kCostWeight * fullAdderBits({shiftA, a.top + shiftA, a.isSigned},
                                        {shiftB, b.top + shiftB, b.isSigned}) +
            kResultWeight * widthOf(sum.range);
  steps_.push_back({a.id, b.id});
  // The last part moves into the gap, the sum takes the other's place.
  const auto drop = [&](std::size_t gap) {
    const Part last = parts_.back();
    parts_.pop_back();
    const std::size_t from = parts_.size();
    if (gap == from) return;
    parts_[gap] = last;
    for (std::size_t j = 0; j < gap; ++j) {
      weights_[gap * kWindow + j] = weights_[from * kWindow + j];
    }
    for (std::size_t j = gap + 1; j < from; ++j) {
      weights_[j * kWindow + gap] = weights_[from * kWindow + j];
    }
  };
  drop(bestI);  // the higher of the two
  drop(bestJ);
  enter(sum);
}

std::int64_t SumTree::weigh(const SumNetwork& network, std::uint32_t node, int depth) {
  const std::vector<Term>& terms = network.terms(node);
  const std::size_t rows = network.rows();
  steps_.clear();
  parts_.clear();
  waiting_.clear();
  total_ = 0;
  if (terms.size() < 2) return 0;
  if (terms.size() == 2) {
    steps_.push_back({0, 1});
    const NodeFacts& a = network.facts(terms[0].node);
    const NodeFacts& b = network.facts(terms[1].node);
    return kCostWeight * fullAdderBits({terms[0].shift, a.top + terms[0].shift, a.isSigned},
                                       {terms[1].shift, b.top + terms[1].shift, b.isSigned}) +
           kResultWeight * widthOf(network.facts(node).range);
  }
  weights_.resize(kWindow * kWindow);
  forms_.resize(std::max(forms_.size(), terms.size() * rows));
  std::uint64_t kraft = 0;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const NodeFacts& facts = network.facts(terms[t].node);
    kraft += power(facts.depth);
    waiting_.push_back({facts.range, terms[t].shift, facts.top, facts.depth, terms[t].negated,
                        facts.isSigned, t, t});
    std::ranges::copy(network.form(terms[t].node),
                      forms_.begin() + static_cast<std::ptrdiff_t>(t * rows));
  }
  assert(kraft <= power(depth));
  slack_ = power(depth) - kraft;
  nextId_ = terms.size();
  if (terms.size() > kWindow) {
    // The shallowest first: with the two of them in sight there is always a pair to merge.
    std::ranges::stable_sort(waiting_, std::greater<>(), [](const Part& p) {
      return std::tuple(p.depth, p.top + p.shift, p.shift);
    });
  }
  refill();
  while (parts_.size() > 1) {
    mergeBest(network);
    refill();
  }
  return total_;
}

}  // namespace aegen::core
