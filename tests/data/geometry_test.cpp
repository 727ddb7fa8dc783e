#include "aegen/data/geometry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace aegen::data {
namespace {

using Row = std::map<std::string, double>;

std::vector<Row> readTable(const std::string& name) {
  std::ifstream in(AEGEN_SOURCE_DIR "/../shared/econt/" + name);
  std::vector<Row> rows;
  std::vector<std::string> columns;
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::vector<std::string> words;
    for (std::string word; std::getline(fields, word, ',');) words.push_back(word);
    if (columns.empty()) {
      columns = words;
      continue;
    }
    Row row;
    for (std::size_t k = 0; k < columns.size(); ++k) row[columns[k]] = std::stod(words.at(k));
    rows.push_back(row);
  }
  return rows;
}

const TriggerCell& cell(int channel) {
  return triggerCells()[static_cast<std::size_t>(channel)];
}

TEST(Geometry, AgreesWithThePublishedListOfChannels) {
  const auto rows = readTable("trigger_cells.csv");
  ASSERT_EQ(rows.size(), 48U);
  for (const Row& row : rows) {
    const TriggerCell& c = cell(static_cast<int>(row.at("channel")));
    EXPECT_EQ(c.row, row.at("row"));
    EXPECT_EQ(c.column, row.at("col"));
    EXPECT_EQ(c.u, row.at("u"));
    EXPECT_EQ(c.v, row.at("v"));
    EXPECT_NEAR(c.centre.x, row.at("x"), 6e-5);
    EXPECT_NEAR(c.centre.y, row.at("y"), 6e-5);
  }
}

TEST(Geometry, AgreesWithThePublishedTriggerCellOrder) {
  const auto rows = readTable("tc_order.csv");
  ASSERT_EQ(rows.size(), 48U);
  for (const Row& row : rows) {
    const auto order = static_cast<std::size_t>(row.at("tc"));
    const TriggerCell& c = cell(tcOrderToChannel()[order]);
    EXPECT_EQ(c.channel, row.at("ae_channel"));
    EXPECT_EQ(static_cast<std::size_t>(c.order), order);
    EXPECT_EQ(c.u, row.at("u"));
    EXPECT_EQ(c.v, row.at("v"));
    // The list's numbers carry errors of up to 2e-5.
    EXPECT_NEAR(c.centre.x, row.at("x"), 3e-5);
    EXPECT_NEAR(c.centre.y, row.at("y"), 3e-5);
  }
}

TEST(Geometry, SupercellsAgreeWithThePublishedTable) {
  const auto rows = readTable("supercells.csv");
  ASSERT_EQ(rows.size(), 36U);
  for (const Row& row : rows) {
    const Supercell& s = supercells()[static_cast<std::size_t>(row.at("supercell"))];
    for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(s.cells[k], row.at("tc" + std::to_string(k)));
    EXPECT_NEAR(s.weight, row.at("weight"), 1e-9);
  }
}

TEST(Geometry, SupercellWeightIsTheMeanShareOfItsTriggerCells) {
  std::array<int, kTriggerCells> holders{};
  for (const Supercell& s : supercells()) {
    for (const int order : s.cells) ++holders[static_cast<std::size_t>(order)];
  }
  for (const Supercell& s : supercells()) {
    double share = 0;
    for (const int order : s.cells) {
      const bool meetsCentre = order == 3 || order == 19 || order == 35;
      share += meetsCentre ? 7.0 / 12 : 1.0 / holders[static_cast<std::size_t>(order)];
    }
    EXPECT_NEAR(s.weight, share / 4, 1e-12);
  }
}

TEST(Geometry, EverySupercellIsFourTriggerCellsCloseTogether) {
  for (const Supercell& s : supercells()) {
    for (const int a : s.cells) {
      for (const int b : s.cells) {
        const auto i = static_cast<std::size_t>(tcOrderToChannel()[static_cast<std::size_t>(a)]);
        const auto j = static_cast<std::size_t>(tcOrderToChannel()[static_cast<std::size_t>(b)]);
        EXPECT_LT(emdDistances()[i][j], 4.0) << a << " and " << b;
      }
    }
  }
}

TEST(Geometry, EmdDistanceIsTwoForNeighboursInARhombusAndAtMost13p7568) {
  double farthest = 0;
  for (const auto& row : emdDistances()) {
    for (const double d : row) farthest = std::max(farthest, d);
  }
  EXPECT_NEAR(farthest, 13.7568, 5e-5);
  const auto a = static_cast<std::size_t>(*channelAt(7, 4));
  const auto b = static_cast<std::size_t>(*channelAt(6, 4));
  EXPECT_NEAR(emdDistances()[a][b], 2.0, 1e-12);
}

TEST(Geometry, SensorCellsOfAllTriggerCellsLieOnOneLatticeWithoutOverlap) {
  std::vector<Point> cells;
  for (int c = 0; c < kTriggerCells; ++c) {
    for (const Point p : sensorCells(c)) cells.push_back(p);
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    double nearest = 1e9;
    for (std::size_t j = 0; j < cells.size(); ++j) {
      if (i != j)
        nearest = std::min(nearest, std::hypot(cells[i].x - cells[j].x, cells[i].y - cells[j].y));
    }
    EXPECT_NEAR(nearest, kTriggerCellPitch / 2, 1e-9);
  }
}

TEST(Geometry, PointsBelongToTheTriggerCellWithTheNearestSensorCell) {
  for (double x = -12; x < 10; x += 0.173) {
    for (double y = -19; y < 3; y += 0.191) {
      int nearest = -1;
      double best = 1e9;
      for (int c = 0; c < kTriggerCells; ++c) {
        for (const Point p : sensorCells(c)) {
          const double d = std::hypot(p.x - x, p.y - y);
          if (d < best) {
            best = d;
            nearest = c;
          }
        }
      }
      const double cellRadius = kTriggerCellPitch / 2 / std::sqrt(3.0);
      const double inradius = kTriggerCellPitch / 4;
      const auto found = channelContaining({x, y});
      if (best > cellRadius) {
        EXPECT_FALSE(found.has_value()) << x << ' ' << y;
      } else if (best < inradius) {
        ASSERT_TRUE(found.has_value()) << x << ' ' << y;
        EXPECT_EQ(*found, nearest) << x << ' ' << y;
      }
    }
  }
}

TEST(Geometry, PointsFarAwayOrNotANumberBelongToNoTriggerCell) {
  EXPECT_FALSE(channelContaining({1e30, 0}).has_value());
  EXPECT_FALSE(channelContaining({0, -1e9}).has_value());
  EXPECT_FALSE(channelContaining({std::nan(""), 0}).has_value());
}

TEST(Geometry, OutlineEnclosesFourHexagons) {
  const double hexagon = std::sqrt(3.0) / 2 * (kTriggerCellPitch / 2) * (kTriggerCellPitch / 2);
  for (int c = 0; c < kTriggerCells; ++c) {
    const auto corners = outline(c);
    ASSERT_EQ(corners.size(), 14U);
    double area = 0;
    for (std::size_t k = 0; k < corners.size(); ++k) {
      const Point a = corners[k];
      const Point b = corners[(k + 1) % corners.size()];
      area += (a.x * b.y - b.x * a.y) / 2;
    }
    EXPECT_NEAR(area, 4 * hexagon, 1e-9) << "channel " << c;
  }
}

TEST(Geometry, NeighboursAreMutualAndBetweenTwoAndSix) {
  for (int a = 0; a < kTriggerCells; ++a) {
    const auto& list = neighbours()[static_cast<std::size_t>(a)];
    EXPECT_GE(list.size(), 2U);
    EXPECT_LE(list.size(), 6U);
    for (const int b : list) {
      const auto& back = neighbours()[static_cast<std::size_t>(b)];
      EXPECT_TRUE(std::binary_search(back.begin(), back.end(), a));
    }
  }
}

TEST(Geometry, ChannelAtFindsEveryTriggerCellAndNothingElse) {
  int found = 0;
  for (int u = -1; u < 9; ++u) {
    for (int v = -1; v < 9; ++v) {
      if (const auto channel = channelAt(u, v)) {
        ++found;
        EXPECT_EQ(cell(*channel).u, u);
        EXPECT_EQ(cell(*channel).v, v);
      }
    }
  }
  EXPECT_EQ(found, kTriggerCells);
}

}  // namespace
}  // namespace aegen::data
