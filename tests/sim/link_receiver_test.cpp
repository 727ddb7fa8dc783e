// The receiver against senders that know what they sent.
#include "link_receiver.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "link_sender.hpp"

namespace aegen::sim {
namespace {

using aegen_bench::CrossingStatus;
using aegen_bench::LinkFormat;
using aegen_bench::ReceiverOptions;
using encoders::econ_t::Algorithm;
using test_common::Judgement;
using test_common::LinkSender;
using test_common::LinkSettings;
using test_common::SenderOptions;
using test_common::SentWords;
using test_common::SplitMix64;

std::uint64_t testSeed() {
  const char* const given = std::getenv("AEGEN_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20260401;
}

std::int64_t seen(const Judgement& judgement, CrossingStatus status) {
  return judgement.seen[static_cast<std::size_t>(status)];
}

class Receiver : public testing::TestWithParam<Algorithm> {
 protected:
  Receiver() : random_(testSeed() + static_cast<unsigned>(GetParam())) {
    settings_ = randomSettings(random_, GetParam(), {});
    if (GetParam() == Algorithm::ThresholdSum) settings_.board.activeEtx = random_.between(2, 6);
  }

  [[nodiscard]] LinkFormat format() const { return linkFormatOf(settings_, sender_); }
  [[nodiscard]] Judgement judged(const SentWords& stream) const {
    return judge(stream, format(), options_);
  }
  // Crossings a stream has.
  [[nodiscard]] std::int64_t crossings(const SentWords& stream) const {
    return static_cast<std::int64_t>(stream.size() / format().words);
  }
  // What waits in the chip or for its confirmation when the stream ends.
  static constexpr std::int64_t kInFlight = 210;

  SplitMix64 random_;
  LinkSettings settings_;
  SenderOptions sender_;
  ReceiverOptions options_;
};

TEST_P(Receiver, GivesOutEveryCrossingOfACleanLinkKnownFromItsStart) {
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  options_.startBx = 0;
  for (int round = 0; round < 8; ++round) {
    settings_ = randomSettings(random_, GetParam(), {});
    LinkSender sender(settings_, sender_, random_.next());
    const SentWords stream = sender.send(4000);
    const Judgement got = judged(stream);
    EXPECT_EQ(got.garbage + got.mistimed, 0);
    EXPECT_EQ(seen(got, CrossingStatus::Lost), 0);
    EXPECT_EQ(seen(got, CrossingStatus::HeaderMismatch), 0);
    EXPECT_EQ(seen(got, CrossingStatus::BadType), 0);
    EXPECT_LE(seen(got, CrossingStatus::Unconfirmed), 3) << "at the stream's end";
    EXPECT_GE(got.right, crossings(stream) - kInFlight) << "etx " << settings_.board.activeEtx;
    for (std::size_t k = 0; k < got.received.size(); ++k) {
      ASSERT_EQ(got.received[k].index, k);
      ASSERT_EQ(got.received[k].bx, static_cast<int>(k % sender_.orbit));
    }
  }
}

TEST_P(Receiver, AccountsForEveryCrossingOfACleanLinkButThoseTheStreamsEndCutsOff) {
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  options_.startBx = 0;
  for (int round = 0; round < 20; ++round) {
    settings_ = randomSettings(random_, GetParam(), {});
    const int sent = random_.between(50, 900);
    const SentWords stream = LinkSender(settings_, sender_, random_.next()).send(sent);
    ASSERT_EQ(crossings(stream), sent);
    std::int64_t whole = 0;  // strings whose last word is there
    for (const auto& word : stream) whole += word.crossing >= 0 && word.position + 1 == word.length;
    const std::int64_t cutOff = sent - whole;
    const Judgement got = judged(stream);
    std::int64_t accounted = 0;
    for (const std::int64_t count : got.seen) accounted += count;
    EXPECT_EQ(accounted + cutOff, sent) << "etx " << settings_.board.activeEtx;
    EXPECT_TRUE(cutOff == 0 || GetParam() == Algorithm::ThresholdSum);
  }
}

TEST_P(Receiver, FindsItsPlaceInAStreamItJoins) {
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  for (int round = 0; round < 8; ++round) {
    settings_ = randomSettings(random_, GetParam(), {});
    LinkSender sender(settings_, sender_, random_.next());
    SentWords stream = sender.send(6000);
    // Not at a crossing's first word, nor at the orbit's first crossing.
    const auto skipped = 1 + static_cast<std::int64_t>(random_.below(1000 * format().words));
    stream.erase(stream.begin(), stream.begin() + skipped);
    const Judgement got = judged(stream);
    EXPECT_EQ(got.garbage + got.mistimed, 0);
    // Boundaries within a few crossings, the place in the orbit with the first BX 0.
    EXPECT_GE(got.right, crossings(stream) - 3564 - kInFlight)
        << "etx " << settings_.board.activeEtx;
    EXPECT_GT(seen(got, CrossingStatus::Unphased), 0);
  }
}

TEST_P(Receiver, NeverGivesOutWhatWasNotSentWhenBitsFlip) {
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  options_.startBx = 0;
  for (int round = 0; round < 8; ++round) {
    settings_ = randomSettings(random_, GetParam(), {});
    LinkSender sender(settings_, sender_, random_.next());
    SentWords stream = sender.send(8000);
    for (int flip = 0; flip < 80; ++flip) {
      auto& word = stream[random_.below(stream.size())];
      word.value = static_cast<std::uint16_t>(word.value ^ 1U << random_.below(16));
      word.flipped = true;
    }
    const Judgement got = judged(stream);
    EXPECT_EQ(got.garbage, 0);
    EXPECT_EQ(got.mistimed, 0);
  }
}

TEST_P(Receiver, RecoversFromWordsDroppedOrRepeated) {
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  options_.startBx = 0;
  for (int round = 0; round < 8; ++round) {
    settings_ = randomSettings(random_, GetParam(), {});
    LinkSender sender(settings_, sender_, random_.next());
    SentWords stream = sender.send(12000);
    for (int error = 0; error < 10; ++error) {
      const auto at = static_cast<std::ptrdiff_t>(random_.below(stream.size() - 1000));
      if (random_.oneIn(2)) {
        stream.erase(stream.begin() + at);
      } else {
        stream.insert(stream.begin() + at, stream[static_cast<std::size_t>(at)]);
      }
    }
    const Judgement got = judged(stream);
    EXPECT_EQ(got.garbage, 0);
    EXPECT_EQ(got.mistimed, 0);
    EXPECT_GT(got.right, 300);  // an orbit's wait after a slip of half a crossing
  }
}

TEST_P(Receiver, RecoversFromCrossingsDroppedRepeatedAndSkipped) {
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  options_.startBx = 0;
  for (int round = 0; round < 8; ++round) {
    settings_ = randomSettings(random_, GetParam(), {});
    LinkSender sender(settings_, sender_, random_.next());
    SentWords stream;
    for (int part = 0; part < 3; ++part) {
      const SentWords more = sender.send(4500);
      stream.insert(stream.end(), more.begin(), more.end());
      sender.jump();
    }
    const auto w = static_cast<std::ptrdiff_t>(format().words);
    const auto at = static_cast<std::ptrdiff_t>(random_.below(4000)) * w;
    if (random_.oneIn(2)) {
      stream.erase(stream.begin() + at, stream.begin() + at + w);
    } else {
      const SentWords copy(stream.begin() + at, stream.begin() + at + w);
      stream.insert(stream.begin() + at, copy.begin(), copy.end());
    }
    const Judgement got = judged(stream);
    EXPECT_EQ(got.garbage, 0);
    EXPECT_EQ(got.mistimed, 0);
    EXPECT_GT(got.right, 500);
    // The last orbit's BX 0 has put things right.
    EXPECT_LT(got.lastWrong, static_cast<std::int64_t>(got.received.size()) - 100);
  }
}

TEST_P(Receiver, GivesNothingOutOfNoise) {
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  for (const std::int32_t start : {-1, 0}) {
    options_.startBx = start;
    SentWords stream(std::size_t{20000} * format().words);
    for (auto& word : stream) word.value = static_cast<std::uint16_t>(random_.next());
    const Judgement got = judged(stream);
    EXPECT_EQ(got.right + got.garbage + got.mistimed, 0);
  }
}

TEST_P(Receiver, SaysTruncatedOfADeadOrFullLinkAndDecodesNothing) {
  options_.startBx = 0;
  SentWords stream(std::size_t{1000} * format().words);
  const Judgement got = judged(stream);
  EXPECT_EQ(seen(got, CrossingStatus::Good), 0);
  EXPECT_EQ(got.garbage + got.mistimed, 0);
  EXPECT_GE(std::int64_t(got.received.size()), 990);
}

INSTANTIATE_TEST_SUITE_P(Formats, Receiver,
                         testing::Values(Algorithm::ThresholdSum, Algorithm::SuperTriggerCell,
                                         Algorithm::BestChoice, Algorithm::Repeater,
                                         Algorithm::Autoencoder),
                         [](const auto& of) { return std::string(text(of.param)); });

}  // namespace
}  // namespace aegen::sim
