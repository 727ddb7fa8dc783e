#pragma once
/// A synthesised chip as gates: the mapped modules that a synthesis left in its work folder, with
/// the models of their cells.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/gate_build.hpp"
#include "aegen/sim/gate_simulator.hpp"

namespace aegen::flows {

struct MappedChip {
  Liberty library;
  CellModels models;
  std::vector<NetlistModule> modules;
  std::vector<FlatInstance> instances;  ///< as flatten() has them; point into `modules`
  std::shared_ptr<const sim::GateProgram> program;
};

/// The modules of `batch_*.json` in `synthFolder`. Errors: netlist.missing (nothing has been
/// synthesised there), those of readNetlist().
[[nodiscard]] core::Result<std::vector<NetlistModule>> loadMappedModules(
    const std::filesystem::path& synthFolder);

/// The whole chip below `top`, flat, clocked by `clk`. Errors: those of loadMappedModules(),
/// loadLiberty(), flatten() and sim::GateProgram::compile().
[[nodiscard]] core::Result<std::unique_ptr<MappedChip>> loadMappedChip(
    const std::filesystem::path& synthFolder, const std::string& top,
    const std::filesystem::path& liberty);

}  // namespace aegen::flows
