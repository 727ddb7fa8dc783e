#include "event_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "../econ_t_path.hpp"
#include "../link_string.hpp"
#include "aegen/data/shower_generator.hpp"
#include "aegen/encoders/conditions.hpp"

namespace aegen::encoders::training {
namespace {

using core::Result;

// Appends a file's events and the columns that are wanted of it.
Result<void> readCsv(const std::filesystem::path& file, const std::vector<ConditionConfig>& wanted,
                     data::EventTable& table) {
  auto read = data::readCalqTable(file);
  if (!read) return read.error();
  for (const ConditionConfig& condition : wanted) {
    if (condition.name == kSumCondition) continue;
    const auto from = std::ranges::find(read->columns, condition.name, &data::Column::name);
    if (from == read->columns.end()) {
      return core::badInput("train.conditions", "the file has no column '" + condition.name + "'",
                            file.string(), {"columns of numbers follow the 48 charges"});
    }
    auto to = std::ranges::find(table.columns, condition.name, &data::Column::name);
    if (to == table.columns.end()) {
      to = table.columns.insert(to, {condition.name, {}});
    }
    to->values.insert(to->values.end(), from->values.begin(), from->values.end());
  }
  table.events.insert(table.events.end(), read->events.begin(), read->events.end());
  return {};
}

Result<void> readFiles(const TrainConfig& config, data::EventTable& table) {
  for (const auto& file : config.data.csv) {
    if (auto good = readCsv(file, config.decoder.conditions, table); !good) return good;
  }
  for (const RxFile& rx : config.data.rx) {
    const auto crossings = data::readRxCsv(rx.file);
    if (!crossings) return crossings.error();
    data::InputSettings settings = data::InputSettings::plain();
    settings.highDensity = rx.highDensity;
    const auto events = data::decodeRx(*crossings, settings);
    if (!events) return events.error();
    table.events.insert(table.events.end(), events->begin(), events->end());
  }
  return {};
}

void passThroughCodes(ChargeCoding coding, std::vector<data::Event>& events) {
  if (coding == ChargeCoding::None) return;
  const bool high = coding == ChargeCoding::HighDensity;
  for (data::Event& event : events) {
    for (std::int64_t& charge : event.charge) {
      charge = data::decodeCharge(data::encodeCharge(charge, high), high);
    }
  }
}

}  // namespace

Result<LabelledEvents> label(const TrainConfig& config, data::EventTable table) {
  LabelledEvents labelled;
  labelled.events = std::move(table.events);
  const std::vector<ConditionConfig>& wanted = config.decoder.conditions;
  const std::size_t events = labelled.events.size();
  labelled.conditions.resize(events * wanted.size());
  for (std::size_t c = 0; c < wanted.size(); ++c) {
    const auto column = std::ranges::find(table.columns, wanted[c].name, &data::Column::name);
    const bool sum = wanted[c].name == kSumCondition;
    if (!sum && (column == table.columns.end() || column->values.size() != events)) {
      return core::badInput(
          "train.conditions",
          fmt::format("condition '{}' is not known of all {} events", wanted[c].name, events), {},
          {"csv files whose columns name it, and no other events"});
    }
    for (std::size_t e = 0; e < events; ++e) {
      const std::int64_t raw =
          sum ? sumCodeCondition(econ_t::floatCodeOf(labelled.events[e].sum(), econ_t::kSumCode),
                                 kConditionFormat)
              : givenCondition(
                    (column->values[e] - wanted[c].low) / (wanted[c].high - wanted[c].low),
                    kConditionFormat);
      labelled.conditions[e * wanted.size() + c] =
          static_cast<float>(static_cast<double>(raw) * kConditionFormat.lsb());
    }
  }
  return labelled;
}

Result<LabelledEvents> loadEvents(const TrainConfig& config) {
  std::map<std::string, data::ShowerGenerator> generators;
  generators.emplace("sparse", data::ShowerGenerator(data::sparse(), config.seed));
  generators.emplace("dense", data::ShowerGenerator(data::dense(), config.seed));
  data::EventTable table;
  for (const GeneratedEvents& part : config.data.generated) {
    const auto found = generators.find(part.regime);
    if (found == generators.end()) {
      return core::badInput("train.out-of-range", "regime is '" + part.regime + "'", {},
                            {"sparse or dense"});
    }
    const auto made = found->second.generate(static_cast<std::size_t>(part.events));
    table.events.insert(table.events.end(), made.begin(), made.end());
  }
  if (auto good = readFiles(config, table); !good) return good.error();
  passThroughCodes(config.data.coding, table.events);
  return label(config, std::move(table));
}

}  // namespace aegen::encoders::training
