// Held-out rows: which ones, and that nothing is lost.
#include "aegen/data/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace aegen::data {
namespace {

// Events that carry their row's number in a charge and in a column.
EventTable numbered(std::size_t rows) {
  EventTable out;
  out.columns = {{"row", {}}};
  for (std::size_t row = 0; row < rows; ++row) {
    out.events.emplace_back().charge[3] = static_cast<std::int64_t>(row);
    out.columns[0].values.push_back(static_cast<double>(row));
  }
  return out;
}

TEST(Split, KeepsEveryRowOnceInOrderWithItsColumns) {
  for (const double fraction : {0.01, 0.2, 0.5, 0.99}) {
    const auto split = splitRows(numbered(400), fraction, 3);
    ASSERT_TRUE(split.ok()) << split.error().text();
    EXPECT_EQ(split->test.events.size(), static_cast<std::size_t>(400 * fraction + 0.5));
    std::vector<double> rows;
    for (const EventTable* part : {&split->train, &split->test}) {
      const auto& numbers = part->columns.at(0).values;
      ASSERT_EQ(numbers.size(), part->events.size());
      EXPECT_TRUE(std::ranges::is_sorted(numbers));
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        EXPECT_EQ(static_cast<double>(part->events[i].charge[3]), numbers[i]);
      }
      rows.insert(rows.end(), numbers.begin(), numbers.end());
    }
    std::ranges::sort(rows);
    EXPECT_EQ(rows, numbered(400).columns[0].values);
  }
}

TEST(Split, DependsOnSeedAndNumberOfRowsAlone) {
  EventTable other = numbered(300);
  for (Event& event : other.events) event.charge[9] = 5;
  const auto one = splitRows(numbered(300), 0.25, 11);
  EXPECT_EQ(splitRows(other, 0.25, 11)->test.columns, one->test.columns);
  EXPECT_NE(splitRows(other, 0.25, 12)->test.columns, one->test.columns);
  // A larger share holds what a smaller one holds.
  const auto more = splitRows(other, 0.5, 11);
  EXPECT_TRUE(std::ranges::includes(more->test.columns[0].values, one->test.columns[0].values));
}

TEST(Split, EveryRowIsAsOftenHeldOut) {
  std::vector<int> held(40, 0);
  constexpr int kSeeds = 4000;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const auto split = splitRows(numbered(40), 0.25, static_cast<std::uint64_t>(seed));
    for (const double row : split->test.columns[0].values) ++held[static_cast<std::size_t>(row)];
  }
  for (const int times : held) EXPECT_NEAR(times, kSeeds / 4, 140);  // five standard deviations
}

TEST(Split, NeedsEventsOnBothSides) {
  for (const double fraction : {0.0, 0.004, 0.996, 1.0}) {
    const auto split = splitRows(numbered(100), fraction, 1);
    ASSERT_FALSE(split.ok()) << fraction;
    EXPECT_EQ(split.error().code, "events.split");
  }
}

}  // namespace
}  // namespace aegen::data
