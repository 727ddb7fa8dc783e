#include "aegen/flows/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "aegen/rtl_gen/emit_design.hpp"
#include "module_gates.hpp"

namespace aegen::flows {

namespace {

using ordered = nlohmann::ordered_json;

std::string energyText(const std::optional<double>& energy) {
  return energy ? fmt::format("{:.1f}", *energy) : std::string("-");
}

ordered bandJson(const core::ErrorBand& band) {
  return {{"mean", band.mean}, {"p90", band.p90}, {"worst", band.worst}, {"modules", band.modules}};
}

ordered energyJson(const std::optional<double>& energy) {
  return energy ? ordered(*energy) : ordered("not fitted");
}

/// The block's instance of the top, with what is below it.
BlockEstimate blockOf(const std::string& name, const core::ModuleEstimate& module) {
  return {name, module.name, module.area, module.flipFlops, module.depth, module.energy};
}

std::string bandText(const char* what, const core::ErrorBand& band) {
  return fmt::format("  {} {:.1f} % mean, {:.1f} % for nine of ten, {:.1f} % worst ({} modules)\n",
                     what, 100 * band.mean, 100 * band.p90, 100 * band.worst, band.modules);
}

}  // namespace

namespace {

struct EmittedGates {
  std::vector<core::GateModule> gates;
  /// Instances of the top: name and place of the module.
  std::vector<std::pair<std::string, std::size_t>> blocks;
};

core::Result<EmittedGates> emittedGates(const core::Design& design) {
  auto rtl = rtl_gen::emitVerilog(design);
  if (!rtl) {
    return rtl.error();
  }
  EmittedGates out;
  std::unordered_map<std::string, std::uint32_t> place;
  for (const rtl_gen::verilog::Module& module : rtl->modules) {
    const core::Function* const function = module.kind == rtl_gen::verilog::ModuleKind::Function
                                               ? design.program.find(module.name)
                                               : nullptr;
    out.gates.push_back(function != nullptr ? core::gatesOf(*function, place, design.program)
                                            : gatesOf(module, rtl->modules, place));
    place.emplace(module.name, static_cast<std::uint32_t>(out.gates.size() - 1));
  }
  for (const rtl_gen::verilog::Item& item : rtl->modules.back().items) {
    if (const auto* const instance = std::get_if<rtl_gen::verilog::Instance>(&item)) {
      out.blocks.emplace_back(instance->name, place.at(instance->module));
    }
  }
  return out;
}

}  // namespace

core::Result<std::vector<core::GateModule>> gatesOf(const core::Design& design) {
  auto emitted = emittedGates(design);
  if (!emitted) {
    return emitted.error();
  }
  return std::move(emitted->gates);
}

core::Result<DesignEstimate> estimateDesign(const core::Design& design,
                                            const core::CostModel& model) {
  const auto start = std::chrono::steady_clock::now();
  const auto emitted = emittedGates(design);
  if (!emitted) {
    return emitted.error();
  }
  DesignEstimate out;
  out.library = model.library;
  out.nand2Area = model.nand2Area;
  out.modules = core::estimateModules(emitted->gates, model);
  out.areaError = model.areaError;
  out.depthError = model.depthError;
  out.energyError = model.energyError;
  for (const auto& [name, module] : emitted->blocks) {
    out.blocks.push_back(blockOf(name, out.modules[module]));
  }
  const core::ModuleEstimate& top = out.top();
  out.blocks.push_back({"pipeline", top.name, top.ownArea, top.ownFlipFlops, 0, top.ownEnergy});
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

std::string estimateText(const DesignEstimate& estimate) {
  std::string text = fmt::format("{:<24} {:>12} {:>10} {:>8} {:>6} {:>10}\n", "block", "um2",
                                 "NAND2", "FFs", "cells", "pJ/BX");
  const auto row = [&](const std::string& name, double area, std::uint64_t flipFlops, double depth,
                       const std::optional<double>& energy) {
    text += fmt::format("{:<24} {:>12.0f} {:>10.0f} {:>8} {:>6.0f} {:>10}\n", name, area,
                        area / estimate.nand2Area, flipFlops, depth, energyText(energy));
  };
  for (const BlockEstimate& block : estimate.blocks) {
    row(block.name, block.area, block.flipFlops, block.depth, block.energy);
  }
  const core::ModuleEstimate& top = estimate.top();
  row("total", top.area, top.flipFlops, top.depth, top.energy);
  text +=
      fmt::format("library {}; error on modules the model was not fitted to:\n", estimate.library);
  text += bandText("area  ", estimate.areaError);
  text += bandText("depth ", estimate.depthError);
  text +=
      top.energy ? bandText("energy", estimate.energyError) : std::string("  energy: not fitted\n");
  text += fmt::format("estimated in {:.0f} ms\n", 1000 * estimate.seconds);
  return text;
}

std::string estimateJson(const DesignEstimate& estimate) {
  ordered blocks = ordered::array();
  for (const BlockEstimate& block : estimate.blocks) {
    blocks.push_back({{"name", block.name},
                      {"module", block.module},
                      {"area", block.area},
                      {"nand2", block.area / estimate.nand2Area},
                      {"flip_flops", block.flipFlops},
                      {"depth", block.depth},
                      {"energy_pj", energyJson(block.energy)}});
  }
  ordered modules = ordered::array();
  for (const core::ModuleEstimate& module : estimate.modules) {
    modules.push_back({{"name", module.name},
                       {"instances", module.instances},
                       {"own_area", module.ownArea},
                       {"area", module.area},
                       {"flip_flops", module.flipFlops},
                       {"depth", module.depth},
                       {"energy_pj", energyJson(module.energy)}});
  }
  const core::ModuleEstimate& top = estimate.top();
  const ordered out{
      {"library", estimate.library},
      {"nand2_area", estimate.nand2Area},
      {"area", top.area},
      {"nand2", top.area / estimate.nand2Area},
      {"flip_flops", top.flipFlops},
      {"depth", top.depth},
      {"energy_pj", energyJson(top.energy)},
      {"error",
       {{"area", bandJson(estimate.areaError)},
        {"depth", bandJson(estimate.depthError)},
        {"energy", top.energy ? bandJson(estimate.energyError) : ordered("not fitted")}}},
      {"seconds", estimate.seconds},
      {"blocks", blocks},
      {"modules", modules}};
  return out.dump(2) + "\n";
}

}  // namespace aegen::flows
