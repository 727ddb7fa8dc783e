#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "aegen/flows/equivalence.hpp"

namespace aegen::flows {

namespace {

using core::Result;
using sim::GateNetlist;
using sim::NetBundle;
using sim::NetId;

/// One side: its netlist, which storage drives a net, and the nets' names.
class Side {
 public:
  explicit Side(const FlatNetlist& flat) : gates(flat.gates) {
    for (std::size_t i = 0; i < gates.storages.size(); ++i) {
      storageOf_[gates.storages[i].output] = i;
    }
    const FlatInstance& top = flat.instances.front();
    for (const NetlistName& name : top.module->names) {
      for (std::size_t i = 0; i < name.bits.size(); ++i) {
        const NetId net = top.at(name.bits[i]);
        const auto stored = storageOf_.find(net);
        if (stored == storageOf_.end()) continue;
        const std::string text = fmt::format("{}[{}]", name.name, i);
        byName_[text] = stored->second;
        names_[stored->second].push_back(text);
      }
    }
  }

  const GateNetlist& gates;

  [[nodiscard]] const NetBundle* input(const std::string& name) const {
    return find(gates.inputs, name);
  }
  [[nodiscard]] const NetBundle* output(const std::string& name) const {
    return find(gates.outputs, name);
  }
  [[nodiscard]] std::vector<std::string> names(std::size_t storage) const {
    const auto found = names_.find(storage);
    return found == names_.end() ? std::vector<std::string>() : found->second;
  }
  [[nodiscard]] const sim::Storage* storage(const std::string& name) const {
    const auto found = byName_.find(name);
    return found == byName_.end() ? nullptr : &gates.storages[found->second];
  }

 private:
  static const NetBundle* find(const std::vector<NetBundle>& all, const std::string& name) {
    const auto found = std::ranges::find(all, name, &NetBundle::name);
    return found == all.end() ? nullptr : &*found;
  }
  std::map<NetId, std::size_t> storageOf_;
  std::map<std::string, std::size_t> byName_;
  std::map<std::size_t, std::vector<std::string>> names_;
};

/// A network in the making: inputs by net, outputs in order.
struct Network {
  std::map<NetId, std::vector<std::size_t>> inputs;
  std::vector<NetId> outputs;
};

std::string blif(const GateNetlist& gates, const Network& network, std::size_t inputs) {
  std::string out = ".model m\n.inputs";
  for (std::size_t i = 0; i < inputs; ++i) out += fmt::format(" i{}", i);
  out += "\n.outputs";
  for (std::size_t i = 0; i < network.outputs.size(); ++i) out += fmt::format(" o{}", i);
  out += "\n.names n0\n.names n1\n1\n";
  std::vector<bool> driven(gates.netCount, false);
  driven[sim::kNetZero] = driven[sim::kNetOne] = true;
  for (const auto& [net, indices] : network.inputs) {
    if (driven[net]) continue;
    driven[net] = true;
    out += fmt::format(".names i{} n{}\n1 1\n", indices.front(), net);
  }
  for (const sim::Gate& gate : gates.gates) {
    if (driven[gate.output]) continue;  // of a flip-flop that was cut
    driven[gate.output] = true;
    out += ".names";
    for (unsigned k = 0; k < gate.inputCount; ++k) out += fmt::format(" n{}", gate.inputs[k]);
    out += fmt::format(" n{}\n", gate.output);
    for (unsigned row = 0; row < (1U << gate.inputCount); ++row) {
      if ((gate.table >> row & 1) == 0) continue;
      for (unsigned k = 0; k < gate.inputCount; ++k) out += (row >> k & 1) != 0 ? '1' : '0';
      out += gate.inputCount == 0 ? "1\n" : " 1\n";
    }
  }
  for (NetId net = 0; net < gates.netCount; ++net) {
    if (!driven[net]) out += fmt::format(".names n{}\n", net);
  }
  for (std::size_t i = 0; i < network.outputs.size(); ++i) {
    out += fmt::format(".names n{} o{}\n1 1\n", network.outputs[i], i);
  }
  return out + ".end\n";
}

class Matcher {
 public:
  Matcher(const FlatNetlist& golden, const FlatNetlist& mapped)
      : golden_(golden), mapped_(mapped) {}

  Result<Miter> run() {
    for (const NetBundle& bundle : golden_.gates.inputs) {
      const NetBundle* const other = mapped_.input(bundle.name);
      if (other == nullptr || other->nets.size() != bundle.nets.size()) {
        return unmatched("input", bundle.name);
      }
      for (std::size_t i = 0; i < bundle.nets.size(); ++i) {
        input(fmt::format("{}[{}]", bundle.name, i), bundle.nets[i], other->nets[i]);
      }
    }
    for (const NetBundle& bundle : golden_.gates.outputs) {
      const NetBundle* const other = mapped_.output(bundle.name);
      if (other == nullptr || other->nets.size() != bundle.nets.size()) {
        return unmatched("output", bundle.name);
      }
      for (std::size_t i = 0; i < bundle.nets.size(); ++i) {
        output(fmt::format("{}[{}]", bundle.name, i), bundle.nets[i], other->nets[i]);
      }
    }
    for (std::size_t s = 0; s < golden_.gates.storages.size(); ++s) {
      if (auto done = storage(s); !done) return done.error();
    }
    for (std::size_t s = 0; s < mapped_.gates.storages.size(); ++s) {
      if (!seen_.contains(mapped_.gates.storages[s].output)) {
        const auto names = mapped_.names(s);
        return unmatched("flip-flop of the netlist", names.empty() ? "unnamed" : names.front());
      }
    }
    miter_.golden = blif(golden_.gates, goldenNet_, miter_.inputs.size());
    miter_.mapped = blif(mapped_.gates, mappedNet_, miter_.inputs.size());
    return std::move(miter_);
  }

 private:
  static core::Diagnostic unmatched(const std::string& what, const std::string& name) {
    return core::checkFailed("equiv.unmatched", "RTL and netlist do not share the " + what, name);
  }

  void input(const std::string& name, NetId golden, NetId mapped) {
    const std::size_t index = miter_.inputs.size();
    miter_.inputs.push_back(name);
    goldenNet_.inputs[golden].push_back(index);
    mappedNet_.inputs[mapped].push_back(index);
  }
  void output(const std::string& name, NetId golden, NetId mapped) {
    miter_.outputs.push_back(name);
    goldenNet_.outputs.push_back(golden);
    mappedNet_.outputs.push_back(mapped);
  }

  Result<void> storage(std::size_t index) {
    const sim::Storage& mine = golden_.gates.storages[index];
    const sim::Storage* other = nullptr;
    std::string name = "unnamed";
    for (const std::string& alias : golden_.names(index)) {
      name = alias;
      other = mapped_.storage(alias);
      if (other != nullptr) break;
    }
    if (other == nullptr || other->kind != mine.kind) return unmatched("flip-flop", name);
    // Two of the RTL may have become one: equal contents, so one variable.
    const auto known = mappedNet_.inputs.find(other->output);
    if (known == mappedNet_.inputs.end()) {
      input(name, mine.output, other->output);
    } else {
      goldenNet_.inputs[mine.output].push_back(known->second.front());
    }
    seen_.emplace(other->output, true);
    output(name + " data", mine.data, other->data);
    output(name + " clock", mine.clock, other->clock);
    output(name + " clear", mine.clear, other->clear);
    output(name + " preset", mine.preset, other->preset);
    return {};
  }

  Side golden_;
  Side mapped_;
  Network goldenNet_;
  Network mappedNet_;
  std::map<NetId, bool> seen_;
  Miter miter_;
};

}  // namespace

Result<Miter> makeMiter(const FlatNetlist& golden, const FlatNetlist& mapped) {
  return Matcher(golden, mapped).run();
}

}  // namespace aegen::flows
