#pragma once
/// The transportation problem between trigger cells: least work that evens out what some have too
/// much and others too little, and the prices that prove it least.

#include <array>
#include <cstddef>
#include <cstdint>

#include "aegen/data/geometry.hpp"

namespace aegen::encoders {

/// Mass in whole units: whole numbers leave no doubt which flow is the smallest.
using Mass = std::int64_t;

/// Network simplex (Dantzig, 1951) on spanning trees of at most 48 nodes: rows are the cells with
/// a supply, columns those with a demand, every row joined to every column. The ground distance is
/// data::emdDistances(). Sets of nodes are the bits of a word, everything is in fixed arrays.
class Transportation {
 public:
  static constexpr std::size_t kCells = data::kTriggerCells;
  /// Masses must be multiples of this: what lies below is used to keep every tree's flows positive
  /// and different from zero, so that each pivot saves work and no rule against cycling is needed.
  static constexpr Mass kMassStep = 64;

  /// Solves it. `excess` is supply where positive and demand where negative, by channel: multiples
  /// of kMassStep that sum to zero and stay below 2^57.
  explicit Transportation(const std::array<Mass, kCells>& excess);

  /// The least sum of moved mass times distance.
  [[nodiscard]] double work() const;

  /// Prices by channel that change by no more than the distance between any two cells and for which
  /// the sum of price times excess is work(): an optimal solution of the dual problem.
  [[nodiscard]] std::array<double, kCells> prices() const;

 private:
  static constexpr std::size_t kMaxArcs = (kCells / 2) * (kCells / 2);
  using NodeSet = std::uint64_t;

  /// What happens when an arc enters the tree.
  struct Cycle {
    std::size_t top = 0;         ///< where the ways up from the arc's ends meet
    std::size_t leaving = 0;     ///< the node whose arc to its parent runs empty
    bool leavesAboveRow = true;  ///< on the way from the entering arc's row
    Mass amount = 0;             ///< that goes round
  };

  void chooseNearestFirst();
  void hangTree();
  void removeSavingArcs();
  [[nodiscard]] std::size_t mostSavingColumn(std::size_t row) const;
  [[nodiscard]] Cycle cycleOf(std::size_t row, std::size_t column) const;
  void pivot(std::size_t row, std::size_t column);
  void rehang(const Cycle& cycle, std::size_t end, std::size_t foster);
  void shiftPotentials(NodeSet nodes, double rows);
  [[nodiscard]] double distance(std::size_t row, std::size_t column) const {
    return cost_[row * columns_ + column];
  }
  [[nodiscard]] NodeSet all() const { return (NodeSet{1} << nodes_) - 1; }
  [[nodiscard]] bool isRow(std::size_t node) const { return node < rows_; }
  [[nodiscard]] double arcDistance(std::size_t a, std::size_t b) const {
    return isRow(a) ? distance(a, b - rows_) : distance(b, a - rows_);
  }

  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::size_t nodes_ = 0;  // rows, then columns
  std::array<std::uint8_t, kCells> channel_{};
  std::array<Mass, kCells> excess_{};
  std::array<double, kMaxArcs> cost_;  // [row][column], filled as far as used
  // Of the basis' tree; node 0 is its root. `beside_` names a node's neighbours in the tree only
  // until it is hung.
  std::array<NodeSet, kCells> beside_{};
  std::array<std::uint8_t, kCells> parent_{};
  std::array<NodeSet, kCells> below_{};  // a node and all that hang from it
  std::array<Mass, kCells> flow_{};      // to or from the parent
  std::array<double, kCells> potential_{};
};

}  // namespace aegen::encoders
