#include "adder_graph_builder.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "adder_graph_cost.hpp"
#include "adder_graph_tree.hpp"

namespace aegen::core {
namespace {

__extension__ using Int128 = __int128;

constexpr Int128 kTooWide = Int128{1} << (kMaxWidth - 1);

class GraphBuilder {
 public:
  GraphBuilder(const SumNetwork& network, std::span<const int> inputDepths) : network_(network) {
    graph_.inputs.assign(network.inputs().begin(), network.inputs().end());
    graph_.inputDepths.assign(inputDepths.begin(), inputDepths.end());
  }

  std::optional<AdderGraph> build() {
    built_.resize(network_.nodeCount());
    for (std::uint32_t n = 0; n < network_.rows(); ++n) {
      const std::span<const std::int64_t> form = network_.form(n);
      built_[n] = {n, 0, false, network_.facts(n).depth, {form.begin(), form.end()}};
    }
    for (const std::uint32_t n : sumsInOrder()) addSum(n);
    if (tooWide_) return std::nullopt;
    for (const SumOutput& output : network_.outputs()) {
      if (!output.node) {
        graph_.outputs.push_back({});
        continue;
      }
      const Part& part = built_[*output.node];
      graph_.outputs.push_back(
          {part.node, output.shift + part.shift, output.negated != part.negated});
    }
    return std::move(graph_);
  }

 private:
  struct Part {
    std::uint32_t node = 0;
    int shift = 0;
    bool negated = false;
    int depth = 0;
    std::vector<std::int64_t> form;  // of the node
  };

  // A sum is deeper than those it uses.
  [[nodiscard]] std::vector<std::uint32_t> sumsInOrder() const {
    std::vector<std::uint32_t> order;
    for (std::uint32_t n = 0; n < network_.nodeCount(); ++n) {
      if (!network_.isInput(n) && network_.isAlive(n)) order.push_back(n);
    }
    std::ranges::stable_sort(order, {}, [&](std::uint32_t n) { return network_.facts(n).depth; });
    return order;
  }

  void addSum(std::uint32_t n) {
    tree_.weigh(network_, n, network_.depthAllowed(n));
    std::vector<Part> parts;
    for (const Term& term : network_.terms(n)) {
      Part part = built_[term.node];
      part.shift += term.shift;
      part.negated = part.negated != term.negated;
      parts.push_back(std::move(part));
    }
    for (const SumStep& step : tree_.steps()) {
      Part sum = adder(parts[step.a], parts[step.b]);
      parts.push_back(std::move(sum));
    }
    built_[n] = std::move(parts.back());
  }

  Part adder(const Part& first, const Part& second) {
    const int shift = std::min(first.shift, second.shift);
    const std::size_t rows = network_.rows();
    Part sum{static_cast<std::uint32_t>(rows + graph_.adders.size()), shift, first.negated,
             std::max(first.depth, second.depth) + 1, std::vector<std::int64_t>(rows)};
    AdderNode node{{first.node, first.shift - shift},
                   {second.node, second.shift - shift},
                   first.negated != second.negated,
                   {},
                   sum.depth};
    Int128 low = 0;
    Int128 high = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const std::int64_t right = second.form[r] << node.b.shift;
      const std::int64_t c = (first.form[r] << node.a.shift) + (node.subtract ? -right : right);
      sum.form[r] = c;
      const Interval& input = graph_.inputs[r];
      low += Int128{c} * (c >= 0 ? input.low : input.high);
      high += Int128{c} * (c >= 0 ? input.high : input.low);
    }
    tooWide_ = tooWide_ || low < -kTooWide || high >= kTooWide;
    node.range = {static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
    // b - a where that is the narrower, with what it does to the sign left to the users.
    if (!tooWide_ && node.subtract &&
        widthOf({-node.range.high, -node.range.low}) < widthOf(node.range)) {
      std::swap(node.a, node.b);
      node.range = {-node.range.high, -node.range.low};
      sum.negated = !sum.negated;
      for (std::int64_t& c : sum.form) c = -c;
    }
    graph_.adders.push_back(node);
    return sum;
  }

  const SumNetwork& network_;
  AdderGraph graph_;
  SumTree tree_;
  std::vector<Part> built_;
  bool tooWide_ = false;
};

}  // namespace

std::optional<AdderGraph> graphOf(const SumNetwork& network, std::span<const int> inputDepths) {
  return GraphBuilder(network, inputDepths).build();
}

}  // namespace aegen::core
