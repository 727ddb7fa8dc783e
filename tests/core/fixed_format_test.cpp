// requantize() against rational arithmetic written here, and the formats' text and ranges.
#include "aegen/core/fixed_format.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "random_program.hpp"

namespace aegen::core {
namespace {

__extension__ using Int128 = __int128;
constexpr std::array kRoundings{Rounding::Floor, Rounding::TowardZero, Rounding::NearestUp,
                                Rounding::NearestEven};
constexpr std::array kOverflows{Overflow::Wrap, Overflow::Saturate};

// ---- the oracle: numerator / denominator, rounded by division with remainder
// ---------------------

struct Rational {
  Int128 numerator;
  Int128 denominator;  // positive
};

// raw * 2^-fromFraction in units of 2^-toFraction.
Rational inUnits(std::int64_t raw, int fromFraction, int toFraction) {
  Rational r{raw, 1};
  for (int i = fromFraction; i < toFraction; ++i) r.numerator *= 2;
  for (int i = toFraction; i < fromFraction; ++i) r.denominator *= 2;
  return r;
}

Int128 roundedDown(const Rational& r) {
  const Int128 quotient = r.numerator / r.denominator;  // toward zero
  return r.numerator % r.denominator < 0 ? quotient - 1 : quotient;
}

Int128 oracleRounded(const Rational& r, Rounding rounding) {
  const Int128 down = roundedDown(r);
  const Int128 twiceRest = 2 * (r.numerator - down * r.denominator);  // of the half: denominator
  switch (rounding) {
    case Rounding::Floor:
      return down;
    case Rounding::TowardZero:
      return r.numerator / r.denominator;
    case Rounding::NearestUp:
      return twiceRest >= r.denominator ? down + 1 : down;
    case Rounding::NearestEven:
      if (twiceRest == r.denominator) return down % 2 == 0 ? down : down + 1;
      return twiceRest > r.denominator ? down + 1 : down;
  }
  return 0;
}

std::int64_t oracle(std::int64_t raw, int fromFraction, const FixedFormat& to, Rounding rounding,
                    Overflow overflow) {
  const Int128 exact = oracleRounded(inUnits(raw, fromFraction, to.fraction), rounding);
  const Int128 count = Int128{1} << to.width;  // bit patterns of the format
  const Int128 low = to.isSigned ? -(count / 2) : 0;
  const Int128 high = low + count - 1;
  if (overflow == Overflow::Saturate) {
    return static_cast<std::int64_t>(exact < low ? low : exact > high ? high : exact);
  }
  Int128 offset = (exact - low) % count;
  if (offset < 0) offset += count;
  return static_cast<std::int64_t>(low + offset);
}

std::string describe(std::int64_t raw, int fromFraction, const FixedFormat& to, Rounding rounding,
                     Overflow overflow) {
  return std::to_string(raw) + " * 2^-" + std::to_string(fromFraction) + " to " + to.text() + " " +
         std::string(text(rounding)) + " " + std::string(text(overflow));
}

void expectOracle(std::int64_t raw, int fromFraction, const FixedFormat& to) {
  for (const Rounding rounding : kRoundings) {
    for (const Overflow overflow : kOverflows) {
      const std::int64_t want = oracle(raw, fromFraction, to, rounding, overflow);
      const std::int64_t got = requantize(raw, fromFraction, to, rounding, overflow);
      // A branch is far cheaper than an assertion over millions of cases.
      if (got != want)
        ADD_FAILURE() << describe(raw, fromFraction, to, rounding, overflow) << ": want " << want
                      << ", got " << got;
    }
  }
}

std::vector<FixedFormat> smallFormats(int maxWidth) {
  std::vector<FixedFormat> formats;
  for (const bool isSigned : {false, true}) {
    for (int width = 1; width <= maxWidth; ++width) {
      for (int fraction = -3; fraction <= 6; ++fraction) {
        formats.push_back({isSigned, width, fraction});
      }
    }
  }
  return formats;
}

TEST(Requantize, AgreesWithRationalsOnEveryPatternOfSmallFormats) {
  // The source's width only bounds raw: the widest one of each fraction has every pattern.
  for (const FixedFormat& to : smallFormats(6)) {
    for (int fromFraction = -3; fromFraction <= 6; ++fromFraction) {
      for (std::int64_t raw = -32; raw <= 63; ++raw) expectOracle(raw, fromFraction, to);
    }
    ASSERT_FALSE(HasFailure());
  }
}

TEST(Requantize, AgreesOnMidpointsAndTheirNeighboursFinerThanTheResult) {
  for (const FixedFormat& to : smallFormats(5)) {
    for (const int finer : {1, 2, 5}) {
      // Every representable number, the midpoint above it and one unit to either side of both.
      for (std::int64_t n = to.minRaw() - 2; n <= to.maxRaw() + 2; ++n) {
        const std::int64_t number = n * (std::int64_t{1} << finer);
        const std::int64_t half = std::int64_t{1} << (finer - 1);
        for (const std::int64_t raw : {number - 1, number, number + 1, number + half - 1,
                                       number + half, number + half + 1}) {
          expectOracle(raw, to.fraction + finer, to);
        }
      }
    }
    ASSERT_FALSE(HasFailure());
  }
}

TEST(Requantize, RoundsTheTextbookHalves) {
  const FixedFormat integer{true, 8, 0};
  const auto all = [&](std::int64_t halves) {
    std::vector<std::int64_t> out;
    for (const Rounding rounding : kRoundings) {
      out.push_back(requantize(halves, 1, integer, rounding, Overflow::Wrap));
    }
    return out;  // floor, toward zero, nearest up, nearest even
  };
  EXPECT_EQ(all(1), (std::vector<std::int64_t>{0, 0, 1, 0}));       // 0.5
  EXPECT_EQ(all(3), (std::vector<std::int64_t>{1, 1, 2, 2}));       // 1.5
  EXPECT_EQ(all(-1), (std::vector<std::int64_t>{-1, 0, 0, 0}));     // -0.5
  EXPECT_EQ(all(-3), (std::vector<std::int64_t>{-2, -1, -1, -2}));  // -1.5
}

TEST(Requantize, IsExactAtTheEndsOf63And64Bits) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::array<std::int64_t, 14> raws{kMin + 1,
                                          kMin + 2,
                                          -(std::int64_t{1} << 62),
                                          -(std::int64_t{1} << 62) - 1,
                                          -1,
                                          0,
                                          1,
                                          (std::int64_t{1} << 62) - 1,
                                          std::int64_t{1} << 62,
                                          (std::int64_t{1} << 62) + 1,
                                          kMax - 1,
                                          kMax,
                                          0x5555555555555555,
                                          -0x5555555555555555};
  for (const std::int64_t raw : raws) {
    for (const int width : {1, 2, 31, 32, 33, 62, 63}) {
      for (const bool isSigned : {false, true}) {
        // The oracle's 128 bits hold shifts to 62 up; any number of halvings below 120.
        for (const int difference :
             {-62, -61, -33, -1, 0, 1, 31, 32, 61, 62, 63, 64, 65, 66, 100}) {
          expectOracle(raw, difference, {isSigned, width, 0});
          expectOracle(raw, difference + 7, {isSigned, width, 7});
        }
      }
    }
  }
}

TEST(Requantize, KeepsOnlyTheSignOfWhatIsShiftedFarDown) {
  const FixedFormat to{true, 63, 0};
  for (const int drop : {120, 127, 128, 129, 500, 1000}) {
    for (const std::int64_t raw : {std::int64_t{1}, std::numeric_limits<std::int64_t>::max()}) {
      for (const Rounding rounding : kRoundings) {
        EXPECT_EQ(requantize(raw, drop, to, rounding, Overflow::Wrap), 0);
        EXPECT_EQ(requantize(-raw, drop, to, rounding, Overflow::Wrap),
                  rounding == Rounding::Floor ? -1 : 0);
      }
    }
  }
}

TEST(Requantize, WrapsToZeroOrSaturatesWhatIsShiftedFarUp) {
  for (const int up : {63, 64, 65, 127, 128, 1000}) {
    for (const FixedFormat& to :
         {FixedFormat{false, 63, up}, FixedFormat{true, 63, up}, FixedFormat{true, 5, up}}) {
      for (const Rounding rounding : kRoundings) {
        EXPECT_EQ(requantize(3, 0, to, rounding, Overflow::Wrap), 0);
        EXPECT_EQ(requantize(-3, 0, to, rounding, Overflow::Wrap), 0);
        EXPECT_EQ(requantize(3, 0, to, rounding, Overflow::Saturate), to.maxRaw());
        EXPECT_EQ(requantize(-3, 0, to, rounding, Overflow::Saturate), to.minRaw());
        EXPECT_EQ(requantize(0, 0, to, rounding, Overflow::Saturate), 0);
      }
    }
  }
}

TEST(Requantize, AgreesWithRationalsOnRandomNumbers) {
  const std::uint64_t seed = 20240;
  SCOPED_TRACE("seed " + std::to_string(seed));
  test_common::SplitMix64 random(seed);
  for (int i = 0; i < 100000; ++i) {
    const FixedFormat to{random.oneIn(2), random.between(1, 63), random.between(-20, 20)};
    const std::int64_t raw = test_common::randomRaw(random, {true, random.between(1, 63), 0});
    expectOracle(raw, random.between(-25, 60), to);
    ASSERT_FALSE(HasFailure());
  }
}

// ---- the other functions ------------------------------------------------------------------------

TEST(Wrap, KeepsTheLowBits) {
  for (int width = 1; width <= 6; ++width) {
    const std::int64_t count = std::int64_t{1} << width;
    for (std::int64_t raw = -200; raw <= 200; ++raw) {
      const std::int64_t low = ((raw % count) + count) % count;
      EXPECT_EQ(wrap(raw, {false, width, 3}), low);
      EXPECT_EQ(wrap(raw, {true, width, 3}), low >= count / 2 ? low - count : low);
    }
  }
  EXPECT_EQ(wrap(-1, {false, 63, 0}), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(wrap(std::numeric_limits<std::int64_t>::max(), {true, 63, 0}), -1);
}

TEST(FixedFormat, KnowsItsRange) {
  EXPECT_EQ((FixedFormat{false, 1, 0}.range()), (Interval{0, 1}));
  EXPECT_EQ((FixedFormat{true, 1, 0}.range()), (Interval{-1, 0}));
  EXPECT_EQ((FixedFormat{true, 6, 5}.range()), (Interval{-32, 31}));
  EXPECT_EQ((FixedFormat{false, 63, 0}.range()),
            (Interval{0, std::numeric_limits<std::int64_t>::max()}));
  EXPECT_EQ((FixedFormat{true, 63, 0}.range()),
            (Interval{-(std::int64_t{1} << 62), (std::int64_t{1} << 62) - 1}));
  EXPECT_EQ((FixedFormat{false, 8, 7}.lsb()), 1.0 / 128);
  EXPECT_EQ((FixedFormat{false, 8, -3}.lsb()), 8.0);
}

TEST(FixedFormat, TextReadsBack) {
  EXPECT_EQ((FixedFormat{false, 8, 7}.text()), "u8.7");
  EXPECT_EQ((FixedFormat{true, 6, 0}.text()), "s6");
  EXPECT_EQ((FixedFormat{true, 6, -2}.text()), "s6.-2");
  for (const bool isSigned : {false, true}) {
    for (int width = 1; width <= kMaxWidth; ++width) {
      for (const int fraction : {-1000, -5, -1, 0, 1, 7, 62, 80, 1000}) {
        const FixedFormat format{isSigned, width, fraction};
        EXPECT_EQ(FixedFormat::parse(format.text()), format) << format.text();
      }
    }
  }
}

TEST(FixedFormat, RefusesMalformedText) {
  for (const char* text : {"", "u", "8", "x8", "u0", "u64", "s-3", "u8.", "u8.7x", "u8,7", "u8.7.1",
                           " u8", "u8 ", "U8", "u99999999999", "u8.99999999999", "u8.1001"}) {
    EXPECT_EQ(FixedFormat::parse(text), std::nullopt) << text;
  }
}

TEST(FixedFormat, HoldingIsTheNarrowest) {
  for (std::int64_t low = -40; low <= 40; ++low) {
    for (std::int64_t high = low; high <= 40; ++high) {
      const FixedFormat format = FixedFormat::holding({low, high}, 4);
      EXPECT_TRUE(format.range().contains(Interval{low, high}));
      EXPECT_EQ(format.isSigned, low < 0);
      EXPECT_EQ(format.fraction, 4);
      if (format.width > 1) {
        EXPECT_FALSE((FixedFormat{format.isSigned, format.width - 1, 4}.range().contains(
            Interval{low, high})))
            << low << ".." << high;
      }
    }
  }
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(FixedFormat::holding({0, kMax}, 0).width, 63);
  EXPECT_EQ(FixedFormat::holding({-1, kMax}, 0).width, 64);  // wider than the IR allows: visible
  EXPECT_EQ(FixedFormat::holding({kMin, 0}, 0).width, 64);
}

TEST(Interval, JoinsAndContains) {
  const Interval a{-2, 3};
  EXPECT_TRUE(a.contains(-2) && a.contains(3));
  EXPECT_FALSE(a.contains(-3) || a.contains(4));
  EXPECT_EQ(a.join({5, 9}), (Interval{-2, 9}));
  EXPECT_TRUE(a.contains(Interval{-2, 3}));
  EXPECT_FALSE(a.contains(Interval{-2, 4}));
}

TEST(Quantize, IsTheNearestRepresentableNumber) {
  for (const FixedFormat& to : smallFormats(6)) {
    for (int eighths = -600; eighths <= 600; ++eighths) {
      // An eighth of the least significant bit, so that midpoints are met exactly.
      const double value = eighths / 8.0 * to.lsb();
      const std::int64_t got = quantize(value, to);
      ASSERT_EQ(got,
                oracle(eighths, to.fraction + 3, to, Rounding::NearestEven, Overflow::Saturate))
          << value << " to " << to.text();
    }
  }
}

TEST(Quantize, SaturatesInfinitiesAndGivesZeroForNaN) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const FixedFormat& to :
       {FixedFormat{false, 9, 8}, FixedFormat{true, 63, -4}, FixedFormat{false, 63, 0}}) {
    EXPECT_EQ(quantize(infinity, to), to.maxRaw());
    EXPECT_EQ(quantize(-infinity, to), to.minRaw());
    EXPECT_EQ(quantize(std::nan(""), to), 0);
    EXPECT_EQ(quantize(1e300, to), to.maxRaw());
    EXPECT_EQ(quantize(-1e300, to), to.minRaw());
    EXPECT_EQ(quantize(1e-300, to), 0);
  }
}

TEST(ModeNames, ReadBack) {
  for (const Rounding rounding : kRoundings) EXPECT_EQ(parseRounding(text(rounding)), rounding);
  for (const Overflow overflow : kOverflows) EXPECT_EQ(parseOverflow(text(overflow)), overflow);
  EXPECT_EQ(parseRounding("up"), std::nullopt);
  EXPECT_EQ(parseOverflow(""), std::nullopt);
}

}  // namespace
}  // namespace aegen::core
