#pragma once
/// Builds benches: Verilator, then the compiler on all cores, with every step's result kept and
/// reused.

#include <filesystem>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "aegen/sim/bench_options.hpp"
#include "bench_layout.hpp"

namespace aegen::sim {

/// One bench: the chip alone, or with link and decoder when `decoderHeader` is given.
struct BenchRecipe {
  const rtl_gen::ModuleManifest* manifest = nullptr;
  std::filesystem::path rtlFolder;
  const ChipLayout* layout = nullptr;
  std::string decoderHeader;       ///< decoder.hpp: the emitted SystemC
  std::string decoderModelHeader;  ///< decoder_model.hpp
  bool trace = false;
};

struct BuiltBench {
  std::filesystem::path executable;
  double buildSeconds = 0;  ///< 0 when everything was reused
};

/// Steps, each in its own folder of `options.workDir` named by a hash of all that goes into it: the
/// verilator runtime, the verilated chip, the bench. A folder appears when it is complete;
/// a second process that needs it waits for the first.
/// Errors: process.not-found (verilator, g++), sim.no-systemc, sim.verilator, sim.compile, sim.io.
[[nodiscard]] core::Result<BuiltBench> buildBench(const BenchRecipe& recipe,
                                                  const BenchOptions& options);

}  // namespace aegen::sim
