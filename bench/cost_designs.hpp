#pragma once
// Random designs of the kinds that occur, whose modules the cost model is fitted to.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aegen/core/design.hpp"
#include "aegen/core/program.hpp"

namespace aegen::bench {

// A program of which one function is the top, or a whole chip.
struct CostDesign {
  std::string name;
  core::Program program;
  std::string top;
  std::optional<core::Design> chip;
};

// Kinds of costDesign().
enum class CostKind : std::uint8_t {
  Operations,  // a dozen functions of a few operations each
  Dense,       // one dense layer: loadable or hard-wired, truncated products or not
  Conv,        // one convolution, likewise
  Chip,        // a trigger path of a random shape with one encoder
};
std::string costKindName(CostKind kind);

// The design of that seed; the same on every machine.
CostDesign costDesign(CostKind kind, std::uint64_t seed);

}  // namespace aegen::bench
