#include "aegen/encoders/train_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "aegen/core/text_tools.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/yaml_reader.hpp"

namespace aegen::encoders {
namespace {

using core::Diagnostic;

// Allowed values of every number, for the reader and for check().
constexpr IntegerRange kSeed{0, std::numeric_limits<std::int64_t>::max()};
constexpr IntegerRange kEvents{1, 10'000'000};
constexpr IntegerRange kHidden{1, 1024};
constexpr IntegerRange kEtx{1, 5};
constexpr IntegerRange kEpochs{1, 100'000};
constexpr IntegerRange kBatch{1, 65'536};
constexpr IntegerRange kWeightBits{4, 16};
constexpr IntegerRange kFraction{4, 14};
constexpr std::size_t kMaxHiddenLayers = 4;
constexpr double kMaxLearningRate = 1.0;
constexpr double kMaxValidation = 0.5;

// The 16 latents' bits that fit on the links beside header and module sum.
int maxLatentBits(int activeEtx) {
  return std::min(econ_t::sentLatentBits(activeEtx) / econ_t::kLatents, econ_t::kLatentBits);
}

void readGenerator(YamlReader& reader, const YAML::Node& list, TrainConfig& config) {
  const std::string note = "a list of {regime: sparse or dense, events: N}";
  if (!list.IsSequence() || list.size() == 0) {
    reader.fail("bad-type", "'data.generator' is not a list of regimes", list.Mark(), {note});
    return;
  }
  for (std::size_t i = 0; i < list.size() && !reader.problem; ++i) {
    const std::string path = fmt::format("data.generator[{}]", i);
    const YAML::Node& entry = list[i];
    if (!reader.checkKeys(entry, path, {"regime", "events"})) return;
    GeneratedEvents events;
    const std::vector<std::string> regimes = {"sparse", "dense"};
    const YAML::Node regime = reader.need(entry, path, "regime", "sparse or dense");
    const YAML::Node count = reader.need(entry, path, "events", allowed(kEvents));
    if (reader.problem) return;
    events.regime = regimes[reader.choice(regime, path + ".regime", regimes)];
    reader.integer(count, path + ".events", kEvents, events.events);
    config.generated.push_back(events);
  }
}

void readData(YamlReader& reader, const YAML::Node& data, TrainConfig& config) {
  if (!reader.checkKeys(data, "data", {"generator", "csv", "validation_fraction"})) return;
  const YAML::Node generator = data["generator"];
  const YAML::Node csv = data["csv"];
  if (static_cast<bool>(generator) == static_cast<bool>(csv)) {
    reader.fail("data-choice", "'data' must name either 'generator' or 'csv'", data.Mark(),
                {"generator: a list of {regime, events}",
                 "csv: a file of 48 calibrated charges a line in tc_order"});
    return;
  }
  if (generator) readGenerator(reader, generator, config);
  if (csv) config.csv = reader.file(csv, "data.csv");
  if (const YAML::Node fraction = data["validation_fraction"]) {
    reader.positive(fraction, "data.validation_fraction", kMaxValidation,
                    config.validationFraction);
  }
}

void readDecoder(YamlReader& reader, const YAML::Node& decoder, TrainConfig& config) {
  if (!reader.checkKeys(decoder, "decoder", {"hidden", "weight_bits", "fraction"})) return;
  if (const YAML::Node hidden = decoder["hidden"]) {
    config.decoderHidden.clear();
    const std::string note =
        fmt::format("a list of up to {} sizes, each {}", kMaxHiddenLayers, allowed(kHidden));
    if (!hidden.IsSequence()) {
      reader.fail("bad-type", "'decoder.hidden' is not a list", hidden.Mark(), {note});
      return;
    }
    if (hidden.size() > kMaxHiddenLayers) {
      reader.fail("out-of-range", fmt::format("'decoder.hidden' has {} layers", hidden.size()),
                  hidden.Mark(), {note});
    }
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      int size = 0;
      reader.integer(hidden[i], fmt::format("decoder.hidden[{}]", i), kHidden, size);
      config.decoderHidden.push_back(size);
    }
  }
  if (const YAML::Node bits = decoder["weight_bits"]) {
    reader.integer(bits, "decoder.weight_bits", kWeightBits, config.decoderWeightBits);
  }
  if (const YAML::Node fraction = decoder["fraction"]) {
    reader.integer(fraction, "decoder.fraction", kFraction, config.decoderFraction);
  }
}

void readLink(YamlReader& reader, const YAML::Node& link, TrainConfig& config) {
  if (!reader.checkKeys(link, "link", {"etx", "latent_bits"})) return;
  if (const YAML::Node etx = link["etx"]) {
    reader.integer(etx, "link.etx", kEtx, config.activeEtx);
  }
  config.latentBits = maxLatentBits(config.activeEtx);
  if (const YAML::Node bits = link["latent_bits"]) {
    reader.integer(bits, "link.latent_bits", {1, maxLatentBits(config.activeEtx)},
                   config.latentBits);
  }
}

void readTraining(YamlReader& reader, const YAML::Node& training, TrainConfig& config) {
  if (!reader.checkKeys(training, "training", {"epochs", "batch", "learning_rate"})) return;
  const YAML::Node epochs = reader.need(training, "training", "epochs", allowed(kEpochs));
  if (reader.problem) return;
  reader.integer(epochs, "training.epochs", kEpochs, config.epochs);
  if (const YAML::Node batch = training["batch"]) {
    reader.integer(batch, "training.batch", kBatch, config.batch);
  }
  if (const YAML::Node rate = training["learning_rate"]) {
    reader.positive(rate, "training.learning_rate", kMaxLearningRate, config.learningRate);
  }
}

void readAll(YamlReader& reader, const YAML::Node& root, TrainConfig& config) {
  if (!reader.checkKeys(root, "",
                        {"name", "seed", "data", "encoder", "link", "decoder", "training"})) {
    return;
  }
  const YAML::Node seed = reader.need(root, "", "seed", allowed(kSeed));
  const YAML::Node data = reader.need(root, "", "data", "where the events come from");
  const YAML::Node training = reader.need(root, "", "training", "at least its epochs");
  if (reader.problem) return;
  reader.integer(seed, "seed", kSeed, config.seed);
  if (const YAML::Node name = root["name"]) {
    const std::string note = "a letter, then letters, digits and underscores";
    reader.string(name, "name", note, config.name);
    if (!reader.problem && !core::isIdentifier(config.name)) {
      reader.fail("out-of-range", fmt::format("'name' is '{}'", config.name), name.Mark(), {note});
    }
  }
  readData(reader, data, config);
  if (const YAML::Node encoder = root["encoder"]) {
    if (reader.checkKeys(encoder, "encoder", {"truncate_products"})) {
      if (const YAML::Node truncate = encoder["truncate_products"]) {
        reader.boolean(truncate, "encoder.truncate_products", config.truncateProducts);
      }
    }
  }
  if (const YAML::Node link = root["link"]) readLink(reader, link, config);
  if (const YAML::Node decoder = root["decoder"]) readDecoder(reader, decoder, config);
  readTraining(reader, training, config);
}

std::optional<Diagnostic> outside(std::string_view what, std::int64_t value,
                                  const IntegerRange& range) {
  if (value >= range.low && value <= range.high) return std::nullopt;
  return core::badInput("train.out-of-range", fmt::format("{} is {}", what, value), {},
                        {allowed(range)});
}

}  // namespace

core::Result<TrainConfig> loadTrainConfig(const std::filesystem::path& file) {
  YamlReader reader(file, "train");
  TrainConfig config;
  const YAML::Node root = reader.load();
  if (!reader.problem) readAll(reader, root, config);
  if (reader.problem) return *reader.problem;
  return config;
}

core::Result<void> check(const TrainConfig& config) {
  std::vector<std::optional<Diagnostic>> problems = {
      outside("activeEtx", config.activeEtx, kEtx),
      outside("latentBits", config.latentBits, {1, maxLatentBits(config.activeEtx)}),
      outside("epochs", config.epochs, kEpochs),
      outside("batch", config.batch, kBatch),
      outside("decoderWeightBits", config.decoderWeightBits, kWeightBits),
      outside("decoderFraction", config.decoderFraction, kFraction),
      outside("hidden layers", static_cast<std::int64_t>(config.decoderHidden.size()),
              {0, static_cast<std::int64_t>(kMaxHiddenLayers)})};
  for (const int size : config.decoderHidden) {
    problems.push_back(outside("decoderHidden", size, kHidden));
  }
  for (const std::optional<Diagnostic>& problem : problems) {
    if (problem) return *problem;
  }
  const auto inside = [](double value, double high) { return value > 0 && value <= high; };
  if (!inside(config.learningRate, kMaxLearningRate) ||
      !inside(config.validationFraction, kMaxValidation)) {
    return core::badInput(
        "train.out-of-range",
        fmt::format("learningRate is {}, validationFraction {}", config.learningRate,
                    config.validationFraction),
        {}, {fmt::format("above 0 and up to {} and {}", kMaxLearningRate, kMaxValidation)});
  }
  if (!core::isIdentifier(config.name)) {
    return core::badInput("train.out-of-range", fmt::format("name is '{}'", config.name), {},
                          {"a letter, then letters, digits and underscores"});
  }
  return {};
}

}  // namespace aegen::encoders
