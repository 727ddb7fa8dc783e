#pragma once
/// How a receiver that is out of step finds strings: a chain of them, each as long as it says, with
/// headers that follow one another.

#include <cstdint>

#include "link_format.hpp"
#include "link_words.hpp"

namespace aegen_bench {

struct Chain {
  enum class Kind { Broken, NeedMore, Found } kind = Kind::Broken;
  std::uint64_t last = 0;  ///< start of the last string
  std::uint32_t firstHeader = 0;
  std::uint32_t lastHeader = 0;
  std::uint32_t strings = 0;
  std::int64_t sinceTop = -1;    ///< strings since the one with the header of BX 0, if trusted
  bool emptied = false;          ///< the buffer was seen empty
  std::uint64_t boundary = 0;    ///< where a crossing began then,
  std::uint32_t sinceEmpty = 0;  ///< and the strings since
};

class ChainSearch {
 public:
  /// `lock`: strings of a chain that is believed. `origin`: a place where a crossing begins, as far
  /// as is known. `min`: the chain's last string begins here or later.
  ChainSearch(const LinkWords& words, std::uint32_t lock, std::uint64_t origin, std::uint64_t min)
      : words_(words), format_(words.format()), lock_(lock), origin_(origin), min_(min) {}

  /// The chain that begins at `at`, whose word must be there.
  Chain from(std::uint64_t at) const {
    Chain chain;
    chain.firstHeader = chain.lastHeader = words_.header(at);
    if (!format_.plausible(chain.firstHeader)) return chain;
    chain.emptied = format_.variable == 0;
    chain.boundary = at;
    std::uint64_t origin = origin_;
    for (;;) {
      chain.last = at;
      chain.strings += 1;
      if (chain.sinceTop >= 0) {
        chain.sinceTop += 1;
      } else if (chain.lastHeader == format_.top() && chain.strings > kBeforeTop) {
        chain.sinceTop = 0;
      }
      if (chain.strings >= lock_ && at >= min_) {
        chain.kind = Chain::Kind::Found;
        return chain;
      }
      const StringShape shape = words_.shapeAt(at);
      if (shape.kind == StringShape::Kind::Bad) return chain;
      if (shape.kind == StringShape::Kind::NeedMore || !words_.has(at + shape.words)) {
        chain.kind = Chain::Kind::NeedMore;
        return chain;
      }
      at += shape.words;
      chain.sinceEmpty += 1;
      const auto fill = static_cast<std::uint16_t>(chain.lastHeader << 11 | format_.syncWord);
      if (format_.variable != 0 && words_.word(at) == fill) {
        const Chain::Kind found = crossingAfterFill(at, chain, origin);
        if (found != Chain::Kind::Found) {
          chain.kind = found;
          return chain;
        }
        at = chain.boundary;
      }
      const std::uint32_t header = words_.header(at);
      if (!format_.follows(chain.lastHeader, header)) return chain;
      chain.lastHeader = header;
    }
  }

 private:
  static constexpr std::uint32_t kBeforeTop = 2;  ///< strings of a chain before one of BX 0

  // The next string begins with the next crossing. Words may have been lost: when it does not begin
  // where crossings began before, the first place where it can is taken.
  Chain::Kind crossingAfterFill(std::uint64_t fill, Chain& chain, std::uint64_t& origin) const {
    const std::uint64_t usual = format_.boundaryAfter(fill, origin);
    for (std::uint64_t shift = 0; shift <= format_.words; ++shift) {
      const std::uint64_t at = shift == 0 ? usual : fill + shift;
      if (!words_.has(at)) return Chain::Kind::NeedMore;
      if (!format_.follows(chain.lastHeader, words_.header(at))) continue;
      if (words_.shapeAt(at).kind == StringShape::Kind::Bad) continue;
      origin = at;
      chain.emptied = true;
      chain.boundary = at;
      chain.sinceEmpty = 0;
      return Chain::Kind::Found;
    }
    return Chain::Kind::Broken;
  }

  const LinkWords& words_;
  const LinkFormat& format_;
  std::uint32_t lock_;
  std::uint64_t origin_;
  std::uint64_t min_;
};

}  // namespace aegen_bench
