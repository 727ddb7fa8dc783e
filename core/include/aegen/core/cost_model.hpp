#pragma once
/// CostModel: area, flip-flops, depth and energy of functions and modules before synthesis, in
/// milliseconds: gates counted bit by bit (gate_module.hpp), each priced as fitted on synthesised
/// modules (flows/cost_fit.hpp).

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/gate_module.hpp"
#include "aegen/core/program.hpp"

namespace aegen::core {

/// What a module is made of. X(enumerator, name): one row names the coefficient in files and
/// tables.
/// CellInverter: at a pin of an adder cell. InnerAnd: its only reader takes it into one cell.
/// LeafAnd: of two pins. OutputAnd: a port, instance or register wants it uninverted.
#define AEGEN_PARTS(X)                 \
  X(AdderFull, "adder_full")           \
  X(AdderXor, "adder_xor")             \
  X(AdderAnd, "adder_and")             \
  X(MultiplierFull, "multiplier_full") \
  X(MultiplierXor, "multiplier_xor")   \
  X(MultiplierAnd, "multiplier_and")   \
  X(PartialProduct, "partial_product") \
  X(CellInverter, "cell_inverter")     \
  X(CompareXor, "compare_xor")         \
  X(CompareAnd, "compare_and")         \
  X(LogicXor, "logic_xor")             \
  X(LogicAnd, "logic_and")             \
  X(LeafAnd, "leaf_and")               \
  X(InnerAnd, "inner_and")             \
  X(OutputAnd, "output_and")           \
  X(Mux, "mux")                        \
  X(TableMux, "table_mux")             \
  X(FlipFlop, "flip_flop")

enum class Part : std::uint8_t {
#define AEGEN_PART_ENUM(name, ...) name,
  AEGEN_PARTS(AEGEN_PART_ENUM)
#undef AEGEN_PART_ENUM
};
inline constexpr auto kPartNames = std::to_array<std::string_view>({
#define AEGEN_PART_NAME(name, text) text,
    AEGEN_PARTS(AEGEN_PART_NAME)
#undef AEGEN_PART_NAME
});
inline constexpr std::size_t kParts = kPartNames.size();
/// A number for each part.
using PartValues = std::array<double, kParts>;

/// Relative errors |estimate - measured| / measured on modules that were not fitted.
struct ErrorBand {
  double mean = 0;
  double p90 = 0;  ///< nine of ten are below
  double worst = 0;
  std::uint64_t modules = 0;
  bool operator==(const ErrorBand&) const = default;
};

/// What parts cost in one library.
struct CostModel {
  std::string library;
  double nand2Area = 1;              ///< um2
  PartValues area{};                 ///< um2 a part
  PartValues delay{};                ///< cells a part on a path
  std::optional<PartValues> energy;  ///< pJ a change of a part's output; empty: not fitted
  ErrorBand areaError;
  ErrorBand depthError;
  ErrorBand energyError;
};

/// What a module holds itself, without its instances.
struct ModuleParts {
  PartValues counts{};
  /// Changes a crossing of the parts' outputs, by probabilities: inputs take every value as often,
  /// settings stay. Glitches are not counted.
  PartValues changes{};
  bool operator==(const ModuleParts&) const = default;
};
[[nodiscard]] ModuleParts partsOf(const GateModule& module);

/// The sum of `counts` times `price`.
[[nodiscard]] double priced(const PartValues& counts, const PartValues& price);

/// A longest path: its length by `delay`, and the parts on it.
struct GatePath {
  double cells = 0;
  PartValues parts{};
};
/// Longest combinational path of each of `modules` (callees first), what it calls included, from an
/// input or register to a register or output.
[[nodiscard]] std::vector<GatePath> longestPaths(const std::vector<GateModule>& modules,
                                                 const PartValues& delay);

/// Estimates of one module as synthesised once.
struct ModuleEstimate {
  std::string name;
  std::uint64_t instances = 0;  ///< in the whole hierarchy below the last module
  double ownArea = 0;           ///< um2
  double area = 0;              ///< with everything below
  std::uint64_t ownFlipFlops = 0;
  std::uint64_t flipFlops = 0;
  double depth = 0;                 ///< cells
  std::optional<double> ownEnergy;  ///< pJ a crossing, one instance; empty: not fitted
  std::optional<double> energy;     ///< with everything below
};

/// Estimates of all of `modules`, which call each other and of which the last is the top.
[[nodiscard]] std::vector<ModuleEstimate> estimateModules(const std::vector<GateModule>& modules,
                                                          const CostModel& model);

/// Estimate of a function of a verified program with all it calls: what a trainer asks.
[[nodiscard]] ModuleEstimate estimateFunction(const Program& program, std::string_view function,
                                              const CostModel& model);

}  // namespace aegen::core
