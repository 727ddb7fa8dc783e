#include "aegen/sim/scoreboard.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace aegen::sim {
namespace {

using core::Columns;

bool equal(const std::int64_t* a, const std::int64_t* b, std::size_t count) {
  return std::memcmp(a, b, count * sizeof *a) == 0;
}

bool agreesEverywhere(const Columns& expected, const Columns& captured, std::size_t crossings,
                      std::size_t delay) {
  for (std::size_t e = 0; e < expected.elements(); ++e) {
    if (!equal(expected.column(e).data(), captured.column(e).data() + delay, crossings)) {
      return false;
    }
  }
  return true;
}

/// Crossings all of whose elements agree.
std::size_t agreeing(const Columns& expected, const Columns& captured, std::size_t crossings,
                     std::size_t delay) {
  std::vector<char> good(crossings, 1);
  for (std::size_t e = 0; e < expected.elements(); ++e) {
    const auto want = expected.column(e);
    const auto have = captured.column(e).subspan(delay);
    for (std::size_t k = 0; k < crossings; ++k) {
      if (want[k] != have[k]) good[k] = 0;
    }
  }
  return static_cast<std::size_t>(std::ranges::count(good, 1));
}

}  // namespace

MeasuredLatency findLatency(const Columns& expected, const Columns& captured, std::size_t crossings,
                            int asked) {
  MeasuredLatency found;
  if (crossings == 0 || captured.events() < crossings) return found;
  const std::size_t delays = captured.events() - crossings + 1;
  std::size_t exact = 0;
  for (std::size_t delay = 0; delay < delays; ++delay) {
    if (!agreesEverywhere(expected, captured, crossings, delay)) continue;
    if (exact++ == 0 || static_cast<int>(delay) == asked) found.clocks = static_cast<int>(delay);
  }
  found.exact = exact > 0;
  found.unique = exact == 1;
  if (found.exact) return found;

  std::size_t most = crossings / 2;
  for (std::size_t delay = 0; delay < delays; ++delay) {
    const std::size_t good = agreeing(expected, captured, crossings, delay);
    if (good > most) {
      most = good;
      found.clocks = static_cast<int>(delay);
      found.unique = true;
    } else if (good == most && found.clocks) {
      found.unique = false;
    }
  }
  return found;
}

SignalChecker::SignalChecker(std::string name, int asked, int maxLatency, CheckWindow window)
    : name_(std::move(name)),
      asked_(asked),
      maxLatency_(static_cast<std::size_t>(std::max(maxLatency, asked))),
      window_(window) {}

void SignalChecker::check(const Columns& expected, const Columns& captured) {
  const std::size_t events = expected.events();
  const std::size_t clocks = captured.events();
  if (position_ == 0) {
    tail_.assign(expected.elements() * maxLatency_, 0);
    const std::size_t reach = clocks > maxLatency_ ? clocks - maxLatency_ : 0;
    measured_ = findLatency(expected, captured, std::min(events, reach), asked_);
  }
  const auto delay = static_cast<std::size_t>(latency());
  for (std::uint32_t e = 0; e < expected.elements(); ++e) {
    const std::int64_t* const have = captured.column(e).data();
    if (position_ > 0) {  // what entered in earlier batches comes out first
      const std::int64_t* const old = tail_.data() + e * maxLatency_ + (maxLatency_ - delay);
      const std::size_t available =
          static_cast<std::size_t>(std::min<std::uint64_t>(position_, delay));
      const std::size_t skip = delay - available;
      const std::size_t end = std::min(delay, clocks);
      if (skip < end) compare(e, old + skip, have + skip, position_ - available, end - skip);
    }
    if (clocks > delay) {
      compare(e, expected.column(e).data(), have + delay, position_,
              std::min(events, clocks - delay));
    }
  }
  remember(expected);
  position_ += events;
}

void SignalChecker::compare(std::uint32_t element, const std::int64_t* expected,
                            const std::int64_t* captured, std::uint64_t crossing,
                            std::size_t count) {
  const std::uint64_t windowEnd = window_.count > ~std::uint64_t{0} - window_.first
                                      ? ~std::uint64_t{0}
                                      : window_.first + window_.count;
  const std::uint64_t begin = std::max(crossing, window_.first);
  const std::uint64_t end = std::min<std::uint64_t>(crossing + count, windowEnd);
  if (begin >= end) return;
  compared_ += end - begin;
  const std::size_t offset = static_cast<std::size_t>(begin - crossing);
  const std::size_t size = static_cast<std::size_t>(end - begin);
  if (equal(expected + offset, captured + offset, size)) return;
  for (std::size_t k = offset; k < offset + size; ++k) {
    if (expected[k] == captured[k]) continue;
    ++mismatches_;
    // Elements are visited one after the other, so an earlier crossing may still follow.
    if (!first_ || crossing + k < first_->crossing) {
      first_ = Mismatch{crossing + k, name_, element, expected[k], captured[k]};
    }
  }
}

void SignalChecker::remember(const Columns& expected) {
  const std::size_t events = expected.events();
  const std::size_t fresh = std::min(events, maxLatency_);
  for (std::size_t e = 0; e < expected.elements(); ++e) {
    std::int64_t* const tail = tail_.data() + e * maxLatency_;
    std::copy(tail + fresh, tail + maxLatency_, tail);
    const auto column = expected.column(e);
    std::copy(column.end() - static_cast<std::ptrdiff_t>(fresh), column.end(),
              tail + (maxLatency_ - fresh));
  }
}

}  // namespace aegen::sim
