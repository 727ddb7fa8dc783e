#pragma once
/// What a training run minimises: a weighted sum of losses whose weights follow the epochs.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "aegen/core/diagnostic.hpp"

namespace aegen::encoders {

enum class LossKind : std::uint8_t {
  Telescope,    ///< squared errors of cells, supercells and sums of 16, as the field weighs them
  Mse,          ///< mean squared error of the normalised charges
  Emd,          ///< exact earth mover's distance of the shapes, by its dual potentials
  EmdSinkhorn,  ///< entropic optimal transport of the shapes, debiased
  EmdSliced,    ///< mean of one-dimensional distances across the wafer, of the shapes
};
inline constexpr std::array kLossKinds = {LossKind::Telescope, LossKind::Mse, LossKind::Emd,
                                          LossKind::EmdSinkhorn, LossKind::EmdSliced};

/// "telescope", "mse", "emd", "emd_sinkhorn", "emd_sliced".
[[nodiscard]] std::string_view text(LossKind kind);
[[nodiscard]] std::optional<LossKind> lossKind(std::string_view text);

/// One loss of a sum. The EMD kinds do not see an event's total charge: beside them something has
/// to, a telescope term for instance.
struct LossTerm {
  LossKind kind = LossKind::Telescope;
  double weight = 1;               ///< at `fromEpoch`; 0 to 1e6
  std::optional<double> weightTo;  ///< at `toEpoch`, evenly in between; none: `weight` throughout
  int fromEpoch = 1;               ///< first epoch it counts in, from 1
  std::optional<int> toEpoch;      ///< the last; none: all that follow
  double epsilon = 1;   ///< EmdSinkhorn: strength of the entropy, 0.05 to 10; a TC's pitch is 2
  int directions = 16;  ///< EmdSliced: 2, 4, 8, 16, 32 or 64

  /// Its weight in an epoch, 0 outside of its own.
  [[nodiscard]] double weightAt(int epoch) const;
  bool operator==(const LossTerm&) const = default;
};

/// Diagnostic `train.loss`, naming the term from 1: a number outside its range, an end before the
/// start, `weightTo` without `toEpoch`, an epoch of 1 .. `epochs` in which nothing counts.
[[nodiscard]] core::Result<void> check(std::span<const LossTerm> terms, int epochs);

}  // namespace aegen::encoders
