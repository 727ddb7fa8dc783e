#include <algorithm>
#include <cassert>
#include <optional>

#include "aegen/core/gate_module.hpp"

namespace aegen::core {

namespace {

/// The value of bits that are all known, as two's complement or unsigned.
std::optional<std::int64_t> known(const GateWires& bits, bool isSigned) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i] > kOne || i >= 63) {
      return std::nullopt;
    }
    value |= std::uint64_t{bits[i]} << i;
  }
  if (isSigned && !bits.empty() && bits.back() == kOne) {
    value |= ~std::uint64_t{0} << bits.size();
  }
  return static_cast<std::int64_t>(value);
}

/// Leading zeros cut; a number that had some is not negative.
void trim(GateWires& bits, bool& isSigned) {
  while (bits.size() > 1 && bits.back() == kZero) {
    bits.pop_back();
    isSigned = false;
  }
  while (isSigned && bits.size() > 1 && bits.back() == bits[bits.size() - 2]) {
    bits.pop_back();
  }
}

}  // namespace

GateWires resized(GateWires bits, int width, bool isSigned) {
  const GateWire fill = isSigned && !bits.empty() ? bits.back() : kZero;
  bits.resize(static_cast<std::size_t>(width), fill);
  return bits;
}

GateWires constantWires(std::int64_t value, int width) {
  GateWires bits;
  for (int i = 0; i < width; ++i) {
    bits.push_back(((value >> std::min(i, 63)) & 1) != 0 ? kOne : kZero);
  }
  return bits;
}

GateWires GateBuilder::bitwise(GateKind kind, const GateWires& a, const GateWires& b) {
  assert(a.size() == b.size());
  GateWires out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    out.push_back(kind == GateKind::Xor ? xorOf(a[i], b[i]) : andOf(a[i], b[i]));
  }
  return out;
}

GateWires GateBuilder::mux(GateWire condition, const GateWires& ifOne, const GateWires& ifZero) {
  assert(ifOne.size() == ifZero.size());
  GateWires out;
  for (std::size_t i = 0; i < ifOne.size(); ++i) {
    out.push_back(muxOf(condition, ifOne[i], ifZero[i]));
  }
  return out;
}

GateWires GateBuilder::add(const GateWires& a, const GateWires& b, bool subtract) {
  assert(a.size() == b.size());
  GateWires out;
  GateWire carry = subtract ? kOne : kZero;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const GateWire second = subtract ? b[i] ^ 1U : b[i];
    const auto [sum, next] = addBit(a[i], second, carry, i + 1 < a.size());
    out.push_back(sum);
    carry = next;
  }
  return out;
}

GateWires GateBuilder::multiply(const GateWires& a, bool aSigned, const GateWires& b, bool bSigned,
                                int width) {
  GateWires left = a;
  GateWires right = b;
  trim(left, aSigned);
  trim(right, bSigned);
  const GateUse before = use_;
  use_ = GateUse::Multiplier;
  GateWires product;
  bool isSigned = aSigned || bSigned;
  if (const auto factor = known(right, bSigned)) {
    product = multiplyConstant(left, aSigned, *factor, width);
    isSigned = true;
  } else if (const auto other = known(left, aSigned)) {
    product = multiplyConstant(right, bSigned, *other, width);
    isSigned = true;
  } else {
    product = right.size() <= left.size() ? multiplyRows(left, aSigned, right, bSigned)
                                          : multiplyRows(right, bSigned, left, aSigned);
  }
  use_ = before;
  return resized(std::move(product), width, isSigned);
}

GateWires GateBuilder::multiplyRows(const GateWires& a, bool aSigned, const GateWires& b,
                                    bool bSigned) {
  const auto wide = static_cast<int>(a.size()) + 1;
  GateWires product;
  GateWires sum;
  for (std::size_t j = 0; j < b.size(); ++j) {
    use_ = GateUse::Product;
    GateWires row;
    for (const GateWire bit : a) {
      row.push_back(andOf(bit, b[j]));
    }
    use_ = GateUse::Multiplier;
    const GateWires term = resized(std::move(row), wide, aSigned);
    const bool negative = bSigned && j + 1 == b.size();
    if (j == 0 && !negative) {
      sum = term;
    } else {
      const GateWires above = sum.empty() ? GateWires(static_cast<std::size_t>(wide), kZero)
                                          : resized({sum.begin() + 1, sum.end()}, wide, aSigned);
      sum = add(above, term, negative);
    }
    if (j + 1 < b.size()) {
      product.push_back(sum[0]);
    }
  }
  product.insert(product.end(), sum.begin(), sum.end());
  return product;
}

GateWires GateBuilder::multiplyConstant(const GateWires& a, bool aSigned, std::int64_t factor,
                                        int width) {
  GateWires total;
  std::int64_t rest = factor;
  const int own = static_cast<int>(a.size()) + (aSigned ? 0 : 1);
  for (int i = 0; rest != 0 && i < width; ++i, rest /= 2) {
    if ((rest & 1) == 0) {
      continue;
    }
    const int digit = (rest & 3) == 3 ? -1 : 1;
    rest -= digit;
    GateWires term(static_cast<std::size_t>(i), kZero);
    const GateWires shifted = resized(a, own, aSigned);
    term.insert(term.end(), shifted.begin(), shifted.end());
    if (total.empty() && digit == 1) {
      total = std::move(term);
      continue;
    }
    const int sumWidth = std::min(width, std::max(static_cast<int>(total.size()), own + i) + 1);
    total = add(resized(total, sumWidth, !total.empty()), resized(std::move(term), sumWidth, true),
                digit < 0);
  }
  return resized(std::move(total), width, true);
}

GateWire GateBuilder::less(const GateWires& a, const GateWires& b, bool isSigned) {
  assert(a.size() == b.size());
  const GateUse before = use_;
  use_ = GateUse::Compare;
  // Of each stretch of bits: a is certainly less, and it is not certainly more.
  std::vector<std::pair<GateWire, GateWire>> level;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const bool sign = isSigned && i + 1 == a.size();
    const GateWire left = sign ? b[i] : a[i];
    const GateWire right = sign ? a[i] : b[i];
    level.emplace_back(andOf(left ^ 1U, right), orOf(left ^ 1U, right));
  }
  while (level.size() > 1) {
    std::vector<std::pair<GateWire, GateWire>> next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
      const auto& [lowLess, lowMaybe] = level[i];
      const auto& [highLess, highMaybe] = level[i + 1];
      next.emplace_back(orOf(highLess, andOf(highMaybe, lowLess)), andOf(highMaybe, lowMaybe));
    }
    if (level.size() % 2 != 0) {
      next.push_back(level.back());
    }
    level = std::move(next);
  }
  use_ = before;
  return level.empty() ? kZero : level[0].first;
}

GateWire GateBuilder::equal(const GateWires& a, const GateWires& b) {
  const GateUse before = use_;
  use_ = GateUse::Compare;
  const GateWires differs = bitwise(GateKind::Xor, a, b);
  const GateWire any = anyOf(differs);
  use_ = before;
  return any ^ 1U;
}

GateWire GateBuilder::anyOf(const GateWires& a) {
  GateWires level;
  for (const GateWire bit : a) {
    level.push_back(bit ^ 1U);
  }
  return allOf(level) ^ 1U;
}

GateWire GateBuilder::allOf(const GateWires& a) {
  GateWires level = a;
  while (level.size() > 1) {
    GateWires next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
      next.push_back(andOf(level[i], level[i + 1]));
    }
    if (level.size() % 2 != 0) {
      next.push_back(level.back());
    }
    level = std::move(next);
  }
  return level.empty() ? kOne : level[0];
}

GateWire GateBuilder::parity(const GateWires& a) {
  GateWire all = kZero;
  for (const GateWire bit : a) {
    all = xorOf(all, bit);
  }
  return all;
}

GateWires GateBuilder::shiftLeft(const GateWires& a, const GateWires& amount) {
  GateWires bits = a;
  for (std::size_t stage = 0; stage < amount.size(); ++stage) {
    const std::size_t step = stage < 12 ? std::size_t{1} << stage : bits.size();
    GateWires moved(bits.size(), kZero);
    for (std::size_t i = step; i < bits.size(); ++i) {
      moved[i] = bits[i - step];
    }
    bits = mux(amount[stage], moved, bits);
  }
  return bits;
}

GateWires GateBuilder::shiftRight(const GateWires& a, const GateWires& amount, bool isSigned) {
  GateWires bits = a;
  const GateWire fill = isSigned && !a.empty() ? a.back() : kZero;
  for (std::size_t stage = 0; stage < amount.size(); ++stage) {
    const std::size_t step = stage < 12 ? std::size_t{1} << stage : bits.size();
    GateWires moved(bits.size(), fill);
    for (std::size_t i = 0; i + step < bits.size(); ++i) {
      moved[i] = bits[i + step];
    }
    bits = mux(amount[stage], moved, bits);
  }
  return bits;
}

GateWires GateBuilder::choose(const GateWires& index, const std::vector<GateWires>& entries,
                              int width) {
  std::vector<GateWires> level = entries;
  const GateWires nothing(static_cast<std::size_t>(width), kZero);
  for (const GateWire bit : index) {
    std::vector<GateWires> next;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      next.push_back(mux(bit, i + 1 < level.size() ? level[i + 1] : nothing, level[i]));
    }
    if (next.empty()) {
      return nothing;
    }
    level = std::move(next);
  }
  return level.empty() ? nothing : level[0];
}

}  // namespace aegen::core
