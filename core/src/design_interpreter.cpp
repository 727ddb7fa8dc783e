#include "aegen/core/design_interpreter.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>
#include <span>

#include "aegen/core/workers.hpp"
#include "chunk_pipeline.hpp"
#include "design_plan.hpp"
#include "output_buffer_model.hpp"
#include "tape_machine.hpp"

namespace aegen::core {
namespace {

/// Crossings that go through a step at a time: what they leave for the next is still in the cache.
constexpr std::size_t kLargestChunk = 8 * tape::kLanes;
/// Chunks a thread should get, so that all end at about the same time.
constexpr std::size_t kChunksPerThread = 4;
/// Crossings whose words are brought side by side for the buffer at a time: the columns are read in
/// whole cache lines, and what is turned stays in the first cache.
constexpr std::size_t kTurned = 64;

const std::string& signalAt(const std::vector<Wire>& wires, std::string_view port) {
  const auto found = std::ranges::find(wires, port, &Wire::port);
  assert(found != wires.end());
  return found->signal;
}

std::set<std::string> keptSignals(const Design& design, const DesignInterpreterOptions& options) {
  std::set<std::string> all;
  for (const Signal& signal : signalsOf(design)) all.insert(signal.name);
  if (!options.keep) return all;
  std::set<std::string> kept(design.outputs.begin(), design.outputs.end());
  for (const std::string& name : *options.keep) {
    assert(all.contains(name) && "DesignInterpreterOptions::keep names what is no signal");
    kept.insert(name);
  }
  return kept;
}

/// Row `k` of kTurned.
template <typename T>
std::span<T> rowOf(std::vector<T>& rows, std::size_t k) {
  const std::size_t length = rows.size() / kTurned;
  return std::span(rows).subspan(k * length, length);
}

/// The crossings [first, first + count) of `columns` as rows.
template <typename T>
void toRows(const Columns& columns, std::size_t first, std::size_t count, std::vector<T>& rows) {
  for (std::size_t e = 0; e < columns.elements(); ++e) {
    const auto column = columns.column(e).subspan(first, count);
    for (std::size_t k = 0; k < count; ++k) {
      rows[k * columns.elements() + e] = static_cast<T>(column[k]);
    }
  }
}

template <typename T>
void fromRows(const std::vector<T>& rows, std::size_t first, std::size_t count, Columns& columns) {
  for (std::size_t e = 0; e < columns.elements(); ++e) {
    const auto column = columns.column(e).subspan(first, count);
    for (std::size_t k = 0; k < count; ++k) column[k] = rows[k * columns.elements() + e];
  }
}

}  // namespace

struct DesignInterpreter::Impl {
  /// A stage's function with what it reads and writes in the current run.
  struct FunctionStage {
    FunctionStage(const DesignPlan& plan, const DesignPlan::Stage& stage)
        : machine(plan.program, stage.function,
                  tape::kernelsFor(availableInstructionSets().back())) {}

    tape::Machine machine;
    std::vector<tape::Workspace> workspaces;  ///< one a thread
    std::vector<const std::int64_t*> in;
    std::vector<std::int64_t*> out;
  };

  /// A state block: its model, and the columns it reads and writes.
  struct StateBlock {
    std::optional<OutputBufferModel> buffer;
    BxCounterModel counter;
    std::vector<std::uint16_t> words;  ///< of kTurned crossings, one after the other
    std::vector<std::uint32_t> sent;
  };

  /// Of each chunk: a stage's function or its state blocks.
  struct PipelineStep {
    std::size_t stage;
    bool state;
  };

  Impl(const Design& source, const DesignInterpreterOptions& options)
      : design(source),
        config(source.resetConfig()),
        kept(keptSignals(source, options)),
        plan(planDesign(source, kept)),
        workers(options.threads) {
    for (const Block& block : design.blocks) {
      blocks.emplace_back();
      if (block.kind != BlockKind::OutputBuffer) continue;
      blocks.back().buffer.emplace(block.buffer);
      blocks.back().words.resize(kTurned * block.buffer.maxWords);
      blocks.back().sent.resize(kTurned * block.buffer.etx);
    }
    for (std::size_t at = 0; at < plan.stages.size(); ++at) {
      const DesignPlan::Stage& stage = plan.stages[at];
      functions.emplace_back();
      if (!stage.function.empty()) {
        functions.back() = std::make_unique<FunctionStage>(plan, stage);
        functions.back()->workspaces.resize(workers.count());
        steps.push_back({at, false});
      }
      if (!stage.state.empty()) steps.push_back({at, true});
    }
    applyConfig();
  }

  void applyConfig() {
    for (std::size_t at = 0; at < functions.size(); ++at) {
      if (functions[at] == nullptr) continue;
      for (const std::string& field : plan.stages[at].config) {
        functions[at]->machine.setConfig(field, config[field]);
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

  // Gives every stored signal its columns and the functions their places in them.
  void layOut(const Columns& inputs) {
    for (const Signal& signal : signalsOf(design)) {
      if (plan.stored.contains(signal.name)) shaped(signal.name, signal.count, inputs.events());
    }
    for (std::size_t at = 0; at < functions.size(); ++at) {
      if (functions[at] == nullptr) continue;
      FunctionStage& function = *functions[at];
      function.machine.settle();
      function.in.clear();
      function.out.clear();
      for (const std::string& name : plan.stages[at].inputs) {
        // The first stage reads the rows as they are given: it wraps what it reads.
        if (at == 0) {
          addInput(name, inputs, function.in);
          continue;
        }
        const Columns& columns = signals.find(name)->second;
        for (std::size_t i = 0; i < columns.elements(); ++i) {
          function.in.push_back(columns.column(i).data());
        }
      }
      for (const std::string& name : plan.stages[at].outputs) {
        Columns& columns = signals.find(name)->second;
        for (std::size_t i = 0; i < columns.elements(); ++i) {
          function.out.push_back(columns.column(i).data());
        }
      }
    }
  }

  void addInput(const std::string& name, const Columns& inputs,
                std::vector<const std::int64_t*>& in) const {
    std::size_t row = 0;
    for (const Signal& signal : design.inputs) {
      for (std::uint32_t i = 0; i < signal.count; ++i, ++row) {
        if (signal.name == name) in.push_back(inputs.column(row).data());
      }
    }
  }

  void advance(const Columns& inputs) {
    layOut(inputs);
    const std::size_t events = inputs.events();
    const std::size_t shares = workers.count() == 1 ? 1 : workers.count() * kChunksPerThread;
    const std::size_t lanes = (events / shares + tape::kLanes) / tape::kLanes * tape::kLanes;
    const std::size_t chunk = std::min(kLargestChunk, lanes);
    std::vector<bool> inOrder;
    for (const PipelineStep& step : steps) inOrder.push_back(step.state);
    ChunkPipeline pipeline((events + chunk - 1) / chunk, std::move(inOrder));
    workers.run([&](unsigned worker) {
      pipeline.work([&](const ChunkPipeline::Task& task) {
        const std::size_t first = task.chunk * chunk;
        compute(steps[task.step], worker, first, std::min(chunk, events - first));
      });
    });
  }

  void compute(const PipelineStep& step, unsigned worker, std::size_t first, std::size_t count) {
    if (!step.state) {
      FunctionStage& function = *functions[step.stage];
      function.machine.run(function.workspaces[worker], function.in, function.out, first, count);
      return;
    }
    for (const std::size_t at : plan.stages[step.stage].state) {
      switch (design.blocks[at].kind) {
        case BlockKind::Function:
          break;
        case BlockKind::BxCounter:
          runCounter(at, first, count);
          break;
        case BlockKind::OutputBuffer:
          runBuffer(at, first, count);
          break;
      }
    }
  }

  // The columns at a port of a state block; nothing for an output that nobody wants.
  Columns* columnsAt(const std::vector<Wire>& wires, std::string_view port) {
    const auto found = std::ranges::find(wires, port, &Wire::port);
    return found == wires.end() ? nullptr : &signals.find(found->signal)->second;
  }

  void runCounter(std::size_t at, std::size_t first, std::size_t count) {
    const Block& block = design.blocks[at];
    const auto header = columnsAt(block.inputs, "rx_header")->column(0).subspan(first, count);
    Columns* const bx = columnsAt(block.outputs, "bx");
    for (std::size_t k = 0; k < count; ++k) {
      const std::int64_t value = blocks[at].counter.step(header[k]);
      if (bx != nullptr) bx->at(0, first + k) = value;
    }
  }

  void runBuffer(std::size_t at, std::size_t first, std::size_t events) {
    const Block& block = design.blocks[at];
    StateBlock& state = blocks[at];
    const auto setting = [&](std::string_view port) {
      return config[signalAt(block.inputs, port)][0];
    };
    const Columns& words = *columnsAt(block.inputs, "words");
    const auto count = columnsAt(block.inputs, "count")->column(0);
    const auto truncated = columnsAt(block.inputs, "truncated_word")->column(0);
    const auto fill = columnsAt(block.inputs, "fill_word")->column(0);
    Columns* const tx = columnsAt(block.outputs, "tx");
    const OutputBufferModel::Settings settings{setting("overflow_t1"), setting("overflow_t2"),
                                               setting("overflow_t3"), setting("active_etx")};
    for (const std::size_t end = first + events; first < end; first += kTurned) {
      const std::size_t turned = std::min(kTurned, end - first);
      toRows(words, first, turned, state.words);
      for (std::size_t k = 0; k < turned; ++k) {
        const std::size_t now = first + k;
        state.buffer->step(
            {rowOf(state.words, k), count[now], static_cast<std::uint16_t>(truncated[now]),
             static_cast<std::uint16_t>(fill[now])},
            settings, rowOf(state.sent, k));
      }
      if (tx != nullptr) fromRows(state.sent, first, turned, *tx);
    }
  }

  const Design& design;
  ConfigValues config;
  std::set<std::string> kept;  ///< what signal() gives
  DesignPlan plan;
  Workers workers;
  std::vector<std::unique_ptr<FunctionStage>> functions;  ///< of each stage, or null
  std::vector<StateBlock> blocks;                         ///< of each block
  std::vector<PipelineStep> steps;
  std::map<std::string, Columns, std::less<>> signals;  ///< the stored ones
};

DesignInterpreter::DesignInterpreter(const Design& design, const DesignInterpreterOptions& options)
    : impl_(std::make_unique<Impl>(design, options)) {}
DesignInterpreter::~DesignInterpreter() = default;

void DesignInterpreter::configure(const ConfigValues& values) {
  impl_->config = impl_->design.resetConfig();
  for (const auto& [name, value] : values) {
    const auto found = impl_->config.find(name);
    assert(found != impl_->config.end() && "configure() names what is no field");
    assert(found->second.size() == value.size() && "configure() needs a value an element");
    const FixedFormat format = impl_->design.findConfig(name)->format;
    std::ranges::transform(value, found->second.begin(),
                           [&](std::int64_t raw) { return wrap(raw, format); });
  }
  impl_->applyConfig();
}

void DesignInterpreter::reset() {
  for (Impl::StateBlock& block : impl_->blocks) {
    if (block.buffer) block.buffer->clear();
    block.counter.clear();
  }
}

Result<void> DesignInterpreter::advance(const Columns& inputs) {
  std::size_t needed = 0;
  for (const Signal& signal : impl_->design.inputs) needed += signal.count;
  if (needed != inputs.elements()) {
    return internalError("interpreter.shape", std::to_string(inputs.elements()) +
                                                  " input elements given, " +
                                                  std::to_string(needed) + " needed");
  }
  impl_->advance(inputs);
  return {};
}

Result<Columns> DesignInterpreter::run(const Columns& inputs) {
  if (const Result<void> done = advance(inputs); !done) return done.error();
  std::size_t elements = 0;
  for (const std::string& name : impl_->design.outputs) elements += signal(name).elements();
  Columns out(elements, inputs.events());
  std::size_t row = 0;
  for (const std::string& name : impl_->design.outputs) {
    const Columns& columns = signal(name);
    for (std::size_t i = 0; i < columns.elements(); ++i, ++row) {
      std::ranges::copy(columns.column(i), out.column(row).begin());
    }
  }
  return out;
}

const Columns& DesignInterpreter::signal(std::string_view name) const {
  assert(impl_->kept.contains(std::string(name)) && "signal() names what is not kept");
  const auto found = impl_->signals.find(name);
  assert(found != impl_->signals.end() && "signal() before the first run");
  return found->second;
}

}  // namespace aegen::core
