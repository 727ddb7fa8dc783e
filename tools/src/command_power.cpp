// aegen power: energy per crossing of the mapped gates on a design's events.

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "aegen/flows/stages.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

struct Arguments {
  std::string design;
  flows::StageOptions options;
  flows::PowerRequest request;
  std::uint64_t crossings = 0;
  unsigned lanes = 256;
  std::string json;
};

void printSplit(const char* label, const flows::EnergySplit& energy) {
  fmt::print("{:<28} {:>10.1f} {:>10.1f} {:>10.1f} {:>14.1f}\n", label, energy.total(),
             energy.clock, energy.registers, energy.combinational);
}

void print(const flows::PowerResult& result) {
  fmt::print("{} at {} V, {} crossings of {}\n", result.library, result.voltage, result.crossings,
             result.stimulus);
  if (!result.internalPower) fmt::print("the library has no internal power: only net switching\n");
  fmt::print("{:<28} {:>10} {:>10} {:>10} {:>14}\n", "pJ per crossing", "total", "clock",
             "registers", "combinational");
  printSplit("busy", result.busy.energy);
  printSplit("idle", result.idle.energy);
  for (const flows::ModulePower& block : result.busy.blocks) {
    printSplit(("  " + block.name).c_str(), block.energy);
  }
  const flows::PowerFigures& busy = result.busy;
  fmt::print("at {} MHz: {:.2f} mW busy, {:.2f} mW idle, {:.4f} mW leakage\n", result.clockMhz,
             busy.energy.total() * result.clockMhz * 1e-3,
             result.idle.energy.total() * result.clockMhz * 1e-3, busy.leakage * 1e3);
  fmt::print(
      "clock gating: {} of {} flip-flops gated, {:.1f} pJ saved; {} ungated ones never change, "
      "their clock takes {:.1f} pJ\n",
      busy.gatedFlipFlops, busy.flipFlops, busy.gatingSaves, busy.stillFlipFlops,
      busy.stillClockEnergy);
  if (result.glitchFactor > 0) {
    fmt::print("with unit delays combinational energy is {:.2f} times as much\n",
               result.glitchFactor);
  }
}

int run(const Arguments& arguments) {
  ProgressLine progress;
  flows::StageOptions options = arguments.options;
  options.progress = [&](flows::Stage, std::string_view step, std::uint64_t done,
                         std::uint64_t total) {
    progress.show(fmt::format("power: {}", step), done, total);
  };
  auto spec = flows::loadDesignSpec(arguments.design);
  if (!spec) return fail(spec.error());
  if (arguments.crossings > 0) spec->events.crossings = arguments.crossings;
  auto build = flows::Build::open(*spec, options);
  if (!build) return fail(build.error());
  const auto result = build->power(arguments.request, arguments.lanes);
  progress.clear();
  if (!result) return fail(result.error());
  if (arguments.json != "-") print(*result);
  return writeJson(arguments.json, flows::powerJson(*result));
}

}  // namespace

void addPowerCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "power", "Energy per crossing of the mapped gates on the design's events (docs/power.md)");
  command->add_option("DESIGN", arguments->design, "The design.yaml (docs/design_file.md)")
      ->required();
  command->add_option("-o,--out", arguments->options.out, "Output folder")->capture_default_str();
  command->add_option("--liberty", arguments->options.liberty,
                      "Liberty file; default: the design's");
  command->add_option("--crossings", arguments->crossings,
                      "Crossings to simulate; default: the design's");
  command->add_option("--seed", arguments->options.seed, "Seed of generated events")
      ->capture_default_str();
  command->add_option("-j,--jobs", arguments->options.jobs, "Processes at a time");
  command->add_option("--lanes", arguments->lanes, "Streams of crossings side by side")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  command->add_option("--slew", arguments->request.options.slew, "Transition of every input, ns")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--wire", arguments->request.options.wire,
                   "pF of wire for each pin a net drives; none without a layout")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--glitches", arguments->request.glitches,
                    "Also with unit delays, for what hazards add");
  command->add_option("--saif", arguments->request.saif, "Write the activity as SAIF");
  command->add_option("--json", arguments->json, "Write a summary as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
