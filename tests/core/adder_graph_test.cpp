#include "aegen/core/adder_graph.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "adder_graph_digits.hpp"
#include "random_matrix.hpp"

namespace aegen::core {
namespace {

using test::ProblemSource;
using test::RandomProblem;
namespace fs = std::filesystem;

ConstantMatrix matrixOf(std::size_t rows, std::size_t columns, std::vector<std::int64_t> values) {
  return {rows, columns, std::move(values)};
}

std::vector<Interval> bytes(std::size_t count) {
  return std::vector<Interval>(count, {0, 255});
}

AdderGraph solved(const ConstantMatrix& matrix, const std::vector<Interval>& inputs,
                  const AdderGraphOptions& options = {}) {
  const Result<AdderGraph> graph = solveAdderGraph(matrix, inputs, options);
  EXPECT_TRUE(graph.ok()) << graph.error().text();
  return graph ? *graph : AdderGraph{};
}

// Bits that the numbers of a range take without the sign, counted one by one.
int countedBits(std::int64_t low, std::int64_t high) {
  int bits = 0;
  for (std::int64_t reach = 1; low < -reach || high >= reach; reach *= 2) ++bits;
  return bits;
}

// The cost once more, by the words of its definition.
AdderGraphCost countedCost(const AdderGraph& graph) {
  const std::size_t inputs = graph.inputs.size();
  AdderGraphCost cost;
  std::vector<int> depth(graph.inputDepths.begin(), graph.inputDepths.end());
  depth.resize(inputs, 0);
  std::vector<int> low(inputs, 0);
  const auto rangeOf = [&](std::uint32_t node) {
    return node < inputs ? graph.inputs[node] : graph.adders[node - inputs].range;
  };
  for (const AdderNode& adder : graph.adders) {
    ++cost.adders;
    int top = 0;
    bool sign = false;
    for (const AdderOperand& operand : {adder.a, adder.b}) {
      const Interval range = rangeOf(operand.node);
      top = std::max(top, countedBits(range.low, range.high) + operand.shift);
      sign = sign || range.low < 0;
    }
    const int lowA = low[adder.a.node] + adder.a.shift;
    const int lowB = low[adder.b.node] + adder.b.shift;
    for (int bit = std::max(lowA, lowB); bit < top; ++bit) ++cost.costBits;
    if (sign) ++cost.costBits;
    low.push_back(std::min(lowA, lowB));
    const int width =
        countedBits(adder.range.low, adder.range.high) + (adder.range.low < 0 ? 1 : 0);
    cost.resultBits += std::max(width - low.back(), 0);
    depth.push_back(std::max(depth[adder.a.node], depth[adder.b.node]) + 1);
  }
  for (const AdderOutput& output : graph.outputs) {
    if (output.node) cost.depth = std::max(cost.depth, depth[*output.node]);
  }
  return cost;
}

std::vector<std::int64_t> nodeValues(const AdderGraph& graph, const std::vector<std::int64_t>& x) {
  std::vector<std::int64_t> values = x;
  for (const AdderNode& adder : graph.adders) {
    const std::int64_t a = values[adder.a.node] * (std::int64_t{1} << adder.a.shift);
    const std::int64_t b = values[adder.b.node] * (std::int64_t{1} << adder.b.shift);
    values.push_back(adder.subtract ? a - b : a + b);
  }
  return values;
}

// Right on random and extreme inputs, every value within its range, both costs the same.
void expectRight(const RandomProblem& problem, const AdderGraph& graph, ProblemSource& source) {
  ASSERT_EQ(graph.outputs.size(), problem.matrix.columns);
  for (int k = 0; k < 24; ++k) {
    const std::vector<std::int64_t> x = source.values(problem.inputs);
    ASSERT_EQ(evaluate(graph, x), test::productOf(problem.matrix, x));
    const std::vector<std::int64_t> values = nodeValues(graph, x);
    for (std::size_t n = 0; n < graph.adders.size(); ++n) {
      ASSERT_TRUE(graph.adders[n].range.contains(values[problem.matrix.rows + n])) << "adder " << n;
    }
  }
  EXPECT_EQ(costOf(graph), countedCost(graph));
}

std::size_t digitsOf(const ConstantMatrix& matrix, std::size_t column) {
  std::size_t digits = 0;
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    digits += static_cast<std::size_t>(fewestDigits(matrix.at(r, column)));
  }
  return digits;
}

// Adders when every column adds up its digits alone.
std::size_t unsharedAdders(const ConstantMatrix& matrix) {
  std::size_t adders = 0;
  for (std::size_t c = 0; c < matrix.columns; ++c) {
    adders += std::max<std::size_t>(digitsOf(matrix, c), 1) - 1;
  }
  return adders;
}

// The lowest limit of depth that can be kept: of n terms of depths d, log2 of the sum of 2^d.
int lowestDepth(const RandomProblem& problem) {
  int lowest = 0;
  for (std::size_t c = 0; c < problem.matrix.columns; ++c) {
    std::uint64_t sum = 0;
    for (std::size_t r = 0; r < problem.matrix.rows; ++r) {
      if (problem.inputs[r] == Interval{0, 0}) continue;
      sum += static_cast<std::uint64_t>(fewestDigits(problem.matrix.at(r, c)))
             << (problem.inputDepths.empty() ? 0 : problem.inputDepths[r]);
    }
    if (sum > 1) lowest = std::max(lowest, static_cast<int>(std::bit_width(sum - 1)));
  }
  return lowest;
}

TEST(SignedDigits, AreAsFewAsThereCanBeAndAddUp) {
  ProblemSource source(7);
  for (int k = 0; k < 20000; ++k) {
    const std::int64_t value = source.number(-70000, 70000);
    std::int64_t sum = 0;
    int digits = 0;
    minimalDigits(
        value,
        [&](int shift, bool negated) {
          sum += (negated ? -1 : 1) * (std::int64_t{1} << shift);
          ++digits;
        },
        [&] { return source.number(0, 1) == 0; });
    ASSERT_EQ(sum, value);
    ASSERT_EQ(digits, fewestDigits(value)) << value;
  }
  EXPECT_EQ(fewestDigits(0), 0);
  EXPECT_EQ(fewestDigits(7), 2);
  EXPECT_EQ(fewestDigits(-7), 2);
  EXPECT_EQ(fewestDigits(0b1010101), 4);
}

TEST(AdderGraph, IsTheProductOfRandomMatricesAtAnyDepthAndEffort) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  ProblemSource source(seed);
  for (int k = 0; k < 400; ++k) {
    const std::size_t rows = k % 5 == 0 ? 24 : 7;
    const RandomProblem problem = source.problem(rows, k % 7 == 0 ? 16 : 6);
    SCOPED_TRACE("problem " + std::to_string(k));
    AdderGraphOptions options;
    options.effort = k % 10 == 9 ? 3 : k % 2;
    options.seed = static_cast<std::uint64_t>(k);
    options.inputDepths = problem.inputDepths;
    const int lowest = lowestDepth(problem);
    if (k % 3 != 0) options.maxDepth = static_cast<int>(source.number(0, lowest + 3));
    const AdderGraph graph = solved(problem.matrix, problem.inputs, options);
    expectRight(problem, graph, source);
    EXPECT_LE(costOf(graph).depth, std::max(options.maxDepth.value_or(48), lowest));
    EXPECT_LE(graph.adders.size(), unsharedAdders(problem.matrix));
    for (const AdderNode& adder : graph.adders) {
      EXPECT_GE(adder.a.shift, 0);
      EXPECT_GE(adder.b.shift, 0);
    }
    if (testing::Test::HasFailure()) return;
  }
}

TEST(AdderGraph, RangesAreReached) {
  // 4 x - x is never negative: no sign, no bit more than 3 * 255 takes.
  const AdderGraph graph = solved(matrixOf(1, 1, {3}), bytes(1));
  ASSERT_EQ(graph.adders.size(), 1U);
  EXPECT_EQ(graph.adders[0].range, (Interval{0, 3 * 255}));
  EXPECT_EQ(costOf(graph).resultBits, 10);
  EXPECT_EQ(costOf(graph).costBits, 8);
}

TEST(AdderGraph, SharesWhatColumnsHaveInCommon) {
  // 5 x + 5 y four times over, with a different third input each.
  const AdderGraph graph =
      solved(matrixOf(5, 3, {5, 5, 5, 7, 7, 7, 1, 0, 0, 0, 1, 0, 0, 0, 1}), bytes(5));
  EXPECT_LE(graph.adders.size(), 3U + 3U);
}

TEST(AdderGraph, ColumnsThatRepeatOthersCostNothing) {
  const AdderGraph one = solved(matrixOf(2, 1, {11, 13}), bytes(2));
  const AdderGraph all =
      solved(matrixOf(2, 6, {11, 22, -11, -44, 0, 11, 13, 26, -13, -52, 0, 13}), bytes(2));
  EXPECT_EQ(all.adders.size(), one.adders.size());
  EXPECT_FALSE(all.outputs[4].node);
  EXPECT_EQ(evaluate(all, std::vector<std::int64_t>{3, 250}),
            (std::vector<std::int64_t>{3283, 6566, -3283, -13132, 0, 3283}));
}

TEST(AdderGraph, PowersOfTwoAndEmptyMatricesNeedNoAdders) {
  EXPECT_TRUE(solved(matrixOf(2, 3, {1, 0, -4, 0, 64, 0}), bytes(2)).adders.empty());
  EXPECT_TRUE(solved(matrixOf(3, 2, {0, 0, 0, 0, 0, 0}), bytes(3)).adders.empty());
  EXPECT_TRUE(solved(matrixOf(0, 2, {}), {}).adders.empty());
  EXPECT_EQ(solved(matrixOf(0, 2, {}), {}).outputs.size(), 2U);
  EXPECT_TRUE(solved(matrixOf(2, 0, {}), bytes(2)).outputs.empty());
  // An input that is always 0 is not added.
  EXPECT_TRUE(solved(matrixOf(2, 1, {1, 77}), {{0, 255}, {0, 0}}).adders.empty());
}

TEST(AdderGraph, IsTheSameOnAnyNumberOfThreads) {
  ProblemSource source(11);
  for (int k = 0; k < 6; ++k) {
    const RandomProblem problem = source.problem(12, 10);
    for (const int effort : {1, 3, 5}) {
      AdderGraphOptions options;
      options.effort = effort;
      const AdderGraph one = solved(problem.matrix, problem.inputs, options);
      options.threads = 3;
      EXPECT_EQ(solved(problem.matrix, problem.inputs, options), one);
      EXPECT_EQ(solved(problem.matrix, problem.inputs, options), one);
    }
  }
}

TEST(AdderGraph, MoreEffortIsRarelyDearer) {
  ProblemSource source(5);
  std::int64_t first = 0;
  std::int64_t usual = 0;
  std::int64_t more = 0;
  for (int k = 0; k < 20; ++k) {
    const RandomProblem problem = source.problem(12, 12);
    const auto bitsAt = [&](int effort) {
      AdderGraphOptions options;
      options.effort = effort;
      const AdderGraphCost cost = costOf(solved(problem.matrix, problem.inputs, options));
      return cost.costBits + cost.resultBits;
    };
    first += bitsAt(0);
    usual += bitsAt(1);
    more += bitsAt(4);
  }
  EXPECT_LT(usual, first);
  EXPECT_LT(more, usual);
}

TEST(AdderGraph, RefusesWhatDoesNotFit) {
  const auto codeOf = [](const ConstantMatrix& matrix, const std::vector<Interval>& inputs,
                         const AdderGraphOptions& options = {}) {
    const Result<AdderGraph> graph = solveAdderGraph(matrix, inputs, options);
    return graph ? std::string("none") : graph.error().code;
  };
  const ConstantMatrix good = matrixOf(2, 1, {3, 5});
  EXPECT_EQ(codeOf(matrixOf(2, 2, {1, 2, 3}), bytes(2)), "adder-graph.shape");
  EXPECT_EQ(codeOf(good, bytes(3)), "adder-graph.shape");
  EXPECT_EQ(codeOf(good, {{0, 255}, {5, 4}}), "adder-graph.shape");
  EXPECT_EQ(codeOf(good, bytes(2), {.effort = 10}), "adder-graph.shape");
  EXPECT_EQ(codeOf(good, bytes(2), {.effort = -1}), "adder-graph.shape");
  EXPECT_EQ(codeOf(good, bytes(2), {.maxDepth = -1}), "adder-graph.shape");
  EXPECT_EQ(codeOf(good, bytes(2), {.inputDepths = {1}}), "adder-graph.shape");
  EXPECT_EQ(codeOf(good, bytes(2), {.inputDepths = {1, 99}}), "adder-graph.shape");
  EXPECT_EQ(codeOf(good, {{0, std::int64_t{1} << 60}, {0, 1}}), "adder-graph.too-wide");
  EXPECT_EQ(codeOf(matrixOf(1, 1, {INT64_MIN}), bytes(1)), "adder-graph.too-wide");
  EXPECT_EQ(codeOf(good, {{INT64_MIN, INT64_MAX}, {0, 1}}), "adder-graph.too-wide");
}

TEST(AdderGraph, IsRightUpToTheWidestSums) {
  ProblemSource source(3);
  int solvedOnes = 0;
  for (int k = 0; k < 200; ++k) {
    RandomProblem problem;
    problem.matrix = matrixOf(3, 3, std::vector<std::int64_t>(9));
    const std::int64_t bits = source.number(20, 59);
    for (std::int64_t& value : problem.matrix.values) {
      value = source.number(-(std::int64_t{1} << bits), std::int64_t{1} << bits);
    }
    const std::int64_t high = std::int64_t{1} << source.number(0, 30);
    problem.inputs = {{0, high}, {-high, high}, {high, high}};
    const Result<AdderGraph> graph = solveAdderGraph(problem.matrix, problem.inputs);
    if (!graph) {
      EXPECT_EQ(graph.error().code, "adder-graph.too-wide");
      continue;
    }
    ++solvedOnes;
    expectRight(problem, *graph, source);
  }
  EXPECT_GT(solvedOnes, 30);
}

// The benchmark's matrices beside the project, where they are there.
fs::path benchmarkFolder() {
  return fs::weakly_canonical(AEGEN_SOURCE_DIR "/../shared/bench/cmvm");
}

ConstantMatrix readMatrix(const fs::path& file) {
  ConstantMatrix matrix;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line) && !line.empty(); ++matrix.rows) {
    std::istringstream cells(line);
    matrix.columns = 0;
    for (std::string cell; std::getline(cells, cell, ','); ++matrix.columns) {
      matrix.values.push_back(std::stoll(cell));
    }
  }
  return matrix;
}

class BeatsDa4ml : public testing::TestWithParam<const char*> {};

TEST_P(BeatsDa4ml, StrictlyInsideItsFront) {
  const fs::path folder = benchmarkFolder();
  if (!fs::exists(folder / "peers.json")) GTEST_SKIP() << "no " << folder;
  std::ifstream in(folder / "peers.json");
  const nlohmann::json peers = nlohmann::json::parse(in);
  const ConstantMatrix matrix = readMatrix(folder / (std::string(GetParam()) + ".csv"));
  for (const auto& point : peers.at(GetParam()).at("da4ml_best_at_depth")) {
    AdderGraphOptions options;
    options.maxDepth = point.at("depth").get<int>();
    const AdderGraphCost cost = costOf(solved(matrix, bytes(matrix.rows), options));
    EXPECT_LE(cost.depth, *options.maxDepth);
    EXPECT_LT(cost.costBits, point.at("cost_bits").get<std::int64_t>());
    EXPECT_LT(cost.resultBits, point.at("result_bits").get<std::int64_t>());
  }
}

// The two larger ones are the benchmark's.
INSTANTIATE_TEST_SUITE_P(AdderGraph, BeatsDa4ml,
                         testing::Values("ae_conv_9x8", "cmssw_conv_27x8", "rand_16x16_4b",
                                         "rand_16x16_6b", "rand_16x16_8b", "rand_32x32_6b",
                                         "ae_dense_32x16_top"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace aegen::core
