#pragma once
/// How the strings of a module's links look. C++17 and self-contained, as all of the board.
///
/// A link carries `LinkFormat::words` 16-bit words a crossing. Every string opens with a header: 31
/// at BX 0, else BX mod 16 (the short form: 15 at BX 0, else BX mod 8). Nothing else tells strings
/// from other words.

#include <cstdint>

namespace aegen_bench {

/// What a string's type field says of its length.
enum class StringRule : std::uint32_t {
  Invalid = 0,
  Bare = 1,           ///< header, type and sum alone
  List = 2,           ///< count, addresses, charges
  Map = 3,            ///< a bit a channel, charges of those that are 1
  TruncatedFull = 4,  ///< bare, of a crossing the chip's buffer had no room for
  TruncatedLate = 5,
};

/// How a module's strings look. Plain 32-bit numbers: it is sent to the bench as it stands.
struct LinkFormat {
  std::uint32_t words = 26;      ///< 16-bit words a crossing: two a link in use
  std::uint32_t headerBits = 5;  ///< 5, or 4 for the short form
  std::uint32_t orbit = 3564;    ///< crossings
  /// 0: a crossing's words are its string. 1: strings of their own lengths, in whole words, through
  /// the chip's buffer: a string may begin anywhere and take several crossings.
  std::uint32_t variable = 0;
  // Of variable strings: header, type (3 bits), sum, then by type count, addresses or map, charges.
  std::uint32_t syncWord =
      0;  ///< the low 11 bits of a fill word, whose header is the last string's
  std::uint32_t sumBits = 8;
  std::uint32_t countBits = 3;
  std::uint32_t addressBits = 6;
  std::uint32_t chargeBits = 7;
  std::uint32_t channels = 48;
  StringRule rules[8] = {};  ///< by type

  std::uint32_t period() const { return headerBits == 5 ? 16 : 8; }
  std::uint32_t top() const { return (1U << headerBits) - 1; }  ///< the header of BX 0
  std::uint32_t headerAt(std::uint32_t bx) const { return bx == 0 ? top() : bx % period(); }
  std::uint32_t headerOf(std::uint16_t word) const {
    return std::uint32_t{word} >> (16 - headerBits);
  }
  bool plausible(std::uint32_t header) const { return header < period() || header == top(); }
  /// Whether `next` can follow `header` when the place in the orbit is not known.
  bool follows(std::uint32_t header, std::uint32_t next) const {
    if (header == top()) return next == 1 % period();
    return next == (header + 1) % period() || (next == top() && header == (orbit - 1) % period());
  }
  /// The first place behind `at` where a crossing begins, when one begins at `origin`.
  std::uint64_t boundaryAfter(std::uint64_t at, std::uint64_t origin) const {
    return at + words - (at + words - origin % words) % words;
  }
  /// Words of the longest string.
  std::uint64_t mostWords() const {
    const std::uint32_t map = channels * (1 + chargeBits);
    return (headerBits + kTypeBits + sumBits + map + 15) / 16;
  }

  static constexpr std::uint32_t kTypeBits = 3;
};

}  // namespace aegen_bench
