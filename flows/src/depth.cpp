#include "aegen/flows/depth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <unordered_map>

namespace aegen::flows {

namespace {

constexpr int kNone = -1;

/// A path through a module from one bit of its ports to another; bits count over all ports in
/// order.
struct Arc {
  int input = 0;
  int output = 0;
  int cells = 0;
};

/// Where a net's timing edge comes from: a library cell, or an arc of an instance.
struct Edge {
  int from = 0;
  int to = 0;
  int cells = 0;
  int owner = kNone;  ///< index among the module's cells
  int arc = kNone;    ///< index among the owner's module's arcs; kNone: a library cell
};

/// A path's end inside an instance (its registers), or kNone for a register of the module itself.
struct End {
  int cells = kNone;  ///< between the instance's port bit and its register; kNone: no end here
  int owner = kNone;
  int port = kNone;  ///< port bit of the owner's module
};

/// One module's nets as vertices of a timing graph, with the summary its parents use.
struct ModuleTiming {
  const NetlistModule* netlist = nullptr;
  std::vector<const ModuleTiming*> children;  ///< by cell, null for library cells
  std::vector<int> portNet;                   ///< by port bit
  std::vector<std::string> portName;          ///< by port bit, e.g. "x[3]"
  std::vector<bool> portIsInput;
  std::vector<Edge> edges;
  std::vector<std::vector<int>> into;   ///< edges by net they end at
  std::vector<std::vector<int>> outOf;  ///< edges by net they start from
  std::vector<int> order;               ///< nets, sources first
  std::vector<int> rank;                ///< place in `order`
  std::vector<End> starts;              ///< by net: a register that drives it
  std::vector<End> stops;               ///< by net: a register that it feeds
  std::vector<int> sinceRegister;       ///< by net: most cells from a register; kNone: none
  std::vector<int> untilRegister;       ///< by net: most cells to a register; kNone: none
  std::vector<int> edgeBefore;          ///< by net: the edge of sinceRegister, or kNone
  std::vector<int> edgeAfter;
  std::vector<Arc> arcs;
  int internal = kNone;  ///< most cells between registers, children included
  int internalNet = kNone;
  int internalOwner = kNone;  ///< the instance inside which that path lies, if it does
};

/// Assembles the nets, edges and register ends of one module.
class GraphBuilder {
 public:
  GraphBuilder(const NetlistModule& netlist, const Liberty& library,
               const std::map<std::string, std::unique_ptr<ModuleTiming>, std::less<>>& done)
      : library_(library), done_(done) {
    timing_.netlist = &netlist;
  }

  core::Result<ModuleTiming> run() {
    const NetlistModule& netlist = *timing_.netlist;
    for (const NetlistPort& port : netlist.ports) {
      for (std::size_t i = 0; i < port.bits.size(); ++i) {
        timing_.portNet.push_back(net(port.bits[i]));
        timing_.portName.push_back(port.bits.size() == 1 ? port.name
                                                         : fmt::format("{}[{}]", port.name, i));
        timing_.portIsInput.push_back(port.isInput);
      }
    }
    for (std::size_t i = 0; i < netlist.cells.size(); ++i) {
      const NetlistCell& cell = netlist.cells[i];
      const auto module = done_.find(cell.type);
      if (module != done_.end()) {
        timing_.children.push_back(module->second.get());
        addInstance(static_cast<int>(i), cell, *module->second);
      } else if (const LibertyCell* known = library_.find(cell.type)) {
        timing_.children.push_back(nullptr);
        addCell(static_cast<int>(i), cell, *known);
      } else {
        return core::checkFailed(
            "netlist.unknown-cell",
            fmt::format("cell type {} is neither in {} nor a module of the design", cell.type,
                        library_.name()),
            fmt::format("{}.{}", netlist.name, cell.name),
            {"the library may lack a cell for it, e.g. a latch or a flip-flop with this reset"});
      }
    }
    return std::move(timing_);
  }

 private:
  int net(int bit) {
    if (bit < 0) {
      return kNone;
    }
    const auto [found, isNew] = nets_.emplace(bit, static_cast<int>(nets_.size()));
    if (isNew) {
      timing_.into.emplace_back();
      timing_.outOf.emplace_back();
      timing_.starts.emplace_back();
      timing_.stops.emplace_back();
    }
    return found->second;
  }

  void edge(Edge edge) {
    if (edge.from == kNone || edge.to == kNone) {
      return;
    }
    const int index = static_cast<int>(timing_.edges.size());
    timing_.outOf[static_cast<std::size_t>(edge.from)].push_back(index);
    timing_.into[static_cast<std::size_t>(edge.to)].push_back(index);
    timing_.edges.push_back(edge);
  }

  static void longest(std::vector<End>& ends, int at, const End& end) {
    if (at != kNone && end.cells > ends[static_cast<std::size_t>(at)].cells) {
      ends[static_cast<std::size_t>(at)] = end;
    }
  }

  void addCell(int index, const NetlistCell& cell, const LibertyCell& known) {
    std::vector<int> inputs;
    std::vector<int> outputs;
    for (const NetlistPort& pin : cell.pins) {
      const LibertyPin* described = known.findPin(pin.name);
      const bool isInput = described != nullptr ? described->isInput : pin.isInput;
      for (const int bit : pin.bits) {
        (isInput ? inputs : outputs).push_back(net(bit));
      }
    }
    if (known.kind != CellKind::Combinational) {
      for (const int at : inputs) {
        longest(timing_.stops, at, {0, kNone, kNone});
      }
      for (const int at : outputs) {
        longest(timing_.starts, at, {0, kNone, kNone});
      }
      return;
    }
    for (const int from : inputs) {
      for (const int to : outputs) {
        edge({from, to, 1, index, kNone});
      }
    }
  }

  void addInstance(int index, const NetlistCell& cell, const ModuleTiming& module) {
    // The nets at the instance's port bits, in the order of the module's ports.
    std::map<std::string_view, const NetlistPort*> pins;
    for (const NetlistPort& pin : cell.pins) {
      pins.emplace(pin.name, &pin);
    }
    std::vector<int> at;
    for (const NetlistPort& port : module.netlist->ports) {
      const auto pin = pins.find(port.name);
      for (std::size_t i = 0; i < port.bits.size(); ++i) {
        const bool wired = pin != pins.end() && i < pin->second->bits.size();
        at.push_back(wired ? net(pin->second->bits[i]) : kNone);
      }
    }
    for (std::size_t i = 0; i < module.arcs.size(); ++i) {
      const Arc& arc = module.arcs[i];
      edge({at[static_cast<std::size_t>(arc.input)], at[static_cast<std::size_t>(arc.output)],
            arc.cells, index, static_cast<int>(i)});
    }
    for (std::size_t bit = 0; bit < at.size(); ++bit) {
      const int inner = module.portNet[bit];
      if (inner == kNone) {
        continue;
      }
      if (module.portIsInput[bit]) {
        longest(
            timing_.stops, at[bit],
            {module.untilRegister[static_cast<std::size_t>(inner)], index, static_cast<int>(bit)});
      } else {
        longest(
            timing_.starts, at[bit],
            {module.sinceRegister[static_cast<std::size_t>(inner)], index, static_cast<int>(bit)});
      }
    }
  }

  const Liberty& library_;
  const std::map<std::string, std::unique_ptr<ModuleTiming>, std::less<>>& done_;
  ModuleTiming timing_;
  std::unordered_map<int, int> nets_;
};

/// Fills `order`; false when the nets form a loop.
bool sortNets(ModuleTiming& timing) {
  const std::size_t nets = timing.into.size();
  std::vector<std::size_t> waiting(nets);
  timing.rank.assign(nets, kNone);
  for (std::size_t i = 0; i < nets; ++i) {
    waiting[i] = timing.into[i].size();
    if (waiting[i] == 0) {
      timing.order.push_back(static_cast<int>(i));
    }
  }
  for (std::size_t done = 0; done < timing.order.size(); ++done) {
    const auto at = static_cast<std::size_t>(timing.order[done]);
    timing.rank[at] = static_cast<int>(done);
    for (const int index : timing.outOf[at]) {
      const int to = timing.edges[static_cast<std::size_t>(index)].to;
      if (--waiting[static_cast<std::size_t>(to)] == 0) {
        timing.order.push_back(to);
      }
    }
  }
  return timing.order.size() == nets;
}

void measureToRegisters(ModuleTiming& timing) {
  const std::size_t nets = timing.into.size();
  timing.sinceRegister.assign(nets, kNone);
  timing.untilRegister.assign(nets, kNone);
  timing.edgeBefore.assign(nets, kNone);
  timing.edgeAfter.assign(nets, kNone);
  for (const int net : timing.order) {
    const auto at = static_cast<std::size_t>(net);
    timing.sinceRegister[at] = timing.starts[at].cells;
    for (const int index : timing.into[at]) {
      const Edge& edge = timing.edges[static_cast<std::size_t>(index)];
      const int before = timing.sinceRegister[static_cast<std::size_t>(edge.from)];
      if (before != kNone && before + edge.cells > timing.sinceRegister[at]) {
        timing.sinceRegister[at] = before + edge.cells;
        timing.edgeBefore[at] = index;
      }
    }
  }
  for (auto net = timing.order.rbegin(); net != timing.order.rend(); ++net) {
    const auto at = static_cast<std::size_t>(*net);
    timing.untilRegister[at] = timing.stops[at].cells;
    for (const int index : timing.outOf[at]) {
      const Edge& edge = timing.edges[static_cast<std::size_t>(index)];
      const int after = timing.untilRegister[static_cast<std::size_t>(edge.to)];
      if (after != kNone && after + edge.cells > timing.untilRegister[at]) {
        timing.untilRegister[at] = after + edge.cells;
        timing.edgeAfter[at] = index;
      }
    }
  }
  for (std::size_t at = 0; at < nets; ++at) {
    const int since = timing.sinceRegister[at];
    const int until = timing.untilRegister[at];
    if (since != kNone && until != kNone && since + until > timing.internal) {
      timing.internal = since + until;
      timing.internalNet = static_cast<int>(at);
    }
  }
  for (std::size_t i = 0; i < timing.children.size(); ++i) {
    if (timing.children[i] != nullptr && timing.children[i]->internal > timing.internal) {
      timing.internal = timing.children[i]->internal;
      timing.internalOwner = static_cast<int>(i);
    }
  }
}

/// Most cells from each net of `target`'s cone to it; the cone's nets in order, `target` last.
struct Cone {
  std::vector<int> nets;
  std::unordered_map<int, std::pair<int, int>> reach;  ///< net -> cells, edge that leads on
};
Cone coneOf(const ModuleTiming& timing, int target) {
  Cone cone;
  cone.reach.emplace(target, std::pair{0, kNone});
  cone.nets.push_back(target);
  for (std::size_t done = 0; done < cone.nets.size(); ++done) {
    for (const int index : timing.into[static_cast<std::size_t>(cone.nets[done])]) {
      const int from = timing.edges[static_cast<std::size_t>(index)].from;
      if (cone.reach.emplace(from, std::pair{kNone, kNone}).second) {
        cone.nets.push_back(from);
      }
    }
  }
  std::sort(cone.nets.begin(), cone.nets.end(), [&](int a, int b) {
    return timing.rank[static_cast<std::size_t>(a)] < timing.rank[static_cast<std::size_t>(b)];
  });
  for (auto net = cone.nets.rbegin(); net != cone.nets.rend(); ++net) {
    const int base = cone.reach.at(*net).first;
    for (const int index : timing.into[static_cast<std::size_t>(*net)]) {
      const Edge& edge = timing.edges[static_cast<std::size_t>(index)];
      auto& [cells, next] = cone.reach.at(edge.from);
      if (base + edge.cells > cells) {
        cells = base + edge.cells;
        next = index;
      }
    }
  }
  return cone;
}

void findArcs(ModuleTiming& timing) {
  std::unordered_map<int, std::vector<int>> inputsAt;
  for (std::size_t bit = 0; bit < timing.portNet.size(); ++bit) {
    if (timing.portIsInput[bit] && timing.portNet[bit] != kNone) {
      inputsAt[timing.portNet[bit]].push_back(static_cast<int>(bit));
    }
  }
  for (std::size_t bit = 0; bit < timing.portNet.size(); ++bit) {
    if (timing.portIsInput[bit] || timing.portNet[bit] == kNone) {
      continue;
    }
    const Cone cone = coneOf(timing, timing.portNet[bit]);
    for (const int net : cone.nets) {
      const auto inputs = inputsAt.find(net);
      if (inputs == inputsAt.end()) {
        continue;
      }
      for (const int input : inputs->second) {
        timing.arcs.push_back({input, static_cast<int>(bit), cone.reach.at(net).first});
      }
    }
  }
}

/// Writes down the path that was found longest, instance by instance.
class Tracer {
 public:
  [[nodiscard]] std::vector<DepthStep> take() { return std::move(steps_); }

  void through(const ModuleTiming& timing, const Arc& arc, const std::string& prefix) {
    const Cone cone = coneOf(timing, timing.portNet[static_cast<std::size_t>(arc.output)]);
    int net = timing.portNet[static_cast<std::size_t>(arc.input)];
    for (int index = cone.reach.at(net).second; index != kNone; index = cone.reach.at(net).second) {
      edge(timing, index, prefix);
      net = timing.edges[static_cast<std::size_t>(index)].to;
    }
  }

  void fromRegister(const ModuleTiming& timing, int net, const std::string& prefix) {
    std::vector<int> path;
    int at = net;
    for (int index = timing.edgeBefore[static_cast<std::size_t>(at)]; index != kNone;
         index = timing.edgeBefore[static_cast<std::size_t>(at)]) {
      path.push_back(index);
      at = timing.edges[static_cast<std::size_t>(index)].from;
    }
    const End& start = timing.starts[static_cast<std::size_t>(at)];
    if (start.owner != kNone) {
      const ModuleTiming& child = *timing.children[static_cast<std::size_t>(start.owner)];
      fromRegister(child, child.portNet[static_cast<std::size_t>(start.port)],
                   below(timing, start.owner, prefix));
    }
    for (auto index = path.rbegin(); index != path.rend(); ++index) {
      edge(timing, *index, prefix);
    }
  }

  void toRegister(const ModuleTiming& timing, int net, const std::string& prefix) {
    int at = net;
    for (int index = timing.edgeAfter[static_cast<std::size_t>(at)]; index != kNone;
         index = timing.edgeAfter[static_cast<std::size_t>(at)]) {
      edge(timing, index, prefix);
      at = timing.edges[static_cast<std::size_t>(index)].to;
    }
    const End& stop = timing.stops[static_cast<std::size_t>(at)];
    if (stop.owner != kNone) {
      const ModuleTiming& child = *timing.children[static_cast<std::size_t>(stop.owner)];
      toRegister(child, child.portNet[static_cast<std::size_t>(stop.port)],
                 below(timing, stop.owner, prefix));
    }
  }

  void betweenRegisters(const ModuleTiming& timing, const std::string& prefix) {
    if (timing.internalOwner != kNone) {
      betweenRegisters(*timing.children[static_cast<std::size_t>(timing.internalOwner)],
                       below(timing, timing.internalOwner, prefix));
    } else {
      fromRegister(timing, timing.internalNet, prefix);
      toRegister(timing, timing.internalNet, prefix);
    }
  }

 private:
  static std::string below(const ModuleTiming& timing, int owner, const std::string& prefix) {
    const std::string& name = timing.netlist->cells[static_cast<std::size_t>(owner)].name;
    return prefix.empty() ? name : prefix + "." + name;
  }

  void edge(const ModuleTiming& timing, int index, const std::string& prefix) {
    const Edge& edge = timing.edges[static_cast<std::size_t>(index)];
    if (edge.arc != kNone) {
      const ModuleTiming& child = *timing.children[static_cast<std::size_t>(edge.owner)];
      through(child, child.arcs[static_cast<std::size_t>(edge.arc)],
              below(timing, edge.owner, prefix));
    } else if (!steps_.empty() && steps_.back().instance == prefix) {
      ++steps_.back().cells;
    } else {
      steps_.push_back({prefix, timing.netlist->name, 1});
    }
  }

  std::vector<DepthStep> steps_;
};

LogicDepth longestPath(const ModuleTiming& timing) {
  LogicDepth depth;
  Tracer tracer;
  const Arc* arc = nullptr;
  for (const Arc& candidate : timing.arcs) {
    if (arc == nullptr || candidate.cells > arc->cells) {
      arc = &candidate;
    }
  }
  // Ports whose path to or from a register is longest.
  int input = kNone;
  int output = kNone;
  const auto cellsAt = [&](const std::vector<int>& cells, int bit) {
    return bit == kNone
               ? kNone
               : cells[static_cast<std::size_t>(timing.portNet[static_cast<std::size_t>(bit)])];
  };
  for (std::size_t i = 0; i < timing.portNet.size(); ++i) {
    const int bit = static_cast<int>(i);
    if (timing.portNet[i] == kNone) {
      continue;
    }
    if (timing.portIsInput[i]) {
      input =
          cellsAt(timing.untilRegister, bit) > cellsAt(timing.untilRegister, input) ? bit : input;
    } else {
      output =
          cellsAt(timing.sinceRegister, bit) > cellsAt(timing.sinceRegister, output) ? bit : output;
    }
  }
  const auto portName = [&](int bit) {
    return "port " + timing.portName[static_cast<std::size_t>(bit)];
  };
  const int toRegister = cellsAt(timing.untilRegister, input);
  const int fromRegister = cellsAt(timing.sinceRegister, output);
  const int through = arc == nullptr ? kNone : arc->cells;
  const int most = std::max({0, through, toRegister, fromRegister, timing.internal});
  depth.cells = most;
  if (most == timing.internal) {
    depth.from = depth.to = "register";
    tracer.betweenRegisters(timing, {});
  } else if (most == toRegister) {
    depth.from = portName(input);
    depth.to = "register";
    tracer.toRegister(timing, timing.portNet[static_cast<std::size_t>(input)], {});
  } else if (most == fromRegister) {
    depth.from = "register";
    depth.to = portName(output);
    tracer.fromRegister(timing, timing.portNet[static_cast<std::size_t>(output)], {});
  } else if (most == through) {
    depth.from = portName(arc->input);
    depth.to = portName(arc->output);
    tracer.through(timing, *arc, {});
  }
  depth.path = tracer.take();
  return depth;
}

/// Module names, children first; empty name list and `missing` set when one is absent.
void childrenFirst(const std::map<std::string_view, const NetlistModule*>& byName,
                   std::string_view module, std::set<std::string_view>& seen,
                   std::vector<const NetlistModule*>& order) {
  const auto found = byName.find(module);
  if (found == byName.end() || !seen.insert(module).second) {
    return;
  }
  for (const NetlistCell& cell : found->second->cells) {
    childrenFirst(byName, cell.type, seen, order);
  }
  order.push_back(found->second);
}

}  // namespace

core::Result<std::map<std::string, LogicDepth, std::less<>>> logicDepth(
    const std::vector<NetlistModule>& modules, std::string_view top, const Liberty& library) {
  std::map<std::string_view, const NetlistModule*> byName;
  for (const NetlistModule& module : modules) {
    byName.emplace(module.name, &module);
  }
  if (!byName.contains(top)) {
    return core::badInput("netlist.missing-module", "the netlist has no such module",
                          std::string(top));
  }
  std::set<std::string_view> seen;
  std::vector<const NetlistModule*> order;
  childrenFirst(byName, top, seen, order);

  std::map<std::string, std::unique_ptr<ModuleTiming>, std::less<>> done;
  std::map<std::string, LogicDepth, std::less<>> depths;
  for (const NetlistModule* module : order) {
    auto timing = GraphBuilder(*module, library, done).run();
    if (!timing) {
      return timing.error();
    }
    if (!sortNets(*timing)) {
      return core::checkFailed("netlist.combinational-loop",
                               "combinational cells form a loop: no longest path exists",
                               module->name);
    }
    measureToRegisters(*timing);
    findArcs(*timing);
    depths.emplace(module->name, longestPath(*timing));
    done.emplace(module->name, std::make_unique<ModuleTiming>(std::move(*timing)));
  }
  return depths;
}

}  // namespace aegen::flows
