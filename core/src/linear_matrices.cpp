#include "linear_matrices.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <map>
#include <numeric>
#include <set>

namespace aegen::core {
namespace {

WideInterval shiftedRange(const Interval& range, int shift) {
  const Int128 factor = Int128{1} << std::min(shift, 63);
  return {range.low * factor, range.high * factor};
}

bool isPowerOfTwo(std::int64_t value) {
  return std::has_single_bit(static_cast<std::uint64_t>(value < 0 ? -value : value));
}

// Whether any leaf is multiplied, or else two columns have two leaves in common.
LinearMatrix::Gain gainOf(const LinearMatrix& matrix) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  std::map<std::uint32_t, std::size_t> uses;
  for (const LinearForm& column : matrix.columns) {
    for (const LinearForm::Term& term : column.terms) {
      if (!isPowerOfTwo(term.coefficient)) return LinearMatrix::Gain::Products;
      ++uses[term.leaf];
    }
  }
  // Pairs among leaves of several columns only: the others cannot repeat.
  for (const LinearForm& column : matrix.columns) {
    std::vector<std::uint32_t> shared;
    for (const LinearForm::Term& term : column.terms) {
      if (const auto found = uses.find(term.leaf); found != uses.end() && found->second > 1) {
        shared.push_back(term.leaf);
      }
    }
    for (std::size_t i = 0; i < shared.size(); ++i) {
      for (std::size_t j = i + 1; j < shared.size(); ++j) {
        if (!pairs.insert({shared[i], shared[j]}).second) return LinearMatrix::Gain::CommonTerms;
      }
    }
  }
  return LinearMatrix::Gain::None;
}

// One term of a sum that is still to be added.
struct Addend {
  AdderOperand operand;
  bool negative = false;
  Interval range;  ///< of the node, not shifted
  int top = 0;     ///< bits up to its highest
};

// Sums of a matrix' columns, the narrowest terms first, nothing shared.
class Trees {
 public:
  Trees(const std::vector<Interval>& inputs, const LinearMatrix& matrix) : matrix_(matrix) {
    graph_.inputs = inputs;
  }

  // Empty where a sum is too wide.
  std::optional<AdderGraph> run() {
    for (const LinearForm& column : matrix_.columns) {
      std::vector<Addend> addends;
      for (const LinearForm::Term& term : column.terms) digits(term, addends);
      while (addends.size() > 1) {
        std::ranges::stable_sort(addends, {}, &Addend::top);
        const Addend sum = joined(addends[0], addends[1]);
        addends.erase(addends.begin(), addends.begin() + 2);
        addends.push_back(sum);
      }
      graph_.outputs.push_back(
          {addends[0].operand.node, addends[0].operand.shift, addends[0].negative});
    }
    if (tooWide_) return std::nullopt;
    return std::move(graph_);
  }

 private:
  static Addend addend(std::uint32_t node, int shift, bool negative, const Interval& range) {
    return {{node, shift}, negative, range, FixedFormat::holding(range, 0).width + shift};
  }

  void digits(const LinearForm::Term& term, std::vector<Addend>& out) const {
    const auto row = static_cast<std::uint32_t>(
        std::ranges::lower_bound(matrix_.leaves, term.leaf) - matrix_.leaves.begin());
    std::int64_t rest = term.coefficient;
    for (int shift = 0; rest != 0; ++shift) {
      if (rest % 2 != 0) {
        const bool negative = (rest & 3) == 3;
        out.push_back(addend(row, shift, negative, graph_.inputs[row]));
        rest += negative ? 1 : -1;
      }
      rest /= 2;
    }
  }

  // a + b; where one is negative it is subtracted, where both are their sum stays negative.
  Addend joined(Addend a, Addend b) {
    if (a.negative && !b.negative) std::swap(a, b);
    const bool subtract = a.negative != b.negative;
    const int common = std::min(a.operand.shift, b.operand.shift);
    a.operand.shift -= common;
    b.operand.shift -= common;
    const WideInterval x = shiftedRange(a.range, a.operand.shift);
    const WideInterval y = shiftedRange(b.range, b.operand.shift);
    const WideInterval wide = subtract ? WideInterval{x.low - y.high, x.high - y.low}
                                       : WideInterval{x.low + y.low, x.high + y.high};
    tooWide_ = tooWide_ || !isNarrow(wide);
    const Interval range = isNarrow(wide) ? wide.clamped() : Interval{};
    const int depth = 1 + std::max(depthOf(a.operand.node), depthOf(b.operand.node));
    graph_.adders.push_back({a.operand, b.operand, subtract, range, depth});
    return addend(static_cast<std::uint32_t>(graph_.inputs.size() + graph_.adders.size() - 1),
                  common, a.negative, range);
  }

  [[nodiscard]] int depthOf(std::uint32_t node) const {
    return node < graph_.inputs.size() ? 0 : graph_.adders[node - graph_.inputs.size()].depth;
  }

  const LinearMatrix& matrix_;
  AdderGraph graph_;
  bool tooWide_ = false;
};

// Each adder's result or its negative, whichever makes for fewer negations of outputs, fewer
// subtractions, which invert an operand, and fewer sign bits.
class SignChooser {
 public:
  explicit SignChooser(AdderGraph& graph)
      : graph_(graph),
        inputs_(graph.inputs.size()),
        turned_(graph.inputs.size() + graph.adders.size(), false),
        users_(turned_.size()),
        outputs_(turned_.size()) {
    for (std::size_t i = 0; i < graph.adders.size(); ++i) {
      const AdderNode& adder = graph.adders[i];
      users_[adder.a.node].push_back(inputs_ + i);
      if (adder.b.node != adder.a.node) users_[adder.b.node].push_back(inputs_ + i);
    }
    for (const AdderOutput& output : graph.outputs) {
      if (output.node) outputs_[*output.node].push_back(output.negated);
    }
  }

  void run() {
    constexpr int kMostRounds = 8;
    bool better = true;
    for (int round = 0; round < kMostRounds && better; ++round) {
      better = false;
      for (std::size_t node = turned_.size(); node-- > inputs_;) {
        const AdderNode& adder = graph_.adders[node - inputs_];
        better = improves({node}) || improves({node, adder.a.node}) ||
                 improves({node, adder.b.node}) || better;
      }
    }
    write();
  }

 private:
  // In parts of a full adder: a bit, the inverter of a subtracted bit, a negated bit.
  static constexpr std::int64_t kBit = 15;
  static constexpr std::int64_t kInvertedBit = 2;
  static constexpr std::int64_t kNegatedBit = 12;
  static constexpr std::int64_t kNever = std::int64_t{1} << 40;

  struct Signs {
    bool a = false;  ///< the operand is subtracted
    bool b = false;
  };

  [[nodiscard]] Signs signsOf(std::size_t node) const {
    const AdderNode& adder = graph_.adders[node - inputs_];
    return {turned_[node] != turned_[adder.a.node],
            turned_[node] != (adder.subtract != turned_[adder.b.node])};
  }

  [[nodiscard]] Interval rangeOfNode(std::size_t node) const {
    const Interval range =
        node < inputs_ ? graph_.inputs[node] : graph_.adders[node - inputs_].range;
    return turned_[node] ? Interval{-range.high, -range.low} : range;
  }

  [[nodiscard]] std::int64_t cost(std::size_t node) const {
    const std::int64_t width = FixedFormat::holding(rangeOfNode(node), 0).width;
    const Signs signs = signsOf(node);
    std::int64_t out = width * kBit;
    if (signs.a && signs.b) out += kNever;
    if (signs.a != signs.b) out += width * kInvertedBit;
    for (const bool negated : outputs_[node]) {
      if (negated != turned_[node]) out += width * kNegatedBit;
    }
    return out;
  }

  // Turns `nodes` if that costs less.
  bool improves(const std::vector<std::size_t>& nodes) {
    if (std::ranges::any_of(nodes, [&](std::size_t node) { return node < inputs_; })) return false;
    std::set<std::size_t> affected(nodes.begin(), nodes.end());
    for (const std::size_t node : nodes) affected.insert(users_[node].begin(), users_[node].end());
    const auto total = [&] {
      std::int64_t sum = 0;
      for (const std::size_t node : affected) sum += cost(node);
      return sum;
    };
    const std::int64_t before = total();
    for (const std::size_t node : nodes) turned_[node] = !turned_[node];
    if (total() < before) return true;
    for (const std::size_t node : nodes) turned_[node] = !turned_[node];
    return false;
  }

  void write() {
    for (AdderOutput& output : graph_.outputs) {
      if (output.node) output.negated = output.negated != turned_[*output.node];
    }
    std::vector<Signs> signs;
    for (std::size_t node = inputs_; node < turned_.size(); ++node) signs.push_back(signsOf(node));
    for (std::size_t i = 0; i < graph_.adders.size(); ++i) {
      AdderNode& adder = graph_.adders[i];
      adder.range = rangeOfNode(inputs_ + i);
      adder.subtract = signs[i].a != signs[i].b;
      if (signs[i].a) std::swap(adder.a, adder.b);
    }
  }

  AdderGraph& graph_;
  std::size_t inputs_;
  std::vector<bool> turned_;
  std::vector<std::vector<std::size_t>> users_;
  std::vector<std::vector<bool>> outputs_;  ///< of a node, whether each is negated
};

std::optional<LinearForm> shifted(const LinearForm& form, int shift) {
  return shift > 61 ? std::nullopt : multiply(form, std::int64_t{1} << shift);
}

LinearForm signedForm(const LinearForm& form, bool negated) {
  return negated ? *multiply(form, -1) : form;
}

// What the nodes are; empty where one, or an operand as it is added, is too wide.
std::optional<std::vector<LinearForm>> nodeForms(const LinearMatrix& matrix,
                                                 std::span<const Interval> leaves,
                                                 const AdderGraph& graph) {
  std::vector<LinearForm> forms;
  for (const std::uint32_t leaf : matrix.leaves) forms.push_back(LinearForm::of(leaf));
  for (const AdderNode& adder : graph.adders) {
    const auto a = shifted(forms[adder.a.node], adder.a.shift);
    const auto b = shifted(forms[adder.b.node], adder.b.shift);
    if (!a || !b) return std::nullopt;
    const auto sum = adder.subtract ? subtract(*a, *b) : add(*a, *b);
    if (!sum || !isNarrow(rangeOf(*a, leaves)) || !isNarrow(rangeOf(*b, leaves)) ||
        !isNarrow(rangeOf(*sum, leaves))) {
      return std::nullopt;
    }
    forms.push_back(*sum);
  }
  return forms;
}

// Rows of a matrix for the solver.
ConstantMatrix denseOf(const LinearMatrix& matrix) {
  ConstantMatrix out{matrix.leaves.size(), matrix.columns.size(), {}};
  out.values.assign(out.rows * out.columns, 0);
  for (std::size_t c = 0; c < matrix.columns.size(); ++c) {
    for (const LinearForm::Term& term : matrix.columns[c].terms) {
      const auto row = static_cast<std::size_t>(std::ranges::lower_bound(matrix.leaves, term.leaf) -
                                                matrix.leaves.begin());
      out.values[row * out.columns + c] = term.coefficient;
    }
  }
  return out;
}

}  // namespace

FormColumn columnOf(const LinearForm& form) {
  FormColumn out{{form.terms, 0}, 0, false, form.constant};
  if (form.terms.empty()) return out;
  out.shift = out.column.trailingZeros();
  out.column = shiftedDown(out.column, out.shift);
  out.negated = out.column.terms[0].coefficient < 0;
  out.column = signedForm(out.column, out.negated);
  return out;
}

std::vector<LinearMatrix> matricesOf(const std::vector<LinearForm>& columns) {
  // Each column joins the leaves it reads.
  std::map<std::uint32_t, std::size_t> ownerOfLeaf;
  std::vector<std::size_t> parent(columns.size());
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&](std::size_t c) {
    while (parent[c] != c) c = parent[c] = parent[parent[c]];
    return c;
  };
  for (std::size_t c = 0; c < columns.size(); ++c) {
    for (const LinearForm::Term& term : columns[c].terms) {
      const auto [owner, isNew] = ownerOfLeaf.try_emplace(term.leaf, c);
      if (isNew) continue;
      const std::size_t a = root(owner->second);
      const std::size_t b = root(c);
      parent[std::max(a, b)] = std::min(a, b);
    }
  }
  std::map<std::size_t, LinearMatrix> byRoot;
  for (std::size_t c = 0; c < columns.size(); ++c) byRoot[root(c)].columns.push_back(columns[c]);
  for (const auto& [leaf, owner] : ownerOfLeaf) byRoot[root(owner)].leaves.push_back(leaf);
  std::vector<LinearMatrix> out;
  for (auto& [first, matrix] : byRoot) {
    matrix.gain = gainOf(matrix);
    out.push_back(std::move(matrix));
  }
  return out;
}

Result<LinearAdditions> additionsFor(const LinearMatrix& matrix, std::span<const Interval> leaves,
                                     const AdderGraphOptions& options) {
  const Diagnostic tooWide = badInput(
      "adder-graph.too-wide", "a sum needs more than " + std::to_string(kMaxWidth - 1) + " bits",
      std::to_string(matrix.columns.size()) + " sums");
  std::vector<Interval> inputs;
  for (const std::uint32_t leaf : matrix.leaves) inputs.push_back(leaves[leaf]);
  auto graph = Trees(inputs, matrix).run();
  if (!graph) return tooWide;
  if (matrix.gain != LinearMatrix::Gain::None) {
    const AdderGraphCost trees = costOf(*graph);
    AdderGraphOptions limited = options;
    // Plain sums get no deeper: trees are what they were.
    if (matrix.gain == LinearMatrix::Gain::CommonTerms && !options.maxDepth) {
      limited.maxDepth = trees.depth;
    }
    auto solved = solveAdderGraph(denseOf(matrix), inputs, limited);
    if (!solved && solved.error().code != "adder-graph.too-wide") return solved.error();
    if (solved) {
      const AdderGraphCost cost = costOf(*solved);
      const bool shallower = options.maxDepth && trees.depth > *options.maxDepth;
      if (shallower || cost.costBits < trees.costBits) graph = std::move(*solved);
    }
  }
  SignChooser(*graph).run();
  auto forms = nodeForms(matrix, leaves, *graph);
  if (!forms) return tooWide;
  for (std::size_t c = 0; c < matrix.columns.size(); ++c) {
    const AdderOutput& output = graph->outputs[c];
    assert(output.node && signedForm(*shifted((*forms)[*output.node], output.shift),
                                     output.negated) == matrix.columns[c]);
    static_cast<void>(output);
  }
  return LinearAdditions{std::move(*graph), std::move(*forms)};
}

}  // namespace aegen::core
