#include "bit_vector.hpp"

#include <algorithm>
#include <cassert>

namespace aegen::encoders {

using core::FunctionBuilder;
using core::ValueId;

namespace {

// `count` zero bits as values of at most a limb.
std::vector<ValueId> zeroBits(FunctionBuilder& b, int count) {
  std::vector<ValueId> out;
  for (; count > 0; count -= BitVector::kMostLimb) {
    const core::FixedFormat format{false, std::min(count, BitVector::kMostLimb), 0};
    out.push_back(b.reinterpret(b.constant(0), format));
  }
  return out;
}

}  // namespace

BitVector BitVector::join(FunctionBuilder& b, std::span<const ValueId> parts, int width) {
  BitVector out;
  out.limb_ = width;
  std::vector<ValueId> limb;  // least significant first
  int filled = 0;
  const auto close = [&] {
    for (const ValueId zero : zeroBits(b, width - filled)) limb.push_back(zero);
    std::ranges::reverse(limb);
    out.limbs_.push_back(limb.size() == 1 ? limb[0] : b.concat(limb));
    limb.clear();
    filled = 0;
  };
  for (const ValueId part : parts) {
    const int bits = b.format(part).width;
    for (int low = 0; low < bits;) {
      const int take = std::min(bits - low, width - filled);
      limb.push_back(take == bits ? part : b.slice(part, low, take));
      low += take;
      filled += take;
      if (filled == width) close();
    }
  }
  if (filled > 0) close();
  return out;
}

BitVector BitVector::of(const FunctionBuilder& b, std::vector<ValueId> limbs) {
  BitVector out;
  out.limb_ = b.format(limbs.front()).width;
  out.limbs_ = std::move(limbs);
  return out;
}

ValueId BitVector::slice(FunctionBuilder& b, int low, int width) const {
  std::vector<ValueId> parts;  // most significant first
  for (int at = low + width; at > low;) {
    const int limb = (at - 1) / limb_;
    const int first = std::max(low, limb * limb_);
    const int count = at - first;
    if (limb >= static_cast<int>(limbs_.size())) {
      const std::vector<ValueId> zeros = zeroBits(b, count);
      parts.insert(parts.end(), zeros.begin(), zeros.end());
    } else if (count == limb_) {
      parts.push_back(limbs_[static_cast<std::size_t>(limb)]);
    } else {
      parts.push_back(b.slice(limbs_[static_cast<std::size_t>(limb)], first - limb * limb_, count));
    }
    at = first;
  }
  return parts.size() == 1 ? parts[0] : b.concat(parts);
}

BitVector BitVector::operation(FunctionBuilder& b, const BitVector& o,
                               ValueId (FunctionBuilder::*op)(ValueId, ValueId)) const {
  assert(limbs_.size() == o.limbs_.size() && limb_ == o.limb_);
  BitVector out;
  out.limb_ = limb_;
  for (std::size_t i = 0; i < limbs_.size(); ++i) {
    out.limbs_.push_back((b.*op)(limbs_[i], o.limbs_[i]));
  }
  return out;
}

BitVector BitVector::inverted(FunctionBuilder& b) const {
  BitVector out;
  out.limb_ = limb_;
  for (const ValueId limb : limbs_) out.limbs_.push_back(b.bitNot(limb));
  return out;
}

BitVector BitVector::shifted(FunctionBuilder& b, int places) const {
  std::vector<ValueId> parts;  // least significant first
  const int kept = bits() - std::abs(places);
  const std::vector<ValueId> zeros = zeroBits(b, std::abs(places));
  const auto keep = [&](int low) {
    for (int at = low; at < low + kept;) {
      const int count = std::min(low + kept, (at / limb_ + 1) * limb_) - at;
      parts.push_back(slice(b, at, count));
      at += count;
    }
  };
  if (places >= 0) {
    parts = zeros;
    keep(0);
  } else {
    keep(-places);
    parts.insert(parts.end(), zeros.begin(), zeros.end());
  }
  return join(b, parts, limb_);
}

std::vector<CloseUpStep> closeUpSteps(FunctionBuilder& b, const BitVector& mask) {
  const auto bitAnd = &FunctionBuilder::bitAnd;
  const auto bitOr = &FunctionBuilder::bitOr;
  const auto bitXor = &FunctionBuilder::bitXor;
  std::vector<CloseUpStep> steps;
  BitVector kept = mask;
  // Bits whose 0s, counted toward the least significant end, still have to be closed up.
  BitVector gaps = mask.inverted(b).shifted(b, 1);
  for (int places = 1; places < mask.bits(); places *= 2) {
    BitVector odd = gaps;  // parity of the gaps below each bit
    for (int reach = 1; reach < mask.bits(); reach *= 2) {
      odd = odd.operation(b, odd.shifted(b, reach), bitXor);
    }
    const BitVector move = odd.operation(b, kept, bitAnd);
    kept = kept.operation(b, move, bitXor).operation(b, move.shifted(b, -places), bitOr);
    gaps = gaps.operation(b, odd.inverted(b), bitAnd);
    steps.push_back({places, move});
  }
  return steps;
}

BitVector compress(FunctionBuilder& b, const BitVector& bits, const BitVector& mask) {
  const auto bitAnd = &FunctionBuilder::bitAnd;
  const auto bitOr = &FunctionBuilder::bitOr;
  const auto bitXor = &FunctionBuilder::bitXor;
  BitVector moving = bits.operation(b, mask, bitAnd);
  for (const CloseUpStep& step : closeUpSteps(b, mask)) {
    const BitVector moved = moving.operation(b, step.move, bitAnd);
    moving = moving.operation(b, moved, bitXor).operation(b, moved.shifted(b, -step.places), bitOr);
  }
  return moving;
}

BitVector expand(FunctionBuilder& b, const BitVector& bits, const BitVector& mask) {
  const std::vector<CloseUpStep> steps = closeUpSteps(b, mask);
  BitVector moving = bits;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const BitVector stay = moving.operation(b, step->move.inverted(b), &FunctionBuilder::bitAnd);
    const BitVector moved =
        moving.shifted(b, step->places).operation(b, step->move, &FunctionBuilder::bitAnd);
    moving = stay.operation(b, moved, &FunctionBuilder::bitOr);
  }
  return moving.operation(b, mask, &FunctionBuilder::bitAnd);
}

}  // namespace aegen::encoders
