#include "link_oracle.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace aegen::test_common {

using encoders::FloatCode;
using encoders::econ_t::Algorithm;
using encoders::econ_t::PathShape;
using encoders::econ_t::Spread;
using encoders::econ_t::StcType;
using encoders::econ_t::StringStatus;

namespace {

constexpr std::int64_t kMostBoardCharge = (std::int64_t{1} << 26) - 1;
constexpr std::int64_t kMostSum = (std::int64_t{1} << 28) - 1;
constexpr std::int64_t kMostCharge = (std::int64_t{1} << 22) - 1;
constexpr std::int64_t kMostSorted = (std::int64_t{1} << 18) - 1;

int log2Up(int n) {
  int bits = 0;
  while ((1 << bits) < n) ++bits;
  return bits;
}

std::int64_t encode(std::int64_t value, const FloatCode& code) {
  int length = 0;
  while (value >> length != 0) ++length;
  if (length <= code.mantissa) return value;
  const int exponent = length - code.mantissa;
  if (exponent >= 1 << code.exponent) return (std::int64_t{1} << code.width()) - 1;
  const std::int64_t mask = (std::int64_t{1} << code.mantissa) - 1;
  return std::int64_t{exponent} << code.mantissa | (value >> (exponent - 1) & mask);
}

// The integers of a code by bisection of encode(): first and one past the last; of values of
// `bits` bits at most.
struct Step {
  std::int64_t first = 0;
  std::int64_t past = 0;
};
Step stepOf(std::int64_t code, const FloatCode& format, int bits) {
  // A code no such value has acts as one with the exponent of the largest.
  const std::int64_t exponent =
      std::min<std::int64_t>(code >> format.mantissa, std::max(1, bits - format.mantissa));
  const std::int64_t mask = (std::int64_t{1} << format.mantissa) - 1;
  code = exponent << format.mantissa | (code & mask);
  const FloatCode wide{7, format.mantissa};  // does not saturate
  const auto firstAtLeast = [&](std::int64_t wanted) {
    std::int64_t low = 0;
    std::int64_t high = std::int64_t{1} << 50;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (encode(middle, wide) >= wanted) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  };
  return {firstAtLeast(code), firstAtLeast(code + 1)};
}

std::int64_t middle(std::int64_t code, const FloatCode& format, int bits, int drop,
                    std::int64_t most) {
  if (code == 0) return 0;
  const Step step = stepOf(code, format, bits);
  // All integers whose dropped value is of the step: [first 2^d, past 2^d).
  return std::min(most, ((step.first + step.past) << drop) / 2);
}

int effectiveDrop(int drop) {
  return drop > 4 ? 0 : drop;
}

class Reader {
 public:
  explicit Reader(std::span<const std::uint16_t> words) : words_(words) {}
  std::int64_t take(int width) {
    std::int64_t out = 0;
    for (int i = 0; i < width; ++i, ++at_) out = out << 1 | bit(at_);
    return out;
  }
  [[nodiscard]] bool restIsZero() const {
    for (std::size_t i = at_; i < words_.size() * 16; ++i) {
      if (bit(i) != 0) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] std::int64_t bit(std::size_t i) const {
    return i / 16 < words_.size() ? words_[i / 16] >> (15 - i % 16) & 1 : 0;
  }
  std::span<const std::uint16_t> words_;
  std::size_t at_ = 0;
};

// The largest integer up to `most` with this code: the last of its step, or, for the code that also
// stands for all integers too large for the format, `most`.
std::int64_t lastOf(std::int64_t code, const FloatCode& format, int bits, std::int64_t most) {
  const bool saturated = code == (1 << format.width()) - 1 && encode(most, format) == code;
  return saturated ? most : stepOf(code, format, bits).past - 1;
}

// Cells by channel: code, or -1.
using CellCodes = std::vector<std::int64_t>;

void fail(Decoded& out, StringStatus status) {
  if (out.status < StringStatus::BadType || status < out.status) out.status = status;
}

void readList(Reader& reader, const PathShape& shape, std::int64_t count, CellCodes& cells,
              Decoded& out) {
  std::vector<std::int64_t> addresses;
  for (std::int64_t k = 0; k < count; ++k) addresses.push_back(reader.take(shape.addressBits()));
  for (std::size_t k = 0; k < addresses.size(); ++k) {
    const std::int64_t code = reader.take(shape.charge.width());
    const bool bad = addresses[k] >= shape.channels || (k > 0 && addresses[k] <= addresses[k - 1]);
    if (bad) {
      fail(out, StringStatus::BadAddress);
    } else {
      cells[static_cast<std::size_t>(addresses[k])] = code;
    }
  }
}

std::int64_t readMap(Reader& reader, const PathShape& shape, CellCodes& cells) {
  std::vector<std::size_t> set;
  for (int c = 0; c < shape.channels; ++c) {
    if (reader.take(1) != 0) set.push_back(static_cast<std::size_t>(c));
  }
  for (const std::size_t c : set) cells[c] = reader.take(shape.charge.width());
  return static_cast<std::int64_t>(set.size());
}

void giveCharges(const LinkSettings& s, const CellCodes& cells, std::int64_t sum, Decoded& out) {
  out.moduleSum = std::min(sum, kMostSum);
  std::int64_t own = 0;
  std::int64_t others = 0;
  for (const std::int64_t code : cells) {
    out.sent.push_back(code >= 0 ? 1 : 0);
    out.charge.push_back(code >= 0 ? middle(code, s.shape.charge, 22,
                                            effectiveDrop(s.board.dropLsb), kMostBoardCharge)
                                   : 0);
    own += out.charge.back();
    others += code < 0;
  }
  if (s.board.spread == Spread::Concentrated || others == 0) return;
  const std::int64_t rest =
      s.board.useSum ? std::max<std::int64_t>(out.moduleSum - own, 0) : out.moduleSum;
  // To nearest, halves up, in the 28 bits of a module sum.
  const std::int64_t share = std::min(rest + others / 2, kMostSum) / others;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (cells[c] < 0) out.charge[c] = std::min(share, kMostBoardCharge);
  }
}

std::int64_t leastOf(const LinkSettings& s, const CellCodes& cells) {
  std::int64_t out = 0;
  for (const std::int64_t code : cells) {
    if (code >= 0) out += stepOf(code, s.shape.charge, 22).first;
  }
  return out;
}

void decodeThresholdSum(const LinkSettings& s, Reader& reader, Decoded& out) {
  out.header = reader.take(5);
  const std::int64_t type = reader.take(3);
  const std::int64_t sumCode = reader.take(s.shape.sum.width());
  CellCodes cells(static_cast<std::size_t>(s.shape.channels), -1);
  std::int64_t count = 0;
  if (type == 2) {
    count = reader.take(s.shape.countBits);
    if (count == 0 || count > s.shape.channels) fail(out, StringStatus::BadCount);
    readList(reader, s.shape, count, cells, out);
  } else if (type == 4) {
    count = readMap(reader, s.shape, cells);
    if (count <= s.shape.mostListed()) fail(out, StringStatus::BadCount);
  } else if (type != 0 && type != 6 && type != 7) {
    fail(out, StringStatus::BadType);
  }
  if (!reader.restIsZero()) fail(out, StringStatus::BadPadding);
  if (sumCode > encode(s.shape.channels * kMostCharge, s.shape.sum)) {
    fail(out, StringStatus::ImpossibleSum);
  }
  if (type == 2 || type == 4) {
    const std::int64_t least = leastOf(s, cells) << effectiveDrop(s.board.dropLsb);
    const std::int64_t last = lastOf(sumCode, s.shape.sum, 28, s.shape.channels * kMostCharge);
    const bool wrong = s.board.useSum ? last < least : count == s.shape.channels && sumCode != 0;
    if (wrong) fail(out, StringStatus::SumContradiction);
  }
  if (out.status == StringStatus::Good && type == 6) out.status = StringStatus::TruncatedFull;
  if (out.status == StringStatus::Good && type == 7) out.status = StringStatus::TruncatedLate;
  giveCharges(s, cells, middle(sumCode, s.shape.sum, 28, 0, kMostSum), out);
}

void decodeBestChoice(const LinkSettings& s, Reader& reader, Decoded& out) {
  out.header = reader.take(4);
  const std::int64_t sumCode = reader.take(s.shape.sum.width());
  const int count = bestChoiceCells(s.shape, std::min(s.board.activeEtx, s.shape.etx));
  CellCodes cells(static_cast<std::size_t>(s.shape.channels), -1);
  if (count == 0) fail(out, StringStatus::NothingSent);
  if (count <= s.shape.mostListed()) {
    readList(reader, s.shape, count, cells, out);
  } else if (readMap(reader, s.shape, cells) != count) {
    fail(out, StringStatus::BadCount);
  }
  if (!reader.restIsZero()) fail(out, StringStatus::BadPadding);
  if (sumCode > encode(s.shape.channels * kMostSorted, s.shape.sum)) {
    fail(out, StringStatus::ImpossibleSum);
  }
  const FloatCode& format = s.shape.charge;
  std::int64_t most = 0;
  std::int64_t smallest = (1 << format.width()) - 1;
  for (const std::int64_t code : cells) {
    if (code < 0) continue;
    most += lastOf(code, format, 22, kMostSorted);
    smallest = std::min(smallest, code);
  }
  const std::int64_t others =
      lastOf(smallest, format, 22, kMostSorted) * (s.shape.channels - count);
  const std::int64_t last = lastOf(sumCode, s.shape.sum, 28, s.shape.channels * kMostSorted);
  const bool wrong =
      last < (s.board.useSum ? leastOf(s, cells) : 0) ||
      stepOf(sumCode, s.shape.sum, 28).first > (s.board.useSum ? most + others : others);
  if (wrong) fail(out, StringStatus::SumContradiction);
  giveCharges(s, cells, middle(sumCode, s.shape.sum, 28, effectiveDrop(s.board.dropLsb), kMostSum),
              out);
}

void decodeSuperCells(const LinkSettings& s, Reader& reader, Decoded& out) {
  out.header = reader.take(4);
  out.sent.assign(static_cast<std::size_t>(s.shape.channels), 0);
  out.charge = out.sent;
  if (s.board.stcType >= static_cast<int>(s.shape.stc.size())) {
    return fail(out, StringStatus::NothingSent);
  }
  const StcType& type = s.shape.stc[static_cast<std::size_t>(s.board.stcType)];
  const int groups = stcGroups(s.shape, s.board.stcType, std::min(s.board.activeEtx, s.shape.etx));
  if (groups == 0) fail(out, StringStatus::NothingSent);
  std::vector<std::int64_t> addresses;
  for (int g = 0; g < groups && type.address; ++g) {
    addresses.push_back(reader.take(log2Up(type.cells)));
  }
  const int drop = type.drops ? effectiveDrop(s.board.dropLsb) : 0;
  for (int g = 0; g < groups; ++g) {
    const std::int64_t code = reader.take(type.sum.width());
    const std::int64_t address = type.address ? addresses[static_cast<std::size_t>(g)] : 0;
    if (!type.drops && code > encode(type.cells * kMostCharge, type.sum)) {
      fail(out, StringStatus::ImpossibleSum);
    }
    if (!type.drops && type.address && code == 0 && address != type.cells - 1) {
      fail(out, StringStatus::BadAddress);
    }
    const std::int64_t sum =
        middle(code, type.sum, 22 + log2Up(type.cells), drop, kMostBoardCharge);
    for (int i = 0; i < type.cells; ++i) {
      const auto c = static_cast<std::size_t>(g * type.cells + i);
      out.sent[c] = 1;
      const bool shared = !type.address || s.board.spread == Spread::Shared;
      out.charge[c] = shared ? (sum + type.cells / 2) / type.cells : i == address ? sum : 0;
    }
  }
  if (!reader.restIsZero()) fail(out, StringStatus::BadPadding);
  out.moduleSum = std::accumulate(out.charge.begin(), out.charge.end(), std::int64_t{0});
  out.moduleSum = std::min(out.moduleSum, kMostSum);
}

void decodeRepeater(const LinkSettings& s, Reader& reader, Decoded& out) {
  out.header = reader.take(5);
  const int links = std::min(s.board.activeEtx, s.shape.etx);
  int whole = 0;
  for (int c = 0; c < s.shape.channels; ++c) {
    const std::int64_t code = reader.take(s.shape.charge.width());
    const bool sent = 5 + (c + 1) * s.shape.charge.width() <= 32 * links;
    whole += sent;
    out.sent.push_back(sent ? 1 : 0);
    const int drop = effectiveDrop(s.board.dropLsb);
    out.charge.push_back(sent ? middle(code, s.shape.charge, 22, drop, kMostBoardCharge) : 0);
    out.moduleSum += out.charge.back();
  }
  out.moduleSum = std::min(out.moduleSum, kMostSum);
  if (whole == 0) fail(out, StringStatus::NothingSent);
  if (!reader.restIsZero()) fail(out, StringStatus::BadPadding);
}

std::int64_t sumOf(std::span<const std::int64_t> values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

void writeCells(Bits& bits, const PathShape& shape, const std::vector<std::int64_t>& codes,
                const std::vector<bool>& sent) {
  std::vector<std::size_t> cells;
  for (std::size_t c = 0; c < sent.size(); ++c) {
    if (sent[c]) cells.push_back(c);
  }
  if (static_cast<int>(cells.size()) <= shape.mostListed()) {
    for (const std::size_t c : cells) {
      bits.push(static_cast<std::int64_t>(c), shape.addressBits());
    }
  } else {
    for (const bool bit : sent) bits.push(bit, 1);
  }
  for (const std::size_t c : cells) bits.push(codes[c], shape.charge.width());
}

void writeThresholdSum(const LinkSettings& s, int bx, std::span<const std::int64_t> calq,
                       std::int64_t threshold, Bits& bits) {
  std::vector<bool> sent;
  std::vector<std::int64_t> codes;
  std::int64_t unsent = 0;
  for (const std::int64_t q : calq) {
    sent.push_back(q >= threshold);
    codes.push_back(encode(q >> effectiveDrop(s.board.dropLsb), s.shape.charge));
    if (q < threshold) unsent += q;
  }
  const auto count = std::ranges::count(sent, true);
  bits.push(headerOf(bx), 5);
  bits.push(count == 0 ? 0 : count <= s.shape.mostListed() ? 2 : 4, 3);
  bits.push(encode(s.board.useSum ? sumOf(calq) : unsent, s.shape.sum), s.shape.sum.width());
  if (count == 0) return;
  if (count <= s.shape.mostListed()) bits.push(count, s.shape.countBits);
  writeCells(bits, s.shape, codes, sent);
}

void writeBestChoice(const LinkSettings& s, int bx, std::span<const std::int64_t> calq,
                     Bits& bits) {
  std::vector<std::int64_t> values;
  std::vector<std::int64_t> codes;
  for (const std::int64_t q : calq) {
    values.push_back(std::min(q >> effectiveDrop(s.board.dropLsb), kMostSorted));
    codes.push_back(encode(values.back(), s.shape.charge));
  }
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](auto a, auto b) { return values[a] > values[b]; });
  const auto count =
      static_cast<std::size_t>(bestChoiceCells(s.shape, std::min(s.board.activeEtx, s.shape.etx)));
  std::vector<bool> sent(values.size(), false);
  std::int64_t sum = sumOf(values);
  for (std::size_t k = 0; k < count; ++k) {
    sent[order[k]] = true;
    if (!s.board.useSum) sum -= values[order[k]];
  }
  bits.push(shortHeaderOf(bx), 4);
  bits.push(encode(sum, s.shape.sum), s.shape.sum.width());
  writeCells(bits, s.shape, codes, sent);
}

void writeSuperCells(const LinkSettings& s, int bx, std::span<const std::int64_t> calq,
                     Bits& bits) {
  const StcType& type = s.shape.stc[static_cast<std::size_t>(s.board.stcType)];
  const int groups = stcGroups(s.shape, s.board.stcType, std::min(s.board.activeEtx, s.shape.etx));
  const auto cells = static_cast<std::size_t>(type.cells);
  bits.push(shortHeaderOf(bx), 4);
  for (int g = 0; g < groups && type.address; ++g) {
    const auto group = calq.subspan(static_cast<std::size_t>(g) * cells, cells);
    std::size_t largest = 0;
    for (std::size_t i = 0; i < cells; ++i) {
      if (group[i] >= group[largest]) largest = i;
    }
    bits.push(static_cast<std::int64_t>(largest), log2Up(type.cells));
  }
  for (int g = 0; g < groups; ++g) {
    const std::int64_t sum = sumOf(calq.subspan(static_cast<std::size_t>(g) * cells, cells));
    const int drop = type.drops ? effectiveDrop(s.board.dropLsb) : 0;
    bits.push(encode(sum >> drop, type.sum), type.sum.width());
  }
}

void writeAutoencoder(const LinkSettings& s, int bx, std::span<const std::int64_t> calq,
                      std::span<const std::int64_t> latents, Bits& bits) {
  bits.push(headerOf(bx), 5);
  bits.push(encode(sumOf(calq), {5, 4}), 9);
  std::vector<bool> kept;
  const int width = s.shape.latentBits;
  const int total = s.shape.latents * width;
  for (int bit = 0; bit < total; ++bit) {
    const bool keep = s.board.keep.empty() || s.board.keep[static_cast<std::size_t>(bit)];
    const std::int64_t latent =
        latents[static_cast<std::size_t>(s.shape.latents - 1 - bit / width)];
    if (keep) kept.push_back((latent >> (width - 1 - bit % width) & 1) != 0);
  }
  int links = std::min(s.board.activeEtx, s.shape.etx);
  while (links > 1 && 32 * (links - 1) - 14 >= total) --links;
  const int sent = 32 * links - 14;
  for (int i = sent; i > 0; --i) {
    const auto at = static_cast<std::int64_t>(kept.size()) - i;
    bits.push(at >= 0 && kept[static_cast<std::size_t>(at)], 1);
  }
}

}  // namespace

void Bits::push(std::int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) bits.push_back((value >> i & 1) != 0);
}

std::vector<std::uint16_t> Bits::words() const {
  std::vector<std::uint16_t> out((bits.size() + 15) / 16, 0);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (bits[i]) out[i / 16] = static_cast<std::uint16_t>(out[i / 16] | 0x8000U >> i % 16);
  }
  return out;
}

int headerOf(int bx) {
  return bx == 0 ? 31 : bx % 16;
}
int shortHeaderOf(int bx) {
  return bx == 0 ? 15 : bx % 8;
}

std::vector<std::int64_t> packed(std::span<const std::uint16_t> words, int count) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(count), 0);
  for (std::size_t i = 0; i < words.size() && i / 2 < out.size(); ++i) {
    out[i / 2] |= std::int64_t{words[i]} << (i % 2 == 0 ? 16 : 0);
  }
  return out;
}

LinkSettings randomSettings(SplitMix64& random, Algorithm algorithm, const PathShape& shape) {
  LinkSettings s{algorithm, shape, {}};
  s.board.dropLsb = random.between(0, 6);
  s.board.useSum = random.oneIn(2);
  s.board.spread = random.oneIn(2) ? Spread::Shared : Spread::Concentrated;
  s.board.activeEtx = random.between(1, shape.etx);
  switch (algorithm) {
    case Algorithm::ThresholdSum:
    case Algorithm::Repeater:
      break;
    case Algorithm::BestChoice:
      while (bestChoiceCells(shape, s.board.activeEtx) == 0) ++s.board.activeEtx;
      break;
    case Algorithm::SuperTriggerCell:
      do {
        s.board.stcType = random.between(0, static_cast<int>(shape.stc.size()) - 1);
        s.board.activeEtx = random.between(1, shape.etx);
      } while (stcGroups(shape, s.board.stcType, s.board.activeEtx) == 0);
      break;
    case Algorithm::Autoencoder:
      for (int i = 0; i < shape.latents * shape.latentBits; ++i) {
        s.board.keep.push_back(!random.oneIn(3));
      }
      break;
  }
  return s;
}

PathShape randomShape(SplitMix64& random) {
  PathShape shape;
  shape.channels = 16 * random.between(1, 4);
  shape.etx = random.between(6, 14);
  shape.charge = {random.between(3, 5), random.between(2, 4)};
  shape.sum = {random.between(4, 5), random.between(2, 5)};
  shape.countBits = random.between(2, 4);
  shape.stc.clear();
  for (int t = random.between(1, 4); t > 0; --t) {
    shape.stc.push_back({1 << random.between(1, 4),
                         random.oneIn(2),
                         {random.between(4, 5), random.between(2, 4)},
                         random.oneIn(2)});
  }
  return shape;
}

std::vector<std::uint16_t> stringOf(const LinkSettings& settings, int bx,
                                    std::span<const std::int64_t> calq, std::int64_t threshold,
                                    std::span<const std::int64_t> latents) {
  Bits bits;
  switch (settings.algorithm) {
    case Algorithm::ThresholdSum:
      writeThresholdSum(settings, bx, calq, threshold, bits);
      break;
    case Algorithm::SuperTriggerCell:
      writeSuperCells(settings, bx, calq, bits);
      break;
    case Algorithm::BestChoice:
      writeBestChoice(settings, bx, calq, bits);
      break;
    case Algorithm::Repeater:
      bits.push(headerOf(bx), 5);
      for (const std::int64_t q : calq) {
        bits.push(encode(q >> effectiveDrop(settings.board.dropLsb), settings.shape.charge),
                  settings.shape.charge.width());
      }
      break;
    case Algorithm::Autoencoder:
      writeAutoencoder(settings, bx, calq, latents, bits);
      break;
  }
  std::vector<std::uint16_t> words = bits.words();
  if (settings.algorithm == Algorithm::Repeater) {
    words.resize(
        static_cast<std::size_t>(2 * std::min(settings.board.activeEtx, settings.shape.etx)));
  }
  return words;
}

std::vector<std::uint16_t> randomString(SplitMix64& random, const LinkSettings& settings, int bx) {
  std::vector<std::int64_t> calq;
  const int size = random.between(0, 22);
  const std::size_t sparse = static_cast<std::size_t>(random.between(1, 12));
  for (int c = 0; c < settings.shape.channels; ++c) {
    const std::int64_t any = random.between(std::int64_t{0}, (std::int64_t{1} << size) - 1);
    calq.push_back(random.oneIn(sparse) ? any : any >> 8);
  }
  std::vector<std::int64_t> latents;
  for (int i = 0; i < settings.shape.latents; ++i) {
    latents.push_back(random.between(0, (1 << settings.shape.latentBits) - 1));
  }
  const std::int64_t most = std::int64_t{1} << std::max(0, size - random.between(0, 3));
  return stringOf(settings, bx, calq, random.between(std::int64_t{0}, most), latents);
}

std::uint16_t truncatedWord(const LinkSettings& settings, int bx, bool late) {
  const int lateBit = late ? 0x100 : 0;
  if (settings.algorithm != Algorithm::ThresholdSum) return static_cast<std::uint16_t>(lateBit);
  return static_cast<std::uint16_t>(headerOf(bx) << 11 | 0x600 | lateBit | 0x25);
}

std::vector<std::int64_t> Decoded::outputs() const {
  std::vector<std::int64_t> out{header, static_cast<std::int64_t>(status), moduleSum};
  out.insert(out.end(), sent.begin(), sent.end());
  out.insert(out.end(), charge.begin(), charge.end());
  return out;
}

Decoded decodeString(const LinkSettings& settings, std::span<const std::uint16_t> words) {
  Decoded out;
  Reader reader(words);
  switch (settings.algorithm) {
    case Algorithm::ThresholdSum:
      decodeThresholdSum(settings, reader, out);
      break;
    case Algorithm::SuperTriggerCell:
      decodeSuperCells(settings, reader, out);
      break;
    case Algorithm::BestChoice:
      decodeBestChoice(settings, reader, out);
      break;
    case Algorithm::Repeater:
      decodeRepeater(settings, reader, out);
      break;
    case Algorithm::Autoencoder:
      break;
  }
  if (out.status >= StringStatus::BadType) {
    out.moduleSum = 0;
    std::ranges::fill(out.sent, 0);
    std::ranges::fill(out.charge, 0);
  }
  return out;
}

}  // namespace aegen::test_common
