#include "emit_folded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "function_emitter.hpp"

namespace aegen::rtl_gen {

using namespace verilog;
using core::FoldPlan;
using core::Function;
using core::Instruction;
using core::kNoCall;
using core::ValueId;

namespace {

constexpr const char* kHeldReason = "written in every crossing before it is read";

class FoldedEmitter final : public FunctionEmitter {
 public:
  FoldedEmitter(const core::Program& program, const FoldPlan& plan)
      : FunctionEmitter(program, plan.function, ModuleKind::FoldedFunction, foldedName(plan),
                        header(plan)),
        plan_(plan),
        placed_(plan.function.instructions.size()) {}

  Module run() {
    const FoldedPorts names = foldedPorts(plan_);
    clock_ = names.clock;
    builder_.input(names.clock, 1);
    phase_ = builder_.input(names.phase, indexWidth(static_cast<std::uint64_t>(plan_.phases)),
                            "clock of the crossing");
    ports();
    for (const core::FoldUnit& unit : plan_.units) {
      declare(unit);
    }
    body();
    hold();
    outputs();
    return std::move(builder_).finish();
  }

 private:
  // A unit in the module.
  struct Unit {
    std::string name;
    std::vector<std::size_t> calls;  ///< by phase; dead ones are gone
    std::vector<ExprPtr> outputs;    ///< what it computes in this phase, one an output port
    std::size_t last = 0;            ///< its last call in the order of the instructions
  };
  // A register that keeps a unit's output from one phase on.
  struct Held {
    int phase = 0;
    ExprPtr reg;
    ExprPtr next;
  };

  static std::vector<std::string> header(const FoldPlan& plan) {
    const Function& function = plan.function;
    std::ptrdiff_t calls = 0;
    for (const core::FoldUnit& unit : plan.units) {
      calls += std::ranges::count_if(unit.calls, [](std::size_t call) { return call != kNoCall; });
    }
    std::vector<std::string> lines;
    lines.push_back(fmt::format("{}: {}", foldedName(plan),
                                function.comment.empty() ? "folded function" : function.comment));
    lines.push_back(fmt::format(
        "Folded over the {} clocks of a crossing: {} calls on {} units. Inputs hold for the whole "
        "crossing, outputs are right in its last clock.",
        plan.phases, calls, plan.units.size()));
    lines.emplace_back("A port carries its elements side by side, element 0 in the lowest bits.");
    return lines;
  }

  void declare(const core::FoldUnit& planned) {
    Unit unit;
    unit.calls = planned.calls;
    std::string schedule;
    for (std::size_t p = 0; p < unit.calls.size(); ++p) {
      if (unit.calls[p] != kNoCall && !live_[unit.calls[p]]) {
        unit.calls[p] = kNoCall;
      }
      if (unit.calls[p] == kNoCall) {
        continue;
      }
      unit.last = std::max(unit.last, unit.calls[p]);
      schedule += fmt::format("{} {} in clock {}", schedule.empty() ? "" : ",",
                              callNumber(unit.calls[p]), p);
    }
    if (schedule.empty()) {
      return;
    }
    const Function& callee = *program_.find(planned.callee);
    unit.name = builder_.unique(fmt::format("{}_{}", callee.name, calls_[callee.name]++));
    builder_.comment(fmt::format("{} computes call{}", unit.name, schedule));
    for (const core::Port& port : callee.outputs) {
      unit.outputs.push_back(vector(unit.name + "_" + port.name, port));
    }
    for (std::size_t p = 0; p < unit.calls.size(); ++p) {
      if (unit.calls[p] != kNoCall) {
        takeResults(unit, callee, p);
      }
    }
    units_.push_back(std::move(unit));
  }

  // Calls of a callee in the order of the function, from 0.
  [[nodiscard]] std::size_t callNumber(std::size_t call) const {
    const auto& all = function_.instructions;
    return static_cast<std::size_t>(std::ranges::count_if(
        all.begin(), all.begin() + static_cast<std::ptrdiff_t>(call),
        [&](const Instruction& other) {
          return other.op == core::Op::Call && other.callee == all[call].callee;
        }));
  }

  static bool isSignedPort(const core::Port& port) {
    return port.count == 1 && port.format.isSigned;
  }
  ExprPtr vector(const std::string& name, const core::Port& port) {
    return builder_.wire(name, port.format.width * static_cast<int>(port.count), {},
                         isSignedPort(port));
  }

  // Where the results of the unit's call of phase `p` are read: in the last phase at the unit.
  void takeResults(const Unit& unit, const Function& callee, std::size_t p) {
    const Instruction& instruction = function_.instructions[unit.calls[p]];
    std::vector<ExprPtr> vectors = unit.outputs;
    auto result = instruction.results.begin();
    for (std::size_t i = 0; i < callee.outputs.size(); ++i) {
      const core::Port& port = callee.outputs[i];
      const auto end = result + port.count;
      const bool read = std::any_of(result, end, [&](ValueId value) { return needed_[value]; });
      result = end;
      if (!read || p + 1 == unit.calls.size()) {
        continue;
      }
      const RegisterInfo info{nullptr, kHeldReason};
      const std::string name = builder_.unique(fmt::format("{}_{}_of_{}", unit.name, port.name, p));
      const int width = port.format.width * static_cast<int>(port.count);
      builder_.add(Register{name, width, isSignedPort(port), info, {}});
      vectors[i] = reference(name, width, isSignedPort(port));
      held_.push_back({static_cast<int>(p), vectors[i], unit.outputs[i]});
    }
    placed_[unit.calls[p]] = std::move(vectors);
  }

  void call(std::size_t index) override {
    const Instruction& instruction = function_.instructions[index];
    if (placed_[index].empty()) {
      return instance(instruction);
    }
    const auto unit = std::ranges::find_if(units_, [&](const Unit& candidate) {
      return std::ranges::find(candidate.calls, index) != candidate.calls.end();
    });
    const auto phase = std::ranges::find(unit->calls, index) - unit->calls.begin();
    results(instruction, placed_[index], fmt::format("{}_of_{}", unit->name, phase));
    if (index == unit->last) {
      instantiate(*unit);
    }
  }

  // The unit itself, once the operands of all its calls are there.
  void instantiate(const Unit& unit) {
    const Function& callee = *program_.find(function_.instructions[unit.last].callee);
    std::vector<Connection> connections;
    std::size_t operand = 0;
    for (const core::Port& port : callee.inputs) {
      std::vector<std::vector<ValueId>> byPhase;
      for (const std::size_t call : steady(unit.calls)) {
        const auto first =
            function_.instructions[call].operands.begin() + static_cast<std::ptrdiff_t>(operand);
        byPhase.emplace_back(first, first + port.count);
      }
      connections.push_back({legalName(port.name), selected(unit.name + "_" + port.name, byPhase)});
      operand += port.count;
    }
    for (std::size_t i = 0; i < callee.outputs.size(); ++i) {
      connections.push_back({legalName(callee.outputs[i].name), unit.outputs[i], true});
    }
    builder_.add(Instance{legalName(callee.name), unit.name, std::move(connections), {}});
  }

  // Calls by phase where an idle unit keeps the operands of a neighbour.
  static std::vector<std::size_t> steady(std::vector<std::size_t> calls) {
    for (std::size_t p = 1; p < calls.size(); ++p) {
      calls[p] = calls[p] == kNoCall ? calls[p - 1] : calls[p];
    }
    for (std::size_t p = calls.size() - 1; p-- > 0;) {
      calls[p] = calls[p] == kNoCall ? calls[p + 1] : calls[p];
    }
    return calls;
  }

  [[nodiscard]] bool same(const std::vector<ValueId>& a, const std::vector<ValueId>& b) const {
    return std::ranges::equal(a, b, [&](ValueId x, ValueId y) {
      const bool constants = x != y && atoms_[x] && atoms_[y] &&
                             atoms_[x]->kind == ExprKind::Literal &&
                             atoms_[y]->kind == ExprKind::Literal;
      return x == y || (constants && atoms_[x]->bits == atoms_[y]->bits);
    });
  }

  // The operands of a port: a tree of multiplexers over the phase, none where they are the same.
  ExprPtr selected(const std::string& name, const std::vector<std::vector<ValueId>>& byPhase) {
    std::vector<ExprPtr> choices;
    for (std::size_t p = 0; p < byPhase.size(); ++p) {
      const auto known = std::ranges::find_if(
          byPhase.begin(), byPhase.begin() + static_cast<std::ptrdiff_t>(p),
          [&](const std::vector<ValueId>& other) { return same(other, byPhase[p]); });
      const auto at = static_cast<std::size_t>(known - byPhase.begin());
      choices.push_back(at < p ? choices[at] : packed(byPhase[p]));
    }
    if (std::ranges::all_of(choices, [&](const ExprPtr& e) { return e == choices[0]; })) {
      return choices[0];
    }
    std::map<ExprPtr, ExprPtr> named;
    for (std::size_t p = 0; p < choices.size(); ++p) {
      ExprPtr& net = named[choices[p]];
      if (!net) {
        net = choices[p]->kind == ExprKind::Literal
                  ? choices[p]
                  : builder_.net(fmt::format("{}_for_{}", name, p), choices[p]);
      }
      choices[p] = net;
    }
    return tree(name, choices, phase_->width - 1);
  }

  ExprPtr tree(const std::string& name, const std::vector<ExprPtr>& choices, int level) {
    if (std::ranges::all_of(choices, [&](const ExprPtr& e) { return e == choices[0]; })) {
      return choices[0];
    }
    const auto middle = choices.begin() + static_cast<std::ptrdiff_t>(choices.size() / 2);
    const ExprPtr early = tree(name, {choices.begin(), middle}, level - 1);
    const ExprPtr late = tree(name, {middle, choices.end()}, level - 1);
    return builder_.net(name,
                        conditional(bit(phase_, level), unsignedBits(late), unsignedBits(early)));
  }

  // Arms of a conditional are of one signedness.
  static ExprPtr unsignedBits(const ExprPtr& expr) {
    return expr->isSigned ? slice(expr, expr->width - 1, 0) : expr;
  }

  void hold() {
    for (int p = 0; p < plan_.phases; ++p) {
      std::vector<Statement> takes;
      for (const Held& held : held_) {
        if (held.phase == p) {
          takes.push_back(nonBlocking(held.reg, held.next));
        }
      }
      if (!takes.empty()) {
        builder_.add(AlwaysFf{
            clock_,
            {ifElse(binary(Operator::Equal, phase_, literal(p, phase_->width)), std::move(takes))},
            {}});
      }
    }
  }

  const FoldPlan& plan_;
  std::string clock_;
  ExprPtr phase_;
  std::vector<Unit> units_;
  std::vector<std::vector<ExprPtr>> placed_;  // of each shared call, where its results are
  std::vector<Held> held_;
};

}  // namespace

std::string foldedName(const FoldPlan& plan) {
  return plan.function.name + "_folded";
}

FoldedPorts foldedPorts(const FoldPlan& plan) {
  const auto free = [&](std::string name) {
    const auto taken = [&](const core::Port& port) { return port.name == name; };
    while (std::ranges::any_of(plan.function.inputs, taken) ||
           std::ranges::any_of(plan.function.outputs, taken)) {
      name += "_of_fold";
    }
    return name;
  };
  return {free("clk"), free("phase")};
}

Module emitFolded(const core::Program& program, const FoldPlan& plan) {
  return FoldedEmitter(program, plan).run();
}

}  // namespace aegen::rtl_gen
