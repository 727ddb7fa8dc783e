#pragma once
/// Moves columns of values into and out of the bench's rows of 32-bit words.

#include <cstdint>
#include <span>

#include "aegen/core/fixed_format.hpp"

namespace aegen::sim {

/// Rows of `rowWords` words each, one after the other.
struct RowShape {
  std::size_t rowWords = 0;
  std::size_t rows = 0;
};

/// Writes the low `width` bits of each value to bits `bit` .. `bit + width - 1` of its row, which
/// are zero before. values.size() == shape.rows.
void packColumn(std::span<const std::int64_t> values, int width, std::size_t bit,
                const RowShape& shape, std::uint32_t* rows);

/// Reads what packColumn() wrote, with `format`'s sign. out.size() == shape.rows.
void unpackColumn(const std::uint32_t* rows, const RowShape& shape, const core::FixedFormat& format,
                  std::size_t bit, std::span<std::int64_t> out);

/// 32-bit words that `count` elements of `width` bits fill side by side.
[[nodiscard]] constexpr std::uint32_t wordsFor(std::uint32_t count, int width) {
  return (count * static_cast<std::uint32_t>(width) + 31) / 32;
}

}  // namespace aegen::sim
