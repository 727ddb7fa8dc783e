#include "sum_trees.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "sum_of_products.hpp"

namespace aegen::flows {

namespace {

using Json = nlohmann::json;

// Values are followed as 64-bit integers; one that may be beyond kFar fits no word.
constexpr int kMaxBits = 60;
constexpr std::int64_t kFar = std::int64_t{1} << kMaxBits;

struct Interval {
  std::int64_t low = 0;
  std::int64_t high = 0;

  [[nodiscard]] bool fits(int bits, bool isSigned) const {
    const std::int64_t span = std::int64_t{1} << (isSigned ? bits - 1 : bits);
    return low >= (isSigned ? -span : 0) && high < span;
  }
};

/// An operand after extension to the result's width: a word times 2^shift, exactly or (`modular`)
/// in the bits that count.
struct Operand {
  Word word;
  int shift = 0;
  bool modular = false;
  int child = -1;  ///< the node whose sum it is, when that is merged
};

/// A $mul, $add or $sub.
struct Node {
  std::string cell;
  bool isProduct = false;
  bool subtracts = false;
  std::vector<std::uint32_t> result;  ///< nets, lowest first
  Operand a;
  Operand b;
  Interval value;
  bool merged = false;  ///< into the only node that reads it
  bool built = false;
};

std::uint32_t netOf(const Json& bit) {
  if (bit.is_number()) {
    return bit.get<std::uint32_t>();
  }
  return bit.get<std::string>() == "1" ? 1 : 0;
}

std::vector<std::uint32_t> netsOf(const Json& cell, const char* pin) {
  std::vector<std::uint32_t> nets;
  for (const Json& bit : cell.at("connections").at(pin)) {
    nets.push_back(netOf(bit));
  }
  return nets;
}

bool flag(const Json& cell, const char* parameter) {
  const Json& value = cell.at("parameters").at(parameter);
  return value.is_number() ? value.get<int>() != 0 : value.get<std::string>().back() == '1';
}

Operand operandOf(std::vector<std::uint32_t> nets, bool isSigned, std::size_t width) {
  nets.resize(std::max<std::size_t>(nets.size(), 1), 0);
  const std::uint32_t top = isSigned ? nets.back() : 0;
  nets.resize(width, top);
  Operand operand;
  std::size_t size = width;
  if (nets.back() == 0) {
    while (size > 0 && nets[size - 1] == 0) {
      --size;
    }
  } else {
    while (size > 1 && nets[size - 2] == nets[size - 1]) {
      --size;
    }
    operand.word.isSigned = size < width;
    operand.modular = size == width;
  }
  std::size_t first = 0;
  while (first < size && nets[first] == 0) {
    ++first;
  }
  operand.shift = static_cast<int>(first);
  for (std::size_t i = first; i < size; ++i) {
    operand.word.bits.push_back(nets[i] == 1 ? kOne : Signal{nets[i], false});
  }
  return operand;
}

bool isConstant(const Word& word) {
  return std::ranges::all_of(word.bits, [](Signal bit) { return bit.isConstant(); });
}

Interval intervalOf(const Word& word) {
  const int bits = static_cast<int>(word.bits.size());
  if (bits == 0) {
    return {};
  }
  return word.isSigned
             ? Interval{-(std::int64_t{1} << (bits - 1)), (std::int64_t{1} << (bits - 1)) - 1}
             : Interval{0, (std::int64_t{1} << bits) - 1};
}

/// One module: finds its sums, builds them, rewrites its JSON.
class ModuleTrees {
 public:
  ModuleTrees(Json& module, const GateCosts& costs, const std::optional<AdderCell>& adder)
      : module_(module), costs_(costs), adder_(adder) {}

  /// False when there is nothing to do: no product of two variables.
  bool find() {
    for (const auto& [name, cell] : module_.at("cells").items()) {
      readCell(name, cell);
    }
    for (const auto& [name, port] : module_.at("ports").items()) {
      for (const Json& bit : port.at("bits")) {
        seen(netOf(bit));
        if (port.at("direction") != "input") {
          ++readers_[netOf(bit)];
        }
      }
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (std::size_t bit = 0; bit < nodes_[i].result.size(); ++bit) {
        driver_[nodes_[i].result[bit]] = {i, bit};
      }
    }
    std::vector<bool> done(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      analyse(i, done);
    }
    return std::ranges::any_of(nodes_, &Node::isProduct);
  }

  TreedModule build(MultiplierStyle style) {
    std::vector<ProductRows> candidates{ProductRows::Bits};
    if (style == MultiplierStyle::Booth) {
      candidates = {ProductRows::Booth};
    } else if (style == MultiplierStyle::Auto) {
      candidates = {ProductRows::Bits, ProductRows::Booth, ProductRows::BoothOfWide,
                    ProductRows::Pairs};
    }
    // Each sum by itself first; then all alike, for what sums can share.
    std::vector<std::map<std::size_t, ProductRows>> plans(1);
    for (const ProductRows rows : candidates) {
      plans.emplace_back();
      for (const std::size_t root : roots()) {
        plans.back()[root] = rows;
      }
    }
    for (const std::size_t root : roots()) {
      plans[0][root] = smallestAlone(root, candidates);
    }
    std::optional<Built> best;
    for (const auto& plan : plans) {
      Built built = construct(roots(), plan);
      if (!best || built.circuit.area() < best->circuit.area()) {
        best = std::move(built);
      }
    }
    TreedModule result;
    std::set<std::string> names;
    for (const std::size_t root : roots()) {
      const std::size_t products = productsOf(summandsOf(root, nullptr));
      result.products += products;
      ++result.sums;
      if (products > 0) {
        names.insert(std::string(nameOf(best->plan.at(root))));
      }
    }
    result.rows = fmt::format("{}", fmt::join(names, ", "));
    rewrite(*best);
    return result;
  }

 private:
  struct Built {
    GateCircuit circuit;
    std::map<std::uint32_t, Signal> results;  ///< of a net that a sum drives
    std::map<std::size_t, ProductRows> plan;
  };

  void seen(std::uint32_t net) { lastNet_ = std::max(lastNet_, net); }

  void readCell(const std::string& name, const Json& cell) {
    for (const auto& [pin, bits] : cell.at("connections").items()) {
      const bool isOutput = cell.at("port_directions").at(pin) == "output";
      for (const Json& bit : bits) {
        seen(netOf(bit));
        if (!isOutput) {
          ++readers_[netOf(bit)];
        }
      }
    }
    const std::string type = cell.at("type").get<std::string>();
    if (type != "$mul" && type != "$add" && type != "$sub") {
      return;
    }
    Node node;
    node.cell = name;
    node.isProduct = type == "$mul";
    node.subtracts = type == "$sub";
    node.result = netsOf(cell, "Y");
    const bool isSigned = flag(cell, "A_SIGNED") && flag(cell, "B_SIGNED");
    node.a = operandOf(netsOf(cell, "A"), isSigned, node.result.size());
    node.b = operandOf(netsOf(cell, "B"), isSigned, node.result.size());
    const auto bits = [](const Operand& operand) {
      return operand.shift + static_cast<int>(operand.word.bits.size());
    };
    const bool tooWide =
        bits(node.a) + bits(node.b) > kMaxBits || static_cast<int>(node.result.size()) >= kMaxBits;
    const bool known = isConstant(node.a.word) || isConstant(node.b.word);
    if (!tooWide && !(node.isProduct && known)) {
      nodes_.push_back(std::move(node));
    }
  }

  // The node whose sum an operand is and that nobody else reads.
  int childOf(const Operand& operand, const Json& pins) {
    if (operand.word.bits.empty()) {
      return -1;
    }
    const auto found = driver_.find(operand.word.bits[0].net);
    if (found == driver_.end() || found->second.second != 0) {
      return -1;
    }
    const Node& child = nodes_[found->second.first];
    if (child.result.size() < operand.word.bits.size()) {
      return -1;
    }
    std::map<std::uint32_t, int> here;
    for (const Json& bit : pins) {
      ++here[netOf(bit)];
    }
    for (std::size_t i = 0; i < child.result.size(); ++i) {
      const bool used = i < operand.word.bits.size();
      if ((used && operand.word.bits[i].net != child.result[i]) ||
          readers_[child.result[i]] != (used ? here[child.result[i]] : 0)) {
        return -1;
      }
    }
    return static_cast<int>(found->second.first);
  }

  Interval analyseOperand(Operand& operand, const Json& pins, std::vector<bool>& done) {
    Interval value = intervalOf(operand.word);
    const int child = childOf(operand, pins);
    if (child >= 0) {
      Node& node = nodes_[static_cast<std::size_t>(child)];
      analyse(static_cast<std::size_t>(child), done);
      const int bits = static_cast<int>(operand.word.bits.size());
      if (operand.modular || node.value.fits(bits, operand.word.isSigned)) {
        node.merged = true;
        operand.child = child;
        value = node.value;
      }
    }
    const std::int64_t most = kFar >> operand.shift;
    if (value.low < -most || value.high > most) {
      return {-kFar, kFar};
    }
    return {value.low << operand.shift, value.high << operand.shift};
  }

  void analyse(std::size_t index, std::vector<bool>& done) {
    if (done[index]) {
      return;
    }
    done[index] = true;
    Node& node = nodes_[index];
    const Json& connections = module_.at("cells").at(node.cell).at("connections");
    if (node.isProduct) {
      const auto scaled = [](const Operand& operand) {
        const Interval value = intervalOf(operand.word);
        return Interval{value.low << operand.shift, value.high << operand.shift};
      };
      const Interval a = scaled(node.a);
      const Interval b = scaled(node.b);
      const auto corners = {a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
      node.value = {std::min(corners), std::max(corners)};
      return;
    }
    const Interval a = analyseOperand(node.a, connections.at("A"), done);
    const Interval b = analyseOperand(node.b, connections.at("B"), done);
    node.value = node.subtracts ? Interval{a.low - b.high, a.high - b.low}
                                : Interval{a.low + b.low, a.high + b.high};
    if (node.value.low < -kFar || node.value.high > kFar) {
      node.value = {-kFar, kFar};
    }
  }

  // A sum of two words is left to the rules for $add, which know constants bit by bit.
  const std::vector<std::size_t>& roots() {
    if (roots_.empty()) {
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!nodes_[i].merged) {
          const auto summands = summandsOf(i, nullptr);
          if (productsOf(summands) > 0 || summands.size() > 2) {
            roots_.push_back(i);
          }
        }
      }
      for (const std::size_t root : roots_) {
        claim(root);
      }
    }
    return roots_;
  }
  void claim(std::size_t index) {
    Node& node = nodes_[index];
    node.built = true;
    for (const Operand* operand : {&node.a, &node.b}) {
      if (operand->child >= 0) {
        claim(static_cast<std::size_t>(operand->child));
      }
    }
  }

  static std::size_t productsOf(const std::vector<Summand>& summands) {
    return static_cast<std::size_t>(std::ranges::count_if(summands, &Summand::isProduct));
  }

  // With `built`, bits that its sums drive are taken from them.
  std::vector<Summand> summandsOf(std::size_t root, const Built* built) const {
    std::vector<Summand> summands;
    collect(root, 0, false, built, summands);
    return summands;
  }
  void collect(std::size_t index, int shift, bool negative, const Built* built,
               std::vector<Summand>& out) const {
    const Node& node = nodes_[index];
    if (node.isProduct) {
      out.push_back({linked(node.a.word, built), linked(node.b.word, built),
                     shift + node.a.shift + node.b.shift, negative, true});
      return;
    }
    for (const Operand* operand : {&node.a, &node.b}) {
      const bool minus = negative != (node.subtracts && operand == &node.b);
      if (operand->child >= 0) {
        collect(static_cast<std::size_t>(operand->child), shift + operand->shift, minus, built,
                out);
      } else if (!operand->word.bits.empty()) {
        out.push_back({linked(operand->word, built), {}, shift + operand->shift, minus, false});
      }
    }
  }
  static Word linked(Word word, const Built* built) {
    if (built != nullptr) {
      for (Signal& bit : word.bits) {
        if (const auto found = built->results.find(bit.net); found != built->results.end()) {
          bit = found->second;
        }
      }
    }
    return word;
  }

  ProductRows smallestAlone(std::size_t root, const std::vector<ProductRows>& candidates) {
    ProductRows best = candidates[0];
    std::optional<double> bestArea;
    if (candidates.size() > 1 && productsOf(summandsOf(root, nullptr)) > 0) {
      for (const ProductRows rows : candidates) {
        const double area = construct({root}, {{root, rows}}).circuit.area();
        if (!bestArea || area < *bestArea) {
          best = rows;
          bestArea = area;
        }
      }
    }
    return best;
  }

  Built construct(const std::vector<std::size_t>& roots,
                  const std::map<std::size_t, ProductRows>& plan) {
    Built built{GateCircuit(costs_, lastNet_), {}, plan};
    const std::set<std::size_t> wanted(roots.begin(), roots.end());
    std::set<std::size_t> made;
    for (const std::size_t root : roots) {
      constructAfterOperands(root, wanted, made, built);
    }
    std::vector<std::uint32_t> outputs;
    for (const auto& [net, signal] : built.results) {
      if (readOutside(net, roots.size() == 1)) {
        outputs.push_back(signal.net);
      }
    }
    built.circuit.prune(outputs);
    return built;
  }

  void constructAfterOperands(std::size_t root, const std::set<std::size_t>& wanted,
                              std::set<std::size_t>& made, Built& built) {
    if (!made.insert(root).second) {
      return;
    }
    for (const Summand& summand : summandsOf(root, nullptr)) {
      for (const Word* word : {&summand.a, &summand.b}) {
        for (const Signal bit : word->bits) {
          const auto found = driver_.find(bit.net);
          if (found != driver_.end() && wanted.contains(found->second.first)) {
            constructAfterOperands(found->second.first, wanted, made, built);
          }
        }
      }
    }
    const auto bits =
        sumOfProducts(built.circuit, summandsOf(root, &built),
                      static_cast<int>(nodes_[root].result.size()), built.plan.at(root));
    for (std::size_t i = 0; i < bits.size(); ++i) {
      built.results[nodes_[root].result[i]] = bits[i];
    }
  }

  // By what is not built as a tree; `alone`: by anything.
  bool readOutside(std::uint32_t net, bool alone) {
    if (alone) {
      return readers_[net] > 0;
    }
    countOutside();
    return outside_[net] > 0;
  }

  // While the cells that will be trees are still there.
  void countOutside() {
    if (!outside_.empty()) {
      return;
    }
    outside_ = readers_;
    for (const Node& node : nodes_) {
      if (node.built) {
        const Json& cell = module_.at("cells").at(node.cell);
        for (const char* pin : {"A", "B"}) {
          for (const std::uint32_t read : netsOf(cell, pin)) {
            --outside_[read];
          }
        }
      }
    }
  }

  void rewrite(const Built& built) {
    countOutside();
    Json& cells = module_.at("cells");
    for (const Node& node : nodes_) {
      if (node.built) {
        cells.erase(node.cell);
      }
    }
    nextNet_ = built.circuit.lastNet() + 1;
    for (const Gate& gate : built.circuit.gates()) {
      emit(gate, cells);
    }
    for (const auto& [net, signal] : built.results) {
      if (readOutside(net, false)) {
        cell(cells, signal.inverted ? "$_NOT_" : "$_BUF_", {{"A", signal.net}, {"Y", net}});
      }
    }
  }

  void emit(const Gate& gate, Json& cells) {
    const auto& in = gate.inputs;
    const std::uint32_t out = gate.output;
    switch (gate.kind) {
      case GateKind::Not:
        return cell(cells, "$_NOT_", {{"A", in[0]}, {"Y", out}});
      case GateKind::Nand:
        return two(cells, "$_NAND_", in[0], in[1], out);
      case GateKind::And:
        return two(cells, "$_AND_", in[0], in[1], out);
      case GateKind::Or:
        return two(cells, "$_OR_", in[0], in[1], out);
      case GateKind::Xor:
        return two(cells, "$_XOR_", in[0], in[1], out);
      case GateKind::Xnor:
        return two(cells, "$_XNOR_", in[0], in[1], out);
      case GateKind::AndOrInvert:
        return cell(cells, "$_AOI4_",
                    {{"A", in[0]}, {"B", in[1]}, {"C", in[2]}, {"D", in[3]}, {"Y", out}});
      case GateKind::Parity3:
        return parity(cells, in, out);
      case GateKind::Majority:
        return majority(cells, in, out);
      case GateKind::FullAdder:
        if (adder_) {
          return cell(cells, adder_->cell,
                      {{adder_->inputs[0], in[0]},
                       {adder_->inputs[1], in[1]},
                       {adder_->inputs[2], in[2]},
                       {adder_->sum, out},
                       {adder_->carry, gate.carry}});
        }
        parity(cells, in, out);
        return majority(cells, in, gate.carry);
    }
  }

  void two(Json& cells, const char* type, std::uint32_t a, std::uint32_t b, std::uint32_t y) {
    cell(cells, type, {{"A", a}, {"B", b}, {"Y", y}});
  }
  void parity(Json& cells, const std::array<std::uint32_t, 4>& in, std::uint32_t out) {
    const std::uint32_t half = nextNet_++;
    two(cells, "$_XOR_", in[0], in[1], half);
    two(cells, "$_XOR_", half, in[2], out);
  }
  void majority(Json& cells, const std::array<std::uint32_t, 4>& in, std::uint32_t out) {
    const std::uint32_t both = nextNet_++;
    const std::uint32_t any = nextNet_++;
    const std::uint32_t withThird = nextNet_++;
    two(cells, "$_AND_", in[0], in[1], both);
    two(cells, "$_OR_", in[0], in[1], any);
    two(cells, "$_AND_", any, in[2], withThird);
    two(cells, "$_OR_", both, withThird, out);
  }

  void cell(Json& cells, const std::string& type,
            const std::vector<std::pair<std::string, std::uint32_t>>& pins) {
    Json made = {{"hide_name", 1},
                 {"type", type},
                 {"parameters", Json::object()},
                 {"attributes", Json::object()}};
    for (const auto& [pin, net] : pins) {
      made["connections"][pin] = Json::array({net < 2 ? Json(net == 1 ? "1" : "0") : Json(net)});
    }
    cells[fmt::format("$aegen_tree${}", cellCount_++)] = std::move(made);
  }

  Json& module_;
  const GateCosts& costs_;
  const std::optional<AdderCell>& adder_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> roots_;
  std::map<std::uint32_t, std::pair<std::size_t, std::size_t>> driver_;  ///< node, bit
  std::map<std::uint32_t, int> readers_;
  std::map<std::uint32_t, int> outside_;
  std::uint32_t lastNet_ = 1;
  std::uint32_t nextNet_ = 0;
  std::size_t cellCount_ = 0;
};

}  // namespace

core::Result<SumTrees> treeSums(std::string_view json, const std::string& where,
                                const Liberty& library, AdderStyle adders, MultiplierStyle style) {
  SumTrees trees;
  if (style == MultiplierStyle::Array) {
    return trees;
  }
  const bool cells = adders == AdderStyle::Cells;
  const GateCosts costs = gateCosts(library, cells);
  const std::optional<AdderCell> adder = cells ? library.fullAdder() : std::nullopt;
  try {
    Json root = Json::parse(json);
    Json changed = {{"creator", "aegen"}, {"modules", Json::object()}};
    for (auto& [name, module] : root.at("modules").items()) {
      ModuleTrees work(module, costs, adder);
      if (work.find()) {
        trees.modules.push_back(work.build(style));
        trees.modules.back().name = name;
        changed["modules"][name] = std::move(module);
      }
    }
    if (!trees.modules.empty()) {
      trees.json = changed.dump();
    }
  } catch (const Json::exception& problem) {
    return core::badInput("netlist.malformed",
                          std::string("not a Yosys JSON netlist: ") + problem.what(), where);
  }
  return trees;
}

}  // namespace aegen::flows
