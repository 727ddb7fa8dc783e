#include "aegen/data/geometry.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace aegen::data {
namespace {

constexpr double kPitch = kTriggerCellPitch;
constexpr double kCellPitch = kPitch / 2;
const double kColumnStep = kPitch * std::sqrt(3.0) / 2;

/// Which of the wafer's three rhombi a TC lies in. In each the 2x2 groups follow other axes, which
/// moves the group's centre against the common lattice by a quarter of a step.
enum class Rhombus : std::uint8_t { RightOfCentre, LeftOfCentre, Below };

Rhombus rhombusOf(int row, int column) {
  if (row >= 4) return Rhombus::Below;
  return column >= 4 ? Rhombus::RightOfCentre : Rhombus::LeftOfCentre;
}

/// The two lattice steps that span a TC's 2x2 group.
struct Axes {
  Point first;
  Point second;
};

Axes axesOf(Rhombus rhombus) {
  const Point vertical{0, kPitch};
  const Point down{kColumnStep, -kPitch / 2};
  const Point up{kColumnStep, kPitch / 2};
  switch (rhombus) {
    case Rhombus::RightOfCentre:
      return {vertical, down};
    case Rhombus::LeftOfCentre:
      return {vertical, up};
    case Rhombus::Below:
      return {down, up};
  }
  assert(false);
  return {};
}

Point centreOf(int u, int v, Rhombus rhombus) {
  Point centre{kColumnStep * (v - 4), kPitch * (u - 7) - kPitch * (v - 4) / 2};
  switch (rhombus) {
    case Rhombus::RightOfCentre:
      break;
    case Rhombus::LeftOfCentre:
      centre.y -= kPitch / 4;
      break;
    case Rhombus::Below:
      centre.x += kColumnStep / 4;
      centre.y -= kPitch / 8;
      break;
  }
  return centre;
}

/// Place in the numbering by rhombi; each rhombus is counted from the corner and along the sides
/// that the detector's trigger-cell list uses.
int orderOf(int u, int v, Rhombus rhombus) {
  switch (rhombus) {
    case Rhombus::RightOfCentre:
      return 4 * (v - 4) + (7 - u);
    case Rhombus::LeftOfCentre:
      return 16 + 4 * (u - v - 1) + v;
    case Rhombus::Below:
      return 32 + 4 * (3 - u) + (3 - (v - u));
  }
  assert(false);
  return 0;
}

std::array<TriggerCell, kTriggerCells> makeTriggerCells() {
  std::array<TriggerCell, kTriggerCells> cells;
  int channel = 0;
  for (int row = 0; row < 8; ++row) {
    const int columns = row < 4 ? 8 : 4;
    for (int column = 0; column < columns; ++column, ++channel) {
      const Rhombus rhombus = rhombusOf(row, column);
      const bool below = rhombus == Rhombus::Below;
      const int u = below ? column : std::min(4 - row + column, 7 - row);
      const int v = below ? row - 4 + column : column;
      cells[static_cast<std::size_t>(channel)] = {
          channel, row, column, u, v, orderOf(u, v, rhombus), centreOf(u, v, rhombus)};
    }
  }
  return cells;
}

const TriggerCell& cellOf(int channel) {
  assert(0 <= channel && channel < kTriggerCells);
  return triggerCells()[static_cast<std::size_t>(channel)];
}

double distance(Point a, Point b) {
  return std::hypot(a.x - b.x, a.y - b.y);
}

/// Sensor cells lie on one hexagonal lattice: `column` counts half column steps to the right of the
/// first TC's centre, `row` the quarter pitches above it. Both are whole numbers for every cell.
struct LatticePlace {
  int column = 0;
  int row = 0;
};

// The sensor cells of TC (7,4) lie at (+-1/4, +-1/8 or 3/8) of (column step, pitch), so cells have
// odd multiples of a quarter column step and of an eighth of a pitch.
LatticePlace latticePlace(Point cell) {
  return {static_cast<int>(std::lround(cell.x / (kColumnStep / 4))),
          static_cast<int>(std::lround(cell.y / (kPitch / 8)))};
}

constexpr int kPlaceOffset = 96;
constexpr int kPlaceSize = 160;

/// Channel of the sensor cell at each lattice place, -1 where there is none.
class SensorCellMap {
 public:
  SensorCellMap() : channels_(static_cast<std::size_t>(kPlaceSize * kPlaceSize), -1) {
    for (int channel = 0; channel < kTriggerCells; ++channel) {
      for (const Point cell : sensorCells(channel)) {
        channels_[*index(latticePlace(cell))] = channel;
      }
    }
  }

  [[nodiscard]] int channel(LatticePlace place) const {
    const auto at = index(place);
    return at ? channels_[*at] : -1;
  }

 private:
  static std::optional<std::size_t> index(LatticePlace place) {
    const int column = place.column + kPlaceOffset;
    const int row = place.row + kPlaceOffset;
    if (column < 0 || column >= kPlaceSize || row < 0 || row >= kPlaceSize) return std::nullopt;
    return static_cast<std::size_t>(row * kPlaceSize + column);
  }

  std::vector<int> channels_;
};

/// Nearest centre of the sensor cells' lattice: of the two nearest columns, the nearest cell in
/// each.
LatticePlace nearestSensorCell(Point point) {
  // Columns of cells are half a column step apart; neighbouring columns are shifted by a quarter
  // pitch.
  const double columnPitch = kColumnStep / 2;
  const int left = static_cast<int>(std::floor((point.x - columnPitch / 2) / columnPitch));
  LatticePlace best;
  double bestDistance = 1e300;
  for (int column = left; column <= left + 1; ++column) {
    // Column 0 (x = 1/4 step) holds cells at 1/8 + k/2 pitches; each column further moves by 1/4.
    const int shift = column % 2 != 0 ? 2 : 0;
    const double x = columnPitch / 2 + column * columnPitch;
    const double origin = (1 + shift) * kPitch / 8;
    const double k = std::floor((point.y - origin) / kCellPitch + 0.5);
    const double dx = point.x - x;
    const double dy = point.y - (origin + k * kCellPitch);
    if (dx * dx + dy * dy < bestDistance) {
      bestDistance = dx * dx + dy * dy;
      best = {2 * column + 1, 1 + shift + 4 * static_cast<int>(k)};
    }
  }
  return best;
}

/// Membership and weight in 48ths, as rows of 2x2 blocks: disjoint, shifted down, shifted sideways,
/// centred, and those that straddle two rhombi.
struct SupercellRow {
  std::array<int, 4> cells;
  int weight48;
};
constexpr std::array<SupercellRow, kSupercells> kSupercellRows = {{
    {{0, 1, 4, 5}, 18},     {{2, 3, 6, 7}, 16},     {{8, 9, 12, 13}, 27},   {{10, 11, 14, 15}, 18},
    {{16, 17, 20, 21}, 18}, {{18, 19, 22, 23}, 16}, {{24, 25, 28, 29}, 27}, {{26, 27, 30, 31}, 18},
    {{32, 33, 36, 37}, 18}, {{34, 35, 38, 39}, 16}, {{40, 41, 44, 45}, 27}, {{42, 43, 46, 47}, 18},
    {{4, 5, 8, 9}, 18},     {{6, 7, 10, 11}, 12},   {{20, 21, 24, 25}, 18}, {{22, 23, 26, 27}, 12},
    {{36, 37, 40, 41}, 18}, {{38, 39, 42, 43}, 12}, {{1, 2, 5, 6}, 12},     {{9, 10, 13, 14}, 18},
    {{17, 18, 21, 22}, 12}, {{25, 26, 29, 30}, 18}, {{33, 34, 37, 38}, 12}, {{41, 42, 45, 46}, 18},
    {{5, 6, 9, 10}, 12},    {{21, 22, 25, 26}, 12}, {{37, 38, 41, 42}, 12}, {{0, 1, 27, 31}, 18},
    {{1, 2, 23, 27}, 12},   {{2, 3, 19, 23}, 20},   {{3, 7, 34, 35}, 20},   {{7, 11, 33, 34}, 12},
    {{11, 15, 32, 33}, 18}, {{16, 17, 47, 43}, 18}, {{17, 18, 43, 39}, 12}, {{18, 19, 39, 35}, 20},
}};

/// A directed edge of a sensor cell.
struct Edge {
  Point from;
  Point to;
};

bool samePoint(Point a, Point b) {
  return distance(a, b) < kCellPitch / 100;
}

}  // namespace

const std::array<TriggerCell, kTriggerCells>& triggerCells() {
  static const std::array<TriggerCell, kTriggerCells> cells = makeTriggerCells();
  return cells;
}

const std::array<int, kTriggerCells>& tcOrderToChannel() {
  static const std::array<int, kTriggerCells> channels = [] {
    std::array<int, kTriggerCells> result{};
    for (const TriggerCell& cell : triggerCells()) {
      result[static_cast<std::size_t>(cell.order)] = cell.channel;
    }
    return result;
  }();
  return channels;
}

std::optional<int> channelAt(int u, int v) {
  for (const TriggerCell& cell : triggerCells()) {
    if (cell.u == u && cell.v == v) return cell.channel;
  }
  return std::nullopt;
}

std::optional<int> channelContaining(Point point) {
  static const SensorCellMap map;
  // Far away the lattice place would leave the range of int.
  if (!(std::abs(point.x) < 100 && std::abs(point.y) < 100)) return std::nullopt;
  const int channel = map.channel(nearestSensorCell(point));
  if (channel < 0) return std::nullopt;
  return channel;
}

std::array<Point, 4> sensorCells(int channel) {
  const TriggerCell& cell = cellOf(channel);
  const auto [a, b] = axesOf(rhombusOf(cell.row, cell.column));
  std::array<Point, 4> centres;
  std::size_t next = 0;
  for (const double alongA : {-0.25, 0.25}) {
    for (const double alongB : {-0.25, 0.25}) {
      centres[next++] = {cell.centre.x + alongA * a.x + alongB * b.x,
                         cell.centre.y + alongA * a.y + alongB * b.y};
    }
  }
  return centres;
}

std::vector<Point> outline(int channel) {
  std::vector<Edge> edges;
  const double radius = kCellPitch / std::sqrt(3.0);
  for (const Point centre : sensorCells(channel)) {
    std::array<Point, 6> corners;
    for (std::size_t k = 0; k < corners.size(); ++k) {
      const double angle = static_cast<double>(k) * std::acos(-1.0) / 3;
      corners[k] = {centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)};
    }
    for (std::size_t k = 0; k < corners.size(); ++k) {
      const Edge edge{corners[k], corners[(k + 1) % corners.size()]};
      // An edge that two cells of the group share is inside: its twin runs the other way.
      const auto isTwin = [&](const Edge& other) {
        return samePoint(other.from, edge.to) && samePoint(other.to, edge.from);
      };
      if (std::erase_if(edges, isTwin) == 0) edges.push_back(edge);
    }
  }
  std::vector<Point> corners{edges.front().from};
  while (corners.size() < edges.size()) {
    for (const Edge& edge : edges) {
      if (samePoint(edge.from, corners.back())) {
        corners.push_back(edge.to);
        break;
      }
    }
  }
  return corners;
}

Point waferCentre() {
  Point sum;
  for (const TriggerCell& cell : triggerCells()) {
    sum.x += cell.centre.x;
    sum.y += cell.centre.y;
  }
  return {sum.x / kTriggerCells, sum.y / kTriggerCells};
}

const std::array<std::vector<int>, kTriggerCells>& neighbours() {
  static const std::array<std::vector<int>, kTriggerCells> lists = [] {
    std::array<std::vector<int>, kTriggerCells> result;
    for (const TriggerCell& a : triggerCells()) {
      for (const TriggerCell& b : triggerCells()) {
        if (a.channel != b.channel && distance(a.centre, b.centre) < 1.2 * kPitch) {
          result[static_cast<std::size_t>(a.channel)].push_back(b.channel);
        }
      }
    }
    return result;
  }();
  return lists;
}

const std::array<std::array<double, kTriggerCells>, kTriggerCells>& emdDistances() {
  static const auto table = [] {
    std::array<std::array<double, kTriggerCells>, kTriggerCells> result{};
    for (const TriggerCell& a : triggerCells()) {
      for (const TriggerCell& b : triggerCells()) {
        result[static_cast<std::size_t>(a.channel)][static_cast<std::size_t>(b.channel)] =
            distance(a.centre, b.centre) / kEmdLengthUnit;
      }
    }
    return result;
  }();
  return table;
}

const std::array<Supercell, kSupercells>& supercells() {
  static const std::array<Supercell, kSupercells> cells = [] {
    std::array<Supercell, kSupercells> result{};
    for (std::size_t k = 0; k < result.size(); ++k) {
      result[k] = {kSupercellRows[k].cells, kSupercellRows[k].weight48 / 48.0};
    }
    return result;
  }();
  return cells;
}

}  // namespace aegen::data
