#pragma once
/// The network a search starts from: the columns of the matrix as sums of signed digits.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "adder_graph_search.hpp"
#include "adder_graph_sums.hpp"

namespace aegen::core {

// A matrix's columns without their common powers of two and their repetitions.
struct DistinctColumns {
  std::vector<std::vector<std::int64_t>> forms;
  struct Use {
    std::optional<std::size_t> form;  // none: the column is 0
    int shift = 0;
    bool negated = false;
  };
  std::vector<Use> uses;  // one a column of the matrix

  explicit DistinctColumns(const ConstantMatrix& matrix);
};

struct StartOptions {
  // A column may be written as another and what differs when that takes `relation` times fewer
  // digits; 0: never.
  double relation = 0;
  // Digits of random minimal forms, not of the non-adjacent one.
  bool randomDigits = false;
  std::uint64_t seed = 0;
};

// The shallowest that sums of the columns' digits can be.
[[nodiscard]] int shallowest(const DistinctColumns& columns, std::span<const int> inputDepths);
// All digits there are.
[[nodiscard]] std::uint64_t digitsOf(const DistinctColumns& columns);

[[nodiscard]] SumNetwork startNetwork(const DistinctColumns& columns,
                                      std::span<const Interval> inputs,
                                      std::span<const int> inputDepths, int limit,
                                      const StartOptions& options);

}  // namespace aegen::core
