#include "aegen/encoders/emd.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace aegen::encoders {
namespace {

constexpr std::size_t kCells = data::kTriggerCells;
/// An arc enters the basis only when it saves more than this a unit of mass: well above the
/// rounding of potentials (sums of up to 48 distances) and far below any difference of two
/// distances.
constexpr double kTolerance = 1e-12;
/// Mass is counted in whole units of 2^-50 of a pattern's sum. Whole numbers make ties exact,
/// without which no rule against cycling holds; the rounding costs at most 48 * 13.8 * 2^-51 of
/// distance.
using Mass = std::int64_t;
constexpr Mass kUnitMass = Mass{1} << 50;
/// Pivots in a row that move no mass before the rule changes to Bland's, which cannot cycle.
constexpr int kDegeneratePivots = 64;

/// Two TCs, by channel, and where they are in the list of all pairs by distance.
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

/// The transportation problem between `rows` sources and `columns` sinks, solved by the primal
/// simplex on its spanning-tree bases. Nodes 0..rows-1 are sources, the rest sinks. All in fixed
/// arrays: the trees have at most 48 nodes.
class Transportation {
 public:
  /// `excess` is supply where positive and demand where negative, by channel; it sums to zero.
  explicit Transportation(const std::array<Mass, kCells>& excess) {
    std::array<int, kCells> line{};  // channel -> row or column
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      if (excess[cell] > 0) {
        line[cell] = static_cast<int>(rows_);
        rowChannel_[rows_++] = static_cast<std::uint8_t>(cell);
      } else if (excess[cell] < 0) {
        line[cell] = static_cast<int>(columns_);
        columnChannel_[columns_++] = static_cast<std::uint8_t>(cell);
      }
    }
    if (rows_ == 0 || columns_ == 0) return;
    const auto& distance = data::emdDistances();
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t column = 0; column < columns_; ++column) {
        cost_[row * columns_ + column] = distance[rowChannel_[row]][columnChannel_[column]];
      }
    }
    chooseNearestFirst(excess, line);
  }

  /// The least total of mass times distance.
  double solve() {
    if (rows_ == 0 || columns_ == 0) return 0;
    int degenerate = 0;
    while (true) {
      rebuildTree();
      const bool bland = degenerate >= kDegeneratePivots;
      const std::size_t entering = bland ? firstSavingArc() : mostSavingArc();
      if (entering == kNone) break;
      degenerate = pivot(entering, bland) > 0 ? 0 : degenerate + 1;
    }
    double work = 0;
    for (std::size_t k = 0; k < basisSize(); ++k) {
      work += static_cast<double>(flow_[k]) * cost_[basis_[k]];
    }
    return work / static_cast<double>(kUnitMass);
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  static constexpr std::size_t kMaxArcs = (kCells / 2) * (kCells / 2);

  [[nodiscard]] std::size_t basisSize() const { return rows_ + columns_ - 1; }
  [[nodiscard]] std::size_t rowNode(std::size_t arc) const { return arc / columns_; }
  [[nodiscard]] std::size_t columnNode(std::size_t arc) const { return rows_ + arc % columns_; }

  /// The least-cost start: pairs are served nearest first and every step uses up one source or
  /// sink, which makes rows + columns - 1 arcs that form a tree.
  void chooseNearestFirst(const std::array<Mass, kCells>& excess,
                          const std::array<int, kCells>& line) {
    std::array<Mass, kCells> left = excess;
    std::array<bool, kCells> open{};
    for (std::size_t cell = 0; cell < kCells; ++cell) open[cell] = excess[cell] != 0;
    std::size_t openRows = rows_;
    std::size_t openColumns = columns_;
    std::size_t size = 0;
    for (const Pair pair : pairsByDistance()) {
      if (!open[pair.a] || !open[pair.b] || excess[pair.a] < 0 || excess[pair.b] > 0) continue;
      // The last open line of a side stays open until the other side is used up.
      const bool closeRow = openColumns == 1 || (openRows > 1 && left[pair.a] <= -left[pair.b]);
      const Mass amount = closeRow ? left[pair.a] : -left[pair.b];
      basis_[size] = static_cast<std::size_t>(line[pair.a]) * columns_ +
                     static_cast<std::size_t>(line[pair.b]);
      flow_[size++] = amount;
      left[pair.a] -= amount;
      left[pair.b] += amount;
      if (closeRow) {
        open[pair.a] = false;
        --openRows;
      } else {
        open[pair.b] = false;
        --openColumns;
      }
      if (size == basisSize()) break;
    }
    assert(size == basisSize());
  }

  /// Parents and potentials of all nodes from the basis arcs, from node 0 down.
  void rebuildTree() {
    const std::size_t nodes = rows_ + columns_;
    std::array<std::uint8_t, kCells> degree{};
    for (std::size_t k = 0; k < basisSize(); ++k) {
      ++degree[rowNode_[k] = static_cast<std::uint8_t>(rowNode(basis_[k]))];
      ++degree[columnNode_[k] = static_cast<std::uint8_t>(columnNode(basis_[k]))];
    }
    std::array<std::uint8_t, kCells + 1> begin{};
    for (std::size_t node = 0; node < nodes; ++node) {
      begin[node + 1] = static_cast<std::uint8_t>(begin[node] + degree[node]);
    }
    std::array<std::uint8_t, kCells + 1> fill = begin;
    std::array<std::uint8_t, 2 * kCells> arcsOf{};
    for (std::size_t k = 0; k < basisSize(); ++k) {
      arcsOf[fill[rowNode_[k]]++] = static_cast<std::uint8_t>(k);
      arcsOf[fill[columnNode_[k]]++] = static_cast<std::uint8_t>(k);
    }
    std::array<std::uint8_t, kCells> queue{};
    std::size_t queued = 1;
    parent_[0] = 0;
    depth_[0] = 0;
    potential_[0] = 0;
    parentArc_[0] = kCells;
    for (std::size_t next = 0; next < queued; ++next) {
      const std::uint8_t node = queue[next];
      for (std::size_t at = begin[node]; at < begin[node + 1U]; ++at) {
        const std::uint8_t k = arcsOf[at];
        if (k == parentArc_[node]) continue;
        const std::uint8_t child = rowNode_[k] == node ? columnNode_[k] : rowNode_[k];
        parent_[child] = node;
        parentArc_[child] = k;
        depth_[child] = static_cast<std::uint8_t>(depth_[node] + 1);
        // cost = potential(row) + potential(column) on every basis arc
        potential_[child] = cost_[basis_[k]] - potential_[node];
        queue[queued++] = child;
      }
    }
    assert(queued == nodes);
  }

  /// Dantzig's rule.
  [[nodiscard]] std::size_t mostSavingArc() const {
    std::size_t best = kNone;
    double bestCost = -kTolerance;
    for (std::size_t row = 0; row < rows_; ++row) {
      const double* const cost = cost_.data() + row * columns_;
      const double* const columnPotential = potential_.data() + rows_;
      const double rowPotential = potential_[row];
      for (std::size_t column = 0; column < columns_; ++column) {
        const double reduced = cost[column] - rowPotential - columnPotential[column];
        if (reduced < bestCost) {
          bestCost = reduced;
          best = row * columns_ + column;
        }
      }
    }
    return best;
  }

  /// Bland's rule: the first arc that saves anything.
  [[nodiscard]] std::size_t firstSavingArc() const {
    for (std::size_t arc = 0; arc < rows_ * columns_; ++arc) {
      if (cost_[arc] - potential_[rowNode(arc)] - potential_[columnNode(arc)] < -kTolerance) {
        return arc;
      }
    }
    return kNone;
  }

  /// Sends as much as possible around the cycle that `entering` closes; the arc that runs empty
  /// leaves (with `bland`, among equals the one of the lowest number). Returns the amount.
  Mass pivot(std::size_t entering, bool bland) {
    // Walking up from either end, mass runs along the entering arc row -> column, so of the tree's
    // arcs those lose where the walk from the row's side leaves a row or the walk from the column's
    // a column.
    std::size_t up = rowNode(entering);
    std::size_t down = columnNode(entering);
    std::array<std::uint8_t, 2 * kCells> losing{};
    std::array<std::uint8_t, 2 * kCells> gaining{};
    std::size_t losers = 0;
    std::size_t gainers = 0;
    while (up != down) {
      const bool fromUp = depth_[up] >= depth_[down];
      std::size_t& node = fromUp ? up : down;
      const bool loses = (node < rows_) == fromUp;
      if (loses) {
        losing[losers++] = parentArc_[node];
      } else {
        gaining[gainers++] = parentArc_[node];
      }
      node = parent_[node];
    }
    std::size_t leaving = losing[0];
    for (std::size_t k = 1; k < losers; ++k) {
      const std::size_t candidate = losing[k];
      if (flow_[candidate] < flow_[leaving] ||
          (bland && flow_[candidate] == flow_[leaving] && basis_[candidate] < basis_[leaving])) {
        leaving = candidate;
      }
    }
    const Mass amount = flow_[leaving];
    for (std::size_t k = 0; k < losers; ++k) {
      flow_[losing[k]] -= amount;
    }
    for (std::size_t k = 0; k < gainers; ++k) flow_[gaining[k]] += amount;
    basis_[leaving] = entering;
    flow_[leaving] = amount;
    return amount;
  }

  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::array<std::uint8_t, kCells> rowChannel_{};
  std::array<std::uint8_t, kCells> columnChannel_{};
  std::array<double, kMaxArcs> cost_;        // [row][column], filled as far as used
  std::array<std::size_t, kCells> basis_{};  // arcs row * columns + column
  std::array<Mass, kCells> flow_{};
  std::array<std::uint8_t, kCells> rowNode_{};
  std::array<std::uint8_t, kCells> columnNode_{};
  std::array<std::uint8_t, kCells> parent_{};
  std::array<std::uint8_t, kCells> parentArc_{};
  std::array<std::uint8_t, kCells> depth_{};
  std::array<double, kCells> potential_{};
};

double usable(double charge) {
  return std::isfinite(charge) && charge > 0 ? charge : 0;
}

/// The pattern in units of mass; they sum to kUnitMass. Empty when nothing usable is in it.
std::optional<std::array<Mass, kCells>> masses(ChargePattern pattern) {
  double sum = 0;
  for (const double charge : pattern) sum += usable(charge);
  if (!(sum > 0) || !std::isfinite(sum)) return std::nullopt;
  std::array<Mass, kCells> result{};
  Mass total = 0;
  std::size_t largest = 0;
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    result[cell] = std::llround(usable(pattern[cell]) / sum * static_cast<double>(kUnitMass));
    total += result[cell];
    if (result[cell] > result[largest]) largest = cell;
  }
  result[largest] += kUnitMass - total;
  return result;
}

}  // namespace

std::optional<double> earthMoversDistance(ChargePattern a, ChargePattern b) {
  const auto massesA = masses(a);
  const auto massesB = masses(b);
  if (!massesA || !massesB) return std::nullopt;
  // The ground distance is a metric, so mass that both patterns have in a cell may stay there: only
  // the difference moves.
  std::array<Mass, kCells> excess{};
  for (std::size_t cell = 0; cell < kCells; ++cell)
    excess[cell] = (*massesA)[cell] - (*massesB)[cell];
  return Transportation(excess).solve();
}

}  // namespace aegen::encoders
