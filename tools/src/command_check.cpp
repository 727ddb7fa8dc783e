// aegen check: whether a model computes what the silicon does, and what of it is wasted.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "aegen/data/shower_generator.hpp"
#include "aegen/encoders/model_check.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

using ordered = nlohmann::ordered_json;

struct Arguments {
  std::string model;
  std::string events;
  std::string regime = "sparse";
  std::size_t count = 5000;
  std::uint64_t seed = 99991;
  bool strict = false;
  std::string json;
};

ordered toJson(const encoders::Finding& finding) {
  ordered out{{"severity", encoders::text(finding.severity)},
              {"code", finding.code},
              {"where", finding.where},
              {"number", finding.number},
              {"unit", finding.unit},
              {"message", finding.message},
              {"advice", finding.advice}};
  if (!finding.elements.empty()) out["elements"] = finding.elements;
  return out;
}

int run(const Arguments& arguments) {
  const auto codec = encoders::loadCodec(arguments.model);
  if (!codec) return fail(codec.error());
  std::vector<data::Event> events;
  std::string source = arguments.events;
  if (source.empty()) {
    data::ShowerGenerator generator(arguments.regime == "dense" ? data::dense() : data::sparse(),
                                    arguments.seed);
    events = generator.generate(arguments.count);
    source = fmt::format("{} shower events, seed {}", arguments.regime, arguments.seed);
  } else {
    auto read = data::readCalqCsv(source);
    if (!read) return fail(read.error());
    events = std::move(*read);
  }
  const auto findings = encoders::checkModel(*codec, events);
  if (!findings) return fail(findings.error());
  const auto warnings =
      std::ranges::count(*findings, encoders::Severity::Warning, &encoders::Finding::severity);
  if (arguments.json != "-") {
    for (const encoders::Finding& finding : *findings) {
      fmt::print("{}: {}: {} [{}]\n    {}\n", encoders::text(finding.severity), finding.where,
                 finding.message, finding.code, finding.advice);
    }
    fmt::print("{} on {} events ({}): {} warnings, {} notes\n", arguments.model, events.size(),
               source, warnings, static_cast<std::ptrdiff_t>(findings->size()) - warnings);
  }
  ordered list = ordered::array();
  for (const encoders::Finding& finding : *findings) list.push_back(toJson(finding));
  const ordered summary{{"model", arguments.model},
                        {"events", source},
                        {"count", events.size()},
                        {"warnings", warnings},
                        {"findings", list}};
  if (const int failed = writeJson(arguments.json, summary.dump(2) + "\n"); failed != kDone) {
    return failed;
  }
  return arguments.strict && warnings > 0 ? static_cast<int>(core::Failure::CheckFailed) : kDone;
}

}  // namespace

void addCheckCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "check",
      "Whether a model computes what the silicon does, and which bits and neurons it wastes");
  command->add_option("MODEL", arguments->model, "Model file (docs/model_file.md)")->required();
  command->add_option("--events", arguments->events,
                      "Calibrated charges (CSV, CALQ_0..47 in tc_order); default: generated");
  command->add_option("--regime", arguments->regime, "Of generated events: sparse or dense")
      ->check(CLI::IsMember(std::vector<std::string>{"sparse", "dense"}))
      ->capture_default_str();
  command->add_option("--count", arguments->count, "How many to generate")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "Of generated events")->capture_default_str();
  command->add_flag("--strict", arguments->strict, "Exit with 1 when there are warnings");
  command->add_option("--json", arguments->json,
                      "Write the findings as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
