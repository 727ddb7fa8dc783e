#include "aegen/core/pipeline_design.hpp"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "aegen/core/stage_function.hpp"

namespace aegen::core {
namespace {

constexpr int kCounterGates = 12;  // of a BX counter, from its input to the new count
constexpr int kHalvings = 12;      // of the search for even stages

/// Signals of a design as blocks are walked in order: when they are valid and how late in a clock.
class SignalArrivals {
 public:
  explicit SignalArrivals(const Design& design) {
    for (const Signal& signal : design.inputs) {
      set(signal.name, 0,
          std::vector<BitArrivals>(
              signal.count, BitArrivals(static_cast<std::size_t>(signal.format.width), 0.0)));
    }
  }

  void set(const std::string& signal, int time, std::vector<BitArrivals> arrivals) {
    signals_[signal] = {time, std::move(arrivals)};
  }
  // The clock in which a block computes.
  [[nodiscard]] int timeOf(const Design& design, const Block& block) const {
    int time = 0;
    for (const Wire& wire : block.inputs) {
      if (design.findConfig(wire.signal) == nullptr) time = std::max(time, at(wire.signal).first);
    }
    return time;
  }
  // Arrivals at a block's ports in its clock: what has waited comes out of a register.
  [[nodiscard]] std::vector<BitArrivals> inputsOf(const Design& design, const Block& block,
                                                  int time) const {
    std::vector<BitArrivals> out;
    for (const Port& port : portsOf(design, block).inputs) {
      const auto wire = std::ranges::find(block.inputs, port.name, &Wire::port);
      const auto width = static_cast<std::size_t>(port.format.width);
      if (port.role == Role::Config) {
        out.insert(out.end(), port.count, BitArrivals(width, kSettled));
      } else if (at(wire->signal).first < time) {
        out.insert(out.end(), port.count, BitArrivals(width, 0.0));
      } else {
        const auto& bits = at(wire->signal).second;
        out.insert(out.end(), bits.begin(), bits.end());
      }
    }
    return out;
  }
  // Enters a block's outputs; `arrivals` by element of the output ports.
  void leave(const Design& design, const Block& block, int time,
             const std::vector<BitArrivals>& arrivals) {
    std::size_t element = 0;
    const bool registered = block.registered || block.kind == BlockKind::OutputBuffer;
    for (const Port& port : portsOf(design, block).outputs) {
      std::vector<BitArrivals> bits;
      for (std::uint32_t k = 0; k < port.count; ++k, ++element) {
        bits.push_back(registered || arrivals.empty()
                           ? BitArrivals(static_cast<std::size_t>(port.format.width), 0.0)
                           : arrivals[element]);
      }
      const auto wire = std::ranges::find(block.outputs, port.name, &Wire::port);
      if (wire != block.outputs.end()) set(wire->signal, time + (registered ? 1 : 0), bits);
    }
  }

 private:
  [[nodiscard]] const std::pair<int, std::vector<BitArrivals>>& at(
      const std::string& signal) const {
    const auto found = signals_.find(signal);
    assert(found != signals_.end());
    return found->second;
  }

  std::map<std::string, std::pair<int, std::vector<BitArrivals>>, std::less<>> signals_;
};

double latestOf(const std::vector<BitArrivals>& elements) {
  double out = 0;
  for (const BitArrivals& bits : elements) out = std::max(out, latest(bits));
  return out;
}

// Arrivals of a block's output elements; empty for blocks whose outputs are registers'.
std::vector<BitArrivals> outputsOf(ArrivalAnalysis& analysis, const DelayModel& model,
                                   const Design& design, const Block& block,
                                   const std::vector<BitArrivals>& inputs) {
  switch (block.kind) {
    case BlockKind::Function: {
      const Function& function = *design.program.find(block.function);
      const auto values = analysis.ofFunction(function, inputs);
      std::vector<BitArrivals> out;
      for (const ValueId value : function.outputValues) out.push_back(values[value]);
      return out;
    }
    case BlockKind::BxCounter: {
      const double done = latestOf(inputs) + kCounterGates * model.gate;
      return {BitArrivals(12, done)};
    }
    case BlockKind::OutputBuffer:
      return {};
  }
  return {};
}

/// A function called in stages: its ports when it was whole, and the stages.
struct Chain {
  std::vector<Port> inputs;
  std::vector<Function> stages;
};
using Chains = std::map<std::string, Chain, std::less<>>;

class DesignPipeliner {
 public:
  DesignPipeliner(const DelayModel& model, Design& design, double longest)
      : model_(model), design_(design), longest_(longest) {}

  Result<PipelineStats> run() {
    const auto before = analyse(design_);
    if (!before) return before.error();
    const std::vector<Block> blocks = design_.blocks;
    SignalArrivals signals(design_);
    design_.blocks.clear();
    for (const Block& block : blocks) {
      if (auto placed = place(block, signals); !placed) return placed.error();
    }
    dropUnused();
    const auto after = analyse(design_);
    if (!after) return after.error();
    for (Milestone& milestone : design_.milestones) {
      milestone.latency += after->signal.at(milestone.signal) - before->signal.at(milestone.signal);
    }
    for (const std::string& output : design_.outputs) {
      stats_.added = std::max(stats_.added, after->signal.at(output) - before->signal.at(output));
    }
    stats_.slowest = slowestStage(model_, design_);
    return stats_;
  }

 private:
  Result<void> place(Block block, SignalArrivals& signals) {
    int time = signals.timeOf(design_, block);
    auto inputs = signals.inputsOf(design_, block, time);
    if (block.kind == BlockKind::Function) {
      auto cut = cutCalls(block.function);
      if (!cut) return cut.error();
      block.function = *cut;
      const Function function = *design_.program.find(block.function);
      ArrivalAnalysis analysis(model_, design_.program);
      if (latestOf(outputsOf(analysis, model_, design_, block, inputs)) > longest_) {
        auto plan = planStages(analysis, function, {longest_, 0, inputs});
        if (!plan) {
          // What arrives late leaves no time for the first operation: a register in front.
          plan = planStages(analysis, function, {longest_, 0, {}});
          if (!plan) return tooFast(function);
        }
        addStages(block, function, *plan, signals);
        return {};
      }
    }
    ArrivalAnalysis analysis(model_, design_.program);
    const auto outputs = outputsOf(analysis, model_, design_, block, inputs);
    design_.blocks.push_back(block);
    signals.leave(design_, block, time, outputs);
    return {};
  }

  core::Diagnostic tooFast(const Function& function) const {
    ArrivalAnalysis analysis(model_, design_.program);
    // The longest single operation between registers.
    double low = longest_;
    double high = std::max(delayOf(model_, design_.program, function.name), longest_);
    for (int k = 0; k < kHalvings; ++k) {
      const double middle = (low + high) / 2;
      (planStages(analysis, function, {middle, 0, {}}) ? high : low) = middle;
    }
    const double needed = high + model_.flipFlop + model_.setup;
    char text[160];
    std::snprintf(text, sizeof text,
                  "one operation takes longer than the clock: a period of %.2f ns is needed",
                  needed);
    return badInput("pipeline.too-fast", text, design_.name + "/" + function.name,
                    {"ask for a slower clock, or narrower formats"});
  }

  // Stages of a function under a name that no other cut of it has.
  std::vector<Function> stagesOf(Function function, const StagePlan& plan) const {
    while (true) {
      std::vector<Function> stages = stageFunctions(function, plan);
      const Function* const known = design_.program.find(stages.front().name);
      if (known == nullptr ||
          (*known == stages.front() && design_.program.find(stages.back().name) != nullptr &&
           *design_.program.find(stages.back().name) == stages.back())) {
        return stages;
      }
      function.name += "_b";
    }
  }

  void addStages(const Block& block, const Function& function, const StagePlan& plan,
                 SignalArrivals& signals) {
    stats_.registerBits += plan.registerBits;
    ++stats_.cutBlocks;
    std::vector<Function> stages = stagesOf(function, plan);
    const std::size_t count = stages.size();
    std::vector<Wire> carried;  // ports of the cut before and the signals they are tied to
    for (std::size_t s = 0; s < count; ++s) {
      Block part = block;
      part.name = block.name + "_s" + std::to_string(s);
      part.function = stages[s].name;
      part.registered = s + 1 < count || block.registered;
      part.inputs.clear();
      for (const Port& port : stages[s].inputs) {
        const auto& wires = s > 0 && port.role != Role::Config ? carried : block.inputs;
        part.inputs.push_back(*std::ranges::find(wires, port.name, &Wire::port));
      }
      carried.clear();
      if (s + 1 < count) {
        part.outputs.clear();
        for (const Port& port : stages[s].outputs) {
          part.outputs.push_back({port.name, block.name + "_" + port.name});
        }
        carried = part.outputs;
      }
      if (design_.program.find(stages[s].name) == nullptr) {
        design_.program.functions.push_back(std::move(stages[s]));
      }
      ArrivalAnalysis analysis(model_, design_.program);
      const int time = signals.timeOf(design_, part);
      const auto arrivals =
          outputsOf(analysis, model_, design_, part, signals.inputsOf(design_, part, time));
      design_.blocks.push_back(part);
      signals.leave(design_, part, time, arrivals);
    }
  }

  // The function with calls cut into stages where one takes too long alone; its own name when there
  // are none. Stages of a call follow each other as calls.
  Result<std::string> cutCalls(const std::string& name) {
    if (const auto known = rewritten_.find(name); known != rewritten_.end()) return known->second;
    const Function function = *design_.program.find(name);
    Chains chains;
    for (const Instruction& instruction : function.instructions) {
      if (instruction.op != Op::Call || chains.contains(instruction.callee)) continue;
      if (delayOf(model_, design_.program, instruction.callee) <= longest_) continue;
      auto chain = chainOf(instruction.callee);
      if (!chain) return chain.error();
      chains[instruction.callee] = std::move(*chain);
    }
    if (chains.empty()) return rewritten_[name] = name;
    Function out = withChains(function, chains);
    const std::string fresh = out.name;
    design_.program.functions.push_back(std::move(out));
    return rewritten_[name] = fresh;
  }

  // The stages of a function that is called, the same wherever it is.
  Result<Chain> chainOf(const std::string& name) {
    if (const auto known = chains_.find(name); known != chains_.end()) return known->second;
    auto callee = cutCalls(name);
    if (!callee) return callee.error();
    auto stages = evenStages(*callee);
    if (!stages) return stages.error();
    return chains_[name] = Chain{design_.program.find(*callee)->inputs, std::move(*stages)};
  }

  // A function in as few stages as must be, of about the same length; added to the program.
  Result<std::vector<Function>> evenStages(const std::string& name) {
    const Function function = *design_.program.find(name);
    ArrivalAnalysis analysis(model_, design_.program);
    auto plan = planStages(analysis, function, {longest_, 0, {}});
    if (!plan) return tooFast(function);
    double low = 0;
    double high = longest_;
    for (int k = 0; k < kHalvings; ++k) {
      const double middle = (low + high) / 2;
      auto shorter = planStages(analysis, function, {middle, plan->stages, {}});
      (shorter ? high : low) = middle;
      if (shorter) plan = std::move(shorter);
    }
    auto stages = stageFunctions(function, *plan);
    for (const Function& stage : stages) design_.program.functions.push_back(stage);
    return stages;
  }

  static Function withChains(const Function& function, const Chains& chains) {
    Function out = function;
    out.name = function.name + "_staged";
    out.instructions.clear();
    out.values.resize(function.inputElements());
    std::vector<ValueId> fresh(function.values.size());  // values are numbered as they are computed
    for (ValueId value = 0; value < out.values.size(); ++value) fresh[value] = value;
    for (Instruction instruction : function.instructions) {
      for (ValueId& operand : instruction.operands) operand = fresh[operand];
      const auto chain =
          instruction.op == Op::Call ? chains.find(instruction.callee) : chains.end();
      std::vector<Value> results;
      for (const ValueId result : instruction.results) results.push_back(function.values[result]);
      const std::vector<ValueId> old = instruction.results;
      instruction.results.clear();
      std::vector<ValueId> now;
      if (chain != chains.end()) {
        now = appendChain(instruction, chain->second, results, out);
      } else {
        now = append(std::move(instruction), results, out);
      }
      for (std::size_t k = 0; k < old.size(); ++k) fresh[old[k]] = now[k];
    }
    for (ValueId& value : out.outputValues) value = fresh[value];
    return out;
  }

  static std::vector<ValueId> append(Instruction instruction, const std::vector<Value>& results,
                                     Function& out) {
    for (const Value& value : results) {
      instruction.results.push_back(static_cast<ValueId>(out.values.size()));
      out.values.push_back(value);
    }
    out.instructions.push_back(std::move(instruction));
    return out.instructions.back().results;
  }

  // Calls of the stages one after the other: with events or what the stage before carries, and
  // settings. Gives the results of the last.
  static std::vector<ValueId> appendChain(const Instruction& call, const Chain& chain,
                                          const std::vector<Value>& results, Function& out) {
    std::vector<ValueId> carried;
    for (std::size_t s = 0; s < chain.stages.size(); ++s) {
      const Function& stage = chain.stages[s];
      Instruction part;
      part.op = Op::Call;
      part.callee = stage.name;
      part.operands = operandsOf(stage, s == 0, chain.inputs, call, carried);
      std::vector<Value> values = results;
      if (s + 1 < chain.stages.size()) {
        values.clear();
        for (const Port& port : stage.outputs)
          values.insert(values.end(), port.count, {port.format, {}});
      }
      carried = append(std::move(part), values, out);
    }
    return carried;
  }

  static std::vector<ValueId> operandsOf(const Function& stage, bool first,
                                         const std::vector<Port>& whole, const Instruction& call,
                                         const std::vector<ValueId>& carried) {
    std::vector<ValueId> out;
    std::size_t next = 0;
    for (const Port& port : stage.inputs) {
      std::size_t at = 0;  // of the port's first element among the call's operands
      for (const Port& each : whole) {
        if (each.name == port.name) break;
        at += each.count;
      }
      for (std::uint32_t k = 0; k < port.count; ++k) {
        const bool own = first || port.role == Role::Config;
        out.push_back(own ? call.operands[at + k] : carried[next++]);
      }
    }
    return out;
  }

  // Functions that nothing reaches any more.
  void dropUnused() {
    std::set<std::string> used;
    for (const Block& block : design_.blocks) {
      if (block.kind == BlockKind::Function) used.insert(block.function);
    }
    auto& functions = design_.program.functions;
    for (std::size_t i = functions.size(); i-- > 0;) {
      if (!used.contains(functions[i].name)) continue;
      for (const Instruction& each : functions[i].instructions) {
        if (each.op == Op::Call) used.insert(each.callee);
      }
    }
    std::erase_if(functions, [&](const Function& f) { return !used.contains(f.name); });
  }

  const DelayModel& model_;
  Design& design_;
  const double longest_;
  PipelineStats stats_;
  std::map<std::string, std::string, std::less<>> rewritten_;
  Chains chains_;
};

}  // namespace

StageEstimate slowestStage(const DelayModel& model, const Design& design) {
  StageEstimate out;
  SignalArrivals signals(design);
  ArrivalAnalysis analysis(model, design.program);
  for (const Block& block : design.blocks) {
    const int time = signals.timeOf(design, block);
    const auto inputs = signals.inputsOf(design, block, time);
    const auto outputs = outputsOf(analysis, model, design, block, inputs);
    const double longest = std::max(latestOf(inputs), latestOf(outputs));
    if (longest > out.longest) out = {longest, block.name};
    signals.leave(design, block, time, outputs);
  }
  return out;
}

Result<PipelineStats> pipelineDesign(const DelayModel& model, Design& design, double longest) {
  return DesignPipeliner(model, design, longest).run();
}

}  // namespace aegen::core
