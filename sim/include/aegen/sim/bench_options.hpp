#pragma once
/// Options common to everything that compiles and runs a bench.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace aegen::sim {

/// What is being done, for a progress line: "verilating", "compiling", "simulating", and how far;
/// `total` is 0 while it is not known.
using ProgressCallback =
    std::function<void(std::string_view stage, std::uint64_t done, std::uint64_t total)>;

enum class ConfigPort : std::uint8_t {
  Parallel,
  Serial,  ///< I2C, for designs that have it
};

/// Which ports a configuration goes through.
struct ConfigRoute {
  ConfigPort write = ConfigPort::Parallel;  ///< the values, and the commit behind them
  ConfigPort readBack = ConfigPort::Parallel;
  std::uint32_t serialHertz = 400'000;  ///< of SCL, up to 1,000,000; the chip's clock is 40 MHz
};

struct BenchOptions {
  std::filesystem::path workDir = "work";  ///< where builds, logs and waveforms go
  unsigned jobs = 0;                       ///< compilations at a time; 0: as many as processors
  std::uint64_t seed = 1;                  ///< of what flip-flops hold before they are reset
  std::string optimization;   ///< the compiler's, for the chip; empty: as rtl_gen advises
  ProgressCallback progress;  ///< may be empty

  /// Where the bench's fixed sources are; empty: $AEGEN_SHARE/sim, the source tree aegen was built
  /// from, or the installed share/aegen/sim, whichever is there.
  std::filesystem::path benchSources;
};

}  // namespace aegen::sim
