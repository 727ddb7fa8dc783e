// Layers that combine every element with one constant.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "network_builder.hpp"

namespace aegen::encoders {
namespace {

using core::FixedFormat;
using core::Overflow;
using core::Rounding;

constexpr int kMostFraction = 40;

// Fractional bits of a number; more than kMostFraction: empty.
std::optional<int> fractionOf(double value) {
  for (int fraction = 0; fraction <= kMostFraction; ++fraction) {
    const double scaled = std::ldexp(value, fraction);
    if (scaled == std::nearbyint(scaled)) return fraction;
  }
  return std::nullopt;
}

double valueOf(std::int64_t raw, const FixedFormat& format) {
  return std::ldexp(static_cast<double>(raw), -format.fraction);
}

}  // namespace

BuiltValue NetworkBuilder::scale(const ImportedLayer& layer, BuiltValue in) {
  int exponent = 0;
  if (layer.constant == 1) return in;
  if (std::frexp(layer.constant, &exponent) != 0.5) return table(layer, in, layer.constant);
  const int shift = exponent - 1;
  const Node& value = pen_.node(in.node);
  // Times 2^k, rounded, times 2^-k is rounding k bits further down.
  if (value.kind == NodeKind::Requantize) {
    const Node& scaled = pen_.node(value.inputs[0]);
    if (scaled.kind == NodeKind::Reinterpret) {
      const int base = scaled.inputs[0];
      const int before = pen_.node(base).format.fraction - scaled.format.fraction;
      if (before == -shift) {
        FixedFormat format = value.format;
        format.fraction -= shift;
        return {
            pen_.requantize(base, format, value.rounding, value.overflow, layer.name, layer.where),
            in.exact};
      }
    }
  }
  return {pen_.reinterpret(in.node, value.format.fraction - shift, layer.name, layer.where),
          in.exact};
}

BuiltValue NetworkBuilder::addConstant(const ImportedLayer& layer, BuiltValue in) {
  return layer.constant == 0 ? in : table(layer, in, layer.constant);
}

BuiltValue NetworkBuilder::bound(const ImportedLayer& layer, BuiltValue in) {
  const FixedFormat from = pen_.node(in.node).format;
  const double constant = layer.constant;
  if (layer.kind == LayerKind::Maximum) {
    if (constant == 0) return relu(layer, in);
    return constant <= valueOf(from.minRaw(), from) ? in : table(layer, in, constant);
  }
  if (constant >= valueOf(from.maxRaw(), from)) return in;
  // A format whose largest value is the constant saturates there.
  for (int width = from.isSigned ? 2 : 1; width < from.width; ++width) {
    const FixedFormat to{from.isSigned, width, from.fraction};
    if (valueOf(to.maxRaw(), to) != constant || from.minRaw() < to.minRaw()) continue;
    return {
        pen_.requantize(in.node, to, Rounding::Floor, Overflow::Saturate, layer.name, layer.where),
        in.exact};
  }
  return table(layer, in, constant);
}

BuiltValue NetworkBuilder::clip(const ImportedLayer& layer, BuiltValue in) {
  const FixedFormat from = pen_.node(in.node).format;
  const double least = layer.least;
  const double most = layer.constant;
  if (least <= valueOf(from.minRaw(), from) && most >= valueOf(from.maxRaw(), from)) return in;
  // A format that ends where the bounds are saturates there, if it loses no fractional bits.
  for (int more = 0; more <= kMostFraction; ++more) {
    const double highest = std::ldexp(most, from.fraction + more);
    if (highest != std::floor(highest) || !(highest >= 0 && highest < 0x1p52)) continue;
    for (const bool isSigned : {false, true}) {
      const int width = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(highest)));
      const FixedFormat to{isSigned, width + (isSigned ? 1 : 0), from.fraction + more};
      if (to.width < 1 || valueOf(to.maxRaw(), to) != most || valueOf(to.minRaw(), to) != least) {
        continue;
      }
      return {pen_.requantize(in.node, to, Rounding::Floor, Overflow::Saturate, layer.name,
                              layer.where),
              in.exact};
    }
  }
  ImportedLayer one = layer;
  one.kind = LayerKind::Maximum;
  one.constant = least;
  one.name = layer.name + "_least";
  in = bound(one, in);
  one.kind = LayerKind::Minimum;
  one.constant = most;
  one.name = layer.name;
  return bound(one, in);
}

// The range that is wrapped into stays as it is on a finer grid.
BuiltValue NetworkBuilder::wrap(const ImportedLayer& layer, BuiltValue in) {
  const int fraction = pen_.node(in.node).format.fraction;
  FixedFormat to = layer.quantizer->format;
  if (fraction > to.fraction) {
    to.width += fraction - to.fraction;
    to.fraction = fraction;
  }
  return {pen_.requantize(in.node, to, Rounding::Floor, Overflow::Wrap, layer.name, layer.where),
          in.exact};
}

BuiltValue NetworkBuilder::wholeNumbers(const ImportedLayer& layer, BuiltValue in) {
  const FixedFormat from = pen_.node(in.node).format;
  if (from.fraction <= 0) return in;
  const Rounding rounding = layer.kind == LayerKind::Floor     ? Rounding::Floor
                            : layer.kind == LayerKind::Round   ? Rounding::NearestEven
                            : layer.kind == LayerKind::RoundUp ? Rounding::NearestUp
                                                               : Rounding::TowardZero;
  const FixedFormat wide{true, core::kMaxWidth, 0};
  const auto whole = [&](std::int64_t raw) {
    return core::requantize(raw, from.fraction, wide, rounding, Overflow::Saturate);
  };
  const FixedFormat to = FixedFormat::holding({whole(from.minRaw()), whole(from.maxRaw())}, 0);
  return {pen_.requantize(in.node, to, rounding, Overflow::Saturate, layer.name, layer.where),
          in.exact};
}

// Any function of one element and a constant, where a table can hold it.
BuiltValue NetworkBuilder::table(const ImportedLayer& layer, BuiltValue in, double constant) {
  const FixedFormat from = pen_.node(in.node).format;
  const std::string what = fmt::format("{} by {}", text(layer.kind), constant);
  if (from.width > kMaxLookupWidth) {
    importFails("unsupported",
                fmt::format("{} of values of {} bits is not supported", what, from.width),
                layer.where,
                {fmt::format("quantize to at most {} bits before it", kMaxLookupWidth),
                 "scale by powers of two; bound at 2^k - 2^-f, which saturation does"});
  }
  const auto function = [&](double x) {
    if (layer.kind == LayerKind::Scale) return x * constant;
    if (layer.kind == LayerKind::Add) return x + constant;
    return layer.kind == LayerKind::Minimum ? std::min(x, constant) : std::max(x, constant);
  };
  const auto finer = fractionOf(constant);
  const bool scales = layer.kind == LayerKind::Scale;
  int fraction = std::max(from.fraction, formats_.fraction);
  bool exact = false;
  if (finer) {
    const int needed = scales ? from.fraction + *finer : std::max(from.fraction, *finer);
    exact = needed <= kMostFraction;
    if (exact) fraction = needed;
  }
  if (!exact) {
    decisions_.push_back({layer.where,
                          fmt::format("{} rounded to {} fractional bits", what, fraction),
                          "the constant has no short binary fraction"});
  }
  const FixedFormat wide{true, core::kMaxWidth, fraction};
  const auto entry = [&](std::int64_t raw) {
    return core::quantize(function(valueOf(raw, from)), wide);
  };
  const auto [least, most] = std::minmax({entry(from.minRaw()), entry(from.maxRaw())});
  const FixedFormat format = FixedFormat::holding({least, most}, fraction);
  if (format.width > core::kMaxWidth) {
    importFails("unsupported", what + " needs more bits than a word", layer.where,
                {"use a smaller constant"});
  }
  return {pen_.lookup(in.node, format, "", entry, layer.name, layer.where), in.exact && exact};
}

}  // namespace aegen::encoders
