#pragma once
/// CellModel: what a library cell does, from its Liberty functions: for the gate simulator, for
/// equivalence, and as Verilog for other simulators.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/liberty.hpp"
#include "aegen/sim/gate_netlist.hpp"

namespace aegen::flows {

/// Bit i of `table` is the value where pin k is bit k of i. In cells with storage the state's names
/// are pins too.
struct CellFunction {
  std::uint64_t table = 0;
  std::vector<std::string> pins;  ///< those that it names, at most 6
};

struct CellOutput {
  std::string pin;
  CellFunction function;
};

struct StorageModel {
  sim::StorageKind kind = sim::StorageKind::FlipFlop;
  std::string state;                        ///< its name in functions
  std::string inverse;                      ///< and that of its complement; may be empty
  CellFunction data, clock, clear, preset;  ///< clear and preset: table 0 when there is none
};

struct CellModel {
  std::vector<CellOutput> outputs;
  std::optional<StorageModel> storage;
};

/// The model of a cell. Error: netlist.no-model (three-state, several bits of state, a function
/// that cannot be read or has more than six inputs).
[[nodiscard]] core::Result<CellModel> cellModel(const LibertyCell& cell);

using CellModels = std::map<std::string, CellModel, std::less<>>;

/// Models of all cells of a library that have one.
[[nodiscard]] CellModels cellModels(const Liberty& library);

/// Models of the gates, flip-flops and latches that Yosys' simplemap makes ($_AND_, $_DFF_P_ ...).
[[nodiscard]] const CellModels& yosysGateModels();

/// A Verilog module a cell that has a model, by its truth tables.
[[nodiscard]] std::string cellsVerilog(const Liberty& library);

}  // namespace aegen::flows
