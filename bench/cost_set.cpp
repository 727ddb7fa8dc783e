// Makes the stored set that the cost model is fitted to: random modules of the kinds that occur and
// shipped designs through the synthesis flow, counted by the model. Interrupted or repeated it goes
// on where it stopped: what has been synthesised with the same RTL, library and rules is kept in
// the work folder.

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "aegen/core/files.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/flows/cost_fit.hpp"
#include "aegen/flows/estimate.hpp"
#include "aegen/flows/synthesis.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/rtl_gen/emit_function.hpp"
#include "aegen/rtl_gen/verilog_printer.hpp"
#include "cost_designs.hpp"
#include "measure.hpp"

namespace aegen::bench {
namespace {

namespace fs = std::filesystem;

struct CostSettings {
  fs::path liberty = std::string(flows::kDefaultLiberty);
  fs::path work = "work_cost";
  fs::path out = fs::path(AEGEN_SOURCE_DIR) / "data/cost/osu018.json";
  int operations = 8;
  int dense = 16;
  int conv = 10;
  int chips = 16;
  std::uint64_t seed = 1;
  unsigned jobs = 2;
  double minutes = 1e9;
  std::vector<std::string> designs;
  std::string recipe;
};

// A design with its modules' gates and its synthesis.
struct Synthesised {
  std::string name;
  std::vector<core::GateModule> gates;
  flows::SynthResult result;
  std::map<std::string, double> energy;  // pJ a crossing by module, where it has been measured
};

std::vector<rtl_gen::VerilogFile> filesOf(const CostDesign& design) {
  if (design.chip) return orDie(rtl_gen::emitVerilog(*design.chip)).files;
  std::vector<rtl_gen::VerilogFile> files;
  for (const core::GateModule& module : core::gatesOf(design.program, design.top)) {
    const auto verilog = rtl_gen::emitFunction(design.program, *design.program.find(module.name));
    files.push_back({verilog.name + ".v", rtl_gen::verilog::print(verilog)});
  }
  return files;
}

// The result in the folder if it is that of `key`, else a new one.
flows::SynthResult synthesised(const CostSettings& settings, const CostDesign& design,
                               const fs::path& folder) {
  const auto files = filesOf(design);
  std::string key = orDie(core::readFile(settings.liberty)) + flows::areaScript();
  if (const auto library = flows::loadLiberty(settings.liberty)) {
    key += flows::arithmeticMap(library->fullAdder());
  }
  std::vector<fs::path> sources;
  for (const auto& file : files) {
    // The first line says which aegen wrote it.
    key += file.text.substr(file.text.find('\n'));
    sources.push_back(folder / "rtl" / file.name);
  }
  key = core::digestText(key);
  const auto known = core::readFile(folder / "key");
  if (known && *known == key) {
    if (auto stored = flows::loadStage<flows::SynthResult>(folder)) return std::move(*stored);
  }
  for (std::size_t i = 0; i < files.size(); ++i) orDie(core::writeFile(sources[i], files[i].text));
  flows::SynthesisOptions options;
  options.liberty = settings.liberty;
  options.jobs = settings.jobs;
  options.workDirectory = folder / "yosys";
  auto result =
      orDie(flows::synthesise(sources, design.chip ? design.chip->name : design.top, options));
  orDie(flows::saveStage(result, folder));
  orDie(core::writeFile(folder / "key", key));
  fs::remove_all(folder / "yosys");
  fs::remove_all(folder / "rtl");
  return result;
}

// Energy a crossing of one instance's own cells, from the result of `aegen power` in the folder.
std::map<std::string, double> energiesIn(const fs::path& folder) {
  std::map<std::string, double> energies;
  const auto text = core::readFile(folder / "power.json");
  if (!text) return energies;
  const auto power = nlohmann::json::parse(*text);
  for (const auto& module : power.at("busy").at("modules")) {
    energies[module.at("name").get<std::string>()] =
        module.at("total_pj").get<double>() / module.at("instances").get<double>();
  }
  return energies;
}

Synthesised made(const CostSettings& settings, const CostDesign& design) {
  const fs::path folder = settings.work / design.name;
  Synthesised out{design.name, {}, synthesised(settings, design, folder), energiesIn(folder)};
  out.gates =
      design.chip ? orDie(flows::gatesOf(*design.chip)) : core::gatesOf(design.program, design.top);
  return out;
}

std::vector<CostDesign> shipped(const CostSettings& settings) {
  std::vector<CostDesign> out;
  for (const std::string& file : settings.designs) {
    // FILE or FILE:hard_wired
    const std::size_t colon = file.find(":hard_wired");
    auto spec = orDie(flows::loadDesignSpec(file.substr(0, colon)));
    if (colon != std::string::npos) {
      spec.loadable = false;
      spec.chip.name += "_hard_wired";
    }
    auto bundle = orDie(flows::buildDesign(spec));
    out.push_back({bundle.chip.name, {}, {}, std::move(bundle.chip)});
  }
  return out;
}

// Paths are those that are longest with the delays fitted to them: a few rounds settle.
void fitPaths(flows::CostSet& set, const std::vector<Synthesised>& all,
              const std::vector<std::pair<std::size_t, std::size_t>>& origin) {
  set.delay.fill(1);
  for (int round = 0; round < 6; ++round) {
    std::vector<std::vector<core::GatePath>> paths;
    for (const Synthesised& design : all) {
      paths.push_back(core::longestPaths(design.gates, set.delay));
    }
    for (std::size_t i = 0; i < set.samples.size(); ++i) {
      set.samples[i].path = paths[origin[i].first][origin[i].second].parts;
    }
    const core::PartValues fitted = flows::fitCost(set).delay;
    for (std::size_t i = 0; i < core::kParts; ++i) {
      set.delay[i] = round == 0 ? fitted[i] : (set.delay[i] + fitted[i]) / 2;
    }
  }
}

flows::CostSet setOf(const std::vector<Synthesised>& all, const std::string& recipe) {
  flows::CostSet set;
  set.recipe = recipe;
  std::vector<std::pair<std::size_t, std::size_t>> origin;
  std::set<std::string> seen;
  for (std::size_t d = 0; d < all.size(); ++d) {
    const Synthesised& design = all[d];
    set.library = design.result.library;
    set.nand2Area = design.result.nand2Area;
    set.tool = design.result.tool;
    set.adders = design.result.adders;
    for (std::size_t m = 0; m < design.gates.size(); ++m) {
      const flows::SynthModule* const module = design.result.find(design.gates[m].name);
      if (module == nullptr || module->ownCells == 0) continue;
      flows::CostSample sample;
      sample.design = design.name;
      sample.module = module->name;
      sample.area = module->ownArea;
      sample.flipFlops = module->ownFlipFlops;
      sample.depth = module->depth.cells;
      sample.parts = core::partsOf(design.gates[m]);
      const auto energy = design.energy.find(module->name);
      if (energy != design.energy.end()) sample.energy = energy->second;
      // Many designs hold the same BX counter: once is enough.
      std::string same = fmt::format("{} {} {}", sample.area, sample.depth, sample.flipFlops);
      for (const double count : sample.parts.counts) same += fmt::format(" {}", count);
      if (!seen.insert(same).second) continue;
      set.samples.push_back(std::move(sample));
      origin.emplace_back(d, m);
    }
  }
  fitPaths(set, all, origin);
  return set;
}

int run(const CostSettings& settings) {
  std::vector<Synthesised> all;
  const double start = processorSeconds();
  const auto add = [&](const CostDesign& design) {
    if (processorSeconds() - start > 60 * settings.minutes) return;
    all.push_back(made(settings, design));
    fmt::print("{:<28} {:>8.1f} s\n", design.name, processorSeconds() - start);
    std::fflush(stdout);
  };
  const auto series = [&](CostKind kind, int count) {
    for (int i = 0; i < count; ++i) {
      add(costDesign(kind, settings.seed + static_cast<std::uint64_t>(i)));
    }
  };
  series(CostKind::Operations, settings.operations);
  series(CostKind::Dense, settings.dense);
  series(CostKind::Conv, settings.conv);
  series(CostKind::Chip, settings.chips);
  for (const CostDesign& design : shipped(settings)) add(design);
  const flows::CostSet set = setOf(all, settings.recipe);
  orDie(core::writeFile(settings.out, flows::costSetJson(set)));
  fmt::print("{}\n{}", settings.out.string(), flows::accuracyText(set));
  return 0;
}

}  // namespace
}  // namespace aegen::bench

int main(int argc, char** argv) {
  using namespace aegen::bench;
  CostSettings settings;
  CLI::App app("Synthesises modules and counts their parts: the set behind aegen estimate");
  app.add_option("--liberty", settings.liberty, "Cell library")->capture_default_str();
  app.add_option("--work", settings.work, "What has been synthesised")->capture_default_str();
  app.add_option("--out", settings.out, "The set")->capture_default_str();
  app.add_option("--operations", settings.operations, "Random sets of small functions");
  app.add_option("--dense", settings.dense, "Random dense layers");
  app.add_option("--conv", settings.conv, "Random convolutions");
  app.add_option("--chips", settings.chips, "Random trigger paths");
  app.add_option("--design", settings.designs,
                 "A design.yaml whose modules are added; :hard_wired behind it fixes the weights");
  app.add_option("--seed", settings.seed, "Of the first design of each kind")
      ->capture_default_str();
  app.add_option("-j,--jobs", settings.jobs, "Yosys processes at a time")->capture_default_str();
  app.add_option("--minutes", settings.minutes, "Start nothing after so much processor time");
  CLI11_PARSE(app, argc, argv);
  settings.recipe = fmt::format(
      "cost_set --operations {} --dense {} --conv {} --chips {} --seed {}", settings.operations,
      settings.dense, settings.conv, settings.chips, settings.seed);
  for (const std::string& design : settings.designs) {
    settings.recipe += " --design " + std::filesystem::path(design).filename().string();
  }
  return run(settings);
}
