#pragma once
/// The scoreboard: holds what was captured at every clock against what is expected of every
/// crossing, and finds the delay between the two from the data alone.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/columns.hpp"

namespace aegen::sim {

/// A captured value that is not as expected.
struct Mismatch {
  std::uint64_t crossing = 0;
  std::string signal;
  std::uint32_t element = 0;
  std::int64_t expected = 0;
  std::int64_t got = 0;
};

/// The delay in clocks at which a captured stream equals the expected one.
struct MeasuredLatency {
  std::optional<int> clocks;  ///< empty: at no delay are most crossings as expected
  bool exact = false;         ///< every crossing looked at is as expected at that delay
  bool unique = false;        ///< at no other delay they are; false for data that hardly changes
};

/// Tries the delays 0 .. captured.events() - crossings on the first `crossings` events. Among
/// several exact ones `asked` is preferred, else the smallest; without an exact one the one at
/// which most crossings agree is taken if these are more than half.
[[nodiscard]] MeasuredLatency findLatency(const core::Columns& expected,
                                          const core::Columns& captured, std::size_t crossings,
                                          int asked);

/// Crossings that are compared: [first, first + count).
struct CheckWindow {
  std::uint64_t first = 0;
  std::uint64_t count = ~std::uint64_t{0};
};

/// Follows one signal through batches of a stream.
class SignalChecker {
 public:
  /// `asked`: the delay expected; delays up to `maxLatency` are searched for.
  SignalChecker(std::string name, int asked, int maxLatency, CheckWindow window = {});

  /// `expected`: the next n crossings. `captured`: the next m clocks, the first of which is the one
  /// at which the first of these crossings entered. m = n but for the last batch, where m = n + the
  /// idle clocks behind it. The first batch must have more than maxLatency clocks; it measures.
  void check(const core::Columns& expected, const core::Columns& captured);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] int asked() const { return asked_; }
  [[nodiscard]] const MeasuredLatency& measured() const { return measured_; }
  /// The delay at which values are compared: the measured one, else the asked one.
  [[nodiscard]] int latency() const { return measured_.clocks.value_or(asked_); }
  [[nodiscard]] std::uint64_t compared() const { return compared_; }
  [[nodiscard]] std::uint64_t mismatches() const { return mismatches_; }
  /// The first wrong value by crossing, then by element.
  [[nodiscard]] const std::optional<Mismatch>& first() const { return first_; }

 private:
  void compare(std::uint32_t element, const std::int64_t* expected, const std::int64_t* captured,
               std::uint64_t crossing, std::size_t count);
  void remember(const core::Columns& expected);

  std::string name_;
  int asked_;
  std::size_t maxLatency_;
  CheckWindow window_;
  MeasuredLatency measured_;
  std::uint64_t position_ = 0;      ///< crossings seen before this batch
  std::vector<std::int64_t> tail_;  ///< each element's last maxLatency expected values
  std::uint64_t compared_ = 0;
  std::uint64_t mismatches_ = 0;
  std::optional<Mismatch> first_;
};

}  // namespace aegen::sim
