#include "weight_quantizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "../weight_formats.hpp"

namespace aegen::encoders {
namespace {

constexpr int kMostFraction = 60;

// Output channel of an element of a row-major tensor.
std::size_t channelOf(const Shape& shape, std::size_t axis, std::size_t element) {
  std::size_t below = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) below *= static_cast<std::size_t>(shape[i]);
  return element / below % static_cast<std::size_t>(shape[axis]);
}

}  // namespace

std::int64_t quantizeExactly(double value, const Quantizer& quantizer, std::size_t channel) {
  core::FixedFormat format = quantizer.format;
  if (!quantizer.channelFraction.empty()) format.fraction = quantizer.channelFraction[channel];
  int exponent = 0;
  constexpr int kMantissa = 53;
  const double mantissa = std::ldexp(std::frexp(value, &exponent), kMantissa);
  const std::int64_t raw =
      core::requantize(static_cast<std::int64_t>(mantissa), kMantissa - exponent, format,
                       quantizer.rounding, quantizer.overflow);
  return quantizer.symmetric ? std::max(raw, -format.maxRaw()) : raw;
}

core::FixedFormat fittingFormat(const std::vector<double>& values, int bits) {
  const bool zeros = std::ranges::all_of(values, [](double value) { return value == 0; });
  return fittingFormat(values, bits, zeros ? bits : kMostFraction);
}

Weights quantizedWeights(const RealTensor& tensor, std::size_t channelAxis, int bits,
                         std::string name, const std::string& where,
                         std::vector<Decision>& decisions) {
  Weights out;
  out.name = std::move(name);
  out.shape = tensor.shape;
  const Quantizer quantizer =
      tensor.quantizer.value_or(Quantizer{.format = fittingFormat(tensor.values, bits)});
  out.format = quantizer.format;
  out.channelFraction = quantizer.channelFraction;
  double error = 0;
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    const std::size_t channel = channelOf(tensor.shape, channelAxis, i);
    out.values.push_back(quantizeExactly(tensor.values[i], quantizer, channel));
    error = std::max(
        error, std::abs(std::ldexp(static_cast<double>(out.values[i]), -out.fraction(channel)) -
                        tensor.values[i]));
  }
  if (!tensor.quantizer) {
    out.real = tensor.values;
    decisions.push_back({where,
                         fmt::format("real weights quantized to {}, largest error {:.2g}",
                                     out.format.text(), error),
                         "the source does not quantize them"});
  }
  return out;
}

Weights quantizedBias(const RealTensor& tensor, int outputs, int productFraction,
                      std::string name) {
  Weights out;
  out.name = std::move(name);
  out.shape = {outputs};
  Quantizer quantizer;
  if (tensor.quantizer) {
    quantizer = *tensor.quantizer;
  } else {
    quantizer.format = biasFormat(tensor.values, productFraction);
    out.real = tensor.values;
  }
  out.format = quantizer.format;
  out.channelFraction = quantizer.channelFraction;
  if (tensor.values.empty()) out.values.assign(static_cast<std::size_t>(outputs), 0);
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    out.values.push_back(quantizeExactly(tensor.values[i], quantizer, i));
  }
  return out;
}

}  // namespace aegen::encoders
