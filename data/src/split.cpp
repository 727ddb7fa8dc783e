#include "aegen/data/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "random_stream.hpp"

namespace aegen::data {
namespace {

constexpr std::uint64_t kSplitStream = 0x53504c4954ULL;  // apart from streams of generated events

// Which of `rows` are held out: the first `count` of a shuffle (Fisher and Yates).
std::vector<bool> heldOut(std::size_t rows, std::size_t count, std::uint64_t seed) {
  RandomStream random(seed, kSplitStream);
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<bool> held(rows, false);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i + random.bits() % (rows - i);
    std::swap(order[i], order[at]);
    held[order[i]] = true;
  }
  return held;
}

}  // namespace

core::Result<Split> splitRows(const EventTable& table, double testFraction, std::uint64_t seed) {
  const std::size_t rows = table.events.size();
  const auto count = static_cast<std::size_t>(
      std::llround(std::clamp(testFraction, 0.0, 1.0) * static_cast<double>(rows)));
  if (count == 0 || count == rows) {
    return core::badInput("events.split",
                          fmt::format("{} of {} events would be held out", count, rows), {},
                          {"both parts need events: another fraction, or more events"});
  }
  const std::vector<bool> held = heldOut(rows, count, seed);
  Split out;
  for (EventTable* const part : {&out.train, &out.test}) {
    for (const Column& column : table.columns) part->columns.push_back({column.name, {}});
  }
  for (std::size_t row = 0; row < rows; ++row) {
    EventTable& part = held[row] ? out.test : out.train;
    part.events.push_back(table.events[row]);
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      part.columns[c].values.push_back(table.columns[c].values[row]);
    }
  }
  return out;
}

}  // namespace aegen::data
