#include "aegen/core/design_interpreter.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <optional>

#include "aegen/core/interpreter.hpp"
#include "output_buffer_model.hpp"

namespace aegen::core {
namespace {

const std::string& signalAt(const std::vector<Wire>& wires, std::string_view port) {
  const auto found = std::ranges::find(wires, port, &Wire::port);
  assert(found != wires.end());
  return found->signal;
}

// Where an output goes. One that nobody wants still needs room to be written to.
std::string outputAt(const Block& block, const std::string& port) {
  const auto found = std::ranges::find(block.outputs, port, &Wire::port);
  return found == block.outputs.end() ? block.name + "." + port : found->signal;
}

}  // namespace

struct DesignInterpreter::Impl {
  explicit Impl(const Design& source) : design(source), config(source.resetConfig()) {
    for (const Block& block : design.blocks) {
      functions.emplace_back();
      buffers.emplace_back();
      counters.emplace_back();
      switch (block.kind) {
        case BlockKind::Function:
          functions.back().emplace(design.program, block.function);
          break;
        case BlockKind::BxCounter:
          break;
        case BlockKind::OutputBuffer:
          buffers.back().emplace(block.buffer);
          break;
      }
    }
    applyConfig();
  }

  void applyConfig() {
    for (std::size_t i = 0; i < design.blocks.size(); ++i) {
      if (!functions[i]) continue;
      const BlockPorts ports = portsOf(design, design.blocks[i]);
      for (const Port& port : ports.inputs) {
        if (port.role != Role::Config) continue;
        functions[i]->setConfig(port.name, config[signalAt(design.blocks[i].inputs, port.name)]);
      }
    }
  }

  Columns& shaped(const std::string& name, std::size_t elements, std::size_t events) {
    Columns& columns = signals[name];
    if (columns.elements() != elements || columns.events() != events) {
      columns = Columns(elements, events);
    }
    return columns;
  }

  void runFunction(std::size_t at, std::size_t events) {
    const Block& block = design.blocks[at];
    const Function& function = *design.program.find(block.function);
    std::vector<const std::int64_t*> in;
    std::vector<std::int64_t*> out;
    for (const Port& port : function.inputs) {
      if (port.role != Role::Event) continue;
      const Columns& columns = signals.find(signalAt(block.inputs, port.name))->second;
      for (std::uint32_t i = 0; i < port.count; ++i) in.push_back(columns.column(i).data());
    }
    for (const Port& port : function.outputs) {
      Columns& columns = shaped(outputAt(block, port.name), port.count, events);
      for (std::uint32_t i = 0; i < port.count; ++i) out.push_back(columns.column(i).data());
    }
    functions[at]->run(in, out, events);
  }

  void runCounter(std::size_t at, std::size_t events) {
    const Block& block = design.blocks[at];
    const Columns& header = signals.find(signalAt(block.inputs, "rx_header"))->second;
    Columns& bx = shaped(outputAt(block, "bx"), 1, events);
    for (std::size_t k = 0; k < events; ++k) bx.at(0, k) = counters[at].step(header.at(0, k));
  }

  void runBuffer(std::size_t at, std::size_t events) {
    const Block& block = design.blocks[at];
    const auto column = [&](std::string_view port) -> const Columns& {
      return signals.find(signalAt(block.inputs, port))->second;
    };
    const auto setting = [&](std::string_view port) {
      return config[signalAt(block.inputs, port)][0];
    };
    const Columns& words = column("words");
    const Columns& count = column("count");
    const Columns& truncated = column("truncated_word");
    const Columns& fill = column("fill_word");
    const OutputBufferModel::Settings settings{setting("overflow_t1"), setting("overflow_t2"),
                                               setting("overflow_t3"), setting("active_etx")};
    Columns& tx = shaped(outputAt(block, "tx"), block.buffer.etx, events);
    std::vector<std::int64_t> in(block.buffer.maxWords);
    std::vector<std::int64_t> out(block.buffer.etx);
    for (std::size_t k = 0; k < events; ++k) {
      for (std::size_t i = 0; i < in.size(); ++i) in[i] = words.at(i, k);
      buffers[at]->step(in, count.at(0, k), truncated.at(0, k), fill.at(0, k), settings, out);
      for (std::size_t i = 0; i < out.size(); ++i) tx.at(i, k) = out[i];
    }
  }

  const Design& design;
  ConfigValues config;
  std::vector<std::optional<Interpreter>> functions;  ///< one a block, as are the following
  std::vector<std::optional<OutputBufferModel>> buffers;
  std::vector<BxCounterModel> counters;
  std::map<std::string, Columns, std::less<>> signals;
};

DesignInterpreter::DesignInterpreter(const Design& design)
    : impl_(std::make_unique<Impl>(design)) {}
DesignInterpreter::~DesignInterpreter() = default;

void DesignInterpreter::configure(const ConfigValues& values) {
  for (const auto& [name, value] : values) {
    const auto found = impl_->config.find(name);
    assert(found != impl_->config.end() && found->second.size() == value.size());
    const FixedFormat format = impl_->design.findConfig(name)->format;
    std::ranges::transform(value, found->second.begin(),
                           [&](std::int64_t raw) { return wrap(raw, format); });
  }
  impl_->applyConfig();
}

void DesignInterpreter::reset() {
  for (auto& buffer : impl_->buffers) {
    if (buffer) buffer->clear();
  }
  for (auto& counter : impl_->counters) counter.clear();
}

Result<Columns> DesignInterpreter::run(const Columns& inputs) {
  std::size_t needed = 0;
  for (const Signal& signal : impl_->design.inputs) needed += signal.count;
  if (needed != inputs.elements()) {
    return internalError("interpreter.shape", std::to_string(inputs.elements()) +
                                                  " input elements given, " +
                                                  std::to_string(needed) + " needed");
  }
  std::size_t row = 0;
  for (const Signal& signal : impl_->design.inputs) {
    Columns& columns = impl_->shaped(signal.name, signal.count, inputs.events());
    for (std::uint32_t i = 0; i < signal.count; ++i, ++row) {
      std::ranges::transform(inputs.column(row), columns.column(i).begin(),
                             [&](std::int64_t raw) { return wrap(raw, signal.format); });
    }
  }
  for (std::size_t at = 0; at < impl_->design.blocks.size(); ++at) {
    switch (impl_->design.blocks[at].kind) {
      case BlockKind::Function:
        impl_->runFunction(at, inputs.events());
        break;
      case BlockKind::BxCounter:
        impl_->runCounter(at, inputs.events());
        break;
      case BlockKind::OutputBuffer:
        impl_->runBuffer(at, inputs.events());
        break;
    }
  }
  std::size_t elements = 0;
  for (const std::string& name : impl_->design.outputs) elements += signal(name).elements();
  Columns out(elements, inputs.events());
  row = 0;
  for (const std::string& name : impl_->design.outputs) {
    const Columns& columns = signal(name);
    for (std::size_t i = 0; i < columns.elements(); ++i, ++row) {
      std::ranges::copy(columns.column(i), out.column(row).begin());
    }
  }
  return out;
}

const Columns& DesignInterpreter::signal(std::string_view name) const {
  const auto found = impl_->signals.find(name);
  assert(found != impl_->signals.end());
  return found->second;
}

}  // namespace aegen::core
