#pragma once
/// Makes a network of sums cheaper: shares patterns greedily, takes parts back and shares anew.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "adder_graph_sums.hpp"
#include "adder_graph_tree.hpp"

namespace aegen::core {

// A generator of numbers that look random, the same on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // 0 .. count - 1
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

class Search {
 public:
  // `depthPrice`: what a pattern's score loses by terms of unlike depths, which use up the depth
  // there is.
  Search(SumNetwork network, std::uint64_t seed, int depthPrice);

  // Shares every pattern that occurs twice.
  void shareAll(double noise);
  // Takes parts back and shares anew until `work` is done. Takes what is dearer by about
  // `heat` as well at first, then less and less.
  void improve(std::uint64_t work, double heat);

  void reseed(std::uint64_t seed) { dice_ = Dice(seed); }

  [[nodiscard]] std::int64_t weight() const { return weight_; }
  [[nodiscard]] const SumNetwork& network() const { return network_; }

 private:
  struct Candidate {
    float score;
    std::uint64_t key;
    bool operator<(const Candidate& o) const {
      return score < o.score || (score == o.score && key < o.key);
    }
  };
  void queueRaised();
  void drain();
  [[nodiscard]] float scoreOf(std::uint64_t key, std::int32_t count) const;
  void weighAll();
  std::int64_t weighChanged();
  void step(double threshold);
  void ruin();
  void dissolveAny();
  void dissolveNeighbours();
  void recode();
  void relate();
  void appendDigits(std::span<const std::int64_t> form);
  [[nodiscard]] std::optional<std::uint32_t> anySum();

  SumNetwork network_;
  SumTree tree_;
  Dice dice_;
  std::int64_t depthPrice_;
  double noise_ = 0;
  std::uint64_t salt_ = 0;
  std::vector<Candidate> queue_;
  std::vector<std::uint64_t> barred_;  // until the queue is empty
  std::vector<std::int64_t> weights_;  // of each sum
  std::vector<std::int64_t> newWeights_;
  std::int64_t weight_ = 0;
  std::vector<Term> terms_;
  std::vector<std::int64_t> rest_;
};

}  // namespace aegen::core
