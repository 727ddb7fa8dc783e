// aegen build and its stages.

#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "aegen/core/text_tools.hpp"
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
  std::string passes;  ///< empty: the design's
  bool netlist = false;
  unsigned lanes = 256;
  bool quiet = false;
  std::vector<std::string> corners;
};

constexpr Stage kStages[] = {Stage::Rtl,   Stage::Lint,   Stage::Cosim,
                             Stage::Synth, Stage::Timing, Stage::Report};

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

// "slow=ss.lib" as a corner.
core::Result<flows::Corner> parseCorner(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && equals + 1 < text.size() &&
      core::isIdentifier(text.substr(0, equals))) {
    return flows::Corner{text.substr(0, equals), text.substr(equals + 1)};
  }
  return core::badInput("cli.corner", "'" + text + "' is no corner", "--corner",
                        {"NAME=FILE, such as slow=cells_ss.lib"});
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
  for (const std::string& text : arguments.corners) {
    auto corner = parseCorner(text);
    if (!corner) {
      problems.add(corner.error());
      return finish();
    }
    options.corners.push_back(std::move(*corner));
  }
  auto spec = flows::loadDesignSpec(arguments.design);
  if (!spec) {
    problems.add(spec.error());
    return finish();
  }
  if (!arguments.passes.empty()) {
    auto passes = core::passes::parsePasses(arguments.passes);
    if (!passes) {
      problems.add(passes.error());
      return finish();
    }
    spec->passes = std::move(*passes);
  }
  if (arguments.crossings > 0) spec->events.crossings = arguments.crossings;
  auto build = flows::Build::open(*spec, options);
  if (!build) {
    problems.add(build.error());
    return finish();
  }
  for (const Stage stage : stages) {
    // A build times what says at which clock.
    const bool asked = spec->clockMHz || !options.corners.empty() || stages.size() == 1;
    if (stage == Stage::Timing && !asked) continue;
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
  command->add_option("--passes", arguments->passes,
                      "Passes over the chip: names separated by commas, none or default; default: "
                      "the design's (docs/passes.md)");
  command->add_flag("--force", arguments->options.force, "Do again what is up to date");
  command->add_option("--json", arguments->json, "Write a summary as JSON; - is standard output");
  command->add_flag("-q,--quiet", arguments->quiet, "Only errors");
  return command;
}

void addLibertyOptions(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command->add_option("--liberty", arguments->options.liberty,
                      "Liberty file, .gz too, that maps; default: the design's");
  command->add_option("--corner", arguments->corners,
                      "NAME=FILE: a further corner to time at; repeatable");
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

void addMultiplierOption(CLI::App* command, const std::shared_ptr<Arguments>& arguments) {
  command
      ->add_option_function<std::string>(
          "--multipliers",
          [arguments](const std::string& text) {
            arguments->options.multipliers = flows::multiplierStyle(text);
          },
          "How products of two variables are built: auto (the smallest), array, tree, booth; "
          "default: the design's")
      ->check(CLI::IsMember({"auto", "array", "tree", "booth"}));
}

}  // namespace

void addBuildCommands(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const build =
      addCommand(app, "build", "Everything: rtl, lint, cosim, synth, report", arguments);
  addMultiplierOption(build, arguments);
  addLibertyOptions(build, arguments);
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
      {Stage::Timing, "Setup slack, highest clock and worst path of the mapped netlist"},
      {Stage::Report, "report.json and report.html from what was run"}};
  for (const auto& [stage, help] : stages) {
    auto own = std::make_shared<Arguments>();
    CLI::App* const command = addCommand(app, std::string(flows::text(stage)), help, own);
    if (stage == Stage::Cosim) addCosimOptions(command, own);
    if (stage == Stage::Synth || stage == Stage::Timing) addMultiplierOption(command, own);
    if (stage == Stage::Synth || stage == Stage::Timing) addLibertyOptions(command, own);
    command->callback([own, stage = stage, &exitCode] { exitCode = run(*own, {stage}); });
  }
}

}  // namespace aegen::tools
