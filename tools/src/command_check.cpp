// aegen check: whether a model computes what the silicon does, and what of it is wasted.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "aegen/encoders/model_check.hpp"
#include "cli.hpp"
#include "event_choice.hpp"

namespace aegen::tools {
namespace {

using ordered = nlohmann::ordered_json;

struct Arguments {
  std::string model;
  EventChoice events;
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
  const auto chosen = chosenEvents(arguments.events);
  if (!chosen) return fail(chosen.error());
  const std::vector<data::Event>& events = chosen->table.events;
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
               chosen->source, warnings, static_cast<std::ptrdiff_t>(findings->size()) - warnings);
  }
  ordered list = ordered::array();
  for (const encoders::Finding& finding : *findings) list.push_back(toJson(finding));
  const ordered summary{{"model", arguments.model},
                        {"events", chosen->source},
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
  addEventOptions(*command, arguments->events);
  command->add_flag("--strict", arguments->strict, "Exit with 1 when there are warnings");
  command->add_option("--json", arguments->json,
                      "Write the findings as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
