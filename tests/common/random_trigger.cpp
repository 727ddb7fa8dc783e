#include "random_trigger.hpp"

#include <algorithm>
#include <numeric>

namespace aegen::test {

using encoders::FloatCode;
using encoders::econ_t::Algorithm;
using encoders::econ_t::AutoencoderWeights;
using encoders::econ_t::ChipSettings;
using encoders::econ_t::PathShape;
using encoders::econ_t::StcType;

namespace {

constexpr int kMostStringBits = 63 * 16;  // a crossing's words are counted in six bits
constexpr int kLinkBits = 32;

// Whether the longest strings are short enough, and one cell fits one link.
bool fits(const PathShape& shape) {
  constexpr int kAddress = 7;  // of 124 channels
  const int cell = shape.charge.width();
  const int head = 8 + shape.sum.width();
  const int map = head + shape.channels * (1 + cell);
  const int list = head + shape.countBits + shape.mostListed() * (kAddress + cell);
  return std::max(map, list) <= kMostStringBits &&
         4 + shape.sum.width() + kAddress + cell <= kLinkBits;
}

}  // namespace

std::uint64_t RandomTrigger::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::int64_t RandomTrigger::between(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
}

std::vector<std::int64_t> RandomTrigger::list(std::size_t count, std::int64_t low,
                                              std::int64_t high) {
  std::vector<std::int64_t> out(count);
  for (std::int64_t& value : out) value = between(low, high);
  return out;
}

FloatCode RandomTrigger::code(int mostExponent, int mostMantissa) {
  return {static_cast<int>(between(1, mostExponent)), static_cast<int>(between(1, mostMantissa))};
}

PathShape RandomTrigger::shape(int mostChannels, int mostEtx) {
  PathShape out;
  do {
    out.channels = 4 * static_cast<int>(between(1, mostChannels / 4));
    out.etx = static_cast<int>(between(1, mostEtx));
    out.countBits = static_cast<int>(between(1, 4));
    out.charge = oneIn(2) ? FloatCode{4, 3} : code(6, 8);
    out.sum = oneIn(2) ? FloatCode{5, 3} : code(6, 8);
  } while (!fits(out));
  out.stc.clear();
  const std::int64_t kinds = between(1, 4);
  for (std::int64_t i = 0; i < kinds; ++i) {
    StcType type;
    do {
      type.cells = 1 << between(1, 6);
    } while (out.channels % type.cells != 0);
    type.address = oneIn(2);
    type.drops = oneIn(2);
    type.sum = oneIn(2) ? FloatCode{4, 3} : code(6, 8);
    out.stc.push_back(type);
  }
  if (oneIn(3)) out.bestChoiceMost = static_cast<int>(between(1, out.channels));
  const int least = wordsWritten(out);
  out.bufferWords = static_cast<int>(oneIn(3) ? least : between(least, 3 * least));
  return out;
}

ChipSettings RandomTrigger::settings(const PathShape& shape, Algorithm algorithm) {
  ChipSettings out = ChipSettings::neutral(shape);
  out.algorithm = algorithm;
  out.highDensity = oneIn(2);
  const int last = shape.channels - 1;
  if (oneIn(3)) {
    for (int& cell : out.mux) cell = static_cast<int>(between(0, last));
  } else {
    for (std::size_t c = out.mux.size(); c > 1; --c) {
      std::swap(out.mux[c - 1],
                out.mux[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(c) - 1))]);
    }
  }
  const std::int64_t gain = between(0, 3);
  for (int& factor : out.calibration) {
    factor = static_cast<int>(gain == 0   ? 2048
                              : gain == 1 ? 4095
                              : oneIn(10) ? 0
                                          : between(0, 4095));
  }
  const std::int64_t scale = between(0, 22);
  for (std::int64_t& least : out.threshold) {
    least = oneIn(20) ? (1 << encoders::econ_t::kChargeBits) - 1
                      : between(0, (std::int64_t{1} << scale) - 1);
  }
  out.dropLsb = static_cast<int>(oneIn(3) ? between(5, 15) : between(0, 4));
  out.stcType = static_cast<int>(between(0, static_cast<std::int64_t>(shape.stc.size()) - 1));
  out.useSum = oneIn(2);
  // With more links than they need super trigger cells send nothing: seldom.
  const bool few = algorithm == Algorithm::SuperTriggerCell && !oneIn(4);
  out.activeEtx = static_cast<int>(between(1, few ? std::min(shape.etx, 4) : shape.etx));
  if (oneIn(20)) out.activeEtx = 15;  // acts as all there are
  out.t1 = static_cast<int>(oneIn(3)   ? between(0, 2 * wordsWritten(shape))
                            : oneIn(4) ? between(0, 2 * out.activeEtx)
                                       : between(0, 511));
  out.t2 = static_cast<int>(oneIn(2) ? between(0, wordsWritten(shape)) : between(0, 511));
  out.t3 = static_cast<int>(oneIn(2) ? between(0, wordsWritten(shape)) : between(0, 511));
  out.syncWord = static_cast<int>(between(0, 2047));
  const std::int64_t density = between(0, 4);
  for (std::size_t i = 0; i < out.keep.size(); ++i) out.keep[i] = between(0, 3) < density;
  return out;
}

AutoencoderWeights RandomTrigger::weights() {
  const bool large = oneIn(4);  // latents that saturate
  return {list(72, -32, 31), list(8, -32, 31), list(2048, large ? 25 : -32, 31), list(16, -32, 31)};
}

// A crossing's trigger-cell codes.
std::vector<std::int64_t> RandomTrigger::codes(std::size_t count) {
  std::vector<std::int64_t> out;
  switch (between(0, 7)) {
    case 0:
      return list(count, 0, 0);
    case 1:
      return list(count, 127, 127);
    case 2:  // all alike
      return std::vector<std::int64_t>(count, between(0, 127));
    case 3: {  // two kinds
      const auto kinds = list(2, 0, 127);
      for (std::size_t i = 0; i < count; ++i) out.push_back(kinds[oneIn(2) ? 0 : 1]);
      return out;
    }
    case 4: {  // neighbours that are nearly alike
      const std::int64_t low = between(0, 124);
      return list(count, low, low + 3);
    }
    case 5:  // a few among zeros
      for (std::size_t i = 0; i < count; ++i) out.push_back(oneIn(8) ? between(1, 127) : 0);
      return out;
    case 6:
      return list(count, 0, 40);
    default:
      return list(count, 0, 127);
  }
}

core::Columns RandomTrigger::words(const PathShape& shape, std::size_t crossings) {
  const auto ports = static_cast<std::size_t>(shape.channels / 4);
  core::Columns out(ports, crossings);
  for (std::size_t k = 0; k < crossings; ++k) {
    const std::vector<std::int64_t> code = codes(4 * ports);
    for (std::size_t w = 0; w < ports; ++w) {
      // Only the first word's header counts.
      std::int64_t word = w == 0 ? (oneIn(25) ? 9 : 10) : between(0, 15);
      if (w == 0 && oneIn(40)) word = between(0, 15);
      for (std::size_t j = 4; j-- > 0;) word = word << 7 | code[4 * w + j];
      out.at(w, k) = word;
    }
  }
  return out;
}

}  // namespace aegen::test
