#pragma once
/// What stands between a module's links and its decoder on the board: finds where strings begin,
/// knows which crossing each belongs to, and says of every crossing whether it can be trusted.
/// C++17 and self-contained: the SystemC board and the reference run share it.
///
/// Nothing but their headers tells strings from other words, so the receiver gives a crossing out
/// as good only when the headers of `ReceiverOptions::confirm` strings behind it are the ones that
/// must follow.

#include <algorithm>
#include <cstdint>
#include <deque>

#include "chain_search.hpp"
#include "link_format.hpp"
#include "link_words.hpp"

namespace aegen_bench {

struct ReceiverOptions {
  std::uint32_t confirm = 3;   ///< headers that must follow before a crossing is good, at least 1
  std::uint32_t lock = 4;      ///< consecutive headers that make a string boundary, at least 2
  std::uint32_t patience = 2;  ///< consecutive wrong headers after which boundaries are sought anew
  std::int32_t startBx = -1;   ///< the BX of the first crossing when that is known, else -1
};

enum class CrossingStatus : std::uint32_t {
  Good = 0,            ///< in step: its string goes to the decoder
  TruncatedFull = 1,   ///< the chip says its buffer was full; of variable strings the sum is there
  TruncatedLate = 2,   ///< the chip says its buffer was late
  BadType = 3,         ///< the right header, then a type or count no string has
  HeaderMismatch = 4,  ///< not the header that had to come
  Unconfirmed = 5,     ///< the right header, but not those that had to follow
  Unphased = 6,        ///< boundaries are known, the place in the orbit is not
  Lost = 7,            ///< no boundary was known
};
constexpr std::uint32_t kCrossingStatuses = 8;

enum class LinkState : std::uint32_t { Hunting, Unphased, Suspect, Locked };

/// One crossing of a module.
struct Received {
  std::uint64_t index = 0;  ///< crossings of the module counted from the receiver's start
  std::int32_t bx = -1;     ///< -1: not known
  CrossingStatus status = CrossingStatus::Lost;
  std::uint64_t start = 0;  ///< first word, counted from the receiver's start
  std::uint32_t words = 0;  ///< of the string; 0 when there is none
};

class LinkReceiver {
 public:
  LinkReceiver(const LinkFormat& format, const ReceiverOptions& options)
      : format_(format), options_(options), words_(format) {
    options_.confirm = std::max(1U, options_.confirm);
    options_.lock = std::max(2U, options_.lock);
    if (options_.startBx >= 0) {
      clockValid_ = true;
      bxOfClock_ = static_cast<std::uint32_t>(options_.startBx) % format_.orbit;
      nextBx_ = bxOfClock_;
      aligned_ = phased_ = atEmpty_ = true;
    }
  }

  LinkState state() const {
    if (!aligned_) return LinkState::Hunting;
    if (misses_ > 0) return LinkState::Suspect;
    return phased_ ? LinkState::Locked : LinkState::Unphased;
  }

  /// Takes a crossing's words; calls sink(const Received&, const std::uint16_t* string) for every
  /// crossing that is decided by them, in order.
  template <typename Sink>
  void crossing(const std::uint16_t* words, Sink&& sink) {
    words_.push(words);
    for (bool again = true; again;) {
      if (!aligned_ && !hunt(sink)) break;
      again = follow(sink);
    }
    trim();
  }

  /// The stream ends: what still waits for its confirmation is given out as unconfirmed, and what
  /// no boundary was known for as lost. Strings still in the chip's buffer are not counted.
  template <typename Sink>
  void finish(Sink&& sink) {
    dropPending(sink);
    if (format_.variable == 0 || !aligned_) skipTo(indexAt(words_.end()), sink);
  }

 private:
  struct Pending {
    Received received;
    std::uint32_t confirmed = 0;
  };
  bool isBoundary(std::uint64_t at) const {
    return (at + format_.words - origin_ % format_.words) % format_.words == 0;
  }

  // ---- in step
  bool expected(std::uint32_t header) const {
    if (fresh_) return true;  // the end of a chain
    return phased_ ? header == format_.headerAt(nextBx_) : format_.follows(lastHeader_, header);
  }

  // The chip wrote zeros (bit 8 apart) in place of a string. Where the header has to be 0 too, a
  // module without energy looks the same: then the crossing before decides.
  bool isTruncated(std::uint64_t at) const {
    if (format_.variable != 0 || (words_.word(at) & ~0x100U) != 0) return false;
    for (std::uint32_t i = 1; i < format_.words; ++i) {
      if (words_.word(at + i) != 0) return false;
    }
    return truncatedBefore_ || !expected(0);
  }

  // Follows strings from at_ on; false when words are missing.
  template <typename Sink>
  bool follow(Sink& sink) {
    while (words_.has(at_)) {
      if (format_.variable != 0 && !isBoundary(at_) && seen_ &&
          words_.word(at_) == static_cast<std::uint16_t>(lastHeader_ << 11 | format_.syncWord)) {
        // Nothing is waiting in the chip: the next string begins with the next crossing. As fill
        // words are alike, they say nothing of where the last string ended.
        at_ = format_.boundaryAfter(at_, origin_);
        atEmpty_ = true;
        continue;
      }
      if (atEmpty_) checkClock(sink);
      const StringShape shape = words_.shapeAt(at_);
      const std::uint32_t header = words_.header(at_);
      if (shape.kind == StringShape::Kind::NeedMore) return false;
      if (format_.variable == 0 && isTruncated(at_)) {
        takeTruncated(sink);
        continue;
      }
      truncatedBefore_ = false;
      const bool right = expected(header);
      if (right && shape.kind == StringShape::Kind::Complete) {
        take(shape, header, sink);
      } else if (!miss(shape, header, right, sink)) {
        return true;  // to hunt
      }
    }
    return false;
  }

  // The buffer was empty: the string that begins here was written in this very crossing.
  template <typename Sink>
  void checkClock(Sink& sink) {
    atEmpty_ = format_.variable == 0;
    const std::uint64_t index = indexAt(at_);
    const std::uint32_t bx = clockBx(index);
    skipTo(index, sink);
    if (phased_ && !clockValid_) {
      setClock(index, nextBx_);
    } else if (phased_ && bx != nextBx_) {
      dropPending(sink);
      lastHeader_ = format_.headerAt((nextBx_ + format_.orbit - 1) % format_.orbit);
      phased_ = clockValid_ = false;
    } else if (!phased_ && clockValid_) {
      // Disproved once, the clock says nothing any more: it would agree again by chance.
      phased_ = clockValid_ = words_.header(at_) == format_.headerAt(bx);
      nextBx_ = bx;
    }
  }

  template <typename Sink>
  void take(const StringShape& shape, std::uint32_t header, Sink& sink) {
    misses_ = 0;
    fresh_ = false;
    if (header == format_.top() && !phased_) {
      phased_ = true;
      nextBx_ = 0;
      clockValid_ = false;
      if (format_.variable == 0) setClock(indexAt(at_), 0);
    }
    for (Pending& pending : pending_) ++pending.confirmed;
    release(sink);
    Received received{index_++, phased_ ? static_cast<std::int32_t>(nextBx_) : -1,
                      CrossingStatus::Unphased, at_, shape.words};
    if (phased_) {
      received.status = shape.rule == StringRule::TruncatedFull   ? CrossingStatus::TruncatedFull
                        : shape.rule == StringRule::TruncatedLate ? CrossingStatus::TruncatedLate
                                                                  : CrossingStatus::Good;
      pending_.push_back({received, 0});
    } else {
      give(received, sink);
    }
    remember(at_, header, received.index);
    advance(shape.words);
  }

  template <typename Sink>
  void takeTruncated(Sink& sink) {
    dropPending(sink);  // zeros confirm nothing
    const auto status = (words_.word(at_) & 0x100U) != 0 ? CrossingStatus::TruncatedLate
                                                         : CrossingStatus::TruncatedFull;
    give({index_++, phased_ ? static_cast<std::int32_t>(nextBx_) : -1, status, at_, 0}, sink);
    lastHeader_ = (lastHeader_ == format_.top() ? 1 : lastHeader_ + 1) % format_.period();
    truncatedBefore_ = true;
    advance(format_.words);
  }

  // A string that is not what had to come. True when following goes on.
  template <typename Sink>
  bool miss(const StringShape& shape, std::uint32_t header, bool right, Sink& sink) {
    if (misses_++ == 0) {
      huntFrom_ = seen_ ? lastStart_ : at_;  // its length may be what is wrong
      huntMin_ = at_;
    }
    fresh_ = false;
    dropPending(sink);
    give({index_++, phased_ ? static_cast<std::int32_t>(nextBx_) : -1,
          right ? CrossingStatus::BadType : CrossingStatus::HeaderMismatch, at_, 0},
         sink);
    // The header of BX 0 is the only word on the phase: missing or unasked for, it ends all trust.
    const bool top = !right && phased_ && (header == format_.top() || nextBx_ == 0);
    const bool bad = shape.kind == StringShape::Kind::Bad;
    if (right) remember(at_, header, index_ - 1);
    if (bad || top || misses_ >= options_.patience) {
      aligned_ = phased_ = false;
      return false;
    }
    lastHeader_ = phased_ ? format_.headerAt(nextBx_) : (lastHeader_ + 1) % format_.period();
    advance(shape.words);
    return true;
  }

  void remember(std::uint64_t start, std::uint32_t header, std::uint64_t index) {
    seen_ = true;
    lastStart_ = start;
    lastIndex_ = index;
    lastHeader_ = header;
    continuous_ = phased_;
    lastBx_ = nextBx_;
  }

  void advance(std::uint32_t words) {
    at_ += words;
    if (phased_) nextBx_ = nextBx_ + 1 == format_.orbit ? 0 : nextBx_ + 1;
  }

  // ---- out of step
  // Seeks a chain of strings with consecutive headers; true when there is one, and at_ is its last.
  template <typename Sink>
  bool hunt(Sink& sink) {
    const ChainSearch search(words_, options_.lock, origin_, huntMin_);
    bool undecided = false;
    for (std::uint64_t at = huntFrom_; words_.has(at); ++at) {
      const Chain chain = search.from(at);
      if (chain.kind == Chain::Kind::Found) {
        lockOn(chain, at, sink);
        return true;
      }
      undecided = undecided || chain.kind == Chain::Kind::NeedMore;
      if (!undecided) huntFrom_ = at + 1;
    }
    return false;
  }

  template <typename Sink>
  void lockOn(const Chain& chain, std::uint64_t first, Sink& sink) {
    const bool fixed = format_.variable == 0;
    const std::uint32_t later = chain.strings - 1;
    at_ = chain.last;
    aligned_ = fresh_ = true;
    phased_ = truncatedBefore_ = false;
    atEmpty_ = fixed;
    misses_ = 0;
    std::uint64_t index = index_;
    if (chain.emptied) {
      slipTo(chain.boundary);
      index = fixed ? indexAt(at_) : indexAt(chain.boundary) + chain.sinceEmpty;
      nextBx_ = clockBx(index);
      phased_ = clockValid_ = clockValid_ && format_.headerAt(nextBx_) == chain.lastHeader;
    }
    // The string right behind the last good one: none was lost, whatever the buffer holds.
    if (!phased_ && !fixed && seen_ && continuous_ && first > lastStart_ &&
        first <= lastStart_ + format_.mostWords()) {
      const std::uint32_t next = (lastBx_ + 1) % format_.orbit;
      phased_ = chain.firstHeader == format_.headerAt(next);
      nextBx_ = (next + later) % format_.orbit;
      if (phased_ && !chain.emptied) index = lastIndex_ + 1 + later;
    }
    // One word that looks like the header of BX 0 is no proof: strings before must lead to it.
    const bool led = seen_ && chain.firstHeader == format_.top() && first > lastStart_ &&
                     first <= lastStart_ + (fixed ? format_.words : format_.mostWords()) &&
                     format_.follows(lastHeader_, chain.firstHeader);
    const std::int64_t sinceTop = led ? std::int64_t{later} : chain.sinceTop;
    if (sinceTop >= 0) {
      const auto bx = static_cast<std::uint32_t>(sinceTop);
      if (!phased_ || bx != nextBx_) clockValid_ = false;
      phased_ = true;
      nextBx_ = bx;
    }
    skipTo(index, sink);
    if (phased_ && !clockValid_ && chain.emptied) setClock(index, nextBx_);
    seen_ = false;
  }

  // ---- crossings
  // The crossing that begins at the boundary nearest to `at`.
  std::uint64_t indexAt(std::uint64_t at) const {
    const std::uint64_t w = format_.words;
    return at < origin_ ? 0 : (at - origin_ + w / 2) / w;
  }
  // Crossings begin at `at` now: words were lost or came twice, as few as explain it.
  void slipTo(std::uint64_t at) {
    const std::uint64_t w = format_.words;
    const std::uint64_t ahead = (at + w - origin_ % w) % w;
    if (ahead == 0) return;
    if (2 * ahead <= w) {
      origin_ += ahead;
    } else if (origin_ + ahead >= w) {
      origin_ = origin_ + ahead - w;
    } else {  // before the start of the stream: count from the crossing after
      origin_ += ahead;
      bxOfClock_ = bxOfClock_ + 1 == format_.orbit ? 0 : bxOfClock_ + 1;
    }
  }
  std::uint32_t clockBx(std::uint64_t index) const {
    return static_cast<std::uint32_t>((bxOfClock_ + index) % format_.orbit);
  }
  void setClock(std::uint64_t index, std::uint32_t bx) {
    clockValid_ = true;
    bxOfClock_ =
        static_cast<std::uint32_t>((bx + format_.orbit - index % format_.orbit) % format_.orbit);
  }
  // Crossings of which nothing came.
  template <typename Sink>
  void skipTo(std::uint64_t index, Sink& sink) {
    while (index_ < index) {
      dropPending(sink);
      give({index_++, -1, CrossingStatus::Lost, 0, 0}, sink);
    }
  }

  template <typename Sink>
  void release(Sink& sink) {
    while (!pending_.empty() && pending_.front().confirmed >= options_.confirm) {
      const Received received = pending_.front().received;
      pending_.pop_front();
      give(received, sink);
    }
  }
  template <typename Sink>
  void dropPending(Sink& sink) {
    while (!pending_.empty()) {
      Received received = pending_.front().received;
      received.status = CrossingStatus::Unconfirmed;
      pending_.pop_front();
      give(received, sink);
    }
  }
  template <typename Sink>
  void give(const Received& received, Sink& sink) {
    const bool here = received.words > 0 && received.start >= words_.begin();
    sink(received, here ? words_.from(received.start) : nullptr);
  }

  // Forgets words nobody will ask for again.
  void trim() {
    std::uint64_t keep = aligned_ ? at_ : huntFrom_;
    if (!pending_.empty()) keep = std::min(keep, pending_.front().received.start);
    if (aligned_ && seen_) keep = std::min(keep, lastStart_);
    if (aligned_ && misses_ > 0) keep = std::min(keep, huntFrom_);
    words_.forget(std::min(std::max(keep, words_.begin()), words_.end()));
  }

  LinkFormat format_;
  ReceiverOptions options_;
  LinkWords words_;
  std::uint64_t at_ = 0;  ///< where the next string begins, when aligned

  bool aligned_ = false;
  bool phased_ = false;  ///< nextBx_ is known
  std::uint32_t nextBx_ = 0;
  std::uint32_t lastHeader_ = 0;
  std::uint32_t misses_ = 0;  ///< consecutive
  bool truncatedBefore_ = false;
  bool atEmpty_ = false;  ///< a crossing begins at at_
  bool fresh_ = false;    ///< the string at at_ ends a chain: its header has been checked
  std::deque<Pending> pending_;

  bool seen_ = false;        ///< the string at lastStart_ had the right header
  bool continuous_ = false;  ///< and its BX, lastBx_, was known
  std::uint64_t lastStart_ = 0;
  std::uint32_t lastBx_ = 0;
  std::uint64_t lastIndex_ = 0;

  std::uint64_t huntFrom_ = 0;  ///< where no chain has been ruled out yet
  std::uint64_t huntMin_ = 0;   ///< strings before it have been given out

  std::uint64_t origin_ = 0;  ///< a place where a crossing begins: crossing 0's
  bool clockValid_ = false;
  std::uint32_t bxOfClock_ = 0;  ///< of crossing 0
  std::uint64_t index_ = 0;      ///< of the next crossing to be given out or to wait
};

}  // namespace aegen_bench
