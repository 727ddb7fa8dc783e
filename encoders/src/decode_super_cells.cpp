// Strings of super trigger cells: sums of neighbouring channels.

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

std::string typeFunction(std::size_t type) {
  return "super_cells_type" + std::to_string(type);
}

// One type: tx, active_etx, drop, spread -> status u4, sent groups u1, charges.
class TypeBuilder {
 public:
  TypeBuilder(core::Program& program, const PathShape& shape, std::size_t type)
      : program_(program),
        shape_(shape),
        type_(shape.stc[type]),
        index_(type),
        groups_(shape.channels / shape.stc[type].cells),
        addressBits_(type_.address ? std::bit_width(static_cast<unsigned>(type_.cells - 1)) : 0),
        b_(program, typeFunction(type), "a string of one type of super trigger cells"),
        string_(b_,
                b_.input("tx", {false, 32, 0}, static_cast<std::uint32_t>(decoderWords(shape)))) {}

  void build() {
    const ValueId activeEtx = b_.input("active_etx", {false, 4, 0})[0];
    const ValueId drop = b_.input("drop", {false, 3, 0})[0];
    const ValueId spread = b_.input("spread", kBit)[0];
    readGroups(activeEtx);
    const ValueId none = b_.constant(0);
    const ValueId shift = type_.drops ? b_.min(drop, b_.constant(kMostDrop)) : none;
    const int sumBits =
        kChargeBits + static_cast<int>(std::countr_zero(static_cast<unsigned>(type_.cells)));
    std::vector<ValueId> sent;
    std::vector<ValueId> charges;
    std::vector<ValueId> impossible;
    std::vector<ValueId> badAddress;
    for (int g = 0; g < groups_; ++g) {
      const ValueId used = b_.less(b_.constant(g), count_);
      const ValueId code = codes_[static_cast<std::size_t>(g)];
      const FloatStep step = floatStep(b_, code, type_.sum, sumBits);
      const ValueId amount = b_.reinterpret(shift, {false, 3, 0});
      const ValueId sum =
          gated(b_, used, limited(b_, middleOf(b_, code, step, amount), kBoardCharge));
      const std::int64_t most = type_.cells * ((std::int64_t{1} << kChargeBits) - 1);
      if (!type_.drops) impossible.push_back(b_.bitAnd(used, isAbove(b_, code, type_.sum, most)));
      sent.insert(sent.end(), static_cast<std::size_t>(type_.cells), used);
      addCharges(g, sum, spread, charges);
      if (!type_.address || type_.drops) continue;
      // Among equal charges the highest address is sent: of an empty group the last.
      const ValueId last =
          b_.equal(addresses_[static_cast<std::size_t>(g)], b_.constant(type_.cells - 1));
      badAddress.push_back(b_.bitAnd(b_.bitAnd(used, b_.equal(code, none)), b_.bitNot(last)));
    }
    StatusChecks checks(b_);
    checks.add(StringStatus::NothingSent, b_.equal(count_, none));
    if (!badAddress.empty()) checks.add(StringStatus::BadAddress, b_.orAll(badAddress));
    checks.add(StringStatus::BadPadding, padding_);
    if (!impossible.empty()) checks.add(StringStatus::ImpossibleSum, b_.orAll(impossible));
    b_.output("status", kStatus, checks.status(none));
    b_.output("sent", kBit, sent);
    b_.output("charge", kBoardCharge, charges);
    program_.functions.push_back(std::move(b_).finish());
  }

 private:
  // Where addresses, sums and end of the string are follows from the number of groups.
  void readGroups(ValueId activeEtx) {
    std::vector<std::int64_t> byEtx;
    for (int etx = 0; etx < 16; ++etx) {
      // More links than the chip has act as all it has.
      byEtx.push_back(stcGroups(shape_, static_cast<int>(index_), std::min(etx, shape_.etx)));
    }
    count_ = b_.lookup(activeEtx, byEtx);
    std::vector<std::int64_t> counts(byEtx);
    std::ranges::sort(counts);
    counts.erase(std::ranges::unique(counts).begin(), counts.end());
    const int w = type_.sum.width();
    const auto sized = [&](int width) { return FixedFormat{false, width, 0}; };
    for (int g = 0; g < groups_; ++g) {
      if (type_.address) {
        addresses_.push_back(string_.at(kShortHeader + g * addressBits_, addressBits_));
      }
      std::vector<ValueId> options(static_cast<std::size_t>(groups_ + 1),
                                   b_.reinterpret(b_.constant(0), sized(w)));
      for (const std::int64_t n : counts) {
        if (g >= n) continue;
        options[static_cast<std::size_t>(n)] =
            string_.at(kShortHeader + static_cast<int>(n) * addressBits_ + g * w, w);
      }
      codes_.push_back(b_.reinterpret(b_.pick(count_, options), sized(w)));
    }
    std::vector<ValueId> tails(static_cast<std::size_t>(groups_ + 1), b_.constant(0));
    for (const std::int64_t n : counts) {
      tails[static_cast<std::size_t>(n)] =
          string_.anyFrom(stcBits(shape_, static_cast<int>(index_), static_cast<int>(n)));
    }
    padding_ = b_.reinterpret(b_.pick(count_, tails), kBit);
  }

  // The group's sum at its largest cell, or in equal shares.
  void addCharges(int group, ValueId sum, ValueId spread, std::vector<ValueId>& charges) {
    const int log2Cells = std::countr_zero(static_cast<unsigned>(type_.cells));
    const ValueId half = b_.constant(type_.cells / 2);  // to nearest, halves up
    const ValueId share = limited(b_, b_.shiftRight(b_.add(sum, half), log2Cells), kBoardCharge);
    for (int cell = 0; cell < type_.cells; ++cell) {
      if (!type_.address) {
        charges.push_back(share);
        continue;
      }
      const ValueId address = addresses_[static_cast<std::size_t>(group)];
      const ValueId here = b_.equal(address, b_.constant(cell));
      charges.push_back(b_.select(spread, share, gated(b_, here, sum)));
    }
  }

  core::Program& program_;
  const PathShape& shape_;
  const StcType& type_;
  std::size_t index_;
  int groups_;
  int addressBits_;
  FunctionBuilder b_;
  LinkString string_;
  ValueId count_ = 0;
  ValueId padding_ = 0;
  std::vector<ValueId> addresses_;
  std::vector<ValueId> codes_;
};

}  // namespace

void addSuperTriggerCellDecoder(core::Program& program, const PathShape& shape) {
  for (std::size_t type = 0; type < shape.stc.size(); ++type) {
    TypeBuilder(program, shape, type).build();
  }
  FunctionBuilder b(program, "decode_super_trigger_cell",
                    "a string of super trigger cells to the charges of a module");
  auto operands = b.input("tx", {false, 32, 0}, static_cast<std::uint32_t>(decoderWords(shape)));
  const ValueId first = operands[0];
  const ValueId activeEtx = b.input("active_etx", {false, 4, 0}, 1, Role::Config)[0];
  const ValueId dropLsb = b.input("drop_lsb", {false, 4, 0}, 1, Role::Config)[0];
  const ValueId type = b.input("stc_type", {false, 2, 0}, 1, Role::Config)[0];
  const ValueId spread = b.input("spread", kBit, 1, Role::Config)[0];
  operands.insert(operands.end(), {activeEtx, effectiveDrop(b, dropLsb), spread});
  std::vector<std::vector<ValueId>> results;
  for (std::size_t t = 0; t < shape.stc.size(); ++t) {
    results.push_back(b.call(typeFunction(t), operands));
  }
  const auto chosen = [&](std::size_t element) {
    std::vector<ValueId> options;
    for (const auto& result : results) options.push_back(result[element]);
    const FixedFormat format = b.format(options[0]);
    return b.reinterpret(b.pick(type, options), format);
  };
  const auto channels = static_cast<std::size_t>(shape.channels);
  std::vector<ValueId> sent;
  std::vector<ValueId> charge;
  for (std::size_t c = 0; c < channels; ++c) sent.push_back(chosen(1 + c));
  for (std::size_t c = 0; c < channels; ++c) charge.push_back(chosen(1 + channels + c));
  StatusChecks checks(b);
  // A type the shape does not have.
  checks.add(StringStatus::NothingSent,
             b.less(b.constant(static_cast<std::int64_t>(shape.stc.size()) - 1), type));
  const ValueId status = checks.status(chosen(0));
  const ValueId good = b.equal(status, b.constant(0));
  b.output("header", {false, kShortHeader, 0}, b.slice(first, 32 - kShortHeader, kShortHeader));
  outputDecoded(b, good, status, b.sum(charge), sent, charge);
  program.functions.push_back(std::move(b).finish());
}

}  // namespace aegen::encoders::econ_t
