#include "stage_outcomes.hpp"

#include <fmt/format.h>

namespace aegen::flows {
namespace {

template <typename Stored>
std::vector<std::string> failures(const Stored& checks) {
  std::vector<std::string> out;
  for (const CheckResult& check : checks) {
    if (check.ok) continue;
    for (const std::string& detail : check.details) out.push_back(check.name + ": " + detail);
    if (check.details.empty()) out.push_back(check.name);
  }
  return out;
}

// "u_dense/dense_neuron_3: 12 cells, 3.41 ns (one output of a dense layer ...)".
std::string stepLine(const TimingStep& step) {
  return fmt::format("{}: {} cells, {:.2f} ns{}", step.instance.empty() ? "top" : step.instance,
                     step.cells, step.ns, step.what.empty() ? "" : " (" + step.what + ")");
}

}  // namespace

StageOutcome rtlOutcome(const RtlResult& result, bool reused) {
  StageOutcome out{Stage::Rtl, false, reused, failures(result.checks), {}, stageJson(result)};
  out.passed = out.findings.empty();
  out.summary = fmt::format("{} modules, {} instances, {} lines of Verilog in {:.2f} s; {}",
                            result.modules, result.instances, result.lines, result.seconds,
                            out.passed ? "all formats proven" : "a check failed");
  if (!result.passes.empty()) {
    const HardwareCount& before = result.passes.front().before;
    const HardwareCount& after = result.passes.back().after;
    out.summary += fmt::format(
        "; passes: {} -> {} operations, {} -> {} bits of values, {} -> {} "
        "of pipeline registers",
        before.operations, after.operations, before.valueBits, after.valueBits, before.registerBits,
        after.registerBits);
  }
  return out;
}

StageOutcome lintOutcome(const LintResult& result, bool reused) {
  StageOutcome out{Stage::Lint, false, reused, failures(result.rules), {}, stageJson(result)};
  out.passed = out.findings.empty();
  out.summary =
      fmt::format("{} rules and tools, {} findings", result.rules.size(), out.findings.size());
  return out;
}

StageOutcome cosimOutcome(const CosimResult& result, bool reused) {
  StageOutcome out{Stage::Cosim, false, reused, {}, {}, stageJson(result)};
  if (result.mismatches > 0) out.findings.push_back(result.firstMismatch);
  std::string latencies;
  for (const LatencyResult& latency : result.latencies) {
    if (latency.asked != latency.measured) {
      out.findings.push_back(fmt::format("latency of {}: {} crossings measured, {} asked for",
                                         latency.name, latency.measured, latency.asked));
    }
    latencies +=
        fmt::format("{}{} {}", latencies.empty() ? "" : ", ", latency.name, latency.measured);
  }
  out.passed = out.findings.empty();
  out.summary =
      fmt::format("{} crossings, {} wrong values; latency in crossings: {}; {:.0f} crossings/s",
                  result.crossings, result.mismatches, latencies, result.crossingsPerSecond);
  if (result.overall.events > 0) {
    out.summary += fmt::format("; EMD mean {:.3f}, response {:.3f}", result.overall.emdMean,
                               result.overall.response);
  }
  return out;
}

StageOutcome synthOutcome(const SynthResult& result, bool reused) {
  StageOutcome out{Stage::Synth, true, reused, {}, {}, stageJson(result)};
  out.summary = fmt::format(
      "{:.3f} mm2 in {}, {:.0f} NAND2 equivalents, {} flip-flops, depth {} cells, {:.0f} s",
      result.area * 1e-6, result.library, result.nand2, result.flipFlops, result.depth.cells,
      result.seconds);
  return out;
}

StageOutcome timingOutcome(const TimingResult& result, bool reused) {
  StageOutcome out{Stage::Timing, true, reused, {}, {}, stageJson(result)};
  std::string corners;
  for (const CornerTiming& corner : result.corners) {
    corners += fmt::format("{}{} {:.1f} MHz, slack {:.2f} ns", corners.empty() ? "" : "; ",
                           corner.name, corner.highestMHz, corner.slackNs);
    // Without a clock asked for there is nothing to fail.
    if (result.askedMHz == 0 || corner.slackNs >= 0) continue;
    out.findings.push_back(fmt::format("{}: {:.4g} MHz is missed by {:.2f} ns from {} to {}",
                                       corner.name, result.askedMHz, -corner.slackNs, corner.from,
                                       corner.to));
    for (const TimingStep& step : corner.path) out.findings.push_back("  " + stepLine(step));
  }
  if (!out.findings.empty() && !result.advice.empty()) out.findings.push_back(result.advice);
  out.passed = out.findings.empty();
  out.summary = fmt::format("{} at {:.2f} ns; {} buffers; {:.0f} s", corners, result.periodNs,
                            result.buffers, result.seconds);
  return out;
}

}  // namespace aegen::flows
