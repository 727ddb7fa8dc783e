#include "aegen/lint/rtl_rules.hpp"

#include <array>

#include "rules/rules.hpp"

namespace aegen::lint {

namespace {

constexpr auto kRules = std::to_array<RtlRule>({
    {"registered-outputs", "every output of the top module is a register",
     "the board's timing must not depend on logic inside the chip", rules::registeredOutputs},
    {"undriven", "every bit of every net, register and output is driven",
     "a floating bit is unknown in simulation and arbitrary in silicon", rules::undriven},
    {"multiply-driven", "no bit has two drivers", "two drivers short each other",
     rules::multiplyDriven},
    {"width-mismatch", "assignments and connections are as wide as what they drive",
     "Verilog cuts and extends silently", rules::widthMismatch},
    {"reset-coverage", "every register is reset or says why its data path needs no reset",
     "state that comes up unknown may stay unknown", rules::resetCoverage},
    {"unused", "every input, net and register is read or dropped by name in _unused_ok",
     "what nothing reads is a forgotten connection or dead weight", rules::unused},
});

}  // namespace

std::span<const RtlRule> rtlRules() {
  return kRules;
}

std::vector<RuleOutcome> checkRtl(Modules modules) {
  std::vector<RuleOutcome> outcomes;
  for (const RtlRule& rule : kRules) {
    outcomes.push_back({&rule, rule.check(modules)});
  }
  return outcomes;
}

core::Diagnostic diagnosticOf(const RtlRule& rule, const Finding& finding) {
  return core::checkFailed("lint." + std::string(rule.name), finding.message,
                           finding.module + "." + finding.name, {std::string(rule.why)});
}

}  // namespace aegen::lint
