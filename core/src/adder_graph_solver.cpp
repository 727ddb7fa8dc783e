#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "adder_graph_builder.hpp"
#include "adder_graph_search.hpp"
#include "adder_graph_start.hpp"
#include "adder_graph_sums.hpp"
#include "aegen/core/adder_graph.hpp"
#include "aegen/core/workers.hpp"

namespace aegen::core {
namespace {

__extension__ using Int128 = __int128;

constexpr int kHighestEffort = 9;
// Deeper than any cheap graph, and 2 to its power still counts in a machine word.
constexpr int kUnlimited = 48;
constexpr int kDeepestInput = 32;
// What the sums of a column's digits may come to: past the first there is no graph, past the second
// none that shares, because other ways to write a sum could leave 63 bits on the way.
constexpr Int128 kWidest = Int128{1} << (kMaxWidth - 1);
constexpr Int128 kWidestShared = Int128{1} << 55;

// Steps of search at effort 1 by the square of the matrix's digits, and at most; each further
// effort takes so many times more. A step is some 0.1 us.
constexpr double kStepsPerDigitSquared = 0.75;
constexpr double kFewestSteps = 1e4;
constexpr double kMostSteps = 5e7;
constexpr double kEffortFactor = 2.5;
// Pairs of digits past which one start is enough to wait for.
constexpr std::uint64_t kManyPairs = 2'000'000;

Result<void> check(const ConstantMatrix& matrix, std::span<const Interval> inputs,
                   const AdderGraphOptions& options) {
  const auto wrong = [](std::string message, std::string where = {}) {
    return badInput("adder-graph.shape", std::move(message), std::move(where));
  };
  if (matrix.values.size() != matrix.rows * matrix.columns || inputs.size() != matrix.rows ||
      (!options.inputDepths.empty() && options.inputDepths.size() != matrix.rows)) {
    return wrong("the sizes of matrix, inputs and depths of inputs do not fit each other",
                 std::to_string(matrix.rows) + " x " + std::to_string(matrix.columns) + ", " +
                     std::to_string(matrix.values.size()) + " values, " +
                     std::to_string(inputs.size()) + " inputs, " +
                     std::to_string(options.inputDepths.size()) + " depths");
  }
  if (options.effort < 0 || options.effort > kHighestEffort) {
    return wrong("the effort is 0 to 9", std::to_string(options.effort));
  }
  if (options.maxDepth && *options.maxDepth < 0) {
    return wrong("the deepest path has 0 adders or more", std::to_string(*options.maxDepth));
  }
  for (const int depth : options.inputDepths) {
    if (depth < 0 || depth > kDeepestInput) {
      return wrong("an input is 0 to 32 adders deep", std::to_string(depth));
    }
  }
  for (std::size_t r = 0; r < inputs.size(); ++r) {
    if (inputs[r].low > inputs[r].high) {
      return wrong("an input's range is empty", "input " + std::to_string(r));
    }
  }
  return {};
}

Int128 magnitude(Int128 value) {
  return value < 0 ? -value : value;
}

// What the digits of a column sum up to at most: those of a number reach twice the number.
Result<Int128> widestSum(const ConstantMatrix& matrix, std::span<const Interval> inputs) {
  Int128 widest = 0;
  for (std::size_t c = 0; c < matrix.columns; ++c) {
    Int128 sum = 0;
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      const Int128 reach = std::max(magnitude(inputs[r].low), magnitude(inputs[r].high));
      sum += 2 * magnitude(matrix.at(r, c)) * std::max<Int128>(reach, 1);
      if (sum >= kWidest) {
        return badInput("adder-graph.too-wide",
                        "a sum, or a part of it, would need more than 63 bits",
                        "column " + std::to_string(c));
      }
    }
    widest = std::max(widest, sum);
  }
  return widest;
}

class Solver {
 public:
  Solver(const ConstantMatrix& matrix, std::span<const Interval> inputs,
         const AdderGraphOptions& options)
      : columns_(matrix), inputs_(inputs), options_(options) {
    limit_ = std::max(std::min(options.maxDepth.value_or(kUnlimited), kUnlimited),
                      shallowest(columns_, options.inputDepths));
    digits_ = digitsOf(columns_);
    pairs_ = digits_ * digits_ / (2 * std::max<std::uint64_t>(columns_.forms.size(), 1));
  }

  // Without sharing: what every other graph is at most.
  [[nodiscard]] AdderGraph plain() const { return *graphOf(start({}), options_.inputDepths); }

  [[nodiscard]] AdderGraph best() const {
    std::vector<Search> searches = starts();
    const std::size_t chains = options_.effort == 0   ? 0
                               : options_.effort == 1 ? 1
                               : options_.effort < 5  ? 2
                                                      : 4;
    // As many as there are chains, the cheapest starts first and again from the first.
    std::vector<Search> chosen;
    for (std::size_t c = 0; c < std::max<std::size_t>(chains, 1); ++c) {
      chosen.push_back(searches[c % searches.size()]);
      chosen.back().reseed(options_.seed * 1000 + c);
    }
    if (chains > 0) {
      inParallel(chosen.size(), [&](std::size_t c) { chosen[c].improve(steps(), kHeat); });
    }
    const auto cheapest = std::ranges::min_element(chosen, {}, &Search::weight);
    const std::optional<AdderGraph> graph = graphOf(cheapest->network(), options_.inputDepths);
    return graph ? *graph : plain();
  }

 private:
  static constexpr double kHeat = 15;
  static constexpr int kDepthPrice = 3;

  [[nodiscard]] SumNetwork start(const StartOptions& start) const {
    return startNetwork(columns_, inputs_, options_.inputDepths, limit_, start);
  }

  [[nodiscard]] std::uint64_t steps() const {
    const double digits = static_cast<double>(digits_);
    return static_cast<std::uint64_t>(
        std::min(kFewestSteps + kStepsPerDigitSquared * digits * digits, kMostSteps) *
        std::pow(kEffortFactor, options_.effort - 1));
  }

  struct Way {
    StartOptions start;
    int depthPrice = 0;
  };

  [[nodiscard]] std::vector<Way> ways() const {
    std::vector<Way> ways(1);
    if (pairs_ > kManyPairs) return ways;
    // One column is like no other.
    if (options_.effort > 0 && columns_.forms.size() > 1) {
      ways.push_back({{.relation = 1.1}});
      ways.push_back({{.relation = 1.25}});
    }
    if (options_.effort > 1) {
      ways.push_back({{.relation = 1.0}});
      ways.push_back({{.relation = 1.15, .randomDigits = true, .seed = options_.seed}});
    }
    // Where depth is short, once more with a price on it.
    if (options_.effort > 0 && limit_ < kUnlimited) {
      for (std::size_t w = 0, count = ways.size(); w < count; ++w) {
        ways.push_back({ways[w].start, kDepthPrice});
      }
    }
    return ways;
  }

  // Shared greedily, the cheapest first.
  [[nodiscard]] std::vector<Search> starts() const {
    const std::vector<Way> all = ways();
    std::vector<std::optional<Search>> made(all.size());
    inParallel(all.size(), [&](std::size_t w) {
      made[w].emplace(start(all[w].start), options_.seed + w, all[w].depthPrice);
      made[w]->shareAll(0);
    });
    std::vector<Search> searches;
    for (std::optional<Search>& search : made) searches.push_back(std::move(*search));
    std::ranges::stable_sort(searches, {}, &Search::weight);
    return searches;
  }

  // Which thread does which piece makes no difference to any.
  void inParallel(std::size_t count, const std::function<void(std::size_t)>& work) const {
    const auto pieces = static_cast<unsigned>(std::min<std::size_t>(count, 64));
    Workers workers(std::clamp(options_.threads, 1U, pieces));
    std::atomic<std::size_t> next = 0;
    workers.run([&](unsigned) {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    });
  }

  DistinctColumns columns_;
  std::span<const Interval> inputs_;
  const AdderGraphOptions& options_;
  int limit_ = 0;
  std::uint64_t digits_ = 0;
  std::uint64_t pairs_ = 0;  // of digits within the columns, about
};

}  // namespace

Result<AdderGraph> solveAdderGraph(const ConstantMatrix& matrix, std::span<const Interval> inputs,
                                   const AdderGraphOptions& options) {
  if (const Result<void> fits = check(matrix, inputs, options); !fits) return fits.error();
  const Result<Int128> widest = widestSum(matrix, inputs);
  if (!widest) return widest.error();
  // Rows of inputs that are always 0 need no adders.
  ConstantMatrix needed = matrix;
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    if (inputs[r] != Interval{0, 0}) continue;
    for (std::size_t c = 0; c < matrix.columns; ++c) needed.values[r * matrix.columns + c] = 0;
  }
  const Solver solver(needed, inputs, options);
  return *widest < kWidestShared ? solver.best() : solver.plain();
}

}  // namespace aegen::core
