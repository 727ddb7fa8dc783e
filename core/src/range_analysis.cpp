#include "aegen/core/range_analysis.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "interval_transfer.hpp"
#include "linear_forms.hpp"

namespace aegen::core {
namespace {

using InputIntervals = std::vector<Interval>;

// What is known of the values of one function for one set of inputs: an interval each, and as a
// form of which values it is computed linearly, so that 4x - x is known to be 3x.
struct Knowledge {
  std::vector<Interval> now;
  std::vector<LinearForm> forms;

  void set(ValueId value, const Interval& interval) {
    now[value] = interval;
    forms[value] =
        interval.low == interval.high ? LinearForm{{}, interval.low} : LinearForm::of(value);
  }
};

class Analysis {
 public:
  explicit Analysis(const Program& program) : program_(program) {
    for (std::size_t i = 0; i < program.functions.size(); ++i) {
      index_[program.functions[i].name] = i;
      seen_.emplace_back(program.functions[i].values.size());
      makers_.emplace_back(program.functions[i].values.size(), nullptr);
      for (const Instruction& instruction : program.functions[i].instructions) {
        for (const ValueId result : instruction.results) makers_[i][result] = &instruction;
      }
    }
  }

  RangeReport run(std::string_view top) {
    const std::size_t at = index_.find(top)->second;
    InputIntervals inputs;
    for (std::uint32_t i = 0; i < program_.functions[at].inputElements(); ++i) {
      inputs.push_back(program_.functions[at].values[i].format.range());
    }
    function(at, inputs);
    return report();
  }

 private:
  // Output intervals of a function for one set of input intervals.
  InputIntervals function(std::size_t at, const InputIntervals& inputs) {
    if (const auto done = done_.find({at, inputs}); done != done_.end()) return done->second;
    const Function& f = program_.functions[at];
    Knowledge known{std::vector<Interval>(f.values.size()),
                    std::vector<LinearForm>(f.values.size())};
    std::vector<Interval>& now = known.now;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      known.set(static_cast<ValueId>(i), inputs[i]);
    }
    for (const Instruction& instruction : f.instructions) step(at, instruction, known);
    for (std::size_t v = 0; v < now.size(); ++v) {
      seen_[at][v] = seen_[at][v] ? seen_[at][v]->join(now[v]) : now[v];
    }
    InputIntervals outputs;
    for (const ValueId id : f.outputValues) outputs.push_back(now[id]);
    done_[{at, inputs}] = outputs;
    return outputs;
  }

  void step(std::size_t at, const Instruction& instruction, Knowledge& known) {
    const Function& f = program_.functions[at];
    const std::vector<Interval>& now = known.now;
    if (instruction.op == Op::Call) {
      std::vector<Interval> operands;
      for (const ValueId operand : instruction.operands) operands.push_back(now[operand]);
      const InputIntervals results = function(index_.find(instruction.callee)->second, operands);
      for (std::size_t i = 0; i < results.size(); ++i) {
        known.set(instruction.results[i], results[i]);
      }
      return;
    }
    const ValueId result = instruction.results[0];
    const FixedFormat& format = f.values[result].format;
    WideInterval exact = exactOf(at, instruction, now);
    if (instruction.op == Op::ShiftRightBy) {
      if (const auto bound = normaliserBound(at, instruction, now)) {
        exact.high = std::min<Int128>(exact.high, *bound);
      }
    }
    const auto form = formOf(at, instruction, known);
    const WideInterval linear = form ? rangeOf(*form, now) : exact;
    const bool cut = instruction.op == Op::Requantize && !linear.within(format.range());
    if (!cut) exact = {std::max(exact.low, linear.low), std::min(exact.high, linear.high)};
    const bool fits = exact.within(format.range());
    if (canOverflow(instruction)) {
      const auto [entry, first] = checked_.try_emplace({at, result}, exact.clamped(), !fits);
      if (!first) {
        entry->second.first = entry->second.first.join(exact.clamped());
        entry->second.second |= !fits;
      }
    }
    known.set(result, fits ? exact.clamped() : format.range());
    if (form && fits && !cut && !known.forms[result].terms.empty()) known.forms[result] = *form;
  }

  std::optional<LinearForm> formOf(std::size_t at, const Instruction& instruction,
                                   const Knowledge& known) const {
    const Function& f = program_.functions[at];
    std::vector<const LinearForm*> operands;
    for (const ValueId operand : instruction.operands) operands.push_back(&known.forms[operand]);
    const int from =
        instruction.operands.empty() ? 0 : f.values[instruction.operands[0]].format.fraction;
    return linearForm(instruction, operands, from,
                      f.values[instruction.results[0]].format.fraction);
  }

  WideInterval exactOf(std::size_t at, const Instruction& instruction,
                       const std::vector<Interval>& now) const {
    const Function& f = program_.functions[at];
    std::vector<Interval> operands;
    std::vector<FixedFormat> formats;
    for (const ValueId operand : instruction.operands) {
      operands.push_back(now[operand]);
      formats.push_back(f.values[operand].format);
    }
    return exactInterval(instruction, operands, formats, f.values[instruction.results[0]].format);
  }

  // Whether the result of `instruction` is cut nowhere.
  bool fits(std::size_t at, const Instruction& instruction,
            const std::vector<Interval>& now) const {
    const ValueId result = instruction.results[0];
    return exactOf(at, instruction, now)
        .within(program_.functions[at].values[result].format.range());
  }

  static bool canOverflow(const Instruction& instruction) {
    switch (instruction.op) {
      case Op::Add:
      case Op::Sub:
      case Op::Mul:
      case Op::ShiftLeft:
      case Op::ShiftRight:
      case Op::ShiftLeftBy:
      case Op::ShiftRightBy:
      case Op::Reinterpret:
      case Op::Select:
      case Op::Min:
      case Op::Max:
      case Op::LeadingOne:
      case Op::Pick:
        return true;
      case Op::Requantize:
        return instruction.overflow == Overflow::Wrap;
      case Op::Const:
      case Op::And:
      case Op::Or:
      case Op::Xor:
      case Op::Not:
      case Op::Equal:
      case Op::Less:
      case Op::LessEqual:
      case Op::Lookup:
      case Op::Slice:
      case Op::Concat:
      case Op::Call:
        return false;
    }
    return false;
  }

  // Follows values that are passed on unchanged.
  ValueId origin(std::size_t at, ValueId id, const std::vector<Interval>& now) const {
    const Instruction* maker = makers_[at][id];
    while (maker != nullptr && maker->op == Op::Reinterpret &&
           program_.functions[at].values[id].format.range().contains(now[maker->operands[0]])) {
      id = maker->operands[0];
      maker = makers_[at][id];
    }
    return id;
  }

  // Whether `sum` adds up non-negative numbers of which `term` is one, without overflow.
  bool isTermOf(std::size_t at, ValueId term, ValueId sum, const std::vector<Interval>& now) const {
    sum = origin(at, sum, now);
    if (sum == term) return true;
    const Instruction* const maker = makers_[at][sum];
    if (maker == nullptr || maker->op != Op::Add) return false;
    const ValueId a = maker->operands[0];
    const ValueId b = maker->operands[1];
    if (now[a].low < 0 || now[b].low < 0) return false;
    if (!fits(at, *maker, now)) return false;
    return isTermOf(at, term, a, now) || isTermOf(at, term, b, now);
  }

  // An upper bound of (a << k) >> min(leading_one(sum), limit) when a is a term of the sum: with
  // n = floor(log2 sum), a <= sum < 2^(n+1); where n exceeds the limit, the limit is the shift.
  std::optional<Int128> normaliserBound(std::size_t at, const Instruction& shift,
                                        const std::vector<Interval>& now) const {
    ValueId amount = origin(at, shift.operands[1], now);
    ValueId term = origin(at, shift.operands[0], now);
    std::optional<std::int64_t> limit;
    if (const Instruction* m = makers_[at][amount]; m != nullptr && m->op == Op::Min) {
      if (!fits(at, *m, now)) return std::nullopt;
      const bool firstIsLimit = now[m->operands[0]].low == now[m->operands[0]].high;
      limit = now[m->operands[firstIsLimit ? 0 : 1]].high;
      if (now[m->operands[firstIsLimit ? 0 : 1]].low != *limit) return std::nullopt;
      amount = origin(at, m->operands[firstIsLimit ? 1 : 0], now);
    }
    const Instruction* const leading = makers_[at][amount];
    if (leading == nullptr || leading->op != Op::LeadingOne) return std::nullopt;
    if (!fits(at, *leading, now)) return std::nullopt;
    const Int128 unlimited = now[term].high;
    std::int64_t k = 0;
    if (const Instruction* m = makers_[at][term]; m != nullptr && m->op == Op::ShiftLeft) {
      k = m->immediate;
      term = origin(at, m->operands[0], now);
    }
    if (now[term].low < 0 || !isTermOf(at, term, leading->operands[0], now)) return std::nullopt;
    const Int128 normalised = (Int128{1} << (k + 1)) - 1;
    return limit ? std::max(normalised, unlimited >> *limit) : normalised;
  }

  RangeReport report() const {
    RangeReport out;
    for (std::size_t at = 0; at < program_.functions.size(); ++at) {
      const Function& f = program_.functions[at];
      out.intervals.emplace_back();
      for (std::size_t v = 0; v < f.values.size(); ++v) {
        out.intervals[at].push_back(seen_[at][v].value_or(f.values[v].format.range()));
      }
    }
    for (const auto& [place, verdict] : checked_) {
      if (!verdict.second) {
        ++out.provenValues;
        continue;
      }
      const Function& f = program_.functions[place.first];
      const Value& value = f.values[place.second];
      out.risks.push_back({f.name, place.second,
                           value.name.empty() ? "%" + std::to_string(place.second) : value.name,
                           value.format, verdict.first});
    }
    return out;
  }

  struct Less {
    bool operator()(const std::pair<std::size_t, InputIntervals>& a,
                    const std::pair<std::size_t, InputIntervals>& b) const {
      if (a.first != b.first) return a.first < b.first;
      return std::ranges::lexicographical_compare(
          a.second, b.second, [](const Interval& x, const Interval& y) {
            return std::pair(x.low, x.high) < std::pair(y.low, y.high);
          });
    }
  };

  const Program& program_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<std::vector<std::optional<Interval>>> seen_;
  std::vector<std::vector<const Instruction*>> makers_;
  std::map<std::pair<std::size_t, InputIntervals>, InputIntervals, Less> done_;
  // (function, value) -> (exact interval over all call sites, whether it can overflow).
  std::map<std::pair<std::size_t, ValueId>, std::pair<Interval, bool>> checked_;
};

}  // namespace

RangeReport analyseRanges(const Program& program, std::string_view top) {
  return Analysis(program).run(top);
}

}  // namespace aegen::core
