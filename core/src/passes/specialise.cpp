#include "specialise.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "../program_facts.hpp"

namespace aegen::core::passes {
namespace {

// A clone saves at least this part of a function's work.
constexpr std::uint64_t kLeastPart = 20;
// No more clones of one function in one go: past that, a module of its own for each use helps
// nobody who reads or synthesises them.
constexpr std::size_t kMostClones = 64;

class Specialiser {
 public:
  explicit Specialiser(Unit& unit) : unit_(unit), facts_(unit.program) { facts_.run(unit.top); }

  bool run() {
    const std::size_t count = unit_.program.functions.size();
    clones_.resize(count);
    for (std::size_t f = 0; f < count; ++f) {
      Function& caller = unit_.program.functions[f];
      if (unit_.wiring && caller.name == unit_.top) continue;  // each of its calls is the only one
      if (!facts_.reached(f)) continue;
      for (Instruction& instruction : caller.instructions) {
        if (instruction.op == Op::Call) site(f, instruction);
      }
    }
    return insert();
  }

 private:
  using Clones = std::vector<std::pair<FactList, std::string>>;

  void site(std::size_t caller, Instruction& call) {
    const std::size_t callee = facts_.indexOf(call.callee);
    FactList here;
    for (const ValueId operand : call.operands) here.push_back(facts_.of(caller, operand));
    FactList anywhere;
    for (ValueId v = 0; v < here.size(); ++v) anywhere.push_back(facts_.of(callee, v));
    if (here == anywhere) return;
    Clones& clones = clones_[callee];
    const auto known = std::ranges::find(clones, here, &Clones::value_type::first);
    if (known != clones.end()) {
      moved_.emplace_back(&call, known->second);
      return;
    }
    const std::uint64_t work = facts_.work(callee, anywhere);
    const std::uint64_t left = facts_.work(callee, here);
    if (left >= work || (work - left) * kLeastPart < work || clones.size() >= kMostClones) return;
    const std::string name = newName(call.callee);
    clones.emplace_back(std::move(here), name);
    moved_.emplace_back(&call, name);
  }

  std::string newName(const std::string& stem) {
    for (int n = 2;; ++n) {
      std::string name = stem + "_" + std::to_string(n);
      if (unit_.program.find(name) == nullptr && names_.insert(name).second) return name;
    }
  }

  bool insert() {
    for (const auto& [call, name] : moved_) call->callee = name;
    Program out;
    bool any = false;
    for (std::size_t f = 0; f < unit_.program.functions.size(); ++f) {
      for (const auto& [facts, name] : clones_[f]) {
        Function clone = unit_.program.functions[f];
        clone.name = name;
        out.functions.push_back(std::move(clone));
        any = true;
      }
      out.functions.push_back(std::move(unit_.program.functions[f]));
    }
    unit_.program = std::move(out);
    return any;
  }

  Unit& unit_;
  ProgramFacts facts_;
  std::vector<Clones> clones_;                               ///< of each function
  std::vector<std::pair<Instruction*, std::string>> moved_;  ///< once nothing is asked any more
  std::set<std::string> names_;
};

}  // namespace

bool specialiseCalls(Unit& unit) {
  return Specialiser(unit).run();
}

}  // namespace aegen::core::passes
