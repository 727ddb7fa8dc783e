#pragma once
/// EMD by LEMON's network simplex between all filled cells: the second opinion.

#include <array>

namespace aegen::test {

/// Work per unit of mass between two patterns with positive sums, `distance` row-major.
double lemonEmd(const std::array<double, 48>& a, const std::array<double, 48>& b,
                const std::array<std::array<double, 48>, 48>& distance);

}  // namespace aegen::test
