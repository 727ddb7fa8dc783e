#include "event_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>

#include "../econ_t_path.hpp"
#include "../link_string.hpp"
#include "aegen/core/files.hpp"
#include "aegen/data/shower_generator.hpp"

namespace aegen::encoders::training {
namespace {

using core::Result;

using Table = std::map<std::string, std::vector<double>, std::less<>>;

core::Diagnostic wrong(std::string message, std::string where, std::vector<std::string> notes) {
  return core::badInput("train.conditions", std::move(message), std::move(where), std::move(notes));
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> parts;
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  for (;;) {
    const std::size_t comma = line.find(',');
    parts.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    line.remove_prefix(comma + 1);
  }
}

// A header of names, then a line of numbers an event.
Result<Table> readTable(const std::filesystem::path& file) {
  const auto text = core::readFile(file);
  if (!text) return text.error();
  Table table;
  std::vector<std::string> names;
  std::string_view rest = *text;
  for (int line = 1; !rest.empty(); ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto parts = split(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::string where = fmt::format("{}:{}", file.string(), line);
    if (line == 1) {
      names.assign(parts.begin(), parts.end());
      for (const std::string& name : names) table[name];
      continue;
    }
    if (parts.size() != names.size()) {
      return wrong(fmt::format("{} columns, the header has {}", parts.size(), names.size()), where,
                   {});
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      double value = 0;
      const char* last = parts[i].data() + parts[i].size();
      const auto read = std::from_chars(parts[i].data(), last, value);
      if (read.ec != std::errc() || read.ptr != last) {
        return wrong(fmt::format("'{}' is not a number", parts[i]), where, {});
      }
      table[names[i]].push_back(value);
    }
  }
  return table;
}

Result<void> readFiles(const DataConfig& config, std::vector<data::Event>& events) {
  const auto add = [&](const Result<std::vector<data::Event>>& more) -> Result<void> {
    if (!more) return more.error();
    events.insert(events.end(), more->begin(), more->end());
    return {};
  };
  for (const auto& file : config.csv) {
    if (auto good = add(data::readCalqCsv(file)); !good) return good;
  }
  for (const RxFile& rx : config.rx) {
    const auto crossings = data::readRxCsv(rx.file);
    if (!crossings) return crossings.error();
    data::InputSettings settings = data::InputSettings::plain();
    settings.highDensity = rx.highDensity;
    if (auto good = add(data::decodeRx(*crossings, settings)); !good) return good;
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

Result<LabelledEvents> label(const TrainConfig& config, std::vector<data::Event> events) {
  LabelledEvents labelled;
  labelled.events = std::move(events);
  const std::vector<ConditionConfig>& wanted = config.decoder.conditions;
  Table table;
  if (!config.data.conditions.empty()) {
    auto read = readTable(config.data.conditions);
    if (!read) return read.error();
    table = std::move(*read);
  }
  constexpr double kSteps = 512;  // of u9.9, the format of conditions
  labelled.conditions.resize(labelled.events.size() * wanted.size());
  for (std::size_t c = 0; c < wanted.size(); ++c) {
    const bool sum = wanted[c].name == "sum";
    const auto column = table.find(wanted[c].name);
    if (!sum && (column == table.end() || column->second.size() != labelled.events.size())) {
      return wrong(fmt::format("condition '{}' is not known of all {} events", wanted[c].name,
                               labelled.events.size()),
                   config.data.conditions.string(),
                   {"data.conditions: a csv file with that column and a line an event"});
    }
    for (std::size_t e = 0; e < labelled.events.size(); ++e) {
      const double value =
          sum ? static_cast<double>(econ_t::floatCodeOf(labelled.events[e].sum(), econ_t::kSumCode))
              : kSteps * (column->second[e] - wanted[c].low) / (wanted[c].high - wanted[c].low);
      labelled.conditions[e * wanted.size() + c] =
          static_cast<float>(std::clamp(std::nearbyint(value), 0.0, kSteps - 1) / kSteps);
    }
  }
  return labelled;
}

Result<LabelledEvents> loadEvents(const TrainConfig& config) {
  std::map<std::string, data::ShowerGenerator> generators;
  generators.emplace("sparse", data::ShowerGenerator(data::sparse(), config.seed));
  generators.emplace("dense", data::ShowerGenerator(data::dense(), config.seed));
  std::vector<data::Event> events;
  for (const GeneratedEvents& part : config.data.generated) {
    const auto found = generators.find(part.regime);
    if (found == generators.end()) {
      return core::badInput("train.out-of-range", "regime is '" + part.regime + "'", {},
                            {"sparse or dense"});
    }
    const auto made = found->second.generate(static_cast<std::size_t>(part.events));
    events.insert(events.end(), made.begin(), made.end());
  }
  if (auto good = readFiles(config.data, events); !good) return good.error();
  passThroughCodes(config.data.coding, events);
  return label(config, std::move(events));
}

}  // namespace aegen::encoders::training
