#include "event_source.hpp"

#include <map>
#include <string>

#include "aegen/data/shower_generator.hpp"

namespace aegen::encoders::training {

core::Result<std::vector<data::Event>> loadEvents(const TrainConfig& config) {
  if (!config.csv.empty()) return data::readCalqCsv(config.csv);
  std::map<std::string, data::ShowerGenerator> generators;
  generators.emplace("sparse", data::ShowerGenerator(data::sparse(), config.seed));
  generators.emplace("dense", data::ShowerGenerator(data::dense(), config.seed));
  std::vector<data::Event> events;
  for (const GeneratedEvents& part : config.generated) {
    const auto found = generators.find(part.regime);
    if (found == generators.end()) {
      return core::badInput("train.out-of-range", "regime is '" + part.regime + "'", {},
                            {"sparse or dense"});
    }
    const auto made = found->second.generate(static_cast<std::size_t>(part.events));
    events.insert(events.end(), made.begin(), made.end());
  }
  return events;
}

}  // namespace aegen::encoders::training
