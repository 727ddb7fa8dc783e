#pragma once
/// Adder graphs: a constant matrix times a vector as shared shifts, additions and subtractions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/fixed_format.hpp"

namespace aegen::core {

/// Integers, one row an input and one column an output: y = x M.
struct ConstantMatrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<std::int64_t> values;  ///< row by row, rows * columns of them

  [[nodiscard]] std::int64_t at(std::size_t row, std::size_t column) const {
    return values[row * columns + column];
  }
  bool operator==(const ConstantMatrix&) const = default;
};

/// A node's value times 2^shift.
struct AdderOperand {
  std::uint32_t node = 0;  ///< inputs first, then adders, each in order
  int shift = 0;           ///< 0 or more
  bool operator==(const AdderOperand&) const = default;
};

/// a + b, or a - b.
struct AdderNode {
  AdderOperand a;
  AdderOperand b;
  bool subtract = false;
  Interval range;  ///< holds every value for inputs within theirs; exact where the solver knows it
  /// Adders on the longest path that ends here, its own and those behind the inputs included.
  int depth = 1;
  bool operator==(const AdderNode&) const = default;
};

/// What an output is: a node's value times 2^shift, perhaps negated (which is left to who consumes
/// it: a subtraction there); without a node it is 0.
struct AdderOutput {
  std::optional<std::uint32_t> node;
  int shift = 0;
  bool negated = false;
  bool operator==(const AdderOutput&) const = default;
};

struct AdderGraph {
  std::vector<Interval> inputs;
  std::vector<int> inputDepths;   ///< of the inputs; empty: all 0
  std::vector<AdderNode> adders;  ///< operands before their users
  std::vector<AdderOutput> outputs;
  bool operator==(const AdderGraph&) const = default;
};

/// What an adder graph costs before synthesis.
struct AdderGraphCost {
  std::size_t adders = 0;
  /// Full-adder bits: of each adder the positions from the higher of its operands' lowest bits
  /// (below it bits pass through) to the top bit of the larger operand's range, and one for a sign
  /// when either operand can be negative. The measure of da4ml.
  std::int64_t costBits = 0;
  /// Widths of the results, signs included.
  std::int64_t resultBits = 0;
  int depth = 0;  ///< adders on the longest path
  bool operator==(const AdderGraphCost&) const = default;
};
[[nodiscard]] AdderGraphCost costOf(const AdderGraph& graph);

/// The outputs for `inputs`, negations applied.
[[nodiscard]] std::vector<std::int64_t> evaluate(const AdderGraph& graph,
                                                 std::span<const std::int64_t> inputs);

struct AdderGraphOptions {
  /// How hard to look: 0 the first answer, 1 the default, up to 9. The same options give the same
  /// graph on any machine and any number of threads.
  int effort = 1;
  unsigned threads = 1;
  /// Adders on the longest path, at most; empty: whatever is cheapest. A limit that no graph keeps
  /// (a column of n signed digits needs log2 n) is raised to the lowest there is.
  std::optional<int> maxDepth;
  std::uint64_t seed = 1;
  std::vector<int> inputDepths;  ///< adders already behind each input, 0 to 32; empty: none
};

/// An adder graph of `matrix` for inputs within `inputs`, one a row. Twice its full-adder bits
/// and the widths of its results are what is minimised; how: docs/adder_graphs.md. Errors:
/// adder-graph.shape (sizes that do not fit each other, an empty range, an option out of its
/// range), adder-graph.too-wide (a column's digits, up to twice its constants, could sum up to more
/// than 63 bits).
[[nodiscard]] Result<AdderGraph> solveAdderGraph(const ConstantMatrix& matrix,
                                                 std::span<const Interval> inputs,
                                                 const AdderGraphOptions& options = {});

}  // namespace aegen::core
