#include "aegen/core/fold.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "aegen/core/gate_estimate.hpp"

namespace aegen::core {
namespace {

// Gates of a constant's bit that the phase selects, against a multiplexer of signals.
constexpr double kConstantMuxGates = 0.5;

std::map<std::string, std::vector<std::size_t>> callsOf(const Function& function) {
  std::map<std::string, std::vector<std::size_t>> calls;
  for (std::size_t i = 0; i < function.instructions.size(); ++i) {
    const Instruction& instruction = function.instructions[i];
    if (instruction.op == Op::Call) calls[instruction.callee].push_back(i);
  }
  return calls;
}

// Callees called once whose calls would otherwise stay hidden, written out until there are none.
Function withCallsInView(const Program& program, Function function) {
  for (;;) {
    std::vector<std::string> hiding;
    for (const auto& [callee, calls] : callsOf(function)) {
      const bool callsOthers = !callsOf(*program.find(callee)).empty();
      if (calls.size() == 1 && callsOthers) hiding.push_back(callee);
    }
    if (hiding.empty()) return function;
    function = inlineCalls(program, function, hiding);
  }
}

// Places calls of some callees in phases, from the last phase on: what comes last need not be
// stored.
class Scheduler {
 public:
  Scheduler(const Function& function, int phases) : function_(function), phases_(phases) {
    producer_.assign(function.values.size(), kNoCall);
    for (std::size_t i = 0; i < function.instructions.size(); ++i) {
      for (const ValueId result : function.instructions[i].results) producer_[result] = i;
    }
  }

  // The phase of each instruction that is a call of one of `callees`, -1 of the others. Callees
  // whose calls wait for each other longer than there are phases are taken out of `callees`.
  std::vector<int> run(std::map<std::string, std::vector<std::size_t>>& callees) {
    for (;;) {
      findLevels(callees);
      const std::string tooDeep = deepest(callees);
      if (tooDeep.empty()) break;
      callees.erase(tooDeep);
    }
    std::map<std::string, std::size_t> units;
    for (const auto& [callee, calls] : callees) units[callee] = ceiling(calls.size());
    for (;;) {
      std::vector<int> phase(function_.instructions.size(), -1);
      const std::string late = place(callees, units, phase);
      if (late.empty()) return phase;
      ++units[late];
    }
  }

 private:
  [[nodiscard]] std::size_t ceiling(std::size_t calls) const {
    const auto phases = static_cast<std::size_t>(phases_);
    return (calls + phases - 1) / phases;
  }

  // level_: how many shared calls in a row end with this instruction's. needs_: the shared calls
  // that a shared call directly waits for, through whatever is in between.
  void findLevels(const std::map<std::string, std::vector<std::size_t>>& callees) {
    const std::size_t n = function_.instructions.size();
    level_.assign(n, 0);
    needs_.assign(n, {});
    std::vector<std::set<std::size_t>> behind(n);
    for (std::size_t i = 0; i < n; ++i) {
      const Instruction& instruction = function_.instructions[i];
      const bool shared = instruction.op == Op::Call && callees.contains(instruction.callee);
      std::set<std::size_t> sources;
      for (const ValueId operand : instruction.operands) {
        const std::size_t from = producer_[operand];
        if (from == kNoCall) continue;
        sources.insert(behind[from].begin(), behind[from].end());
        level_[i] = std::max(level_[i], level_[from]);
      }
      if (shared) {
        needs_[i].assign(sources.begin(), sources.end());
        ++level_[i];
        sources = {i};
      }
      behind[i] = std::move(sources);
    }
  }

  // A callee with a call that would need one phase more than there are.
  [[nodiscard]] std::string deepest(
      const std::map<std::string, std::vector<std::size_t>>& callees) const {
    std::string found;
    int most = phases_;
    for (const auto& [callee, calls] : callees) {
      for (const std::size_t call : calls) {
        if (level_[call] > most) {
          most = level_[call];
          found = callee;
        }
      }
    }
    return found;
  }

  // Fills `phase`; the callee that should have one more unit when not all calls find a place.
  std::string place(const std::map<std::string, std::vector<std::size_t>>& callees,
                    const std::map<std::string, std::size_t>& units,
                    std::vector<int>& phase) const {
    // The latest phase a call may have: before all calls that wait for it.
    std::vector<int> latest(function_.instructions.size(), phases_ - 1);
    std::map<std::string, std::vector<std::size_t>> waiting = callees;
    for (auto& [callee, calls] : waiting) std::ranges::reverse(calls);
    std::vector<std::size_t> open(function_.instructions.size(), 0);
    for (const auto& [callee, calls] : callees) {
      for (const std::size_t call : calls) {
        for (const std::size_t need : needs_[call]) ++open[need];
      }
    }
    std::map<std::string, std::size_t> refused;
    for (int p = phases_ - 1; p >= 0; --p) {
      std::vector<std::size_t> placed;
      for (auto& [callee, calls] : waiting) {
        // Those with the most calls to wait for go first.
        std::ranges::stable_sort(calls, std::greater{},
                                 [&](std::size_t call) { return level_[call]; });
        std::size_t free = units.find(callee)->second;
        std::vector<std::size_t> left;
        for (const std::size_t call : calls) {
          const bool ready = open[call] == 0 && latest[call] >= p;
          if (ready && free > 0) {
            phase[call] = p;
            placed.push_back(call);
            --free;
          } else {
            left.push_back(call);
            if (ready) ++refused[callee];
          }
        }
        calls = std::move(left);
      }
      for (const std::size_t call : placed) {
        for (const std::size_t need : needs_[call]) {
          --open[need];
          latest[need] = p - 1;
        }
      }
    }
    const bool all =
        std::ranges::all_of(waiting, [](const auto& entry) { return entry.second.empty(); });
    if (all) return {};
    // Who found no unit when it could have gone held up the others.
    return std::ranges::max_element(refused, {}, [](const auto& entry) { return entry.second; })
        ->first;
  }

  const Function& function_;
  int phases_;
  std::vector<std::size_t> producer_;
  std::vector<int> level_;
  std::vector<std::vector<std::size_t>> needs_;
};

// Gives calls to units so that as many operands as possible stay as they are.
class Binder {
 public:
  Binder(const Function& function, int phases)
      : function_(function), phases_(phases), source_(function.values.size()) {
    for (std::size_t i = 0; i < source_.size(); ++i) {
      source_[i] = {false, static_cast<std::int64_t>(i)};
    }
    for (const Instruction& instruction : function.instructions) {
      if (instruction.op == Op::Const) {
        source_[instruction.results[0]] = {true, instruction.immediate};
      }
    }
  }

  std::vector<FoldUnit> bind(const std::string& callee, const std::vector<std::size_t>& calls,
                             const std::vector<int>& phase) {
    std::vector<std::vector<std::size_t>> byPhase(static_cast<std::size_t>(phases_));
    for (const std::size_t call : calls) {
      byPhase[static_cast<std::size_t>(phase[call])].push_back(call);
    }
    std::size_t most = 0;
    for (const auto& together : byPhase) most = std::max(most, together.size());
    std::vector<FoldUnit> units(most, {callee, std::vector(byPhase.size(), kNoCall)});
    std::vector<Seen> seen(most);
    for (std::size_t p = 0; p < byPhase.size(); ++p) {
      std::vector<bool> busy(most, false);
      for (const std::size_t call : byPhase[p]) {
        std::size_t best = most;
        int bestBits = -1;
        for (std::size_t u = 0; u < most; ++u) {
          const int bits = busy[u] ? -1 : sharedBits(seen[u], call);
          if (bits > bestBits) {
            best = u;
            bestBits = bits;
          }
        }
        busy[best] = true;
        units[best].calls[p] = call;
        add(seen[best], call);
      }
    }
    for (const Seen& unit : seen) muxGates_ += gates(unit);
    return units;
  }

  /// Of the multiplexers of all units so far.
  [[nodiscard]] double muxGates() const { return muxGates_; }

 private:
  using Source = std::pair<bool, std::int64_t>;  // a constant's value or a value's number
  struct Operand {
    int width = 0;
    std::set<Source> sources;
  };
  using Seen = std::vector<Operand>;

  [[nodiscard]] int sharedBits(const Seen& seen, std::size_t call) const {
    const Instruction& instruction = function_.instructions[call];
    int bits = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (seen[i].sources.contains(source_[instruction.operands[i]])) bits += seen[i].width;
    }
    return bits;
  }

  void add(Seen& seen, std::size_t call) const {
    const Instruction& instruction = function_.instructions[call];
    seen.resize(instruction.operands.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      seen[i].width = function_.values[instruction.operands[i]].format.width;
      seen[i].sources.insert(source_[instruction.operands[i]]);
    }
  }

  static double gates(const Seen& seen) {
    double gates = 0;
    for (const Operand& operand : seen) {
      const auto signals = static_cast<double>(std::ranges::count_if(
          operand.sources, [](const Source& source) { return !source.first; }));
      const auto constants = static_cast<double>(operand.sources.size()) - signals;
      const double bit = signals == 0 ? (constants - 1) * kConstantMuxGates
                                      : (signals - 1) * kMuxGates + constants * kConstantMuxGates;
      gates += bit * operand.width;
    }
    return gates;
  }

  const Function& function_;
  int phases_;
  std::vector<Source> source_;
  double muxGates_ = 0;
};

class Planner {
 public:
  Planner(const Program& program, const Function& function, int phases)
      : estimate_(program), phases_(phases) {
    plan_.phases = phases;
    plan_.function = withCallsInView(program, function);
    plan_.gatesAtOnce = estimate_.function(plan_.function);
    used_.assign(plan_.function.values.size(), false);
    for (const Instruction& instruction : plan_.function.instructions) {
      for (const ValueId operand : instruction.operands) used_[operand] = true;
    }
    for (const ValueId output : plan_.function.outputValues) used_[output] = true;
  }

  std::optional<FoldPlan> run() {
    auto callees = callsOf(plan_.function);
    std::erase_if(callees, [](const auto& entry) { return entry.second.size() < 2; });
    for (bool dropped = true; dropped && !callees.empty();) {
      const std::vector<int> phase = Scheduler(plan_.function, phases_).run(callees);
      plan_.units.clear();
      plan_.gates = plan_.gatesAtOnce;
      dropped = false;
      for (auto entry = callees.begin(); entry != callees.end();) {
        const double saved = share(entry->first, entry->second, phase);
        dropped = dropped || saved <= 0;
        entry = saved <= 0 ? callees.erase(entry) : std::next(entry);
      }
    }
    if (callees.empty()) return std::nullopt;
    return std::move(plan_);
  }

 private:
  // Adds the callee's units; the gates they save.
  double share(const std::string& callee, const std::vector<std::size_t>& calls,
               const std::vector<int>& phase) {
    Binder binder(plan_.function, phases_);
    const std::vector<FoldUnit> units = binder.bind(callee, calls, phase);
    int stored = 0;
    for (const std::size_t call : calls) {
      if (phase[call] == phases_ - 1) continue;
      for (const ValueId result : plan_.function.instructions[call].results) {
        if (used_[result]) stored += plan_.function.values[result].format.width;
      }
    }
    const double saved =
        static_cast<double>(calls.size() - units.size()) * estimate_.callee(callee) -
        binder.muxGates() - stored * kRegisterGates;
    plan_.units.insert(plan_.units.end(), units.begin(), units.end());
    plan_.gates -= saved;
    return saved;
  }

  GateEstimate estimate_;
  int phases_;
  FoldPlan plan_;
  std::vector<bool> used_;
};

// Copies a function's instructions, calls of some callees written out.
class Inliner {
 public:
  Inliner(const Program& program, const Function& function, const std::vector<std::string>& callees)
      : program_(program), callees_(callees) {
    out_.name = function.name;
    out_.comment = function.comment;
    out_.inputs = function.inputs;
    out_.outputs = function.outputs;
    for (ValueId input = 0; input < function.inputElements(); ++input) {
      out_.values.push_back(function.values[input]);
    }
  }

  Function run(const Function& function) {
    std::vector<ValueId> inputs(function.inputElements());
    for (ValueId input = 0; input < inputs.size(); ++input) inputs[input] = input;
    out_.outputValues = body(function, inputs, true);
    return std::move(out_);
  }

 private:
  std::vector<ValueId> body(const Function& function, const std::vector<ValueId>& inputs,
                            bool named) {
    std::vector<ValueId> at(function.values.size(), 0);
    std::ranges::copy(inputs, at.begin());
    for (const Instruction& instruction : function.instructions) {
      Instruction copy = instruction;
      for (ValueId& operand : copy.operands) operand = at[operand];
      const bool wanted = instruction.op == Op::Call &&
                          std::ranges::find(callees_, instruction.callee) != callees_.end();
      if (wanted) {
        const Function& callee = *program_.find(instruction.callee);
        const std::vector<ValueId> results = body(callee, copy.operands, false);
        for (std::size_t i = 0; i < results.size(); ++i) at[instruction.results[i]] = results[i];
        continue;
      }
      for (ValueId& result : copy.results) {
        at[result] = static_cast<ValueId>(out_.values.size());
        out_.values.push_back(function.values[result]);
        if (!named) out_.values.back().name.clear();  // names are unique in a function
        result = at[result];
      }
      out_.instructions.push_back(std::move(copy));
    }
    std::vector<ValueId> outputs;
    for (const ValueId output : function.outputValues) outputs.push_back(at[output]);
    return outputs;
  }

  const Program& program_;
  const std::vector<std::string>& callees_;
  Function out_;
};

}  // namespace

std::optional<FoldPlan> planFold(const Program& program, const Function& function, int phases) {
  if (phases < 2) return std::nullopt;
  return Planner(program, function, phases).run();
}

Function inlineCalls(const Program& program, const Function& function,
                     const std::vector<std::string>& callees) {
  return Inliner(program, function, callees).run(function);
}

}  // namespace aegen::core
