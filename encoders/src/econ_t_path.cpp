#include "econ_t_path.hpp"

#include <algorithm>
#include <array>

#include "aegen/core/function_builder.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "path_formats.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::FunctionBuilder;
using core::Role;
using core::ValueId;

// The bits of a latent as they are sent: its two's complement.
ValueId patternOf(FunctionBuilder& b, ValueId latent) {
  const core::FixedFormat format = b.format(latent);
  return format.isSigned ? b.slice(latent, 0, format.width) : latent;
}

void addCalibrateChannel(core::Program& program) {
  FunctionBuilder b(
      program, "calibrate_channel",
      "4E3M code to charge with half a step added, times calibration / 2048, floored");
  const ValueId code = b.input("code", bits(7))[0];
  const ValueId highDensity = b.input("high_density", bits(1), 1, Role::Config)[0];
  const ValueId calibration = b.input("calibration", bits(kCalibration), 1, Role::Config)[0];
  const ValueId mantissa = b.slice(code, 0, 3);
  const ValueId exponent = b.name(b.slice(code, 3, 4), "exponent");
  const ValueId one = b.constant(1);
  const ValueId hidden = b.lessEqual(one, exponent);
  // 2 * mantissa + 1, mantissa with its hidden bit: the half step is the bit below the value.
  const ValueId significand = b.name(b.concat(std::array{hidden, mantissa, one}), "significand");
  const ValueId shift = b.sub(b.max(exponent, one), one);
  const ValueId extra = b.select(highDensity, b.constant(2), b.constant(0));
  const ValueId total = b.add(shift, extra);
  const ValueId charge =
      b.name(b.shiftLeftBy(significand, b.reinterpret(total, bits(6))), "charge");
  const ValueId calibrated = b.shiftRight(b.mul(charge, calibration), 11);
  b.output("calq", bits(kChargeBits), calibrated);
  program.functions.push_back(std::move(b).finish());
}

}  // namespace

void addUnpack(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, kUnpack,
                    "ePortRX words to seven-bit codes, four a word, and the header of word 0");
  const auto words =
      b.input("rx_words", bits(32), static_cast<std::uint32_t>(shape.channels / kPortCodes));
  std::vector<ValueId> codes;
  for (const ValueId word : words) {
    for (int j = 0; j < kPortCodes; ++j) {
      codes.push_back(b.slice(word, kPortCode.width() * j, kPortCode.width()));
    }
  }
  b.output("codes", bits(kPortCode.width()), codes);
  b.output("rx_header", bits(4), b.slice(words[0], 28, 4));
  program.functions.push_back(std::move(b).finish());
}

void addLinkHeader(core::Program& program) {
  FunctionBuilder b(program, kLinkHeader, "5-bit header: 31 at BX 0, else BX mod 16");
  const ValueId bx = b.input("bx", bits(12))[0];
  const ValueId zero = b.constant(0);
  const ValueId counted = b.concat(std::array{zero, b.slice(bx, 0, 4)});
  b.output("header", bits(kHeaderBits), b.select(b.equal(bx, zero), b.constant(31), counted));
  program.functions.push_back(std::move(b).finish());
}

void addChannelMux(core::Program& program, const PathShape& shape) {
  FunctionBuilder b(program, kChannelMux, "output channel c takes input trigger cell mux[c]");
  const auto n = static_cast<std::uint32_t>(shape.channels);
  const auto codes = b.input("codes", bits(kPortCode.width()), n);
  const auto mux = b.input("mux", bits(shape.addressBits()), n, Role::Config);
  std::vector<ValueId> out;
  for (const ValueId index : mux) out.push_back(b.pick(index, codes));
  b.output("channel_codes", bits(kPortCode.width()), out);
  program.functions.push_back(std::move(b).finish());
}

void addCalibrate(core::Program& program, const PathShape& shape) {
  addCalibrateChannel(program);
  FunctionBuilder b(program, kCalibrate, "codes to calibrated charges");
  const auto n = static_cast<std::uint32_t>(shape.channels);
  const auto codes = b.input("channel_codes", bits(kPortCode.width()), n);
  const ValueId highDensity = b.input("high_density", bits(1), 1, Role::Config)[0];
  const auto calibration = b.input("calibration", bits(kCalibration), n, Role::Config);
  std::vector<ValueId> charges;
  for (std::size_t c = 0; c < codes.size(); ++c) {
    charges.push_back(
        b.call("calibrate_channel", std::array{codes[c], highDensity, calibration[c]})[0]);
  }
  b.output("calq", bits(kChargeBits), charges);
  program.functions.push_back(std::move(b).finish());
}

void addCodeSum(core::Program& program) {
  FunctionBuilder b(program, kCodeSum, "module sum as " + kSumCode.text());
  const ValueId sum = b.input("module_sum", bits(kSumBits))[0];
  b.output("sum_code", bits(kSumCode.width()), encodeFloat(b, sum, kSumCode));
  program.functions.push_back(std::move(b).finish());
}

BitVector maskOf(FunctionBuilder& b, std::vector<ValueId> words, const PathShape& shape) {
  if (const int last = shape.patternBits() % kMaskWord; last != 0) {
    words.back() = b.slice(words.back(), 0, last);
  }
  return BitVector::join(b, words, BitVector::limbWidth(shape.patternBits()));
}

void addCloseUp(core::Program& program, const PathShape& shape, const core::FixedFormat& format) {
  FunctionBuilder b(program, kCloseUp,
                    "the latent bits that ae_mask keeps, in order, closed up at the low end");
  auto latent = b.input("latent", format, static_cast<std::uint32_t>(shape.latents));
  const auto mask = b.input("ae_mask", bits(kMaskWord),
                            static_cast<std::uint32_t>(maskWords(shape)), Role::Config);
  for (ValueId& value : latent) value = patternOf(b, value);
  const int limb = BitVector::limbWidth(shape.patternBits());
  const BitVector kept = compress(b, BitVector::join(b, latent, limb), maskOf(b, mask, shape));
  b.output("kept_bits", bits(limb), kept.limbs());
  program.functions.push_back(std::move(b).finish());
}

void addWiredCloseUp(core::Program& program, const PathShape& shape,
                     const core::FixedFormat& format, const std::vector<bool>& keep) {
  FunctionBuilder b(program, kCloseUp, "the latent bits that are sent, in order: wires");
  const auto latent = b.input("latent", format, static_cast<std::uint32_t>(shape.latents));
  const auto isKept = [&](std::size_t bit) { return keep[keep.size() - 1 - bit]; };
  const auto width = static_cast<std::size_t>(shape.latentBits);
  std::vector<ValueId> kept;  // runs of neighbouring bits, the least significant first
  for (std::size_t bit = 0; bit < keep.size(); ++bit) {
    if (!isKept(bit)) continue;
    const std::size_t low = bit % width;
    std::size_t run = 1;
    while (low + run < width && isKept(bit + run)) ++run;
    const ValueId value = latent[bit / width];
    kept.push_back(run == width ? patternOf(b, value)
                                : b.slice(value, static_cast<int>(low), static_cast<int>(run)));
    bit += run - 1;
  }
  if (kept.empty()) kept.push_back(b.constant(0));
  const int limb = BitVector::limbWidth(static_cast<int>(kept.size()));
  b.output("kept_bits", bits(limb), BitVector::join(b, kept, limb).limbs());
  program.functions.push_back(std::move(b).finish());
}

void addFormat(core::Program& program, const PathShape& shape, int keptBits) {
  FunctionBuilder b(program, kFormat,
                    "header, module sum and kept latent bits in words; the last 18 + 32 (eTX - 1) "
                    "of the latent bits, at most " +
                        std::to_string(sentLatentBits(shape.etx, shape)) + ", are sent");
  const ValueId header = b.input("header", bits(5))[0];
  const ValueId sumCode = b.input("sum_code", bits(kSumCode.width()))[0];
  const auto limbs = b.input("kept_bits", bits(BitVector::limbWidth(keptBits)),
                             static_cast<std::uint32_t>(BitVector::limbCount(keptBits)));
  const ValueId activeEtx = b.input("active_etx", bits(kEtxBits), 1, Role::Config)[0];
  const BitVector kept = BitVector::of(b, limbs);
  const int most = autoencoderMostEtx(shape);
  // The string is right-aligned: 32 bits an eTX, of which the first 14 are header and sum. Counted
  // from its end, word r holds kept bits 16r+15..16r, and two more stand in the first word.
  const ValueId links = b.name(b.min(b.max(activeEtx, b.constant(1)), b.constant(most)), "links");
  const auto fromEnd = [&](int r) { return kept.slice(b, 16 * r, 16); };
  std::vector<ValueId> words;
  std::vector<ValueId> heads;
  const ValueId zeroWord = b.reinterpret(b.constant(0), bits(16));
  for (int etx = 1; etx <= most; ++etx) {
    heads.push_back(b.concat(std::array{header, sumCode, kept.slice(b, 16 * (2 * etx - 1), 2)}));
  }
  const ValueId index = b.sub(links, b.constant(1));
  for (int j = 0; j < 2 * most; ++j) {
    std::vector<ValueId> choices;
    for (int etx = 1; etx <= most; ++etx) {
      const int r = 2 * etx - 1 - j;
      choices.push_back(r < 0 ? zeroWord
                              : (j == 0 ? heads[static_cast<std::size_t>(etx - 1)] : fromEnd(r)));
    }
    words.push_back(b.pick(index, choices));
  }
  words.resize(static_cast<std::size_t>(wordsWritten(shape)), zeroWord);  // fill words
  b.output("words", bits(16), words);
  b.output("count", bits(kCountBits), b.shiftLeft(links, 1));
  b.output("truncated_word", bits(16), zeroWord);
  b.output("fill_word", bits(16), zeroWord);
  program.functions.push_back(std::move(b).finish());
}

}  // namespace aegen::encoders::econ_t
