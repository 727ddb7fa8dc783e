#include "row_codec.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace aegen::sim {
namespace {

TEST(RowCodec, ElementsLieSideBySideFromTheLowestBit) {
  // Two rows of two words: element 0 in bits 0..8, element 3 in bits 27..35.
  std::vector<std::uint32_t> rows(4, 0);
  const std::vector<std::int64_t> first{0x1ff, 1};
  const std::vector<std::int64_t> fourth{-1, 0x101};
  packColumn(first, 9, 0, {2, 2}, rows.data());
  packColumn(fourth, 9, 27, {2, 2}, rows.data());
  EXPECT_EQ(rows, (std::vector<std::uint32_t>{0xf80001ff, 0xf, 0x08000001, 0x8}));
}

TEST(RowCodec, ReadsBackEveryWidthAtEveryOffsetWithItsSign) {
  std::mt19937_64 random(1);
  for (int width = 1; width <= core::kMaxWidth; ++width) {
    for (std::size_t bit = 0; bit < 32; ++bit) {
      const core::FixedFormat format{width % 2 == 0, width, 0};
      std::vector<std::int64_t> values(5);
      for (std::int64_t& value : values) {
        value = core::wrap(static_cast<std::int64_t>(random()), format);
      }
      std::vector<std::uint32_t> rows(5 * 4, 0);
      const RowShape shape{4, 5};
      packColumn(values, width, 32 + bit, shape, rows.data());
      std::vector<std::int64_t> back(5);
      unpackColumn(rows.data(), shape, format, 32 + bit, back);
      ASSERT_EQ(back, values) << "width " << width << " bit " << bit;
    }
  }
}

TEST(RowCodec, CountsTheWordsASignalFills) {
  EXPECT_EQ(wordsFor(1, 1), 1U);
  EXPECT_EQ(wordsFor(16, 9), 5U);  // 144 bits
  EXPECT_EQ(wordsFor(13, 32), 13U);
}

}  // namespace
}  // namespace aegen::sim
