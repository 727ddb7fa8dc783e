// Functions with shared products compute what they did, and are proven to fit as they were.

#include <gtest/gtest.h>

#include "aegen/core/function_builder.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/core/range_analysis.hpp"
#include "aegen/core/passes/share_products.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/verifier.hpp"
#include "random_program.hpp"

namespace aegen::core::passes {
namespace {

using test_common::SplitMix64;

// A function of sums of products with constants, of which some are cut, some cut sums, and some
// results feed further sums.
Program randomSums(std::uint64_t seed) {
  SplitMix64 random(seed);
  Program program;
  FunctionBuilder b(program, "top", "random sums");
  std::vector<ValueId> values;
  const int ports = random.between(1, 3);
  for (int p = 0; p < ports; ++p) {
    const FixedFormat format{random.oneIn(2), random.between(1, 9), random.between(-2, 8)};
    const auto ids =
        b.input("x" + std::to_string(p), format, static_cast<std::uint32_t>(random.between(1, 5)));
    values.insert(values.end(), ids.begin(), ids.end());
  }
  constexpr int kFraction = 20;
  const int rounds = random.between(1, 3);
  std::vector<ValueId> outputs;
  for (int round = 0; round < rounds; ++round) {
    const bool cut = random.oneIn(2);
    const int kept = random.between(3, 12);
    const int magnitude = random.between(1, 60);
    std::vector<ValueId> made;
    const int sums = random.between(1, 5);
    for (int o = 0; o < sums; ++o) {
      std::vector<ValueId> terms;
      for (const ValueId x : values) {
        if (random.oneIn(4)) continue;
        const int w = random.between(-magnitude, magnitude);
        ValueId product = b.mul(x, b.constant(w, random.between(0, 3)));
        const auto rounding = random.oneIn(4) ? Rounding::NearestEven : Rounding::Floor;
        const int fraction = b.format(product).fraction;
        const auto at = [&](ValueId value, int to) {
          return b.requantize(
              value,
              {true, std::max(2, b.format(value).width + to - b.format(value).fraction + 2), to},
              rounding, Overflow::Wrap);
        };
        if (cut && fraction > kept) product = at(product, kept);
        terms.push_back(at(product, kFraction));
      }
      terms.push_back(b.constant(random.between(-1000, 1000), kFraction));
      ValueId sum = b.sum(terms);
      if (random.oneIn(2)) sum = b.sub(b.constant(0, kFraction), sum);
      if (random.oneIn(2)) b.name(sum, "sum_" + std::to_string(round) + "_" + std::to_string(o));
      outputs.push_back(sum);
      const FixedFormat to{random.oneIn(2), random.between(2, 8), random.between(0, 8)};
      const auto rounding = static_cast<Rounding>(random.below(4));
      made.push_back(b.requantize(sum, to, rounding, Overflow::Saturate));
      if (random.oneIn(3)) made.back() = b.max(made.back(), b.constant(1, to.fraction));
    }
    outputs.insert(outputs.end(), made.begin(), made.end());
    values.insert(values.end(), made.begin(), made.end());
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    b.output("y" + std::to_string(i), b.format(outputs[i]), outputs[i]);
  }
  program.functions.push_back(std::move(b).finish());
  return program;
}

std::vector<std::int64_t> outputs(const Program& program, const std::vector<std::int64_t>& inputs) {
  const Function& top = program.functions.back();
  const std::vector<std::int64_t> values = evaluate(program, top, inputs);
  std::vector<std::int64_t> out;
  for (const ValueId id : top.outputValues) out.push_back(values[id]);
  return out;
}

void expectSame(const Program& before, const Program& after, std::uint64_t seed) {
  SplitMix64 random(seed + 77);
  const Function& top = before.functions.back();
  for (int k = 0; k < 60; ++k) {
    std::vector<std::int64_t> inputs;
    for (std::uint32_t i = 0; i < top.inputElements(); ++i) {
      inputs.push_back(test_common::randomRaw(random, top.values[i].format));
    }
    ASSERT_EQ(outputs(before, inputs), outputs(after, inputs)) << "seed " << seed << "\n"
                                                               << print(before) << print(after);
  }
}

TEST(ShareProducts, RandomSumsComputeWhatTheyDidAndStayProven) {
  std::size_t rewritten = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Program before = randomSums(seed);
    ASSERT_TRUE(verify(before).empty());
    ASSERT_TRUE(analyseRanges(before, "top").proven()) << seed;
    Program after = before;
    AdderGraphOptions options;
    if (seed % 3 == 0) options.maxDepth = static_cast<int>(seed % 7);
    const auto stats = shareProducts(after, options);
    ASSERT_TRUE(stats.ok());
    rewritten += stats->functions;
    ASSERT_TRUE(verify(after).empty()) << "seed " << seed << "\n" << print(after);
    EXPECT_TRUE(analyseRanges(after, "top").proven()) << "seed " << seed << "\n" << print(after);
    EXPECT_LE(stats->bitsAfter, stats->bitsBefore);
    expectSame(before, after, seed);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(rewritten, 150U);
}

TEST(ShareProducts, RandomProgramsOfEveryOpComputeWhatTheyDid) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Program before = test_common::randomProgram(seed);
    Program after = before;
    ASSERT_TRUE(shareProducts(after).ok());
    ASSERT_TRUE(verify(after).empty()) << "seed " << seed << "\n" << print(after);
    expectSame(before, after, seed);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace aegen::core::passes
