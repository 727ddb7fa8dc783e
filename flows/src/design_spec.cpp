#include "aegen/flows/design_spec.hpp"

#include <algorithm>

#include "aegen/core/bind_config.hpp"
#include "aegen/core/pipeline_design.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/encoders/freeze.hpp"
#include "aegen/encoders/vector_set.hpp"
#include "aegen/encoders/yaml_reader.hpp"
#include "aegen/flows/timing.hpp"

namespace aegen::flows {
namespace {

using core::Result;
using encoders::IntegerRange;
using encoders::YamlReader;
using encoders::econ_t::Algorithm;
using encoders::econ_t::ChipSettings;
namespace econ_t = encoders::econ_t;

constexpr int kUsualEtx = 5;

// One value for all channels, or a list of one each.
template <typename T>
void readChannels(YamlReader& reader, const YAML::Node& node, const std::string& path,
                  const IntegerRange& range, std::vector<T>& out) {
  if (node.IsScalar()) {
    int value = 0;
    reader.integer(node, path, range, value);
    out.assign(out.size(), value);
    return;
  }
  if (!node.IsSequence() || node.size() != out.size()) {
    reader.fail("bad-type",
                "'" + path + "' must be a list of " + std::to_string(out.size()) + " integers",
                node.Mark(), {"each " + encoders::allowed(range)});
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    int value = 0;
    reader.integer(node[i], path + "[" + std::to_string(i) + "]", range, value);
    out[i] = value;
  }
}

void readBuffer(YamlReader& reader, const YAML::Node& node, ChipSettings& out) {
  if (!reader.checkKeys(node, "settings.buffer", {"t1", "t2", "t3"})) return;
  const auto threshold = [&](const char* key, int& value) {
    if (node[key])
      reader.integer(node[key], std::string("settings.buffer.") + key, {0, 511}, value);
  };
  threshold("t1", out.t1);
  threshold("t2", out.t2);
  threshold("t3", out.t3);
}

// An encoder by its name, e.g. best_choice.
Algorithm readAlgorithm(YamlReader& reader, const YAML::Node& node, const std::string& path) {
  std::vector<std::string> names;
  for (const Algorithm algorithm : econ_t::kAlgorithms) {
    names.emplace_back(econ_t::text(algorithm));
  }
  return econ_t::kAlgorithms[reader.choice(node, path, names)];
}

void readSettings(YamlReader& reader, const YAML::Node& node, const econ_t::PathShape& shape,
                  ChipSettings& out) {
  if (!reader.checkKeys(
          node, "settings",
          {"algorithm", "high_density", "mux", "calibration", "threshold", "drop_lsb", "stc_type",
           "use_sum", "sync_word", "active_etx", "latent_bits", "conditions", "buffer"})) {
    return;
  }
  const auto integer = [&](const char* key, const IntegerRange& range, int& value) {
    if (node[key]) reader.integer(node[key], std::string("settings.") + key, range, value);
  };
  const auto boolean = [&](const char* key, bool& value) {
    if (node[key]) reader.boolean(node[key], std::string("settings.") + key, value);
  };
  if (const auto n = node["algorithm"]) {
    out.algorithm = readAlgorithm(reader, n, "settings.algorithm");
  }
  boolean("high_density", out.highDensity);
  boolean("use_sum", out.useSum);
  if (const auto n = node["mux"]) {
    readChannels(reader, n, "settings.mux", {0, shape.channels - 1}, out.mux);
  }
  if (const auto n = node["calibration"]) {
    readChannels(reader, n, "settings.calibration", {0, 4095}, out.calibration);
  }
  if (const auto n = node["threshold"]) {
    readChannels(reader, n, "settings.threshold", {0, (1 << econ_t::kChargeBits) - 1},
                 out.threshold);
  }
  integer("drop_lsb", {0, 15}, out.dropLsb);
  integer("stc_type", {0, static_cast<int>(shape.stc.size()) - 1}, out.stcType);
  integer("sync_word", {0, (1 << econ_t::kSyncBits) - 1}, out.syncWord);
  integer("active_etx", {1, shape.etx}, out.activeEtx);
  if (const auto n = node["buffer"]) readBuffer(reader, n, out);
}

// Settings of an autoencoder, which mean something together with its model.
void readModelSettings(YamlReader& reader, const YAML::Node& node, DesignSpec& out) {
  if (const auto n = node["latent_bits"]) {
    int bits = 0;
    reader.integer(n, "settings.latent_bits", {1, econ_t::kMostLatentBits}, bits);
    out.latentBits = bits;
  }
  const auto conditions = node["conditions"];
  if (!conditions) return;
  if (!conditions.IsMap()) {
    reader.fail("bad-type", "'settings.conditions' must be a map", conditions.Mark(),
                {"values of the model's given conditions, such as {eta: 2.1}"});
    return;
  }
  for (const auto& entry : conditions) {
    const auto name = entry.first.as<std::string>();
    reader.number(entry.second, "settings.conditions." + name, out.conditions[name]);
  }
}

void readLink(YamlReader& reader, const YAML::Node& node, DesignSpec& out) {
  if (!reader.checkKeys(node, "link", {"mask"})) return;
  if (const auto n = node["mask"]) {
    out.chip.maskLoadable = reader.choice(n, "link.mask", {"loadable", "hard_wired"}) == 0;
  }
}

// A float code, e.g. 4E3M.
void readCode(YamlReader& reader, const YAML::Node& node, const std::string& path,
              encoders::FloatCode& out) {
  std::string text;
  reader.string(node, path, "a float code such as 4E3M", text);
  const auto code = encoders::FloatCode::parse(text);
  if (code) {
    out = *code;
  } else if (!reader.problem) {
    reader.fail("out-of-range", "'" + path + "' is '" + text + "'", node.Mark(),
                {"exponent and mantissa bits, 1E1M to 6E8M, such as 4E3M"});
  }
}

void readSuperTriggerCell(YamlReader& reader, const YAML::Node& node, const std::string& path,
                          econ_t::StcType& out) {
  if (!reader.checkKeys(node, path, {"cells", "address", "sum", "drops"})) return;
  if (const auto n = node["cells"]) reader.integer(n, path + ".cells", {2, 64}, out.cells);
  if (const auto n = node["address"]) reader.boolean(n, path + ".address", out.address);
  if (const auto n = node["drops"]) reader.boolean(n, path + ".drops", out.drops);
  if (const auto n = node["sum"]) readCode(reader, n, path + ".sum", out.sum);
}

void readShape(YamlReader& reader, const YAML::Node& node, econ_t::PathShape& out) {
  if (!reader.checkKeys(node, "shape",
                        {"channels", "etx", "buffer_words", "charge_code", "sum_code", "count_bits",
                         "best_choice_cells", "super_trigger_cells"})) {
    return;
  }
  const auto integer = [&](const char* key, const IntegerRange& range, int& value) {
    if (node[key]) reader.integer(node[key], std::string("shape.") + key, range, value);
  };
  integer("channels", {4, 124}, out.channels);
  integer("etx", {1, 15}, out.etx);
  integer("buffer_words", {1, 511}, out.bufferWords);
  integer("count_bits", {1, 4}, out.countBits);
  integer("best_choice_cells", {0, 124}, out.bestChoiceMost);
  if (const auto n = node["charge_code"]) readCode(reader, n, "shape.charge_code", out.charge);
  if (const auto n = node["sum_code"]) readCode(reader, n, "shape.sum_code", out.sum);
  if (const auto n = node["super_trigger_cells"]) {
    if (!n.IsSequence() || n.size() == 0) {
      reader.fail("bad-type", "'shape.super_trigger_cells' must be a list of kinds", n.Mark(),
                  {"each with cells, address, sum, drops"});
      return;
    }
    out.stc.assign(n.size(), {});
    for (std::size_t i = 0; i < n.size(); ++i) {
      readSuperTriggerCell(reader, n[i], "shape.super_trigger_cells[" + std::to_string(i) + "]",
                           out.stc[i]);
    }
  }
}

// `i2c`, or a map that says more.
void readSerial(YamlReader& reader, const YAML::Node& node, std::optional<core::SerialPort>& out) {
  core::SerialPort port;
  if (node.IsScalar()) {
    static_cast<void>(reader.choice(node, "serial", {"i2c"}));
    out = port;
    return;
  }
  if (!node.IsMap()) {
    reader.fail("bad-type", "'serial' must be i2c, or a map of it", node.Mark(),
                {"i2c: {address: 0x20, address_pins: 4}, or what of it differs"});
    return;
  }
  if (!reader.checkKeys(node, "serial", {"i2c"})) return;
  const YAML::Node i2c = reader.need(node, "serial", "i2c", "address and address_pins");
  if (reader.problem || !reader.checkKeys(i2c, "serial.i2c", {"address", "address_pins"})) return;
  if (const auto n = i2c["address"]) {
    reader.integer(n, "serial.i2c.address", {0, 127}, port.addressBase);
  }
  if (const auto n = i2c["address_pins"]) {
    reader.integer(n, "serial.i2c.address_pins", {0, 7}, port.addressPins);
  }
  out = port;
}

// `none`, or a map of how hard to look and how deep sums may be.
void readAdderGraphs(YamlReader& reader, const YAML::Node& node,
                     std::optional<core::AdderGraphOptions>& out) {
  if (node.IsScalar()) {
    static_cast<void>(reader.choice(node, "adder_graphs", {"none"}));
    out.reset();
    return;
  }
  if (!node.IsMap()) {
    reader.fail("bad-type", "'adder_graphs' must be none, or a map", node.Mark(),
                {"effort: 1, max_depth: 12, or one of them"});
    return;
  }
  if (!reader.checkKeys(node, "adder_graphs", {"effort", "max_depth"})) return;
  if (const auto n = node["effort"]) {
    reader.integer(n, "adder_graphs.effort", {0, 9}, out->effort);
  }
  if (const auto n = node["max_depth"]) {
    int depth = 0;
    reader.integer(n, "adder_graphs.max_depth", {1, 64}, depth);
    out->maxDepth = depth;
  }
}

void readEncoders(YamlReader& reader, const YAML::Node& node, std::vector<Algorithm>& out) {
  out.clear();
  if (node.IsScalar() && node.Scalar() == "all") {
    out.assign(econ_t::kAlgorithms.begin(), econ_t::kAlgorithms.end());
    return;
  }
  if (node.IsScalar()) {
    out = {readAlgorithm(reader, node, "encoders")};
    return;
  }
  if (!node.IsSequence() || node.size() == 0) {
    reader.fail("bad-type", "'encoders' must be a list of encoders, one of them, or all",
                node.Mark(),
                {"threshold_sum, super_trigger_cell, best_choice, repeater, autoencoder"});
    return;
  }
  for (std::size_t i = 0; i < node.size(); ++i) {
    out.push_back(readAlgorithm(reader, node[i], "encoders[" + std::to_string(i) + "]"));
  }
}

void readLatency(YamlReader& reader, const YAML::Node& node, DesignSpec& out) {
  if (!reader.checkKeys(node, "latency", {"encoder", "formatter", "link", "decoder"})) return;
  const auto crossings = [&](const char* key, const IntegerRange& range, auto& value) {
    if (!node[key]) return;
    int read = 0;
    reader.integer(node[key], std::string("latency.") + key, range, read);
    value = read;
  };
  crossings("encoder", {1, 8}, out.chip.encoderLatency);
  crossings("formatter", {1, 3}, out.chip.formatterLatency);
  crossings("link", {0, 64}, out.linkLatency);
  crossings("decoder", {1, 64}, out.decoderLatency);
}

void readEvents(YamlReader& reader, const YAML::Node& node, EventSource& out) {
  if (!reader.checkKeys(node, "events", {"generator", "rx_file", "calq_file", "crossings"})) return;
  const int sources = static_cast<int>(static_cast<bool>(node["generator"])) +
                      static_cast<int>(static_cast<bool>(node["rx_file"])) +
                      static_cast<int>(static_cast<bool>(node["calq_file"]));
  if (sources != 1) {
    reader.fail("events-choice", "'events' must name one of generator, rx_file, calq_file",
                node.Mark(), {"generator: sparse or dense"});
    return;
  }
  if (const auto n = node["generator"]) {
    const std::vector<std::string> regimes{"sparse", "dense"};
    out.regime = regimes[reader.choice(n, "events.generator", regimes)];
  }
  if (const auto n = node["rx_file"]) {
    out.kind = EventSource::Kind::RxFile;
    out.file = reader.file(n, "events.rx_file");
  }
  if (const auto n = node["calq_file"]) {
    out.kind = EventSource::Kind::CalqFile;
    out.file = reader.file(n, "events.calq_file");
  }
  if (const auto n = node["crossings"]) {
    reader.integer(n, "events.crossings", {1, 1'000'000'000}, out.crossings);
  }
}

// A list of passes; or none, default, or one of them.
void readPasses(YamlReader& reader, const YAML::Node& node, std::vector<std::string>& out) {
  std::string text;
  if (node.IsSequence()) {
    for (std::size_t i = 0; i < node.size(); ++i) {
      std::string name;
      reader.string(node[i], "passes[" + std::to_string(i) + "]", "a pass", name);
      text += (i == 0 ? "" : ",") + name;
    }
  } else {
    reader.string(node, "passes", "a list of passes, none or default", text);
  }
  if (reader.problem) return;
  auto passes = core::passes::parsePasses(text);
  if (passes) {
    out = std::move(*passes);
  } else {
    reader.fail("out-of-range", "'passes' is wrong: " + passes.error().message, node.Mark(),
                passes.error().notes);
  }
}

// A file, or a map of corners of which the first maps.
void readLiberty(YamlReader& reader, const YAML::Node& node, DesignSpec& out) {
  if (!node.IsMap()) {
    out.liberty = reader.file(node, "liberty");
    return;
  }
  for (const auto& each : node) {
    const auto name = each.first.as<std::string>();
    if (!core::isIdentifier(name)) {
      reader.fail("out-of-range", "'liberty' has a corner '" + name + "'", each.first.Mark(),
                  {"letters, digits and _, a letter first"});
      return;
    }
    out.corners.push_back({name, reader.file(each.second, "liberty." + name)});
  }
  if (out.corners.empty()) return;
  out.liberty = out.corners.front().liberty;
}

void readTiming(YamlReader& reader, const YAML::Node& node, DesignSpec& out) {
  if (!reader.checkKeys(node, "timing", {"clock_mhz", "latency"})) return;
  const YAML::Node clock = reader.need(node, "timing", "clock_mhz", "the clock to meet, in MHz");
  if (reader.problem) return;
  double value = 0;
  reader.number(clock, "timing.clock_mhz", value);
  if (!reader.problem && !(value >= 0.001 && value <= 10000)) {
    reader.fail("out-of-range", "'timing.clock_mhz' is out of range", clock.Mark(),
                {"0.001 to 10000"});
  }
  out.clockMHz = value;
  if (node["latency"]) {
    out.pipeline = reader.choice(node["latency"], "timing.latency", {"keep", "meet"}) == 1;
  }
}

void readTop(YamlReader& reader, const YAML::Node& top, DesignSpec& out) {
  if (!reader.checkKeys(
          top, "",
          {"name", "description", "encoders", "shape", "model", "weights", "adder_graphs",
           "latency", "link", "reuse", "serial", "settings", "events", "liberty", "multipliers",
           "passes", "timing"})) {
    return;
  }
  const YAML::Node name = reader.need(top, "", "name", "an identifier: the top module's name");
  if (top["encoders"]) readEncoders(reader, top["encoders"], out.chip.encoders);
  if (top["shape"]) readShape(reader, top["shape"], out.chip.shape);
  if (reader.problem) return;
  out.settings = ChipSettings::neutral(out.chip.shape);
  out.settings.algorithm = out.chip.encoders.front();
  out.settings.keep.clear();   // the model's, unless the file names them
  out.settings.activeEtx = 0;  // likewise
  reader.string(name, "name", "an identifier", out.name);
  if (!reader.problem && !core::isIdentifier(out.name)) {
    reader.fail("out-of-range", "'name' is '" + out.name + "'", name.Mark(),
                {"letters, digits and _, a letter first: it names the top module"});
  }
  if (out.holds(Algorithm::Autoencoder)) {
    const YAML::Node model =
        reader.need(top, "", "model", "an aegen model file, or a config.json with ae_weights");
    if (reader.problem) return;
    out.model = reader.file(model, "model");
  } else if (const auto model = top["model"]) {
    reader.fail("unused-key", "'model' is given, but the chip holds no autoencoder", model.Mark(),
                {"add autoencoder to 'encoders' or leave 'model' out"});
  }
  if (top["description"])
    reader.string(top["description"], "description", "a text", out.description);
  if (top["weights"]) {
    out.loadable = reader.choice(top["weights"], "weights", {"loadable", "hard_wired"}) == 0;
  }
  if (top["adder_graphs"]) readAdderGraphs(reader, top["adder_graphs"], out.adderGraphs);
  if (top["latency"]) readLatency(reader, top["latency"], out);
  if (top["reuse"]) {
    const std::vector<std::string> clocks{"1", "2", "4", "8"};
    out.chip.reuse = 1 << reader.choice(top["reuse"], "reuse", clocks);
  }
  if (top["link"]) readLink(reader, top["link"], out);
  if (top["serial"]) readSerial(reader, top["serial"], out.chip.serial);
  if (top["settings"]) {
    readSettings(reader, top["settings"], out.chip.shape, out.settings);
    if (!reader.problem) readModelSettings(reader, top["settings"], out);
    if (!reader.problem && !out.holds(out.settings.algorithm)) {
      reader.fail("out-of-range",
                  "'settings.algorithm' is " + std::string(econ_t::text(out.settings.algorithm)) +
                      ", which the chip does not hold",
                  top["settings"].Mark(), {"one of those in 'encoders'"});
    }
  }
  if (top["events"]) readEvents(reader, top["events"], out.events);
  if (top["liberty"]) readLiberty(reader, top["liberty"], out);
  if (top["timing"]) readTiming(reader, top["timing"], out);
  if (top["passes"]) readPasses(reader, top["passes"], out.passes);
  if (top["multipliers"]) {
    static constexpr MultiplierStyle kStyles[] = {MultiplierStyle::Auto, MultiplierStyle::Array,
                                                  MultiplierStyle::Tree, MultiplierStyle::Booth};
    out.multipliers = kStyles[reader.choice(top["multipliers"], "multipliers",
                                            {"auto", "array", "tree", "booth"})];
  }
}

// Marks every weight of the encoder as wanted by the design.
void setLoadable(encoders::Graph& encoder, bool loadable) {
  for (encoders::Node& node : encoder.nodes) {
    if (!encoders::hasWeights(node.kind)) continue;
    node.kernel.loadable = loadable;
    node.bias.loadable = loadable;
  }
}

Result<encoders::Codec> loadModel(const DesignSpec& spec) {
  if (spec.model.filename() != "config.json") return encoders::loadCodec(spec.model);
  auto weights = encoders::loadWeights(spec.model);
  if (!weights) return weights.error();
  encoders::Codec codec;
  codec.name = spec.model.parent_path().filename().string();
  codec.description = "encoder weights of " + spec.model.string() + "; no decoder";
  codec.encoder = encoders::econ_t::autoencoder(*weights, spec.loadable);
  return codec;
}

Result<void> setConditions(DesignBundle& bundle) {
  for (const auto& [name, value] : bundle.spec.conditions) {
    const auto condition =
        std::ranges::find(bundle.codec.conditions, name, &encoders::Condition::name);
    if (condition == bundle.codec.conditions.end() ||
        condition->source != encoders::Condition::Source::Given) {
      return core::badInput("design.conditions", "the model has no given condition '" + name + "'",
                            bundle.spec.file.string() + ": settings.conditions");
    }
    condition->given = value;
  }
  return {};
}

// What the design file leaves open the model decides; what it names holds for both ends.
Result<void> fitToModel(DesignBundle& bundle) {
  DesignSpec& spec = bundle.spec;
  ChipSettings& settings = spec.settings;
  const encoders::LinkLayout& link = bundle.codec.link;
  spec.chip.shape = econ_t::withLatents(spec.chip.shape, bundle.codec.encoder.output());
  const econ_t::PathShape& shape = spec.chip.shape;
  if (settings.activeEtx == 0) settings.activeEtx = link.activeEtx;
  if (spec.latentBits.value_or(0) > shape.latentBits) {
    return core::badInput("design.contradiction",
                          "latent_bits is " + std::to_string(*spec.latentBits) +
                              ", the model's latents have " + std::to_string(shape.latentBits),
                          spec.file.string() + ": settings");
  }
  if (spec.latentBits) {
    settings.keep = encoders::topBitsLayout(*spec.latentBits, settings.activeEtx, shape).keep;
  } else if (settings.activeEtx != link.activeEtx) {
    // With other links than the model was made for, as much of each latent as they carry.
    settings.keep = encoders::fittingLayout(settings.activeEtx, shape).keep;
  } else {
    settings.keep = link.keep;
  }
  return setConditions(bundle);
}

// The board's decoder of each encoder held, and of the one chosen at reset with all its settings.
Result<void> addDecoders(DesignBundle& bundle) {
  const ChipSettings& settings = bundle.spec.settings;
  for (const Algorithm algorithm : bundle.spec.chip.encoders) {
    const encoders::Graph& network = bundle.codec.decoder;
    if (algorithm == Algorithm::Autoencoder && network.nodes.empty()) continue;
    auto decoder = algorithm == Algorithm::Autoencoder
                       ? econ_t::autoencoderLinkDecoder(network, bundle.codec.conditions,
                                                        bundle.spec.chip.shape)
                       : econ_t::linkDecoder(algorithm, bundle.spec.chip.shape);
    if (!decoder) return decoder.error();
    bundle.decoders.push_back(std::move(*decoder));
    if (algorithm != settings.algorithm) continue;
    if (algorithm == Algorithm::Autoencoder) {
      auto whole = econ_t::boardDecoder(bundle.codec, bundle.spec.chip.shape);
      if (!whole) return whole.error();
      bundle.decoder = std::move(*whole);
    } else if (algorithm != Algorithm::ThresholdSum) {
      // Threshold-sum strings have no place of their own in a crossing: no decoder of words alone.
      bundle.decoder = bundle.decoders.back().program;
      core::bindConfig(*bundle.decoder, bundle.decoders.back().function,
                       econ_t::decoderConfig(algorithm, econ_t::decoderSettings(settings)),
                       "decode");
    }
  }
  return {};
}

// Registers inside functions until the clock is met by the delay model of the library.
Result<void> meetClock(DesignBundle& bundle) {
  const auto library = loadLiberty(libertyOf(bundle.spec));
  if (!library) return library.error();
  const auto model = fitDelayModel(*library);
  if (!model) return model.error();
  const double period = 1000 / bundle.spec.clockMHz.value_or(kLhcClockMHz);
  auto stats = core::pipelineDesign(*model, bundle.chip, model->usable(period));
  if (stats) return {};
  core::Diagnostic problem = stats.error();
  problem.where = bundle.spec.file.string() + ": timing: " + problem.where;
  return problem;
}

}  // namespace

std::filesystem::path libertyOf(const DesignSpec& spec) {
  return spec.liberty.empty() ? std::filesystem::path(kDefaultLiberty) : spec.liberty;
}

bool DesignSpec::holds(Algorithm algorithm) const {
  return std::ranges::find(chip.encoders, algorithm) != chip.encoders.end();
}

Result<DesignSpec> loadDesignSpec(const std::filesystem::path& file) {
  DesignSpec out;
  out.file = file;
  YamlReader reader(file, "design");
  const YAML::Node top = reader.load();
  if (!reader.problem) readTop(reader, top, out);
  if (reader.problem) return *reader.problem;
  out.chip.name = out.name;
  return out;
}

Result<DesignBundle> buildDesign(const DesignSpec& spec) {
  DesignBundle out;
  out.spec = spec;
  ChipSettings& settings = out.spec.settings;
  const bool network = spec.holds(Algorithm::Autoencoder);
  if (network) {
    auto codec = loadModel(spec);
    if (!codec) return codec.error();
    out.codec = std::move(*codec);
    setLoadable(out.codec.encoder, spec.loadable);
    if (auto inferred = out.codec.encoder.infer(); !inferred) return inferred.error();
    if (auto good = fitToModel(out); !good) return good.error();
  }
  if (settings.activeEtx == 0) settings.activeEtx = std::min(kUsualEtx, spec.chip.shape.etx);
  if (settings.keep.empty()) settings.keep = ChipSettings::neutral(out.spec.chip.shape).keep;
  out.codec.link = {settings.activeEtx, settings.keep};
  out.spec.chip.lowering.wholeDense = spec.adderGraphs.has_value();
  auto chip = network ? econ_t::chip(out.codec.encoder, settings, out.spec.chip)
                      : econ_t::chip(settings, out.spec.chip);
  const auto timing = chip ? core::analyse(*chip) : chip.error();
  if (!timing) {
    core::Diagnostic problem = timing.error();
    if (problem.code.starts_with("design.") || problem.code.starts_with("econ_t.")) {
      problem.where = spec.file.string() + ": " + problem.where;
    }
    return problem;
  }
  // Of a shape that can be.
  auto contradictions = econ_t::contradictions(settings, spec.chip.shape);
  // The chip itself can be set so; a design that would lose words unseen is refused.
  if (settings.t1 > spec.chip.shape.bufferWords) {
    contradictions.push_back("buffer.t1 is " + std::to_string(settings.t1) +
                             ", but the buffer is full at " +
                             std::to_string(spec.chip.shape.bufferWords) + " words");
  }
  if (!contradictions.empty()) {
    return core::badInput("design.contradiction", contradictions.front(),
                          spec.file.string() + ": settings");
  }
  out.written = std::move(*chip);
  out.chip = out.written;
  auto saved = core::passes::runPasses(out.chip, out.spec.passes, {spec.adderGraphs});
  if (!saved) return saved.error();
  out.passes = std::move(*saved);
  if (spec.pipeline) {
    if (auto met = meetClock(out); !met) return met.error();
  }
  if (auto good = addDecoders(out); !good) return good.error();
  return out;
}

}  // namespace aegen::flows
