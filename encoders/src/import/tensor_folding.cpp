#include "tensor_folding.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>

namespace aegen::encoders {
namespace {

constexpr int kMostBits = 16;
constexpr int kMostFraction = 40;
constexpr std::size_t kMostElements = std::size_t{1} << 22;

// Sizes of both, the longer list first where they differ in length; empty when they do not fit.
std::optional<Shape> commonShape(const Shape& a, const Shape& b) {
  Shape out = a.size() >= b.size() ? a : b;
  const Shape& other = a.size() >= b.size() ? b : a;
  for (std::size_t i = 0; i < other.size(); ++i) {
    int& size = out[out.size() - 1 - i];
    const int more = other[other.size() - 1 - i];
    if (size != more && size != 1 && more != 1) return std::nullopt;
    if (size == 1) size = more;
  }
  return out;
}

// How far the next element along each axis of `whole` lies in a tensor of `part`'s shape.
std::vector<std::size_t> stepsOf(const Shape& part, const Shape& whole) {
  std::vector<std::size_t> steps(whole.size(), 0);
  std::size_t step = 1;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const int size = part[part.size() - 1 - i];
    if (size != 1) steps[whole.size() - 1 - i] = step;
    step *= static_cast<std::size_t>(size);
  }
  return steps;
}

}  // namespace

std::optional<RealTensor> combined(const RealTensor& a, const RealTensor& b,
                                   const std::function<double(double, double)>& f) {
  const auto shape = commonShape(a.shape, b.shape);
  if (!shape || a.values.empty() || b.values.empty()) return std::nullopt;
  const std::size_t count = elementCount(*shape);
  if (count > kMostElements) return std::nullopt;
  const std::vector<std::size_t> stepsA = stepsOf(a.shape, *shape);
  const std::vector<std::size_t> stepsB = stepsOf(b.shape, *shape);
  RealTensor out{*shape, {}, {}};
  out.values.reserve(count);
  for (std::size_t element = 0; element < count; ++element) {
    std::size_t rest = element;
    std::size_t inA = 0;
    std::size_t inB = 0;
    for (std::size_t axis = shape->size(); axis-- > 0;) {
      const auto size = static_cast<std::size_t>((*shape)[axis]);
      inA += rest % size * stepsA[axis];
      inB += rest % size * stepsB[axis];
      rest /= size;
    }
    out.values.push_back(f(a.values[inA], b.values[inB]));
  }
  return out;
}

const ElementFunction* elementFunction(std::string_view name) {
  static const std::map<std::string, ElementFunction, std::less<>> functions{
      {"Relu", {LayerKind::Relu, [](double x) { return std::max(x, 0.0); }}},
      {"Sigmoid", {LayerKind::Sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }}},
      {"Tanh", {LayerKind::Tanh, [](double x) { return std::tanh(x); }}},
      {"Round", {LayerKind::Round, [](double x) { return std::nearbyint(x); }}},
      {"Rint", {LayerKind::Round, [](double x) { return std::nearbyint(x); }}},
      {"Floor", {LayerKind::Floor, [](double x) { return std::floor(x); }}}};
  const auto at = functions.find(name);
  return at == functions.end() ? nullptr : &at->second;
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

std::optional<Quantizer> channelGrids(const RealTensor& tensor, std::size_t channelAxis) {
  std::size_t inner = 1;
  for (std::size_t i = channelAxis + 1; i < tensor.shape.size(); ++i) {
    inner *= static_cast<std::size_t>(tensor.shape[i]);
  }
  const auto channels = static_cast<std::size_t>(tensor.shape[channelAxis]);
  Quantizer out;
  int width = 1;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    std::vector<double> values;
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      if (i / inner % channels == channel) values.push_back(tensor.values[i]);
    }
    const auto grid = gridOf(values);
    if (!grid) return std::nullopt;
    out.channelFraction.push_back(grid->format.fraction);
    width = std::max(width, grid->format.width + (grid->format.isSigned ? 0 : 1));
  }
  if (width > kMostBits) return std::nullopt;
  out.format = {true, width, std::ranges::max(out.channelFraction)};
  return out;
}

}  // namespace aegen::encoders
