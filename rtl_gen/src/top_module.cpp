#include "top_module.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "aegen/core/text_tools.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/rtl_gen/emit_function.hpp"
#include "aegen/rtl_gen/state_blocks.hpp"
#include "emit_folded.hpp"
#include "i2c_slave.hpp"
#include "module_builder.hpp"

namespace aegen::rtl_gen {

using namespace verilog;
using core::Block;
using core::BlockKind;
using core::Role;
using core::Signal;

namespace {

constexpr const char* kPipelineReason = "pipeline data";
constexpr const char* kPhase = "crossing_phase";

int widthOf(const core::FixedFormat& format, std::uint32_t count) {
  return format.width * static_cast<int>(count);
}

class TopBuilder {
 public:
  TopBuilder(const core::Design& design, const core::DesignTiming& timing, const RegisterMap& map,
             const std::vector<std::string>& blockModules, const FoldPlans& plans,
             ModuleManifest& manifest)
      : design_(design),
        timing_(timing),
        map_(map),
        blockModules_(blockModules),
        plans_(plans),
        manifest_(manifest),
        unit_(design.clocksPerCrossing > 1 ? "crossing" : "clock"),
        b_(design.name, ModuleKind::Top, header(design)) {}

  core::Result<Module> run() {
    if (const auto problem = checkNames()) {
      return *problem;
    }
    findUses();
    ports();
    pace();
    registers();
    linkResetChain();
    for (const Signal& signal : design_.inputs) {
      delays(signal.name);
    }
    for (std::size_t i = 0; i < design_.blocks.size(); ++i) {
      block(i);
    }
    describe();
    return std::move(b_).finish();
  }

 private:
  static std::vector<std::string> header(const core::Design& design) {
    std::vector<std::string> lines{design.name + ": " +
                                   (design.comment.empty() ? "top module" : design.comment)};
    const int clocks = design.clocksPerCrossing;
    if (clocks > 1) {
      lines.push_back(fmt::format(
          "A crossing every {} clocks, counted from the first clock behind a reset. Inputs hold "
          "for "
          "the whole crossing; outputs are to be sampled in its last clock, in which the pipeline "
          "moves on.",
          clocks));
    }
    lines.push_back(fmt::format(
        "{}A vector carries its elements side by side, element 0 lowest; _next is in front of a "
        "pipeline register, _d1 one {} later.",
        clocks > 1 ? "" : "One crossing a clock. ", clocks > 1 ? "crossing" : "clock"));
    return lines;
  }

  [[nodiscard]] std::optional<core::Diagnostic> checkNames() {
    std::set<std::string> taken{"clk", "rst_n", "link_reset"};
    if (design_.clocksPerCrossing > 1) {
      taken.insert({kPhase, kCrossingEnd});
    }
    if (!map_.fields.empty()) {
      taken.insert({"cfg_write", "cfg_address", "cfg_wdata", "cfg_rdata", "cfg_ready"});
    }
    if (design_.serial) {
      taken.insert({"i2c_scl", "i2c_sda", "i2c_sda_low", "i2c_address", "serial_write",
                    "serial_read", "serial_address", "serial_wdata", "serial_granted",
                    "serial_rdata"});
    }
    const auto take = [&](const std::string& name) -> std::optional<core::Diagnostic> {
      if (!core::isIdentifier(name)) {
        return core::badInput("rtl.name", "'" + name + "' is not an identifier",
                              design_.name + "/" + name, {"rename the signal or field"});
      }
      if (isReserved(name) || !taken.insert(name).second) {
        return core::badInput("rtl.name", "'" + name + "' is taken or reserved in Verilog",
                              design_.name + "/" + name, {"rename the signal or field"});
      }
      b_.reserve(name);
      return std::nullopt;
    };
    for (const Signal& signal : core::signalsOf(design_)) {
      signals_[signal.name] = signal;
      if (auto problem = take(signal.name)) {
        return problem;
      }
    }
    for (const RegisterMap::Field& field : map_.fields) {
      for (int time = field.firstUse; time <= field.lastUse; ++time) {
        if (auto problem = take(configNet(field, time))) {
          return problem;
        }
      }
    }
    for (const std::string& output : design_.outputs) {
      if (std::ranges::count(design_.inputs, output, &Signal::name) != 0) {
        return core::badInput("rtl.feedthrough", "an input cannot leave the chip as it came",
                              design_.name + "/" + output, {"pass it through a block"});
      }
    }
    return std::nullopt;
  }

  // How long each signal must be kept and how far the link reset must travel.
  void findUses() {
    for (std::size_t i = 0; i < design_.blocks.size(); ++i) {
      const Block& block = design_.blocks[i];
      const core::BlockPorts ports = core::portsOf(design_, block);
      for (const core::Wire& wire : block.inputs) {
        const auto port = std::ranges::find(ports.inputs, wire.port, &core::Port::name);
        if (port->role == Role::Event) {
          int& keep = keep_[wire.signal];
          keep = std::max(keep, timing_.block[i] - timeOf(wire.signal));
        }
      }
      if (block.kind != BlockKind::Function) {
        linkResetReach_ = std::max(linkResetReach_, timing_.block[i]);
      }
    }
  }

  [[nodiscard]] int timeOf(const std::string& signal) const {
    return timing_.signal.find(signal)->second;
  }
  [[nodiscard]] bool isOutput(const std::string& signal) const {
    return std::ranges::count(design_.outputs, signal) != 0;
  }
  [[nodiscard]] std::string remark(const Signal& signal) const {
    return fmt::format("{}; {} {}", describeFormat(signal.format, signal.count), unit_,
                       timeOf(signal.name));
  }
  [[nodiscard]] ExprPtr net(const std::string& signal) const {
    const Signal& found = signals_.find(signal)->second;
    return reference(signal, widthOf(found.format, found.count), isSignedNet(found));
  }
  static bool isSignedNet(const Signal& signal) {
    return signal.count == 1 && signal.format.isSigned;
  }

  void port(const std::string& name, bool isInput, int width, const std::string& purpose) {
    manifest_.ports.push_back({name, isInput, width, purpose});
  }

  void ports() {
    b_.input("clk", 1);
    b_.input("rst_n", 1, "synchronous, active low");
    b_.input("link_reset", 1, "the crossing after this one is the link's first");
    port("clk", true, 1, "clock");
    port("rst_n", true, 1, "reset");
    port("link_reset", true, 1, "link_reset");
    if (!map_.fields.empty()) {
      const auto in = [&](const char* name, int width, const char* comment) {
        b_.input(name, width, comment);
        port(name, true, width, "config");
      };
      const auto out = [&](const char* name, int width, const char* comment) {
        b_.output(name, width, comment);
        port(name, false, width, "config");
      };
      in("cfg_write", 1, "write cfg_wdata at cfg_address");
      in("cfg_address", map_.addressBits, "one value an address; the last one commits");
      in("cfg_wdata", map_.dataBits, "");
      out("cfg_rdata", map_.dataBits, "shadow copy at the address of the clock before");
      out("cfg_ready", 1, "low while a commit is under way: writes are ignored");
    }
    if (design_.serial) {
      serialPins(*design_.serial);
    }
    for (const Signal& signal : design_.inputs) {
      const int width = widthOf(signal.format, signal.count);
      b_.input(signal.name, width, remark(signal), isSignedNet(signal));
      port(signal.name, true, width, "signal");
    }
    for (const std::string& name : design_.outputs) {
      const Signal& signal = signals_.find(name)->second;
      const int width = widthOf(signal.format, signal.count);
      if (isPipelined(name)) {
        b_.outputReg(name, width, {nullptr, kPipelineReason}, remark(signal), isSignedNet(signal));
      } else {
        b_.output(name, width, remark(signal), isSignedNet(signal));
      }
      port(name, false, width, "signal");
    }
  }

  // Which clock of the crossing this is, and whether it is the last.
  void pace() {
    const int clocks = design_.clocksPerCrossing;
    if (clocks == 1) {
      return;
    }
    const int width = indexWidth(static_cast<std::uint64_t>(clocks));
    const RegisterInfo first{literal(0, width), {}};
    b_.comment("Clock of the crossing");
    phase_ = b_.reg(kPhase, width, first, fmt::format("0 to {}", clocks - 1));
    b_.clocked(phase_, first, binary(Operator::Add, phase_, literal(1, width)));
    end_ = b_.net(kCrossingEnd, unary(Operator::ReduceAnd, phase_));
  }

  void serialPins(const core::SerialPort& serial) {
    b_.input("i2c_scl", 1, "asynchronous");
    b_.input("i2c_sda", 1, "asynchronous: the level of the line");
    b_.output("i2c_sda_low", 1, "pull the line down (open drain)");
    port("i2c_scl", true, 1, "serial");
    port("i2c_sda", true, 1, "serial");
    port("i2c_sda_low", false, 1, "serial");
    if (serial.addressPins > 0) {
      b_.input("i2c_address", serial.addressPins, "low bits of the device address, static");
      port("i2c_address", true, serial.addressPins, "serial");
    }
  }

  // Does the top module hold the pipeline register of this signal?
  bool isPipelined(const std::string& signal) {
    if (pipelined_.empty()) {
      for (const Block& block : design_.blocks) {
        for (const core::Wire& wire : block.outputs) {
          pipelined_[wire.signal] = block.registered && block.kind != BlockKind::OutputBuffer;
        }
      }
    }
    return pipelined_[signal];
  }

  void registers() {
    if (map_.fields.empty()) {
      return;
    }
    std::vector<Connection> connections;
    for (const char* const name : {"clk", "rst_n", "cfg_write"}) {
      connections.push_back({name, reference(name, 1)});
    }
    connections.push_back({"cfg_address", reference("cfg_address", map_.addressBits)});
    connections.push_back({"cfg_wdata", reference("cfg_wdata", map_.dataBits)});
    if (end_) {
      connections.push_back({kCrossingEnd, end_});
    }
    connections.push_back({"cfg_rdata", reference("cfg_rdata", map_.dataBits), true});
    connections.push_back({"cfg_ready", reference("cfg_ready", 1), true});
    b_.comment("Configuration");
    for (const RegisterMap::Field& field : map_.fields) {
      const core::ConfigField& config = *field.field;
      for (int time = field.firstUse; time <= field.lastUse; ++time) {
        const std::string name = configNet(field, time);
        const int width = widthOf(config.format, config.count);
        const std::string comment =
            time == field.firstUse ? describeFormat(config.format, config.count) : std::string();
        b_.add(Net{name, width, false, nullptr, comment});
        connections.push_back({name, reference(name, width), true});
      }
      manifest_.registers.push_back({config.name, config.format, config.count, field.firstAddress,
                                     config.reset, config.comment, field.firstUse});
    }
    if (design_.serial) {
      serialSlave(*design_.serial, connections);
    }
    b_.instance(design_.name + "_registers", "registers", std::move(connections));
  }

  void serialSlave(const core::SerialPort& serial, std::vector<Connection>& registers) {
    std::vector<ExprPtr> address;
    const int pins = serial.addressPins;
    if (pins < 7) {
      address.push_back(literal(serial.addressBase >> pins, 7 - pins));
    }
    if (pins > 0) {
      address.push_back(reference("i2c_address", pins));
    }
    std::vector<Connection> slave{{"clk", reference("clk", 1)},
                                  {"rst_n", reference("rst_n", 1)},
                                  {"scl", reference("i2c_scl", 1)},
                                  {"sda", reference("i2c_sda", 1)},
                                  {"sda_low", reference("i2c_sda_low", 1), true},
                                  {"address", concat(std::move(address))}};
    if (end_) {
      slave.push_back({kCrossingEnd, end_});
    }
    const auto tie = [&](const char* port, const char* net, int width, bool toRegisters) {
      const ExprPtr wire = b_.wire(net, width);
      slave.push_back({port, wire, toRegisters});
      registers.push_back({net, wire, !toRegisters});
    };
    tie("request_write", "serial_write", 1, true);
    tie("request_read", "serial_read", 1, true);
    tie("request_address", "serial_address", map_.addressBits, true);
    tie("request_wdata", "serial_wdata", map_.dataBits, true);
    tie("granted", "serial_granted", 1, false);
    tie("rdata", "serial_rdata", map_.dataBits, false);
    b_.instance(kI2cSlave, "serial", std::move(slave));
  }

  // link_reset_d<k> accompanies the crossing that is k clocks old. After a reset they are set, so
  // that what the pipeline held does not enter the state blocks.
  void linkResetChain() {
    const RegisterInfo set{literal(1, 1), {}};
    ExprPtr previous = reference("link_reset", 1);
    for (int k = 1; k <= linkResetReach_; ++k) {
      const ExprPtr reg = b_.reg(fmt::format("link_reset_d{}", k), 1, set);
      b_.clocked(reg, set, previous, end_);
      previous = reg;
    }
    b_.reserve("link_reset");
  }

  [[nodiscard]] static ExprPtr linkReset(int time) {
    return reference(time == 0 ? "link_reset" : fmt::format("link_reset_d{}", time), 1);
  }

  // Registers that keep a signal until its last use.
  void delays(const std::string& signal) {
    ExprPtr previous = net(signal);
    const auto keep = keep_.find(signal);
    const int clocks = keep == keep_.end() ? 0 : keep->second;
    const RegisterInfo info{nullptr, kPipelineReason};
    for (int k = 1; k <= clocks; ++k) {
      const std::string name = b_.unique(fmt::format("{}_d{}", signal, k));
      const bool isSigned = previous->isSigned;
      b_.add(Register{name, previous->width, isSigned, info, {}});
      const ExprPtr reg = reference(name, previous->width, isSigned);
      b_.clocked(reg, info, previous, end_);
      delayed_[{signal, k}] = reg;
      previous = reg;
    }
  }

  [[nodiscard]] ExprPtr eventInput(const std::string& signal, int time) const {
    const int age = time - timeOf(signal);
    return age == 0 ? net(signal) : delayed_.find({signal, age})->second;
  }

  void block(std::size_t index) {
    const Block& block = design_.blocks[index];
    const int time = timing_.block[index];
    const core::BlockPorts ports = core::portsOf(design_, block);
    b_.comment(fmt::format("{} {}: {}", end_ ? "Crossing" : "Clock", time, block.name));
    std::vector<Connection> connections;
    if (block.kind != BlockKind::Function) {
      connections.push_back({"clk", reference("clk", 1)});
      connections.push_back({"rst_n", reference("rst_n", 1)});
      connections.push_back({"link_reset", linkReset(time)});
      if (end_) {
        connections.push_back({kCrossingEnd, end_});
      }
    } else if (plans_[index]) {
      const FoldedPorts pace = foldedPorts(*plans_[index]);
      connections.push_back({pace.clock, reference("clk", 1)});
      connections.push_back({pace.phase, phase_});
    }
    for (const core::Port& port : ports.inputs) {
      const auto wire = std::ranges::find(block.inputs, port.name, &core::Wire::port);
      connections.push_back({legalName(port.name), input(port, wire->signal, time)});
    }
    std::vector<std::pair<Signal, ExprPtr>> registered;
    for (const core::Port& port : ports.outputs) {
      connections.push_back({legalName(port.name), output(block, port, registered), true});
    }
    b_.instance(legalName(blockModules_[index]), block.name, std::move(connections));
    for (const auto& [signal, next] : registered) {
      const RegisterInfo info{nullptr, kPipelineReason};
      b_.clocked(net(signal.name), info, next, end_);
    }
    for (const core::Wire& wire : block.outputs) {
      delays(wire.signal);
    }
  }

  ExprPtr input(const core::Port& port, const std::string& signal, int time) const {
    if (port.role == Role::Config) {
      const RegisterMap::Field& field = *map_.find(signal);
      return reference(configNet(field, time), widthOf(port.format, port.count));
    }
    return eventInput(signal, time);
  }

  // The net a block's output drives; declares it and, behind it, the pipeline register.
  ExprPtr output(const Block& block, const core::Port& port,
                 std::vector<std::pair<Signal, ExprPtr>>& registered) {
    const int width = widthOf(port.format, port.count);
    const auto wire = std::ranges::find(block.outputs, port.name, &core::Wire::port);
    if (wire == block.outputs.end()) {
      return b_.wire(block.name + "_" + port.name, width, "not used");
    }
    const Signal& signal = signals_.find(wire->signal)->second;
    const bool isSigned = isSignedNet(signal);
    if (!isPipelined(signal.name)) {
      if (!isOutput(signal.name)) {
        b_.add(Net{signal.name, width, isSigned, nullptr, remark(signal)});
      }
      return net(signal.name);
    }
    const ExprPtr next = b_.wire(signal.name + "_next", width, {}, isSigned);
    if (!isOutput(signal.name)) {
      b_.add(Register{signal.name, width, isSigned, {nullptr, kPipelineReason}, remark(signal)});
    }
    registered.emplace_back(signal, next);
    return next;
  }

  void describe() {
    manifest_.aegenVersion = AEGEN_VERSION;
    manifest_.design = design_.name;
    manifest_.top = design_.name;
    manifest_.clocksPerCrossing = design_.clocksPerCrossing;
    for (const Signal& signal : design_.inputs) {
      manifest_.signals.push_back(
          {signal.name, signal.format, signal.count, 0, true, false, std::string()});
    }
    for (const Block& block : design_.blocks) {
      for (const core::Port& port : core::portsOf(design_, block).outputs) {
        const auto wire = std::ranges::find(block.outputs, port.name, &core::Wire::port);
        if (wire != block.outputs.end()) {
          manifest_.signals.push_back(
              {wire->signal, port.format, port.count, timeOf(wire->signal), isOutput(wire->signal),
               block.registered || block.kind == BlockKind::OutputBuffer, block.name});
        }
      }
    }
    if (!map_.fields.empty()) {
      manifest_.controlAddress = map_.controlAddress;
      manifest_.configAddressWidth = map_.addressBits;
      manifest_.configDataWidth = map_.dataBits;
      manifest_.serial = design_.serial;
    }
    for (const core::Milestone& milestone : design_.milestones) {
      manifest_.milestones.push_back(
          {milestone.name, milestone.signal, milestone.latency, timeOf(milestone.signal)});
    }
  }

  const core::Design& design_;
  const core::DesignTiming& timing_;
  const RegisterMap& map_;
  const std::vector<std::string>& blockModules_;
  const FoldPlans& plans_;
  ModuleManifest& manifest_;
  const char* unit_;  // what signals' times are counted in
  ExprPtr phase_;     // these two null when every clock is a crossing
  ExprPtr end_;
  ModuleBuilder b_;
  std::map<std::string, Signal> signals_;
  std::map<std::string, bool> pipelined_;
  std::map<std::string, int> keep_;
  std::map<std::pair<std::string, int>, ExprPtr> delayed_;
  int linkResetReach_ = 0;
};

}  // namespace

Module registeredPins(const ModuleManifest& manifest) {
  ModuleBuilder b(manifest.top + "_bench", ModuleKind::Top,
                  {manifest.top + "_bench: the chip with a register in front of every input pin",
                   "For simulation only."});
  std::vector<Connection> connections;
  std::vector<std::pair<ExprPtr, ExprPtr>> registers;
  const RegisterInfo info{nullptr, "follows the pin"};
  for (const ManifestPort& pin : manifest.ports) {
    // A single signed element is a signed port in the chip; here only the bits matter.
    const ExprPtr outside =
        pin.isInput ? b.input(pin.name, pin.width) : b.output(pin.name, pin.width);
    if (!pin.isInput || pin.purpose == "clock") {
      connections.push_back({pin.name, outside, !pin.isInput});
      continue;
    }
    const ExprPtr inside = b.reg(pin.name + "_q", pin.width, info);
    registers.emplace_back(inside, outside);
    connections.push_back({pin.name, inside});
  }
  for (const auto& [inside, outside] : registers) {
    b.clocked(inside, info, outside);
  }
  b.instance(manifest.top, "chip", std::move(connections));
  return std::move(b).finish();
}

core::Result<Module> topModule(const core::Design& design, const core::DesignTiming& timing,
                               const RegisterMap& map, const std::vector<std::string>& blockModules,
                               const FoldPlans& plans, ModuleManifest& manifest) {
  return TopBuilder(design, timing, map, blockModules, plans, manifest).run();
}

}  // namespace aegen::rtl_gen
