#pragma once
/// What every bench is built with: its sources, the compiler, SystemC, and digests that tell
/// whether a step has to be done again.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/sim/bench_options.hpp"

namespace aegen::sim {

using Command = std::vector<std::string>;

/// A digest of everything a step depends on.
class Fingerprint {
 public:
  void add(std::string_view text);
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t hash_ = core::kDigestStart;
};

/// core::readFile() and core::writeFile() with the code sim.io.
[[nodiscard]] core::Result<std::string> readFile(const std::filesystem::path& file);
[[nodiscard]] core::Result<void> writeFile(const std::filesystem::path& file,
                                           std::string_view text);

/// The folder with the bench's fixed sources. Error: sim.no-bench-sources.
[[nodiscard]] core::Result<std::filesystem::path> benchSources(const BenchOptions& options);
/// $CXX, else g++.
[[nodiscard]] core::Result<std::filesystem::path> findCompiler();
/// SystemC's place as compiler flags: none when the compiler finds it by itself. Error:
/// sim.no-systemc.
[[nodiscard]] core::Result<Command> systemcFlags();

}  // namespace aegen::sim
