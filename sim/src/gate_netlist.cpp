#include "aegen/sim/gate_netlist.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace aegen::sim {

const NetBundle* GateNetlist::find(std::string_view name) const {
  for (const auto* bundles : {&inputs, &outputs, &signals}) {
    const auto found = std::ranges::find(*bundles, name, &NetBundle::name);
    if (found != bundles->end()) return &*found;
  }
  return nullptr;
}

namespace {

class Checker {
 public:
  explicit Checker(const GateNetlist& netlist)
      : netlist_(netlist), driven_(netlist.netCount, false) {}

  core::Result<void> run() {
    if (netlist_.netCount < 2) return wrong("net-number", "the constants are missing", 0);
    driven_[kNetZero] = driven_[kNetOne] = true;
    for (const NetBundle& port : netlist_.inputs) {
      for (const NetId net : port.nets) {
        if (net >= netlist_.netCount) return outside(net);
        driven_[net] = true;
      }
    }
    fixed_ = driven_;
    for (const Gate& gate : netlist_.gates) {
      for (std::size_t i = 0; i < gate.inputCount; ++i) {
        if (gate.inputs[i] >= netlist_.netCount) return outside(gate.inputs[i]);
      }
      if (auto done = drive(gate.output); !done) return done;
    }
    for (const Storage& storage : netlist_.storages) {
      for (const NetId net : {storage.data, storage.clock, storage.clear, storage.preset}) {
        if (net >= netlist_.netCount) return outside(net);
      }
      if (auto done = drive(storage.output); !done) return done;
    }
    return {};
  }

 private:
  static core::Result<void> wrong(const std::string& code, const std::string& message, NetId net) {
    return core::badInput("netlist." + code, message, fmt::format("net {}", net));
  }
  static core::Result<void> outside(NetId net) {
    return wrong("net-number", "there is no net of this number", net);
  }
  core::Result<void> drive(NetId net) {
    if (net >= netlist_.netCount) return outside(net);
    if (fixed_[net]) return wrong("driven-input", "an input or a constant is driven", net);
    if (driven_[net]) return wrong("multiple-drivers", "two cells drive one net", net);
    driven_[net] = true;
    return {};
  }

  const GateNetlist& netlist_;
  std::vector<bool> driven_;
  std::vector<bool> fixed_;
};

}  // namespace

core::Result<void> checkNetlist(const GateNetlist& netlist) {
  return Checker(netlist).run();
}

}  // namespace aegen::sim
