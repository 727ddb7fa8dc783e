#include <algorithm>
#include <bit>
#include <queue>
#include <string>

#include "adder_graph_cost.hpp"
#include "aegen/core/adder_graph.hpp"

namespace aegen::core {
namespace {

struct Part {
  int depth = 0;
  std::uint32_t node = 0;
  int shift = 0;
  bool negated = false;
  std::vector<std::int64_t> form;

  bool operator<(const Part& o) const { return depth > o.depth; }
};

class PlainSums {
 public:
  PlainSums(const ConstantMatrix& matrix, std::span<const Interval> inputs,
            const AdderGraphOptions& options)
      : matrix_(matrix) {
    graph_.inputs.assign(inputs.begin(), inputs.end());
    graph_.inputDepths = options.inputDepths;
  }

  AdderGraph build() {
    for (std::size_t c = 0; c < matrix_.columns; ++c) graph_.outputs.push_back(column(c));
    return std::move(graph_);
  }

 private:
  AdderOutput column(std::size_t c) {
    std::priority_queue<Part> parts;
    for (std::size_t r = 0; r < matrix_.rows; ++r) {
      std::int64_t rest = matrix_.at(r, c);
      for (int shift = 0; rest != 0; ++shift, rest /= 2) {
        if (rest % 2 == 0) continue;
        const std::int64_t digit = (rest & 3) == 1 ? 1 : -1;
        rest -= digit;
        Part part{graph_.inputDepths.empty() ? 0 : graph_.inputDepths[r],
                  static_cast<std::uint32_t>(r), shift, digit < 0,
                  std::vector<std::int64_t>(matrix_.rows, 0)};
        part.form[r] = 1;
        parts.push(std::move(part));
      }
    }
    if (parts.empty()) return {};
    while (parts.size() > 1) {
      Part a = parts.top();
      parts.pop();
      Part b = parts.top();
      parts.pop();
      parts.push(sum(std::move(a), std::move(b)));
    }
    return {parts.top().node, parts.top().shift, parts.top().negated};
  }

  Part sum(Part a, Part b) {
    const int shift = std::min(a.shift, b.shift);
    if (a.negated && !b.negated) std::swap(a, b);
    AdderNode node{
        {a.node, a.shift - shift}, {b.node, b.shift - shift}, a.negated != b.negated, {}, 0};
    Part out{std::max(a.depth, b.depth) + 1,
             static_cast<std::uint32_t>(graph_.inputs.size() + graph_.adders.size()), shift,
             a.negated, std::move(a.form)};
    for (std::size_t r = 0; r < out.form.size(); ++r) {
      const std::int64_t right = b.form[r] << node.b.shift;
      out.form[r] = (out.form[r] << node.a.shift) + (node.subtract ? -right : right);
      const std::int64_t x = out.form[r] * graph_.inputs[r].low;
      const std::int64_t y = out.form[r] * graph_.inputs[r].high;
      node.range.low += std::min(x, y);
      node.range.high += std::max(x, y);
    }
    node.depth = out.depth;
    graph_.adders.push_back(node);
    return out;
  }

  const ConstantMatrix& matrix_;
  AdderGraph graph_;
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
  return PlainSums(matrix, inputs, options).build();
}

}  // namespace aegen::core
