#include "adder_graph_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace aegen::core {
namespace {

constexpr std::int32_t kBarred = 1 << 30;

}  // namespace

std::uint64_t Dice::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t x = state_;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

Search::Search(SumNetwork network, std::uint64_t seed)
    : network_(std::move(network)), dice_(seed) {}

float Search::scoreOf(std::uint64_t key, std::int32_t count) {
  const Pattern pattern = Pattern::of(key);
  std::int32_t saved = count - 1;
  if (saved < 1) return 0;
  const auto weight = static_cast<float>(network_.weightOf(pattern));
  float score = static_cast<float>(saved) * weight;
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

void Search::ruin() {
  // TODO variants
  const std::size_t first = network_.rows();
  const std::size_t sums = network_.nodeCount() - first;
  const std::size_t count = 1 + dice_.below(4);
  for (std::size_t k = 0; k < count; ++k) {
    for (int tries = 0; tries < 20; ++tries) {
      const auto node = static_cast<std::uint32_t>(first + dice_.below(sums));
      if (!network_.isAlive(node) || network_.users(node).empty()) continue;
      network_.dissolve(node);
      break;
    }
  }
}

void Search::step(double threshold) {
  network_.begin();
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

void Search::improve(std::uint64_t work, double temperature) {
  if (network_.nodeCount() == network_.rows()) return;
  noise_ = 0.5;
  const std::uint64_t start = network_.work();
  while (network_.work() - start < work) {
    const double done = static_cast<double>(network_.work() - start) / static_cast<double>(work);
    const double heat = temperature * (1 - done);
    // Metropolis: the rise that a throw of the dice would let pass.
    step(-heat * std::log(dice_.unit() + 1e-12));
  }
}

}  // namespace aegen::core
