#pragma once
/// Runs emitted Verilog in a simulator and reads back what its ports did, row by row.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "aegen/core/fixed_format.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/rtl_gen/verilog_ast.hpp"

namespace aegen::rtl_gen::testing {

/// What a simulator printed for an element with unknown bits.
inline constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();

/// A port of the module under test as elements.
struct SimPort {
  std::string name;
  core::FixedFormat format;
  std::uint32_t count = 1;
};

using Rows = std::vector<std::vector<std::int64_t>>;

enum class Simulator { Icarus, Verilator };

/// An empty directory for a test's files, kept after the test.
[[nodiscard]] std::filesystem::path testDirectory(const std::string& name);

/// Writes one file a module and returns their paths.
std::vector<std::string> writeModules(const std::vector<verilog::Module>& modules,
                                      const std::filesystem::path& directory);

/// Applies each row to the inputs, waits, samples the outputs, then gives one clock (if there is
/// one). Fails the running test and returns nothing when the simulator fails.
[[nodiscard]] Rows simulate(Simulator simulator, const std::filesystem::path& directory,
                            const std::vector<std::string>& files, const std::string& top,
                            bool clocked, const std::vector<SimPort>& inputs,
                            const std::vector<SimPort>& outputs, const Rows& rows);

/// What `verilator --lint-only -Wall` says, without a single waiver; empty when it is content.
[[nodiscard]] std::string lint(const std::vector<std::string>& files, const std::string& top,
                               const std::vector<std::string>& options = {});

/// What Yosys says against reading, elaborating and checking; empty when it is content.
[[nodiscard]] std::string yosysCheck(const std::vector<std::string>& files, const std::string& top);

}  // namespace aegen::rtl_gen::testing
