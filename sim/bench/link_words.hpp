#pragma once
/// The words of a module's links that somebody may still ask for, by their position in the stream,
/// and the strings in them.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "link_format.hpp"

namespace aegen_bench {

/// What can be said of a string by its own words.
struct StringShape {
  enum class Kind { Complete, NeedMore, Bad } kind = Kind::Complete;
  std::uint32_t words = 0;
  StringRule rule = StringRule::Bare;
};

class LinkWords {
 public:
  explicit LinkWords(const LinkFormat& format) : format_(format) {}

  const LinkFormat& format() const { return format_; }
  /// Positions: words counted from the stream's first. Those kept are begin() to end().
  std::uint64_t begin() const { return base_; }
  std::uint64_t end() const { return base_ + buffer_.size(); }
  bool has(std::uint64_t at) const { return at < end(); }
  std::uint16_t word(std::uint64_t at) const { return buffer_[at - base_]; }
  const std::uint16_t* from(std::uint64_t at) const { return buffer_.data() + (at - base_); }
  std::uint32_t header(std::uint64_t at) const { return format_.headerOf(word(at)); }

  /// Takes a crossing's words.
  void push(const std::uint16_t* words) {
    buffer_.insert(buffer_.end(), words, words + format_.words);
  }
  /// Words before `keep` may go.
  void forget(std::uint64_t keep) {
    if (keep - base_ < 16 * std::uint64_t{format_.words}) return;  // not for a few words
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(keep - base_));
    base_ = keep;
  }

  /// The string that begins at `at`, as far as its words are there.
  StringShape shapeAt(std::uint64_t at) const {
    StringShape shape;
    if (format_.variable == 0) {
      shape.words = format_.words;
      if (end() < at + shape.words) shape.kind = StringShape::Kind::NeedMore;
      return shape;
    }
    if (!has(at)) return {StringShape::Kind::NeedMore, 0, StringRule::Bare};
    const std::uint32_t head = format_.headerBits + LinkFormat::kTypeBits + format_.sumBits;
    shape.rule = format_.rules[bitsAt(at, format_.headerBits, LinkFormat::kTypeBits)];
    const auto wordsOf = [](std::uint32_t bits) { return (bits + 15) / 16; };
    std::uint32_t bits = head;
    if (shape.rule == StringRule::Invalid) shape.kind = StringShape::Kind::Bad;
    if (shape.rule == StringRule::List || shape.rule == StringRule::Map) {
      const bool list = shape.rule == StringRule::List;
      const std::uint32_t field = list ? format_.countBits : format_.channels;
      if (end() < at + wordsOf(head + field)) return {StringShape::Kind::NeedMore, 0, shape.rule};
      const std::uint32_t mostListed = (1U << format_.countBits) - 1;
      std::uint32_t count = 0;
      if (list) {
        count = bitsAt(at, head, field);
        if (count == 0) shape.kind = StringShape::Kind::Bad;
        bits += field + count * (format_.addressBits + format_.chargeBits);
      } else {
        for (std::uint32_t i = 0; i < field; ++i) count += bitsAt(at, head + i, 1);
        if (count <= mostListed) shape.kind = StringShape::Kind::Bad;
        bits += field + count * format_.chargeBits;
      }
    }
    shape.words = wordsOf(bits);
    if (shape.words > format_.period() && hidesStrings(at)) shape.kind = StringShape::Kind::Bad;
    if (shape.kind == StringShape::Kind::Complete && end() < at + shape.words) {
      shape.kind = StringShape::Kind::NeedMore;
    }
    return shape;
  }

 private:
  std::uint32_t bitsAt(std::uint64_t start, std::uint32_t bit, std::uint32_t width) const {
    std::uint32_t out = 0;
    for (std::uint32_t i = bit; i < bit + width; ++i) {
      out = out << 1 | (std::uint32_t{word(start + i / 16)} >> (15 - i % 16) & 1U);
    }
    return out;
  }

  // Whether the words behind the first are strings themselves: a truncated crossing whose type was
  // damaged. It could swallow as many crossings as there are headers and nobody would notice.
  bool hidesStrings(std::uint64_t at) const {
    constexpr std::uint64_t kEnough = 3;
    for (std::uint64_t i = 1; i <= kEnough && has(at + i); ++i) {
      const StringRule rule =
          format_.rules[bitsAt(at + i, format_.headerBits, LinkFormat::kTypeBits)];
      const bool bare = rule == StringRule::Bare || rule == StringRule::TruncatedFull ||
                        rule == StringRule::TruncatedLate;
      if (!bare ||
          !format_.follows(format_.headerOf(word(at + i - 1)), format_.headerOf(word(at + i)))) {
        return false;
      }
    }
    return has(at + kEnough);
  }

  LinkFormat format_;
  std::vector<std::uint16_t> buffer_;
  std::uint64_t base_ = 0;  ///< position of the buffer's first word
};

}  // namespace aegen_bench
