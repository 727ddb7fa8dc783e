// Quantizers of ONNX and QONNX.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "onnx_reader.hpp"
#include "tensor_folding.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::Rounding;

constexpr int kMostBits = 48;
constexpr int kMostFraction = 40;

double halvesAwayFromZero(double x) {
  return std::round(x);
}
double halvesTowardZero(double x) {
  return std::copysign(std::ceil(std::abs(x) - 0.5), x);
}
double awayFromZero(double x) {
  return std::copysign(std::ceil(std::abs(x)), x);
}

// What a scale can be: neither it nor its inverse is near the ends of what numbers hold.
bool isStep(double step) {
  return step >= 0x1p-60 && step <= 0x1p60;
}

// How QONNX's rounding modes round constants, and which of them the chip's hardware has.
struct Mode {
  double (*round)(double);
  std::optional<Rounding> rounding;
};

std::optional<Mode> modeOf(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto nearest = [](double x) { return std::nearbyint(x); };
  if (name == "ROUND" || name == "HALF_EVEN") return Mode{nearest, Rounding::NearestEven};
  if (name == "FLOOR") return Mode{[](double x) { return std::floor(x); }, Rounding::Floor};
  if (name == "CEIL") return Mode{[](double x) { return std::ceil(x); }, std::nullopt};
  if (name == "DOWN" || name == "ROUND_TO_ZERO") {
    return Mode{[](double x) { return std::trunc(x); }, Rounding::TowardZero};
  }
  if (name == "UP") return Mode{awayFromZero, std::nullopt};
  if (name == "HALF_UP") return Mode{halvesAwayFromZero, std::nullopt};
  if (name == "HALF_DOWN") return Mode{halvesTowardZero, std::nullopt};
  return std::nullopt;
}

}  // namespace

std::optional<int> exponentOf(double power) {
  int exponent = 0;
  if (!(power > 0) || std::frexp(power, &exponent) != 0.5) return std::nullopt;
  return exponent - 1;
}

std::optional<WholeRange> wholeRange(double least, double most) {
  if (!(most >= 0 && most < std::ldexp(1.0, kMostBits)) || most != std::floor(most)) {
    return std::nullopt;
  }
  const auto bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(most)));
  if (most != std::ldexp(1.0, bits) - 1) return std::nullopt;
  if (least == 0 && bits > 0) return WholeRange{{false, bits, 0}, false};
  if (least == -most - 1) return WholeRange{{true, bits + 1, 0}, false};
  if (least == -most && bits > 0) return WholeRange{{true, bits + 1, 0}, true};
  return std::nullopt;
}

// x / scale, rounded, limited, times scale. The format is that of the integers, fraction 0.
OnnxValue OnnxReader::quantized(const Node& node, const OnnxValue& x, const RealTensor& scale,
                                Quantizer quantizer) {
  const double step = number(scale, node);
  if (!isStep(step)) fails("unsupported", fmt::format("has a scale of {}", step), node);
  const auto exponent = exponentOf(step);
  if (exponent && std::abs(*exponent) <= kMostFraction) {
    quantizer.format.fraction = -*exponent;
    return same(node, LayerKind::Quantize, x, {.quantizer = quantizer});
  }
  OnnxValue units = x;
  if (ImportedLayer* const layer = scalable(x.layer)) {
    const auto channels = static_cast<std::size_t>(layer->shape.back());
    scaleChannels(*layer, std::vector<double>(channels, 1 / step), node);
  } else {
    units = same(node, LayerKind::Scale, x, {.constant = 1 / step}, "_in_steps");
  }
  const OnnxValue whole =
      same(node, LayerKind::Quantize, units, {.quantizer = quantizer}, "_whole");
  network_.decisions.push_back({file_.where(node),
                                fmt::format("its scale {} is kept as a table", step),
                                "it is no power of two"});
  return same(node, LayerKind::Scale, whole, {.constant = step});
}

OnnxValue OnnxReader::quant(const Node& node) {
  const double zero = number(node, 2);
  const double bits = number(node, 3);
  const bool isSigned = integerOf(node, "signed", 1) != 0;
  const double narrow = integerOf(node, "narrow", 0) != 0 ? 1 : 0;
  const std::string name = textOf(node, "rounding_mode", "ROUND");
  const auto mode = modeOf(name);
  if (!mode) fails("unsupported", "rounding mode '" + name + "' is not known", node);
  if (!(bits >= 1 && bits <= kMostBits) || bits != std::floor(bits)) {
    fails("unsupported", fmt::format("quantizes to {} bits", bits), node,
          {fmt::format("1 to {} bits", kMostBits)});
  }
  const double span = std::ldexp(1.0, static_cast<int>(bits) - (isSigned ? 1 : 0));
  const double least = isSigned ? -span + narrow : 0;
  const double most = isSigned ? span - 1 : span - 1 - narrow;
  const auto range = wholeRange(least - zero, most - zero);
  const RealTensor scale = constant(node, 1);
  if (mode->rounding == Rounding::Floor && scale.values.size() == 1) {
    const auto found = normalized(OnnxFile::input(node, 0));
    const auto exponent = exponentOf(scale.values[0]);
    if (found && exponent) return normalize(node, *found, -*exponent);
  }
  const OnnxValue x = input(node, 0);
  if (!x.constant) {
    if (!range || !mode->rounding) {
      fails("unsupported", fmt::format("rounds {} into {} to {}", name, least - zero, most - zero),
            node,
            {"a zero point that leaves 0..2^n-1 or -2^n..2^n-1, rounding ROUND, FLOOR or DOWN"});
    }
    // Half a step more, floored: to nearest, halves up.
    OnnxValue from = x;
    Quantizer quantizer{
        range->format, *mode->rounding, core::Overflow::Saturate, range->symmetric, {}};
    const ImportedLayer& before = at(x.layer);
    if (quantizer.rounding == Rounding::Floor && before.kind == LayerKind::Add &&
        before.constant == number(scale, node) / 2) {
      quantizer.rounding = Rounding::NearestUp;
      from.layer = before.inputs[0];
    }
    return quantized(node, from, scale, quantizer);
  }
  const auto value = [&](double v, double step) {
    return (mode->round(std::clamp(v / step + zero, least, most)) - zero) * step;
  };
  auto out = combined(*x.constant, scale, value);
  if (!out) fails("shape", "its scale does not fit", node);
  const auto exponent = scale.values.size() == 1 ? exponentOf(scale.values[0]) : std::nullopt;
  if (exponent && range && std::abs(*exponent) <= kMostFraction) {
    out->quantizer = Quantizer{
        range->format, Rounding::NearestEven, core::Overflow::Saturate, range->symmetric, {}};
    out->quantizer->format.fraction = -*exponent;
  }
  return folded(*std::move(out), node);
}

// 1 from 0 up, -1 below, times the scale: the sign bit tells.
OnnxValue OnnxReader::bipolarQuant(const Node& node) {
  const OnnxValue x = input(node, 0);
  const RealTensor scale = constant(node, 1);
  if (x.constant) {
    auto out = combined(*x.constant, scale, [](double v, double s) { return v >= 0 ? s : -s; });
    if (!out) fails("shape", "its scale does not fit", node);
    return folded(*std::move(out), node);
  }
  const double step = number(scale, node);
  const Quantizer sign{.format = {true, 1, 0}, .rounding = Rounding::Floor};
  OnnxValue value = same(node, LayerKind::Quantize, x, {.quantizer = sign}, "_sign");
  value = same(node, LayerKind::Scale, value, {.constant = 2 * step}, "_step");
  return same(node, LayerKind::Add, value, {.constant = step});
}

// The integer, less its lowest bits, at the same scale.
OnnxValue OnnxReader::trunc(const Node& node) {
  const OnnxValue x = tensor(node, 0);
  if (node.input_size() != 5) {
    fails("unsupported", fmt::format("has {} inputs", node.input_size()), node,
          {"the five of its first version: x, scale, zero point, bits before and after"});
  }
  const double step = number(node, 1);
  const double bits = number(node, 3) - number(node, 4);
  const std::string name = textOf(node, "rounding_mode", "FLOOR");
  const auto mode = modeOf(name);
  if (number(node, 2) != 0 || !isStep(step) || !(bits >= 0 && bits <= kMostFraction) ||
      bits != std::floor(bits) || !mode || !mode->rounding) {
    fails("unsupported", "its scale, zero point, bits or rounding are not supported", node,
          {"zero point 0, whole bits, rounding FLOOR, ROUND or DOWN"});
  }
  const LayerKind last = *mode->rounding == Rounding::Floor         ? LayerKind::Floor
                         : *mode->rounding == Rounding::NearestEven ? LayerKind::Round
                                                                    : LayerKind::Truncate;
  OnnxValue value = same(node, LayerKind::Scale, x, {.constant = 1 / step}, "_in_steps");
  value = same(node, LayerKind::Round, value, {}, "_whole");
  const double less = std::ldexp(1.0, -static_cast<int>(bits));
  value = same(node, LayerKind::Scale, value, {.constant = less}, "_less");
  value = same(node, last, value, {}, "_cut");
  return same(node, LayerKind::Scale, value, {.constant = step});
}

// A constant of integers, or what QuantizeLinear made: together they are one quantizer.
OnnxValue OnnxReader::dequantize(const Node& node) {
  const RealTensor scale = constant(node, 1);
  const Node* const maker = file_.maker(OnnxFile::input(node, 0), "QuantizeLinear");
  const bool known = maker != nullptr && hasInput(*maker, 1);
  const OnnxValue x = known ? input(*maker, 0) : input(node, 0);
  // Per-axis scales stand along `axis`, as far from the end as that.
  const auto along = [&](RealTensor values) {
    const std::int64_t axes = x.constant ? static_cast<std::int64_t>(x.constant->shape.size())
                                         : static_cast<std::int64_t>(x.axes.size()) + 1;
    const std::int64_t axis = integerOf(node, "axis", 1);
    const std::int64_t at = axis < 0 ? axis + axes : axis;
    if (values.values.size() > 1 && at >= 0 && at < axes) {
      values.shape.resize(1);
      values.shape.insert(values.shape.end(), static_cast<std::size_t>(axes - 1 - at), 1);
    }
    return values;
  };
  double least = 0;
  double most = 255;
  RealTensor zero{{}, {0}, {}};
  if (hasInput(node, 2)) zero = constant(node, 2);
  if (known) {
    RealTensor other{{}, {0}, {}};
    if (hasInput(*maker, 2)) other = constant(*maker, 2);
    if (constant(*maker, 1).values != scale.values || other.values != zero.values) {
      fails("unsupported", "has another scale than the QuantizeLinear before it", node,
            {"the same scale and zero point"});
    }
    const onnx::TensorProto* const type = file_.initializer(OnnxFile::input(*maker, 2));
    const Node* const made = file_.maker(OnnxFile::input(*maker, 2), "Constant");
    const auto* const held = made == nullptr ? nullptr : attributeOf(*made, "value");
    const int kind = type != nullptr   ? type->data_type()
                     : held != nullptr ? held->t().data_type()
                                       : static_cast<int>(onnx::TensorProto::UINT8);
    if (kind != onnx::TensorProto::INT8 && kind != onnx::TensorProto::UINT8) {
      fails("unsupported", fmt::format("quantizes to type {}", kind), *maker, {"int8 and uint8"});
    }
    if (kind == onnx::TensorProto::INT8) {
      least = -128;
      most = 127;
    }
  }
  if (!x.constant) {
    const double offset = number(zero, node);
    const auto range = wholeRange(least - offset, most - offset);
    if (!known || !range) {
      fails("unsupported", "its zero point or input is not supported", node,
            {"behind a QuantizeLinear whose zero point is 0, or the type's middle or end"});
    }
    return quantized(node, x, scale, {.format = range->format});
  }
  auto units = *x.constant;
  if (known) {
    auto divided = combined(units, along(scale), [](double v, double s) { return v / s; });
    if (divided) {
      divided = combined(*divided, along(zero), [&](double v, double z) {
        return std::clamp(std::nearbyint(v) + z, least, most);
      });
    }
    if (!divided) fails("shape", "its scale does not fit", node);
    units = *std::move(divided);
  }
  auto out = combined(units, along(zero), [](double v, double z) { return v - z; });
  if (out) out = combined(*out, along(scale), [](double v, double s) { return v * s; });
  if (!out) fails("shape", "its scale or zero point does not fit", node);
  return folded(*std::move(out), node);
}

}  // namespace aegen::encoders
