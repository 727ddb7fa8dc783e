#include "gate_circuit.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace aegen::flows {

namespace {

// The smallest cell with one output of this function, whatever the order of its pins.
std::optional<double> areaOfFunction(const Liberty& library, std::size_t inputs,
                                     std::uint64_t table) {
  std::optional<double> best;
  for (const LibertyCell& cell : library.cells()) {
    std::vector<std::string> names = cell.inputs();
    if (cell.kind != CellKind::Combinational || cell.dontUse || cell.area <= 0 ||
        names.size() != inputs || cell.pins.size() != inputs + 1) {
      continue;
    }
    const auto output =
        std::ranges::find_if(cell.pins, [](const auto& pin) { return !pin.isInput; });
    std::ranges::sort(names);
    bool matches = false;
    do {
      matches = truthTable(output->function, names) == table;
    } while (!matches && std::next_permutation(names.begin(), names.end()));
    if (matches && (!best || cell.area < *best)) {
      best = cell.area;
    }
  }
  return best;
}

int delayOf(GateKind kind) {
  switch (kind) {
    case GateKind::FullAdder:
    case GateKind::Parity3:
      return 4;
    case GateKind::Xor:
    case GateKind::Xnor:
    case GateKind::Majority:
      return 2;
    default:
      return 1;
  }
}

std::size_t inputsOf(GateKind kind) {
  switch (kind) {
    case GateKind::Not:
      return 1;
    case GateKind::AndOrInvert:
      return 4;
    case GateKind::FullAdder:
    case GateKind::Parity3:
    case GateKind::Majority:
      return 3;
    default:
      return 2;
  }
}

std::optional<GateKind> counterpart(GateKind kind) {
  switch (kind) {
    case GateKind::Nand:
      return GateKind::And;
    case GateKind::And:
      return GateKind::Nand;
    case GateKind::Xor:
      return GateKind::Xnor;
    case GateKind::Xnor:
      return GateKind::Xor;
    default:
      return std::nullopt;
  }
}

}  // namespace

GateCosts gateCosts(const Liberty& library, bool cells) {
  GateCosts costs;
  costs.nand2 = library.nand2().area;
  costs.inverter = library.inverter() == nullptr ? costs.nand2 : library.inverter()->area;
  const auto smallest = [&](std::size_t inputs, std::uint64_t table, double otherwise) {
    return std::min(areaOfFunction(library, inputs, table).value_or(otherwise), otherwise);
  };
  costs.and2 = smallest(2, 0b1000, costs.nand2 + costs.inverter);
  costs.or2 = smallest(2, 0b1110, costs.nand2 + 2 * costs.inverter);
  costs.xor2 = smallest(2, 0b0110, smallest(2, 0b1001, 4 * costs.nand2));
  costs.andOrInvert = smallest(4, 0x0777, 3 * costs.nand2 + costs.inverter);
  costs.majority = 2 * costs.nand2 + smallest(3, 0b00011111, 2 * costs.nand2);
  costs.parity3 = 2 * costs.xor2;
  costs.fullAdder = 2 * costs.xor2 + 3 * costs.nand2;
  const auto adder = library.fullAdder();
  if (cells && adder) {
    costs.fullAdder = library.find(adder->cell)->area;
  }
  return costs;
}

std::uint32_t GateCircuit::gate(GateKind kind, std::array<std::uint32_t, 4> inputs) {
  if (kind == GateKind::AndOrInvert) {
    if (inputs[0] > inputs[1]) {
      std::swap(inputs[0], inputs[1]);
    }
    if (inputs[2] > inputs[3]) {
      std::swap(inputs[2], inputs[3]);
    }
  } else {
    std::sort(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(inputsOf(kind)));
  }
  const std::array<std::uint32_t, 5> key{static_cast<std::uint32_t>(kind), inputs[0], inputs[1],
                                         inputs[2], inputs[3]};
  if (const auto found = known_.find(key); found != known_.end()) {
    return found->second;
  }
  Gate made{kind, inputs, next_++, 0};
  int latest = 0;
  for (std::size_t i = 0; i < inputsOf(kind); ++i) {
    latest = std::max(latest, arrival({inputs[i], false}));
  }
  arrival_[made.output] = latest + delayOf(kind);
  driver_[made.output] = gates_.size();
  if (kind == GateKind::FullAdder) {
    made.carry = next_++;
    arrival_[made.carry] = latest + delayOf(kind);
  }
  gates_.push_back(made);
  known_[key] = made.output;
  return made.output;
}

int GateCircuit::arrival(Signal signal) const {
  const auto found = arrival_.find(signal.net);
  return found == arrival_.end() ? 0 : found->second;
}

Signal GateCircuit::phased(Signal signal, bool inverted) {
  if (signal.isConstant() || signal.inverted == inverted) {
    return signal;
  }
  const auto found = driver_.find(signal.net);
  if (found != driver_.end()) {
    const Gate driver = gates_[found->second];
    if (driver.kind == GateKind::Not) {
      return {driver.inputs[0], inverted};
    }
    if (const auto other = counterpart(driver.kind)) {
      return {gate(*other, driver.inputs), inverted};
    }
  }
  return {gate(GateKind::Not, {signal.net, 0, 0, 0}), inverted};
}

Signal GateCircuit::conjunction(Signal a, Signal b) {
  if (a == kZero || b == kZero || a == !b) {
    return kZero;
  }
  if (a == kOne || a == b) {
    return b;
  }
  if (b == kOne) {
    return a;
  }
  if (a.inverted && b.inverted) {
    return {gate(GateKind::Or, {a.net, b.net, 0, 0}), true};
  }
  return {gate(GateKind::Nand, {plain(a), plain(b), 0, 0}), true};
}

Signal GateCircuit::parity(Signal a, Signal b) {
  if (a.isConstant()) {
    return a == kOne ? !b : b;
  }
  if (b.isConstant()) {
    return b == kOne ? !a : a;
  }
  if (a.net == b.net) {
    return a.inverted == b.inverted ? kZero : kOne;
  }
  return {gate(GateKind::Xor, {a.net, b.net, 0, 0}), a.inverted != b.inverted};
}

Signal GateCircuit::either(Signal a, Signal b, Signal c, Signal d) {
  if (a.isConstant() || b.isConstant() || c.isConstant() || d.isConstant()) {
    return disjunction(conjunction(a, b), conjunction(c, d));
  }
  return {gate(GateKind::AndOrInvert, {plain(a), plain(b), plain(c), plain(d)}), true};
}

GateCircuit::Sum GateCircuit::add(Signal a, Signal b) {
  return {parity(a, b), conjunction(a, b)};
}

GateCircuit::Sum GateCircuit::add(Signal a, Signal b, Signal c) {
  std::array<Signal, 3> in{a, b, c};
  std::ranges::sort(in, {}, &Signal::net);
  if (in[0] == kZero) {
    return add(in[1], in[2]);
  }
  if (in[0] == kOne) {
    return {!parity(in[1], in[2]), disjunction(in[1], in[2])};
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (in[i].net == in[i + 1].net) {
      const Signal other = in[i == 0 ? 2 : 0];
      return in[i] == in[i + 1] ? Sum{other, in[i]} : Sum{!other, other};
    }
  }
  const bool inverted =
      static_cast<int>(a.inverted) + static_cast<int>(b.inverted) + static_cast<int>(c.inverted) >=
      2;
  std::array<std::uint32_t, 4> nets{};
  for (std::size_t i = 0; i < 3; ++i) {
    nets[i] = phased(in[i], inverted).net;
  }
  const std::uint32_t sum = gate(GateKind::FullAdder, nets);
  return {{sum, inverted}, {gates_[driver_.at(sum)].carry, inverted}};
}

void GateCircuit::prune(const std::vector<std::uint32_t>& outputs) {
  std::set<std::uint32_t> live(outputs.begin(), outputs.end());
  std::vector<Gate> kept;
  for (auto at = gates_.rbegin(); at != gates_.rend(); ++at) {
    Gate gate = *at;
    const bool readsSum = live.contains(gate.output);
    const bool readsCarry = gate.carry != 0 && live.contains(gate.carry);
    if (!readsSum && !readsCarry) {
      continue;
    }
    if (gate.kind == GateKind::FullAdder && !readsSum && costs_.majority < costs_.fullAdder) {
      gate = {GateKind::Majority, gate.inputs, gate.carry, 0};
    } else if (gate.kind == GateKind::FullAdder && !readsCarry &&
               costs_.parity3 < costs_.fullAdder) {
      gate = {GateKind::Parity3, gate.inputs, gate.output, 0};
    }
    live.insert(gate.inputs.begin(), gate.inputs.end());
    kept.push_back(gate);
  }
  gates_.assign(kept.rbegin(), kept.rend());
  known_.clear();
  driver_.clear();
}

double GateCircuit::areaOf(GateKind kind) const {
  switch (kind) {
    case GateKind::Not:
      return costs_.inverter;
    case GateKind::Nand:
      return costs_.nand2;
    case GateKind::And:
      return costs_.and2;
    case GateKind::Or:
      return costs_.or2;
    case GateKind::Xor:
    case GateKind::Xnor:
      return costs_.xor2;
    case GateKind::AndOrInvert:
      return costs_.andOrInvert;
    case GateKind::FullAdder:
      return costs_.fullAdder;
    case GateKind::Parity3:
      return costs_.parity3;
    case GateKind::Majority:
      return costs_.majority;
  }
  return 0;
}

double GateCircuit::area() const {
  double total = 0;
  for (const Gate& gate : gates_) {
    total += areaOf(gate.kind);
  }
  return total;
}

}  // namespace aegen::flows
