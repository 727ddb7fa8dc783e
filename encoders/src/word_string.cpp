#include "word_string.hpp"

#include <algorithm>

namespace aegen::encoders {

using core::FunctionBuilder;
using core::ValueId;

namespace {

ValueId zeroBits(FunctionBuilder& b, int width) {
  return b.reinterpret(b.constant(0), {false, width, 0});
}

}  // namespace

WordString& WordString::put(const FunctionBuilder& b, ValueId part) {
  const int width = b.format(part).width;
  parts_.push_back({part, bits_, width});
  bits_ += width;
  return *this;
}

WordString& WordString::put(const FunctionBuilder& b, std::span<const ValueId> parts) {
  for (const ValueId part : parts) put(b, part);
  return *this;
}

std::vector<ValueId> WordString::words(FunctionBuilder& b, int count) const {
  std::vector<ValueId> out;
  auto part = parts_.begin();
  for (int word = 0; word < count; ++word) {
    const int first = word * kWord;
    const int end = first + kWord;
    std::vector<ValueId> pieces;
    int filled = first;
    while (part != parts_.end() && part->first < end) {
      const int from = std::max(part->first, first);
      const int to = std::min(part->first + part->width, end);
      const int low = part->first + part->width - to;
      pieces.push_back(to - from == part->width ? part->value
                                                : b.slice(part->value, low, to - from));
      filled = to;
      if (part->first + part->width > end) break;  // the rest is the next word's
      ++part;
    }
    if (filled < end) pieces.push_back(zeroBits(b, end - filled));
    out.push_back(pieces.size() == 1 ? pieces[0] : b.concat(pieces));
  }
  return out;
}

std::vector<ValueId> chooseWords(FunctionBuilder& b, ValueId index,
                                 std::span<const WordString> strings, int count) {
  std::vector<std::vector<ValueId>> each;
  for (const WordString& string : strings) each.push_back(string.words(b, count));
  std::vector<ValueId> out;
  for (int word = 0; word < count; ++word) {
    // Strings that end before this word need no leg of the multiplexer at the high end.
    std::vector<ValueId> choices;
    std::size_t used = 0;
    for (std::size_t i = 0; i < strings.size(); ++i) {
      choices.push_back(each[i][static_cast<std::size_t>(word)]);
      if (strings[i].bits() > word * WordString::kWord) used = i + 1;
    }
    choices.resize(std::max<std::size_t>(used, 1));
    const ValueId chosen = used == 0 ? zeroBits(b, WordString::kWord) : b.pick(index, choices);
    out.push_back(b.format(chosen).width == WordString::kWord
                      ? chosen
                      : b.reinterpret(chosen, {false, WordString::kWord, 0}));
  }
  return out;
}

}  // namespace aegen::encoders
