#include "adder_graph_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "adder_graph_digits.hpp"

namespace aegen::core {
namespace {

constexpr std::int32_t kBarred = 1 << 30;

// What a bit that the terms of a pattern are apart takes off the pattern's score: its sum is wide,
// and so is what it then goes into.
constexpr std::int64_t kShiftPrice = 2;
// Adders that terms of unlike depths wait for each other, counted up to here.
constexpr std::int64_t kMostWaiting = 8;

// How much scores are shaken when parts are shared anew.
constexpr double kShake = 0.8;
// What a step begins with: shares of the kinds; the rest dissolves any nodes.
constexpr double kRelate = 0.1;
constexpr double kRecode = 0.05;
constexpr double kNeighbours = 0.15;
constexpr std::size_t kMostDissolved = 4;
// For something that fits, before a step does without.
constexpr int kTries = 20;
// Of a step that finds nothing to do.
constexpr std::uint64_t kStepCost = 20;

}  // namespace

std::uint64_t Dice::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t x = state_;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

Search::Search(SumNetwork network, std::uint64_t seed, int depthPrice)
    : network_(std::move(network)), dice_(seed), depthPrice_(depthPrice) {}

float Search::scoreOf(std::uint64_t key, std::int32_t count) const {
  if (count < 2) return 0;
  const Pattern pattern = Pattern::of(key);
  const auto [low, high] =
      std::minmax(network_.facts(pattern.first).depth, network_.facts(pattern.second).depth);
  const std::int64_t waiting =
      std::min((std::int64_t{1} << high) - (std::int64_t{1} << low), kMostWaiting);
  const std::int64_t weight = network_.weightOf(pattern) -
                              kShiftPrice * (pattern.firstShift() + pattern.secondShift()) -
                              depthPrice_ * waiting;
  // Every adder that goes is worth it.
  float score =
      static_cast<float>(count - 1) * static_cast<float>(std::max<std::int64_t>(weight, 1));
  if (noise_ > 0) {
    const std::uint64_t roll = (key ^ salt_) * 0xD6E8FEB86659FD93ULL;
    score *= 1 + static_cast<float>(noise_) * static_cast<float>(roll >> 40) * 0x1p-24F;
  }
  return score;
}

void Search::queueRaised() {
  for (const std::uint64_t key : network_.raised()) {
    FlatCounts::Slot& slot = network_.counts().at(key);
    if (slot.queued == kBarred) continue;
    const float score = scoreOf(key, slot.count);
    if (score <= 0) {
      slot.queued = 0;
      continue;
    }
    slot.queued = slot.count;
    queue_.push_back({score, key});
    std::push_heap(queue_.begin(), queue_.end());
  }
  network_.raised().clear();
}

void Search::drain() {
  queueRaised();
  while (!queue_.empty()) {
    std::pop_heap(queue_.begin(), queue_.end());
    const Candidate candidate = queue_.back();
    queue_.pop_back();
    FlatCounts::Slot& slot = network_.counts().at(candidate.key);
    const float score = scoreOf(candidate.key, slot.count);
    if (score <= 0) {
      slot.queued = 0;
      continue;
    }
    if (!queue_.empty() && score < queue_.front().score) {
      slot.queued = slot.count;
      queue_.push_back({score, candidate.key});
      std::push_heap(queue_.begin(), queue_.end());
      continue;
    }
    slot.queued = 0;
    if (network_.substitute(candidate.key) < 2) {
      // Depth forbids it: what comes of trying again is the same.
      network_.counts().at(candidate.key).queued = kBarred;
      barred_.push_back(candidate.key);
    }
    queueRaised();
  }
  for (const std::uint64_t key : barred_) network_.counts().at(key).queued = 0;
  barred_.clear();
}

void Search::shareAll(double noise) {
  noise_ = noise;
  salt_ = dice_.next();
  network_.raised().clear();
  network_.collectRaised(true);
  for (FlatCounts::Slot& slot : network_.counts().slots()) {
    if (slot.count >= 2) {
      slot.queued = 1;
      network_.raised().push_back(slot.key);
    } else {
      slot.queued = 0;
    }
  }
  std::ranges::sort(network_.raised());
  drain();
  weighAll();
}

void Search::weighAll() {
  weights_.assign(network_.nodeCount(), 0);
  weight_ = 0;
  for (std::uint32_t n = 0; n < network_.nodeCount(); ++n) {
    if (network_.isInput(n) || !network_.isAlive(n)) continue;
    weights_[n] = tree_.weigh(network_, n, network_.depthAllowed(n));
    weight_ += weights_[n];
  }
}

std::int64_t Search::weighChanged() {
  weights_.resize(std::max(weights_.size(), network_.nodeCount()), 0);
  newWeights_.clear();
  std::int64_t delta = 0;
  for (const std::uint32_t n : network_.changed()) {
    const std::int64_t weight =
        network_.isAlive(n) ? tree_.weigh(network_, n, network_.depthAllowed(n)) : 0;
    newWeights_.push_back(weight);
    delta += weight - weights_[n];
  }
  return delta;
}

std::optional<std::uint32_t> Search::anySum() {
  const std::size_t first = network_.rows();
  for (int tries = 0; tries < kTries; ++tries) {
    const auto node = static_cast<std::uint32_t>(first + dice_.below(network_.nodeCount() - first));
    if (network_.isAlive(node) && network_.terms(node).size() > 1) return node;
  }
  return std::nullopt;
}

void Search::dissolveAny() {
  for (std::size_t k = 1 + dice_.below(kMostDissolved); k > 0; --k) {
    if (const auto node = anySum()) network_.dissolve(*node);
  }
}

// Nodes that feed the same sum.
void Search::dissolveNeighbours() {
  const auto sum = anySum();
  if (!sum) return;
  std::vector<std::uint32_t> parts;
  for (const Term& term : network_.terms(*sum)) {
    if (!network_.isInput(term.node)) parts.push_back(term.node);
  }
  for (std::size_t k = 1 + dice_.below(kMostDissolved); k > 0 && !parts.empty(); --k) {
    const std::size_t i = dice_.below(parts.size());
    network_.dissolve(parts[i]);
    parts[i] = parts.back();
    parts.pop_back();
  }
}

void Search::appendDigits(std::span<const std::int64_t> form) {
  for (std::uint32_t r = 0; r < form.size(); ++r) {
    minimalDigits(
        form[r],
        [&](int shift, bool negated) {
          terms_.push_back({r, static_cast<std::int16_t>(shift), negated});
        },
        [&] { return dice_.next() % 2 == 0; });
  }
}

// A sum back to digits of its inputs, in one of the minimal forms.
void Search::recode() {
  const auto sum = anySum();
  if (!sum) return;
  terms_.clear();
  appendDigits(network_.form(*sum));
  network_.rewrite(*sum, terms_);
}

// A sum as another one and the digits of what differs, when those are fewer.
void Search::relate() {
  const auto sum = anySum();
  if (!sum) return;
  const std::span<const std::int64_t> form = network_.form(*sum);
  int fewest = 0;
  for (const std::int64_t c : form) fewest += fewestDigits(c);
  std::optional<Term> best;
  for (int tries = 0; tries < kTries; ++tries) {
    const auto other = anySum();
    // What is no deeper than the sum does not depend on it.
    if (!other || *other == *sum || network_.facts(*other).depth > network_.facts(*sum).depth) {
      continue;
    }
    const std::span<const std::int64_t> otherForm = network_.form(*other);
    const Term term{*other, static_cast<std::int16_t>(dice_.below(3)), dice_.next() % 2 == 0};
    int digits = 1;
    for (std::size_t r = 0; r < form.size() && digits < fewest; ++r) {
      const std::int64_t part = otherForm[r] << term.shift;
      digits += fewestDigits(form[r] - (term.negated ? -part : part));
    }
    if (digits >= fewest) continue;
    fewest = digits;
    best = term;
  }
  if (!best) return;
  rest_.assign(form.begin(), form.end());
  for (std::size_t r = 0; r < rest_.size(); ++r) {
    const std::int64_t part = network_.form(best->node)[r] << best->shift;
    rest_[r] -= best->negated ? -part : part;
  }
  terms_.assign(1, *best);
  appendDigits(rest_);
  network_.rewrite(*sum, terms_);
}

void Search::ruin() {
  const double kind = dice_.unit();
  if (kind < kRelate) return relate();
  if (kind < kRelate + kRecode) return recode();
  if (kind < kRelate + kRecode + kNeighbours) return dissolveNeighbours();
  dissolveAny();
}

void Search::step(double threshold) {
  network_.begin();
  network_.spend(kStepCost);
  salt_ = dice_.next();
  ruin();
  drain();
  const std::int64_t delta = weighChanged();
  if (static_cast<double>(delta) <= threshold) {
    for (std::size_t i = 0; i < newWeights_.size(); ++i) {
      weights_[network_.changed()[i]] = newWeights_[i];
    }
    weight_ += delta;
    network_.keep();
  } else {
    network_.undo();
  }
}

void Search::improve(std::uint64_t work, double heat) {
  if (network_.nodeCount() == network_.rows()) return;
  const SumNetwork before = network_;
  const std::int64_t weightBefore = weight_;
  noise_ = kShake;
  const std::uint64_t start = network_.work();
  for (std::uint64_t done = 0; done < work; done = network_.work() - start) {
    const double left = 1 - static_cast<double>(done) / static_cast<double>(work);
    // Simulated annealing: the rise that a throw of the dice lets pass.
    step(-heat * left * std::log(dice_.unit() + 1e-12));
  }
  if (weight_ > weightBefore) {
    network_ = before;
    weighAll();
  }
}

}  // namespace aegen::core
