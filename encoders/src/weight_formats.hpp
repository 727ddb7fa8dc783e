#pragma once
/// Which formats real weights get.

#include <span>

#include "aegen/core/fixed_format.hpp"

namespace aegen::encoders {

/// The signed format of `bits` with the largest fraction, `mostFraction` at most, that holds every
/// value without saturating.
[[nodiscard]] core::FixedFormat fittingFormat(std::span<const double> values, int bits,
                                              int mostFraction);

/// The signed format of a bias of `fraction` fractional bits: as wide as its values need.
[[nodiscard]] core::FixedFormat biasFormat(std::span<const double> values, int fraction);

}  // namespace aegen::encoders
