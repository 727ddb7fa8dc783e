#pragma once
/// A module's words, each with what it is, and errors in them.

#include <cstdint>
#include <vector>

#include "aegen/flows/board_run.hpp"

namespace aegen::flows {

/// A word on the link and where it comes from.
struct LinkWord {
  std::uint16_t value = 0;
  std::uint16_t position = 0;  ///< in its string
  std::int32_t bx = -1;        ///< of its string; -1: a fill word
  std::uint64_t crossing = 0;  ///< of its string, counted from the sender's start
  bool flipped = false;
};

struct InjectedError {
  LinkError kind = LinkError::Flip;
  std::size_t at = 0;  ///< word of the stream
};

struct ModuleStream {
  std::vector<LinkWord> words;
  std::vector<InjectedError> errors;
};

/// The strings of a set, one a crossing, cut out of its clean words: a whole number of crossings.
[[nodiscard]] std::vector<std::vector<std::uint16_t>> stringsOf(
    const std::vector<std::uint16_t>& words, const aegen_bench::LinkFormat& format);

/// The set's clean words as they stand, one orbit after the other. Where strings have lengths of
/// their own a receiver has cut them.
[[nodiscard]] ModuleStream cleanStream(const std::vector<std::uint16_t>& words,
                                       const aegen_bench::LinkFormat& format);

/// Strings, in an orbit of their number, as a chip sends them, as long as `count` errors of each
/// kind need.
[[nodiscard]] ModuleStream streamOf(const std::vector<std::vector<std::uint16_t>>& strings,
                                    const aegen_bench::LinkFormat& format,
                                    const std::vector<LinkError>& errors, unsigned count,
                                    std::uint64_t seed);

}  // namespace aegen::flows
