#pragma once
/// Whether floating-point numbers hold everything a graph computes, and what each tensor can be.

#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/core/fixed_format.hpp"
#include "aegen/encoders/graph.hpp"

namespace aegen::encoders {

/// IEEE 754 binary32 and binary64.
enum class FloatType : std::uint8_t { Single, Double };

/// Bits of the type's significand: integers up to 2^bits are exact.
[[nodiscard]] constexpr int significandBits(FloatType type) {
  return type == FloatType::Single ? 24 : 53;
}

/// Raw values each node's tensor can have, with the weights as they stand. Diagnostic
/// `export.range` when a value, a product, a partial sum (in any order) or a step of a rounding
/// is not exact in `type`; it names the first such node. `graph` has passed infer().
[[nodiscard]] core::Result<std::vector<core::Interval>> exactRanges(const Graph& graph,
                                                                    FloatType type);

}  // namespace aegen::encoders
