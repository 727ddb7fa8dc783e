#include "linear_network_writer.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "linear_matrices.hpp"

namespace aegen::core {
namespace {

class Writer {
 public:
  Writer(const LinearNetwork& network, const Function& function, const AdderGraphOptions& options)
      : network_(network),
        options_(options),
        leafValues_(network.leaves().size(), kNone),
        formValues_(network.formCount(), kNone) {
    out_.name = function.name;
    out_.comment = function.comment;
    out_.inputs = function.inputs;
    out_.outputs = function.outputs;
    for (std::uint32_t i = 0; i < function.inputElements(); ++i) {
      out_.values.push_back(function.values[i]);
      ranges_.push_back(function.values[i].format.range());
      names_.insert(function.values[i].name);
      leafValues_[i] = i;
    }
    for (const Port& port : function.inputs) {
      for (std::uint32_t i = 0; i < port.count; ++i) {
        elementNames_.push_back(port.count == 1 ? port.name : port.name + "_" + std::to_string(i));
      }
    }
  }

  Result<WrittenNetwork> run() {
    int last = 0;
    for (const NetworkLeaf& leaf : network_.leaves()) last = std::max(last, leaf.level);
    for (int level = 0; level <= last; ++level) {
      writeLeaves(level);
      if (auto good = writeForms(level); !good) return good.error();
    }
    for (const FormUse& output : network_.outputs()) out_.outputValues.push_back(read(output));
    if (tooWide_) {
      return badInput("adder-graph.too-wide", "a shifted value needs more than 62 bits",
                      "function '" + out_.name + "'");
    }
    return WrittenNetwork{std::move(out_), matrices_};
  }

 private:
  static constexpr ValueId kNone = ~ValueId{0};

  ValueId append(Instruction instruction, const FixedFormat& format, const Interval& range,
                 std::string name = {}) {
    if (!names_.insert(name).second) name.clear();
    const auto id = static_cast<ValueId>(out_.values.size());
    instruction.results = {id};
    out_.values.push_back({format, std::move(name)});
    ranges_.push_back(range);
    out_.instructions.push_back(std::move(instruction));
    return id;
  }

  // Equal wires are made once.
  ValueId wire(Op op, std::int64_t immediate, const std::vector<ValueId>& operands,
               const FixedFormat& format, const Interval& range) {
    const auto key = std::tuple(op, immediate, operands, format.text());
    if (const auto found = wires_.find(key); found != wires_.end()) return found->second;
    const ValueId id =
        append({.op = op, .operands = operands, .immediate = immediate}, format, range);
    wires_[key] = id;
    return id;
  }

  [[nodiscard]] const FixedFormat& format(ValueId value) const { return out_.values[value].format; }

  ValueId constant(std::int64_t raw, int fraction) {
    return wire(Op::Const, raw, {}, FixedFormat::holding({raw, raw}, fraction), {raw, raw});
  }

  // The same raw integer with another fraction, as wide as it is.
  ValueId withFraction(ValueId value, int fraction) {
    FixedFormat to = format(value);
    if (to.fraction == fraction) return value;
    to.fraction = fraction;
    return wire(Op::Reinterpret, 0, {value}, to, ranges_[value]);
  }

  ValueId shiftedLeft(ValueId value, int bits) {
    if (bits == 0) return value;
    const Int128 factor = Int128{1} << bits;
    const WideInterval wide{ranges_[value].low * factor, ranges_[value].high * factor};
    if (!isNarrow(wide)) {
      tooWide_ = true;
      return value;
    }
    const Interval range = wide.clamped();
    return wire(Op::ShiftLeft, bits, {value}, FixedFormat::holding(range, format(value).fraction),
                range);
  }

  ValueId added(ValueId a, ValueId b, bool subtract, const Interval& range, std::string name = {}) {
    return append({.op = subtract ? Op::Sub : Op::Add, .operands = {a, b}},
                  FixedFormat::holding(range, format(a).fraction), range, std::move(name));
  }

  // A value that has the form, in any format.
  ValueId valueOf(std::uint32_t form) {
    if (formValues_[form] != kNone) return formValues_[form];
    const LinearForm& linear = network_.form(form);
    assert(isWiring(linear) && "a level's forms are written before they are read");
    if (linear.terms.empty()) return constant(linear.constant, 0);
    const auto coefficient = static_cast<std::uint64_t>(linear.terms[0].coefficient);
    formValues_[form] =
        shiftedLeft(leafValues_[linear.terms[0].leaf], std::countr_zero(coefficient));
    return formValues_[form];
  }

  ValueId read(const FormUse& use) {
    const ValueId value = withFraction(valueOf(use.form), use.format.fraction);
    if (!use.exactFormat || format(value) == use.format) return value;
    return wire(Op::Reinterpret, 0, {value}, use.format, ranges_[value]);
  }

  // ---- leaves -----------------------------------------------------------------------------------

  void writeLeaves(int level) {
    for (std::uint32_t i = 0; i < network_.leaves().size(); ++i) {
      const NetworkLeaf& leaf = network_.leaves()[i];
      if (leaf.level != level || !network_.leafLive(i) || leafValues_[i] != kNone) continue;
      switch (leaf.kind) {
        case NetworkLeaf::Kind::Input:
          break;
        case NetworkLeaf::Kind::Kept:
          keep(network_.kept()[leaf.source]);
          break;
        case NetworkLeaf::Kind::Cut:
          leafValues_[i] = cut(leaf);
          break;
        case NetworkLeaf::Kind::LowBitsZero:
          leafValues_[i] = lowBitsZero(leaf);
          break;
      }
    }
  }

  void keep(const KeptInstruction& kept) {
    Instruction instruction = *kept.instruction;
    for (std::size_t i = 0; i < kept.operands.size(); ++i) {
      instruction.operands[i] = read(kept.operands[i]);
    }
    instruction.results.clear();
    for (const std::uint32_t leaf : kept.leaves) {
      const auto id = static_cast<ValueId>(out_.values.size());
      std::string name = leafName(leaf);
      if (!names_.insert(name).second) name.clear();
      out_.values.push_back({network_.leaves()[leaf].format, std::move(name)});
      ranges_.push_back(network_.leafRanges()[leaf]);
      instruction.results.push_back(id);
      leafValues_[leaf] = id;
    }
    out_.instructions.push_back(std::move(instruction));
  }

  ValueId cut(const NetworkLeaf& leaf) {
    const ValueId whole = withFraction(valueOf(leaf.source), leaf.format.fraction + leaf.bits);
    return append({.op = Op::Requantize, .operands = {whole}}, leaf.format, leaf.range,
                  multipleName(network_.form(leaf.source), "_cut"));
  }

  ValueId lowBitsZero(const NetworkLeaf& leaf) {
    const ValueId whole = valueOf(leaf.source);
    const FixedFormat low{false, leaf.bits, 0};
    const ValueId bits = wire(Op::Slice, 0, {whole}, low, low.range());
    return append({.op = Op::Equal, .operands = {bits, constant(0, 0)}}, FixedFormat{}, {0, 1},
                  multipleName(network_.form(leaf.source), "_whole"));
  }

  [[nodiscard]] std::string leafName(std::uint32_t leaf) const {
    if (leaf < elementNames_.size()) {
      return out_.values[leaf].name.empty() ? elementNames_[leaf] : out_.values[leaf].name;
    }
    return network_.nameOf(LinearForm::of(leaf));
  }

  // `x_3_times_5` and an ending, where the leaf has a name.
  [[nodiscard]] std::string multipleName(const LinearForm& form, const char* ending = "") const {
    if (form.terms.size() != 1 || form.constant != 0 || form.terms[0].coefficient < 0) return {};
    const std::string leaf = leafName(form.terms[0].leaf);
    if (leaf.empty()) return {};
    const std::int64_t factor = form.terms[0].coefficient;
    return leaf + (factor == 1 ? "" : "_times_" + std::to_string(factor)) + ending;
  }

  // ---- forms ------------------------------------------------------------------------------------

  struct Target {
    std::uint32_t form = 0;
    FormColumn column;
  };

  Result<void> writeForms(int level) {
    std::vector<Target> targets;
    std::vector<LinearForm> columns;
    std::set<LinearForm> seen;
    std::map<LinearForm, int> votes;
    for (std::uint32_t id = 0; id < network_.formCount(); ++id) {
      const LinearForm& form = network_.form(id);
      if (!network_.formLive(id) || isWiring(form) || network_.level(form) != level) continue;
      targets.push_back({id, columnOf(form)});
      const FormColumn& part = targets.back().column;
      if (!part.column.leaf()) votes[part.column] += part.negated ? -1 : 1;
    }
    // A column has the sign that most of its targets have.
    for (Target& target : targets) {
      FormColumn& part = target.column;
      const auto vote = votes.find(part.column);
      if (vote == votes.end()) continue;
      if (vote->second < 0) {
        part.column = *multiply(part.column, -1);
        part.negated = !part.negated;
      }
      if (seen.insert(part.column).second) columns.push_back(part.column);
    }
    for (const LinearMatrix& matrix : matricesOf(columns)) {
      if (matrix.gain != LinearMatrix::Gain::None) ++matrices_;
      const auto additions = additionsFor(matrix, network_.leafRanges(), options_);
      if (!additions) return additions.error();
      writeGraph(matrix, *additions, targets);
    }
    for (const Target& target : targets) writeTarget(target);
    return {};
  }

  // The fraction most of a matrix' rows have: the others are read with it.
  [[nodiscard]] int fractionOf(const LinearMatrix& matrix) const {
    std::map<int, std::size_t> votes;
    for (const std::uint32_t leaf : matrix.leaves) ++votes[format(leafValues_[leaf]).fraction];
    return std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; })->first;
  }

  void writeGraph(const LinearMatrix& matrix, const LinearAdditions& additions,
                  const std::vector<Target>& targets) {
    const auto& [graph, forms] = additions;
    const int fraction = fractionOf(matrix);
    std::map<std::uint32_t, std::string> given = namesOf(matrix, graph, targets);
    std::vector<ValueId> nodes;
    for (const std::uint32_t leaf : matrix.leaves) {
      nodes.push_back(withFraction(leafValues_[leaf], fraction));
    }
    const std::vector<bool> used = usedNodes(graph);
    for (const AdderNode& adder : graph.adders) {
      const auto node = static_cast<std::uint32_t>(nodes.size());
      if (!used[node]) {
        nodes.push_back(kNone);
        continue;
      }
      const ValueId a = shiftedLeft(nodes[adder.a.node], adder.a.shift);
      const ValueId b = shiftedLeft(nodes[adder.b.node], adder.b.shift);
      std::string name = given[node].empty() ? multipleName(forms[node]) : given[node];
      nodes.push_back(added(a, b, adder.subtract, network_.range(forms[node]), std::move(name)));
    }
    for (std::size_t c = 0; c < matrix.columns.size(); ++c) {
      const AdderOutput& output = graph.outputs[c];
      columns_[matrix.columns[c]] = {shiftedLeft(nodes[*output.node], output.shift),
                                     output.negated};
    }
  }

  // Names that values of the original function give to nodes that are just that.
  [[nodiscard]] std::map<std::uint32_t, std::string> namesOf(
      const LinearMatrix& matrix, const AdderGraph& graph,
      const std::vector<Target>& targets) const {
    std::map<std::uint32_t, std::string> out;
    for (const Target& target : targets) {
      const auto column = std::ranges::find(matrix.columns, target.column.column);
      if (column == matrix.columns.end() || target.column.shift != 0 ||
          target.column.constant != 0) {
        continue;
      }
      const AdderOutput& output =
          graph.outputs[static_cast<std::size_t>(column - matrix.columns.begin())];
      if (output.shift == 0 && output.negated == target.column.negated) {
        out[*output.node] = network_.name(target.form);
      }
    }
    return out;
  }

  [[nodiscard]] static std::vector<bool> usedNodes(const AdderGraph& graph) {
    std::vector<bool> used(graph.inputs.size() + graph.adders.size(), false);
    for (const AdderOutput& output : graph.outputs) used[*output.node] = true;
    for (std::size_t i = graph.adders.size(); i-- > 0;) {
      if (!used[graph.inputs.size() + i]) continue;
      used[graph.adders[i].a.node] = true;
      used[graph.adders[i].b.node] = true;
    }
    return used;
  }

  // +-(column << shift) + constant.
  void writeTarget(const Target& target) {
    const FormColumn& part = target.column;
    const LinearForm& form = network_.form(target.form);
    ValueId value = kNone;
    bool negated = part.negated;
    if (const auto leaf = part.column.leaf()) {
      value = leafValues_[*leaf];
    } else {
      const Column& column = columns_.at(part.column);
      value = column.value;
      negated = negated != column.negated;
    }
    value = shiftedLeft(value, part.shift);
    if (negated || part.constant != 0) {
      const Interval range = network_.range(form);
      const ValueId offset = constant(part.constant, format(value).fraction);
      value = negated ? added(offset, value, true, range, network_.name(target.form))
                      : added(value, offset, false, range, network_.name(target.form));
    }
    formValues_[target.form] = value;
  }

  struct Column {
    ValueId value = kNone;
    bool negated = false;
  };

  const LinearNetwork& network_;
  const AdderGraphOptions& options_;
  Function out_;
  std::vector<Interval> ranges_;  ///< of the values written
  std::set<std::string> names_{""};
  std::vector<std::string> elementNames_;
  std::vector<ValueId> leafValues_;
  std::vector<ValueId> formValues_;
  std::map<LinearForm, Column> columns_;
  std::map<std::tuple<Op, std::int64_t, std::vector<ValueId>, std::string>, ValueId> wires_;
  std::size_t matrices_ = 0;
  bool tooWide_ = false;
};

}  // namespace

Result<WrittenNetwork> writeNetwork(const LinearNetwork& network, const Function& function,
                                    const AdderGraphOptions& options) {
  return Writer(network, function, options).run();
}

}  // namespace aegen::core
