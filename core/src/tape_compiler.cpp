#include "tape_compiler.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace aegen::core::tape {
namespace {

using NodeId = std::uint32_t;
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// ---- flattening ---------------------------------------------------------------------------------

class Flattener {
 public:
  Flattener(const Program& program, Tape& tape) : program_(program), tape_(tape) {}

  std::vector<NodeId> top(const Function& function) {
    std::vector<NodeId> arguments;
    for (const core::Port& port : function.inputs) {
      const auto first = static_cast<std::uint32_t>(tape_.configNodes.size());
      if (port.role == Role::Config) tape_.configPorts[port.name] = {first, port.count};
      for (std::uint32_t i = 0; i < port.count; ++i) {
        arguments.push_back(input(port));
        if (port.role == Role::Config) {
          tape_.configNodes.push_back(arguments.back());
        } else {
          events.push_back(arguments.back());
        }
      }
    }
    return inlined(function, arguments);
  }

  std::vector<NodeId> events;  ///< node of each event element

 private:
  NodeId input(const core::Port& port) {
    const Interval range = port.format.range();
    tape_.nodes.push_back(
        {nullptr, {}, port.format, range, {range.low, range.high}, port.role == Role::Config, 0});
    return static_cast<NodeId>(tape_.nodes.size() - 1);
  }

  std::vector<NodeId> inlined(const Function& function, const std::vector<NodeId>& arguments) {
    std::vector<NodeId> at(function.values.size(), kNone);
    std::copy(arguments.begin(), arguments.end(), at.begin());
    for (const Instruction& instruction : function.instructions) {
      std::vector<NodeId> operands;
      for (const ValueId operand : instruction.operands) operands.push_back(at[operand]);
      if (instruction.op == Op::Call) {
        const auto results = inlined(*program_.find(instruction.callee), operands);
        for (std::size_t i = 0; i < results.size(); ++i) at[instruction.results[i]] = results[i];
      } else {
        const ValueId result = instruction.results[0];
        at[result] = node(instruction, std::move(operands), function.values[result].format);
      }
    }
    std::vector<NodeId> outputs;
    for (const ValueId id : function.outputValues) outputs.push_back(at[id]);
    return outputs;
  }

  NodeId node(const Instruction& instruction, std::vector<NodeId> operands,
              const FixedFormat& format) {
    std::vector<Interval> intervals;
    std::vector<FixedFormat> formats;
    bool uniform = true;
    for (const NodeId operand : operands) {
      intervals.push_back(tape_.nodes[operand].interval);
      formats.push_back(tape_.nodes[operand].format);
      uniform &= tape_.nodes[operand].uniform;
    }
    const WideInterval exact = exactInterval(instruction, intervals, formats, format);
    const bool fits = exact.within(format.range());
    tape_.nodes.push_back({&instruction, std::move(operands), format,
                           fits ? exact.clamped() : format.range(), exact, uniform, 0});
    return static_cast<NodeId>(tape_.nodes.size() - 1);
  }

  const Program& program_;
  Tape& tape_;
};

// ---- steps on virtual registers -----------------------------------------------------------------

struct Register {
  bool wide = false;
  bool persistent = false;  ///< a splat: written once a configuration
  std::uint32_t slot = kNone;
  std::size_t lastRead = 0;
};

// A leaf of a sum, with the sign it enters with.
struct Leaf {
  NodeId node;
  bool negative;
};

// floor(x * w / 2^shift)
struct ScaledProduct {
  NodeId x;
  NodeId w;
  NodeId product;  ///< the Mul
  int shift;
};

class StepBuilder {
 public:
  StepBuilder(Tape& tape, const std::vector<NodeId>& events, const std::vector<NodeId>& outputs)
      : tape_(tape),
        events_(events),
        outputs_(outputs),
        at_{std::vector(tape.nodes.size(), kNone), std::vector(tape.nodes.size(), kNone)} {}

  void run() {
    countUses();
    markAbsorbed();
    for (std::uint32_t element = 0; element < events_.size(); ++element) {
      const NodeId id = events_[element];
      if (tape_.nodes[id].uses == 0) continue;
      const bool wide = !narrow(tape_.nodes[id].interval);
      at_[wide][id] = newRegister(wide);
      tape_.inputs.push_back({element, at_[wide][id], wide, tape_.nodes[id].format});
    }
    for (NodeId id = 0; id < tape_.nodes.size(); ++id) {
      const Node& node = tape_.nodes[id];
      if (node.source == nullptr || node.uniform || node.uses == 0 || absorbed_[id]) continue;
      emit(id);
    }
    for (std::uint32_t element = 0; element < outputs_.size(); ++element) {
      const NodeId id = outputs_[element];
      const bool wide = !narrow(tape_.nodes[id].interval);
      tape_.outputs.push_back({element, read(id, wide), wide, tape_.nodes[id].format});
    }
    allocate();
  }

 private:
  static bool narrow(const Interval& i) {
    return i.low >= std::numeric_limits<std::int32_t>::min() &&
           i.high <= std::numeric_limits<std::int32_t>::max();
  }
  static bool narrow(const WideInterval& i) { return i.within({INT32_MIN, INT32_MAX}); }

  void countUses() {
    std::vector<NodeId> work(outputs_.begin(), outputs_.end());
    for (const NodeId id : outputs_) ++tape_.nodes[id].uses;
    std::vector<bool> done(tape_.nodes.size(), false);
    while (!work.empty()) {
      const NodeId id = work.back();
      work.pop_back();
      if (done[id]) continue;
      done[id] = true;
      for (const NodeId operand : tape_.nodes[id].operands) {
        ++tape_.nodes[operand].uses;
        work.push_back(operand);
      }
    }
  }

  [[nodiscard]] bool isOp(NodeId id, Op op) const {
    const Node& node = tape_.nodes[id];
    return node.source != nullptr && !node.uniform && node.source->op == op;
  }
  [[nodiscard]] bool isSum(NodeId id) const { return isOp(id, Op::Add) || isOp(id, Op::Sub); }
  [[nodiscard]] bool fits(NodeId id) const {
    return tape_.nodes[id].exact.within(tape_.nodes[id].format.range());
  }

  // Inner nodes of a sum: used once, by a sum, and not cut.
  void markAbsorbed() {
    absorbed_.assign(tape_.nodes.size(), false);
    for (NodeId id = 0; id < tape_.nodes.size(); ++id) {
      const Node& node = tape_.nodes[id];
      if (node.uses == 0 || node.uniform) continue;
      if (isSum(id)) {
        for (const NodeId operand : node.operands) absorb(operand);
      } else if (const auto product = scaledProduct(id)) {
        if (product->product != id && tape_.nodes[product->product].uses == 1) {
          absorbed_[product->product] = true;
        }
      }
    }
  }

  void absorb(NodeId id) {
    if (tape_.nodes[id].uses != 1) return;
    if (isSum(id)) {
      absorbed_[id] = fits(id);
    } else if (const auto product = scaledProduct(id); product && fits(id)) {
      absorbed_[id] = true;
    }
  }

  // A product of event data with a uniform, alone or cut at the bottom.
  [[nodiscard]] std::optional<ScaledProduct> scaledProduct(NodeId id) const {
    int shift = 0;
    NodeId product = id;
    if (isOp(id, Op::ShiftRight)) {
      shift = static_cast<int>(tape_.nodes[id].source->immediate);
      product = tape_.nodes[id].operands[0];
    } else if (isOp(id, Op::Requantize)) {
      const Node& node = tape_.nodes[id];
      product = node.operands[0];
      shift = tape_.nodes[product].format.fraction - node.format.fraction;
      if (node.source->rounding != Rounding::Floor || shift < 0) return std::nullopt;
    }
    if (shift > 31 || !isOp(product, Op::Mul)) return std::nullopt;
    if (product != id && !fits(product)) return std::nullopt;
    if (isOp(id, Op::Requantize)) {
      // fits() does not tell: what saturates is always within its format.
      const WideInterval& exact = tape_.nodes[product].exact;
      const WideInterval floor{exact.low >> shift, exact.high >> shift};
      if (!floor.within(tape_.nodes[id].format.range())) return std::nullopt;
    }
    const Node& mul = tape_.nodes[product];
    for (const std::size_t w : {0U, 1U}) {
      if (tape_.nodes[mul.operands[w]].uniform) {
        return ScaledProduct{mul.operands[1 - w], mul.operands[w], product, shift};
      }
    }
    return std::nullopt;
  }

  std::uint32_t newRegister(bool wide) {
    registers_.push_back({.wide = wide});
    return static_cast<std::uint32_t>(registers_.size() - 1);
  }

  // The register with node `id` in lanes of the wanted type; converts or splats when needed.
  std::uint32_t read(NodeId id, bool wide) {
    std::uint32_t& mine = at_[wide][id];
    if (mine != kNone) return mine;
    mine = newRegister(wide);
    if (tape_.nodes[id].uniform) {
      registers_[mine].persistent = true;
      Step step;
      step.kernel = kernelFor(KernelKind::Splat, wide);
      step.result = mine;
      step.a = id;
      tape_.splats.push_back(step);
    } else {
      Step step;
      step.kernel = kernelFor(KernelKind::FromOther, wide);
      step.result = mine;
      step.a = at_[!wide][id];
      push(std::move(step), 1);
    }
    return mine;
  }

  // `registersRead`: how many of a, b, c are registers.
  void push(Step step, int registersRead) {
    tape_.steps.push_back(std::move(step));
    reads_.push_back(registersRead);
  }

  void emit(NodeId id) {
    const Node& node = tape_.nodes[id];
    if (isSum(id) || scaledProduct(id)) return emitSum(id);
    bool wide = !narrow(node.exact) || !narrow(node.interval);
    for (const NodeId operand : node.operands) wide |= !narrow(tape_.nodes[operand].interval);
    if (isOp(id, Op::ShiftLeftBy) || isOp(id, Op::ShiftRightBy)) {
      wide |= tape_.nodes[node.operands[1]].interval.high > 31;
    }
    Step step;
    step.source = node.source;
    step.format = node.format;
    step.immediate = node.source->immediate;
    step.wraps = !fits(id);
    if (!node.operands.empty()) step.from = tape_.nodes[node.operands[0]].format;
    const KernelKind kind = choose(id, wide, step);
    step.kernel = kernelFor(kind, wide);
    int read = 0;
    if (kind == KernelKind::Pick || kind == KernelKind::PickUniform) {
      pickOperands(node, kind, wide, step);
      read = kind == KernelKind::Pick ? 1 : 0;
    } else if (kind == KernelKind::Concat) {
      for (const NodeId operand : node.operands) {
        step.slots.push_back(this->read(operand, wide));
        step.widths.push_back(tape_.nodes[operand].format.width);
      }
    } else {
      std::uint32_t* const fields[] = {&step.a, &step.b, &step.c};
      for (const NodeId operand : node.operands) *fields[read++] = this->read(operand, wide);
    }
    step.result = at_[wide][id] = newRegister(wide);
    push(std::move(step), read);
  }

  void pickOperands(const Node& node, KernelKind kind, bool wide, Step& step) {
    std::vector<NodeId> choices(node.operands.begin() + 1, node.operands.end());
    if (node.source->op == Op::Select) std::swap(choices[0], choices[1]);
    for (const NodeId choice : choices) step.slots.push_back(read(choice, wide));
    step.a = kind == KernelKind::Pick ? read(node.operands[0], wide) : node.operands[0];
  }

  KernelKind choose(NodeId id, bool wide, Step& step) const {
    const Node& node = tape_.nodes[id];
    const std::int64_t most = wide ? 63 : 31;
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
        return tape_.nodes[node.operands[0]].uniform ? KernelKind::PickUniform : KernelKind::Select;
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
        return tape_.nodes[node.operands[0]].uniform ? KernelKind::PickUniform : KernelKind::Pick;
      case Op::Slice:
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

  void leaves(NodeId id, bool negative, std::vector<Leaf>& out) const {
    const Node& node = tape_.nodes[id];
    const bool subtract = isOp(id, Op::Sub);
    for (std::size_t i = 0; i < 2; ++i) {
      const NodeId operand = node.operands[i];
      const bool sign = negative != (subtract && i == 1);
      if (isSum(operand) && absorbed_[operand]) {
        leaves(operand, sign, out);
      } else {
        out.push_back({operand, sign});
      }
    }
  }

  void emitSum(NodeId id) {
    std::vector<Leaf> terms;
    if (isSum(id)) {
      leaves(id, false, terms);
    } else {
      terms.push_back({id, false});
    }
    const Node& node = tape_.nodes[id];
    Step step;
    step.format = node.format;
    step.wraps = !fits(id);
    // A sum that is cut may need more room than its exact result: -1 in an unsigned 40-bit format.
    bool wide = !narrow(node.exact) || !narrow(node.interval);
    std::optional<int> shift;
    std::vector<ScaledProduct> products;
    std::vector<Leaf> plain;
    for (const Leaf& leaf : terms) {
      const auto product = scaledProduct(leaf.node);
      const bool whole = leaf.node == id || absorbed_[leaf.node];
      if (product && whole && !leaf.negative && shift.value_or(product->shift) == product->shift) {
        shift = product->shift;
        products.push_back(*product);
        wide |= !narrow(tape_.nodes[product->product].exact) ||
                !narrow(tape_.nodes[product->x].interval) ||
                !narrow(tape_.nodes[product->w].interval);
      } else {
        if (absorbed_[leaf.node]) {  // a product that could not join: on its own after all
          absorbed_[leaf.node] = false;
          emitSum(leaf.node);
        }
        plain.push_back(leaf);
        wide |= !narrow(tape_.nodes[leaf.node].interval);
      }
    }
    step.immediate = shift.value_or(0);
    for (const ScaledProduct& p : products) step.products.push_back({read(p.x, wide), p.w});
    for (const Leaf& leaf : plain) {
      if (tape_.nodes[leaf.node].uniform) {
        (leaf.negative ? step.negativeOffsets : step.offsets).push_back(leaf.node);
      } else {
        (leaf.negative ? step.negative : step.slots).push_back(read(leaf.node, wide));
      }
    }
    step.kernel = kernelFor(KernelKind::Sum, wide);
    step.result = at_[wide][id] = newRegister(wide);
    push(std::move(step), 0);
  }

  // ---- slots ------------------------------------------------------------------------------------

  template <typename F>
  static void forEachRead(Step& step, int registersRead, F f) {
    std::uint32_t* const fields[] = {&step.a, &step.b, &step.c};
    for (int i = 0; i < registersRead; ++i) f(*fields[i]);
    for (std::uint32_t& r : step.slots) f(r);
    for (std::uint32_t& r : step.negative) f(r);
    for (Product& product : step.products) f(product.slot);
  }

  void allocate() {
    for (std::size_t i = 0; i < tape_.steps.size(); ++i) {
      forEachRead(tape_.steps[i], reads_[i], [&](std::uint32_t r) { registers_[r].lastRead = i; });
    }
    for (const Port& output : tape_.outputs) registers_[output.slot].lastRead = tape_.steps.size();
    for (Step& splat : tape_.splats) splat.result = take(splat.result);
    for (Port& input : tape_.inputs) input.slot = take(input.slot);
    for (std::size_t i = 0; i < tape_.steps.size(); ++i) {
      Step& step = tape_.steps[i];
      // The result gets its slot before the operands give theirs back: kernels read and write in
      // separate passes over the lanes.
      const std::uint32_t result = take(step.result);
      std::vector<std::uint32_t> dying;
      forEachRead(step, reads_[i], [&](std::uint32_t& r) {
        const Register& reg = registers_[r];
        if (!reg.persistent && reg.lastRead == i) dying.push_back(r);
        r = reg.slot;
      });
      std::ranges::sort(dying);
      dying.erase(std::ranges::unique(dying).begin(), dying.end());
      for (const std::uint32_t r : dying) free_[registers_[r].wide].push_back(registers_[r].slot);
      step.result = result;
    }
    for (Port& output : tape_.outputs) output.slot = registers_[output.slot].slot;
    tape_.narrowSlots = slots_[false];
    tape_.wideSlots = slots_[true];
  }

  std::uint32_t take(std::uint32_t r) {
    Register& reg = registers_[r];
    auto& free = free_[reg.wide];
    if (free.empty()) {
      reg.slot = slots_[reg.wide]++;
    } else {
      reg.slot = free.back();
      free.pop_back();
    }
    return reg.slot;
  }

  Tape& tape_;
  const std::vector<NodeId>& events_;
  const std::vector<NodeId>& outputs_;
  std::vector<bool> absorbed_;
  std::vector<std::uint32_t> at_[2];  ///< register of each node in narrow and in wide lanes
  std::vector<Register> registers_;
  std::vector<int> reads_;  ///< per step: how many of a, b, c are registers
  std::vector<std::uint32_t> free_[2];
  std::uint32_t slots_[2] = {0, 0};
};

}  // namespace

Tape compile(const Program& program, std::string_view function) {
  Tape tape;
  Flattener flattener(program, tape);
  const Function& top = *program.find(function);
  const std::vector<NodeId> outputs = flattener.top(top);
  tape.eventElements = flattener.events.size();
  tape.outputElements = outputs.size();
  StepBuilder(tape, flattener.events, outputs).run();
  return tape;
}

}  // namespace aegen::core::tape
