#include "trigger_oracle.hpp"

#include <algorithm>
#include <numeric>

namespace aegen::encoders::econ_t::test {
namespace {

constexpr int kOrbit = 3564;
constexpr int kWord = 16;

int bitLength(std::int64_t value) {
  int n = 0;
  for (; value > 0; value /= 2) ++n;
  return n;
}

std::int64_t power(int exponent) {
  return std::int64_t{1} << exponent;
}

// Smallest n with 2^n >= value.
int logUp(int value) {
  int n = 0;
  while (power(n) < value) ++n;
  return n;
}

void put(Bits& out, std::int64_t value, int width) {
  for (int bit = width - 1; bit >= 0; --bit) out.push_back(value / power(bit) % 2 == 1);
}

std::int64_t wordAt(const Bits& bits, std::size_t word) {
  std::int64_t out = 0;
  for (std::size_t i = kWord * word; i < kWord * (word + 1); ++i) {
    out = 2 * out + (i < bits.size() && bits[i] ? 1 : 0);
  }
  return out;
}

std::int64_t total(const Charges& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

// Rounded towards minus infinity.
std::int64_t floorDivide(std::int64_t value, std::int64_t by) {
  const std::int64_t quotient = value / by;
  return value % by != 0 && value < 0 ? quotient - 1 : quotient;
}

std::int64_t relu(std::int64_t value) {
  return std::max<std::int64_t>(value, 0);
}

// The last 18 + 32 (eTX - 1), at most 146, of the latent bits that the mask keeps.
Bits sentBits(const Charges& latents, const Bits& keep, int etx) {
  Bits all;
  for (int latent = kLatents - 1; latent >= 0; --latent) {
    put(all, latents[static_cast<std::size_t>(latent)], kLatentBits);
  }
  Bits kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (keep[i]) kept.push_back(all[i]);
  }
  const auto sent = static_cast<std::size_t>(std::min(18 + 32 * (etx - 1), 146));
  Bits out;
  while (out.size() + kept.size() < sent) out.push_back(false);
  const std::size_t from = kept.size() > sent ? kept.size() - sent : 0;
  for (std::size_t i = from; i < kept.size(); ++i) out.push_back(kept[i]);
  return out;
}

}  // namespace

std::int64_t floatCode(std::int64_t value, const FloatCode& code) {
  const int n = bitLength(value);
  if (n <= code.mantissa) return value;
  const int exponent = n - code.mantissa;
  if (exponent >= power(code.exponent)) return power(code.exponent + code.mantissa) - 1;
  const std::int64_t behindLeading = value - power(n - 1);
  const std::int64_t mantissa = behindLeading / power(n - 1 - code.mantissa);
  return exponent * power(code.mantissa) + mantissa;
}

std::int64_t chargeOfCode(int code, bool highDensity) {
  const int exponent = code / 8;
  const int mantissa = code % 8;
  const int drop = highDensity ? 3 : 1;
  const std::int64_t value =
      (exponent == 0 ? mantissa : (mantissa + 8) * power(exponent - 1)) * power(drop);
  const int step = std::max(exponent - 1, 0) + drop;
  return value + power(step - 1);
}

std::vector<std::pair<int, int>> algorithmM(int entries) {
  std::vector<std::pair<int, int>> out;
  const int t = logUp(entries);
  if (t == 0) return out;
  for (int p = 1 << (t - 1); p > 0; p /= 2) {
    int q = 1 << (t - 1);
    int r = 0;
    int d = p;
    while (true) {
      for (int i = 0; i < entries - d; ++i) {
        if ((i & p) == r) out.emplace_back(i, i + d);
      }
      if (q == p) break;
      d = q - p;
      q /= 2;
      r = p;
    }
  }
  return out;
}

std::vector<int> bestChoiceOrder(Charges values) {
  std::vector<int> channel(values.size());
  std::iota(channel.begin(), channel.end(), 0);
  for (const auto& [left, right] : algorithmM(static_cast<int>(values.size()))) {
    const auto l = static_cast<std::size_t>(left);
    const auto r = static_cast<std::size_t>(right);
    if (values[l] >= values[r]) continue;
    std::swap(values[l], values[r]);
    std::swap(channel[l], channel[r]);
  }
  return channel;
}

Charges latentsOf(const AutoencoderWeights& weights, const Charges& calq) {
  const std::int64_t sum = total(calq);
  const int shift = sum == 0 ? 0 : std::min(bitLength(sum) - 1, 21);
  std::int64_t grid[9][9] = {};  // one row and one column of padding
  for (int c = 0; c < kTriggerCells; ++c) {
    const int row = c < 32 ? c / 8 : 4 + (c - 32) / 4;
    const int column = c < 32 ? c % 8 : (c - 32) % 4;
    grid[row][column] = calq[static_cast<std::size_t>(c)] * 128 / power(shift);
  }
  Charges features;
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) {
      for (std::size_t filter = 0; filter < 8; ++filter) {
        std::int64_t acc = weights.convBias[filter] * 4;  // 5 to 7 fractional bits
        for (int y = 0; y < 3; ++y) {
          for (int x = 0; x < 3; ++x) {
            const auto at = static_cast<std::size_t>((3 * y + x) * 8) + filter;
            acc += floorDivide(grid[2 * row + y][2 * column + x] * weights.convKernel[at], 32);
          }
        }
        features.push_back(relu(acc));
      }
    }
  }
  Charges latents;
  for (std::size_t out = 0; out < kLatents; ++out) {
    std::int64_t acc = weights.denseBias[out] * 8;  // 5 to 8 fractional bits
    for (std::size_t in = 0; in < features.size(); ++in) {
      acc += floorDivide(features[in] * weights.denseKernel[out * features.size() + in], 16);
    }
    latents.push_back(std::min<std::int64_t>(relu(acc), 511));
  }
  return latents;
}

void TriggerOracle::reset() {
  slots_.assign(static_cast<std::size_t>(shape_.bufferWords), 0);
  waiting_ = 0;
  bx_ = 0;
  first_ = true;
}

int TriggerOracle::etx() const {
  return std::min(settings_.activeEtx, shape_.etx);
}

std::int64_t TriggerOracle::dropped(std::int64_t value) const {
  return settings_.dropLsb > 4 ? value : value / power(settings_.dropLsb);
}

int TriggerOracle::stringWords(const Bits& bits) const {
  return (static_cast<int>(bits.size()) + kWord - 1) / kWord;
}

// Words a crossing writes: whatever the links take and the longest string there can be.
int TriggerOracle::mostWords() const {
  const int n = shape_.channels;
  const int address = std::max(1, logUp(n));
  const int head = 5 + 3 + shape_.sum.width();  // threshold sum's is the longer one
  const int listed = std::min(n, (1 << shape_.countBits) - 1);
  const int cell = shape_.charge.width();
  int bits = head;
  bits = std::max(bits, head + shape_.countBits + listed * (address + cell));
  if (n > listed) bits = std::max(bits, head + n + n * cell);
  bits = std::max(bits, 5 + n * cell);
  return std::max(2 * shape_.etx, (bits + kWord - 1) / kWord);
}

Charges TriggerOracle::charges(const std::vector<std::uint32_t>& rx) const {
  Charges out;
  for (std::size_t c = 0; c < static_cast<std::size_t>(shape_.channels); ++c) {
    const int cell = settings_.mux[c];
    const std::uint32_t word = rx[static_cast<std::size_t>(cell / 4)];
    const auto code = static_cast<int>(word >> (7 * (cell % 4)) & 0x7fU);
    const std::int64_t value = chargeOfCode(code, settings_.highDensity);
    out.push_back(value * settings_.calibration[c] / 2048);
  }
  return out;
}

// 31 in the orbit's first crossing, else its number's low four bits; short: without its second bit.
void TriggerOracle::putHeader(Bits& out, int width) const {
  const int header = bx_ == 0 ? 31 : bx_ % 16;
  out.push_back(header >= 16);
  if (width == 5) out.push_back(header / 8 % 2 == 1);
  put(out, header % 8, 3);
}

// Addresses or map of `cells` (ascending), then the codes of their values.
void TriggerOracle::putCells(Bits& out, const std::vector<int>& cells,
                             const Charges& values) const {
  if (static_cast<int>(cells.size()) < 1 << shape_.countBits) {
    for (const int cell : cells) put(out, cell, std::max(1, logUp(shape_.channels)));
  } else {
    for (int c = 0; c < shape_.channels; ++c) out.push_back(std::ranges::count(cells, c) == 1);
  }
  for (const int cell : cells) {
    put(out, floatCode(values[static_cast<std::size_t>(cell)], shape_.charge),
        shape_.charge.width());
  }
}

TriggerOracle::Crossing TriggerOracle::thresholdSum(const Charges& calq) const {
  std::vector<int> cells;
  std::int64_t notSent = 0;
  Charges values;
  for (std::size_t c = 0; c < calq.size(); ++c) {
    values.push_back(dropped(calq[c]));
    if (calq[c] >= settings_.threshold[c]) {
      cells.push_back(static_cast<int>(c));
    } else {
      notSent += calq[c];
    }
  }
  const auto count = static_cast<int>(cells.size());
  const bool listed = count < 1 << shape_.countBits;
  Crossing out;
  putHeader(out.string, 5);
  put(out.string, count == 0 ? 0b000 : listed ? 0b010 : 0b100, 3);
  put(out.string, floatCode(settings_.useSum ? total(calq) : notSent, shape_.sum),
      shape_.sum.width());
  if (count > 0 && listed) put(out.string, count, shape_.countBits);
  if (count > 0) putCells(out.string, cells, values);
  out.words = stringWords(out.string);
  Bits truncated;
  putHeader(truncated, 5);
  put(truncated, 0b110, 3);
  put(truncated, floatCode(total(calq), shape_.sum), shape_.sum.width());
  out.truncated = wordAt(truncated, 0);
  Bits fill;
  putHeader(fill, 5);
  put(fill, settings_.syncWord, 11);
  out.fill = wordAt(fill, 0);
  return out;
}

TriggerOracle::Crossing TriggerOracle::superTriggerCells(const Charges& calq) const {
  const StcType& type = shape_.stc[static_cast<std::size_t>(settings_.stcType)];
  const int addressBits = type.address ? logUp(type.cells) : 0;
  const int all = shape_.channels / type.cells;
  const auto bitsOf = [&](int groups) { return 4 + groups * (addressBits + type.sum.width()); };
  // As many groups as fit; where one eTX fewer already takes them all, the chip sends nothing.
  int groups = all;
  while (groups > 0 && bitsOf(groups) > 32 * etx()) --groups;
  if (bitsOf(all) <= 32 * (etx() - 1)) groups = 0;
  Crossing out;
  if (groups == 0) {
    out.words = 2;
    return out;
  }
  putHeader(out.string, 4);
  std::vector<std::int64_t> sums;
  for (int group = 0; group < groups; ++group) {
    const auto from = static_cast<std::size_t>(group * type.cells);
    int largest = 0;
    std::int64_t sum = 0;
    for (int i = 0; i < type.cells; ++i) {
      const std::int64_t charge = calq[from + static_cast<std::size_t>(i)];
      sum += charge;
      if (charge >= calq[from + static_cast<std::size_t>(largest)]) largest = i;
    }
    put(out.string, largest, addressBits);
    sums.push_back(type.drops ? dropped(sum) : sum);
  }
  for (const std::int64_t sum : sums) put(out.string, floatCode(sum, type.sum), type.sum.width());
  while (out.string.size() % 32 != 0) out.string.push_back(false);
  out.words = stringWords(out.string);
  return out;
}

TriggerOracle::Crossing TriggerOracle::bestChoice(const Charges& calq) const {
  // What the charge's code can say: bit length 2^e - 1 + m at most.
  const int longest = static_cast<int>(power(shape_.charge.exponent)) - 1 + shape_.charge.mantissa;
  const std::int64_t most = longest > 40 ? power(40) : power(longest) - 1;
  Charges values;
  for (const std::int64_t charge : calq) values.push_back(std::min(dropped(charge), most));
  const auto bitsOf = [&](int cells) {
    const int where = cells < 1 << shape_.countBits ? cells * std::max(1, logUp(shape_.channels))
                                                    : shape_.channels;
    return 4 + shape_.sum.width() + where + cells * shape_.charge.width();
  };
  int cells = shape_.bestChoiceMost > 0 ? shape_.bestChoiceMost : shape_.channels;
  while (cells > 0 && bitsOf(cells) > 32 * etx()) --cells;
  std::vector<int> sent = bestChoiceOrder(values);
  sent.resize(static_cast<std::size_t>(cells));
  std::ranges::sort(sent);
  std::int64_t sum = total(values);
  if (!settings_.useSum) {
    for (const int c : sent) sum -= values[static_cast<std::size_t>(c)];
  }
  Crossing out;
  putHeader(out.string, 4);
  put(out.string, floatCode(sum, shape_.sum), shape_.sum.width());
  putCells(out.string, sent, values);
  // 2 eTX words, 25 with the ECON-T's 13 eTX: in every case the length of the string.
  out.words = stringWords(out.string);
  return out;
}

TriggerOracle::Crossing TriggerOracle::repeater(const Charges& calq) const {
  Crossing out;
  putHeader(out.string, 5);
  for (const std::int64_t charge : calq) {
    put(out.string, floatCode(dropped(charge), shape_.charge), shape_.charge.width());
  }
  out.words = 2 * etx();
  return out;
}

TriggerOracle::Crossing TriggerOracle::autoencoder(const Charges& calq) const {
  Crossing out;
  putHeader(out.string, 5);
  put(out.string, floatCode(total(calq), {5, 4}), 9);
  for (const bool bit : sentBits(latentsOf(weights_, calq), settings_.keep, etx())) {
    out.string.push_back(bit);
  }
  out.words = stringWords(out.string);
  return out;
}

TriggerOracle::Crossing TriggerOracle::encode(const Charges& calq) const {
  switch (settings_.algorithm) {
    case Algorithm::ThresholdSum:
      return thresholdSum(calq);
    case Algorithm::SuperTriggerCell:
      return superTriggerCells(calq);
    case Algorithm::BestChoice:
      return bestChoice(calq);
    case Algorithm::Repeater:
      return repeater(calq);
    case Algorithm::Autoencoder:
      return autoencoder(calq);
  }
  return {};
}

void TriggerOracle::write(std::int64_t position, std::int64_t word) {
  if (position >= shape_.bufferWords) return;
  slots_[static_cast<std::size_t>(position)] = static_cast<std::uint32_t>(word);
}

void TriggerOracle::store(const Crossing& crossing) {
  stored_ = waiting_ + crossing.words > settings_.t1                    ? Stored::TruncatedFull
            : waiting_ > settings_.t2 && crossing.words <= settings_.t3 ? Stored::TruncatedLate
                                                                        : Stored::Whole;
  if (stored_ != Stored::Whole) {
    const std::int64_t bit8 = crossing.truncated / 256 % 2;
    const std::int64_t wanted = stored_ == Stored::TruncatedLate ? 1 : 0;
    write(waiting_, crossing.truncated + (wanted - bit8) * 256);
    write(waiting_ + 1, crossing.fill);
    waiting_ += 1;
    return;
  }
  for (int i = 0; i < mostWords(); ++i) {
    const bool own = i < crossing.words;
    write(waiting_ + i, own ? wordAt(crossing.string, static_cast<std::size_t>(i)) : crossing.fill);
  }
  waiting_ += crossing.words;
}

std::vector<std::uint32_t> TriggerOracle::leave() {
  std::vector<std::uint32_t> out(static_cast<std::size_t>(shape_.etx), 0);
  const auto next = [&] {
    const std::uint32_t word = slots_.front();
    slots_.erase(slots_.begin());
    slots_.push_back(0);
    waiting_ = std::max<std::int64_t>(waiting_ - 1, 0);
    return word;
  };
  for (int link = 0; link < etx(); ++link) {
    const std::uint32_t upper = next();
    out[static_cast<std::size_t>(link)] = upper * 65536U + next();
  }
  return out;
}

std::vector<std::uint32_t> TriggerOracle::step(const std::vector<std::uint32_t>& rx) {
  const bool orbit = rx[0] >> 28 == 9;
  bx_ = orbit || first_ ? 0 : (bx_ + 1) % kOrbit;
  first_ = false;
  store(encode(charges(rx)));
  return leave();
}

}  // namespace aegen::encoders::econ_t::test
