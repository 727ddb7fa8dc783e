// Strings that list single cells: threshold sum, best choice, repeater.

#include <algorithm>
#include <array>
#include <bit>

#include "link_string.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::FixedFormat;
using core::FunctionBuilder;
using core::Role;
using core::ValueId;

// Cells found in a string, a channel each.
struct Cells {
  std::vector<ValueId> sent;  // u1
  std::vector<ValueId> code;
};

FixedFormat codeFormat(const PathShape& shape) {
  return {false, shape.charge.width(), 0};
}

FixedFormat countFormat(const PathShape& shape) {
  return {false, static_cast<int>(std::bit_width(static_cast<unsigned>(shape.channels))), 0};
}

std::size_t listed(const PathShape& shape) {
  return static_cast<std::size_t>(std::min(shape.mostListed(), shape.channels));
}

// A list of `count` cells: addresses from bit `base` on, all codes behind all addresses. `counts`
// are the values `count` can have; with others the result means nothing.
class ListReader {
 public:
  ListReader(FunctionBuilder& b, const PathShape& shape, const LinkString& string, int base,
             ValueId count, const std::vector<int>& counts)
      : b_(b), shape_(shape) {
    const int a = shape.addressBits();
    const int w = shape.charge.width();
    const int most = static_cast<int>(listed(shape));
    for (int k = 0; k < most; ++k) {
      used_.push_back(b.less(b.constant(k), count));
      addresses_.push_back(string.at(base + k * a, a));
      std::vector<ValueId> options(static_cast<std::size_t>(most + 1), zero(w));
      for (const int n : counts) {
        if (k < n) options[static_cast<std::size_t>(n)] = string.at(base + n * a + k * w, w);
      }
      codes_.push_back(b.reinterpret(b.pick(count, options), codeFormat(shape)));
    }
    std::vector<ValueId> tails(static_cast<std::size_t>(most + 1), zero(1));
    ValueId tail = zero(1);
    int end = string.bits();  // tails grow toward the front: the longest list first
    for (int n = most; n >= 0; --n) {
      if (std::ranges::find(counts, n) == counts.end()) continue;
      const int first = base + n * (a + w);
      tail = b.bitOr(tail, string.anySet(first, end));
      end = std::min(end, first);
      tails[static_cast<std::size_t>(n)] = tail;
    }
    padding_ = b.reinterpret(b.pick(count, tails), kBit);
  }

  // A bit behind the list is 1.
  [[nodiscard]] ValueId padding() const { return padding_; }

  // An address is outside the channels or not above the one before.
  [[nodiscard]] ValueId disorder() const {
    std::vector<ValueId> wrong;
    for (std::size_t k = 0; k < used_.size(); ++k) {
      ValueId bad = b_.lessEqual(b_.constant(shape_.channels), addresses_[k]);
      if (k > 0) bad = b_.bitOr(bad, b_.lessEqual(addresses_[k], addresses_[k - 1]));
      wrong.push_back(b_.bitAnd(used_[k], bad));
    }
    return b_.orAll(wrong);
  }

  [[nodiscard]] Cells cells() const {
    Cells out;
    for (int c = 0; c < shape_.channels; ++c) {
      std::vector<ValueId> operands{b_.constant(c)};
      for (const auto* values : {&used_, &addresses_, &codes_}) {
        operands.insert(operands.end(), values->begin(), values->end());
      }
      const auto cell = b_.call("list_cell", operands);
      out.sent.push_back(cell[0]);
      out.code.push_back(cell[1]);
    }
    return out;
  }

 private:
  ValueId zero(int width) { return b_.reinterpret(b_.constant(0), {false, width, 0}); }

  FunctionBuilder& b_;
  const PathShape& shape_;
  std::vector<ValueId> used_;
  std::vector<ValueId> addresses_;
  std::vector<ValueId> codes_;
  ValueId padding_ = 0;
};

// A map of all channels from bit `base` on, the codes of those set behind it.
class MapReader {
 public:
  MapReader(FunctionBuilder& b, const PathShape& shape, const LinkString& string, int base)
      : b_(b), shape_(shape) {
    for (int c = 0; c < shape.channels; ++c) bits_.push_back(string.at(base + c, 1));
    ValueId count = b.constant(0);
    for (const ValueId bit : bits_) {
      ranks_.push_back(count);
      count = b.add(count, bit);
      b.assume(count, {0, static_cast<std::int64_t>(ranks_.size())});
    }
    count_ = b.reinterpret(count, countFormat(shape));
    const int first = base + shape.channels;
    const int w = shape.charge.width();
    std::vector<ValueId> wrong;
    for (int k = 0; k < shape.channels; ++k) {
      codes_.push_back(string.at(first + k * w, w));
      const ValueId past = b.lessEqual(count_, b.constant(k));
      wrong.push_back(b.bitAnd(past, b.less(b.constant(0), codes_.back())));
    }
    wrong.push_back(string.anyFrom(first + shape.channels * w));
    padding_ = b.orAll(wrong);
  }

  [[nodiscard]] ValueId count() const { return count_; }
  // A bit behind the last code is 1.
  [[nodiscard]] ValueId padding() const { return padding_; }

  [[nodiscard]] Cells cells() const {
    Cells out{bits_, {}};
    for (std::size_t c = 0; c < bits_.size(); ++c) {
      // As many codes as there can be channels before this one, and its own.
      const ValueId code = b_.pick(ranks_[c], std::span(codes_).first(c + 1));
      out.code.push_back(gated(b_, bits_[c], b_.reinterpret(code, codeFormat(shape_))));
    }
    return out;
  }

 private:
  FunctionBuilder& b_;
  const PathShape& shape_;
  std::vector<ValueId> bits_;
  std::vector<ValueId> ranks_;
  std::vector<ValueId> codes_;
  ValueId count_ = 0;
  ValueId padding_ = 0;
};

Cells selected(FunctionBuilder& b, ValueId first, const Cells& one, const Cells& zero) {
  Cells out;
  for (std::size_t c = 0; c < one.sent.size(); ++c) {
    out.sent.push_back(b.select(first, one.sent[c], zero.sent[c]));
    out.code.push_back(b.select(first, one.code[c], zero.code[c]));
  }
  return out;
}

// What cells and module sum say together.
struct Energies {
  ValueId moduleSum = 0;        // middle of the code's step
  ValueId least = 0;            // of all cells sent, undropped
  std::vector<ValueId> own;     // charge of each cell sent, 0 of others
  std::vector<ValueId> charge;  // with the shares of the rest
};

Energies energies(FunctionBuilder& b, const Cells& cells, ValueId moduleSum, ValueId drop,
                  ValueId useSum, ValueId spread, ValueId sentCount, int channels) {
  Energies out;
  out.moduleSum = limited(b, moduleSum, kModuleSum);
  std::vector<ValueId> least;
  for (std::size_t c = 0; c < cells.sent.size(); ++c) {
    const auto cell = b.call("cell_charge", std::array{cells.code[c], drop});
    out.own.push_back(gated(b, cells.sent[c], cell[0]));
    least.push_back(gated(b, cells.sent[c], cell[1]));
  }
  out.least = b.sum(least);
  const ValueId sum = b.sum(out.own);
  const ValueId left = b.max(b.sub(out.moduleSum, sum), b.constant(0));
  const ValueId rest = b.select(useSum, limited(b, left, kModuleSum), out.moduleSum);
  const ValueId others = b.sub(b.constant(channels), sentCount);
  b.assume(others, {0, channels});
  const ValueId share = b.call("rest_share", std::array{rest, others})[0];
  const ValueId shared = gated(b, spread, share);
  for (std::size_t c = 0; c < cells.sent.size(); ++c) {
    out.charge.push_back(b.select(cells.sent[c], out.own[c], shared));
  }
  return out;
}

}  // namespace

void addListCell(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "list_cell", "finds a channel in a list of addresses");
  const auto count = static_cast<std::uint32_t>(listed(shape));
  const FixedFormat address{false, shape.addressBits(), 0};
  const ValueId channel = b.input("channel", address)[0];
  const auto used = b.input("used", kBit, count);
  const auto addresses = b.input("address", address, count);
  const auto codes = b.input("code", codeFormat(shape), count);
  std::vector<ValueId> hits;
  std::vector<ValueId> values;
  for (std::size_t k = 0; k < count; ++k) {
    hits.push_back(b.bitAnd(used[k], b.equal(addresses[k], channel)));
    values.push_back(gated(b, hits.back(), codes[k]));
  }
  b.output("sent", kBit, b.orAll(hits));
  b.output("cell_code", codeFormat(shape), b.orAll(values));
  program.functions.push_back(std::move(b).finish());
}

void addThresholdSumDecoder(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "decode_threshold_sum",
                    "a threshold-sum string to the charges of a module");
  const LinkString string(
      b, b.input("tx", {false, 32, 0}, static_cast<std::uint32_t>(decoderWords(shape))));
  const ValueId dropLsb = b.input("drop_lsb", {false, 4, 0}, 1, Role::Config)[0];
  const ValueId useSum = b.input("use_sum", kBit, 1, Role::Config)[0];
  const ValueId spread = b.input("spread", kBit, 1, Role::Config)[0];
  const int head = kHeaderBits + kTypeBits + shape.sum.width();
  const ValueId type = string.at(kHeaderBits, kTypeBits);
  const auto isType = [&](int t) { return b.equal(type, b.constant(t)); };
  const ValueId isNone = isType(kTypeNone);
  const ValueId isList = isType(kTypeList);
  const ValueId isMap = isType(kTypeMap);
  const ValueId isFull = isType(kTypeFull);
  const ValueId isLate = isType(kTypeLate);
  const ValueId isBare = b.orAll(std::array{isNone, isFull, isLate});

  const ValueId listCount = string.at(head, shape.countBits);
  std::vector<int> counts;
  for (int n = 1; n <= static_cast<int>(listed(shape)); ++n) counts.push_back(n);
  const ListReader list(b, shape, string, head + shape.countBits, listCount, counts);
  const MapReader map(b, shape, string, head);
  const Cells cells = selected(b, isMap, map.cells(), list.cells());
  const ValueId some = b.bitOr(isList, isMap);
  Cells present;
  for (std::size_t c = 0; c < cells.sent.size(); ++c) {
    present.sent.push_back(b.bitAnd(some, cells.sent[c]));
    present.code.push_back(cells.code[c]);
  }
  const ValueId none = b.constant(0);
  const ValueId count = b.reinterpret(
      b.select(isMap, map.count(), b.select(isList, listCount, none)), countFormat(shape));

  const ValueId sumCode = string.at(kHeaderBits + kTypeBits, shape.sum.width());
  const FloatStep sum = floatStep(b, sumCode, shape.sum, kSumBits);
  const ValueId drop = effectiveDrop(b, dropLsb);
  const Energies energy = energies(b, present, middleOf(b, sumCode, sum, none), drop, useSum,
                                   spread, count, shape.channels);

  StatusChecks checks(b);
  checks.add(StringStatus::BadType, b.bitNot(b.bitOr(isBare, some)));
  const ValueId noList =
      b.bitOr(b.equal(listCount, none), b.less(b.constant(shape.channels), listCount));
  const ValueId smallMap = b.lessEqual(map.count(), b.constant(shape.mostListed()));
  checks.add(StringStatus::BadCount, b.bitOr(b.bitAnd(isList, noList), b.bitAnd(isMap, smallMap)));
  checks.add(StringStatus::BadAddress, b.bitAnd(isList, list.disorder()));
  const ValueId padding =
      b.select(isMap, map.padding(), b.select(isList, list.padding(), string.anyFrom(head)));
  checks.add(StringStatus::BadPadding, padding);
  checks.add(StringStatus::ImpossibleSum,
             isAbove(b, sumCode, shape.sum, shape.channels * kMostCharge));
  // Of all charges: what the cells sent have at least. Of those not sent: 0 when all were.
  const ValueId least = b.shiftLeftBy(energy.least, drop);
  const ValueId last = lastOf(b, sumCode, sum, shape.sum, shape.channels * kMostCharge);
  const ValueId tooSmall = b.less(last, least);
  const ValueId allSent = b.equal(count, b.constant(shape.channels));
  const ValueId left = b.bitAnd(allSent, b.less(none, sumCode));
  checks.add(StringStatus::SumContradiction, b.bitAnd(some, b.select(useSum, tooSmall, left)));

  const ValueId truncated = [&] {
    const ValueId full = b.constant(static_cast<int>(StringStatus::TruncatedFull));
    const ValueId late = b.constant(static_cast<int>(StringStatus::TruncatedLate));
    return b.select(isFull, full, b.select(isLate, late, none));
  }();
  b.output("header", {false, kHeaderBits, 0}, string.at(0, kHeaderBits));
  outputDecoded(b, checks.none(), checks.status(truncated), energy.moduleSum, present.sent,
                energy.charge);
  program.functions.push_back(std::move(b).finish());
}

void addBestChoiceDecoder(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "decode_best_choice",
                    "a best-choice string to the charges of a module");
  const LinkString string(
      b, b.input("tx", {false, 32, 0}, static_cast<std::uint32_t>(decoderWords(shape))));
  const ValueId activeEtx = b.input("active_etx", {false, 4, 0}, 1, Role::Config)[0];
  const ValueId dropLsb = b.input("drop_lsb", {false, 4, 0}, 1, Role::Config)[0];
  const ValueId useSum = b.input("use_sum", kBit, 1, Role::Config)[0];
  const ValueId spread = b.input("spread", kBit, 1, Role::Config)[0];
  const int head = kShortHeader + shape.sum.width();
  std::vector<std::int64_t> byEtx;
  std::vector<int> counts;  // of the numbers of links that list addresses
  for (int etx = 0; etx < 16; ++etx) {
    const int cells = bestChoiceCells(shape, std::min(etx, shape.etx));
    byEtx.push_back(cells);
    if (cells > 0 && cells <= shape.mostListed()) counts.push_back(cells);
  }
  const ValueId count = b.reinterpret(b.lookup(activeEtx, byEtx), countFormat(shape));
  const ValueId none = b.constant(0);
  const ValueId isList = b.lessEqual(count, b.constant(shape.mostListed()));
  const ListReader list(b, shape, string, head, count, counts);
  const MapReader map(b, shape, string, head);
  const Cells cells = selected(b, isList, list.cells(), map.cells());

  const ValueId sumCode = string.at(kShortHeader, shape.sum.width());
  const FloatStep sum = floatStep(b, sumCode, shape.sum, kSumBits);
  const ValueId drop = effectiveDrop(b, dropLsb);
  const ValueId middle = middleOf(b, sumCode, sum, drop);
  const Energies energy = energies(b, cells, middle, drop, useSum, spread, count, shape.channels);

  StatusChecks checks(b);
  checks.add(StringStatus::NothingSent, b.equal(count, none));
  checks.add(StringStatus::BadCount,
             b.bitAnd(b.bitNot(isList), b.bitNot(b.equal(map.count(), count))));
  checks.add(StringStatus::BadAddress, b.bitAnd(isList, list.disorder()));
  checks.add(StringStatus::BadPadding, b.select(isList, list.padding(), map.padding()));
  checks.add(StringStatus::ImpossibleSum,
             isAbove(b, sumCode, shape.sum, shape.channels * kMostSorted));
  // Values are sorted: none of those not sent is larger than the smallest sent.
  std::vector<ValueId> most;
  ValueId smallest = b.constant((std::int64_t{1} << shape.charge.width()) - 1);
  for (std::size_t c = 0; c < cells.sent.size(); ++c) {
    const auto cell = b.call("cell_charge", std::array{cells.code[c], b.constant(0)});
    most.push_back(gated(b, cells.sent[c], cell[2]));
    smallest = b.select(cells.sent[c], b.min(smallest, cells.code[c]), smallest);
  }
  const ValueId bound = b.call("cell_charge", std::array{smallest, b.constant(0)})[2];
  const ValueId others = b.sub(b.constant(shape.channels), count);
  const ValueId mostOthers = b.mul(bound, b.max(others, none));
  const ValueId mostAll = b.select(useSum, b.add(b.sum(most), mostOthers), mostOthers);
  const ValueId leastAll = b.select(useSum, energy.least, none);
  const ValueId last = lastOf(b, sumCode, sum, shape.sum, shape.channels * kMostSorted);
  const ValueId tooSmall = b.less(last, leastAll);
  checks.add(StringStatus::SumContradiction, b.bitOr(tooSmall, b.less(mostAll, sum.least)));
  b.output("header", {false, kShortHeader, 0}, string.at(0, kShortHeader));
  outputDecoded(b, checks.none(), checks.status(none), energy.moduleSum, cells.sent, energy.charge);
  program.functions.push_back(std::move(b).finish());
}

void addRepeaterDecoder(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, "decode_repeater", "a repeater string to the charges of a module");
  const LinkString string(
      b, b.input("tx", {false, 32, 0}, static_cast<std::uint32_t>(decoderWords(shape))));
  const ValueId activeEtx = b.input("active_etx", {false, 4, 0}, 1, Role::Config)[0];
  const ValueId dropLsb = b.input("drop_lsb", {false, 4, 0}, 1, Role::Config)[0];
  // With few links the string is cut: cells whose code is not there whole are not sent.
  std::vector<std::int64_t> byEtx;
  for (int etx = 0; etx < 16; ++etx) {
    const int bits = 32 * std::min(etx, shape.etx) - kHeaderBits;
    byEtx.push_back(std::clamp(bits / shape.charge.width(), 0, shape.channels));
  }
  const ValueId count = b.lookup(activeEtx, byEtx);
  const ValueId drop = effectiveDrop(b, dropLsb);
  std::vector<ValueId> sent;
  std::vector<ValueId> charge;
  for (int c = 0; c < shape.channels; ++c) {
    const int w = shape.charge.width();
    const ValueId code = string.at(kHeaderBits + c * w, w);
    sent.push_back(b.less(b.constant(c), count));
    charge.push_back(gated(b, sent.back(), b.call("cell_charge", std::array{code, drop})[0]));
  }
  StatusChecks checks(b);
  checks.add(StringStatus::NothingSent, b.equal(count, b.constant(0)));
  checks.add(StringStatus::BadPadding, string.anyFrom(repeaterBits(shape)));
  b.output("header", {false, kHeaderBits, 0}, string.at(0, kHeaderBits));
  outputDecoded(b, checks.none(), checks.status(b.constant(0)), b.sum(charge), sent, charge);
  program.functions.push_back(std::move(b).finish());
}

}  // namespace aegen::encoders::econ_t
