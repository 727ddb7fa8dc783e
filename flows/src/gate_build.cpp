#include "aegen/flows/gate_build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace aegen::flows {

namespace {

using core::Result;
using sim::kNetOne;
using sim::kNetZero;
using sim::kNoNet;
using sim::NetId;

constexpr std::uint64_t kBuffer = 0b10;
constexpr std::uint64_t kInverter = 0b01;

int highestBit(const NetlistModule& module) {
  int highest = -1;
  const auto see = [&](const std::vector<int>& bits) {
    for (const int bit : bits) highest = std::max(highest, bit);
  };
  for (const NetlistPort& port : module.ports) see(port.bits);
  for (const NetlistName& name : module.names) see(name.bits);
  for (const NetlistCell& cell : module.cells) {
    for (const NetlistPort& pin : cell.pins) see(pin.bits);
  }
  return highest;
}

class Builder {
 public:
  Builder(const std::vector<NetlistModule>& modules, const CellModels& models, bool isolated)
      : models_(models), isolated_(isolated) {
    for (const NetlistModule& module : modules) modules_.emplace(module.name, &module);
  }

  Result<FlatNetlist> run(const NetlistModule& top) {
    if (auto done = enter(top, 0, "", {}); !done) return done.error();
    signals(top);
    return std::move(out_);
  }

  [[nodiscard]] const NetlistModule* find(std::string_view name) const {
    const auto found = modules_.find(name);
    return found == modules_.end() ? nullptr : found->second;
  }

 private:
  using Outside = std::map<std::string, std::vector<NetId>, std::less<>>;

  sim::GateNetlist& gates() { return out_.gates; }

  NetId gate(std::uint64_t table, const std::vector<NetId>& inputs, NetId output) {
    sim::Gate made{table,
                   {},
                   static_cast<std::uint8_t>(inputs.size()),
                   output == kNoNet ? gates().newNet() : output};
    std::ranges::copy(inputs, made.inputs.begin());
    gates().gates.push_back(made);
    return made.output;
  }

  /// Ports of an instance: their nets are those outside, where that gives them one.
  Result<void> enter(const NetlistModule& module, std::size_t parent, const std::string& name,
                     const Outside& outside) {
    if (!open_.insert(module.name).second) {
      return core::badInput("netlist.recursive", "the module holds itself", module.name);
    }
    const std::size_t self = out_.instances.size();
    out_.instances.push_back({&module, parent, name, {}});
    std::vector<NetId> nets(static_cast<std::size_t>(highestBit(module) + 1), kNoNet);
    const bool isTop = self == 0;
    const auto outer = [&](const NetlistPort& port, std::size_t i) {
      const auto found = outside.find(port.name);
      return found == outside.end() || i >= found->second.size() ? kNoNet : found->second[i];
    };
    for (const NetlistPort& port : module.ports) {
      if (!port.isInput) continue;
      sim::NetBundle bundle{port.name, {}};
      for (std::size_t i = 0; i < port.bits.size(); ++i) {
        NetId net = isTop ? gates().newNet() : outer(port, i);
        if (net == kNoNet) net = kNetZero;
        bundle.nets.push_back(net);
        if (port.bits[i] >= 0) nets[static_cast<std::size_t>(port.bits[i])] = net;
      }
      if (isTop) gates().inputs.push_back(std::move(bundle));
    }
    std::vector<std::pair<NetId, int>> copies;  // outputs that share a net with another port
    for (const NetlistPort& port : module.ports) {
      if (port.isInput || isTop) continue;
      for (std::size_t i = 0; i < port.bits.size(); ++i) {
        const NetId net = outer(port, i);
        if (net == kNoNet) continue;
        const int bit = port.bits[i];
        if (bit >= 0 && nets[static_cast<std::size_t>(bit)] == kNoNet) {
          nets[static_cast<std::size_t>(bit)] = net;
        } else {
          copies.emplace_back(net, bit);
        }
      }
    }
    out_.instances[self].nets = std::move(nets);
    for (const auto& [net, bit] : copies) gate(kBuffer, {local(self, bit)}, net);
    for (const NetlistCell& cell : module.cells) {
      if (auto done = place(self, cell); !done) return done;
    }
    if (isTop) {
      for (const NetlistPort& port : module.ports) {
        if (port.isInput) continue;
        gates().outputs.push_back({port.name, localBits(self, port.bits)});
      }
    }
    open_.erase(module.name);
    return {};
  }

  /// The net behind a local bit, made when there is none yet.
  NetId local(std::size_t instance, int bit) {
    if (bit < 0) return bit == kConstantOneBit ? kNetOne : kNetZero;
    NetId& net = out_.instances[instance].nets[static_cast<std::size_t>(bit)];
    if (net == kNoNet) net = gates().newNet();
    return net;
  }
  std::vector<NetId> localBits(std::size_t instance, const std::vector<int>& bits) {
    std::vector<NetId> nets;
    nets.reserve(bits.size());
    for (const int bit : bits) nets.push_back(local(instance, bit));
    return nets;
  }

  Result<void> place(std::size_t self, const NetlistCell& cell) {
    if (const auto model = models_.find(cell.type); model != models_.end()) {
      placeCell(self, cell, model->second);
      return {};
    }
    const NetlistModule* const child = find(cell.type);
    if (child == nullptr) {
      return core::badInput(
          "netlist.unknown-cell",
          fmt::format("`{}` is neither a cell that can be simulated nor a module", cell.type),
          out_.instances[self].module->name + "/" + cell.name);
    }
    if (isolated_) {
      cut(self, cell, *child);
      return {};
    }
    Outside outside;
    for (const NetlistPort& pin : cell.pins) outside[pin.name] = localBits(self, pin.bits);
    return enter(*child, self, cell.name, outside);
  }

  void cut(std::size_t self, const NetlistCell& cell, const NetlistModule& child) {
    for (const NetlistPort& port : child.ports) {
      const auto pin = std::ranges::find(cell.pins, port.name, &NetlistPort::name);
      const std::string name = cell.name + "." + port.name;
      std::vector<NetId> nets(port.bits.size(), kNetZero);
      for (std::size_t i = 0; i < nets.size(); ++i) {
        const bool tied = pin != cell.pins.end() && i < pin->bits.size();
        // An output pin nobody is tied to still has its place in the order of inputs.
        nets[i] = tied ? local(self, pin->bits[i]) : port.isInput ? kNetZero : gates().newNet();
      }
      (port.isInput ? gates().outputs : gates().inputs).push_back({name, std::move(nets)});
    }
  }

  void placeCell(std::size_t self, const NetlistCell& cell, const CellModel& model) {
    std::map<std::string, NetId, std::less<>> pins;
    for (const NetlistPort& pin : cell.pins) {
      if (!pin.bits.empty()) pins.emplace(pin.name, local(self, pin.bits.front()));
    }
    const auto netOf = [&](const std::string& pin) {
      const auto found = pins.find(pin);
      return found == pins.end() ? kNetZero : found->second;
    };
    const auto inputsOf = [&](const CellFunction& function) {
      std::vector<NetId> inputs;
      for (const std::string& pin : function.pins) inputs.push_back(netOf(pin));
      return inputs;
    };
    std::string direct;  // the output that is the state itself
    if (model.storage) {
      const StorageModel& storage = *model.storage;
      for (const CellOutput& output : model.outputs) {
        const bool same = output.function.table == kBuffer &&
                          output.function.pins == std::vector<std::string>{storage.state};
        if (same && direct.empty() && pins.contains(output.pin)) direct = output.pin;
      }
      const NetId state = direct.empty() ? gates().newNet() : netOf(direct);
      pins[storage.state] = state;
      if (!storage.inverse.empty() && usesInverse(model)) {
        pins[storage.inverse] = gate(kInverter, {state}, kNoNet);
      }
      const auto netFor = [&](const CellFunction& function) {
        if (function.pins.empty()) return (function.table & 1) != 0 ? kNetOne : kNetZero;
        if (function.pins.size() == 1 && function.table == kBuffer) return netOf(function.pins[0]);
        return gate(function.table, inputsOf(function), kNoNet);
      };
      gates().storages.push_back({storage.kind, netFor(storage.data), netFor(storage.clock),
                                  netFor(storage.clear), netFor(storage.preset), false, state});
    }
    for (const CellOutput& output : model.outputs) {
      if (output.pin == direct || !pins.contains(output.pin)) continue;
      gate(output.function.table, inputsOf(output.function), netOf(output.pin));
    }
  }

  static bool usesInverse(const CellModel& model) {
    const auto names = [&](const CellFunction& function) {
      return std::ranges::count(function.pins, model.storage->inverse) > 0;
    };
    return names(model.storage->data) ||
           std::ranges::any_of(model.outputs,
                               [&](const CellOutput& output) { return names(output.function); });
  }

  void signals(const NetlistModule& top) {
    std::vector<bool> driven(gates().netCount, false);
    driven[kNetZero] = driven[kNetOne] = true;
    for (const sim::NetBundle& port : gates().inputs) {
      for (const NetId net : port.nets) driven[net] = true;
    }
    for (const sim::Gate& made : gates().gates) driven[made.output] = true;
    for (const sim::Storage& storage : gates().storages) driven[storage.output] = true;
    for (const NetlistName& name : top.names) {
      if (gates().find(name.name) != nullptr) continue;
      sim::NetBundle bundle{name.name, {}};
      for (const int bit : name.bits) {
        const NetId net = out_.instances.front().at(bit);
        bundle.nets.push_back(net != kNoNet && driven[net] ? net : kNoNet);
      }
      gates().signals.push_back(std::move(bundle));
    }
  }

  std::map<std::string, const NetlistModule*, std::less<>> modules_;
  const CellModels& models_;
  bool isolated_;
  FlatNetlist out_;
  std::set<std::string> open_;
};

}  // namespace

NetId FlatInstance::at(int bit) const {
  if (bit < 0) return bit == kConstantOneBit ? kNetOne : kNetZero;
  return nets[static_cast<std::size_t>(bit)];
}

std::string FlatNetlist::path(std::size_t instance, std::string_view separator) const {
  std::string out;
  for (; instance != 0; instance = instances[instance].parent) {
    out = instances[instance].name + (out.empty() ? "" : std::string(separator)) + out;
  }
  return out;
}

Result<FlatNetlist> flatten(const std::vector<NetlistModule>& modules, std::string_view top,
                            const CellModels& models) {
  Builder builder(modules, models, false);
  const NetlistModule* const module = builder.find(top);
  if (module == nullptr) {
    return core::badInput("netlist.missing-module", "the netlist has no such module",
                          std::string(top));
  }
  return builder.run(*module);
}

Result<FlatNetlist> isolate(const NetlistModule& module, const std::vector<NetlistModule>& modules,
                            const CellModels& models) {
  return Builder(modules, models, true).run(module);
}

}  // namespace aegen::flows
