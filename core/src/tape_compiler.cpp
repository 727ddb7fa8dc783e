#include "tape_compiler.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include "node_facts.hpp"
#include "slot_allocation.hpp"

namespace aegen::core::tape {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
// Products that are worth a sum of their own in narrower lanes.
constexpr std::size_t kFewestApart = 4;

// A leaf of a sum, with the sign it enters with.
struct Leaf {
  NodeId node;
  bool negative;
};

// floor(x * w / 2^shift)
struct ScaledProduct {
  NodeId x;
  std::int64_t w;
  NodeId product;  ///< the Mul
  int shift;
};

class StepBuilder {
 public:
  StepBuilder(const FlatFunction& function, std::vector<NodeFacts> facts, const KernelSet& kernels)
      : function_(function), nodes_(function.nodes), facts_(std::move(facts)), kernels_(kernels) {
    at_.fill(std::vector(nodes_.size(), kNone));
  }

  Tape run() {
    markAbsorbed();
    for (std::uint32_t element = 0; element < function_.events.size(); ++element) {
      const NodeId id = function_.events[element];
      if (facts_[id].uses == 0) continue;
      const Lane lane = laneOf(facts_[id].interval);
      tape_.inputs.push_back({element, define(id, lane), lane, nodes_[id].format});
    }
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      if (nodes_[id].source != nullptr && computed(id) && !absorbed_[id]) emit(id);
    }
    for (std::uint32_t element = 0; element < function_.outputs.size(); ++element) {
      const NodeId id = facts_[function_.outputs[element]].same;
      const Lane lane = laneOf(facts_[id].interval);
      tape_.outputs.push_back({element, read(id, lane), lane, nodes_[id].format});
    }
    allocateSlots(tape_, registers_, reads_);
    return std::move(tape_);
  }

 private:
  [[nodiscard]] NodeId operand(NodeId id, std::size_t at) const {
    return facts_[nodes_[id].operands[at]].same;
  }
  [[nodiscard]] std::vector<NodeId> operandsOf(NodeId id) const {
    std::vector<NodeId> out;
    for (const NodeId operand : nodes_[id].operands) out.push_back(facts_[operand].same);
    return out;
  }
  /// Of the operand as the instruction sees it: a node with the same raw value may have another.
  [[nodiscard]] const FixedFormat& operandFormat(NodeId id, std::size_t at) const {
    return nodes_[nodes_[id].operands[at]].format;
  }
  /// Somebody needs the value, and it differs from event to event.
  [[nodiscard]] bool computed(NodeId id) const {
    return facts_[id].uses > 0 && !facts_[id].known();
  }

  // The narrowest lanes that hold the interval.
  static Lane laneOf(const WideInterval& i) {
    if (i.within({INT16_MIN, INT16_MAX})) return Lane::I16;
    return i.within({INT32_MIN, INT32_MAX}) ? Lane::I32 : Lane::I64;
  }
  static Lane laneOf(const Interval& i) { return laneOf(WideInterval{i.low, i.high}); }

  [[nodiscard]] bool isOp(NodeId id, Op op) const {
    const Node& node = nodes_[id];
    return node.source != nullptr && !facts_[id].known() && node.source->op == op;
  }
  [[nodiscard]] bool isSum(NodeId id) const { return isOp(id, Op::Add) || isOp(id, Op::Sub); }

  // Inner nodes of a sum: used once, by a sum, and not cut.
  void markAbsorbed() {
    absorbed_.assign(nodes_.size(), false);
    for (NodeId id = 0; id < nodes_.size(); ++id) {
      if (!computed(id)) continue;
      if (isSum(id)) {
        for (const NodeId term : operandsOf(id)) absorb(term);
      } else if (const auto product = scaledProduct(id)) {
        if (product->product != id && facts_[product->product].uses == 1) {
          absorbed_[product->product] = true;
        }
      }
    }
  }

  void absorb(NodeId id) {
    if (facts_[id].uses != 1) return;
    if (isSum(id) || scaledProduct(id)) absorbed_[id] = facts_[id].fits;
  }

  // A product of event data with a known value, alone or cut at the bottom.
  [[nodiscard]] std::optional<ScaledProduct> scaledProduct(NodeId id) const {
    int shift = 0;
    NodeId product = id;
    if (isOp(id, Op::ShiftRight)) {
      shift = static_cast<int>(std::min<std::int64_t>(nodes_[id].source->immediate, kMaxWidth));
      product = operand(id, 0);
    } else if (isOp(id, Op::Requantize)) {
      shift = operandFormat(id, 0).fraction - nodes_[id].format.fraction;
      product = operand(id, 0);
      if (nodes_[id].source->rounding != Rounding::Floor || shift < 0) return std::nullopt;
    }
    if (shift > 31 || !isOp(product, Op::Mul)) return std::nullopt;
    if (product != id && !facts_[product].fits) return std::nullopt;
    if (isOp(id, Op::Requantize)) {
      // NodeFacts::fits does not tell: what saturates is always within its format.
      const WideInterval& exact = facts_[product].exact;
      const WideInterval floor{exact.low >> shift, exact.high >> shift};
      if (!floor.within(nodes_[id].format.range())) return std::nullopt;
    }
    for (const std::size_t w : {0U, 1U}) {
      const NodeFacts& factor = facts_[operand(product, w)];
      if (factor.known()) {
        return ScaledProduct{operand(product, 1 - w), factor.interval.low, product, shift};
      }
    }
    return std::nullopt;
  }

  std::uint32_t newRegister(Lane lane) {
    registers_.push_back({.lane = lane});
    return static_cast<std::uint32_t>(registers_.size() - 1);
  }

  // A new register for node `id`.
  std::uint32_t define(NodeId id, Lane lane) { return at_[index(lane)][id] = newRegister(lane); }

  // The register with node `id` in lanes of the wanted type; converts or splats when needed.
  std::uint32_t read(NodeId id, Lane lane) {
    if (const std::uint32_t mine = at_[index(lane)][id]; mine != kNone) return mine;
    Step step;
    if (facts_[id].known()) {
      step.immediate = facts_[id].interval.low;
      step.kernel = kernels_.of(KernelKind::Splat, lane);
      step.result = define(id, lane);
      registers_[step.result].persistent = true;
      tape_.splats.push_back(step);
      return step.result;
    }
    const Lane from = *std::ranges::find_if(
        kAllLanes, [&](Lane other) { return at_[index(other)][id] != kNone; });
    return convert(at_[index(from)][id], from, define(id, lane), lane);
  }

  std::uint32_t convert(std::uint32_t from, Lane fromLane, std::uint32_t to, Lane toLane) {
    Step step;
    step.kernel = kernels_.convert(fromLane, toLane);
    step.a = from;
    step.result = to;
    push(std::move(step), 1);
    return to;
  }

  // `registersRead`: how many of a, b, c are registers.
  void push(Step step, int registersRead) {
    tape_.steps.push_back(std::move(step));
    reads_.push_back(registersRead);
  }

  void emit(NodeId id) {
    if (isSum(id) || scaledProduct(id)) return emitSum(id);
    const Node& node = nodes_[id];
    const std::vector<NodeId> operands = operandsOf(id);
    Lane lane = std::max(laneOf(facts_[id].exact), laneOf(facts_[id].interval));
    for (const NodeId operand : operands) lane = std::max(lane, laneOf(facts_[operand].interval));
    if (isOp(id, Op::ShiftLeftBy) || isOp(id, Op::ShiftRightBy)) {
      const std::int64_t most = facts_[operands[1]].interval.high;
      while (lane != Lane::I64 && most >= bitsOf(lane)) lane = kAllLanes[index(lane) + 1];
    }
    Step step;
    step.source = node.source;
    step.format = node.format;
    step.immediate = node.source->immediate;
    step.wraps = !facts_[id].fits;
    if (!operands.empty()) step.from = operandFormat(id, 0);
    const KernelKind kind = choose(id, lane, step);
    step.kernel = kernels_.of(kind, lane);
    int read = 0;
    if (kind == KernelKind::Pick) {
      step.a = this->read(operands[0], lane);
      read = 1;
      for (std::size_t i = 1; i < operands.size(); ++i) {
        step.slots.push_back(this->read(operands[i], lane));
      }
    } else if (kind == KernelKind::Concat) {
      for (std::size_t i = 0; i < operands.size(); ++i) {
        step.slots.push_back(this->read(operands[i], lane));
        step.widths.push_back(operandFormat(id, i).width);
      }
    } else {
      std::uint32_t* const fields[] = {&step.a, &step.b, &step.c};
      for (const NodeId operand : operands) *fields[read++] = this->read(operand, lane);
    }
    step.result = define(id, lane);
    push(std::move(step), read);
  }

  KernelKind choose(NodeId id, Lane lane, Step& step) const {
    const Node& node = nodes_[id];
    const std::int64_t most = bitsOf(lane) - 1;
    switch (node.source->op) {
      case Op::Add:
        return KernelKind::Add;
      case Op::Sub:
        return KernelKind::Sub;
      case Op::Mul:
        return KernelKind::Mul;
      case Op::ShiftLeft:
        // Only a zero stays narrow under a shift past the lane.
        step.immediate = std::min(step.immediate, most);
        return KernelKind::ShiftLeft;
      case Op::ShiftRight:
        step.immediate = std::min(step.immediate, most);
        return KernelKind::ShiftRight;
      case Op::ShiftLeftBy:
        return KernelKind::ShiftLeftBy;
      case Op::ShiftRightBy:
        return KernelKind::ShiftRightBy;
      case Op::Reinterpret:
        return KernelKind::Copy;
      case Op::And:
        return KernelKind::And;
      case Op::Or:
        return KernelKind::Or;
      case Op::Xor:
        return KernelKind::Xor;
      case Op::Not:
        step.wraps = true;
        return KernelKind::Not;
      case Op::Equal:
        return KernelKind::Equal;
      case Op::Less:
        return KernelKind::Less;
      case Op::LessEqual:
        return KernelKind::LessEqual;
      case Op::Select:
        return KernelKind::Select;
      case Op::Min:
        return KernelKind::Min;
      case Op::Max:
        return KernelKind::Max;
      case Op::LeadingOne:
        return KernelKind::LeadingOne;
      case Op::Requantize: {
        const std::int64_t drop = step.from.fraction - node.format.fraction;
        if (node.source->rounding != Rounding::Floor || drop < 0) return KernelKind::Requantize;
        step.immediate = std::min(drop, most);
        return KernelKind::Floor;
      }
      case Op::Lookup:
        return KernelKind::Lookup;
      case Op::Pick:
        return KernelKind::Pick;
      case Op::Slice:
        step.wraps = true;
        step.immediate = std::min(step.immediate, most);
        return KernelKind::Slice;
      case Op::Concat:
        return KernelKind::Concat;
      case Op::Const:
      case Op::Call:
        break;
    }
    return KernelKind::Copy;
  }

  // ---- sums -------------------------------------------------------------------------------------

  // What a sum is made of.
  struct Terms {
    int shift = 0;  ///< of every product
    std::vector<ScaledProduct> products;
    std::vector<Leaf> plain;
    std::int64_t offset = 0;             ///< of all known terms; the low bits are what counts
    std::vector<std::uint32_t> partial;  ///< registers of parts that were summed before
  };

  void leaves(NodeId id, bool negative, std::vector<Leaf>& out) const {
    const bool subtract = isOp(id, Op::Sub);
    for (std::size_t i = 0; i < 2; ++i) {
      const NodeId term = operand(id, i);
      const bool sign = negative != (subtract && i == 1);
      if (isSum(term) && absorbed_[term]) {
        leaves(term, sign, out);
      } else {
        out.push_back({term, sign});
      }
    }
  }

  Terms termsOf(NodeId id) {
    std::vector<Leaf> all;
    if (isSum(id)) {
      leaves(id, false, all);
    } else {
      all.push_back({id, false});
    }
    Terms terms;
    for (const Leaf& leaf : all) {
      if (facts_[leaf.node].known()) {
        const auto value = static_cast<std::uint64_t>(facts_[leaf.node].interval.low);
        const auto before = static_cast<std::uint64_t>(terms.offset);
        terms.offset = static_cast<std::int64_t>(leaf.negative ? before - value : before + value);
        continue;
      }
      const auto product = scaledProduct(leaf.node);
      const bool whole = leaf.node == id || absorbed_[leaf.node];
      const bool first = terms.products.empty();
      if (product && whole && !leaf.negative && (first || terms.shift == product->shift)) {
        terms.shift = product->shift;
        terms.products.push_back(*product);
        continue;
      }
      if (absorbed_[leaf.node]) {  // a product that could not join: on its own after all
        absorbed_[leaf.node] = false;
        emitSum(leaf.node);
      }
      terms.plain.push_back(leaf);
    }
    return terms;
  }

  // floor(x * w / 2^s) is the high half of (x << a) * (w << b), a + b = 16 - s, where both factors
  // stay within 16 bits: one multiplication instead of multiplication and shift, and the product
  // itself may be wider than a lane. `a` is as large as `x` allows, so that all users of x share
  // it.
  struct HighHalf {
    int a;
    int b;
  };
  [[nodiscard]] std::optional<HighHalf> highHalf(const ScaledProduct& p) const {
    const Interval& x = facts_[p.x].interval;
    if (p.shift < 1 || p.shift > 15 || laneOf(x) != Lane::I16) return std::nullopt;
    const auto within = [](std::int64_t value, int bits) {
      return laneOf(Interval{value * (1 << bits), value * (1 << bits)}) == Lane::I16;
    };
    HighHalf half{0, 16 - p.shift};
    while (half.b > 0 && within(x.low, half.a + 1) && within(x.high, half.a + 1)) {
      ++half.a;
      --half.b;
    }
    if (laneOf(Interval{p.w, p.w}) != Lane::I16 || !within(p.w, half.b)) return std::nullopt;
    return half;
  }

  [[nodiscard]] Lane laneOf(const ScaledProduct& p) const {
    if (highHalf(p)) return Lane::I16;
    const Lane lane = std::max({laneOf(facts_[p.product].exact), laneOf(facts_[p.x].interval),
                                laneOf(Interval{p.w, p.w})});
    return p.shift > 0 ? std::max(lane, Lane::I32) : lane;  // 16-bit lanes only shift by halves
  }

  void emitSum(NodeId id) {
    Terms terms = termsOf(id);
    // A sum that is cut may need more room than its exact result: -1 in an unsigned 40-bit format.
    Lane lane = std::max(laneOf(facts_[id].exact), laneOf(facts_[id].interval));
    for (const ScaledProduct& p : terms.products) lane = std::max(lane, laneOf(p));
    for (const Leaf& leaf : terms.plain) lane = std::max(lane, laneOf(facts_[leaf.node].interval));
    if (lane != Lane::I16) sumApart(terms, lane);
    Step step = sumStep(terms, lane);
    step.format = nodes_[id].format;
    step.wraps = !facts_[id].fits;
    step.result = define(id, lane);
    push(std::move(step), 0);
  }

  Step sumStep(const Terms& terms, Lane lane) {
    Step step;
    step.kernel = kernels_.of(KernelKind::Sum, lane);
    step.shift = terms.shift;
    step.immediate = terms.offset;
    for (const ScaledProduct& p : terms.products) {
      const auto half = lane == Lane::I16 ? highHalf(p) : std::nullopt;
      if (half) {
        step.highHalves.push_back({shifted(p.x, half->a), p.w * (1 << half->b)});
      } else {
        step.products.push_back({read(p.x, lane), p.w});
      }
    }
    for (const Leaf& leaf : terms.plain) {
      (leaf.negative ? step.negative : step.slots).push_back(read(leaf.node, lane));
    }
    step.slots.insert(step.slots.end(), terms.partial.begin(), terms.partial.end());
    return step;
  }

  // The register with x << bits in 16-bit lanes.
  std::uint32_t shifted(NodeId x, int bits) {
    if (bits == 0) return read(x, Lane::I16);
    const auto [found, added] = shifted_.try_emplace({x, bits}, kNone);
    if (added) {
      Step step;
      step.kernel = kernels_.of(KernelKind::ShiftLeft, Lane::I16);
      step.immediate = bits;
      step.a = read(x, Lane::I16);
      step.result = found->second = newRegister(Lane::I16);
      push(std::move(step), 1);
    }
    return found->second;
  }

  // The products of 16 bits in a sum that needs `lane`: as many at a time as surely stay within 16
  // bits together, added up there.
  void sumApart(Terms& terms, Lane lane) {
    std::vector<ScaledProduct> kept;
    Terms part;
    part.shift = terms.shift;
    Interval range;
    const auto finishPart = [&] {
      if (part.products.size() < kFewestApart) {
        kept.insert(kept.end(), part.products.begin(), part.products.end());
      } else {
        Step step = sumStep(part, Lane::I16);
        const std::uint32_t narrow = step.result = newRegister(Lane::I16);
        push(std::move(step), 0);
        terms.partial.push_back(convert(narrow, Lane::I16, newRegister(lane), lane));
      }
      part.products.clear();
      range = {};
    };
    for (const ScaledProduct& p : terms.products) {
      const WideInterval& exact = facts_[p.product].exact;
      const WideInterval term{exact.low >> p.shift, exact.high >> p.shift};
      if (laneOf(p) != Lane::I16 || laneOf(term) != Lane::I16) {
        kept.push_back(p);
        continue;
      }
      const auto with = [&] {
        return Interval{range.low + static_cast<std::int64_t>(term.low),
                        range.high + static_cast<std::int64_t>(term.high)};
      };
      if (laneOf(with()) != Lane::I16) finishPart();
      range = with();
      part.products.push_back(p);
    }
    finishPart();
    terms.products = std::move(kept);
  }

  const FlatFunction& function_;
  const std::vector<Node>& nodes_;
  const std::vector<NodeFacts> facts_;
  const KernelSet& kernels_;
  Tape tape_;
  std::vector<bool> absorbed_;
  ByLane<std::vector<std::uint32_t>> at_;  ///< register of each node in lanes of each type
  std::map<std::pair<NodeId, int>, std::uint32_t> shifted_;
  std::vector<Register> registers_;
  std::vector<int> reads_;  ///< per step: how many of a, b, c are registers
};

}  // namespace

Tape compile(const FlatFunction& function, std::span<const std::int64_t> uniforms,
             const KernelSet& kernels) {
  return StepBuilder(function, factsOf(function, uniforms), kernels).run();
}

}  // namespace aegen::core::tape
