#pragma once
/// Earth mover's distance between two charge patterns on a wafer, exact.

#include <array>
#include <optional>
#include <span>

#include "aegen/data/geometry.hpp"

namespace aegen::encoders {

/// 48 charges in AE channel order.
using ChargePattern = std::span<const double, data::kTriggerCells>;

/// The least work that turns pattern `a` into `b`, each scaled to unit sum: sum of moved mass times
/// ground distance, data::emdDistances(), in which 2.0 is one TC pitch. Symmetric, 0 for patterns
/// that differ by a factor only. Negative and non-finite charges count as 0. Empty when a side is
/// all zero. Exact up to double rounding (about 1e-12). Thread-safe.
[[nodiscard]] std::optional<double> earthMoversDistance(ChargePattern a, ChargePattern b);

/// The distance and the Kantorovich potential that proves it.
struct EmdResult {
  double distance = 0;
  /// One price a cell that changes by no more than the ground distance between any two cells; the
  /// sum over cells of potential * (a - b), both scaled to unit sum, is the distance. Such prices
  /// bound the distance of every pair of patterns from below, so they are a subgradient of the
  /// distance by the scaled `a`, and their negatives by the scaled `b`.
  std::array<double, data::kTriggerCells> potential{};
};

/// As earthMoversDistance(), with the potential.
[[nodiscard]] std::optional<EmdResult> earthMoversDual(ChargePattern a, ChargePattern b);

}  // namespace aegen::encoders
