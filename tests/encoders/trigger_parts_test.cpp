// The pieces the trigger encoders are made of: sorting network, float codes, strings of words.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/range_analysis.hpp"
#include "aegen/core/verifier.hpp"
#include "random_trigger.hpp"
#include "sort_network.hpp"
#include "trigger_oracle.hpp"
#include "word_string.hpp"

namespace aegen::encoders {
namespace {

using aegen::test::RandomTrigger;
using core::FunctionBuilder;
using core::ValueId;
using econ_t::test::Bits;

// The columns function "f" of a proven program gives.
core::Columns runs(core::Program program, FunctionBuilder&& builder, const core::Columns& in) {
  program.functions.push_back(std::move(builder).finish());
  for (const auto& violation : core::verify(program)) ADD_FAILURE() << violation.text();
  for (const auto& risk : core::analyseRanges(program, "f").risks) {
    ADD_FAILURE() << risk.valueName << " " << risk.format.text();
  }
  const auto out = core::Interpreter(program, "f").run(in);
  EXPECT_TRUE(out.ok());
  return out ? *out : core::Columns{};
}

// All integers of `width` bits, one an event.
core::Columns everyInteger(int width) {
  core::Columns in(1, std::size_t{1} << width);
  for (std::size_t k = 0; k < in.events(); ++k) in.at(0, k) = static_cast<std::int64_t>(k);
  return in;
}

// A network that sorts every list of zeros and ones sorts every list.
TEST(MergeExchange, SortsEveryListOfZerosAndOnesOfUpToFourteenEntries) {
  for (int n = 0; n <= 14; ++n) {
    const auto levels = mergeExchange(n);
    for (unsigned list = 0; list < 1U << n; ++list) {
      unsigned bits = list;
      for (const auto& level : levels) {
        for (const auto& [low, high] : level) {
          const bool swap = (bits >> low & 1U) < (bits >> high & 1U);
          if (swap) bits ^= 1U << low | 1U << high;
        }
      }
      // Descending: the ones first.
      ASSERT_EQ(bits & (bits + 1), 0U) << n << " entries, list " << list;
    }
  }
}

TEST(MergeExchange, LevelsTouchAnEntryOnceAndFollowTheAlgorithmsOrder) {
  for (int n = 0; n <= 128; ++n) {
    SCOPED_TRACE(n);
    std::vector<std::pair<int, int>> flat;
    for (const auto& level : mergeExchange(n)) {
      std::set<int> touched;
      for (const auto& [low, high] : level) {
        EXPECT_TRUE(0 <= low && low < high && high < n);
        EXPECT_TRUE(touched.insert(low).second && touched.insert(high).second);
        flat.emplace_back(low, high);
      }
    }
    EXPECT_EQ(flat, econ_t::test::algorithmM(n));
  }
}

TEST(MergeExchange, TakesAsManyLevelsAsTheAlgorithmDoes) {
  EXPECT_EQ(mergeExchange(2).size(), 1U);
  EXPECT_EQ(mergeExchange(4).size(), 3U);
  EXPECT_EQ(mergeExchange(8).size(), 6U);
  EXPECT_EQ(mergeExchange(48).size(), 21U);
  EXPECT_EQ(mergeExchange(64).size(), 21U);
  EXPECT_EQ(mergeExchange(65).size(), 28U);
}

TEST(FloatCodes, EverySmallCodeOfEveryIntegerIsTheDefinitions) {
  for (int exponent = 1; exponent <= 4; ++exponent) {
    for (int mantissa = 1; mantissa <= 5; ++mantissa) {
      const FloatCode code{exponent, mantissa};
      for (const int width : {mantissa, mantissa + 1, 9, 14}) {
        SCOPED_TRACE(code.text() + " of " + std::to_string(width) + " bits");
        core::Program program;
        FunctionBuilder b(program, "f");
        const ValueId value = b.input("value", {false, width, 0})[0];
        b.output("code", {false, code.width(), 0}, encodeFloat(b, value, code));
        const core::Columns out = runs(program, std::move(b), everyInteger(width));
        for (std::size_t k = 0; k < out.events(); ++k) {
          ASSERT_EQ(out.at(0, k), econ_t::test::floatCode(static_cast<std::int64_t>(k), code)) << k;
        }
      }
    }
  }
}

TEST(FloatCodes, WideIntegersAreCodedAtTheStepsOfEveryCode) {
  RandomTrigger random(1);
  for (const FloatCode code : {FloatCode{4, 3}, FloatCode{5, 3}, FloatCode{5, 4}, FloatCode{6, 8},
                               FloatCode{1, 8}, FloatCode{6, 1}, FloatCode{3, 2}}) {
    SCOPED_TRACE(code.text());
    constexpr int kWidth = 28;
    std::vector<std::int64_t> values{0, (1 << kWidth) - 1};
    for (int bit = 0; bit < kWidth; ++bit) {
      for (const std::int64_t off : {-1, 0, 1}) values.push_back((std::int64_t{1} << bit) + off);
      values.push_back(random.between(0, (std::int64_t{1} << (bit + 1)) - 1));
    }
    core::Columns in(1, values.size());
    for (std::size_t k = 0; k < values.size(); ++k) in.at(0, k) = values[k];
    core::Program program;
    FunctionBuilder b(program, "f");
    const ValueId value = b.input("value", {false, kWidth, 0})[0];
    b.output("code", {false, code.width(), 0}, encodeFloat(b, value, code));
    const core::Columns out = runs(program, std::move(b), in);
    for (std::size_t k = 0; k < values.size(); ++k) {
      ASSERT_EQ(out.at(0, k), econ_t::test::floatCode(values[k], code)) << values[k];
    }
  }
}

// The middle of the integers that have the code, floored: found by coding them all.
TEST(FloatCodes, DecodingGivesTheMiddleOfTheIntegersThatHaveTheCode) {
  for (int exponent = 1; exponent <= 3; ++exponent) {
    for (int mantissa = 1; mantissa <= 5; ++mantissa) {
      const FloatCode code{exponent, mantissa};
      SCOPED_TRACE(code.text());
      const int longest = (1 << exponent) - 1 + mantissa;  // bits of the largest that is exact
      std::vector<std::int64_t> first(std::size_t{1} << code.width(), -1);
      std::vector<std::int64_t> last = first;
      for (std::int64_t value = 0; value < std::int64_t{1} << longest; ++value) {
        const auto at = static_cast<std::size_t>(econ_t::test::floatCode(value, code));
        if (first[at] < 0) first[at] = value;
        last[at] = value;
      }
      core::Program program;
      FunctionBuilder b(program, "f");
      const ValueId bits = b.input("bits", {false, code.width(), 0})[0];
      const ValueId value = decodeFloat(b, bits, code);
      b.output("value", b.format(value), value);
      const core::Columns out = runs(program, std::move(b), everyInteger(code.width()));
      for (std::size_t k = 0; k < out.events(); ++k) {
        ASSERT_GE(first[k], 0) << "code " << k << " is of no integer";
        ASSERT_EQ(out.at(0, k), (first[k] + last[k] + 1) / 2) << k;
      }
    }
  }
}

// A random string: widths of its parts, and the parts' values event by event.
struct RandomString {
  std::vector<int> widths;
  [[nodiscard]] int bits() const {
    int sum = 0;
    for (const int width : widths) sum += width;
    return sum;
  }
  // Word `word` of the string whose parts stand at in[from...].
  [[nodiscard]] std::int64_t word(const core::Columns& in, std::size_t from, std::size_t event,
                                  int word) const {
    Bits all;
    for (std::size_t part = 0; part < widths.size(); ++part) {
      for (int bit = widths[part] - 1; bit >= 0; --bit) {
        all.push_back((in.at(from + part, event) >> bit & 1) != 0);
      }
    }
    all.resize(static_cast<std::size_t>(std::max(16 * (word + 1), bits())), false);
    std::int64_t out = 0;
    for (int bit = 16 * word; bit < 16 * (word + 1); ++bit) {
      out = 2 * out + (all[static_cast<std::size_t>(bit)] ? 1 : 0);
    }
    return out;
  }
};

TEST(WordString, IsCutIntoWordsMostSignificantBitFirstWithZerosBehind) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    RandomTrigger random(seed);
    RandomString string;
    for (std::int64_t part = random.between(0, 30); part > 0; --part) {
      string.widths.push_back(static_cast<int>(random.oneIn(4) ? 16 : random.between(1, 40)));
    }
    const int count = static_cast<int>(random.between(1, string.bits() / 16 + 3));
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + std::to_string(string.bits()) + " bits, " +
                 std::to_string(count) + " words");
    core::Program program;
    FunctionBuilder b(program, "f");
    b.input("unused", {false, 1, 0});
    std::vector<ValueId> parts;
    core::Columns in(string.widths.size() + 1, 20);
    for (std::size_t part = 0; part < string.widths.size(); ++part) {
      const int width = string.widths[part];
      parts.push_back(b.input("part_" + std::to_string(part), {false, width, 0})[0]);
      for (std::int64_t& value : in.column(part + 1)) {
        value = random.between(0, (std::int64_t{1} << width) - 1);
      }
    }
    WordString words;
    words.put(b, parts);
    EXPECT_EQ(words.bits(), string.bits());
    b.output("words", {false, 16, 0}, words.words(b, count));
    const core::Columns out = runs(program, std::move(b), in);
    for (std::size_t k = 0; k < in.events(); ++k) {
      for (int w = 0; w < count; ++w) {
        ASSERT_EQ(out.at(static_cast<std::size_t>(w), k), string.word(in, 1, k, w));
      }
    }
  }
}

TEST(WordString, AStringIsChosenByItsNumberAndOnePastTheEndIsZeros) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RandomTrigger random(seed);
    const std::int64_t strings = random.between(1, 9);
    const int count = static_cast<int>(random.between(1, 6));
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + std::to_string(strings) + " strings of " +
                 std::to_string(count) + " words");
    core::Program program;
    FunctionBuilder b(program, "f");
    const ValueId index = b.input("index", {false, 4, 0})[0];
    const auto source = b.input("source", {false, 24, 0}, 4);
    std::vector<WordString> all;
    std::vector<RandomString> expected;
    for (std::int64_t i = 0; i < strings; ++i) {
      WordString& string = all.emplace_back();
      RandomString& same = expected.emplace_back();
      for (std::int64_t part = random.between(0, 4); part > 0; --part) {
        string.put(b, source[same.widths.size()]);
        same.widths.push_back(24);
      }
    }
    b.output("words", {false, 16, 0}, chooseWords(b, index, all, count));
    core::Columns in(5, 64);
    for (std::size_t k = 0; k < in.events(); ++k) {
      in.at(0, k) = static_cast<std::int64_t>(k % 16);
      for (std::size_t i = 1; i < 5; ++i) in.at(i, k) = random.between(0, (1 << 24) - 1);
    }
    const core::Columns out = runs(program, std::move(b), in);
    for (std::size_t k = 0; k < in.events(); ++k) {
      for (int w = 0; w < count; ++w) {
        const auto chosen = static_cast<std::size_t>(in.at(0, k));
        ASSERT_EQ(out.at(static_cast<std::size_t>(w), k),
                  chosen < expected.size() ? expected[chosen].word(in, 1, k, w) : 0)
            << "string " << chosen << ", word " << w;
      }
    }
  }
}

}  // namespace
}  // namespace aegen::encoders
