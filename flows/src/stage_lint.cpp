// The lint stage, and which tools there are.

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <chrono>
#include <ctime>

#include "aegen/core/process.hpp"
#include "aegen/lint/rtl_rules.hpp"
#include "aegen/lint/tool_lint.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "stage_tools.hpp"

namespace aegen::flows {
namespace {

using core::Result;
using Clock = std::chrono::steady_clock;

CheckResult checkOf(const lint::RuleOutcome& outcome) {
  CheckResult out{std::string(outcome.rule->name), outcome.findings.empty(), {}};
  for (const lint::Finding& finding : outcome.findings) {
    out.details.push_back(lint::diagnosticOf(*outcome.rule, finding).text());
  }
  if (out.ok) out.details = {std::string(outcome.rule->what)};
  return out;
}

CheckResult checkOf(const lint::ToolLint& outcome) {
  CheckResult out{outcome.tool, outcome.ok(), {}};
  for (const core::Diagnostic& finding : outcome.findings) out.details.push_back(finding.text());
  if (out.ok)
    out.details = {fmt::format("{}, clean in {:.1f} s", outcome.version, outcome.seconds)};
  return out;
}

std::vector<NamedText> askTools() {
  std::vector<NamedText> out;
  const auto add = [&](const std::string& name, const std::vector<std::string>& command) {
    const auto result = core::runProcess(command);
    if (!result || !result->ok()) return;
    out.push_back({name, result->output.substr(0, result->output.find('\n'))});
  };
  add("Verilator", {"verilator", "--version"});
  add("Yosys", {"yosys", "-V"});
  add("C++ compiler", {"c++", "--version"});
  return out;
}

}  // namespace

std::string nowText() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

const std::vector<NamedText>& toolVersions() {
  static const std::vector<NamedText> kVersions = askTools();
  return kVersions;
}

Result<LintResult> runLint(const core::Design& chip, const std::filesystem::path& rtlFolder,
                           const std::function<void(std::string_view)>& progress) {
  const auto start = Clock::now();
  LintResult result;
  progress("own rules");
  const auto rtl = rtl_gen::emitVerilog(chip);
  if (!rtl) return rtl.error();
  for (const lint::RuleOutcome& outcome : lint::checkRtl(rtl->modules)) {
    result.rules.push_back(checkOf(outcome));
  }
  const auto sources = lint::sourcesOf(rtlFolder);
  if (!sources) return sources.error();
  progress("verilator --lint-only -Wall");
  const auto verilator = lint::lintWithVerilator(*sources);
  if (!verilator) return verilator.error();
  result.rules.push_back(checkOf(*verilator));
  progress("yosys check -assert");
  const auto yosys = lint::lintWithYosys(*sources);
  if (!yosys) return yosys.error();
  result.rules.push_back(checkOf(*yosys));
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

}  // namespace aegen::flows
