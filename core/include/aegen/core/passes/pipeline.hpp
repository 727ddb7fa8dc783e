#pragma once
/// The pass manager: passes by name, run in order, verified one by one, with what each saves.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/adder_graph.hpp"
#include "aegen/core/diagnostic.hpp"
#include "aegen/core/passes/unit.hpp"

namespace aegen::core::passes {

/// What stands in hardware: a function counts as often as it is used.
struct PassStatistics {
  /// Instructions that are more than wires: no constants, fixed shifts, slices, concatenations,
  /// reinterpretations, floors that wrap; no calls.
  std::uint64_t operations = 0;
  std::uint64_t valueBits = 0;  ///< bits of their results
  std::uint64_t calls = 0;      ///< instances of functions
  /// Bits of pipeline registers: of registered blocks, and what delays signals until they are used.
  /// Not those of configuration and of state blocks, which no pass changes. 0 of a plain program.
  std::uint64_t registerBits = 0;
  std::uint64_t functions = 0;  ///< different ones
  bool operator==(const PassStatistics&) const = default;
};
[[nodiscard]] PassStatistics statisticsOf(const Program& program, std::string_view function);
[[nodiscard]] PassStatistics statisticsOf(const Design& design);

/// What passes may be told.
struct PassOptions {
  /// How share_products looks for adder graphs; empty: not at all.
  std::optional<AdderGraphOptions> adderGraphs = AdderGraphOptions{};
};

/// A pass: its name, a line of what it does, and the transformation. `run` leaves a valid unit that
/// computes the same bits at the top's outputs; run again it changes nothing.
struct Pass {
  std::string_view name;
  std::string_view meaning;
  Result<void> (*run)(Unit& unit, const PassOptions& options);
};

/// Every pass there is, in the order of docs/passes.md.
[[nodiscard]] const std::vector<Pass>& allPasses();

/// What runs unless said otherwise.
[[nodiscard]] std::vector<std::string> defaultPasses();

/// The passes of `text`: names separated by commas; `none` or nothing: no pass; `default`: those of
/// defaultPasses(). Errors: passes.unknown.
[[nodiscard]] Result<std::vector<std::string>> parsePasses(std::string_view text);

/// One pass that ran.
struct PassRun {
  std::string name;
  PassStatistics before;
  PassStatistics after;
  double seconds = 0;
  /// A change of the wiring would have moved a milestone or an output in time: ports of the blocks
  /// were left as they were.
  bool keptWiring = false;
};

struct PipelineReport {
  std::vector<PassRun> runs;  ///< in order
  [[nodiscard]] bool empty() const { return runs.empty(); }
};

/// Runs `passes` by name over a design that analyse() accepts: the same bits at its outputs in
/// every crossing, the same latencies, registers and state blocks. Errors: passes.unknown;
/// adder-graph.shape (`options` out of range);
/// passes.invalid when what a pass left does not verify (a bug of the pass, named in the message).
[[nodiscard]] Result<PipelineReport> runPasses(Design& design,
                                               const std::vector<std::string>& passes,
                                               const PassOptions& options = {});

/// The same over a function and what it calls; other functions are dropped.
[[nodiscard]] Result<PipelineReport> runPasses(Program& program, std::string_view function,
                                               const std::vector<std::string>& passes,
                                               const PassOptions& options = {});

}  // namespace aegen::core::passes
