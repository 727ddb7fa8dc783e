#include "aegen/encoders/float_code.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace aegen::encoders {

using core::ValueId;

std::string FloatCode::text() const {
  return std::to_string(exponent) + "E" + std::to_string(mantissa) + "M";
}

bool FloatCode::valid() const {
  constexpr int kMostExponent = 6;
  constexpr int kMostMantissa = 8;
  return exponent >= 1 && exponent <= kMostExponent && mantissa >= 1 && mantissa <= kMostMantissa;
}

std::optional<FloatCode> FloatCode::parse(std::string_view text) {
  FloatCode out;
  const char* const end = text.data() + text.size();
  const auto exponent = std::from_chars(text.data(), end, out.exponent);
  if (exponent.ec != std::errc{} || exponent.ptr == end || *exponent.ptr != 'E') return {};
  const auto mantissa = std::from_chars(exponent.ptr + 1, end, out.mantissa);
  if (mantissa.ec != std::errc{} || mantissa.ptr + 1 != end || *mantissa.ptr != 'M') return {};
  return out.valid() ? std::optional(out) : std::nullopt;
}

ValueId encodeFloat(core::FunctionBuilder& b, ValueId value, const FloatCode& code) {
  const int m = code.mantissa;
  if (b.format(value).width <= m) return b.reinterpret(value, {false, code.width(), 0});
  const std::int64_t most = (std::int64_t{1} << code.width()) - 1;
  const ValueId top = b.leadingOne(value);
  // Below 2^m the value is its own code; else exponent = top - m + 1 >= 1.
  const ValueId small = b.lessEqual(top, b.constant(m - 1));
  const ValueId drop = b.sub(b.max(top, b.constant(m)), b.constant(m));
  const core::FixedFormat shiftFormat{false, 6, 0};
  const ValueId significand = b.shiftRightBy(value, b.reinterpret(drop, shiftFormat));
  b.assume(significand, {0, (std::int64_t{2} << m) - 1});
  // {exponent, mantissa} = (drop + 1) * 2^m + significand - 2^m = drop * 2^m + significand.
  const ValueId packed = b.add(b.shiftLeft(drop, m), b.slice(significand, 0, m + 1));
  const ValueId limited = b.min(packed, b.constant(most));
  const ValueId own = b.slice(value, 0, m);
  const ValueId code_ = b.select(small, own, limited);
  return b.reinterpret(code_, {false, code.width(), 0});
}

ValueId decodeFloat(core::FunctionBuilder& b, ValueId bits, const FloatCode& code) {
  const int m = code.mantissa;
  const ValueId mantissa = b.slice(bits, 0, m);
  const ValueId exponent = b.slice(bits, m, code.exponent);
  const ValueId one = b.constant(1);
  const ValueId isSmall = b.equal(exponent, b.constant(0));
  const ValueId leading = b.concat(std::array{one, mantissa, one});  // 2 (2^m + mantissa) + 1
  const ValueId shift = b.sub(b.max(exponent, one), one);
  const ValueId scaled =
      b.shiftRight(b.shiftLeftBy(leading, b.reinterpret(shift, {false, 6, 0})), 1);
  return b.select(isSmall, mantissa, scaled);
}

FloatStep floatStep(core::FunctionBuilder& b, ValueId bits, const FloatCode& code, int valueBits) {
  const int m = code.mantissa;
  const ValueId one = b.constant(1);
  const ValueId exponent =
      b.min(b.slice(bits, m, code.exponent), b.constant(std::max(1, valueBits - m)));
  const ValueId mantissa = b.slice(bits, 0, m);
  const ValueId leading = b.lessEqual(one, exponent);
  const ValueId shift = b.reinterpret(b.sub(b.max(exponent, one), one), {false, 6, 0});
  FloatStep step;
  step.least = b.shiftLeftBy(b.concat(std::array{leading, mantissa}), shift);
  step.width = b.shiftLeftBy(one, shift);
  step.doubleMiddle = b.shiftLeftBy(b.concat(std::array{leading, mantissa, one}), shift);
  return step;
}

ValueId middleOf(core::FunctionBuilder& b, ValueId bits, const FloatStep& step, ValueId drop) {
  const ValueId middle = b.shiftRight(b.shiftLeftBy(step.doubleMiddle, drop), 1);
  return b.select(b.equal(bits, b.constant(0)), b.constant(0), middle);
}

}  // namespace aegen::encoders
