#include "aegen/flows/power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace aegen::flows {

namespace {

using core::Result;
using sim::NetId;

/// Of the clock's changes: a clock net with fewer is gated. The last fall of a run is not counted.
constexpr double kGatedBelow = 0.95;

/// What a pin is for, looked up once a cell type.
struct PinFacts {
  std::string name;
  const PinPower* power = nullptr;
  bool isInput = true;
};
struct TypeFacts {
  std::vector<PinFacts> pins;
  double leakage = 0;
  bool stores = false;
  bool isFlipFlop = false;
};

class Meter {
 public:
  Meter(const MappedChip& chip, const LibertyPower& library,
        const sim::NetlistExecutor::Activity& activity, const PowerOptions& options)
      : chip_(chip),
        library_(library),
        activity_(activity),
        options_(options),
        perClock_(1.0 / static_cast<double>(activity.clocks)) {}

  PowerFigures run() {
    loads_.assign(chip_.program->netlist().netCount, 0);
    everyCell([&](std::size_t, const NetlistCell& cell, const TypeFacts& type,
                  const FlatInstance& instance) {
      eachPin(cell, type, instance, [&](const PinFacts& pin, NetId net) {
        if (pin.isInput) loads_[net] += capacitance(pin);
      });
    });
    std::map<std::string, ModulePower> modules;
    std::map<std::string, ModulePower> blocks;
    for (const FlatInstance& instance : chip_.instances) {
      ModulePower& module = modules[instance.module->name];
      module.name = instance.module->name;
      ++module.instances;
    }
    everyCell([&](std::size_t index, const NetlistCell& cell, const TypeFacts& type,
                  const FlatInstance& instance) {
      const EnergySplit energy = ofCell(cell, type, instance);
      const std::string block = blockOf(index);
      blocks[block].name = block;
      blocks[block].instances = 1;
      for (EnergySplit* const sum :
           {&out_.energy, &modules[instance.module->name].energy, &blocks[block].energy}) {
        add(*sum, energy);
      }
      out_.leakage += type.leakage;
    });
    inputPorts(blocks["input ports"]);
    for (auto& [name, module] : modules) out_.modules.push_back(module);
    for (auto& [name, block] : blocks) out_.blocks.push_back(block);
    for (auto* const list : {&out_.modules, &out_.blocks}) {
      std::ranges::stable_sort(*list, [](const ModulePower& a, const ModulePower& b) {
        return a.energy.total() > b.energy.total();
      });
    }
    return std::move(out_);
  }

 private:
  static void add(EnergySplit& sum, const EnergySplit& part) {
    sum.clock += part.clock;
    sum.registers += part.registers;
    sum.combinational += part.combinational;
  }

  [[nodiscard]] double capacitance(const PinFacts& pin) const {
    return options_.wire + (pin.power == nullptr ? 0 : pin.power->capacitance);
  }
  /// Of one change of a capacitance, pJ.
  [[nodiscard]] double switching(double load) const {
    return 0.5 * load * library_.voltage * library_.voltage;
  }
  [[nodiscard]] double rate(NetId net) const {
    return static_cast<double>(activity_.toggles[net]) * perClock_;
  }
  [[nodiscard]] bool isClock(NetId net) const { return chip_.program->isClockNet(net); }

  [[nodiscard]] std::string blockOf(std::size_t index) const {
    if (index == 0) return "top";
    while (chip_.instances[index].parent != 0) index = chip_.instances[index].parent;
    return chip_.instances[index].name;
  }

  const TypeFacts* factsOf(const std::string& type) {
    const auto known = types_.find(type);
    if (known != types_.end()) return &known->second;
    const LibertyCell* const cell = chip_.library.find(type);
    if (cell == nullptr) return nullptr;
    TypeFacts facts;
    const auto power = library_.cells.find(type);
    for (const LibertyPin& pin : cell->pins) {
      PinFacts made{pin.name, nullptr, pin.isInput};
      if (power != library_.cells.end()) {
        const auto found = power->second.pins.find(pin.name);
        if (found != power->second.pins.end()) made.power = &found->second;
      }
      facts.pins.push_back(made);
    }
    facts.leakage = power == library_.cells.end() ? 0 : power->second.leakage;
    facts.isFlipFlop = cell->kind == CellKind::FlipFlop;
    facts.stores = facts.isFlipFlop || cell->kind == CellKind::Latch;
    return &types_.emplace(type, std::move(facts)).first->second;
  }

  template <typename Use>
  void everyCell(const Use& use) {
    for (std::size_t i = 0; i < chip_.instances.size(); ++i) {
      const FlatInstance& instance = chip_.instances[i];
      for (const NetlistCell& cell : instance.module->cells) {
        if (const TypeFacts* const type = factsOf(cell.type)) use(i, cell, *type, instance);
      }
    }
  }

  template <typename Use>
  static void eachPin(const NetlistCell& cell, const TypeFacts& type, const FlatInstance& instance,
                      const Use& use) {
    for (const NetlistPort& pin : cell.pins) {
      if (pin.bits.empty()) continue;
      const auto facts = std::ranges::find(type.pins, pin.name, &PinFacts::name);
      const NetId net = instance.at(pin.bits.front());
      if (facts != type.pins.end() && net != sim::kNoNet) use(*facts, net);
    }
  }

  EnergySplit ofCell(const NetlistCell& cell, const TypeFacts& type, const FlatInstance& instance) {
    EnergySplit energy;
    bool drivesClock = false;
    NetId clock = sim::kNoNet;
    double clockEnergy = 0;  // of one change of the clock pin
    bool still = true;
    double inner = 0;
    eachPin(cell, type, instance, [&](const PinFacts& pin, NetId net) {
      const double load = pin.isInput ? 0 : loads_[net];
      const double internal = pin.power == nullptr ? 0 : pin.power->energy(load, options_.slew);
      if (pin.isInput && isClock(net)) {
        // A clock net's energy goes to the pins it drives: that is where gating saves it.
        const double each = internal + switching(capacitance(pin));
        energy.clock += each * rate(net);
        if (type.stores) {
          clock = net;
          clockEnergy += each;
        }
        return;
      }
      if (pin.isInput) {
        inner += internal * rate(net);
        return;
      }
      const bool toClock = isClock(net);
      drivesClock = drivesClock || toClock;
      still = still && activity_.toggles[net] == 0;
      inner += (internal + (toClock ? 0 : switching(load))) * rate(net);
    });
    (drivesClock ? energy.clock : type.stores ? energy.registers : energy.combinational) += inner;
    if (type.isFlipFlop && clock != sim::kNoNet) account(clock, clockEnergy, still);
    return energy;
  }

  void account(NetId clock, double each, bool still) {
    ++out_.flipFlops;
    const double full = 2;  // changes a clock
    if (rate(clock) < kGatedBelow * full) {
      ++out_.gatedFlipFlops;
      out_.gatingSaves += (full - rate(clock)) * each;
    } else if (still) {
      ++out_.stillFlipFlops;
      out_.stillClockEnergy += full * each;
    }
  }

  void inputPorts(ModulePower& block) {
    block.name = "input ports";
    block.instances = 1;
    for (const sim::NetBundle& port : chip_.program->netlist().inputs) {
      for (const NetId net : port.nets) {
        if (!isClock(net)) block.energy.combinational += switching(loads_[net]) * rate(net);
      }
    }
    add(out_.energy, block.energy);
  }

  const MappedChip& chip_;
  const LibertyPower& library_;
  const sim::NetlistExecutor::Activity& activity_;
  const PowerOptions& options_;
  double perClock_;
  std::map<std::string, TypeFacts, std::less<>> types_;
  std::vector<double> loads_;  ///< pF by net
  PowerFigures out_;
};

}  // namespace

Result<PowerFigures> powerOf(const MappedChip& chip, const LibertyPower& library,
                             const sim::NetlistExecutor::Activity& activity,
                             const PowerOptions& options) {
  if (activity.clocks == 0 || activity.toggles.size() != chip.program->netlist().netCount) {
    return core::internalError("power.no-activity", "no changes of this netlist were counted");
  }
  return Meter(chip, library, activity, options).run();
}

std::string saif(const MappedChip& chip, const sim::NetlistExecutor::Activity& activity,
                 const std::string& top, double period) {
  const double duration = static_cast<double>(activity.clocks) * period;
  std::string out = fmt::format(
      "(SAIFILE\n(SAIFVERSION \"2.0\")\n(DIRECTION \"backward\")\n(DIVIDER /)\n(TIMESCALE 1 ns)\n"
      "(DURATION {:.0f})\n",
      duration);
  std::vector<std::vector<std::size_t>> children(chip.instances.size());
  for (std::size_t i = 1; i < chip.instances.size(); ++i) {
    children[chip.instances[i].parent].push_back(i);
  }
  const auto write = [&](const auto& self, std::size_t index, const std::string& name) -> void {
    const FlatInstance& instance = chip.instances[index];
    out += fmt::format("(INSTANCE {}\n(NET\n", name);
    for (const NetlistName& named : instance.module->names) {
      for (std::size_t i = 0; i < named.bits.size(); ++i) {
        const NetId net = instance.at(named.bits[i]);
        if (net == sim::kNoNet || named.bits[i] < 0) continue;
        const double high = chip.program->isClockNet(net)
                                ? static_cast<double>(activity.toggles[net]) * period / 4
                                : static_cast<double>(activity.ones[net]) * period;
        const std::string bit =
            named.bits.size() == 1 ? named.name : fmt::format("{}\\[{}\\]", named.name, i);
        out += fmt::format("({} (T0 {:.0f}) (T1 {:.0f}) (TX 0) (TC {}))\n", bit, duration - high,
                           high, activity.toggles[net]);
      }
    }
    out += ")\n";
    for (const std::size_t child : children[index]) self(self, child, chip.instances[child].name);
    out += ")\n";
  };
  write(write, 0, top);
  return out + ")\n";
}

namespace {

using Json = nlohmann::ordered_json;

Json energyJson(const EnergySplit& energy) {
  return {{"total_pj", energy.total()},
          {"clock_pj", energy.clock},
          {"registers_pj", energy.registers},
          {"combinational_pj", energy.combinational}};
}

Json figuresJson(const PowerFigures& figures, double clockMhz) {
  const auto list = [](const std::vector<ModulePower>& parts) {
    Json out = Json::array();
    for (const ModulePower& part : parts) {
      Json entry = {{"name", part.name}, {"instances", part.instances}};
      entry.update(energyJson(part.energy));
      out.push_back(entry);
    }
    return out;
  };
  return {{"energy_per_crossing", energyJson(figures.energy)},
          {"dynamic_mw", figures.energy.total() * clockMhz * 1e-3},
          {"leakage_mw", figures.leakage * 1e3},
          {"clock_gating",
           {{"flip_flops", figures.flipFlops},
            {"gated", figures.gatedFlipFlops},
            {"saves_pj", figures.gatingSaves},
            {"ungated_never_changing", figures.stillFlipFlops},
            {"could_save_pj", figures.stillClockEnergy}}},
          {"blocks", list(figures.blocks)},
          {"modules", list(figures.modules)}};
}

}  // namespace

std::string powerJson(const PowerResult& result) {
  Json out = {{"stage", "power"},
              {"version", 1},
              {"library", result.library},
              {"stimulus", result.stimulus},
              {"voltage", result.voltage},
              {"clock_mhz", result.clockMhz},
              {"crossings", result.crossings},
              {"internal_power", result.internalPower},
              {"busy", figuresJson(result.busy, result.clockMhz)},
              {"idle", figuresJson(result.idle, result.clockMhz)}};
  if (result.glitchFactor > 0) out["glitch_factor"] = result.glitchFactor;
  return out.dump(2) + "\n";
}

}  // namespace aegen::flows
