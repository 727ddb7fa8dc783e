// aegen build and its stages.

#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "aegen/flows/stages.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

using flows::Stage;

struct Arguments {
  std::string design;
  flows::StageOptions options;
  flows::CosimWindow window;
  std::string json;
  std::uint64_t crossings = 0;
  bool netlist = false;
  unsigned lanes = 256;
  bool quiet = false;
};

constexpr Stage kStages[] = {Stage::Rtl, Stage::Lint, Stage::Cosim, Stage::Synth, Stage::Report};

void print(const flows::StageOutcome& outcome) {
  fmt::print("{:<7} {}  {}{}\n", flows::text(outcome.stage), outcome.passed ? "pass" : "FAIL",
             outcome.summary, outcome.reused ? "  (up to date)" : "");
  for (const std::string& finding : outcome.findings) fmt::print("        {}\n", finding);
  std::fflush(stdout);
}

using ordered = nlohmann::ordered_json;

// What went wrong on the way, each problem once; the gravest decides the exit code.
class Problems {
 public:
  void add(const core::Diagnostic& problem) {
    exitCode_ = std::max(exitCode_, static_cast<int>(problem.failure));
    if (std::ranges::find(texts_, problem.text()) != texts_.end()) return;
    texts_.push_back(problem.text());
    json_.push_back(
        {{"code", problem.code}, {"message", problem.message}, {"where", problem.where}});
    static_cast<void>(fail(problem));
  }
  [[nodiscard]] int exitCode() const { return exitCode_; }
  [[nodiscard]] const ordered& json() const { return json_; }

 private:
  int exitCode_ = kDone;
  std::vector<std::string> texts_;
  ordered json_ = ordered::array();
};

std::string summaryJson(const std::vector<flows::StageOutcome>& outcomes,
                        const std::filesystem::path& out, const Problems& problems, bool passed) {
  ordered stages = ordered::object();
  for (const flows::StageOutcome& outcome : outcomes) {
    stages[std::string(flows::text(outcome.stage))] = {
        {"passed", outcome.passed},
        {"reused", outcome.reused},
        {"findings", outcome.findings},
        {"result", ordered::parse(outcome.json, nullptr, false)}};
  }
  const ordered summary{
      {"out", out.string()}, {"passed", passed}, {"problems", problems.json()}, {"stages", stages}};
  return summary.dump(2, ' ', false, ordered::error_handler_t::replace) + "\n";
}

int run(const Arguments& arguments, const std::vector<Stage>& stages) {
  ProgressLine progress;
  Problems problems;
  std::vector<flows::StageOutcome> outcomes;
  bool passed = true;
  const auto finish = [&] {
    passed = passed && problems.exitCode() == kDone;
    const int written =
        writeJson(arguments.json, summaryJson(outcomes, arguments.options.out, problems, passed));
    if (problems.exitCode() != kDone) return problems.exitCode();
    if (written != kDone) return written;
    return passed ? kDone : static_cast<int>(core::Failure::CheckFailed);
  };
  flows::StageOptions options = arguments.options;
  options.progress = [&](Stage stage, std::string_view step, std::uint64_t done,
                         std::uint64_t total) {
    progress.show(fmt::format("{}: {}", flows::text(stage), step), done, total);
  };
  auto spec = flows::loadDesignSpec(arguments.design);
  if (!spec) {
    problems.add(spec.error());
    return finish();
  }
  if (arguments.crossings > 0) spec->events.crossings = arguments.crossings;
  auto build = flows::Build::open(*spec, options);
  if (!build) {
    problems.add(build.error());
    return finish();
  }
  for (const Stage stage : stages) {
    auto outcome = stage == Stage::Cosim && arguments.netlist
                       ? build->cosimulateNetlist(arguments.window, arguments.lanes)
                   : stage == Stage::Cosim && !arguments.window.whole()
                       ? build->cosimulate(arguments.window)
                       : build->run(stage);
    progress.clear();
    if (!outcome) {
      problems.add(outcome.error());
      // Nothing can follow without RTL; otherwise the report still says what was reached.
      if (!build->hasRtl()) break;
      continue;
    }
    passed = passed && outcome->passed;
    if (!arguments.quiet && arguments.json != "-") print(*outcome);
    outcomes.push_back(std::move(*outcome));
  }
  return finish();
}

CLI::App* addCommand(CLI::App& app, const std::string& name, const std::string& help,
                     const std::shared_ptr<Arguments>& arguments) {
  CLI::App* const command = app.add_subcommand(name, help);
  command->add_option("DESIGN", arguments->design, "The design.yaml (docs/design_file.md)")
      ->required();
  command->add_option("-o,--out", arguments->options.out, "Output folder")->capture_default_str();
  command
      ->add_option("--seed", arguments->options.seed,
                   "Seed of generated events and of what flip-flops hold before reset")
      ->capture_default_str();
  command->add_option("-j,--jobs", arguments->options.jobs,
                      "Processes at a time; default: all processors");
  command->add_flag("--force", arguments->options.force, "Do again what is up to date");
  command->add_option("--json", arguments->json, "Write a summary as JSON; - is standard output");
  command->add_flag("-q,--quiet", arguments->quiet, "Only errors");
  return command;
}

void addCosimOptions(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("--crossings", arguments->crossings,
                      "Crossings to simulate; default: the design's");
  command->add_option("--from", arguments->window.from, "Look at crossings from this one on");
  command->add_option("--count", arguments->window.count, "Look at so many crossings");
  command->add_option("--trace", arguments->window.trace, "Write a waveform (FST) of them");
  command->add_option("--fault", arguments->window.fault,
                      "Invert a captured bit, SIGNAL:ELEMENT:BIT:CROSSING, to see it noticed");
  command->add_flag("--netlist", arguments->netlist,
                    "The mapped gates instead of the RTL (docs/netlist.md); synthesised first if "
                    "they are not up to date");
  command
      ->add_option("--lanes", arguments->lanes, "With --netlist: streams of crossings side by side")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
}

}  // namespace

void addBuildCommands(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const build =
      addCommand(app, "build", "Everything: rtl, lint, cosim, synth, report", arguments);
  build->add_option("--liberty", arguments->options.liberty, "Liberty file; default: the design's");
  build->add_option("--crossings", arguments->crossings,
                    "Crossings to simulate; default: the design's");
  build->callback([arguments, &exitCode] {
    exitCode = run(*arguments, {std::begin(kStages), std::end(kStages)});
  });
  const std::pair<Stage, const char*> stages[] = {
      {Stage::Rtl, "Generate Verilog, manifest and SystemC decoder; prove the formats"},
      {Stage::Lint, "Own rules on the RTL, Verilator's and Yosys' checks"},
      {Stage::Cosim, "Chip, link and decoder in one simulation against the interpreter"},
      {Stage::Synth, "Area, flip-flops and logic depth with a Liberty file"},
      {Stage::Report, "report.json and report.html from what was run"}};
  for (const auto& [stage, help] : stages) {
    auto own = std::make_shared<Arguments>();
    CLI::App* const command = addCommand(app, std::string(flows::text(stage)), help, own);
    if (stage == Stage::Cosim) addCosimOptions(command, own);
    if (stage == Stage::Synth) {
      command->add_option("--liberty", own->options.liberty, "Liberty file; default: the design's");
    }
    command->callback([own, stage = stage, &exitCode] { exitCode = run(*own, {stage}); });
  }
}

}  // namespace aegen::tools
