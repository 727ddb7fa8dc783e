#include "tensor_folding.hpp"

#include <algorithm>
#include <cmath>

namespace aegen::encoders {
namespace {

constexpr int kMostBits = 16;
constexpr int kMostFraction = 40;

bool isTail(const Shape& tail, const Shape& whole) {
  return tail.size() <= whole.size() && std::equal(tail.rbegin(), tail.rend(), whole.rbegin());
}

}  // namespace

std::optional<RealTensor> combined(const RealTensor& a, const RealTensor& b,
                                   const std::function<double(double, double)>& f) {
  if (a.values.empty() || b.values.empty()) return std::nullopt;
  const bool aIsWhole = a.values.size() >= b.values.size();
  const RealTensor& whole = aIsWhole ? a : b;
  const RealTensor& part = aIsWhole ? b : a;
  if (part.values.size() != 1 && !isTail(part.shape, whole.shape)) return std::nullopt;
  RealTensor out{whole.shape, {}, {}};
  for (std::size_t i = 0; i < whole.values.size(); ++i) {
    const double other = part.values[i % part.values.size()];
    out.values.push_back(aIsWhole ? f(whole.values[i], other) : f(other, whole.values[i]));
  }
  return out;
}

std::optional<Quantizer> gridOf(const std::vector<double>& values) {
  for (int fraction = 0; fraction <= kMostFraction; ++fraction) {
    core::Interval range{0, 0};
    bool whole = true;
    for (const double value : values) {
      const double scaled = std::ldexp(value, fraction);
      whole = scaled == std::nearbyint(scaled);
      if (!(std::abs(scaled) < std::ldexp(1.0, kMostBits))) return std::nullopt;
      if (!whole) break;
      const auto raw = static_cast<std::int64_t>(scaled);
      range = range.join({raw, raw});
    }
    if (!whole) continue;
    const auto format = core::FixedFormat::holding(range, fraction);
    if (format.width > kMostBits) return std::nullopt;
    return Quantizer{.format = format};
  }
  return std::nullopt;
}

}  // namespace aegen::encoders
