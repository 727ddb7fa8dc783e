// aegen estimate: area, flip-flops, depth and energy before synthesis.

#include <fmt/format.h>

#include <memory>

#include "aegen/flows/cost_fit.hpp"
#include "aegen/flows/design_spec.hpp"
#include "aegen/flows/estimate.hpp"
#include "aegen/flows/liberty.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

struct Arguments {
  std::string design;
  std::string liberty;
  std::string fit;
  std::string json;
  bool accuracy = false;
};

// The set to fit to: the named one, else the built-in one, which is of one library.
core::Result<flows::CostSet> chosenSet(const Arguments& arguments,
                                       const std::filesystem::path& liberty) {
  auto set = arguments.fit.empty() ? core::Result<flows::CostSet>(flows::builtInCostSet())
                                   : flows::loadCostSet(arguments.fit);
  if (!set || liberty.empty()) return set;
  const auto library = flows::loadLiberty(liberty);
  if (!library) return library.error();
  if (library->name() != set->library) {
    return core::badInput(
        "cost.other-library",
        fmt::format("the cost model is fitted to {}, not to {}", set->library, library->name()),
        liberty.string(),
        {"build/bench/cost_set --liberty FILE --out SET.json synthesises modules with it; then "
         "aegen estimate --library-fit SET.json"});
  }
  return set;
}

int estimate(const Arguments& arguments) {
  const auto spec = flows::loadDesignSpec(arguments.design);
  if (!spec) return fail(spec.error());
  const auto set =
      chosenSet(arguments, arguments.liberty.empty() ? spec->liberty
                                                     : std::filesystem::path(arguments.liberty));
  if (!set) return fail(set.error());
  const auto bundle = flows::buildDesign(*spec);
  if (!bundle) return fail(bundle.error());
  const auto result = flows::estimateDesign(bundle->chip, flows::fitCost(*set));
  if (!result) return fail(result.error());
  if (arguments.json != "-") fmt::print("{}", flows::estimateText(*result));
  return writeJson(arguments.json, flows::estimateJson(*result));
}

int accuracy(const Arguments& arguments) {
  const auto set = chosenSet(arguments, arguments.liberty);
  if (!set) return fail(set.error());
  if (arguments.json != "-") fmt::print("{}", flows::accuracyText(*set));
  return writeJson(arguments.json, flows::accuracyJson(*set));
}

int run(const Arguments& arguments) {
  if (arguments.accuracy) return accuracy(arguments);
  if (!arguments.design.empty()) return estimate(arguments);
  return fail(core::badInput("aegen.usage", "there is nothing to estimate", "estimate",
                             {"name a design.yaml, or ask for --accuracy"}));
}

}  // namespace

void addEstimateCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "estimate", "Area, flip-flops, depth and energy of a design before synthesis");
  CLI::Option* const design =
      command->add_option("DESIGN", arguments->design, "The design.yaml (docs/design_file.md)");
  command->add_option("--liberty", arguments->liberty,
                      "The cell library; must be the one the cost model is fitted to");
  command->add_option("--library-fit", arguments->fit,
                      "Synthesised modules of another library (docs/estimate.md)");
  command
      ->add_flag("--accuracy", arguments->accuracy,
                 "How far the model is off on modules that it was not fitted to")
      ->excludes(design);
  command->add_option("--json", arguments->json, "Write the result as JSON; - is standard output");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
