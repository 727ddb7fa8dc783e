#pragma once
/// Principal components of charge patterns: the best linear code of a number of real values, with
/// which trained encoders are compared.

#include <array>
#include <span>
#include <vector>

#include "aegen/core/diagnostic.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/evaluation.hpp"

namespace aegen::encoders {

/// Patterns are charges divided by 2^floor(log2 sum), as the ECON-T normalises them, AE channel
/// order. Nothing is quantised: neither values nor module sum, so that no link could carry it.
class PrincipalComponents {
 public:
  /// Of the events with charge. Diagnostic `components.no-events` when there is none.
  [[nodiscard]] static core::Result<PrincipalComponents> fit(std::span<const data::Event> events);

  [[nodiscard]] const ChargeArray& mean() const { return mean_; }
  /// 48 orthonormal directions, the one of the largest variance first; the largest entry of each by
  /// size, the first of several, is positive.
  [[nodiscard]] const std::array<ChargeArray, data::kTriggerCells>& components() const {
    return components_;
  }
  /// Variance along each of them; none is below 0.
  [[nodiscard]] const ChargeArray& variances() const { return variances_; }

  /// Each event from its first `count` (0..48) values, scaled back by its own power of two;
  /// negative charges become 0.
  [[nodiscard]] std::vector<ChargeArray> reconstruct(std::span<const data::Event> events,
                                                     int count) const;

 private:
  ChargeArray mean_{};
  std::array<ChargeArray, data::kTriggerCells> components_{};
  ChargeArray variances_{};
};

}  // namespace aegen::encoders
