#pragma once
/// The top module of a design: blocks, pipeline registers, register file; and what the manifest
/// says of them.

#include <optional>
#include <string>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/core/fold.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "aegen/rtl_gen/verilog_ast.hpp"
#include "register_file.hpp"

namespace aegen::rtl_gen {

/// One a block; see core::foldBlocks().
using FoldPlans = std::vector<std::optional<core::FoldPlan>>;

/// `blockModules` names the module of each block, `plans` says how the folded ones are. Fills in
/// everything of `manifest` but files and modules. Errors `rtl.name`, `rtl.feedthrough`.
[[nodiscard]] core::Result<verilog::Module> topModule(
    const core::Design& design, const core::DesignTiming& timing, const RegisterMap& map,
    const std::vector<std::string>& blockModules, const FoldPlans& plans, ModuleManifest& manifest);

}  // namespace aegen::rtl_gen
