#pragma once
/// The forms of one level as constant matrices, and the additions that compute them.

#include <cstdint>
#include <span>
#include <vector>

#include "aegen/core/adder_graph.hpp"
#include "linear_forms.hpp"

namespace aegen::core {

/// A form without its constant, common power of two and sign: what a matrix' column holds.
struct FormColumn {
  LinearForm column;
  int shift = 0;
  bool negated = false;
  std::int64_t constant = 0;
};
[[nodiscard]] FormColumn columnOf(const LinearForm& form);

/// A matrix over some leaves whose columns no other matrix of the level shares leaves with.
struct LinearMatrix {
  std::vector<std::uint32_t> leaves;  ///< rows
  std::vector<LinearForm> columns;
  /// What there is to gain over a tree a column.
  enum class Gain : std::uint8_t { None, CommonTerms, Products };
  Gain gain = Gain::None;
};
/// Matrices of `columns`, in the order of their first columns.
[[nodiscard]] std::vector<LinearMatrix> matricesOf(const std::vector<LinearForm>& columns);

/// How a matrix' columns are added up.
struct LinearAdditions {
  AdderGraph graph;
  std::vector<LinearForm> forms;  ///< what its nodes are, inputs first
};

/// Additions for `matrix` with as few negations left as can be; `leaves`: intervals of all leaves.
/// Every output is checked to be its column. Errors: adder-graph.shape, adder-graph.too-wide.
[[nodiscard]] Result<LinearAdditions> additionsFor(const LinearMatrix& matrix,
                                                   std::span<const Interval> leaves,
                                                   const AdderGraphOptions& options);

/// Whether a value of this range can be shifted and added: 62 bits.
[[nodiscard]] inline bool isNarrow(const WideInterval& range) {
  constexpr std::int64_t kEnd = std::int64_t{1} << (kMaxWidth - 2);
  return range.within({-kEnd, kEnd - 1});
}

}  // namespace aegen::core
