#pragma once
/// Drives an emitted design clock by clock: crossings, register writes and resets on one time line.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/design.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "rtl_simulation.hpp"

namespace aegen::rtl_gen::testing {

/// The pins of one clock, or of one crossing where a crossing has several. Inputs are the elements
/// of design.inputs.
struct Clock {
  int phase = 0;  ///< of the crossing's clocks, the one in which there is a write
  bool resetN = true;
  bool linkReset = false;
  bool write = false;
  std::int64_t address = 0;
  std::int64_t data = 0;
  std::vector<std::int64_t> inputs;
};

/// What came out: rows of a signal or pin by clock (the last of each crossing).
class Recording {
 public:
  std::map<std::string, Rows> ports;
  /// The elements of output `signal` that belong to the crossing given at clock `crossing`.
  [[nodiscard]] const std::vector<std::int64_t>& of(const ModuleManifest& manifest,
                                                    const std::string& signal,
                                                    std::size_t crossing) const;
};

/// Runs the clocks through the emitted files in `directory`; empty when the simulator failed.
[[nodiscard]] Recording play(Simulator simulator, const GeneratedRtl& rtl,
                             const std::filesystem::path& directory,
                             const std::vector<Clock>& clocks);

/// Clocks that write a field (all values) and, if `commit`, commit. `inputs` feeds each clock.
std::vector<Clock> writes(const ModuleManifest& manifest, const core::ConfigValues& values,
                          bool commit);

}  // namespace aegen::rtl_gen::testing
