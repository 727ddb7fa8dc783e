#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdlib>
#include <numeric>
#include <string>

#include "adder_graph_cost.hpp"
#include "adder_graph_search.hpp"
#include "adder_graph_sums.hpp"
#include "adder_graph_tree.hpp"
#include "aegen/core/adder_graph.hpp"

namespace aegen::core {
namespace {

void appendDigits(std::vector<Term>& terms, std::uint32_t row, std::int64_t value) {
  for (int shift = 0; value != 0; ++shift, value /= 2) {
    if (value % 2 == 0) continue;
    const std::int64_t digit = (value & 3) == 1 ? 1 : -1;
    value -= digit;
    terms.push_back({row, static_cast<std::int16_t>(shift), digit < 0});
  }
}

// The graph of a network: each sum's adders in the order its tree gives them.
class GraphBuilder {
 public:
  GraphBuilder(const SumNetwork& network, std::span<const int> inputDepths) : network_(network) {
    graph_.inputs.assign(network.inputs().begin(), network.inputs().end());
    graph_.inputDepths.assign(inputDepths.begin(), inputDepths.end());
  }

  AdderGraph build() {
    std::vector<std::uint32_t> order;
    for (std::uint32_t n = 0; n < network_.nodeCount(); ++n) {
      if (network_.isAlive(n)) order.push_back(n);
    }
    std::ranges::stable_sort(order, {}, [&](std::uint32_t n) { return network_.facts(n).depth; });
    std::ranges::stable_partition(order, [&](std::uint32_t n) { return network_.isInput(n); });
    built_.resize(network_.nodeCount());
    for (const std::uint32_t n : order) {
      if (network_.isInput(n)) {
        built_[n] = {n,
                     0,
                     false,
                     network_.facts(n).depth,
                     {network_.form(n).begin(), network_.form(n).end()}};
      } else {
        addSum(n);
      }
    }
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

  void addSum(std::uint32_t n) {
    tree_.weigh(network_, n, network_.depthAllowed(n));
    std::vector<Part> parts;
    for (const Term& term : network_.terms(n)) {
      Part part = built_[term.node];
      part.shift += term.shift;
      part.negated = part.negated != term.negated;
      parts.push_back(std::move(part));
    }
    for (const SumStep& step : tree_.steps()) parts.push_back(adder(parts[step.a], parts[step.b]));
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
    for (std::size_t r = 0; r < rows; ++r) {
      const std::int64_t right = second.form[r] << node.b.shift;
      const std::int64_t c = (first.form[r] << node.a.shift) + (node.subtract ? -right : right);
      sum.form[r] = c;
      const Interval& input = graph_.inputs[r];
      node.range.low += c * (c >= 0 ? input.low : input.high);
      node.range.high += c * (c >= 0 ? input.high : input.low);
    }
    if (node.subtract && widthOf({-node.range.high, -node.range.low}) < widthOf(node.range)) {
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
};

}  // namespace

Result<AdderGraph> solveAdderGraph(const ConstantMatrix& matrix, std::span<const Interval> inputs,
                                   const AdderGraphOptions& options) {
  if (matrix.values.size() != matrix.rows * matrix.columns || inputs.size() != matrix.rows ||
      (!options.inputDepths.empty() && options.inputDepths.size() != matrix.rows)) {
    return badInput("adder-graph.shape", "the sizes of matrix, inputs and depths do not fit",
                    std::to_string(matrix.rows) + " x " + std::to_string(matrix.columns) + ", " +
                        std::to_string(matrix.values.size()) + " values, " +
                        std::to_string(inputs.size()) + " inputs, " +
                        std::to_string(options.inputDepths.size()) + " depths");
  }
  SumNetwork network(inputs, options.inputDepths, options.maxDepth.value_or(40));
  for (std::size_t c = 0; c < matrix.columns; ++c) {
    std::vector<std::int64_t> form;
    std::uint64_t any = 0;
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      form.push_back(matrix.at(r, c));
      any |= static_cast<std::uint64_t>(form.back());
    }
    if (any == 0) {
      network.addOutput({});
      continue;
    }
    const int zeros = std::countr_zero(any);
    std::vector<Term> terms;
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      form[r] >>= zeros;
      appendDigits(terms, static_cast<std::uint32_t>(r), form[r]);
    }
    if (terms.size() == 1) {
      network.addOutput({terms[0].node, zeros, terms[0].negated});
      continue;
    }
    network.addOutput({network.addSum(form, terms), zeros, false});
  }
  Search search(std::move(network), options.seed);
  search.shareAll(getenv("NOISE") ? atof(getenv("NOISE")) : 0.0);
  if (getenv("WORK"))
    search.improve(strtoull(getenv("WORK"), nullptr, 10),
                   getenv("TEMP") ? atof(getenv("TEMP")) : 10.0);
  return GraphBuilder(search.network(), options.inputDepths).build();
}

}  // namespace aegen::core
