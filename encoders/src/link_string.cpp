#include "link_string.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace aegen::encoders::econ_t {

using core::FixedFormat;
using core::FunctionBuilder;
using core::ValueId;

namespace {

constexpr int kWord = 32;

}  // namespace

ValueId LinkString::at(int position, int width) const {
  std::vector<ValueId> parts;
  for (int at = position; at < position + width;) {
    const auto word = static_cast<std::size_t>(at / kWord);
    const int count = std::min(position + width, (at / kWord + 1) * kWord) - at;
    if (word < words_.size()) {
      parts.push_back(b_->slice(words_[word], kWord - at % kWord - count, count));
    } else {
      parts.push_back(b_->reinterpret(b_->constant(0), {false, count, 0}));
    }
    at += count;
  }
  return parts.size() == 1 ? parts[0] : b_->concat(parts);
}

ValueId LinkString::anySet(int first, int last) const {
  std::vector<ValueId> found;
  last = std::min(last, bits());
  for (int at = first; at < last;) {
    const int count = std::min(last, (at / kWord + 1) * kWord) - at;
    found.push_back(b_->less(b_->constant(0), this->at(at, count)));
    at += count;
  }
  return found.empty() ? b_->constant(0) : b_->orAll(found);
}

ValueId StatusChecks::status(ValueId otherwise) const {
  ValueId out = b_->reinterpret(otherwise, kStatus);
  for (auto check = found_.rbegin(); check != found_.rend(); ++check) {
    const ValueId code = b_->constant(static_cast<std::int64_t>(check->first));
    out = b_->select(check->second, b_->reinterpret(code, kStatus), out);
  }
  return b_->reinterpret(out, kStatus);
}

ValueId StatusChecks::none() const {
  std::vector<ValueId> bits;
  for (const auto& check : found_) bits.push_back(check.second);
  return bits.empty() ? b_->constant(1) : b_->bitNot(b_->orAll(bits));
}

ValueId limited(FunctionBuilder& b, ValueId value, const FixedFormat& format) {
  return b.reinterpret(b.min(value, b.constant(format.maxRaw())), format);
}

ValueId gated(FunctionBuilder& b, ValueId keep, ValueId value) {
  const FixedFormat format = b.format(value);
  return b.reinterpret(b.select(keep, value, b.reinterpret(b.constant(0), format)), format);
}

std::int64_t floatCodeOf(std::int64_t value, const FloatCode& code) {
  const int length = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value)));
  if (length <= code.mantissa) return value;
  const std::int64_t exponent = length - code.mantissa;
  const std::int64_t most = (std::int64_t{1} << code.width()) - 1;
  if (exponent > (most >> code.mantissa)) return most;
  const std::int64_t mantissa = (value >> (exponent - 1)) - (std::int64_t{1} << code.mantissa);
  return exponent << code.mantissa | mantissa;
}

ValueId isAbove(FunctionBuilder& b, ValueId code, const FloatCode& format, std::int64_t most) {
  const std::int64_t largest = floatCodeOf(most, format);
  if (largest == (std::int64_t{1} << format.width()) - 1) return b.constant(0);
  return b.less(b.constant(largest), code);
}

ValueId lastOf(FunctionBuilder& b, ValueId code, const FloatStep& step, const FloatCode& format,
               std::int64_t most) {
  const std::int64_t allOnes = (std::int64_t{1} << format.width()) - 1;
  const ValueId last = b.sub(b.add(step.least, step.width), b.constant(1));
  if (floatCodeOf(most, format) != allOnes) return last;
  return b.select(b.equal(code, b.constant(allOnes)), b.constant(most), last);
}

void addCellCharge(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "cell_charge",
                    "code of a cell to the middle of its step and the step's ends");
  const ValueId code = b.input("code", {false, shape.charge.width(), 0})[0];
  const ValueId drop = b.input("drop", {false, 3, 0})[0];
  const ValueId shift = b.reinterpret(b.min(drop, b.constant(kMostDrop)), {false, 3, 0});
  const FloatStep step = floatStep(b, code, shape.charge, kChargeBits);
  b.output("charge", kBoardCharge, limited(b, middleOf(b, code, step, shift), kBoardCharge));
  const FixedFormat leastFormat = b.format(step.least);
  b.output("least", leastFormat, step.least);
  const ValueId most = lastOf(b, code, step, shape.charge, kMostSorted);
  const FixedFormat mostFormat = b.format(most);
  b.output("most", mostFormat, most);
  program.functions.push_back(std::move(b).finish());
}

void addRestShare(core::Program& program, int channels) {
  FunctionBuilder b(program, "rest_share", "equal shares of what was not sent, rounded to nearest");
  const int countBits = static_cast<int>(std::bit_width(static_cast<unsigned>(channels)));
  const ValueId rest = b.input("rest", kModuleSum)[0];
  const ValueId cells = b.input("cells", {false, countBits, 0})[0];
  // To nearest, halves up: floor(r / n) with r = rest + floor(n / 2). Floored shares of a rest
  // below n would all be 0. floor(r / n) = floor(r m / 2^s) with m = ceil(2^s / n): m n - 2^s < n,
  // so what m is too large by adds less than r n / (n 2^s) <= 1/n as long as r n <= 2^s, which s =
  // bits of r
  // + bits of n gives. r is limited to the 28 bits of the rest, so that with 127 channels the
  // product r m still has 63 bits: the last floor(n / 2) rests of the format alone, which no sum
  // code's middle but a limited one reaches, are then rounded down.
  const int shift = kSumBits + countBits;
  std::vector<std::int64_t> reciprocal{0};
  for (std::int64_t n = 1; n <= channels; ++n) {
    reciprocal.push_back(((std::int64_t{1} << shift) + n - 1) / n);
  }
  const ValueId half = b.shiftRight(cells, 1);
  const ValueId raised = limited(b, b.add(rest, half), kModuleSum);
  const ValueId share = b.shiftRight(b.mul(raised, b.lookup(cells, reciprocal)), shift);
  b.output("share", kBoardCharge, limited(b, share, kBoardCharge));
  program.functions.push_back(std::move(b).finish());
}

void outputDecoded(FunctionBuilder& b, ValueId good, ValueId status, ValueId moduleSum,
                   std::span<const ValueId> sent, std::span<const ValueId> charge) {
  std::vector<ValueId> sentHere;
  std::vector<ValueId> chargeHere;
  for (const ValueId bit : sent) sentHere.push_back(b.bitAnd(good, bit));
  for (const ValueId value : charge) chargeHere.push_back(gated(b, good, value));
  b.output("status", kStatus, status);
  b.output("module_sum", kModuleSum, gated(b, good, limited(b, moduleSum, kModuleSum)));
  b.output("sent", kBit, sentHere);
  b.output("charge", kBoardCharge, chargeHere);
}

}  // namespace aegen::encoders::econ_t
