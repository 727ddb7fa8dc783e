#pragma once
/// A module that sends: strings through the chip's buffer (section 6 of the ECON-T page, read
/// plainly), every word labelled with the crossing it belongs to; ways to damage the stream; and
/// the judge of what a receiver made of it.

#include <cstdint>
#include <vector>

#include "link_oracle.hpp"
#include "link_receiver.hpp"

namespace aegen::test_common {

struct SentWord {
  std::uint16_t value = 0;
  std::int64_t crossing = -1;  ///< of the sender, counted from its start; -1: a fill word
  int position = 0;            ///< in its string
  int length = 0;              ///< of its string
  int bx = 0;
  bool flipped = false;
};
using SentWords = std::vector<SentWord>;

struct SenderOptions {
  int t1 = 338, t2 = 314, t3 = 25;
  std::uint16_t syncWord = 290;
  std::uint32_t orbit = 3564;
};

class LinkSender {
 public:
  LinkSender(const LinkSettings& settings, const SenderOptions& options, std::uint64_t seed);

  /// Words of `count` further crossings, of random charges.
  SentWords send(int count);
  /// The sender goes on somewhere else in the orbit, anywhere where the header is not the one that
  /// has to come.
  void jump();
  [[nodiscard]] int wordsPerCrossing() const { return words_; }

 private:
  void put(std::size_t at, const SentWord& word);

  LinkSettings settings_;
  SenderOptions options_;
  SplitMix64 random_;
  int words_;
  int bx_ = 0;
  std::int64_t crossing_ = 0;
  std::int64_t waiting_ = 0;
  std::vector<SentWord> slots_;
};

/// The receiver's settings for a module.
[[nodiscard]] aegen_bench::LinkFormat linkFormatOf(const LinkSettings& settings,
                                                   const SenderOptions& options);

/// What a receiver said of a stream, against what was sent.
struct Judgement {
  std::array<std::int64_t, aegen_bench::kCrossingStatuses> seen{};
  std::int64_t right = 0;     ///< given out as good or truncated: from a string's first word to the
                              ///< next string's, under its own BX
  std::int64_t damaged = 0;   ///< of these, with a word inside flipped, lost or repeated: a format
                              ///< without a check sum cannot show it
  std::int64_t mistimed = 0;  ///< the same under another BX
  std::int64_t garbage = 0;   ///< words that are no string
  std::int64_t lastWrong = -1;  ///< place in `received` of the last crossing not given out right
  std::vector<aegen_bench::Received> received;
};
[[nodiscard]] Judgement judge(const SentWords& stream, const aegen_bench::LinkFormat& format,
                              const aegen_bench::ReceiverOptions& options);

}  // namespace aegen::test_common
