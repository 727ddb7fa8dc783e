#include "aegen/encoders/loss_term.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <string>

namespace aegen::encoders {
namespace {

constexpr double kLargestWeight = 1e6;
constexpr double kSmallestEpsilon = 0.05;
constexpr double kLargestEpsilon = 10;
constexpr int kMostDirections = 64;

bool within(double value, double low, double high) {
  return value >= low && value <= high;
}

// What is wrong with a term by itself, or nothing.
std::string faultOf(const LossTerm& term) {
  for (const double weight : {term.weight, term.weightTo.value_or(0)}) {
    if (!within(weight, 0, kLargestWeight)) {
      return fmt::format("weight {} is not within 0 to {}", weight, kLargestWeight);
    }
  }
  if (term.fromEpoch < 1) return fmt::format("it starts in epoch {}, before 1", term.fromEpoch);
  if (term.toEpoch && *term.toEpoch < term.fromEpoch) {
    return fmt::format("it ends in epoch {}, before it starts in {}", *term.toEpoch,
                       term.fromEpoch);
  }
  if (term.weightTo && !term.toEpoch) return "its weight changes up to no epoch";
  if (!within(term.epsilon, kSmallestEpsilon, kLargestEpsilon)) {
    return fmt::format("epsilon {} is not within {} to {}", term.epsilon, kSmallestEpsilon,
                       kLargestEpsilon);
  }
  if (!within(term.directions, 2, kMostDirections) ||
      !std::has_single_bit(static_cast<unsigned>(term.directions))) {
    return fmt::format("{} directions are not a power of two from 2 to {}", term.directions,
                       kMostDirections);
  }
  return {};
}

}  // namespace

std::string_view text(LossKind kind) {
  switch (kind) {
    case LossKind::Telescope:
      return "telescope";
    case LossKind::Mse:
      return "mse";
    case LossKind::Emd:
      return "emd";
    case LossKind::EmdSinkhorn:
      return "emd_sinkhorn";
    case LossKind::EmdSliced:
      return "emd_sliced";
  }
  assert(false);
  return {};
}

std::optional<LossKind> lossKind(std::string_view name) {
  const auto found = std::ranges::find(kLossKinds, name, [](LossKind kind) { return text(kind); });
  if (found == kLossKinds.end()) return std::nullopt;
  return *found;
}

double LossTerm::weightAt(int epoch) const {
  if (epoch < fromEpoch || (toEpoch && epoch > *toEpoch)) return 0;
  if (!weightTo || !toEpoch || *toEpoch == fromEpoch) return weight;
  const double progress =
      static_cast<double>(epoch - fromEpoch) / static_cast<double>(*toEpoch - fromEpoch);
  return weight + (*weightTo - weight) * progress;
}

core::Result<void> check(std::span<const LossTerm> terms, int epochs) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const std::string fault = faultOf(terms[i]);
    if (!fault.empty()) {
      return core::badInput("train.loss",
                            fmt::format("loss {} ({}): {}", i + 1, text(terms[i].kind), fault));
    }
  }
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    const auto counts = [&](const LossTerm& term) { return term.weightAt(epoch) > 0; };
    if (std::ranges::any_of(terms, counts)) continue;
    return core::badInput("train.loss", fmt::format("no loss counts in epoch {}", epoch), {},
                          {"give a term that covers it a weight above 0"});
  }
  return {};
}

}  // namespace aegen::encoders
