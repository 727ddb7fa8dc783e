#include <fmt/format.h>
#include <random>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/range_analysis.hpp"
#include "aegen/core/verifier.hpp"
#include "stage_tools.hpp"

namespace aegen::flows {
namespace {

std::string riskLine(const core::OverflowRisk& risk) {
  return fmt::format("{}/{}: {} can be {}..{}", risk.function, risk.valueName, risk.format.text(),
                     risk.exact.low, risk.exact.high);
}

HardwareCount countOf(const core::passes::PassStatistics& s) {
  return {s.operations, s.valueBits, s.calls, s.registerBits, s.functions};
}

}  // namespace

std::vector<CheckResult> programChecks(const DesignBundle& bundle) {
  CheckResult verified{"verifier", true, {}};
  CheckResult proven{"formats proven", true, {}};
  std::size_t values = 0;
  const auto check = [&](const core::Program& program, std::string_view top) {
    const core::RangeReport report = core::analyseRanges(program, top);
    values += report.provenValues;
    for (const core::OverflowRisk& risk : report.risks) proven.details.push_back(riskLine(risk));
  };
  std::vector<const core::Program*> programs{&bundle.chip.program};
  if (bundle.decoder) programs.push_back(&*bundle.decoder);
  for (const auto& decoder : bundle.decoders) programs.push_back(&decoder.program);
  for (const core::Program* program : programs) {
    for (const auto& violation : core::verify(*program)) {
      verified.details.push_back(violation.text());
    }
  }
  // As written: passes leave away bits that nobody reads, so that values wrap on purpose.
  for (const core::Block& block : bundle.written.blocks) {
    if (block.kind == core::BlockKind::Function) check(bundle.written.program, block.function);
  }
  if (bundle.decoder) check(*bundle.decoder, "decode");
  for (const auto& decoder : bundle.decoders) check(decoder.program, decoder.function);
  verified.ok = verified.details.empty();
  proven.ok = proven.details.empty();
  if (verified.ok)
    verified.details = {fmt::format("{} functions", bundle.chip.program.functions.size())};
  if (proven.ok) proven.details = {fmt::format("{} values cannot overflow", values)};
  return {verified, proven};
}

CheckResult passesCheck(const DesignBundle& bundle, std::uint64_t seed) {
  constexpr std::size_t kCrossings = 512;
  CheckResult out{"passes keep every bit", true, {}};
  core::DesignInterpreter written(bundle.written, {.keep = std::vector<std::string>{}});
  core::DesignInterpreter chip(bundle.chip, {.keep = std::vector<std::string>{}});
  std::mt19937_64 random(seed);
  const auto any = [&](const core::FixedFormat& format) {
    const core::Interval range = format.range();
    // An end of the range now and then: that is where bits get lost.
    switch (random() % 8) {
      case 0:
        return range.low;
      case 1:
        return range.high;
      default:
        return core::wrap(static_cast<std::int64_t>(random()), format);
    }
  };
  std::size_t elements = 0;
  for (const core::Signal& signal : bundle.written.inputs) elements += signal.count;
  for (const bool reset : {true, false}) {
    if (!reset) {
      core::ConfigValues values = bundle.written.resetConfig();
      for (const core::ConfigField& field : bundle.written.config) {
        for (std::int64_t& value : values[field.name]) value = any(field.format);
      }
      written.configure(values);
      chip.configure(values);
    }
    core::Columns inputs(elements, kCrossings);
    std::size_t row = 0;
    for (const core::Signal& signal : bundle.written.inputs) {
      for (std::uint32_t i = 0; i < signal.count; ++i, ++row) {
        for (std::int64_t& value : inputs.column(row)) value = any(signal.format);
      }
    }
    const auto expected = written.run(inputs);
    const auto got = chip.run(inputs);
    out.ok = out.ok && expected && got && *expected == *got;
  }
  out.details = {
      out.ok ? fmt::format("{} crossings of random words under two configurations", 2 * kCrossings)
             : "an output of the chip behind the passes differs: please report this "
               "with the design; `passes: none` builds it as written"};
  return out;
}

std::vector<PassResult> passResults(const core::passes::PipelineReport& report) {
  std::vector<PassResult> out;
  for (const core::passes::PassRun& run : report.runs) {
    out.push_back({run.name, countOf(run.before), countOf(run.after), run.keptWiring, run.seconds});
  }
  return out;
}

}  // namespace aegen::flows
