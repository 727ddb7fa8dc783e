#include "buffer_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace aegen::flows {

namespace {

/// Where a net ends: a pin of a cell.
struct Sink {
  std::size_t cell = 0;
  std::size_t pin = 0;
  std::size_t bit = 0;
  double load = 0;
};

// Loads in pF of every input bit by port name, of a module that is done.
using PortLoads = std::map<std::string, std::vector<double>>;

bool isClockPin(const LibertyCell& cell, const std::string& pin) {
  const LibertyPin* const found = cell.findPin(pin);
  return found != nullptr && (found->isClock || found->clockGateRole == "clock" ||
                              (cell.state && cell.state->clockedOn.find(pin) != std::string::npos &&
                               cell.kind == CellKind::FlipFlop));
}

/// Buffers one module whose children are done.
class ModuleBuffering {
 public:
  ModuleBuffering(NetlistModule& module, const Liberty& library, const BufferChoice& choice,
                  const std::map<std::string, PortLoads>& children,
                  std::map<std::string, std::set<std::string>>& clockPorts)
      : module_(module),
        library_(library),
        choice_(choice),
        children_(children),
        clockPorts_(clockPorts) {}

  PortLoads run(std::uint64_t& inserted) {
    collect();
    std::vector<int> nets;
    for (const auto& [net, sinks] : sinks_) nets.push_back(net);
    std::ranges::sort(nets);
    for (const int net : nets) {
      if (!clocks_.contains(net)) load_[net] = buffer(net);
    }
    inserted = added_;
    PortLoads out;
    for (const NetlistPort& port : module_.ports) {
      if (!port.isInput) continue;
      for (const int bit : port.bits) {
        out[port.name].push_back(load_.contains(bit) ? load_[bit] : 0);
        if (clocks_.contains(bit)) clockPorts_[module_.name].insert(port.name);
      }
    }
    return out;
  }

 private:
  void collect() {
    for (const NetlistPort& port : module_.ports) {
      for (const int bit : port.bits) next_ = std::max(next_, bit + 1);
    }
    for (std::size_t c = 0; c < module_.cells.size(); ++c) {
      const NetlistCell& cell = module_.cells[c];
      const LibertyCell* const known = library_.find(cell.type);
      for (std::size_t p = 0; p < cell.pins.size(); ++p) {
        const NetlistPort& pin = cell.pins[p];
        for (std::size_t b = 0; b < pin.bits.size(); ++b) {
          const int net = pin.bits[b];
          next_ = std::max(next_, net + 1);
          if (!pin.isInput || net < 0) continue;
          const auto clocks = clockPorts_.find(cell.type);
          const bool clock = known != nullptr
                                 ? isClockPin(*known, pin.name)
                                 : clocks != clockPorts_.end() && clocks->second.contains(pin.name);
          if (clock) {
            clocks_.insert(net);
          } else {
            sinks_[net].push_back({c, p, b, loadOf(cell, known, pin, b)});
          }
        }
      }
    }
  }

  double loadOf(const NetlistCell& cell, const LibertyCell* known, const NetlistPort& pin,
                std::size_t bit) const {
    if (known != nullptr) {
      const LibertyPin* const found = known->findPin(pin.name);
      return found == nullptr ? 0 : found->capacitance;
    }
    const auto child = children_.find(cell.type);
    if (child == children_.end()) return 0;
    const auto port = child->second.find(pin.name);
    return port == child->second.end() || bit >= port->second.size() ? 0 : port->second[bit];
  }

  // Groups sinks under buffers until what is left is light enough; gives the net's load.
  double buffer(int net) {
    std::vector<Sink> sinks = std::move(sinks_[net]);
    const double input = choice_.cell == nullptr
                             ? 0
                             : choice_.cell->findPin(choice_.cell->inputs().front())->capacitance;
    while (true) {
      double total = 0;
      for (const Sink& sink : sinks) total += sink.load;
      // A single heavy sink is a child's, buffered inside: another buffer would not help.
      if (choice_.cell == nullptr || total <= choice_.mostLoad || sinks.size() < 2) return total;
      std::vector<Sink> level;
      for (std::size_t k = 0; k < sinks.size();) {
        const std::size_t first = k;
        double group = 0;
        do {
          group += sinks[k++].load;
        } while (k < sinks.size() && group + sinks[k].load <= choice_.mostLoad);
        if (k - first == 1 && group <= input) {
          level.push_back(sinks[first]);
        } else {
          level.push_back(addBuffer(net, sinks, first, k, input));
        }
      }
      if (level.size() >= sinks.size()) return total;
      sinks = std::move(level);
    }
  }

  Sink addBuffer(int net, const std::vector<Sink>& sinks, std::size_t first, std::size_t end,
                 double input) {
    const int driven = next_++;
    for (std::size_t k = first; k < end; ++k) {
      module_.cells[sinks[k].cell].pins[sinks[k].pin].bits[sinks[k].bit] = driven;
    }
    NetlistCell cell{fmt::format("buffer_{}", added_++), choice_.cell->name, {}};
    for (const LibertyPin& pin : choice_.cell->pins) {
      cell.pins.push_back({pin.name, pin.isInput, {pin.isInput ? net : driven}});
    }
    std::size_t inputPin = 0;
    while (!cell.pins[inputPin].isInput) ++inputPin;
    module_.cells.push_back(std::move(cell));
    return {module_.cells.size() - 1, inputPin, 0, input};
  }

  NetlistModule& module_;
  const Liberty& library_;
  const BufferChoice& choice_;
  const std::map<std::string, PortLoads>& children_;
  std::map<std::string, std::set<std::string>>& clockPorts_;
  std::unordered_map<int, std::vector<Sink>> sinks_;
  std::unordered_map<int, double> load_;
  std::set<int> clocks_;
  int next_ = 0;
  std::uint64_t added_ = 0;
};

// Indices of modules reachable from `top`, children first.
std::vector<std::size_t> childrenFirst(const std::vector<NetlistModule>& modules,
                                       const std::string& top) {
  std::map<std::string_view, std::size_t> known;
  // The first of a name: files of an earlier, larger run may follow.
  for (std::size_t k = 0; k < modules.size(); ++k) known.emplace(modules[k].name, k);
  std::vector<std::size_t> order;
  std::set<std::string_view> seen;
  const std::function<void(std::string_view)> visit = [&](std::string_view name) {
    const auto found = known.find(name);
    if (found == known.end() || !seen.insert(name).second) return;
    for (const NetlistCell& cell : modules[found->second].cells) visit(cell.type);
    order.push_back(found->second);
  };
  visit(top);
  return order;
}

// A name as Verilog takes it, escaped where it must be.
std::string written(const std::string& name) {
  const bool plain =
      !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
      std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  return plain ? name : '\\' + name + ' ';
}

class VerilogWriter {
 public:
  explicit VerilogWriter(const NetlistModule& module) : module_(module) {}

  std::string run() {
    out_ = fmt::format("module {} (", written(module_.name));
    for (std::size_t k = 0; k < module_.ports.size(); ++k) {
      out_ += (k == 0 ? "" : ", ") + written(module_.ports[k].name);
    }
    out_ += ");\n";
    ports();
    for (const NetlistCell& cell : module_.cells) instance(cell);
    return out_ + "endmodule\n";
  }

 private:
  // A port's bits go by the port's own names; a net that is two ports is one, assigned the other.
  void ports() {
    std::string assigns;
    for (const bool inputs : {true, false}) {
      for (const NetlistPort& port : module_.ports) {
        if (port.isInput == inputs) declare(port, assigns);
      }
    }
    out_ += assigns;
  }

  void declare(const NetlistPort& port, std::string& assigns) {
    const bool scalar = port.bits.size() == 1;
    out_ +=
        fmt::format("  {} {}{};\n", port.isInput ? "input" : "output",
                    scalar ? "" : fmt::format("[{}:0] ", port.bits.size() - 1), written(port.name));
    for (std::size_t b = 0; b < port.bits.size(); ++b) {
      const std::string bit =
          written(port.name) + (scalar ? std::string() : fmt::format("[{}]", b));
      if (port.bits[b] < 0) {
        assigns += fmt::format("  assign {} = {};\n", bit, net(port.bits[b]));
      } else if (const auto [known, fresh] = names_.try_emplace(port.bits[b], bit); !fresh) {
        assigns += fmt::format("  assign {} = {};\n", bit, known->second);
      }
    }
  }

  std::string net(int bit) {
    if (bit < 0) return bit == kConstantOneBit ? "1'b1" : "1'b0";
    const auto known = names_.find(bit);
    return known == names_.end() ? fmt::format("n{}_", bit) : known->second;
  }

  void instance(const NetlistCell& cell) {
    // Cells that Yosys named after a source's path would look like instances in paths.
    const std::string name = cell.name.find_first_of("/$") == std::string::npos
                                 ? cell.name
                                 : fmt::format("cell_{}", unnamed_++);
    out_ += fmt::format("  {} {} (", written(cell.type), written(name));
    bool first = true;
    for (const NetlistPort& pin : cell.pins) {
      std::string bits;
      for (std::size_t b = pin.bits.size(); b-- > 0;) {
        bits += net(pin.bits[b]) + (b == 0 ? "" : ", ");
      }
      if (pin.bits.size() != 1) bits = "{" + bits + "}";
      out_ += fmt::format("{}.{}({})", first ? "" : ", ", written(pin.name), bits);
      first = false;
    }
    out_ += ");\n";
  }

  const NetlistModule& module_;
  std::string out_;
  int unnamed_ = 0;
  std::unordered_map<int, std::string> names_;
};

}  // namespace

BufferChoice chooseBuffer(const Liberty& library, double mostLoad) {
  const double unit =
      library.inverter()->findPin(library.inverter()->inputs().front())->capacitance;
  BufferChoice out;
  out.mostLoad = mostLoad * unit;
  if (out.mostLoad <= 0) return out;
  double best = 0;
  for (const LibertyCell* cell : library.buffers()) {
    for (const LibertyPin& pin : cell->pins) {
      for (const TimingArc& arc : pin.arcs) {
        if (arc.isConstraint() || arc.rise.empty() || arc.fall.empty()) continue;
        const double slew = arc.rise.rows.front();
        const double delay =
            std::max(arc.rise.at(slew, out.mostLoad), arc.fall.at(slew, out.mostLoad));
        // A hundredth sooner is not worth a larger cell: they come by area.
        if (out.cell == nullptr || delay < 0.99 * best) {
          out.cell = cell;
          best = delay;
        }
      }
    }
  }
  return out;
}

BufferStats insertBuffers(std::vector<NetlistModule>& modules, const std::string& top,
                          const Liberty& library, const BufferChoice& choice) {
  std::map<std::string, PortLoads> loads;
  std::map<std::string, std::set<std::string>> clockPorts;
  std::map<std::string, std::uint64_t> inserted;
  const auto order = childrenFirst(modules, top);
  for (const std::size_t k : order) {
    NetlistModule& module = modules[k];
    loads[module.name] =
        ModuleBuffering(module, library, choice, loads, clockPorts).run(inserted[module.name]);
  }
  std::map<std::string, std::uint64_t> instances{{top, 1}};
  BufferStats stats;
  for (auto k = order.rbegin(); k != order.rend(); ++k) {
    const NetlistModule& module = modules[*k];
    for (const NetlistCell& cell : module.cells) {
      if (loads.contains(cell.type)) instances[cell.type] += instances[module.name];
    }
    stats.inserted += inserted[module.name] * instances[module.name];
  }
  stats.area = choice.cell == nullptr ? 0 : choice.cell->area * static_cast<double>(stats.inserted);
  return stats;
}

std::string netlistVerilog(const std::vector<NetlistModule>& modules, const std::string& top,
                           const std::set<std::string>& leftOut) {
  std::string out;
  for (const std::size_t k : childrenFirst(modules, top)) {
    if (!leftOut.contains(modules[k].name)) out += VerilogWriter(modules[k]).run();
  }
  return out;
}

}  // namespace aegen::flows
