#include "aegen/core/cost_model.hpp"

#include <algorithm>
#include <cassert>
#include <unordered_set>

namespace aegen::core {

namespace {

Part adderPart(GateUse use, Part adder, Part multiplier, Part product, Part compare, Part logic,
               Part table) {
  switch (use) {
    case GateUse::Adder:
      return adder;
    case GateUse::Multiplier:
      return multiplier;
    case GateUse::Product:
      return product;
    case GateUse::Compare:
      return compare;
    case GateUse::Logic:
      return logic;
    case GateUse::Table:
      return table;
  }
  return logic;
}

bool isGate(GateKind kind) {
  return kind == GateKind::And || kind == GateKind::Xor || kind == GateKind::Mux;
}

/// The part a node is counted as; empty for what costs nothing or is counted with another.
std::optional<Part> partOf(const GateNode& node) {
  switch (node.kind) {
    case GateKind::Constant:
    case GateKind::Input:
    case GateKind::CallOutput:
    case GateKind::Register:
      return std::nullopt;
    case GateKind::And:
      return adderPart(node.use, Part::AdderAnd, Part::MultiplierAnd, Part::PartialProduct,
                       Part::CompareAnd, Part::LogicAnd, Part::TableMux);
    case GateKind::Xor:
      return adderPart(node.use, Part::AdderXor, Part::MultiplierXor, Part::PartialProduct,
                       Part::CompareXor, Part::LogicXor, Part::TableMux);
    case GateKind::Mux:
      return node.use == GateUse::Table ? Part::TableMux : Part::Mux;
    case GateKind::FullSum:
    case GateKind::FullCarry:
      return node.use == GateUse::Multiplier || node.use == GateUse::Product ? Part::MultiplierFull
                                                                             : Part::AdderFull;
  }
  return std::nullopt;
}

constexpr std::size_t at(Part part) {
  return static_cast<std::size_t>(part);
}

/// How many read a node, and whether a gate is among them that one complex cell can take it into: a
/// selection, or an And of its inverse (AND-OR-INVERT).
struct Readers {
  std::uint32_t count = 0;
  bool byGate = false;
  bool byPin = false;  ///< an output, an instance or a register, which want it as it is
};

std::vector<Readers> readersOf(const GateModule& module) {
  std::vector<Readers> readers(module.nodes.size());
  const auto read = [&](GateWire wire, bool byGate) {
    Readers& node = readers[wire >> 1U];
    ++node.count;
    node.byGate = node.byGate || byGate;
  };
  const auto readByPin = [&](GateWire wire) {
    Readers& node = readers[wire >> 1U];
    ++node.count;
    node.byPin = node.byPin || (wire & 1U) == 0;
  };
  for (const std::uint32_t step : module.order) {
    if ((step & kCallStep) != 0) {
      for (const GateWire wire : module.calls[step & ~kCallStep].inputs) {
        readByPin(wire);
      }
      continue;
    }
    const GateNode& node = module.nodes[step];
    if (partOf(node)) {
      for (const GateWire wire : node.in) {
        read(wire, node.kind == GateKind::Mux || (node.kind == GateKind::And && (wire & 1U) != 0));
      }
    }
  }
  for (const GateWire wire : module.outputs) {
    readByPin(wire);
  }
  for (const GateRegister& reg : module.registers) {
    readByPin(reg.next);
  }
  return readers;
}

/// A bit from crossing to crossing: how often it is one, how often it changes.
struct Activity {
  double one = 0.5;
  double change = 0.5;
  [[nodiscard]] double staysOne() const { return one - change / 2; }
};

Activity of(const std::vector<Activity>& activity, GateWire wire) {
  Activity out = activity[wire >> 1U];
  if ((wire & 1U) != 0) {
    out.one = 1 - out.one;
  }
  return out;
}

Activity both(const Activity& a, const Activity& b) {
  const double one = a.one * b.one;
  return {one, 2 * (one - a.staysOne() * b.staysOne())};
}

Activity differ(const Activity& a, const Activity& b) {
  return {a.one + b.one - 2 * a.one * b.one, a.change * (1 - b.change) + b.change * (1 - a.change)};
}

Activity chosen(const Activity& s, const Activity& a, const Activity& b) {
  const double one = s.one * a.one + (1 - s.one) * b.one;
  const double stays = s.staysOne() * a.staysOne() + s.change * a.one * b.one +
                       (1 - s.one - s.change / 2) * b.staysOne();
  return {one, std::max(0.0, 2 * (one - stays))};
}

Activity activityOf(const GateNode& node, const std::vector<Activity>& activity) {
  const Activity a = of(activity, node.in[0]);
  const Activity b = of(activity, node.in[1]);
  switch (node.kind) {
    case GateKind::Constant:
      return {0, 0};
    case GateKind::Input:
    case GateKind::CallOutput:
    case GateKind::Register:
      return {};
    case GateKind::And:
      return both(a, b);
    case GateKind::Xor:
      return differ(a, b);
    case GateKind::Mux:
      return chosen(a, b, of(activity, node.in[2]));
    case GateKind::FullSum:
      return differ(differ(a, b), of(activity, node.in[2]));
    case GateKind::FullCarry:
      return chosen(differ(a, b), of(activity, node.in[2]), a);
  }
  return {};
}

/// Arrivals without and with the parts passed.
struct Plain {
  double cells = 0;
  void pass(Part /*part*/, double delay) { cells += delay; }
};
struct Traced {
  double cells = 0;
  std::array<std::uint16_t, kParts> parts{};
  void pass(Part part, double delay) {
    cells += delay;
    ++parts[at(part)];
  }
};

template <typename Arrival>
class ArrivalModel {
 public:
  ArrivalModel(const std::vector<GateModule>& modules, const PartValues& delay)
      : modules_(modules), delay_(delay) {}

  /// Arrivals at the outputs of a module; `worst` becomes the latest endpoint inside and at them.
  std::vector<Arrival> run(std::size_t index, const std::vector<Arrival>& inputs, Arrival& worst) {
    const GateModule& module = modules_[index];
    std::vector<Arrival> arrival(module.nodes.size());
    for (std::size_t i = 0; i < module.inputs.size(); ++i) {
      arrival[module.inputs[i]] = inputs[i];
    }
    for (const std::uint32_t step : module.order) {
      if ((step & kCallStep) != 0) {
        call(module.calls[step & ~kCallStep], arrival, worst);
        continue;
      }
      const GateNode& node = module.nodes[step];
      const auto part = partOf(node);
      if (!part) {
        continue;
      }
      const int count = node.kind == GateKind::And || node.kind == GateKind::Xor ? 2 : 3;
      const Arrival* latest = &arrival[node.in[0] >> 1U];
      for (int i = 1; i < count; ++i) {
        const Arrival* const other = &arrival[node.in[static_cast<std::size_t>(i)] >> 1U];
        latest = other->cells > latest->cells ? other : latest;
      }
      Arrival out = *latest;
      out.pass(*part, delay_[at(*part)]);
      arrival[step] = out;
    }
    for (const GateRegister& reg : module.registers) {
      later(worst, arrival[reg.next >> 1U]);
    }
    std::vector<Arrival> outputs;
    outputs.reserve(module.outputs.size());
    for (const GateWire wire : module.outputs) {
      outputs.push_back(arrival[wire >> 1U]);
      later(worst, outputs.back());
    }
    return outputs;
  }

 private:
  static void later(Arrival& worst, const Arrival& other) {
    if (other.cells > worst.cells) {
      worst = other;
    }
  }

  void call(const GateCall& call, std::vector<Arrival>& arrival, Arrival& worst) {
    std::vector<Arrival> inputs;
    inputs.reserve(call.inputs.size());
    for (const GateWire wire : call.inputs) {
      inputs.push_back(arrival[wire >> 1U]);
    }
    const std::vector<Arrival> outputs = run(call.callee, inputs, worst);
    std::copy(outputs.begin(), outputs.end(), arrival.begin() + call.firstOutput);
  }

  const std::vector<GateModule>& modules_;
  const PartValues& delay_;
};

template <typename Arrival>
Arrival longestFrom(const std::vector<GateModule>& modules, std::size_t index,
                    const PartValues& delay) {
  Arrival worst;
  const std::vector<Arrival> inputs(modules[index].inputs.size());
  ArrivalModel<Arrival>(modules, delay).run(index, inputs, worst);
  return worst;
}

}  // namespace

ModuleParts partsOf(const GateModule& module) {
  ModuleParts parts;
  std::vector<Activity> activity(module.nodes.size());
  activity[0] = {0, 0};
  for (std::size_t i = 0; i < module.inputs.size(); ++i) {
    activity[module.inputs[i]] = {0.5, module.steadyInputs[i] ? 0 : 0.5};
  }
  std::unordered_set<std::uint32_t> adders;
  std::unordered_set<GateWire> invertedPins;
  const std::vector<Readers> readers = readersOf(module);
  for (const std::uint32_t step : module.order) {
    if ((step & kCallStep) != 0) {
      continue;
    }
    const GateNode& node = module.nodes[step];
    auto part = partOf(node);
    if (!part) {
      continue;
    }
    if (*part == Part::LogicAnd && readers[step].byPin) {
      part = Part::OutputAnd;
    } else if (*part == Part::LogicAnd && readers[step].count == 1 && readers[step].byGate) {
      part = Part::InnerAnd;
    } else if (*part == Part::LogicAnd && !isGate(module.nodes[node.in[0] >> 1U].kind) &&
               !isGate(module.nodes[node.in[1] >> 1U].kind)) {
      part = Part::LeafAnd;
    }
    activity[step] = activityOf(node, activity);
    parts.changes[at(*part)] += activity[step].change;
    const bool sum = node.kind == GateKind::FullSum;
    if (!sum && node.kind != GateKind::FullCarry) {
      parts.counts[at(*part)] += 1;
      continue;
    }
    // Sum and carry are one cell.
    if (!adders.insert(sum ? step : step - 1).second) {
      continue;
    }
    parts.counts[at(*part)] += 1;
    for (const GateWire wire : node.in) {
      // A gate can be built to give its inverse; what comes from a cell or a pin cannot.
      const bool fromGate = isGate(module.nodes[wire >> 1U].kind);
      if ((wire & 1U) != 0 && !fromGate && invertedPins.insert(wire).second) {
        parts.counts[at(Part::CellInverter)] += 1;
        parts.changes[at(Part::CellInverter)] += activity[wire >> 1U].change;
      }
    }
  }
  const auto registers = static_cast<double>(module.registers.size());
  parts.counts[at(Part::FlipFlop)] = registers;
  // Each is clocked every crossing.
  parts.changes[at(Part::FlipFlop)] = registers;
  return parts;
}

double priced(const PartValues& counts, const PartValues& price) {
  double total = 0;
  for (std::size_t i = 0; i < kParts; ++i) {
    total += counts[i] * price[i];
  }
  return total;
}

std::vector<GatePath> longestPaths(const std::vector<GateModule>& modules,
                                   const PartValues& delay) {
  std::vector<GatePath> paths;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const auto traced = longestFrom<Traced>(modules, i, delay);
    GatePath path{traced.cells, {}};
    std::copy(traced.parts.begin(), traced.parts.end(), path.parts.begin());
    paths.push_back(path);
  }
  return paths;
}

std::vector<ModuleEstimate> estimateModules(const std::vector<GateModule>& modules,
                                            const CostModel& model) {
  std::vector<ModuleEstimate> out;
  for (std::size_t i = 0; i < modules.size(); ++i) {
    const GateModule& module = modules[i];
    const ModuleParts parts = partsOf(module);
    ModuleEstimate estimate;
    estimate.name = module.name;
    estimate.ownArea = estimate.area = priced(parts.counts, model.area);
    estimate.ownFlipFlops = estimate.flipFlops = module.registers.size();
    estimate.depth = longestFrom<Plain>(modules, i, model.delay).cells;
    if (model.energy) {
      estimate.ownEnergy = estimate.energy = priced(parts.changes, *model.energy);
    }
    for (const std::uint32_t step : module.order) {
      if ((step & kCallStep) != 0) {
        const ModuleEstimate& below = out[module.calls[step & ~kCallStep].callee];
        estimate.area += below.area;
        estimate.flipFlops += below.flipFlops;
        if (estimate.energy) {
          *estimate.energy += *below.energy;
        }
      }
    }
    out.push_back(std::move(estimate));
  }
  if (!out.empty()) {
    out.back().instances = 1;
  }
  for (std::size_t i = modules.size(); i-- > 0;) {
    for (const std::uint32_t step : modules[i].order) {
      if ((step & kCallStep) != 0) {
        out[modules[i].calls[step & ~kCallStep].callee].instances += out[i].instances;
      }
    }
  }
  return out;
}

ModuleEstimate estimateFunction(const Program& program, std::string_view function,
                                const CostModel& model) {
  return estimateModules(gatesOf(program, function), model).back();
}

}  // namespace aegen::core
