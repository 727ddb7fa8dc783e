#pragma once
/// Constant matrices and input ranges at random, of every shape the solver has to cope with.

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "aegen/core/adder_graph.hpp"

namespace aegen::core::test {

struct RandomProblem {
  ConstantMatrix matrix;
  std::vector<Interval> inputs;
  std::vector<int> inputDepths;
};

class ProblemSource {
 public:
  explicit ProblemSource(std::uint64_t seed) : engine_(seed) {}

  std::int64_t number(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }

  // Signed or not, with a lower bound other than 0, or a single value.
  Interval interval() {
    const std::int64_t a = number(-300, 300);
    switch (number(0, 4)) {
      case 0:
        return {0, (std::int64_t{1} << number(1, 10)) - 1};
      case 1:
        return {-(std::int64_t{1} << number(0, 9)), (std::int64_t{1} << number(0, 9)) - 1};
      case 2:
        return {a, a};
      case 3:
        return {a, a + number(0, 500)};
      default:
        return {0, 255};
    }
  }

  // Up to `rows` by `columns`; with columns that repeat others, shifted or negated, and zeros.
  RandomProblem problem(std::size_t rows, std::size_t columns) {
    RandomProblem p;
    p.matrix.rows = static_cast<std::size_t>(number(1, static_cast<std::int64_t>(rows)));
    p.matrix.columns = static_cast<std::size_t>(number(1, static_cast<std::int64_t>(columns)));
    p.matrix.values.resize(p.matrix.rows * p.matrix.columns);
    const std::int64_t most = std::int64_t{1} << number(0, 14);
    const std::int64_t least = number(0, 2) == 0 ? 0 : -most;
    const std::int64_t zeros = number(0, 3);
    for (std::int64_t& value : p.matrix.values) {
      value = number(0, 3) < zeros ? 0 : number(least, most);
    }
    for (std::size_t c = 1; c < p.matrix.columns; ++c) {
      if (number(0, 5) != 0) continue;
      const auto from = static_cast<std::size_t>(number(0, static_cast<std::int64_t>(c) - 1));
      const std::int64_t factor = (number(0, 1) == 0 ? 1 : -1) * (std::int64_t{1} << number(0, 3));
      for (std::size_t r = 0; r < p.matrix.rows; ++r) {
        p.matrix.values[r * p.matrix.columns + c] = factor * p.matrix.at(r, from);
      }
    }
    const bool deep = number(0, 2) == 0;
    for (std::size_t r = 0; r < p.matrix.rows; ++r) {
      p.inputs.push_back(interval());
      if (deep) p.inputDepths.push_back(static_cast<int>(number(0, 6)));
    }
    return p;
  }

  std::vector<std::int64_t> values(const std::vector<Interval>& inputs) {
    const std::int64_t kind = number(0, 3);
    std::vector<std::int64_t> out;
    for (const Interval& input : inputs) {
      const bool high = kind == 0 ? true : kind == 1 ? false : number(0, 1) == 0;
      out.push_back(kind == 3 ? number(input.low, input.high) : high ? input.high : input.low);
    }
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

// y = x M, by the book.
inline std::vector<std::int64_t> productOf(const ConstantMatrix& matrix,
                                           const std::vector<std::int64_t>& x) {
  std::vector<std::int64_t> y(matrix.columns, 0);
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (std::size_t c = 0; c < matrix.columns; ++c) y[c] += x[r] * matrix.at(r, c);
  }
  return y;
}

}  // namespace aegen::core::test
