#include "aegen/core/passes/pipeline.hpp"

#include <algorithm>
#include <chrono>
#include <map>

#include "aegen/core/passes/dead_values.hpp"
#include "aegen/core/passes/fold_constants.hpp"
#include "aegen/core/passes/narrow_widths.hpp"
#include "aegen/core/passes/share_products.hpp"
#include "aegen/core/passes/share_values.hpp"
#include "aegen/core/verifier.hpp"

namespace aegen::core::passes {
namespace {

bool isWires(const Instruction& instruction) {
  switch (instruction.op) {
    case Op::Const:
    case Op::Reinterpret:
    case Op::ShiftLeft:
    case Op::ShiftRight:
    case Op::Slice:
    case Op::Concat:
      return true;
    case Op::Requantize:
      return instruction.rounding == Rounding::Floor && instruction.overflow == Overflow::Wrap;
    default:
      return false;
  }
}

// Adds what `function` and its callees hold, `times` over.
class Counter {
 public:
  explicit Counter(const Program& program) : program_(program) {}

  void use(std::string_view function, std::uint64_t times = 1) { uses_[function] += times; }

  PassStatistics run() {
    PassStatistics out;
    // Callers come after callees: one walk from the end sees all uses of a function before it.
    for (auto f = program_.functions.rbegin(); f != program_.functions.rend(); ++f) {
      const auto found = uses_.find(f->name);
      if (found == uses_.end()) continue;
      const std::uint64_t times = found->second;
      ++out.functions;
      for (const Instruction& instruction : f->instructions) {
        if (instruction.op == Op::Call) {
          out.calls += times;
          use(instruction.callee, times);
        } else if (!isWires(instruction)) {
          out.operations += times;
          const FixedFormat& format = f->values[instruction.results[0]].format;
          out.valueBits += times * static_cast<std::uint64_t>(format.width);
        }
      }
    }
    return out;
  }

 private:
  const Program& program_;
  std::map<std::string_view, std::uint64_t> uses_;
};

// Bits of pipeline registers: a registered block's outputs, and each signal a clock more for every
// clock until its last use.
std::uint64_t registerBitsOf(const Design& design, const DesignTiming& timing) {
  std::map<std::string, int, std::less<>> kept;
  for (std::size_t b = 0; b < design.blocks.size(); ++b) {
    for (const Wire& wire : design.blocks[b].inputs) {
      const auto made = timing.signal.find(wire.signal);
      if (made == timing.signal.end()) continue;  // a field
      int& clocks = kept[wire.signal];
      clocks = std::max(clocks, timing.block[b] - made->second);
    }
  }
  std::uint64_t bits = 0;
  const auto add = [&](const Signal& signal, int clocks) {
    bits += static_cast<std::uint64_t>(clocks) * signal.count *
            static_cast<std::uint64_t>(signal.format.width);
  };
  for (const Signal& signal : signalsOf(design)) add(signal, kept[signal.name]);
  for (const Block& block : design.blocks) {
    if (!block.registered || block.kind != BlockKind::Function) continue;
    for (const Port& port : portsOf(design, block).outputs) {
      const auto wire = std::ranges::find(block.outputs, port.name, &Wire::port);
      if (wire != block.outputs.end()) add({port.name, port.format, port.count}, 1);
    }
  }
  return bits;
}

// Clocks of all that must not move.
std::vector<int> milestonesOf(const Design& design, const DesignTiming& timing) {
  std::vector<int> out;
  for (const std::string& signal : design.outputs) out.push_back(timing.signal.at(signal));
  for (const Milestone& milestone : design.milestones) {
    out.push_back(timing.signal.at(milestone.signal));
  }
  return out;
}

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Diagnostic invalid(const Pass& pass, const Diagnostic& violation) {
  return internalError("passes.invalid",
                       std::string(pass.name) + " left an invalid program: " + violation.message,
                       violation.where, {"please report this with the design"});
}

Result<std::vector<const Pass*>> passesOf(const std::vector<std::string>& names) {
  std::vector<const Pass*> out;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(allPasses(), name, &Pass::name);
    if (found == allPasses().end()) {
      std::string known;
      for (const Pass& pass : allPasses()) {
        known += (known.empty() ? "" : ", ") + std::string(pass.name);
      }
      return badInput("passes.unknown", "there is no pass '" + name + "'", "passes",
                      {"passes are " + known + "; none or default alone"});
    }
    out.push_back(&*found);
  }
  return out;
}

// `design` behind a pass, when that is a design with the same latencies.
Result<std::optional<Design>> tried(const Pass& pass, const Design& design, Unit unit,
                                    const PassOptions& options) {
  if (const auto done = pass.run(unit, options); !done) return done.error();
  if (const auto valid = checkValid(unit.program); !valid) return invalid(pass, valid.error());
  Design after = designOf(unit, design);
  const auto timing = analyse(after);
  if (!timing) return invalid(pass, timing.error());
  const auto before = analyse(design);
  if (!before) return before.error();
  if (milestonesOf(after, *timing) != milestonesOf(design, *before)) {
    return std::optional<Design>();
  }
  return std::optional(std::move(after));
}

// A pass that needs no telling and cannot fail.
template <void (*run)(Unit&)>
Result<void> plain(Unit& unit, const PassOptions&) {
  run(unit);
  return {};
}

Result<void> shareProductsOf(Unit& unit, const PassOptions& options) {
  if (!options.adderGraphs) return {};
  const auto shared = shareProducts(unit.program, *options.adderGraphs);
  if (!shared) return shared.error();
  return {};
}

// As `unit`, with the ports of all blocks' functions fixed.
Unit withFixedWiring(Unit unit) {
  for (const Instruction& call : unit.topFunction().instructions) unit.fixed.insert(call.callee);
  return unit;
}

}  // namespace

const std::vector<Pass>& allPasses() {
  static const std::vector<Pass> passes{
      {"fold_constants", "constants, decided comparisons and identities, through calls",
       plain<foldConstants>},
      {"share_values", "what is computed twice is computed once", plain<shareValues>},
      {"share_products", "sums of products by constants become adder graphs", shareProductsOf},
      {"narrow_widths", "formats no wider than proven intervals", plain<narrowWidths>},
      {"dead_values", "values, elements and bits that nothing depends on go",
       plain<dropDeadValues>},
  };
  return passes;
}

std::vector<std::string> defaultPasses() {
  // Adder graphs need to see constants, and sums that do not wrap yet. The second time finds what
  // narrower and fewer values decide.
  return {"fold_constants", "share_values", "share_products", "narrow_widths", "dead_values",
          "fold_constants", "share_values", "narrow_widths",  "dead_values"};
}

Result<std::vector<std::string>> parsePasses(std::string_view text) {
  std::vector<std::string> names;
  if (text.empty() || text == "none") return names;
  if (text == "default") return defaultPasses();
  while (true) {
    const std::size_t comma = text.find(',');
    names.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (const auto known = passesOf(names); !known) return known.error();
  return names;
}

PassStatistics statisticsOf(const Program& program, std::string_view function) {
  Counter counter(program);
  counter.use(function);
  return counter.run();
}

PassStatistics statisticsOf(const Design& design) {
  Counter counter(design.program);
  for (const Block& block : design.blocks) {
    if (block.kind == BlockKind::Function) counter.use(block.function);
  }
  PassStatistics out = counter.run();
  if (const auto timing = analyse(design)) out.registerBits = registerBitsOf(design, *timing);
  return out;
}

Result<PipelineReport> runPasses(Design& design, const std::vector<std::string>& names,
                                 const PassOptions& options) {
  const auto passes = passesOf(names);
  if (!passes) return passes.error();
  PipelineReport report;
  for (const Pass* const pass : *passes) {
    const auto start = std::chrono::steady_clock::now();
    PassRun run{.name = std::string(pass->name), .before = statisticsOf(design), .after = {}};
    const Unit unit = unitOf(design);
    auto after = tried(*pass, design, unit, options);
    if (after && !*after) {
      run.keptWiring = true;
      after = tried(*pass, design, withFixedWiring(unit), options);
    }
    if (!after) return after.error();
    if (*after) design = std::move(**after);
    run.after = statisticsOf(design);
    run.seconds = secondsSince(start);
    report.runs.push_back(std::move(run));
  }
  return report;
}

Result<PipelineReport> runPasses(Program& program, std::string_view function,
                                 const std::vector<std::string>& names,
                                 const PassOptions& options) {
  const auto passes = passesOf(names);
  if (!passes) return passes.error();
  PipelineReport report;
  Unit unit = unitOf(program, function);
  for (const Pass* const pass : *passes) {
    const auto start = std::chrono::steady_clock::now();
    PassRun run{.name = std::string(pass->name),
                .before = statisticsOf(unit.program, unit.top),
                .after = {}};
    if (const auto done = pass->run(unit, options); !done) return done.error();
    if (const auto valid = checkValid(unit.program); !valid) return invalid(*pass, valid.error());
    run.after = statisticsOf(unit.program, unit.top);
    run.seconds = secondsSince(start);
    report.runs.push_back(std::move(run));
  }
  if (!names.empty()) program = std::move(unit.program);
  return report;
}

}  // namespace aegen::core::passes
