#pragma once
/// Where pipeline registers go, from a rough count of logic levels.

#include <cstddef>
#include <string_view>
#include <vector>

#include "aegen/core/program.hpp"

namespace aegen::encoders {

/// Levels of two-input gates on the longest path of a function: an estimate that ranks cuts, from
/// carry-lookahead adders (2 log2 width), array multipliers and multiplexer trees.
[[nodiscard]] int logicLevels(const core::Program& program, std::string_view function);

/// Indices after which to cut a chain of `levels` into `stages` parts (the last index among them)
/// so that the longest part is shortest; among equals the earliest cuts. With `gains`, of which a
/// part has that of the block with the largest, their sum comes first: folding folds one block
/// between two registers.
[[nodiscard]] std::vector<std::size_t> evenCuts(const std::vector<int>& levels, std::size_t stages,
                                                const std::vector<double>& gains = {});

}  // namespace aegen::encoders
