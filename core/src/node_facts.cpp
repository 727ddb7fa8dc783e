#include "node_facts.hpp"

namespace aegen::core::tape {
namespace {

class FactFinder {
 public:
  FactFinder(const FlatFunction& function, std::span<const std::int64_t> uniforms)
      : nodes_(function.nodes), uniforms_(uniforms), facts_(function.nodes.size()) {}

  std::vector<NodeFacts> run(std::span<const NodeId> outputs) {
    for (NodeId id = 0; id < nodes_.size(); ++id) find(id);
    countUses(outputs);
    return std::move(facts_);
  }

 private:
  void find(NodeId id) {
    const Node& node = nodes_[id];
    NodeFacts& facts = facts_[id];
    facts.same = id;
    if (node.uniform || node.source == nullptr) {
      facts.interval = node.uniform ? Interval{uniforms_[id], uniforms_[id]} : node.format.range();
      facts.exact = {facts.interval.low, facts.interval.high};
      return;
    }
    intervals_.clear();
    formats_.clear();
    for (const NodeId operand : node.operands) {
      intervals_.push_back(facts_[operand].interval);
      formats_.push_back(nodes_[operand].format);
    }
    if (const NodeId chosen = choice(node); chosen != kNone) {
      const Interval& interval = facts_[chosen].interval;
      facts.exact = {interval.low, interval.high};
    } else {
      facts.exact = exactInterval(*node.source, intervals_, formats_, node.format);
    }
    facts.fits = facts.exact.within(node.format.range());
    facts.interval = facts.fits ? facts.exact.clamped() : node.format.range();
    if (const NodeId equal = sameAs(node); facts.fits && equal != kNone) {
      facts.same = facts_[equal].same;
    }
  }

  static constexpr NodeId kNone = ~NodeId{0};

  [[nodiscard]] const Interval& of(NodeId id) const { return facts_[id].interval; }

  // Of a Select or Pick whose index is known, the operand it takes.
  [[nodiscard]] NodeId choice(const Node& node) const {
    const Op op = node.source->op;
    if ((op != Op::Select && op != Op::Pick) || !facts_[node.operands[0]].known()) return kNone;
    const auto index = static_cast<std::uint64_t>(of(node.operands[0]).low);
    if (op == Op::Select) return node.operands[index != 0 ? 1 : 2];
    return index + 1 < node.operands.size() ? node.operands[index + 1] : kNone;
  }

  // The operand whose raw value a node that fits its format has.
  [[nodiscard]] NodeId sameAs(const Node& node) const {
    const auto a = [&] { return node.operands[0]; };
    const auto b = [&] { return node.operands[1]; };
    switch (node.source->op) {
      case Op::Reinterpret:
        return a();
      case Op::Select:
      case Op::Pick:
        return choice(node);
      case Op::ShiftLeft:
      case Op::ShiftRight:
        return node.source->immediate == 0 ? a() : kNone;
      case Op::Requantize:
        // Saturation is no change when the value is within the format.
        return nodes_[a()].format.fraction == node.format.fraction &&
                       node.format.range().contains(of(a()))
                   ? a()
                   : kNone;
      case Op::Max:
        return of(a()).low >= of(b()).high ? a() : of(b()).low >= of(a()).high ? b() : kNone;
      case Op::Min:
        return of(a()).high <= of(b()).low ? a() : of(b()).high <= of(a()).low ? b() : kNone;
      case Op::Const:
      case Op::Add:
      case Op::Sub:
      case Op::Mul:
      case Op::ShiftLeftBy:
      case Op::ShiftRightBy:
      case Op::And:
      case Op::Or:
      case Op::Xor:
      case Op::Not:
      case Op::Equal:
      case Op::Less:
      case Op::LessEqual:
      case Op::LeadingOne:
      case Op::Lookup:
      case Op::Slice:
      case Op::Concat:
      case Op::Call:
        break;
    }
    return kNone;
  }

  void countUses(std::span<const NodeId> outputs) {
    for (const NodeId id : outputs) ++facts_[facts_[id].same].uses;
    for (NodeId id = static_cast<NodeId>(nodes_.size()); id-- > 0;) {
      if (facts_[id].uses == 0 || facts_[id].known()) continue;
      for (const NodeId operand : nodes_[id].operands) ++facts_[facts_[operand].same].uses;
    }
  }

  const std::vector<Node>& nodes_;
  std::span<const std::int64_t> uniforms_;
  std::vector<NodeFacts> facts_;
  std::vector<Interval> intervals_;
  std::vector<FixedFormat> formats_;
};

}  // namespace

std::vector<NodeFacts> factsOf(const FlatFunction& function,
                               std::span<const std::int64_t> uniforms) {
  return FactFinder(function, uniforms).run(function.outputs);
}

}  // namespace aegen::core::tape
