#pragma once
/// Real weights of an imported layer as integers.

#include <string>
#include <vector>

#include "imported_network.hpp"

namespace aegen::encoders {

/// The raw integer of a real number in a quantizer's grid: rounded and brought into range as it
/// says, exactly (a double is an integer times a power of two). `channel` picks the fraction.
[[nodiscard]] std::int64_t quantizeExactly(double value, const Quantizer& quantizer,
                                           std::size_t channel);

/// The signed format of `bits` with the largest fraction that holds every value without
/// saturating; zeros alone get fraction `bits`.
[[nodiscard]] core::FixedFormat fittingFormat(const std::vector<double>& values, int bits);

/// Weights named `name` of a tensor whose output channel is axis `channelAxis`. With a quantizer:
/// its grid. Without: the fitting format of `bits` bits, the real values kept beside them and a
/// decision with the largest error added.
[[nodiscard]] Weights quantizedWeights(const RealTensor& tensor, std::size_t channelAxis, int bits,
                                       std::string name, const std::string& where,
                                       std::vector<Decision>& decisions);

/// A bias for products of `productFraction` fractional bits: its quantizer's grid, or as many
/// fractional bits as the products and as wide as it needs. No values: `outputs` zeros.
[[nodiscard]] Weights quantizedBias(const RealTensor& tensor, int outputs, int productFraction,
                                    std::string name);

}  // namespace aegen::encoders
