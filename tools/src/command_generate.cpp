// aegen generate: events of the shower generator as files.

#include <fmt/format.h>
#include <memory>

#include "aegen/data/events.hpp"
#include "aegen/data/shower_generator.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

struct Arguments {
  std::string regime = "sparse";
  std::string charges;
  std::string words;
  std::uint64_t seed = 1;
  std::size_t events = 10000;
  bool lowDensity = false;
};

int run(const Arguments& arguments) {
  if (arguments.charges.empty() && arguments.words.empty()) {
    return fail(core::badInput("generate.no-output", "nothing to write", "aegen generate",
                               {"name a file with --calq or --rx"}));
  }
  data::ShowerGenerator generator(arguments.regime == "dense" ? data::dense() : data::sparse(),
                                  arguments.seed);
  const std::vector<data::Event> events = generator.generate(arguments.events);
  if (!arguments.charges.empty()) {
    if (const auto done = data::writeCalqCsv(events, arguments.charges); !done) {
      return fail(done.error());
    }
  }
  if (!arguments.words.empty()) {
    data::InputSettings settings = data::InputSettings::plain();
    settings.highDensity = !arguments.lowDensity;
    const auto words = data::encodeRx(events, settings);
    if (!words) return fail(words.error());
    if (const auto done = data::writeRxCsv(*words, arguments.words); !done) {
      return fail(done.error());
    }
  }
  fmt::print("{} {} events, seed {}\n", events.size(), arguments.regime, arguments.seed);
  return kDone;
}

}  // namespace

void addGenerateCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("generate", "Write events of the shower generator (docs/generator.md)");
  command->add_option("--regime", arguments->regime, "sparse or dense")
      ->check(CLI::IsMember(std::vector<std::string>{"sparse", "dense"}))
      ->capture_default_str();
  command->add_option("--events", arguments->events, "How many")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "Seed")->capture_default_str();
  command->add_option("--calq", arguments->charges, "Calibrated charges as CSV, in tc_order");
  command->add_option("--rx", arguments->words, "ePortRX words as CSV, plain mux and calibration");
  command->add_flag("--low-density", arguments->lowDensity, "Words of a low-density module");
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
