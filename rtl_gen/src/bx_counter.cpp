#include <fmt/format.h>

#include "aegen/rtl_gen/state_blocks.hpp"
#include "module_builder.hpp"

namespace aegen::rtl_gen {

using namespace verilog;

namespace {

using core::kLastBx;
using core::kOrbitStartHeader;

constexpr int kBxBits = 12;

}  // namespace

Module bxCounterModule(Pace pace) {
  ModuleBuilder b(
      "bx_counter", ModuleKind::State,
      {fmt::format("bx_counter: number of the bunch crossing in its orbit, 0 to {}", kLastBx),
       fmt::format("Header {} marks crossing 0; so is the first crossing after a link "
                   "reset.",
                   kOrbitStartHeader)});
  b.input("clk", 1);
  const ExprPtr resetN = b.input("rst_n", 1, "synchronous, active low");
  const ExprPtr linkReset = b.input("link_reset", 1, "the next crossing is the first");
  const ExprPtr header = b.input("rx_header", 4, "header of ePortRX word 0");
  const ExprPtr bx = b.output("bx", kBxBits, "of this crossing");
  const ExprPtr last = literal(kLastBx, kBxBits);
  const ExprPtr previous = b.reg("previous", kBxBits, {last, {}}, "bx of the crossing before");
  const ExprPtr restart =
      b.net("restart", logicalOr(binary(Operator::Equal, header, literal(kOrbitStartHeader, 4)),
                                 binary(Operator::Equal, previous, last)));
  const ExprPtr next =
      b.net("current", conditional(restart, literal(0, kBxBits),
                                   binary(Operator::Add, previous, literal(1, kBxBits))));
  b.assign(bx, next);
  const bool paced = pace == Pace::SeveralClocks;
  const ExprPtr moves = paced ? b.input(kCrossingEnd, 1, "the crossing's last clock") : nullptr;
  const ExprPtr clear = logicalOr(
      logicalNot(resetN), paced ? b.net("starts", logicalAnd(linkReset, moves)) : linkReset);
  const std::vector<Statement> count{nonBlocking(previous, next)};
  b.add(AlwaysFf{"clk",
                 {ifElse(clear, {nonBlocking(previous, last)},
                         paced ? std::vector{ifElse(moves, count)} : count)},
                 {}});
  return std::move(b).finish();
}

}  // namespace aegen::rtl_gen
