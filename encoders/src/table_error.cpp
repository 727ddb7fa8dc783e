#include "table_error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace aegen::encoders {
namespace {

// Of exp() and tanh() on numbers up to 1, with room.
constexpr double kFunctionError = 8 * std::numeric_limits<double>::epsilon();

}  // namespace

std::size_t RealFunction::entry(double x) const {
  return static_cast<std::size_t>(core::quantize(x, input_) - input_.minRaw());
}

double RealFunction::operator()(double x) const {
  if (node_.function == "sigmoid") return 1 / (1 + std::exp(-x));
  if (node_.function == "tanh") return std::tanh(x);
  return static_cast<double>(node_.table[entry(x)]) * node_.format.lsb();
}

ErrorInterval RealFunction::over(double low, double high) const {
  if (!node_.function.empty()) {  // both rise
    return {(*this)(low)-kFunctionError, (*this)(high) + kFunctionError};
  }
  const auto begin = node_.table.begin() + static_cast<std::ptrdiff_t>(entry(low));
  const auto end = node_.table.begin() + static_cast<std::ptrdiff_t>(entry(high)) + 1;
  const auto [least, most] = std::minmax_element(begin, end);
  return {static_cast<double>(*least) * node_.format.lsb(),
          static_cast<double>(*most) * node_.format.lsb()};
}

BoundedElement TableError::operator()(const BoundedElement& in) const {
  const auto raw = [&](double value) {
    return std::clamp(static_cast<std::int64_t>(value), input_.minRaw(), input_.maxRaw());
  };
  const double lsb = input_.lsb();
  const double limit = std::ldexp(1, kMaxLookupWidth + 1);
  const std::int64_t first = raw(std::clamp(std::floor(in.low / lsb), -limit, limit));
  const std::int64_t last = raw(std::clamp(std::ceil(in.high / lsb), -limit, limit));
  BoundedElement out{std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest(), {}};
  out.error = {out.low, out.high};
  for (std::int64_t x = first; x <= last; ++x) {
    const double fixed =
        static_cast<double>(node_.table[static_cast<std::size_t>(x - input_.minRaw())]) *
        node_.format.lsb();
    const double value = static_cast<double>(x) * lsb;
    const ErrorInterval real = real_.over(value - in.error.high, value - in.error.low);
    out.low = std::min(out.low, fixed);
    out.high = std::max(out.high, fixed);
    out.error.low = std::min(out.error.low, fixed - real.high);
    out.error.high = std::max(out.error.high, fixed - real.low);
  }
  return out;
}

}  // namespace aegen::encoders
