#include "aegen/core/stage_function.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <map>
#include <numeric>

namespace aegen::core {
namespace {

constexpr double kSlack = 1e-9;
constexpr std::size_t kMostCuts = 48;  // depths at which a cut through all paths is tried
constexpr int kMovePasses = 4;
constexpr int kNoInstruction = -1;

// What is known of a function's values whatever the plan.
struct Uses {
  std::vector<int> producer;                // instruction of each value; kNoInstruction: an input
  std::vector<bool> carried;                // changes from event to event
  std::vector<std::vector<int>> consumers;  // instructions that use a value
  std::vector<bool> isOutput;

  explicit Uses(const Function& f)
      : producer(f.values.size(), kNoInstruction),
        carried(f.values.size(), true),
        consumers(f.values.size()),
        isOutput(f.values.size(), false) {
    std::size_t element = 0;
    for (const Port& port : f.inputs) {
      for (std::uint32_t k = 0; k < port.count; ++k) {
        carried[element++] = port.role != Role::Config;
      }
    }
    for (std::size_t i = 0; i < f.instructions.size(); ++i) {
      const Instruction& instruction = f.instructions[i];
      for (const ValueId result : instruction.results) {
        producer[result] = static_cast<int>(i);
        carried[result] = instruction.op != Op::Const;
      }
      for (const ValueId operand : instruction.operands) {
        if (consumers[operand].empty() || consumers[operand].back() != static_cast<int>(i)) {
          consumers[operand].push_back(static_cast<int>(i));
        }
      }
    }
    for (const ValueId value : f.outputValues) isOutput[value] = true;
  }
};

class StagePlanner {
 public:
  StagePlanner(ArrivalAnalysis& analysis, const Function& function, const StageGoal& goal)
      : analysis_(analysis),
        f_(function),
        goal_(goal),
        uses_(function),
        inputs_(goal.inputs.empty() ? ArrivalAnalysis::registeredInputs(function) : goal.inputs) {}

  std::optional<StagePlan> run() {
    auto early = asEarlyAsCanBe();
    if (!early) return std::nullopt;
    const int fewest = 1 + (early->empty() ? 0 : *std::ranges::max_element(*early));
    const int stages = goal_.stages == 0 ? fewest : goal_.stages;
    if (stages < fewest) return std::nullopt;
    StagePlan best = finished(std::move(*early), stages);
    if (stages > 1) {
      if (auto even = evenDepth(stages)) {
        StagePlan other = finished(std::move(*even), stages);
        if (other.longest <= goal_.longest + kSlack && other.registerBits < best.registerBits) {
          best = std::move(other);
        }
      }
    }
    return best;
  }

 private:
  [[nodiscard]] bool isConstant(std::size_t instruction) const {
    return f_.instructions[instruction].op == Op::Const;
  }
  [[nodiscard]] int stageOf(const std::vector<int>& stage, ValueId value) const {
    const int producer = uses_.producer[value];
    return producer == kNoInstruction ? 0 : stage[static_cast<std::size_t>(producer)];
  }

  // Results of instruction i in stage `at`, where what comes from an earlier one is out of a
  // register.
  std::vector<BitArrivals> resultsIn(std::size_t i, int at, const std::vector<int>& stage,
                                     const std::vector<BitArrivals>& arrivals) {
    const Instruction& instruction = f_.instructions[i];
    std::vector<const BitArrivals*> operands;
    std::vector<const std::int64_t*> constants;
    std::vector<BitArrivals> own(instruction.operands.size());
    for (std::size_t k = 0; k < instruction.operands.size(); ++k) {
      const ValueId value = instruction.operands[k];
      const int producer = uses_.producer[value];
      const bool constant =
          producer != kNoInstruction && isConstant(static_cast<std::size_t>(producer));
      constants.push_back(constant ? &f_.instructions[static_cast<std::size_t>(producer)].immediate
                                   : nullptr);
      if (!uses_.carried[value] || stageOf(stage, value) == at) {
        operands.push_back(&arrivals[value]);
      } else {
        own[k] = BitArrivals(static_cast<std::size_t>(f_.values[value].format.width), 0.0);
        operands.push_back(&own[k]);
      }
    }
    return analysis_.ofInstruction(f_, instruction, operands, constants);
  }

  static double latestOf(const std::vector<BitArrivals>& results) {
    double out = 0;
    for (const BitArrivals& bits : results) out = std::max(out, latest(bits));
    return out;
  }

  std::vector<BitArrivals> start() const {
    std::vector<BitArrivals> arrivals(f_.values.size());
    std::ranges::copy(inputs_, arrivals.begin());
    return arrivals;
  }
  void keep(std::size_t i, std::vector<BitArrivals> results, std::vector<BitArrivals>& arrivals) {
    for (std::size_t k = 0; k < results.size(); ++k) {
      arrivals[f_.instructions[i].results[k]] = std::move(results[k]);
    }
  }

  std::optional<std::vector<int>> asEarlyAsCanBe() {
    std::vector<int> stage(f_.instructions.size(), 0);
    auto arrivals = start();
    for (std::size_t i = 0; i < f_.instructions.size(); ++i) {
      for (const ValueId operand : f_.instructions[i].operands) {
        if (uses_.carried[operand]) stage[i] = std::max(stage[i], stageOf(stage, operand));
      }
      auto results = resultsIn(i, stage[i], stage, arrivals);
      if (latestOf(results) > goal_.longest + kSlack) {
        results = resultsIn(i, ++stage[i], stage, arrivals);
        if (latestOf(results) > goal_.longest + kSlack) return std::nullopt;
      }
      keep(i, std::move(results), arrivals);
    }
    return stage;
  }

  // The slowest stage of a plan.
  double slowest(const std::vector<int>& stage) {
    auto arrivals = start();
    double out = 0;
    for (std::size_t i = 0; i < f_.instructions.size(); ++i) {
      auto results = resultsIn(i, stage[i], stage, arrivals);
      out = std::max(out, latestOf(results));
      keep(i, std::move(results), arrivals);
    }
    return out;
  }

  [[nodiscard]] int lastUse(const std::vector<int>& stage, ValueId value, int stages) const {
    int last = stageOf(stage, value);
    if (uses_.isOutput[value]) return stages - 1;
    for (const int consumer : uses_.consumers[value]) {
      last = std::max(last, stage[static_cast<std::size_t>(consumer)]);
    }
    return last;
  }
  [[nodiscard]] std::uint64_t bitsOf(const std::vector<int>& stage, ValueId value,
                                     int stages) const {
    if (!uses_.carried[value]) return 0;
    const int crossed = lastUse(stage, value, stages) - stageOf(stage, value);
    return static_cast<std::uint64_t>(crossed) *
           static_cast<std::uint64_t>(f_.values[value].format.width);
  }
  [[nodiscard]] std::uint64_t allBits(const std::vector<int>& stage, int stages) const {
    std::uint64_t bits = 0;
    for (ValueId value = 0; value < f_.values.size(); ++value) bits += bitsOf(stage, value, stages);
    return bits;
  }

  // ---- cuts through all paths at one depth ------------------------------------------------------

  // Instructions by when they are done if nothing is cut, operands before what uses them.
  struct Depths {
    std::vector<std::size_t> order;
    std::vector<double> done;      // by instruction
    std::vector<std::size_t> cut;  // position in `order` behind which a cut may go, ascending
  };
  Depths depths() {
    Depths out;
    auto arrivals = start();
    const std::vector<int> together(f_.instructions.size(), 0);
    out.done.resize(f_.instructions.size());
    for (std::size_t i = 0; i < f_.instructions.size(); ++i) {
      auto results = resultsIn(i, 0, together, arrivals);
      out.done[i] = latestOf(results);
      for (const ValueId operand : f_.instructions[i].operands) {
        const int producer = uses_.producer[operand];
        if (producer != kNoInstruction) {
          out.done[i] = std::max(out.done[i], out.done[static_cast<std::size_t>(producer)]);
        }
      }
      keep(i, std::move(results), arrivals);
    }
    out.order.resize(f_.instructions.size());
    std::iota(out.order.begin(), out.order.end(), 0);
    std::ranges::stable_sort(out.order, {}, [&](std::size_t i) { return out.done[i]; });
    out.cut = {0};
    for (std::size_t k = 1; k < out.order.size(); ++k) {
      if (out.done[out.order[k]] > out.done[out.order[k - 1]] + kSlack) out.cut.push_back(k);
    }
    if (out.cut.size() > kMostCuts) {
      std::vector<std::size_t> some;
      for (std::size_t k = 0; k < kMostCuts; ++k) {
        some.push_back(out.cut[k * out.cut.size() / kMostCuts]);
      }
      out.cut = std::move(some);
    }
    out.cut.push_back(out.order.size());
    return out;
  }

  // Bits alive at a cut before position `at`.
  std::uint64_t bitsAt(const std::vector<std::size_t>& position, std::size_t at) const {
    std::uint64_t bits = 0;
    for (ValueId value = 0; value < f_.values.size(); ++value) {
      if (!uses_.carried[value]) continue;
      const int producer = uses_.producer[value];
      if (producer != kNoInstruction && position[static_cast<std::size_t>(producer)] >= at)
        continue;
      const bool later =
          uses_.isOutput[value] || std::ranges::any_of(uses_.consumers[value], [&](int consumer) {
            return position[static_cast<std::size_t>(consumer)] >= at;
          });
      if (later) bits += static_cast<std::uint64_t>(f_.values[value].format.width);
    }
    return bits;
  }

  // For the stage that starts at cut `from`: the last cut it can reach.
  std::size_t reach(const Depths& depths, std::size_t from) {
    // What is before the cut counts as an earlier stage; there is none before the first.
    const int at = from == 0 ? 0 : 1;
    std::vector<int> stage(f_.instructions.size(), 0);
    for (std::size_t k = depths.cut[from]; k < depths.order.size(); ++k) {
      stage[depths.order[k]] = at;
    }
    auto arrivals = start();
    std::size_t reached = from;
    for (std::size_t k = depths.cut[from]; k < depths.order.size(); ++k) {
      while (reached + 1 < depths.cut.size() && depths.cut[reached + 1] <= k) ++reached;
      const std::size_t i = depths.order[k];
      auto results = resultsIn(i, at, stage, arrivals);
      if (latestOf(results) > goal_.longest + kSlack) return reached;
      keep(i, std::move(results), arrivals);
    }
    return depths.cut.size() - 1;
  }

  // Fewest bits over all choices of cuts, by dynamic programming.
  std::optional<std::vector<int>> evenDepth(int stages) {
    const Depths depths = this->depths();
    const std::size_t n = depths.cut.size();
    std::vector<std::size_t> position(f_.instructions.size());
    for (std::size_t k = 0; k < depths.order.size(); ++k) position[depths.order[k]] = k;
    std::vector<std::uint64_t> bits;
    for (const std::size_t cut : depths.cut) bits.push_back(bitsAt(position, cut));
    std::vector<std::size_t> reached;
    for (std::size_t j = 0; j < n; ++j) reached.push_back(reach(depths, j));
    constexpr std::uint64_t kNever = ~std::uint64_t{0};
    const auto count = static_cast<std::size_t>(stages);
    // best[s][j]: bits of s stages that end at cut j.
    std::vector best(count + 1, std::vector<std::uint64_t>(n, kNever));
    std::vector from(count + 1, std::vector<std::size_t>(n, 0));
    best[0][0] = 0;
    for (std::size_t s = 1; s <= count; ++s) {
      for (std::size_t i = 0; i < n; ++i) {
        if (best[s - 1][i] == kNever) continue;
        for (std::size_t j = i; j <= reached[i]; ++j) {
          const std::uint64_t cost = best[s - 1][i] + (s == count ? 0 : bits[j]);
          if (cost < best[s][j]) {
            best[s][j] = cost;
            from[s][j] = i;
          }
        }
      }
    }
    if (best[count][n - 1] == kNever) return std::nullopt;
    std::vector<int> stage(f_.instructions.size(), 0);
    std::size_t end = n - 1;
    for (std::size_t s = count; s > 0; --s) {
      const std::size_t begin = from[s][end];
      for (std::size_t k = depths.cut[begin]; k < depths.cut[end]; ++k) {
        stage[depths.order[k]] = static_cast<int>(s - 1);
      }
      end = begin;
    }
    return stage;
  }

  // ---- single values ----------------------------------------------------------------------------

  // The latest stage instruction i could be in for what uses it.
  [[nodiscard]] int latestStage(std::size_t i, const std::vector<int>& stage, int stages) const {
    int last = stages - 1;
    for (const ValueId result : f_.instructions[i].results) {
      for (const int consumer : uses_.consumers[result]) {
        last = std::min(last, stage[static_cast<std::size_t>(consumer)]);
      }
    }
    return last;
  }

  [[nodiscard]] std::uint64_t bitsAround(std::size_t i, const std::vector<int>& stage,
                                         int stages) const {
    std::vector<ValueId> around = f_.instructions[i].operands;
    around.insert(around.end(), f_.instructions[i].results.begin(),
                  f_.instructions[i].results.end());
    std::ranges::sort(around);
    const auto doubled = std::ranges::unique(around);
    around.erase(doubled.begin(), doubled.end());
    std::uint64_t bits = 0;
    for (const ValueId value : around) bits += bitsOf(stage, value, stages);
    return bits;
  }

  // Operations go to a later stage where that saves bits and time allows.
  void moveLater(std::vector<int>& stage, int stages) {
    for (int pass = 0; pass < kMovePasses; ++pass) {
      std::vector<int> moved = stage;
      for (std::size_t i = f_.instructions.size(); i-- > 0;) {
        if (isConstant(i)) continue;
        const int last = latestStage(i, moved, stages);
        const int now = moved[i];
        std::uint64_t fewest = bitsAround(i, moved, stages);
        int best = now;
        for (int s = now + 1; s <= last; ++s) {
          moved[i] = s;
          const std::uint64_t bits = bitsAround(i, moved, stages);
          if (bits < fewest) {
            fewest = bits;
            best = s;
          }
        }
        moved[i] = best;
      }
      if (moved == stage) return;
      if (slowest(moved) <= goal_.longest + kSlack) {
        stage = std::move(moved);
        continue;
      }
      if (!moveSome(stage, moved)) return;
    }
  }

  // Of the moves that are too many together those that time allows, in the function's order from
  // the end, a part at a time.
  bool moveSome(std::vector<int>& stage, const std::vector<int>& moved) {
    std::vector<std::size_t> moves;
    for (std::size_t i = stage.size(); i-- > 0;) {
      if (moved[i] != stage[i]) moves.push_back(i);
    }
    bool any = false;
    constexpr std::size_t kParts = 16;
    const std::size_t part = (moves.size() + kParts - 1) / kParts;
    for (std::size_t begin = 0; begin < moves.size(); begin += part) {
      std::vector<int> trial = stage;
      for (std::size_t k = begin; k < std::min(begin + part, moves.size()); ++k) {
        trial[moves[k]] = moved[moves[k]];
      }
      if (!inOrder(trial) || slowest(trial) > goal_.longest + kSlack) continue;
      stage = std::move(trial);
      any = true;
    }
    return any;
  }
  [[nodiscard]] bool inOrder(const std::vector<int>& stage) const {
    for (std::size_t i = 0; i < stage.size(); ++i) {
      for (const ValueId operand : f_.instructions[i].operands) {
        if (uses_.carried[operand] && stageOf(stage, operand) > stage[i]) return false;
      }
    }
    return true;
  }

  StagePlan finished(std::vector<int> stage, int stages) {
    const std::uint64_t before = allBits(stage, stages);
    std::vector<int> moved = stage;
    if (stages > 1) moveLater(moved, stages);
    if (allBits(moved, stages) < before) stage = std::move(moved);
    StagePlan plan;
    plan.stages = stages;
    plan.registerBits = allBits(stage, stages);
    plan.longest = slowest(stage);
    plan.stage = std::move(stage);
    return plan;
  }

  ArrivalAnalysis& analysis_;
  const Function& f_;
  const StageGoal& goal_;
  const Uses uses_;
  const std::vector<BitArrivals> inputs_;
};

std::string keptName(int cut, const FixedFormat& format) {
  std::string out = "cut" + std::to_string(cut) + "_" + format.text();
  for (char& c : out) {
    if (c == '.') c = '_';
    if (c == '-') c = 'm';
  }
  return out;
}

/// Writes the stages of one plan.
class StageWriter {
 public:
  StageWriter(const Function& function, const StagePlan& plan)
      : f_(function), plan_(plan), uses_(function) {}

  std::vector<Function> run() {
    std::vector<Function> out;
    for (int s = 0; s < plan_.stages; ++s) out.push_back(stage(s));
    return out;
  }

 private:
  [[nodiscard]] bool isConstant(int producer) const {
    return producer != kNoInstruction &&
           f_.instructions[static_cast<std::size_t>(producer)].op == Op::Const;
  }
  [[nodiscard]] int made(ValueId value) const {
    const int producer = uses_.producer[value];
    return producer == kNoInstruction ? 0 : plan_.stage[static_cast<std::size_t>(producer)];
  }
  // Values alive behind stage s, by format so that those of one format share a port.
  [[nodiscard]] std::vector<ValueId> kept(int s) const {
    std::vector<ValueId> out;
    for (ValueId value = 0; value < f_.values.size(); ++value) {
      if (!uses_.carried[value] || made(value) > s) continue;
      const bool later =
          uses_.isOutput[value] || std::ranges::any_of(uses_.consumers[value], [&](int consumer) {
            return plan_.stage[static_cast<std::size_t>(consumer)] > s;
          });
      if (later) out.push_back(value);
    }
    std::ranges::stable_sort(out, {},
                             [&](ValueId value) { return f_.values[value].format.text(); });
    return out;
  }
  [[nodiscard]] std::vector<Port> ports(const std::vector<ValueId>& values, int cut,
                                        Role role) const {
    std::vector<Port> out;
    for (const ValueId value : values) {
      const FixedFormat& format = f_.values[value].format;
      if (!out.empty() && out.back().format == format) {
        ++out.back().count;
      } else {
        out.push_back({keptName(cut, format), format, 1, role});
      }
    }
    return out;
  }

  ValueId fresh(Function& out, const Value& value) {
    out.values.push_back(value);
    return static_cast<ValueId>(out.values.size() - 1);
  }

  void addInputs(int s, Function& out) {
    if (s > 0) {
      const auto values = kept(s - 1);
      out.inputs = ports(values, s - 1, Role::Event);
      for (const ValueId value : values) here_[value] = fresh(out, f_.values[value]);
    }
    ValueId element = 0;
    for (const Port& port : f_.inputs) {
      const ValueId first = element;
      element += port.count;
      const bool setting = port.role == Role::Config;
      if (setting ? !usedIn(s, first, element) : s > 0) continue;
      out.inputs.push_back(port);
      for (ValueId k = first; k < element; ++k) here_[k] = fresh(out, f_.values[k]);
    }
  }
  // Whether one of the elements [first, end) is used in stage s.
  [[nodiscard]] bool usedIn(int s, ValueId first, ValueId end) const {
    for (ValueId value = first; value < end; ++value) {
      if (uses_.isOutput[value] && s == plan_.stages - 1) return true;
      for (const int consumer : uses_.consumers[value]) {
        if (plan_.stage[static_cast<std::size_t>(consumer)] == s) return true;
      }
    }
    return false;
  }

  ValueId use(ValueId value, Function& out) {
    const int producer = uses_.producer[value];
    if (isConstant(producer) && !here_.contains(value)) {
      Instruction copy = f_.instructions[static_cast<std::size_t>(producer)];
      here_[value] = fresh(out, f_.values[value]);
      copy.results = {here_[value]};
      out.instructions.push_back(std::move(copy));
    }
    return here_.at(value);
  }

  Function stage(int s) {
    here_.clear();
    Function out;
    out.name = f_.name + "_s" + std::to_string(s);
    out.comment = (f_.comment.empty() ? f_.name : f_.comment) + "; stage " + std::to_string(s + 1) +
                  " of " + std::to_string(plan_.stages);
    addInputs(s, out);
    for (std::size_t i = 0; i < f_.instructions.size(); ++i) {
      if (plan_.stage[i] != s || f_.instructions[i].op == Op::Const) continue;
      Instruction copy = f_.instructions[i];
      for (ValueId& operand : copy.operands) operand = use(operand, out);
      for (ValueId& result : copy.results) {
        here_[result] = fresh(out, f_.values[result]);
        result = here_[result];
      }
      out.instructions.push_back(std::move(copy));
    }
    const bool last = s == plan_.stages - 1;
    const auto leaving = last ? f_.outputValues : kept(s);
    out.outputs = last ? f_.outputs : ports(leaving, s, Role::Output);
    for (const ValueId value : leaving) out.outputValues.push_back(use(value, out));
    return out;
  }

  const Function& f_;
  const StagePlan& plan_;
  const Uses uses_;
  std::map<ValueId, ValueId> here_;  // values of the stage being written
};

}  // namespace

std::optional<StagePlan> planStages(ArrivalAnalysis& analysis, const Function& function,
                                    const StageGoal& goal) {
  return StagePlanner(analysis, function, goal).run();
}

std::vector<Function> stageFunctions(const Function& function, const StagePlan& plan) {
  assert(plan.stage.size() == function.instructions.size());
  return StageWriter(function, plan).run();
}

}  // namespace aegen::core
