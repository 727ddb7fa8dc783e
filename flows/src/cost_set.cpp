#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "aegen/core/files.hpp"
#include "aegen/flows/cost_fit.hpp"
#include "built_in_costs.hpp"

namespace aegen::flows {

namespace {

using ordered = nlohmann::ordered_json;
using core::kPartNames;
using core::kParts;
using core::PartValues;

/// Parts that are there, by name, at the precision a file needs.
ordered valuesJson(const PartValues& values) {
  ordered out = ordered::object();
  for (std::size_t i = 0; i < kParts; ++i) {
    if (values[i] != 0) {
      out[std::string(kPartNames[i])] = std::round(values[i] * 1000) / 1000;
    }
  }
  return out;
}

PartValues parseValues(const ordered& json) {
  PartValues out{};
  for (const auto& [name, value] : json.items()) {
    const auto found = std::ranges::find(kPartNames, name);
    // A part that no model counts any more: the set must be made again.
    if (found == kPartNames.end()) {
      throw std::invalid_argument("unknown part '" + name + "'");
    }
    out[static_cast<std::size_t>(found - kPartNames.begin())] = value.get<double>();
  }
  return out;
}

ordered bandJson(const core::ErrorBand& band) {
  return {{"mean", band.mean}, {"p90", band.p90}, {"worst", band.worst}, {"modules", band.modules}};
}

/// Whether modules' flip-flops were counted right: how many were not.
std::size_t wrongFlipFlops(const std::vector<HeldOutError>& errors) {
  return static_cast<std::size_t>(std::ranges::count_if(
      errors, [](const HeldOutError& error) { return error.flipFlops != 0; }));
}

}  // namespace

std::string costSetJson(const CostSet& set) {
  const ordered head{{"library", set.library}, {"nand2_area", set.nand2Area},
                     {"tool", set.tool},       {"adders", set.adders},
                     {"recipe", set.recipe},   {"delay", valuesJson(set.delay)}};
  // A line a module: a file that grows is read by its differences.
  std::string text = head.dump(1);
  text.erase(text.size() - 2);
  text += ",\n \"samples\": [";
  const char* separator = "\n  ";
  for (const CostSample& sample : set.samples) {
    ordered row{{"design", sample.design},
                {"module", sample.module},
                {"area", sample.area},
                {"flip_flops", sample.flipFlops},
                {"depth", sample.depth}};
    if (sample.energy) {
      row["energy_pj"] = *sample.energy;
    }
    row["parts"] = valuesJson(sample.parts.counts);
    row["changes"] = valuesJson(sample.parts.changes);
    row["path"] = valuesJson(sample.path);
    text += separator + row.dump();
    separator = ",\n  ";
  }
  return text + "\n ]\n}\n";
}

core::Result<CostSet> parseCostSet(std::string_view json, const std::string& where) {
  try {
    const ordered root = ordered::parse(json);
    CostSet set;
    set.library = root.at("library").get<std::string>();
    set.nand2Area = root.at("nand2_area").get<double>();
    set.tool = root.at("tool").get<std::string>();
    set.adders = root.at("adders").get<std::string>();
    set.recipe = root.at("recipe").get<std::string>();
    set.delay = parseValues(root.at("delay"));
    for (const ordered& row : root.at("samples")) {
      CostSample sample;
      sample.design = row.at("design").get<std::string>();
      sample.module = row.at("module").get<std::string>();
      sample.area = row.at("area").get<double>();
      sample.flipFlops = row.at("flip_flops").get<std::uint64_t>();
      sample.depth = row.at("depth").get<int>();
      if (row.contains("energy_pj")) {
        sample.energy = row["energy_pj"].get<double>();
      }
      sample.parts = {parseValues(row.at("parts")), parseValues(row.at("changes"))};
      sample.path = parseValues(row.at("path"));
      set.samples.push_back(std::move(sample));
    }
    if (set.samples.empty() || !(set.nand2Area > 0)) {
      throw std::invalid_argument("no modules, or no area of a NAND2");
    }
    return set;
  } catch (const std::exception& problem) {
    return core::badInput("cost.malformed",
                          std::string("not a set of synthesised modules: ") + problem.what(), where,
                          {"build/bench/cost_set makes one (docs/estimate.md)"});
  }
}

core::Result<CostSet> loadCostSet(const std::filesystem::path& file) {
  const auto text = core::readFile(file);
  if (!text) {
    return core::badInput("cost.missing", "the set of synthesised modules cannot be read",
                          file.string(), {"build/bench/cost_set makes one (docs/estimate.md)"});
  }
  return parseCostSet(*text, file.string());
}

const CostSet& builtInCostSet() {
  static const CostSet set = [] {
    auto parsed = parseCostSet(builtInCosts(), "built-in");
    return parsed ? std::move(*parsed) : CostSet{};
  }();
  return set;
}

std::string accuracyText(const CostSet& set) {
  const core::CostModel model = fitCost(set);
  const std::vector<HeldOutError> errors = heldOutErrors(set);
  std::string text = fmt::format("{} modules in {} ({}; adders: {})\n", set.samples.size(),
                                 set.library, set.tool, set.adders);
  text += fmt::format(
      "relative error when a fifth of the designs is not fitted:\n{:<12} {:>8} "
      "{:>8} {:>8}\n",
      "", "mean", "p90", "worst");
  const auto row = [&](const char* name, const core::ErrorBand& band) {
    text += fmt::format("{:<12} {:>7.1f}% {:>7.1f}% {:>7.1f}%\n", name, 100 * band.mean,
                        100 * band.p90, 100 * band.worst);
  };
  row("area", model.areaError);
  row("depth", model.depthError);
  if (model.energy) {
    row("energy", model.energyError);
  } else {
    text += "energy       not fitted: no module of the set has a measured energy\n";
  }
  text += fmt::format("flip-flops   exact in {} of {} modules\n",
                      errors.size() - wrongFlipFlops(errors), errors.size());
  std::vector<std::size_t> order(errors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return std::abs(errors[a].area) > std::abs(errors[b].area);
  });
  text += "largest errors of area:\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(10, order.size()); ++i) {
    const CostSample& sample = set.samples[order[i]];
    text += fmt::format("  {:<48} {:>10.0f} um2 {:>+7.1f}%\n", sample.design + "/" + sample.module,
                        sample.area, 100 * errors[order[i]].area);
  }
  text += fmt::format("{:<18} {:>10} {:>8}\n", "price of a part", "um2", "cells");
  for (std::size_t i = 0; i < kParts; ++i) {
    text +=
        fmt::format("{:<18} {:>10.1f} {:>8.2f}\n", kPartNames[i], model.area[i], model.delay[i]);
  }
  return text;
}

std::string accuracyJson(const CostSet& set) {
  const core::CostModel model = fitCost(set);
  const std::vector<HeldOutError> errors = heldOutErrors(set);
  ordered rows = ordered::array();
  for (std::size_t i = 0; i < errors.size(); ++i) {
    ordered row{{"design", set.samples[i].design},
                {"module", set.samples[i].module},
                {"area", errors[i].area},
                {"depth", errors[i].depth},
                {"flip_flops", errors[i].flipFlops}};
    if (errors[i].energy) {
      row["energy"] = *errors[i].energy;
    }
    rows.push_back(std::move(row));
  }
  const ordered out{
      {"library", set.library},
      {"modules", set.samples.size()},
      {"error",
       {{"area", bandJson(model.areaError)},
        {"depth", bandJson(model.depthError)},
        {"energy", model.energy ? bandJson(model.energyError) : ordered("not fitted")},
        {"flip_flops_wrong", wrongFlipFlops(errors)}}},
      {"area_um2", valuesJson(model.area)},
      {"delay_cells", valuesJson(model.delay)},
      {"energy_pj", model.energy ? valuesJson(*model.energy) : ordered("not fitted")},
      {"held_out", rows}};
  return out.dump(2) + "\n";
}

}  // namespace aegen::flows
