// aegen split: which events a training may see, and which ones it is judged by.

#include <fmt/format.h>

#include <memory>

#include "aegen/data/split.hpp"
#include "cli.hpp"

namespace aegen::tools {
namespace {

struct Arguments {
  std::string events;
  std::string density = "high";
  double fraction = 0.2;
  std::uint64_t seed = 1;
  std::string train;
  std::string test;
};

int run(const Arguments& arguments) {
  const auto table = data::readEvents(arguments.events, inputOf(arguments.density));
  if (!table) return fail(table.error());
  const auto split = data::splitRows(*table, arguments.fraction, arguments.seed);
  if (!split) return fail(split.error());
  for (const auto& [part, file] :
       {std::pair{&split->train, &arguments.train}, std::pair{&split->test, &arguments.test}}) {
    if (const auto done = data::writeCalqTable(*part, *file); !done) return fail(done.error());
  }
  fmt::print("{} events to train with, {} held out, seed {}\n", split->train.events.size(),
             split->test.events.size(), arguments.seed);
  return kDone;
}

}  // namespace

void addSplitCommand(CLI::App& app, int& exitCode) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("split", "Divide events into those to train with and those held out");
  command->add_option("EVENTS", arguments->events, kEventsHelp)->required();
  command->add_option("--test", arguments->fraction, "Fraction of the events that is held out")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "Chooses them, with the number of events alone")
      ->capture_default_str();
  command->add_option("--train-out", arguments->train, "Charges to train with, as CSV")->required();
  command->add_option("--test-out", arguments->test, "Charges held out, as CSV")->required();
  addDensityOption(*command, arguments->density);
  command->callback([arguments, &exitCode] { exitCode = run(*arguments); });
}

}  // namespace aegen::tools
