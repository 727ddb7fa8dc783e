#include "aegen/core/design.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "aegen/core/verifier.hpp"

namespace aegen::core {
namespace {

constexpr FixedFormat unsignedBits(int width) {
  return {false, width, 0};
}

BlockPorts bxCounterPorts() {
  return {{{"rx_header", unsignedBits(4), 1, Role::Event}},
          {{"bx", unsignedBits(12), 1, Role::Output}}};
}

BlockPorts bufferPorts(const BufferSizes& sizes) {
  constexpr FixedFormat kWord = unsignedBits(kBufferWordBits);
  constexpr FixedFormat kThreshold = unsignedBits(kBufferThresholdBits);
  return {{{"words", kWord, sizes.maxWords, Role::Event},
           {"count", unsignedBits(kBufferCountBits), 1, Role::Event},
           {"truncated_word", kWord, 1, Role::Event},
           {"fill_word", kWord, 1, Role::Event},
           {"overflow_t1", kThreshold, 1, Role::Config},
           {"overflow_t2", kThreshold, 1, Role::Config},
           {"overflow_t3", kThreshold, 1, Role::Config},
           {"active_etx", unsignedBits(kBufferEtxBits), 1, Role::Config}},
          {{"tx", unsignedBits(2 * kBufferWordBits), sizes.etx, Role::Output}}};
}

const Port* findPort(const std::vector<Port>& ports, std::string_view name) {
  const auto found = std::ranges::find(ports, name, &Port::name);
  return found == ports.end() ? nullptr : &*found;
}

// Walks the blocks in order, checking wires and placing everything in time.
class DesignAnalysis {
 public:
  explicit DesignAnalysis(const Design& design) : design_(design) {}

  Result<DesignTiming> run() {
    config();
    if (design_.serial) serial(*design_.serial);
    clocks(design_.clocksPerCrossing);
    for (const Signal& signal : design_.inputs) define(signal, 0, "input");
    std::set<std::string_view> blocks;
    for (const Block& block : design_.blocks) {
      if (!blocks.insert(block.name).second) fail("two blocks of this name", block.name);
      place(block);
    }
    for (const std::string& output : design_.outputs) {
      if (!signals_.contains(output)) fail("output '" + output + "' is no signal", output);
    }
    for (const Milestone& milestone : design_.milestones) {
      if (!signals_.contains(milestone.signal)) {
        fail("milestone '" + milestone.name + "' names no signal", milestone.signal);
      }
    }
    if (error_) return *error_;
    return timing_;
  }

 private:
  void fail(std::string message, std::string where) {
    if (!error_) {
      error_ = internalError("design.malformed", std::move(message),
                             design_.name + "/" + std::move(where));
    }
  }

  void config() {
    std::set<std::string_view> seen;
    for (const ConfigField& field : design_.config) {
      if (!seen.insert(field.name).second) fail("field defined twice", field.name);
      if (field.count == 0 || field.reset.size() != field.count) {
        fail("field needs one reset value an element", field.name);
      }
      if (field.format.width > kMaxConfigBits && !error_) {
        error_ = badInput("design.config-width",
                          "a configuration value has at most " + std::to_string(kMaxConfigBits) +
                              " bits, this one has " + std::to_string(field.format.width),
                          design_.name + "/" + field.name, {"split the field in two"});
      }
      for (const std::int64_t value : field.reset) {
        if (!field.format.range().contains(value)) {
          fail("reset value " + std::to_string(value) + " is outside " + field.format.text(),
               field.name);
        }
      }
    }
  }

  void clocks(int perCrossing) {
    const bool powerOfTwo = perCrossing > 0 && (perCrossing & (perCrossing - 1)) == 0;
    if ((powerOfTwo && perCrossing <= kMostClocksPerCrossing) || error_) return;
    error_ = badInput("design.reuse",
                      "a crossing cannot have " + std::to_string(perCrossing) + " clocks",
                      design_.name, {"it has 1, 2, 4 or 8"});
  }

  void serial(const SerialPort& port) {
    const auto refuse = [&](const std::string& message, const char* note) {
      if (!error_) {
        error_ = badInput("design.serial-port", message, design_.name + "/serial", {note});
      }
    };
    std::uint64_t values = 0;
    for (const ConfigField& field : design_.config) values += field.count;
    if (values == 0) refuse("there are no registers to reach", "leave the serial port out");
    if (values > 0xffff) {
      refuse(std::to_string(values) + " values and the control address do not fit 16 bits",
             "the bus carries register addresses of two bytes");
    }
    if (port.addressPins < 0 || port.addressPins > 7) {
      return refuse("there cannot be " + std::to_string(port.addressPins) + " address pins",
                    "a device address has 7 bits");
    }
    const int fromPins = (1 << port.addressPins) - 1;
    if (port.addressBase < 0 || port.addressBase > 0x7f || (port.addressBase & fromPins) != 0) {
      refuse(
          "the device address is not 7 bits with zeros where the pins are",
          "its lowest bits, one a pin, come from the pins: with 4 pins 0x20 is one, 0x21 is not");
    } else if (port.addressPins < 7 &&
               (port.addressBase < 8 || (port.addressBase | fromPins) > 0x77)) {
      refuse("the device address is reserved on the I2C bus", "use addresses of 0x08 to 0x77");
    }
  }

  void define(const Signal& signal, int time, const std::string& where) {
    if (design_.findConfig(signal.name) != nullptr) fail("signal has a field's name", where);
    if (!signals_.emplace(signal.name, signal).second) {
      fail("signal '" + signal.name + "' has two producers", where);
    }
    timing_.signal[signal.name] = time;
  }

  void place(const Block& block) {
    const Function* const function = design_.program.find(block.function);
    if (block.kind == BlockKind::Function && function == nullptr) {
      return fail("function '" + block.function + "' does not exist", block.name);
    }
    if (block.kind == BlockKind::OutputBuffer) sizes(block);
    const BlockPorts ports = portsOf(design_, block);
    int time = 0;
    for (const Wire& wire : block.inputs) {
      const Port* const port = findPort(ports.inputs, wire.port);
      if (port == nullptr) return fail("no input port '" + wire.port + "'", block.name);
      if (port->role == Role::Event) time = std::max(time, arrival(block, *port, wire));
    }
    for (const Port& port : ports.inputs) {
      const auto wires = std::ranges::count(block.inputs, port.name, &Wire::port);
      if (wires != 1) fail("port '" + port.name + "' needs one wire", block.name);
    }
    for (const Wire& wire : block.inputs) {
      if (findPort(ports.inputs, wire.port)->role == Role::Config) use(block, wire, ports, time);
    }
    timing_.block.push_back(time);
    const bool registered = block.registered || block.kind == BlockKind::OutputBuffer;
    for (const Port& port : ports.outputs) {
      const auto wire = std::ranges::find(block.outputs, port.name, &Wire::port);
      if (wire == block.outputs.end()) continue;  // an output nobody wants
      define({wire->signal, port.format, port.count}, time + (registered ? 1 : 0), block.name);
    }
    for (const Wire& wire : block.outputs) {
      if (findPort(ports.outputs, wire.port) == nullptr) {
        fail("no output port '" + wire.port + "'", block.name);
      }
    }
  }

  void sizes(const Block& block) {
    const BufferSizes& sizes = block.buffer;
    const auto within = [&](const char* what, std::uint32_t value, int bits) {
      const std::uint32_t most = (1U << bits) - 1;
      if (value >= 1 && value <= most) return;
      fail("the output buffer's " + std::string(what) + " is " + std::to_string(value) +
               ", not 1 to " + std::to_string(most),
           block.name);
    };
    within("maxWords", sizes.maxWords, kBufferCountBits);
    within("etx", sizes.etx, kBufferEtxBits);
    if (sizes.depth < sizes.maxWords || sizes.depth < 2 * sizes.etx) {
      fail("the output buffer's depth of " + std::to_string(sizes.depth) +
               " does not hold what comes or leaves in one crossing",
           block.name);
    }
  }

  int arrival(const Block& block, const Port& port, const Wire& wire) {
    const auto signal = signals_.find(wire.signal);
    if (signal == signals_.end()) {
      fail("signal '" + wire.signal + "' is used before it is made", block.name);
      return 0;
    }
    if (signal->second.format != port.format || signal->second.count != port.count) {
      fail("signal '" + wire.signal + "' does not fit port '" + wire.port + "'", block.name);
    }
    return timing_.signal.find(wire.signal)->second;
  }

  void use(const Block& block, const Wire& wire, const BlockPorts& ports, int time) {
    const ConfigField* const field = design_.findConfig(wire.signal);
    const Port& port = *findPort(ports.inputs, wire.port);
    if (field == nullptr) return fail("no field '" + wire.signal + "'", block.name);
    if (field->format != port.format || field->count != port.count) {
      return fail("field '" + wire.signal + "' does not fit port '" + wire.port + "'", block.name);
    }
    const auto [entry, fresh] = timing_.config.try_emplace(field->name, time, time);
    entry->second.first = std::min(entry->second.first, time);
    entry->second.second = std::max(entry->second.second, time);
  }

  const Design& design_;
  DesignTiming timing_;
  std::map<std::string, Signal, std::less<>> signals_;
  std::optional<Diagnostic> error_;
};

}  // namespace

const ConfigField* Design::findConfig(std::string_view field) const {
  const auto found = std::ranges::find(config, field, &ConfigField::name);
  return found == config.end() ? nullptr : &*found;
}

ConfigValues Design::resetConfig() const {
  ConfigValues values;
  for (const ConfigField& field : config) values[field.name] = field.reset;
  return values;
}

int Design::configDataBits() const {
  const bool wide =
      std::ranges::any_of(config, [](const ConfigField& field) { return field.format.width > 16; });
  return wide ? 32 : 16;
}

BlockPorts portsOf(const Design& design, const Block& block) {
  switch (block.kind) {
    case BlockKind::Function: {
      const Function* const function = design.program.find(block.function);
      return function == nullptr ? BlockPorts{} : BlockPorts{function->inputs, function->outputs};
    }
    case BlockKind::BxCounter:
      return bxCounterPorts();
    case BlockKind::OutputBuffer:
      return bufferPorts(block.buffer);
  }
  return {};
}

Result<DesignTiming> analyse(const Design& design) {
  if (const Result<void> valid = checkValid(design.program); !valid) return valid.error();
  return DesignAnalysis(design).run();
}

std::vector<Signal> signalsOf(const Design& design) {
  std::vector<Signal> out = design.inputs;
  for (const Block& block : design.blocks) {
    for (const Port& port : portsOf(design, block).outputs) {
      const auto wire = std::ranges::find(block.outputs, port.name, &Wire::port);
      if (wire != block.outputs.end()) out.push_back({wire->signal, port.format, port.count});
    }
  }
  return out;
}

}  // namespace aegen::core
