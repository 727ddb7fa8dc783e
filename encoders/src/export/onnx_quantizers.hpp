#pragma once
/// Roundings and ranges in ONNX: as QONNX's Quant where that has the meaning, else in ONNX's own
/// operators.

#include <string>
#include <vector>

#include "aegen/encoders/graph.hpp"
#include "onnx_builder.hpp"

namespace aegen::encoders {

/// Whether a model says its formats by QONNX's Quant nodes or by rounding and clipping.
enum class OnnxDialect : std::uint8_t { Plain, Qonnx };

inline constexpr const char* kQonnxDomain = "qonnx.custom_op.general";

/// Lets `model` use Quant and defines it as a function of ONNX's operators, for runtimes that do
/// not know it.
void useQuant(OnnxBuilder& model);

/// Quant (rounding to the nearest, halves to even) of numbers that `format` holds: it changes
/// nothing and tells readers the format. `fractions`: of each element of a scale of shape
/// `scaleShape`; one and {} for a single scale.
std::string addFormat(OnnxBuilder& model, const std::string& x, const core::FixedFormat& format,
                      const std::vector<int>& fractions,
                      const std::vector<std::int64_t>& scaleShape, const std::string& name);

/// x floored to `fraction` bits; `range`: of the raw result.
std::string addFloor(OnnxBuilder& model, OnnxDialect dialect, const std::string& x, int fraction,
                     const core::Interval& range, const std::string& name);

/// A Requantize node applied to `x`, whose raw values of `fromFraction` bits lie in `range`.
std::string addRequantize(OnnxBuilder& model, OnnxDialect dialect, const std::string& x,
                          int fromFraction, const core::Interval& range, const Node& node);

}  // namespace aegen::encoders
