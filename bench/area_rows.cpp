#include "area_rows.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "aegen/core/files.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/flows/cost_fit.hpp"
#include "aegen/flows/estimate.hpp"
#include "aegen/flows/synthesis.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/rtl_gen/verilog_build.hpp"
#include "aegen/rtl_gen/verilog_printer.hpp"
#include "measure.hpp"

namespace aegen::bench {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

constexpr const char* kAutoencoder = "econ_t_autoencoder/design.yaml";
constexpr const char* kAll = "econ_t_all/design.yaml";
// Each settable choice of ours to what an engineer without it would write.
constexpr const char* kPlain =
    "passes: none\nadder_graphs: none\nmultipliers: array\nclock_gating: false\n";

fs::path examples() {
  return fs::path(AEGEN_SOURCE_DIR) / "examples";
}

// The model with its encoder's products summed exactly.
void writeExactModel(const fs::path& from, const fs::path& to) {
  auto model = ordered::parse(orDie(core::readFile(from)));
  for (auto& node : model.at("encoder").at("nodes")) node.erase("product_fraction");
  orDie(core::writeFile(to, model.dump(1)));
}

std::string textOf(const YAML::Node& node) {
  YAML::Emitter out;
  out << node;
  return std::string(out.c_str()) + "\n";
}

// `~` takes a key away.
void replace(YAML::Node& design, const YAML::Node& keys, const std::string& without) {
  for (const auto& entry : keys) {
    const auto key = entry.first.as<std::string>();
    if (entry.second.IsNull()) {
      design.remove(key);
    } else if (without.find("'" + key + "'") == std::string::npos) {
      design[key] = entry.second;
    }
  }
}

// The row's design.yaml, written into its folder. Keys of `keysIfKnown` that this aegen does not
// know are left out one after the other.
core::Result<flows::DesignSpec> specOf(const AreaRow& row, const fs::path& folder) {
  const fs::path base = examples() / row.base;
  std::string unknown;
  while (true) {
    YAML::Node design = YAML::LoadFile(base.string());
    replace(design, YAML::Load(row.keys), {});
    if (!row.keysIfKnown.empty()) replace(design, YAML::Load(row.keysIfKnown), unknown);
    design["name"] = row.id + "_chip";  // functions are named as encoders are
    if (const auto model = design["model"]) {
      fs::path file = fs::weakly_canonical(base.parent_path() / model.as<std::string>());
      if (row.exactSums) {
        writeExactModel(file, folder / "model.json");
        file = folder / "model.json";
      }
      design["model"] = fs::absolute(file).string();
    }
    orDie(core::writeFile(folder / "design.yaml", textOf(design)));
    auto spec = flows::loadDesignSpec(folder / "design.yaml");
    if (spec || spec.error().code != "design.unknown-key") return spec;
    // "unknown key 'passes' in the file"
    const std::string& message = spec.error().message;
    const std::string key = message.substr(0, message.rfind(" in ")).substr(message.find('\''));
    if (row.keysIfKnown.find(key.substr(1, key.size() - 2)) == std::string::npos) return spec;
    unknown += key;
  }
}

AreaRow autoencoder(bool loadable, bool exact, int reuse) {
  AreaRow row;
  row.id = fmt::format("ae_{}_{}_r{}", loadable ? "loadable" : "hard_wired",
                       exact ? "exact" : "truncated", reuse);
  row.title =
      fmt::format("autoencoder, {} weights, {}, R = {}", loadable ? "loadable" : "hard-wired",
                  exact ? "exact sums" : "products truncated", reuse);
  row.group = "Autoencoder";
  row.base = kAutoencoder;
  row.keys = fmt::format("weights: {}\n", loadable ? "loadable" : "hard_wired");
  if (reuse > 1) row.keys += fmt::format("reuse: {}\n", reuse);
  row.exactSums = exact;
  return row;
}

AreaRow encoder(const std::string& name, const std::string& title) {
  AreaRow row;
  row.id = name;
  row.title = title;
  row.group = "Other encoders of the chip";
  row.base = kAll;
  row.keys = fmt::format(
      "encoders: [{0}]\nmodel: ~\nserial: ~\nlatency: {{link: 4, decoder: 1}}\n"
      "settings: {{algorithm: {0}, active_etx: 4, high_density: false}}\n",
      name);
  return row;
}

AreaRow naive(AreaRow row) {
  row.id = "naive_" + row.id;
  row.title += ", naive";
  row.group = "Naive: plain * and + left to Yosys";
  row.keysIfKnown = kPlain;
  row.naive = true;
  return row;
}

// RTL as the flow reads it, without the line that says which aegen wrote it; the library; the
// rules.
std::string digestOf(const AreaRow& row, const AreaRun& run,
                     const std::vector<rtl_gen::VerilogFile>& files) {
  std::string text = row.naive ? "naive" : "";
  for (const auto& file : files) text += file.text.substr(file.text.find('\n'));
  text += orDie(core::readFile(run.liberty)) + flows::areaScript();
  if (const auto library = flows::loadLiberty(run.liberty)) {
    text += flows::arithmeticMap(library->fullAdder());
  }
  return core::digestText(text);
}

// A number of another stage's result beside the synthesis, if it has been run on this folder.
std::optional<double> measuredBeside(const fs::path& file, const char* pointer) {
  const auto text = core::readFile(file);
  if (!text) return {};
  const json root = json::parse(*text, nullptr, false);
  const json::json_pointer place(pointer);
  if (!root.contains(place) || !root[place].is_number()) return {};
  return root[place].get<double>();
}

void estimate(const core::Design& chip, AreaFigures& out) {
  const auto estimated = flows::estimateDesign(chip, flows::fitCost(flows::builtInCostSet()));
  if (!estimated || estimated->library != out.library) return;
  out.estimate = estimated->top().area;
  out.estimateDepth = estimated->top().depth;
  out.estimateSeconds = estimated->seconds;
}

flows::SynthResult synthesised(const AreaRow& row, const AreaRun& run, const fs::path& folder,
                               const std::string& digest) {
  const auto known = core::readFile(folder / "digest");
  if (known && *known == digest) {
    if (auto stored = flows::loadStage<flows::SynthResult>(folder)) return std::move(*stored);
  }
  flows::SynthesisOptions options;
  options.liberty = run.liberty;
  options.jobs = run.jobs;
  options.workDirectory = folder / "work" / "synth";
  options.timeoutSeconds = 2 * 3600;
  if (row.naive) options.adders = flows::AdderStyle::Yosys;
  auto result = orDie(flows::synthesiseDirectory(folder / "rtl", options));
  orDie(flows::saveStage(result, folder));
  orDie(core::writeFile(folder / "digest", digest));
  return result;
}

// Declarations in front, then assignments and instances in another order: the same module.
rtl_gen::verilog::Module shuffled(rtl_gen::verilog::Module module, std::uint64_t seed) {
  using namespace rtl_gen::verilog;
  std::vector<Item> declarations;
  std::vector<Item> statements;
  for (Item& item : module.items) {
    if (auto* const net = std::get_if<Net>(&item)) {
      if (net->value) {
        statements.push_back(Assign{reference(net->name, net->width, net->isSigned), net->value});
        net->value = nullptr;
      }
      declarations.push_back(std::move(item));
    } else if (std::holds_alternative<Assign>(item) || std::holds_alternative<Instance>(item) ||
               std::holds_alternative<AlwaysFf>(item)) {
      statements.push_back(std::move(item));
    } else if (!std::holds_alternative<Comment>(item)) {
      declarations.push_back(std::move(item));
    }
  }
  std::mt19937_64 random(seed);
  for (std::size_t i = statements.size(); i > 1; --i) {
    std::swap(statements[i - 1], statements[random() % i]);
  }
  module.items = std::move(declarations);
  std::ranges::move(statements, std::back_inserter(module.items));
  return module;
}

double relativeSpread(const std::vector<double>& values) {
  const auto [low, high] = std::ranges::minmax(values);
  double sum = 0;
  for (const double value : values) sum += value;
  return sum > 0 ? (high - low) * static_cast<double>(values.size()) / sum : 0;
}

}  // namespace

std::vector<AreaRow> areaRows() {
  std::vector<AreaRow> rows;
  for (const bool loadable : {true, false}) {
    for (const bool exact : {false, true}) {
      for (const int reuse : {1, 2, 4, 8}) rows.push_back(autoencoder(loadable, exact, reuse));
    }
  }
  const std::vector<AreaRow> others{encoder("threshold_sum", "threshold sum"),
                                    encoder("super_trigger_cell", "super trigger cells"),
                                    encoder("best_choice", "best choice"),
                                    encoder("repeater", "repeater")};
  rows.insert(rows.end(), others.begin(), others.end());
  AreaRow all;
  all.id = "all_encoders";
  all.title = "all five in one chip, loadable weights, I2C";
  all.group = others[0].group;
  all.base = kAll;
  rows.push_back(all);
  for (const bool exact : {false, true}) {
    for (const bool loadable : {true, false}) {
      rows.push_back(naive(autoencoder(loadable, exact, 1)));
    }
  }
  for (const AreaRow& other : others) rows.push_back(naive(other));
  return rows;
}

AreaFigures measureRow(const AreaRow& row, const AreaRun& run) {
  AreaFigures out;
  const fs::path folder = run.work / row.id;
  const auto spec = specOf(row, folder);
  if (!spec) {
    out.problem = spec.error().message;
    return out;
  }
  const auto bundle = flows::buildDesign(*spec);
  if (!bundle) {
    out.problem = bundle.error().message;
    return out;
  }
  const auto rtl = orDie(rtl_gen::emitVerilog(bundle->chip));
  orDie(rtl_gen::writeRtl(rtl, folder / "rtl"));
  out.digest = digestOf(row, run, rtl.files);
  const flows::SynthResult result = synthesised(row, run, folder, out.digest);
  out.library = result.library;
  out.tool = result.tool;
  out.area = result.area;
  out.nand2 = result.nand2;
  out.flipFlops = result.flipFlops;
  out.depth = result.depth.cells;
  out.seconds = result.seconds;
  out.clockMhz = measuredBeside(folder / "timing.json", "/corners/0/highestMHz");
  out.energyPj = measuredBeside(folder / "power.json", "/busy/energy_per_crossing/total_pj");
  if (!row.naive) estimate(bundle->chip, out);
  return out;
}

AreaNoise measureNoise(const AreaRun& run, int orders, std::uint64_t seed) {
  AreaNoise out;
  out.orders = orders;
  const AreaRow row = encoder("threshold_sum", "threshold sum");
  out.design = row.title;
  const fs::path folder = run.work / "noise";
  const auto bundle = orDie(flows::buildDesign(orDie(specOf(row, folder))));
  const auto rtl = orDie(rtl_gen::emitVerilog(bundle.chip));
  std::vector<double> areas;
  std::vector<double> depths;
  for (int order = 0; order < orders; ++order) {
    const fs::path into = folder / std::to_string(order);
    std::vector<fs::path> files;
    std::string text;
    for (const auto& module : rtl.modules) {
      const std::string verilog = rtl_gen::verilog::print(
          order == 0 ? module : shuffled(module, seed + static_cast<std::uint64_t>(order)));
      files.push_back(into / (module.name + ".v"));
      orDie(core::writeFile(files.back(), verilog));
      text += verilog;
    }
    const std::string digest =
        core::digestText(text + orDie(core::readFile(run.liberty)) + flows::areaScript());
    const auto known = core::readFile(into / "digest");
    auto result = flows::loadStage<flows::SynthResult>(into);
    if (!known || *known != digest || !result) {
      flows::SynthesisOptions options;
      options.liberty = run.liberty;
      options.jobs = run.jobs;
      options.workDirectory = into / "synth";
      result = orDie(flows::synthesise(files, bundle.chip.name, options));
      orDie(flows::saveStage(*result, into));
      orDie(core::writeFile(into / "digest", digest));
    }
    areas.push_back(result->area);
    depths.push_back(result->depth.cells);
  }
  out.spread = relativeSpread(areas);
  out.depthSpread = relativeSpread(depths);
  return out;
}

}  // namespace aegen::bench
