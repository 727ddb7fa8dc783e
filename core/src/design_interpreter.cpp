#include "aegen/core/design_interpreter.hpp"

#include <algorithm>
#include <cassert>
#include <map>

#include "chunk_pipeline.hpp"
#include "design_plan.hpp"
#include "output_buffer_model.hpp"
#include "tape_machine.hpp"
#include "workers.hpp"

namespace aegen::core {
namespace {

/// Crossings that go through a step at a time: what they leave for the next is still in the cache.
constexpr std::size_t kLargestChunk = 8 * tape::kLanes;
/// Chunks a thread should get, so that all end at about the same time.
constexpr std::size_t kChunksPerThread = 4;

const std::string& signalAt(const std::vector<Wire>& wires, std::string_view port) {
  const auto found = std::ranges::find(wires, port, &Wire::port);
  assert(found != wires.end());
  return found->signal;
}

std::set<std::string> keptSignals(const Design& design, const DesignInterpreterOptions& options) {
  std::set<std::string> kept(design.outputs.begin(), design.outputs.end());
  if (options.keep) {
    kept.insert(options.keep->begin(), options.keep->end());
  } else {
    for (const Signal& signal : signalsOf(design)) kept.insert(signal.name);
  }
  return kept;
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
    std::vector<std::int64_t> words;  ///< of a crossing
    std::vector<std::int64_t> sent;
  };

  /// Of each chunk: a stage's function or its state blocks.
  struct PipelineStep {
    std::size_t stage;
    bool state;
  };

  Impl(const Design& source, const DesignInterpreterOptions& options)
      : design(source),
        config(source.resetConfig()),
        plan(planDesign(source, keptSignals(source, options))),
        workers(options.threads) {
    for (const Block& block : design.blocks) {
      blocks.emplace_back();
      if (block.kind != BlockKind::OutputBuffer) continue;
      blocks.back().buffer.emplace(block.buffer);
      blocks.back().words.resize(block.buffer.maxWords);
      blocks.back().sent.resize(block.buffer.etx);
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
    const Columns& count = *columnsAt(block.inputs, "count");
    const Columns& truncated = *columnsAt(block.inputs, "truncated_word");
    const Columns& fill = *columnsAt(block.inputs, "fill_word");
    Columns* const tx = columnsAt(block.outputs, "tx");
    const OutputBufferModel::Settings settings{setting("overflow_t1"), setting("overflow_t2"),
                                               setting("overflow_t3"), setting("active_etx")};
    for (std::size_t k = first; k < first + events; ++k) {
      for (std::size_t i = 0; i < state.words.size(); ++i) state.words[i] = words.at(i, k);
      state.buffer->step(state.words, count.at(0, k), truncated.at(0, k), fill.at(0, k), settings,
                         state.sent);
      if (tx == nullptr) continue;
      for (std::size_t i = 0; i < state.sent.size(); ++i) tx->at(i, k) = state.sent[i];
    }
  }

  const Design& design;
  ConfigValues config;
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
  const auto found = impl_->signals.find(name);
  assert(found != impl_->signals.end());
  return found->second;
}

}  // namespace aegen::core
