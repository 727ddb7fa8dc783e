#include "aegen/core/passes/share_products.hpp"

#include <algorithm>
#include <utility>

#include "../adder_graph_digits.hpp"
#include "../linear_network.hpp"
#include "../linear_network_writer.hpp"
#include "aegen/core/range_analysis.hpp"

namespace aegen::core::passes {
namespace {

struct Additions {
  std::size_t adders = 0;
  std::int64_t bits = 0;
};

Additions additionsOf(const Function& function) {
  std::vector<std::optional<std::int64_t>> constants(function.values.size());
  Additions out;
  for (const Instruction& instruction : function.instructions) {
    const ValueId result = instruction.results[0];
    int adders = 0;
    if (instruction.op == Op::Const) {
      constants[result] = instruction.immediate;
    } else if (instruction.op == Op::Add || instruction.op == Op::Sub) {
      adders = 1;
    } else if (instruction.op == Op::Mul) {
      const auto& a = constants[instruction.operands[0]];
      const auto& b = constants[instruction.operands[1]];
      if (a || b) adders = std::max(0, fewestDigits(a ? *a : *b) - 1);
    }
    out.adders += static_cast<std::size_t>(adders);
    out.bits += std::int64_t{adders} * function.values[result].format.width;
  }
  return out;
}

std::size_t risksIn(const Program& program, const std::string& function) {
  const RangeReport report = analyseRanges(program, function);
  return static_cast<std::size_t>(
      std::ranges::count(report.risks, function, &OverflowRisk::function));
}

}  // namespace

Result<ShareProductsStats> shareProducts(Program& program, const AdderGraphOptions& options) {
  ShareProductsStats stats;
  for (Function& function : program.functions) {
    const LinearNetwork network(function);
    auto written = writeNetwork(network, function, options);
    if (!written && written.error().code != "adder-graph.too-wide") return written.error();
    if (!written || written->matrices == 0) continue;
    const Additions before = additionsOf(function);
    const Additions after = additionsOf(written->function);
    if (after.bits >= before.bits) continue;
    // A cut product's bounds are found anew; where they are no longer tight enough to prove a
    // narrow format behind them, the function stays.
    const std::size_t risks = risksIn(program, function.name);
    std::swap(function, written->function);
    if (risksIn(program, function.name) > risks) {
      std::swap(function, written->function);
      continue;
    }
    ++stats.functions;
    stats.matrices += written->matrices;
    stats.addersBefore += before.adders;
    stats.addersAfter += after.adders;
    stats.bitsBefore += before.bits;
    stats.bitsAfter += after.bits;
  }
  return stats;
}

}  // namespace aegen::core::passes
