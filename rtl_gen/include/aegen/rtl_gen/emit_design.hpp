#pragma once
/// A Design as Verilog files and their manifest.

#include <filesystem>
#include <string>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/core/diagnostic.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::rtl_gen {

struct VerilogFile {
  std::string name;  ///< `<module>.v`
  std::string text;
};

/// What emitVerilog() makes: modules with callees before callers and the top last, their text in
/// the same order, and the manifest.
struct GeneratedRtl {
  std::vector<verilog::Module> modules;
  std::vector<VerilogFile> files;
  ModuleManifest manifest;
};

/// The RTL of a design. Top module `<design.name>`:
/// - clk; rst_n (synchronous, active low: configuration to its reset values, state cleared);
/// - link_reset (synchronous: the crossing beside it is dropped, the next one is the first; it
/// travels
///   down the pipeline with the crossings);
/// - the design's inputs and outputs under their signals' names, element 0 in the lowest bits;
/// - with configuration fields: cfg_write, cfg_address, cfg_wdata, cfg_rdata, cfg_ready. Data are
///   16 bits wide, or 32 when a field has more than 16. One value an address in the order of
///   design.config, then the control address, where bit 0 written as 1 commits the shadow copy. The
///   crossing on the inputs in the clock after that write is the first to be computed with the new
///   values, from end to end. cfg_ready is low while the switch travels down the pipeline; writes
///   are ignored then. cfg_rdata is the shadow copy's value at the address of the clock before,
///   sign-extended.
/// - design.clocksPerCrossing R > 1: the clock is R times the crossings'. The first crossing begins
///   with the first clock behind a reset. Inputs and link_reset hold for all clocks of a crossing;
///   outputs are to be sampled in its last one. Registers are written clock by clock; a commit
///   switches at the end of its crossing, and the next crossing is the first with the new values.
/// - with design.serial: i2c_scl, i2c_sda, i2c_sda_low (pull SDA down) and, if the device address
/// has
///   pins, i2c_address: an I2C slave that reaches the same addresses; docs/registers.md.
/// Nets of the top module are named as the signals: `<signal>` (for a registered one the register,
/// `<signal>_next` in front of it, `<signal>_d<k>` k clocks later).
/// Errors: those of core::analyse(), and `rtl.name`, `rtl.feedthrough`, `rtl.buffer-depth`.
[[nodiscard]] core::Result<GeneratedRtl> emitVerilog(const core::Design& design);

/// Writes the files, `rtl.f` (their list, callees first; `verilator -F`), the register map
/// (registerMapFiles()) and `manifest.json` into `directory`, which is made if needed. Each file is
/// written to a temporary and renamed; the manifest comes last, so that one that is there belongs
/// to complete RTL.
[[nodiscard]] core::Result<void> writeRtl(const GeneratedRtl& rtl,
                                          const std::filesystem::path& directory);

/// `<top>_bench`: the top with a register in front of every input but the clock, for simulation:
/// one clock later, the same ports. Verilator computes what hangs on pins without a register three
/// times a clock (README.md); behind this wrapper once.
[[nodiscard]] verilog::Module registeredPins(const ModuleManifest& manifest);

/// Options that make the fastest model of the RTL, measured on the ECON-T design (README.md).
struct VerilatorRecipe {
  std::vector<std::string> verilate;  ///< arguments of verilator besides files and top
  std::string optFast = "-O1";        ///< make OPT_FAST: the code that runs each clock
  std::string optSlow = "-O0";        ///< make OPT_SLOW: constructors and the like
};
[[nodiscard]] VerilatorRecipe verilatorRecipe();

}  // namespace aegen::rtl_gen
