#include "aegen/encoders/link_formats.hpp"

#include <gtest/gtest.h>

#include <array>

namespace aegen::encoders::econ_t {
namespace {

const PathShape kShape;

TEST(LinkFormats, BestChoiceSendsAsManyCellsAsTheChip) {
  // Section 3 of the ECON-T page.
  constexpr std::array kCells{1, 4, 6, 9, 14, 18, 23, 28, 32, 37, 41, 46, 48};
  for (int etx = 1; etx <= 13; ++etx) {
    EXPECT_EQ(bestChoiceCells(kShape, etx), kCells[static_cast<std::size_t>(etx - 1)]) << etx;
  }
}

TEST(LinkFormats, SuperTriggerCellsSendAsManyGroupsAsTheChipAndNothingBeyond) {
  // Section 5 of the ECON-T page, row STC.
  const std::vector<std::vector<int>> groups{{2, 5, 8, 11, 12}, {2, 3}, {4, 8, 12}, {3, 6, 10, 12}};
  for (int type = 0; type < 4; ++type) {
    const auto& sent = groups[static_cast<std::size_t>(type)];
    EXPECT_EQ(stcMostEtx(kShape, type), static_cast<int>(sent.size())) << type;
    for (int etx = 1; etx <= 13; ++etx) {
      const auto at = static_cast<std::size_t>(etx - 1);
      EXPECT_EQ(stcGroups(kShape, type, etx), at < sent.size() ? sent[at] : 0)
          << type << ' ' << etx;
    }
  }
}

TEST(LinkFormats, NoLinkCarriesNoGroupHoweverNarrow) {
  PathShape shape;
  shape.stc = {{2, false, {1, 1}, false}, {2, true, {1, 2}, false}, {4, true, {5, 4}, false}};
  for (int type = 0; type < 3; ++type) EXPECT_EQ(stcGroups(shape, type, 0), 0) << type;
  EXPECT_EQ(stcGroups(shape, 0, 1), 14);
  EXPECT_EQ(stcGroups(shape, 1, 1), 7);
}

TEST(LinkFormats, LongestStringsFitTheWordsACrossingWrites) {
  EXPECT_EQ(thresholdSumBits(kShape, 48), 400);
  EXPECT_EQ(thresholdSumBits(kShape, 0), 16);
  EXPECT_EQ(thresholdSumBits(kShape, 7), 110);
  EXPECT_EQ(bestChoiceBits(kShape, 48), 396);
  EXPECT_EQ(repeaterBits(kShape), 341);
  EXPECT_EQ(wordsWritten(kShape), 26);
}

TEST(LinkFormats, AlgorithmNamesGoThereAndBack) {
  for (const Algorithm algorithm : kAlgorithms) {
    EXPECT_EQ(parseAlgorithm(text(algorithm)), algorithm);
  }
  EXPECT_FALSE(parseAlgorithm("best choice"));
}

TEST(LinkFormats, FloatCodesAreReadAsTheyAreWritten) {
  EXPECT_EQ(FloatCode::parse("5E4M"), (FloatCode{5, 4}));
  EXPECT_EQ((FloatCode{4, 3}).text(), "4E3M");
  for (const char* const wrong :
       {"", "5E", "5E4", "E4M", "5e4m", "0E3M", "5E0M", "7E3M", "5E4M "}) {
    EXPECT_FALSE(FloatCode::parse(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace aegen::encoders::econ_t
