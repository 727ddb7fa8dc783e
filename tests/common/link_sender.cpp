#include "link_sender.hpp"

#include <algorithm>
#include <numeric>

namespace aegen::test_common {

using aegen_bench::CrossingStatus;
using aegen_bench::LinkFormat;
using aegen_bench::StringRule;
using encoders::econ_t::Algorithm;

namespace {

constexpr std::int64_t kDepth = 400;

}  // namespace

LinkSender::LinkSender(const LinkSettings& settings, const SenderOptions& options,
                       std::uint64_t seed)
    : settings_(settings),
      options_(options),
      random_(seed),
      words_(2 * std::min(settings.board.activeEtx, settings.shape.etx)),
      slots_(kDepth) {}

void LinkSender::put(std::size_t at, const SentWord& word) {
  if (at < slots_.size()) slots_[at] = word;
}

void LinkSender::jump() {
  const auto format = linkFormatOf(settings_, options_);
  const std::uint32_t due = format.headerAt(static_cast<std::uint32_t>(bx_));
  while (format.headerAt(static_cast<std::uint32_t>(bx_)) == due) {
    bx_ = random_.between(0, static_cast<int>(options_.orbit) - 1);
  }
}

SentWords LinkSender::send(int count) {
  SentWords out;
  for (int k = 0; k < count; ++k) {
    const bool variable = settings_.algorithm == Algorithm::ThresholdSum;
    std::vector<std::uint16_t> words = randomString(random_, settings_, bx_);
    const auto w = static_cast<std::int64_t>(words.size());
    const std::int64_t n = waiting_;
    const bool full = n + w > options_.t1;
    const bool late = !full && n > options_.t2 && w <= options_.t3;
    const std::size_t most = full || late ? 2 : 26;
    if (full || late) words = {truncatedWord(settings_, bx_, late)};
    const int fill = variable ? headerOf(bx_) << 11 | options_.syncWord : 0;
    const int length = variable ? static_cast<int>(words.size()) : words_;
    for (std::size_t i = 0; i < most; ++i) {
      SentWord word{static_cast<std::uint16_t>(fill), -1, static_cast<int>(i), length, bx_, false};
      if (i < words.size()) word.value = words[i];
      if (static_cast<int>(i) < length) word.crossing = crossing_;
      put(static_cast<std::size_t>(n) + i, word);
    }
    waiting_ = std::max<std::int64_t>(0, n + static_cast<std::int64_t>(words.size()) - words_);
    out.insert(out.end(), slots_.begin(), slots_.begin() + words_);
    slots_.erase(slots_.begin(), slots_.begin() + words_);
    slots_.resize(kDepth);
    bx_ = bx_ + 1 == static_cast<int>(options_.orbit) ? 0 : bx_ + 1;
    ++crossing_;
  }
  return out;
}

LinkFormat linkFormatOf(const LinkSettings& settings, const SenderOptions& options) {
  LinkFormat format;
  format.words =
      static_cast<std::uint32_t>(2 * std::min(settings.board.activeEtx, settings.shape.etx));
  const bool isShort = settings.algorithm == Algorithm::BestChoice ||
                       settings.algorithm == Algorithm::SuperTriggerCell;
  format.headerBits = isShort ? 4 : 5;
  format.orbit = options.orbit;
  format.variable = settings.algorithm == Algorithm::ThresholdSum ? 1 : 0;
  format.syncWord = options.syncWord;
  format.sumBits = static_cast<std::uint32_t>(settings.shape.sum.width());
  format.countBits = static_cast<std::uint32_t>(settings.shape.countBits);
  format.addressBits = static_cast<std::uint32_t>(settings.shape.addressBits());
  format.chargeBits = static_cast<std::uint32_t>(settings.shape.charge.width());
  format.channels = static_cast<std::uint32_t>(settings.shape.channels);
  format.rules[0] = StringRule::Bare;
  format.rules[2] = StringRule::List;
  format.rules[4] = StringRule::Map;
  format.rules[6] = StringRule::TruncatedFull;
  format.rules[7] = StringRule::TruncatedLate;
  return format;
}

Judgement judge(const SentWords& stream, const LinkFormat& format,
                const aegen_bench::ReceiverOptions& options) {
  Judgement out;
  aegen_bench::LinkReceiver receiver(format, options);
  const auto sink = [&](const aegen_bench::Received& got, const std::uint16_t* words) {
    out.received.push_back(got);
    ++out.seen[static_cast<std::size_t>(got.status)];
    const bool given = got.status == CrossingStatus::Good ||
                       got.status == CrossingStatus::TruncatedFull ||
                       got.status == CrossingStatus::TruncatedLate;
    if (!given) {
      out.lastWrong = static_cast<std::int64_t>(out.received.size()) - 1;
      return;
    }
    if (got.words == 0) {  // nothing was decoded
      ++out.right;
      return;
    }
    const SentWord& first = stream[got.start];
    bool same = first.length == static_cast<int>(got.words);
    for (std::uint32_t i = 0; i < got.words; ++i) {
      const SentWord& word = stream[got.start + i];
      same = same && word.crossing == first.crossing && word.position == static_cast<int>(i) &&
             words[i] == word.value && !word.flipped;
    }
    const std::size_t end = got.start + got.words;
    const bool next = end >= stream.size() || stream[end].crossing < 0 ||
                      (stream[end].position == 0 && stream[end].crossing > first.crossing);
    const bool whole = first.crossing >= 0 && first.position == 0 && next;
    const bool timed = got.bx == first.bx;
    out.right += whole && timed;
    out.damaged += whole && timed && !same;
    out.mistimed += whole && !timed;
    out.garbage += !whole;
    if (!whole || !timed) out.lastWrong = static_cast<std::int64_t>(out.received.size()) - 1;
  };
  std::vector<std::uint16_t> words(format.words);
  for (std::size_t at = 0; at + format.words <= stream.size(); at += format.words) {
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = stream[at + i].value;
    receiver.crossing(words.data(), sink);
  }
  const std::int64_t lastWrong = out.lastWrong;
  receiver.finish(sink);
  out.lastWrong = lastWrong;  // the end of the stream is no error
  return out;
}

}  // namespace aegen::test_common
