#pragma once
/// Replaces trees of $mul, $add and $sub in an elaborated design by adder trees of cells.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/synthesis.hpp"
#include "gate_circuit.hpp"

namespace aegen::flows {

/// What was done to a module.
struct TreedModule {
  std::string name;
  std::string rows;  ///< how its products are made: names of ProductRows
  std::size_t sums = 0;
  std::size_t products = 0;
};

struct SumTrees {
  std::string json;  ///< the changed modules alone, a Yosys JSON netlist
  std::vector<TreedModule> modules;
};

/// Works on every module of `json` (Yosys' elaborated, word-level netlist) that multiplies two
/// numbers neither of which is constant. There a sum whose intermediate results nobody else reads
/// and which cannot overflow becomes one tree, a product with other readers or cut bits a tree of
/// its own; bits nobody reads cost nothing. The rows are those of the smallest area, or as `style`
/// demands. Nothing is done for MultiplierStyle::Array. Error: netlist.malformed.
[[nodiscard]] core::Result<SumTrees> treeSums(std::string_view json, const std::string& where,
                                              const Liberty& library, AdderStyle adders,
                                              MultiplierStyle style);

}  // namespace aegen::flows
