#include "transportation.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <utility>
#include <vector>

namespace aegen::encoders {
namespace {

constexpr std::size_t kCells = Transportation::kCells;
/// An arc enters the basis only when it saves more than this a unit of mass: well above the
/// rounding of potentials (sums of up to 48 distances) and far below any difference of two
/// distances.
constexpr double kTolerance = 1e-12;

/// Two TCs by channel.
struct Pair {
  std::uint8_t a;
  std::uint8_t b;
};

/// All ordered pairs of different TCs, nearest first.
const std::vector<Pair>& pairsByDistance() {
  static const std::vector<Pair> pairs = [] {
    std::vector<Pair> list;
    for (std::size_t a = 0; a < kCells; ++a) {
      for (std::size_t b = 0; b < kCells; ++b) {
        if (a != b) list.push_back({static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b)});
      }
    }
    const auto& distance = data::emdDistances();
    std::stable_sort(list.begin(), list.end(),
                     [&](Pair x, Pair y) { return distance[x.a][x.b] < distance[y.a][y.b]; });
    return list;
  }();
  return pairs;
}

static_assert(kCells <= 64 && Mass{kCells} <= Transportation::kMassStep);

constexpr std::uint64_t bit(std::size_t node) {
  return std::uint64_t{1} << node;
}

std::size_t lowest(std::uint64_t set) {
  return static_cast<std::size_t>(std::countr_zero(set));
}

}  // namespace

Transportation::Transportation(const std::array<Mass, kCells>& excess) {
  const auto addNodes = [&](bool positive) {
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      if (positive ? excess[cell] <= 0 : excess[cell] >= 0) continue;
      channel_[nodes_] = static_cast<std::uint8_t>(cell);
      excess_[nodes_++] = excess[cell];
    }
  };
  addNodes(true);
  if (nodes_ == 0) return;
  rows_ = nodes_;
  addNodes(false);
  columns_ = nodes_ - rows_;
  // No set of rows but the whole one can supply a set of columns exactly, so no flow is ever 0.
  for (std::size_t row = 0; row < rows_; ++row) ++excess_[row];
  excess_[nodes_ - 1] -= static_cast<Mass>(rows_);
  for (std::size_t row = 0; row < rows_; ++row) {
    const auto& distances = data::emdDistances()[channel_[row]];
    for (std::size_t column = 0; column < columns_; ++column) {
      cost_[row * columns_ + column] = distances[channel_[rows_ + column]];
    }
  }
  chooseNearestFirst();
  hangTree();
  removeSavingArcs();
}

/// The least-cost start: pairs are served nearest first and every step uses up one source or
/// sink, which makes rows + columns - 1 arcs that form a tree.
void Transportation::chooseNearestFirst() {
  std::array<std::uint8_t, kCells> node{};
  NodeSet openRows = 0;
  NodeSet openColumns = 0;
  for (std::size_t k = 0; k < nodes_; ++k) {
    node[channel_[k]] = static_cast<std::uint8_t>(k);
    (isRow(k) ? openRows : openColumns) |= bit(channel_[k]);
  }
  std::array<Mass, kCells> left = excess_;
  std::size_t arcs = 0;
  for (const Pair pair : pairsByDistance()) {
    if ((openRows >> pair.a & openColumns >> pair.b & 1U) == 0) continue;
    const std::size_t row = node[pair.a];
    const std::size_t column = node[pair.b];
    beside_[row] |= bit(column);
    beside_[column] |= bit(row);
    if (++arcs == nodes_ - 1) break;
    const bool rowEmpty = left[row] < -left[column];
    const Mass amount = rowEmpty ? left[row] : -left[column];
    left[row] -= amount;
    left[column] += amount;
    if (rowEmpty) {
      openRows ^= bit(pair.a);
    } else {
      openColumns ^= bit(pair.b);
    }
  }
  assert(arcs == nodes_ - 1);
}

/// Parents, potentials and flows of all nodes from the tree's arcs.
void Transportation::hangTree() {
  std::array<std::uint8_t, kCells> order{};
  std::size_t found = 1;
  NodeSet unseen = all() ^ bit(0);
  potential_[0] = 0;
  for (std::size_t next = 0; next < found; ++next) {
    const std::size_t node = order[next];
    below_[node] = bit(node);
    NodeSet children = beside_[node] & unseen;
    unseen ^= children;
    for (; children != 0; children &= children - 1) {
      const std::size_t child = lowest(children);
      parent_[child] = static_cast<std::uint8_t>(node);
      // distance = potential(row) + potential(column) on every arc of the tree
      potential_[child] = arcDistance(child, node) - potential_[node];
      order[found++] = static_cast<std::uint8_t>(child);
    }
  }
  assert(found == nodes_);
  std::array<Mass, kCells> net = excess_;
  while (--found > 0) {
    const std::size_t node = order[found];
    const std::size_t parent = parent_[node];
    below_[parent] |= below_[node];
    net[parent] += net[node];
    flow_[node] = isRow(node) ? net[node] : -net[node];
  }
}

/// The column of the arc of `row` that saves most, or columns_ when none saves anything.
std::size_t Transportation::mostSavingColumn(std::size_t row) const {
  const double* const cost = cost_.data() + row * columns_;
  const double* const price = potential_.data() + rows_;
  // Four minima at a time do not wait for each other.
  constexpr std::size_t kLanes = 4;
  std::array<double, kLanes> least;
  least.fill(std::numeric_limits<double>::infinity());
  std::size_t column = 0;
  for (; column + kLanes <= columns_; column += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      least[lane] = std::min(least[lane], cost[column + lane] - price[column + lane]);
    }
  }
  for (; column < columns_; ++column) least[0] = std::min(least[0], cost[column] - price[column]);
  const double best = std::min(std::min(least[0], least[1]), std::min(least[2], least[3]));
  if (!(best - potential_[row] < -kTolerance)) return columns_;
  for (column = 0; cost[column] - price[column] != best; ++column) {
  }
  return column;
}

/// Rows take turns; each offers the arc that saves most (block search). Potentials carry the
/// rounding of every shift, so in the end they are computed anew and all arcs are looked at again.
void Transportation::removeSavingArcs() {
  bool hung = true;
  while (true) {
    std::size_t idle = 0;
    for (std::size_t row = 0; idle < rows_; row = row + 1 < rows_ ? row + 1 : 0) {
      const std::size_t column = mostSavingColumn(row);
      if (column == columns_) {
        ++idle;
        continue;
      }
      idle = 0;
      hung = false;
      pivot(row, rows_ + column);
    }
    if (hung) return;
    beside_.fill(0);
    for (std::size_t node = 1; node < nodes_; ++node) {
      beside_[node] |= bit(parent_[node]);
      beside_[parent_[node]] |= bit(node);
    }
    hangTree();
    hung = true;
  }
}

/// The cycle that the arc from `row` to `column`, both nodes, closes. Mass runs along that arc, so
/// on the way up from the row the arcs above rows lose and those above columns gain; on the
/// column's side it is the other way round.
Transportation::Cycle Transportation::cycleOf(std::size_t row, std::size_t column) const {
  Cycle cycle;
  cycle.amount = std::numeric_limits<Mass>::max();
  cycle.top = row;
  for (; (below_[cycle.top] >> column & 1U) == 0; cycle.top = parent_[cycle.top]) {
    if (isRow(cycle.top) && flow_[cycle.top] < cycle.amount) {
      cycle.amount = flow_[cycle.top];
      cycle.leaving = cycle.top;
    }
  }
  for (std::size_t node = column; node != cycle.top; node = parent_[node]) {
    if (!isRow(node) && flow_[node] < cycle.amount) {
      cycle.amount = flow_[node];
      cycle.leaving = node;
      cycle.leavesAboveRow = false;
    }
  }
  assert(cycle.amount > 0 && cycle.amount < std::numeric_limits<Mass>::max());
  return cycle;
}

/// Sends as much as possible around the cycle that the arc from `row` to `column`, both nodes,
/// closes; the arc that runs empty leaves the tree.
void Transportation::pivot(std::size_t row, std::size_t column) {
  const Cycle cycle = cycleOf(row, column);
  for (std::size_t node = row; node != cycle.top; node = parent_[node]) {
    flow_[node] += isRow(node) ? -cycle.amount : cycle.amount;
  }
  for (std::size_t node = column; node != cycle.top; node = parent_[node]) {
    flow_[node] += isRow(node) ? cycle.amount : -cycle.amount;
  }
  const NodeSet moved = below_[cycle.leaving];
  const double saved = arcDistance(row, column) - potential_[row] - potential_[column];
  if (cycle.leavesAboveRow) {
    rehang(cycle, row, column);
  } else {
    rehang(cycle, column, row);
  }
  // Only differences count, so the smaller part is shifted.
  const NodeSet rest = all() ^ moved;
  const NodeSet shifted = std::popcount(moved) <= std::popcount(rest) ? moved : rest;
  shiftPotentials(shifted, (shifted >> row & 1U) != 0 ? saved : -saved);
}

/// What hangs from the leaving arc hangs by its node `end` from `foster` from now on: the way from
/// `end` to the leaving arc turns round.
void Transportation::rehang(const Cycle& cycle, std::size_t end, std::size_t foster) {
  const NodeSet moved = below_[cycle.leaving];
  for (std::size_t node = parent_[cycle.leaving]; node != cycle.top; node = parent_[node]) {
    below_[node] ^= moved;
  }
  for (std::size_t node = foster; node != cycle.top; node = parent_[node]) below_[node] |= moved;
  std::size_t newParent = foster;
  Mass newFlow = cycle.amount;
  NodeSet turned = 0;
  for (std::size_t node = end;;) {
    const std::size_t oldParent = parent_[node];
    const NodeSet oldBelow = below_[node];
    parent_[node] = static_cast<std::uint8_t>(newParent);
    std::swap(flow_[node], newFlow);
    below_[node] = moved & ~turned;
    if (node == cycle.leaving) break;
    turned = oldBelow;
    newParent = node;
    node = oldParent;
  }
}

/// Adds `rows` to the potentials of the rows among `nodes` and takes it from those of the columns.
void Transportation::shiftPotentials(NodeSet nodes, double rows) {
  const NodeSet rowSet = bit(rows_) - 1;
  for (NodeSet left = nodes & rowSet; left != 0; left &= left - 1) {
    potential_[lowest(left)] += rows;
  }
  for (NodeSet left = nodes & ~rowSet; left != 0; left &= left - 1) {
    potential_[lowest(left)] -= rows;
  }
}

double Transportation::work() const {
  double work = 0;
  for (std::size_t node = 1; node < nodes_; ++node) {
    work += static_cast<double>(flow_[node]) * arcDistance(node, parent_[node]);
  }
  return work;
}

/// c-transform (Kantorovich): how little it costs to get rid of a unit of mass from the cell on.
/// That changes by no more than the distance, and in rows and columns it is their potential.
std::array<double, Transportation::kCells> Transportation::prices() const {
  std::array<double, kCells> price{};
  if (nodes_ == 0) return price;
  price.fill(std::numeric_limits<double>::infinity());
  for (std::size_t column = rows_; column < nodes_; ++column) {
    const auto& distances = data::emdDistances()[channel_[column]];
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      price[cell] = std::min(price[cell], distances[cell] - potential_[column]);
    }
  }
  return price;
}

}  // namespace aegen::encoders
