#pragma once
/// The order of a sum's adders: narrow ones first, within the depth there is.

#include <cstdint>
#include <span>
#include <vector>

#include "adder_graph_sums.hpp"

namespace aegen::core {

// One adder of a sum: parts are the terms in order, then the adders in order.
struct SumStep {
  std::size_t a = 0;
  std::size_t b = 0;
};

class SumTree {
 public:
  // What the adders of `node`'s sum weigh when it may be `depth` deep (which it can be).
  std::int64_t weigh(const SumNetwork& network, std::uint32_t node, int depth);
  // The adders of the last weigh().
  [[nodiscard]] const std::vector<SumStep>& steps() const { return steps_; }

 private:
  struct Part {
    Interval range;
    int shift = 0;
    int top = 0;
    int depth = 0;
    bool negated = false;
    bool isSigned = false;
    std::size_t id = 0;    // as steps name it
    std::size_t form = 0;  // where its coefficients are
  };
  [[nodiscard]] std::int16_t weightOf(const Part& a, const Part& b) const;
  void enter(const Part& part);
  void refill();
  [[nodiscard]] SumStep cheapestPair() const;
  void mergeBest(const SumNetwork& network);

  static constexpr std::size_t kWindow = 40;
  std::vector<Part> waiting_;  // the last is the next
  std::vector<Part> parts_;
  std::vector<std::int16_t> weights_;  // of parts i > j at i * kWindow + j
  std::vector<std::int64_t> forms_;
  std::vector<SumStep> steps_;
  std::uint64_t slack_ = 0;
  std::size_t nextId_ = 0;
  std::int64_t total_ = 0;
};

}  // namespace aegen::core
