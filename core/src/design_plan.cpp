#include "design_plan.hpp"

#include <algorithm>
#include <map>

#include "aegen/core/function_builder.hpp"

namespace aegen::core {
namespace {

class Planner {
 public:
  Planner(const Design& design, const std::set<std::string>& kept) : design_(design) {
    plan_.program = design.program;
    plan_.stored = kept;
    for (const Signal& signal : signalsOf(design)) signals_[signal.name] = signal;
  }

  DesignPlan run() {
    assignStages();
    for (std::size_t stage = 0; stage < plan_.stages.size(); ++stage) fuse(stage);
    return std::move(plan_);
  }

 private:
  // Calls visit(port, wire) for the block's wires whose ports have the wanted role.
  template <typename F>
  void eachInput(const Block& block, bool config, F visit) const {
    for (const Port& port : portsOf(design_, block).inputs) {
      if ((port.role == Role::Config) != config) continue;
      visit(port, std::ranges::find(block.inputs, port.name, &Wire::port)->signal);
    }
  }

  // The stage of a function block is the number of state blocks in a row before it.
  void assignStages() {
    for (const Signal& input : design_.inputs) available_[input.name] = 0;
    for (const Block& block : design_.blocks) {
      std::size_t stage = 0;
      eachInput(block, false, [&](const Port&, const std::string& signal) {
        stage = std::max(stage, available_[signal]);
      });
      const bool function = block.kind == BlockKind::Function;
      stageOf_.push_back(stage);
      if (plan_.stages.size() < stage + 2) plan_.stages.resize(stage + 2);
      for (const Wire& wire : block.outputs) {
        available_[wire.signal] = function ? stage : stage + 1;
        if (function) computedIn_[wire.signal] = stage;
      }
      if (!function) plan_.stages[stage].state.push_back(stageOf_.size() - 1);
      eachInput(block, false, [&](const Port&, const std::string& signal) {
        if (!function || !comesFrom(signal, stage)) plan_.stored.insert(signal);
      });
      if (function) continue;
      for (const Wire& wire : block.outputs) plan_.stored.insert(wire.signal);
    }
  }

  // The fused function of `stage` has the signal without columns: it computes it, or is given it.
  [[nodiscard]] bool comesFrom(const std::string& signal, std::size_t stage) const {
    const auto found = computedIn_.find(signal);
    if (found != computedIn_.end()) return found->second == stage;
    return stage == 0 &&
           std::ranges::find(design_.inputs, signal, &Signal::name) != design_.inputs.end();
  }

  void fuse(std::size_t at) {
    DesignPlan::Stage& stage = plan_.stages[at];
    std::string name = "stage_" + std::to_string(at);
    while (plan_.program.find(name) != nullptr) name += '_';
    FunctionBuilder builder(plan_.program, name);
    std::map<std::string, std::vector<ValueId>, std::less<>> values;
    const auto input = [&](const std::string& signal) {
      if (values.contains(signal)) return;
      const Signal& given = signals_.at(signal);
      values[signal] = builder.input(signal, given.format, given.count);
      stage.inputs.push_back(signal);
    };
    const auto isMine = [&](std::size_t block) {
      return design_.blocks[block].kind == BlockKind::Function && stageOf_[block] == at;
    };
    for (std::size_t b = 0; b < design_.blocks.size(); ++b) {
      if (!isMine(b)) continue;
      eachInput(design_.blocks[b], false, [&](const Port&, const std::string& signal) {
        const auto found = computedIn_.find(signal);
        if (found == computedIn_.end() || found->second != at) input(signal);
      });
    }
    for (const Signal& given : design_.inputs) {
      if (at != 0 || !plan_.stored.contains(given.name)) continue;
      input(given.name);
      stage.outputs.push_back(given.name);
    }
    for (std::size_t b = 0; b < design_.blocks.size(); ++b) {
      if (!isMine(b)) continue;
      eachInput(design_.blocks[b], true, [&](const Port& port, const std::string& field) {
        if (values.contains(field)) return;
        values[field] = builder.input(field, port.format, port.count, Role::Config);
        stage.config.push_back(field);
      });
    }
    for (std::size_t b = 0; b < design_.blocks.size(); ++b) {
      if (isMine(b)) call(design_.blocks[b], builder, values, stage);
    }
    if (stage.outputs.empty()) {
      stage.inputs.clear();
      stage.config.clear();
      return;
    }
    for (const std::string& output : stage.outputs) {
      builder.output(output, signals_.at(output).format, values[output]);
    }
    plan_.program.functions.push_back(std::move(builder).finish());
    stage.function = name;
  }

  void call(const Block& block, FunctionBuilder& builder,
            std::map<std::string, std::vector<ValueId>, std::less<>>& values,
            DesignPlan::Stage& stage) const {
    const BlockPorts ports = portsOf(design_, block);
    std::vector<ValueId> operands;
    for (const Port& port : ports.inputs) {
      const auto& ids = values[std::ranges::find(block.inputs, port.name, &Wire::port)->signal];
      operands.insert(operands.end(), ids.begin(), ids.end());
    }
    const std::vector<ValueId> results = builder.call(block.function, operands);
    auto next = results.begin();
    for (const Port& port : ports.outputs) {
      const auto end = next + port.count;
      for (const Wire& wire : block.outputs) {
        if (wire.port != port.name) continue;
        values[wire.signal] = {next, end};
        if (plan_.stored.contains(wire.signal)) stage.outputs.push_back(wire.signal);
      }
      next = end;
    }
  }

  const Design& design_;
  DesignPlan plan_;
  std::map<std::string, Signal, std::less<>> signals_;
  std::vector<std::size_t> stageOf_;               ///< of each block
  std::map<std::string, std::size_t> available_;   ///< first stage that may use a signal
  std::map<std::string, std::size_t> computedIn_;  ///< of what function blocks give
};

}  // namespace

DesignPlan planDesign(const Design& design, const std::set<std::string>& kept) {
  return Planner(design, kept).run();
}

}  // namespace aegen::core
