#include <algorithm>
#include <cassert>

#include "aegen/core/gate_module.hpp"

namespace aegen::core {

namespace {

constexpr std::uint32_t nodeOf(GateWire wire) {
  return wire >> 1U;
}
constexpr bool inverted(GateWire wire) {
  return (wire & 1U) != 0;
}
constexpr bool isConstant(GateWire wire) {
  return wire <= kOne;
}

int inputsOf(GateKind kind) {
  switch (kind) {
    case GateKind::Constant:
    case GateKind::Input:
    case GateKind::CallOutput:
    case GateKind::Register:
      return 0;
    case GateKind::And:
    case GateKind::Xor:
      return 2;
    case GateKind::Mux:
    case GateKind::FullSum:
    case GateKind::FullCarry:
      return 3;
  }
  return 0;
}

/// Puts what is reachable from outputs and registers in an order of computation.
class Sorter {
 public:
  explicit Sorter(GateModule& module) : module_(module), nodeSeen_(module.nodes.size(), false) {
    callSeen_.resize(module.calls.size(), false);
    for (std::uint32_t i = 0; i < module.registers.size(); ++i) {
      registerAt_.emplace(module.registers[i].node, i);
    }
    callOf_.resize(module.nodes.size(), 0);
    for (std::uint32_t i = 0; i < module.calls.size(); ++i) {
      for (std::uint32_t n = module.calls[i].firstOutput;
           n < module.nodes.size() && module.nodes[n].kind == GateKind::CallOutput &&
           (i + 1 == module.calls.size() || n < module.calls[i + 1].firstOutput);
           ++n) {
        callOf_[n] = i;
      }
    }
  }

  void run() {
    // An instance with no outputs at all has nothing to keep it; one that holds state keeps itself
    // through what reads it.
    for (const GateWire wire : module_.outputs) {
      visit(nodeOf(wire));
    }
    // Registers found on the way have inputs of their own, which may find further registers.
    for (std::size_t i = 0; i < found_.size(); ++i) {
      visit(nodeOf(module_.registers[found_[i]].next));
    }
    std::sort(found_.begin(), found_.end());
    std::vector<GateRegister> kept;
    for (const std::uint32_t index : found_) {
      if (!staysZero(module_.registers[index])) {
        kept.push_back(module_.registers[index]);
      }
    }
    module_.registers = std::move(kept);
  }

 private:
  struct Frame {
    std::uint32_t step;
    std::size_t next;
  };

  /// Once it is zero, by its reset, it can never be anything else: synthesis takes it away.
  [[nodiscard]] bool staysZero(const GateRegister& reg) const {
    const GateWire own = reg.node << 1U;
    const GateNode& next = module_.nodes[nodeOf(reg.next)];
    return reg.next == kZero || reg.next == own ||
           (next.kind == GateKind::And && !inverted(reg.next) &&
            (next.in[0] == own || next.in[1] == own));
  }

  [[nodiscard]] const GateWire* operands(std::uint32_t step, std::size_t& count) const {
    if ((step & kCallStep) != 0) {
      const GateCall& call = module_.calls[step & ~kCallStep];
      count = call.inputs.size();
      return call.inputs.data();
    }
    const GateNode& node = module_.nodes[step];
    count = static_cast<std::size_t>(inputsOf(node.kind));
    return node.in.data();
  }

  void push(std::uint32_t step) {
    if ((step & kCallStep) != 0) {
      if (!callSeen_[step & ~kCallStep]) {
        callSeen_[step & ~kCallStep] = true;
        stack_.push_back({step, 0});
      }
      return;
    }
    if (nodeSeen_[step]) {
      return;
    }
    nodeSeen_[step] = true;
    const GateNode& node = module_.nodes[step];
    if (node.kind == GateKind::Register) {
      found_.push_back(registerAt_.at(step));
    } else if (node.kind == GateKind::CallOutput) {
      // The output comes after its call.
      stack_.push_back({step, 0});
      push(kCallStep | callOf_[step]);
      return;
    }
    stack_.push_back({step, 0});
  }

  void visit(std::uint32_t node) {
    push(node);
    while (!stack_.empty()) {
      Frame& frame = stack_.back();
      std::size_t count = 0;
      const GateWire* const in = operands(frame.step, count);
      if (frame.next < count) {
        push(nodeOf(in[frame.next++]));
        continue;
      }
      module_.order.push_back(frame.step);
      stack_.pop_back();
    }
  }

  GateModule& module_;
  std::vector<bool> nodeSeen_;
  std::vector<bool> callSeen_;
  std::vector<std::uint32_t> callOf_;
  std::unordered_map<std::uint32_t, std::uint32_t> registerAt_;
  std::vector<std::uint32_t> found_;
  std::vector<Frame> stack_;
};

}  // namespace

GateBuilder::GateBuilder(std::string name) {
  module_.name = std::move(name);
  module_.nodes.emplace_back();
}

std::size_t GateBuilder::KeyHash::operator()(const Key& key) const {
  std::uint64_t hash = key.tag;
  for (const GateWire wire : key.in) {
    hash = (hash ^ wire) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29U;
  }
  return static_cast<std::size_t>(hash);
}

std::uint32_t GateBuilder::append(GateKind kind) {
  module_.nodes.push_back({kind, use_, {}});
  return static_cast<std::uint32_t>(module_.nodes.size() - 1);
}

GateWire GateBuilder::node(GateKind kind, const std::array<GateWire, 3>& in) {
  const auto tag = static_cast<std::uint16_t>(kind);
  const auto [found, isNew] = known_.try_emplace(Key{in, tag}, 0);
  if (isNew) {
    found->second = append(kind);
    module_.nodes.back().in = in;
  }
  return found->second << 1U;
}

GateWires GateBuilder::input(int width, bool steady) {
  GateWires bits;
  for (int i = 0; i < width; ++i) {
    const std::uint32_t node = append(GateKind::Input);
    module_.inputs.push_back(node);
    module_.steadyInputs.push_back(steady);
    bits.push_back(node << 1U);
  }
  return bits;
}

std::size_t GateBuilder::call(std::uint32_t callee, int outputBits) {
  GateCall call;
  call.callee = callee;
  call.firstOutput = static_cast<std::uint32_t>(module_.nodes.size());
  for (int i = 0; i < outputBits; ++i) {
    append(GateKind::CallOutput);
  }
  module_.calls.push_back(std::move(call));
  return module_.calls.size() - 1;
}

void GateBuilder::setInputs(std::size_t call, GateWires inputs) {
  module_.calls[call].inputs = std::move(inputs);
}

GateWires GateBuilder::outputsOf(std::size_t call, int outputBits) const {
  GateWires bits;
  for (int i = 0; i < outputBits; ++i) {
    bits.push_back((module_.calls[call].firstOutput + static_cast<std::uint32_t>(i)) << 1U);
  }
  return bits;
}

GateWires GateBuilder::registers(int width) {
  GateWires bits;
  for (int i = 0; i < width; ++i) {
    const std::uint32_t node = append(GateKind::Register);
    registerAt_.emplace(node, module_.registers.size());
    module_.registers.push_back({node, node << 1U});
    bits.push_back(node << 1U);
  }
  return bits;
}

void GateBuilder::setNext(GateWire reg, GateWire next) {
  module_.registers[registerAt_.at(nodeOf(reg))].next = next;
}

GateWire GateBuilder::andOf(GateWire a, GateWire b) {
  if (a > b) {
    std::swap(a, b);
  }
  if (a == kZero || a == (b ^ 1U)) {
    return kZero;
  }
  if (a == kOne || a == b) {
    return b;
  }
  return node(GateKind::And, {a, b, 0});
}

GateWire GateBuilder::xorOf(GateWire a, GateWire b) {
  const GateWire flip = (a ^ b) & 1U;
  a &= ~1U;
  b &= ~1U;
  if (a > b) {
    std::swap(a, b);
  }
  if (a == kZero) {
    return b ^ flip;
  }
  if (a == b) {
    return kZero ^ flip;
  }
  return node(GateKind::Xor, {a, b, 0}) ^ flip;
}

GateWire GateBuilder::muxOf(GateWire condition, GateWire ifOne, GateWire ifZero) {
  if (isConstant(condition)) {
    return condition == kOne ? ifOne : ifZero;
  }
  if (inverted(condition)) {
    condition ^= 1U;
    std::swap(ifOne, ifZero);
  }
  if (ifOne == ifZero) {
    return ifOne;
  }
  if (ifOne == (ifZero ^ 1U)) {
    return xorOf(condition, ifZero);
  }
  if (ifOne == kZero || ifOne == (condition ^ 1U)) {
    return andOf(condition ^ 1U, ifZero);
  }
  if (ifOne == kOne || ifOne == condition) {
    return orOf(condition, ifZero);
  }
  if (ifZero == kZero || ifZero == condition) {
    return andOf(condition, ifOne);
  }
  if (ifZero == kOne || ifZero == (condition ^ 1U)) {
    return orOf(condition ^ 1U, ifOne);
  }
  const GateWire flip = ifZero & 1U;
  return node(GateKind::Mux, {condition, ifOne ^ flip, ifZero ^ flip}) ^ flip;
}

std::pair<GateWire, GateWire> GateBuilder::addBit(GateWire a, GateWire b, GateWire c, bool cell) {
  if (cell && !isConstant(a) && !isConstant(b) && !isConstant(c)) {
    std::array<GateWire, 3> in{a, b, c};
    std::sort(in.begin(), in.end());
    const GateWire sum = node(GateKind::FullSum, in);
    const GateWire carry = node(GateKind::FullCarry, in);
    return {sum, carry};
  }
  const GateWire sum = xorOf(xorOf(a, b), c);
  return {sum, orOf(andOf(a, b), andOf(c, orOf(a, b)))};
}

GateModule GateBuilder::finish() && {
  Sorter(module_).run();
  return std::move(module_);
}

void GateBuilder::output(const GateWires& bits) {
  module_.outputs.insert(module_.outputs.end(), bits.begin(), bits.end());
}

}  // namespace aegen::core
