#pragma once
/// Constant tensors of a framework's graph, computed at import.

#include <functional>
#include <optional>

#include "imported_network.hpp"

namespace aegen::encoders {

/// `f` of the elements of two tensors, the smaller repeated along leading axes as NumPy does where
/// its shape is the other's last axes or one element; empty when neither fits.
[[nodiscard]] std::optional<RealTensor> combined(const RealTensor& a, const RealTensor& b,
                                                 const std::function<double(double, double)>& f);

/// The coarsest grid of at most 16 bits that holds every value exactly; empty when there is none.
[[nodiscard]] std::optional<Quantizer> gridOf(const std::vector<double>& values);

}  // namespace aegen::encoders
