#include "aegen/sim/scoreboard.hpp"

#include <gtest/gtest.h>

#include <random>

namespace aegen::sim {
namespace {

core::Columns randomStream(std::size_t elements, std::size_t events, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  core::Columns columns(elements, events);
  for (std::size_t e = 0; e < elements; ++e) {
    for (std::int64_t& value : columns.column(e)) value = static_cast<std::int64_t>(random() % 512);
  }
  return columns;
}

/// What a chip with that delay shows: zeros, then the stream.
core::Columns delayed(const core::Columns& stream, std::size_t delay, std::size_t flush) {
  core::Columns out(stream.elements(), stream.events() + flush);
  for (std::size_t e = 0; e < stream.elements(); ++e) {
    for (std::size_t k = 0; k < stream.events() && k + delay < out.events(); ++k) {
      out.at(e, k + delay) = stream.at(e, k);
    }
  }
  return out;
}

core::Columns part(const core::Columns& all, std::size_t first, std::size_t count) {
  core::Columns out(all.elements(), count);
  for (std::size_t e = 0; e < all.elements(); ++e) {
    for (std::size_t k = 0; k < count; ++k) out.at(e, k) = all.at(e, first + k);
  }
  return out;
}

/// Runs a stream through a checker in batches, the idle clocks with the last.
SignalChecker checked(const core::Columns& expected, const core::Columns& captured, int asked,
                      std::size_t batch, CheckWindow window = {}) {
  const std::size_t flush = captured.events() - expected.events();
  SignalChecker checker("signal", asked, static_cast<int>(flush), window);
  for (std::size_t at = 0; at < expected.events(); at += batch) {
    const bool last = at + batch >= expected.events();
    const std::size_t events = last ? expected.events() - at : batch;
    checker.check(part(expected, at, events), part(captured, at, events + (last ? flush : 0)));
  }
  return checker;
}

TEST(FindLatency, IsTheDelayOfTheStreamWhateverWasAsked) {
  const core::Columns stream = randomStream(3, 200, 1);
  for (std::size_t delay = 0; delay <= 20; ++delay) {
    const MeasuredLatency found = findLatency(stream, delayed(stream, delay, 20), 200, 4);
    EXPECT_EQ(found.clocks, static_cast<int>(delay));
    EXPECT_TRUE(found.exact);
    EXPECT_TRUE(found.unique);
  }
}

TEST(FindLatency, SurvivesSomeWrongValuesButSaysSo) {
  const core::Columns stream = randomStream(2, 100, 2);
  core::Columns captured = delayed(stream, 5, 20);
  for (std::size_t k = 10; k < 40; ++k) captured.at(1, k) ^= 1;
  const MeasuredLatency found = findLatency(stream, captured, 100, 5);
  EXPECT_EQ(found.clocks, 5);
  EXPECT_FALSE(found.exact);
}

TEST(FindLatency, IsNothingForAStreamThatIsNotThere) {
  const MeasuredLatency found =
      findLatency(randomStream(2, 100, 3), randomStream(2, 120, 4), 100, 5);
  EXPECT_FALSE(found.clocks.has_value());
}

TEST(FindLatency, OfConstantDataIsTheAskedOneAndNotUnique) {
  const core::Columns zeros(1, 100);
  const MeasuredLatency found = findLatency(zeros, core::Columns(1, 120), 100, 7);
  EXPECT_EQ(found.clocks, 7);
  EXPECT_TRUE(found.exact);
  EXPECT_FALSE(found.unique);
}

TEST(SignalChecker, ComparesEveryCrossingOnceForEveryBatchSizeAndDelay) {
  const core::Columns stream = randomStream(2, 97, 5);
  for (const std::size_t batch : {24U, 31U, 96U, 97U, 200U}) {
    for (const std::size_t delay : {0U, 1U, 7U, 20U}) {
      const SignalChecker checker =
          checked(stream, delayed(stream, delay, 20), static_cast<int>(delay), batch);
      EXPECT_EQ(checker.compared(), 2U * 97U) << "batch " << batch << " delay " << delay;
      EXPECT_EQ(checker.mismatches(), 0U) << "batch " << batch << " delay " << delay;
      EXPECT_EQ(checker.measured().clocks, static_cast<int>(delay));
    }
  }
}

TEST(SignalChecker, FindsASingleWrongBitWhereverItIs) {
  const core::Columns stream = randomStream(3, 80, 6);
  for (std::uint64_t crossing = 0; crossing < 80; ++crossing) {
    core::Columns captured = delayed(stream, 6, 20);
    captured.at(1, crossing + 6) ^= 4;
    const SignalChecker checker = checked(stream, captured, 6, 32);
    ASSERT_EQ(checker.mismatches(), 1U);
    EXPECT_EQ(checker.first()->crossing, crossing);
    EXPECT_EQ(checker.first()->element, 1U);
    EXPECT_EQ(checker.first()->expected, stream.at(1, crossing));
    EXPECT_EQ(checker.first()->got, stream.at(1, crossing) ^ 4);
  }
}

TEST(SignalChecker, KeepsTheEarliestCrossingEvenIfALaterElementHasIt) {
  const core::Columns stream = randomStream(2, 50, 7);
  core::Columns captured = delayed(stream, 3, 20);
  captured.at(0, 40) ^= 1;
  captured.at(1, 20) ^= 1;
  const SignalChecker checker = checked(stream, captured, 3, 50);
  EXPECT_EQ(checker.mismatches(), 2U);
  EXPECT_EQ(checker.first()->crossing, 17U);
  EXPECT_EQ(checker.first()->element, 1U);
}

TEST(SignalChecker, LooksOnlyIntoItsWindow) {
  const core::Columns stream = randomStream(1, 100, 8);
  core::Columns captured = delayed(stream, 3, 20);
  captured.at(0, 3 + 10) ^= 1;
  captured.at(0, 3 + 60) ^= 1;
  const SignalChecker checker = checked(stream, captured, 3, 32, {50, 20});
  EXPECT_EQ(checker.compared(), 20U);
  EXPECT_EQ(checker.mismatches(), 1U);
  EXPECT_EQ(checker.first()->crossing, 60U);
}

TEST(SignalChecker, ReportsAStreamAtAnotherDelayAsThatDelayNotAsWrongValues) {
  const core::Columns stream = randomStream(1, 100, 9);
  const SignalChecker checker = checked(stream, delayed(stream, 5, 20), 4, 100);
  EXPECT_EQ(checker.mismatches(), 0U);
  EXPECT_EQ(checker.measured().clocks, 5);
  EXPECT_EQ(checker.asked(), 4);
}

}  // namespace
}  // namespace aegen::sim
