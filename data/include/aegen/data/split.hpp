#pragma once
/// Splitting events into those a training may see and those it is judged by.

#include <cstdint>

#include "aegen/data/events.hpp"

namespace aegen::data {

struct Split {
  EventTable train;
  EventTable test;
};

/// `testFraction` of the rows, to nearest, chosen by `seed` and the number of rows alone, and the
/// others; both in the order of the table. Diagnostic `events.split` when one of the two is empty.
[[nodiscard]] core::Result<Split> splitRows(const EventTable& table, double testFraction,
                                            std::uint64_t seed);

}  // namespace aegen::data
