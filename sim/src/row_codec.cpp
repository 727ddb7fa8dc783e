#include "row_codec.hpp"

namespace aegen::sim {

void packColumn(std::span<const std::int64_t> values, int width, std::size_t bit,
                const RowShape& shape, std::uint32_t* rows) {
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  const std::size_t shift = bit % 32;
  const std::size_t spanned = (shift + static_cast<std::size_t>(width) + 31) / 32;
  std::uint32_t* at = rows + bit / 32;
  for (std::size_t row = 0; row < shape.rows; ++row, at += shape.rowWords) {
    const std::uint64_t value = static_cast<std::uint64_t>(values[row]) & mask;
    at[0] |= static_cast<std::uint32_t>(value << shift);
    if (spanned > 1) at[1] |= static_cast<std::uint32_t>(value >> (32 - shift));
    if (spanned > 2) at[2] |= static_cast<std::uint32_t>(value >> (64 - shift));
  }
}

void unpackColumn(const std::uint32_t* rows, const RowShape& shape, const core::FixedFormat& format,
                  std::size_t bit, std::span<std::int64_t> out) {
  const std::size_t shift = bit % 32;
  const std::size_t spanned = (shift + static_cast<std::size_t>(format.width) + 31) / 32;
  const std::uint32_t* at = rows + bit / 32;
  const auto each = [&](auto read) {
    for (std::size_t row = 0; row < shape.rows; ++row, at += shape.rowWords) {
      out[row] = core::wrap(static_cast<std::int64_t>(read()), format);
    }
  };
  // One loop for each number of words: values of up to 32 bits are the rule.
  if (spanned == 1) return each([&] { return std::uint64_t{at[0]} >> shift; });
  const auto two = [&] { return (std::uint64_t{at[1]} << 32 | at[0]) >> shift; };
  if (spanned == 2) return each(two);
  return each([&] { return two() | std::uint64_t{at[2]} << (64 - shift); });
}

}  // namespace aegen::sim
