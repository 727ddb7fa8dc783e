#pragma once
/// The back-end board: many modules' links, a receiver each, one decoder an encoder kind; in
/// SystemC, and as a reference run of the same receivers with the interpreter.

#include <string>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/design.hpp"
#include "aegen/core/diagnostic.hpp"
#include "aegen/core/program.hpp"
#include "aegen/sim/bench_options.hpp"
#include "board_frames.hpp"

namespace aegen::sim {

/// A decoder: `function` of `program` takes `tx` (u32 elements, Event, first) and Config ports.
struct BoardKind {
  std::string name;
  const core::Program* program = nullptr;
  std::string function;
};

struct BoardModule {
  std::string name;
  std::size_t kind = 0;       ///< index of BoardPlan::kinds
  core::ConfigValues config;  ///< of the decoder's Config ports; ports not named are 0
  aegen_bench::LinkFormat format;
  aegen_bench::ReceiverOptions receiver;
};

struct BoardPlan {
  std::vector<BoardKind> kinds;
  std::vector<BoardModule> modules;
};

/// A module's 16-bit words, LinkFormat::words a crossing.
using ModuleWords = std::vector<std::uint16_t>;

/// One crossing of a module as it leaves the board.
struct BoardRecord {
  aegen_bench::Received received;
  std::uint64_t crossing = 0;  ///< of the board, from the start of the run
  std::int64_t decoded = -1;   ///< column of ModuleResult::outputs; -1: not decoded
  bool operator==(const BoardRecord& o) const;
};
struct ModuleResult {
  std::vector<BoardRecord> records;  ///< in order
  core::Columns outputs;             ///< the decoder's output elements, a column a decoded crossing
};

/// Receivers and interpreter: what the board has to give. Errors: sim.board-plan (a kind or port
/// that is not there, values of the wrong number or outside their format, a stream that is no whole
/// number of crossings).
[[nodiscard]] core::Result<std::vector<ModuleResult>> runBoardModel(
    const BoardPlan& plan, const std::vector<ModuleWords>& words);

/// The same in SystemC: the decoders' generated code, compiled once for a set of decoders and kept
/// in `options.workDir`; modules, settings and weights are data. A result leaves the board
/// kBoardLatency crossings after its receiver's verdict. Errors: sim.board-plan, sim.no-systemc,
/// process.not-found, sim.compile, sim.io, sim.bench-failed.
[[nodiscard]] core::Result<std::vector<ModuleResult>> runBoard(
    const BoardPlan& plan, const std::vector<ModuleWords>& words, const BenchOptions& options);

}  // namespace aegen::sim
