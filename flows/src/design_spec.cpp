#include "aegen/flows/design_spec.hpp"

#include "aegen/core/text_tools.hpp"
#include "aegen/encoders/freeze.hpp"
#include "aegen/encoders/vector_set.hpp"
#include "aegen/encoders/yaml_reader.hpp"

namespace aegen::flows {
namespace {

using core::Result;
using encoders::IntegerRange;
using encoders::YamlReader;
using encoders::econ_t::ChipSettings;
using encoders::econ_t::kLatentBits;
using encoders::econ_t::kTriggerCells;

// One value for all channels, or a list of 48.
void readChannels(YamlReader& reader, const YAML::Node& node, const std::string& path,
                  const IntegerRange& range, std::array<int, kTriggerCells>& out) {
  if (node.IsScalar()) {
    int value = 0;
    reader.integer(node, path, range, value);
    out.fill(value);
    return;
  }
  if (!node.IsSequence() || node.size() != out.size()) {
    reader.fail("bad-type", "'" + path + "' must be a list of 48 integers", node.Mark(),
                {"each " + encoders::allowed(range)});
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    reader.integer(node[i], path + "[" + std::to_string(i) + "]", range, out[i]);
  }
}

void readSettings(YamlReader& reader, const YAML::Node& node, ChipSettings& out) {
  if (!reader.checkKeys(
          node, "settings",
          {"high_density", "mux", "calibration", "active_etx", "latent_bits", "buffer"})) {
    return;
  }
  if (const auto n = node["high_density"]) {
    reader.boolean(n, "settings.high_density", out.highDensity);
  }
  if (const auto n = node["mux"]) readChannels(reader, n, "settings.mux", {0, 47}, out.mux);
  if (const auto n = node["calibration"]) {
    readChannels(reader, n, "settings.calibration", {0, 4095}, out.calibration);
  }
  if (const auto n = node["active_etx"]) {
    reader.integer(n, "settings.active_etx", {1, 13}, out.activeEtx);
  }
  if (const auto n = node["latent_bits"]) {
    int bits = kLatentBits;
    reader.integer(n, "settings.latent_bits", {1, kLatentBits}, bits);
    out.keep = encoders::topBitsLayout(bits, out.activeEtx).keep;
  }
  if (const auto n = node["buffer"]) {
    if (!reader.checkKeys(n, "settings.buffer", {"t1", "t2", "t3"})) return;
    const auto threshold = [&](const char* key, int& value) {
      if (n[key]) reader.integer(n[key], std::string("settings.buffer.") + key, {0, 511}, value);
    };
    threshold("t1", out.t1);
    threshold("t2", out.t2);
    threshold("t3", out.t3);
  }
}

void readLatency(YamlReader& reader, const YAML::Node& node, DesignSpec& out) {
  if (!reader.checkKeys(node, "latency", {"encoder", "formatter", "link", "decoder"})) return;
  const auto crossings = [&](const char* key, const IntegerRange& range, int& value) {
    if (node[key]) reader.integer(node[key], std::string("latency.") + key, range, value);
  };
  crossings("encoder", {1, 5}, out.chip.encoderLatency);
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

void readTop(YamlReader& reader, const YAML::Node& top, DesignSpec& out) {
  if (!reader.checkKeys(top, "",
                        {"name", "description", "model", "weights", "latency", "settings", "events",
                         "liberty"})) {
    return;
  }
  const YAML::Node name = reader.need(top, "", "name", "an identifier: the top module's name");
  const YAML::Node model =
      reader.need(top, "", "model", "an aegen model file, or a config.json with ae_weights");
  if (reader.problem) return;
  reader.string(name, "name", "an identifier", out.name);
  if (!reader.problem && !core::isIdentifier(out.name)) {
    reader.fail("out-of-range", "'name' is '" + out.name + "'", name.Mark(),
                {"letters, digits and _, a letter first: it names the top module"});
  }
  out.model = reader.file(model, "model");
  if (top["description"])
    reader.string(top["description"], "description", "a text", out.description);
  if (top["weights"]) {
    out.loadable = reader.choice(top["weights"], "weights", {"loadable", "hard_wired"}) == 0;
  }
  if (top["latency"]) readLatency(reader, top["latency"], out);
  if (top["settings"]) readSettings(reader, top["settings"], out.settings);
  if (top["events"]) readEvents(reader, top["events"], out.events);
  if (top["liberty"]) out.liberty = reader.file(top["liberty"], "liberty");
}

// Marks every weight of the encoder as wanted by the design.
void setLoadable(encoders::Graph& encoder, bool loadable) {
  for (encoders::Node& node : encoder.nodes) {
    if (node.kind != encoders::NodeKind::Conv2d && node.kind != encoders::NodeKind::Dense) continue;
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

}  // namespace

Result<DesignSpec> loadDesignSpec(const std::filesystem::path& file) {
  DesignSpec out;
  out.file = file;
  out.settings.calibration.fill(2048);
  for (std::size_t c = 0; c < kTriggerCells; ++c) out.settings.mux[c] = static_cast<int>(c);
  out.settings.activeEtx = 0;  // the model's, unless the file names one
  YamlReader reader(file, "design");
  const YAML::Node top = reader.load();
  if (!reader.problem) readTop(reader, top, out);
  if (reader.problem) return *reader.problem;
  out.chip.name = out.name;
  return out;
}

Result<DesignBundle> buildDesign(const DesignSpec& spec) {
  auto codec = loadModel(spec);
  if (!codec) return codec.error();
  DesignBundle out;
  out.spec = spec;
  out.codec = std::move(*codec);
  setLoadable(out.codec.encoder, spec.loadable);
  if (auto inferred = out.codec.encoder.infer(); !inferred) return inferred.error();
  // What the design file leaves open the model decides; what it names holds for both ends.
  ChipSettings& settings = out.spec.settings;
  if (settings.activeEtx == 0) settings.activeEtx = out.codec.link.activeEtx;
  if (settings.keep.empty()) settings.keep = out.codec.link.keep;
  if (settings.keep.empty())
    settings.keep = encoders::topBitsLayout(kLatentBits, settings.activeEtx).keep;
  out.codec.link = {settings.activeEtx, settings.keep};
  auto chip = encoders::econ_t::chip(out.codec.encoder, settings, spec.chip);
  if (!chip) {
    core::Diagnostic problem = chip.error();
    if (problem.code.starts_with("design."))
      problem.where = spec.file.string() + ": " + problem.where;
    return problem;
  }
  out.chip = std::move(*chip);
  if (!out.codec.decoder.nodes.empty()) {
    auto decoder = encoders::econ_t::boardDecoder(out.codec);
    if (!decoder) return decoder.error();
    out.decoder = std::move(*decoder);
  }
  return out;
}

}  // namespace aegen::flows
