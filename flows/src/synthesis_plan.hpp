#pragma once
/// How a design's modules are spread over Yosys runs, and the scripts of those runs.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "aegen/core/diagnostic.hpp"

namespace aegen::flows {

/// A module of the elaborated design and a rough measure of the work it will be.
struct ModuleLoad {
  std::string name;
  std::uint64_t weight = 0;
};

/// Modules of an elaborated design (Yosys JSON of word-level cells): a cell weighs its bits, a
/// multiplication the product of its operands'. Error: netlist.malformed.
[[nodiscard]] core::Result<std::vector<ModuleLoad>> measureModules(std::string_view json,
                                                                   const std::string& where);

/// One Yosys run: the modules it maps.
struct Batch {
  std::vector<std::string> modules;
  std::uint64_t weight = 0;
};

/// Big modules alone and first, small ones together, so that `jobs` processes end at about the same
/// time and starting Yosys does not cost more than its work.
[[nodiscard]] std::vector<Batch> planBatches(std::vector<ModuleLoad> modules, unsigned jobs);

/// Files of a synthesis in its work directory.
struct WorkFiles {
  std::filesystem::path directory;
  std::filesystem::path liberty;  ///< plain text of what may be mapped to, in a path without blanks
  std::string abcCommands;
  std::string flipFlopTypes;  ///< arguments of dfflegalize

  [[nodiscard]] std::filesystem::path elaborated() const { return directory / "elaborated.json"; }
  [[nodiscard]] std::filesystem::path design() const { return directory / "elaborated.il"; }
  [[nodiscard]] std::filesystem::path trees() const { return directory / "trees.json"; }
  [[nodiscard]] std::filesystem::path stubs() const { return directory / "stubs.il"; }
  [[nodiscard]] std::filesystem::path map() const { return directory / "arithmetic_map.v"; }
  [[nodiscard]] std::filesystem::path flipFlops() const { return directory / "flip_flop_map.v"; }
  [[nodiscard]] std::filesystem::path batch(std::size_t index, const char* ending) const {
    return directory / ("batch_" + std::to_string(index) + ending);
  }
};

/// Reads the sources, elaborates below `top` and writes elaborated() and design().
[[nodiscard]] std::string elaborationScript(const std::vector<std::filesystem::path>& sources,
                                            const std::string& top, const WorkFiles& files);

/// Cuts design() into a file a batch and stubs() with every module's ports. The modules named in
/// `replaced` are taken from trees() instead.
[[nodiscard]] std::string splitScript(const std::vector<Batch>& batches, const WorkFiles& files,
                                      const std::vector<std::string>& replaced = {});

/// Maps one batch and writes its netlist as JSON and Verilog.
[[nodiscard]] std::string mappingScript(std::size_t index, const WorkFiles& files);

}  // namespace aegen::flows
