#include "event_choice.hpp"

#include <fmt/format.h>

#include "aegen/data/shower_generator.hpp"
#include "cli.hpp"

namespace aegen::tools {

void addEventOptions(CLI::App& command, EventChoice& choice, const std::string& more) {
  command.add_option("--events", choice.file,
                     std::string(kEventsHelp) + more + "; default: generated");
  addDensityOption(command, choice.density);
  command.add_option("--regime", choice.regime, "Of generated events: sparse or dense")
      ->check(CLI::IsMember(std::vector<std::string>{"sparse", "dense"}))
      ->capture_default_str();
  command.add_option("--count", choice.count, "How many to generate")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10'000'000}))
      ->capture_default_str();
  command.add_option("--seed", choice.seed, "Of generated events; not the training's")
      ->capture_default_str();
}

core::Result<ChosenEvents> chosenEvents(const EventChoice& choice) {
  if (!choice.file.empty()) {
    auto read = data::readEvents(choice.file, inputOf(choice.density));
    if (!read) return read.error();
    return ChosenEvents{std::move(*read), choice.file};
  }
  data::ShowerGenerator generator(choice.regime == "dense" ? data::dense() : data::sparse(),
                                  choice.seed);
  ChosenEvents out;
  out.table.events = generator.generate(choice.count);
  out.source = fmt::format("{} shower events, seed {}", choice.regime, choice.seed);
  return out;
}

}  // namespace aegen::tools
