#pragma once
/// The 48 trigger cells of a high-density hexagonal wafer: numbering, centres, outlines,
/// neighbours, and the 2x2 supercells of the telescope loss. All of it follows from the (u,v)
/// rules; nothing is read.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace aegen::data {

inline constexpr int kTriggerCells = 48;
/// Distance of neighbouring trigger-cell centres; one unit is 1 cm on an 8-inch sensor.
inline constexpr double kTriggerCellPitch = 2.4168015;
/// EMD ground distances are lengths divided by this: half a pitch, so that neighbours are 2.0
/// apart.
inline constexpr double kEmdLengthUnit = 1.20840075;

struct Point {
  double x = 0;
  double y = 0;
};

/// One trigger cell (TC): a 2x2 group of hexagonal sensor cells, numbered by its AE channel.
struct TriggerCell {
  int channel = 0;  ///< position among the autoencoder's inputs, 0..47
  int row = 0;      ///< of the 8x8 arrangement, 0..7
  int column = 0;   ///< of the 8x8 arrangement, 0..7 (0..3 in rows 4-7)
  int u = 0;        ///< wafer coordinates of the TC, 0..7
  int v = 0;
  int order = 0;  ///< its place in the `tc_order` numbering: three rhombi of 4x4 TCs
  Point centre;   ///< the origin is the centre of TC (7,4)
};

/// All TCs, indexed by AE channel.
[[nodiscard]] const std::array<TriggerCell, kTriggerCells>& triggerCells();

/// AE channel of each place of the `tc_order` numbering: channel = tcOrderToChannel()[order].
[[nodiscard]] const std::array<int, kTriggerCells>& tcOrderToChannel();

/// AE channel of the TC (u,v); empty when the wafer has none.
[[nodiscard]] std::optional<int> channelAt(int u, int v);

/// AE channel of the TC whose area holds `point`; empty outside the wafer.
[[nodiscard]] std::optional<int> channelContaining(Point point);

/// Centres of the four sensor cells of a TC.
[[nodiscard]] std::array<Point, 4> sensorCells(int channel);

/// The outline of a TC for drawing: its 14 corners, counterclockwise (y up).
[[nodiscard]] std::vector<Point> outline(int channel);

/// The mean position of the 48 centres.
[[nodiscard]] Point waferCentre();

/// Channels of the TCs that share an edge with each TC (centres up to 1.2 pitches apart),
/// ascending.
[[nodiscard]] const std::array<std::vector<int>, kTriggerCells>& neighbours();

/// Euclidean distance of two TC centres in units of kEmdLengthUnit: [channel][channel].
[[nodiscard]] const std::array<std::array<double, kTriggerCells>, kTriggerCells>& emdDistances();

inline constexpr int kSupercells = 36;

/// Four TCs around a corner and their weight in the telescope loss.
struct Supercell {
  std::array<int, 4> cells;  ///< in the `tc_order` numbering
  double weight;
};

/// The overlapping 2x2 supercells: 27 within the rhombi, 9 across their borders. A weight is the
/// mean over the four TCs of 1/(supercells that hold the TC), where the three TCs that meet at the
/// wafer's centre count 7/12.
[[nodiscard]] const std::array<Supercell, kSupercells>& supercells();

/// The third term of the telescope loss: TC `order` belongs to sum `order / kTriggerCellsPerSum`.
inline constexpr int kTriggerCellsPerSum = 16;

}  // namespace aegen::data
