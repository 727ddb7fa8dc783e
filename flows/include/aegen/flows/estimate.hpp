#pragma once
/// `aegen estimate`: area, flip-flops, depth and energy of a design before synthesis, from the cost
/// model; a fraction of a second for a chip.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/cost_model.hpp"
#include "aegen/core/design.hpp"
#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// One block of a design, everything below it included. Blocks of one module are each listed.
struct BlockEstimate {
  std::string name;    ///< of the block; "registers", "serial", or "pipeline" for the top's own
  std::string module;  ///< what it is an instance of
  double area = 0;     ///< um2
  std::uint64_t flipFlops = 0;
  double depth = 0;              ///< cells, between its own ports and registers
  std::optional<double> energy;  ///< pJ a crossing; empty: not fitted
};

struct DesignEstimate {
  std::string library;
  double nand2Area = 1;
  std::vector<BlockEstimate> blocks;          ///< in the design's order, registers and top last
  std::vector<core::ModuleEstimate> modules;  ///< callees first, the top last
  core::ErrorBand areaError;                  ///< of the model, on modules it was not fitted to
  core::ErrorBand depthError;
  core::ErrorBand energyError;
  double seconds = 0;  ///< the estimate took

  [[nodiscard]] const core::ModuleEstimate& top() const { return modules.back(); }
};

/// The gates of every module of a design, callees first, the top last. Errors: those of
/// rtl_gen::emitVerilog().
[[nodiscard]] core::Result<std::vector<core::GateModule>> gatesOf(const core::Design& design);

/// Estimate of a design with `model`. Errors: those of rtl_gen::emitVerilog().
[[nodiscard]] core::Result<DesignEstimate> estimateDesign(const core::Design& design,
                                                          const core::CostModel& model);

/// For a terminal: the blocks, the sum, the model's error.
[[nodiscard]] std::string estimateText(const DesignEstimate& estimate);
[[nodiscard]] std::string estimateJson(const DesignEstimate& estimate);

}  // namespace aegen::flows
