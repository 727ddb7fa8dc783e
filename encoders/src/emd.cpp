#include "aegen/encoders/emd.hpp"

#include <cmath>
#include <cstddef>

#include "transportation.hpp"

namespace aegen::encoders {
namespace {

constexpr std::size_t kCells = data::kTriggerCells;
/// Mass is counted in 2^-50 of a pattern's sum; the rounding costs at most 48 * 13.8 * 2^-51 of
/// distance.
constexpr Mass kUnitMass = Mass{1} << 50;

double usable(double charge) {
  return std::isfinite(charge) && charge > 0 ? charge : 0;
}

/// The pattern in units of mass; they sum to kUnitMass. Empty when nothing usable is in it.
std::optional<std::array<Mass, kCells>> masses(ChargePattern pattern) {
  double sum = 0;
  for (const double charge : pattern) sum += usable(charge);
  if (!(sum > 0) || !std::isfinite(sum)) return std::nullopt;
  std::array<Mass, kCells> result{};
  Mass total = 0;
  std::size_t largest = 0;
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    result[cell] = std::llround(usable(pattern[cell]) / sum * static_cast<double>(kUnitMass));
    total += result[cell];
    if (result[cell] > result[largest]) largest = cell;
  }
  result[largest] += kUnitMass - total;
  return result;
}

/// What has to move from `a` to `b`, in steps of Transportation's mass. The ground distance is a
/// metric, so mass that both patterns have in a cell may stay there.
std::optional<std::array<Mass, kCells>> difference(ChargePattern a, ChargePattern b) {
  const auto massesA = masses(a);
  const auto massesB = masses(b);
  if (!massesA || !massesB) return std::nullopt;
  std::array<Mass, kCells> excess{};
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    excess[cell] = ((*massesA)[cell] - (*massesB)[cell]) * Transportation::kMassStep;
  }
  return excess;
}

double distanceOf(const Transportation& transportation) {
  return transportation.work() / static_cast<double>(kUnitMass * Transportation::kMassStep);
}

}  // namespace

std::optional<double> earthMoversDistance(ChargePattern a, ChargePattern b) {
  const auto excess = difference(a, b);
  if (!excess) return std::nullopt;
  return distanceOf(Transportation(*excess));
}

std::optional<EmdResult> earthMoversDual(ChargePattern a, ChargePattern b) {
  const auto excess = difference(a, b);
  if (!excess) return std::nullopt;
  const Transportation transportation(*excess);
  return EmdResult{distanceOf(transportation), transportation.prices()};
}

}  // namespace aegen::encoders
