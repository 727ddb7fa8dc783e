#include "aegen/encoders/train_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "aegen/core/text_tools.hpp"
#include "aegen/encoders/yaml_reader.hpp"
#include "train_layers.hpp"

namespace aegen::encoders {
namespace {

using core::Diagnostic;

// Allowed values of every number, for the reader and for check().
constexpr IntegerRange kSeed{0, std::numeric_limits<std::int64_t>::max()};
constexpr IntegerRange kEvents{1, 10'000'000};
constexpr IntegerRange kHidden{1, 1024};
constexpr IntegerRange kEtx{1, 13};
constexpr IntegerRange kFilters{1, 256};
constexpr IntegerRange kLatents{1, 256};
constexpr IntegerRange kLatentBits{1, 16};
constexpr IntegerRange kEpochs{1, 100'000};
constexpr IntegerRange kBatch{1, 65'536};
constexpr IntegerRange kSteps{0, 1'000'000};
constexpr IntegerRange kFactor{1, 10};
constexpr IntegerRange kThreads{0, 256};
constexpr IntegerRange kOrNever{0, 100'000};
constexpr IntegerRange kWeightBits{4, 16};
constexpr IntegerRange kFraction{4, 14};
constexpr std::size_t kMaxHiddenLayers = 4;
constexpr double kMaxLearningRate = 1.0;
constexpr double kMaxValidation = 0.5;
constexpr double kMaxDecay = 1.0;
constexpr double kMaxLossWeight = 1e6;
constexpr const char* kNameNote = "a letter, then letters, digits and underscores";

// An integer that may be left out.
template <typename T>
void optionalInteger(YamlReader& reader, const YAML::Node& map, const std::string& path,
                     const char* key, const IntegerRange& range, T& out) {
  if (const YAML::Node node = map[key])
    reader.integer(node, YamlReader::join(path, key), range, out);
}

void readName(YamlReader& reader, const YAML::Node& node, const std::string& path,
              std::string& out) {
  reader.string(node, path, kNameNote, out);
  if (!reader.problem && !core::isIdentifier(out)) {
    reader.fail("out-of-range", fmt::format("'{}' is '{}'", path, out), node.Mark(), {kNameNote});
  }
}

// Calls one(entry, path) for each entry of a list that is not empty.
template <typename One>
void forEach(YamlReader& reader, const YAML::Node& list, const std::string& path,
             const std::string& note, One&& one) {
  if (!list.IsSequence() || list.size() == 0) {
    reader.fail("bad-type", fmt::format("'{}' is not a list", path), list.Mark(), {note});
    return;
  }
  for (std::size_t i = 0; i < list.size() && !reader.problem; ++i) {
    one(list[i], fmt::format("{}[{}]", path, i));
  }
}

void readGenerator(YamlReader& reader, const YAML::Node& list, DataConfig& data) {
  const std::string note = "a list of {regime: sparse or dense, events: N}";
  forEach(reader, list, "data.generator", note, [&](const YAML::Node& entry, const auto& path) {
    if (!reader.checkKeys(entry, path, {"regime", "events"})) return;
    GeneratedEvents events;
    const std::vector<std::string> regimes = {"sparse", "dense"};
    const YAML::Node regime = reader.need(entry, path, "regime", "sparse or dense");
    const YAML::Node count = reader.need(entry, path, "events", allowed(kEvents));
    if (reader.problem) return;
    events.regime = regimes[reader.choice(regime, path + ".regime", regimes)];
    reader.integer(count, path + ".events", kEvents, events.events);
    data.generated.push_back(events);
  });
}

void readCsv(YamlReader& reader, const YAML::Node& csv, DataConfig& data) {
  if (csv.IsScalar()) {
    data.csv.push_back(reader.file(csv, "data.csv"));
    return;
  }
  forEach(reader, csv, "data.csv", "a file or a list of files",
          [&](const YAML::Node& entry, const std::string& path) {
            data.csv.push_back(reader.file(entry, path));
          });
}

void readRx(YamlReader& reader, const YAML::Node& list, DataConfig& data) {
  forEach(reader, list, "data.rx", "a list of {file: PATH, density: high or low}",
          [&](const YAML::Node& entry, const std::string& path) {
            if (!reader.checkKeys(entry, path, {"file", "density"})) return;
            const YAML::Node file = reader.need(entry, path, "file", "ePortRX words, 12 a line");
            if (reader.problem) return;
            RxFile& rx = data.rx.emplace_back();
            rx.file = reader.file(file, path + ".file");
            if (const YAML::Node density = entry["density"]) {
              rx.highDensity = reader.choice(density, path + ".density", {"high", "low"}) == 0;
            }
          });
}

void readData(YamlReader& reader, const YAML::Node& node, DataConfig& data) {
  if (!reader.checkKeys(node, "data", {"generator", "csv", "rx", "coded", "validation_fraction"})) {
    return;
  }
  if (!node["generator"] && !node["csv"] && !node["rx"]) {
    reader.fail("data-choice", "'data' names no events", node.Mark(),
                {"generator: a list of {regime, events}",
                 "csv: files of 48 calibrated charges a line in tc_order",
                 "rx: a list of {file, density}, files of ePortRX words"});
    return;
  }
  if (node["generator"]) readGenerator(reader, node["generator"], data);
  if (node["csv"]) readCsv(reader, node["csv"], data);
  if (node["rx"]) readRx(reader, node["rx"], data);
  if (const YAML::Node coded = node["coded"]) {
    constexpr ChargeCoding kCodings[] = {ChargeCoding::None, ChargeCoding::LowDensity,
                                         ChargeCoding::HighDensity};
    data.coding = kCodings[reader.choice(coded, "data.coded", {"none", "low", "high"})];
  }
  if (const YAML::Node fraction = node["validation_fraction"]) {
    reader.positive(fraction, "data.validation_fraction", kMaxValidation, data.validationFraction);
  }
}

void readEncoder(YamlReader& reader, const YAML::Node& encoder, TrainConfig& config) {
  if (!encoder.IsMap() || !encoder["layers"]) {
    if (!reader.checkKeys(
            encoder, "encoder",
            {"preset", "layers", "filters", "latents", "latent_bits", "truncate_products"})) {
      return;
    }
    if (encoder["preset"]) (void)reader.choice(encoder["preset"], "encoder.preset", {"econ_t"});
    EconTPreset preset;
    optionalInteger(reader, encoder, "encoder", "filters", kFilters, preset.filters);
    optionalInteger(reader, encoder, "encoder", "latents", kLatents, preset.latents);
    optionalInteger(reader, encoder, "encoder", "latent_bits", kLatentBits, preset.latentBits);
    if (const YAML::Node truncate = encoder["truncate_products"]) {
      reader.boolean(truncate, "encoder.truncate_products", preset.truncateProducts);
    }
    config.encoder = layersOf(preset);
  } else if (reader.checkKeys(encoder, "encoder", {"layers"})) {
    config.encoder = readLayers(reader, encoder["layers"], "encoder.layers", false);
  }
}

void readHidden(YamlReader& reader, const YAML::Node& hidden, DecoderConfig& decoder) {
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
  std::vector<int> sizes(hidden.size());
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    reader.integer(hidden[i], fmt::format("decoder.hidden[{}]", i), kHidden, sizes[i]);
  }
  decoder.layers = denseDecoder(sizes);
}

void readConditions(YamlReader& reader, const YAML::Node& list, DecoderConfig& decoder) {
  forEach(reader, list, "decoder.conditions",
          "a list of `sum` and of {name: COLUMN, low: x, high: y}",
          [&](const YAML::Node& entry, const std::string& path) {
            ConditionConfig& condition = decoder.conditions.emplace_back();
            if (entry.IsScalar()) return readName(reader, entry, path, condition.name);
            if (!reader.checkKeys(entry, path, {"name", "low", "high"})) return;
            const YAML::Node name = reader.need(entry, path, "name", "a column of the data");
            if (reader.problem) return;
            readName(reader, name, path + ".name", condition.name);
            if (entry["low"]) reader.number(entry["low"], path + ".low", condition.low);
            if (entry["high"]) reader.number(entry["high"], path + ".high", condition.high);
            if (!reader.problem && !(condition.high > condition.low)) {
              reader.fail("out-of-range", fmt::format("'{}' has no range", path), entry.Mark(),
                          {"high must be above low"});
            }
          });
}

void readDecoder(YamlReader& reader, const YAML::Node& node, DecoderConfig& decoder) {
  if (!reader.checkKeys(
          node, "decoder",
          {"hidden", "layers", "conditions", "quantized", "weight_bits", "fraction"})) {
    return;
  }
  if (node["hidden"] && node["layers"]) {
    reader.fail("data-choice", "'decoder' names both 'hidden' and 'layers'", node.Mark(),
                {"hidden is short for dense layers with relu"});
    return;
  }
  if (node["quantized"]) reader.boolean(node["quantized"], "decoder.quantized", decoder.quantized);
  if (decoder.quantized && !node["layers"]) {
    reader.fail("missing-key", "'decoder.layers' is missing", node.Mark(),
                {"a quantized decoder states its formats layer by layer"});
    return;
  }
  if (node["hidden"]) readHidden(reader, node["hidden"], decoder);
  if (node["layers"]) {
    decoder.layers = readLayers(reader, node["layers"], "decoder.layers", !decoder.quantized);
  }
  if (node["conditions"]) readConditions(reader, node["conditions"], decoder);
  optionalInteger(reader, node, "decoder", "weight_bits", kWeightBits, decoder.weightBits);
  optionalInteger(reader, node, "decoder", "fraction", kFraction, decoder.fraction);
}

void readLink(YamlReader& reader, const YAML::Node& node, LinkConfig& link) {
  if (!reader.checkKeys(node, "link", {"etx", "latent_bits", "mask"})) return;
  optionalInteger(reader, node, "link", "etx", kEtx, link.activeEtx);
  optionalInteger(reader, node, "link", "latent_bits", kLatentBits, link.latentBits);
  const YAML::Node mask = node["mask"];
  if (!mask) return;
  const std::string note = "a text of 0 and 1, the top bit of the last latent first";
  std::string text;
  reader.string(mask, "link.mask", note, text);
  if (!reader.problem &&
      (node["latent_bits"] || text.empty() || text.find_first_not_of("01") != std::string::npos)) {
    reader.fail("out-of-range", "'link.mask' is no mask, or stands beside 'latent_bits'",
                mask.Mark(), {note});
  }
  for (const char bit : text) link.keep.push_back(bit == '1');
}

void readLoss(YamlReader& reader, const YAML::Node& entry, const std::string& path,
              LossTerm& term) {
  if (!reader.checkKeys(entry, path,
                        {"kind", "weight", "weight_to", "from", "to", "epsilon", "directions"})) {
    return;
  }
  std::vector<std::string> names;
  for (const LossKind kind : kLossKinds) names.emplace_back(text(kind));
  const YAML::Node kind = reader.need(entry, path, "kind", "which loss");
  if (reader.problem) return;
  term.kind = kLossKinds[reader.choice(kind, path + ".kind", names)];
  if (entry["weight"]) reader.number(entry["weight"], path + ".weight", term.weight);
  if (entry["weight_to"]) {
    reader.number(entry["weight_to"], path + ".weight_to", term.weightTo.emplace());
  }
  optionalInteger(reader, entry, path, "from", kEpochs, term.fromEpoch);
  if (entry["to"]) reader.integer(entry["to"], path + ".to", kEpochs, term.toEpoch.emplace());
  if (entry["epsilon"]) reader.number(entry["epsilon"], path + ".epsilon", term.epsilon);
  optionalInteger(reader, entry, path, "directions", kHidden, term.directions);
}

void readLosses(YamlReader& reader, const YAML::Node& list, TrainConfig& config) {
  config.losses.clear();
  forEach(reader, list, "loss", "a list of {kind, weight, from, to}",
          [&](const YAML::Node& entry, const std::string& path) {
            readLoss(reader, entry, path, config.losses.emplace_back());
          });
}

void readSchedule(YamlReader& reader, const YAML::Node& node, TrainingConfig& training) {
  if (const YAML::Node schedule = node["schedule"]) {
    constexpr Schedule kSchedules[] = {Schedule::Cosine, Schedule::WarmRestarts,
                                       Schedule::Constant};
    training.schedule = kSchedules[reader.choice(schedule, "training.schedule",
                                                 {"cosine", "warm_restarts", "constant"})];
  }
  optionalInteger(reader, node, "training", "restart_epochs", kEpochs, training.restartEpochs);
  optionalInteger(reader, node, "training", "restart_factor", kFactor, training.restartFactor);
  optionalInteger(reader, node, "training", "warm_up", kSteps, training.warmUpSteps);
}

void readTraining(YamlReader& reader, const YAML::Node& node, TrainingConfig& training) {
  if (!reader.checkKeys(node, "training",
                        {"epochs", "batch", "optimizer", "weight_decay", "learning_rate",
                         "schedule", "restart_epochs", "restart_factor", "warm_up",
                         "early_stopping", "balanced_start", "threads", "checkpoint"})) {
    return;
  }
  if (const YAML::Node spread = node["balanced_start"]) {
    reader.boolean(spread, "training.balanced_start", training.balancedStart);
  }
  const YAML::Node epochs = reader.need(node, "training", "epochs", allowed(kEpochs));
  if (reader.problem) return;
  reader.integer(epochs, "training.epochs", kEpochs, training.epochs);
  optionalInteger(reader, node, "training", "batch", kBatch, training.batch);
  if (const YAML::Node rate = node["learning_rate"]) {
    reader.positive(rate, "training.learning_rate", kMaxLearningRate, training.learningRate);
  }
  const bool adamw = node["optimizer"] &&
                     reader.choice(node["optimizer"], "training.optimizer", {"adam", "adamw"}) == 1;
  if (adamw) training.weightDecay = 0.01;
  if (const YAML::Node decay = node["weight_decay"]) {
    reader.positive(decay, "training.weight_decay", kMaxDecay, training.weightDecay);
    if (!adamw) {
      reader.fail("out-of-range", "'training.weight_decay' needs another optimizer", decay.Mark(),
                  {"optimizer: adamw"});
    }
  }
  readSchedule(reader, node, training);
  if (const YAML::Node stopping = node["early_stopping"]) {
    if (!reader.checkKeys(stopping, "training.early_stopping", {"patience"})) return;
    const YAML::Node patience = reader.need(stopping, "training.early_stopping", "patience",
                                            "epochs without a better one before the run ends");
    if (reader.problem) return;
    reader.integer(patience, "training.early_stopping.patience", kEpochs, training.patience);
  }
  optionalInteger(reader, node, "training", "threads", kThreads, training.threads);
  optionalInteger(reader, node, "training", "checkpoint", kOrNever, training.checkpointEpochs);
}

void readAll(YamlReader& reader, const YAML::Node& root, TrainConfig& config) {
  if (!reader.checkKeys(
          root, "", {"name", "seed", "data", "encoder", "link", "decoder", "loss", "training"})) {
    return;
  }
  const YAML::Node seed = reader.need(root, "", "seed", allowed(kSeed));
  const YAML::Node data = reader.need(root, "", "data", "where the events come from");
  const YAML::Node training = reader.need(root, "", "training", "at least its epochs");
  if (reader.problem) return;
  reader.integer(seed, "seed", kSeed, config.seed);
  if (root["name"]) readName(reader, root["name"], "name", config.name);
  readData(reader, data, config.data);
  if (root["encoder"]) readEncoder(reader, root["encoder"], config);
  if (root["link"]) readLink(reader, root["link"], config.link);
  if (root["decoder"]) readDecoder(reader, root["decoder"], config.decoder);
  if (root["loss"]) readLosses(reader, root["loss"], config);
  readTraining(reader, training, config.training);
  if (reader.problem) return;
  if (const auto good = check(config.losses, config.training.epochs); !good) {
    reader.fail("loss", good.error().message, (root["loss"] ? root["loss"] : root).Mark(),
                good.error().notes);
  }
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
  const TrainingConfig& training = config.training;
  const std::vector<std::optional<Diagnostic>> problems = {
      outside("activeEtx", config.link.activeEtx, kEtx),
      outside("latentBits", config.link.latentBits, {0, kLatentBits.high}),
      outside("epochs", training.epochs, kEpochs),
      outside("batch", training.batch, kBatch),
      outside("threads", training.threads, kThreads),
      outside("restartEpochs", training.restartEpochs, kEpochs),
      outside("restartFactor", training.restartFactor, kFactor),
      outside("warmUpSteps", training.warmUpSteps, kSteps),
      outside("decoder.weightBits", config.decoder.weightBits, kWeightBits),
      outside("decoder.fraction", config.decoder.fraction, kFraction),
      outside("losses", static_cast<std::int64_t>(config.losses.size()), {1, 100})};
  for (const std::optional<Diagnostic>& problem : problems) {
    if (problem) return *problem;
  }
  const auto inside = [](double value, double high) { return value > 0 && value <= high; };
  if (!inside(training.learningRate, kMaxLearningRate) ||
      !inside(config.data.validationFraction, kMaxValidation)) {
    return core::badInput(
        "train.out-of-range",
        fmt::format("learningRate is {}, validationFraction {}", training.learningRate,
                    config.data.validationFraction),
        {}, {fmt::format("above 0 and up to {} and {}", kMaxLearningRate, kMaxValidation)});
  }
  if (!core::isIdentifier(config.name)) {
    return core::badInput("train.out-of-range", fmt::format("name is '{}'", config.name), {},
                          {kNameNote});
  }
  return check(config.losses, training.epochs);
}

}  // namespace aegen::encoders
