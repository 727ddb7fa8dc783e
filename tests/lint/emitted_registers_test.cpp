// The rules have nothing to say against the registers that rtl_gen makes, with and without the
// serial port.

#include <gtest/gtest.h>

#include "aegen/lint/rtl_rules.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "random_registers.hpp"

namespace aegen::lint {
namespace {

TEST(EmittedRegisters, BreakNoRule) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test_common::SplitMix64 random(seed);
    core::Design design = test_common::randomRegisters(
        random, "registers_only", {.maxWidth = seed % 2 == 0 ? 16 : core::kMaxConfigBits});
    if (seed % 4 != 0) design.serial = core::SerialPort{};
    const auto rtl = rtl_gen::emitVerilog(design);
    ASSERT_TRUE(rtl.ok()) << rtl.error().text();
    const std::vector<RuleOutcome> outcomes = checkRtl(rtl->modules);
    ASSERT_EQ(outcomes.size(), rtlRules().size());
    for (const RuleOutcome& outcome : outcomes) {
      for (const Finding& finding : outcome.findings) {
        ADD_FAILURE() << outcome.rule->name << ": " << finding.module << "." << finding.name << ": "
                      << finding.message;
      }
    }
  }
}

}  // namespace
}  // namespace aegen::lint
