#include "pipeline.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <map>
#include <numeric>
#include <string>

namespace aegen::encoders {
namespace {

using core::Op;

int log2Up(std::size_t n) {
  return n <= 1 ? 0 : static_cast<int>(std::bit_width(n - 1));
}

int opLevels(const core::Function& f, const core::Instruction& instruction) {
  const auto width = [&](core::ValueId id) {
    return static_cast<std::size_t>(f.values[id].format.width);
  };
  const std::size_t result = width(instruction.results[0]);
  switch (instruction.op) {
    case Op::Const:
    case Op::ShiftLeft:
    case Op::ShiftRight:
    case Op::Reinterpret:
    case Op::Slice:
    case Op::Concat:
      return 0;
    case Op::Not:
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Select:
      return 1;
    case Op::Add:
    case Op::Sub:
      return 2 + 2 * log2Up(result);
    case Op::Equal:
    case Op::Less:
    case Op::LessEqual:
      return 1 + 2 * log2Up(width(instruction.operands[0]));
    case Op::Min:
    case Op::Max:
      return 2 + 2 * log2Up(result);
    case Op::Mul: {
      const std::size_t narrow =
          std::min(width(instruction.operands[0]), width(instruction.operands[1]));
      return 1 + 4 * log2Up(narrow) + 2 * log2Up(result);
    }
    case Op::ShiftLeftBy:
    case Op::ShiftRightBy:
      return static_cast<int>(width(instruction.operands[1]));
    case Op::LeadingOne:
      return 2 * log2Up(width(instruction.operands[0]));
    case Op::Requantize:
      return instruction.rounding == core::Rounding::Floor &&
                     instruction.overflow == core::Overflow::Wrap
                 ? 0
                 : 3 + 2 * log2Up(result);
    case Op::Lookup:
      return static_cast<int>(width(instruction.operands[0]));
    case Op::Pick:
      return log2Up(instruction.operands.size() - 1) + 1;
    case Op::Call:
      return 0;
  }
  return 0;
}

}  // namespace

int logicLevels(const core::Program& program, std::string_view function) {
  std::map<std::string_view, int> known;  // callees come first
  for (const core::Function& f : program.functions) {
    std::vector<int> at(f.values.size(), 0);
    for (const core::Instruction& instruction : f.instructions) {
      int start = 0;
      for (const core::ValueId operand : instruction.operands) start = std::max(start, at[operand]);
      start += instruction.op == Op::Call ? known[instruction.callee] : opLevels(f, instruction);
      for (const core::ValueId result : instruction.results) at[result] = start;
    }
    known[f.name] = at.empty() ? 0 : *std::ranges::max_element(at);
  }
  return known[function];
}

std::vector<std::size_t> evenCuts(const std::vector<int>& levels, std::size_t stages,
                                  const std::vector<double>& gains) {
  assert(stages >= 1 && stages <= levels.size());
  const std::size_t n = levels.size();
  std::vector<int> before(n + 1, 0);
  std::partial_sum(levels.begin(), levels.end(), before.begin() + 1);
  struct Split {
    double gain = -1;  // of an impossible one
    int longest = 0;
    std::size_t from = 0;  // where the last part starts
  };
  // best[s][i]: of the first i blocks in s stages.
  std::vector best(stages + 1, std::vector<Split>(n + 1));
  best[0][0].gain = 0;
  for (std::size_t s = 1; s <= stages; ++s) {
    for (std::size_t i = s; i <= n; ++i) {
      Split& split = best[s][i];
      double gain = 0;
      for (std::size_t j = i; j-- > s - 1;) {  // the last part is blocks j to i - 1
        if (!gains.empty()) gain = std::max(gain, gains[j]);
        if (best[s - 1][j].gain < 0) continue;
        const double all = best[s - 1][j].gain + gain;
        const int longest = std::max(best[s - 1][j].longest, before[i] - before[j]);
        const bool better = all > split.gain || (all == split.gain && longest <= split.longest);
        if (better) split = {all, longest, j};
      }
    }
  }
  std::vector<std::size_t> cuts;
  for (std::size_t s = stages, i = n; s > 0; i = best[s][i].from, --s) cuts.push_back(i - 1);
  std::ranges::reverse(cuts);
  return cuts;
}

}  // namespace aegen::encoders
