// The back-end board's decoder as IR: link words to charges.

#include <algorithm>
#include <array>

#include "aegen/core/function_builder.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/link_decoders.hpp"
#include "aegen/encoders/lowering.hpp"
#include "bit_vector.hpp"
#include "econ_t_path.hpp"
#include "link_string.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::FixedFormat;
using core::FunctionBuilder;
using core::ValueId;

constexpr int kLinkEtx = 5;  // links the longest autoencoder string takes
constexpr int kPatternBits = kLatents * kLatentBits;

void addUnpackLink(core::Program& program, const LinkLayout& link) {
  FunctionBuilder b(
      program, "unpack_link",
      "eTX words to header, module sum code and latents; bits that are not sent are 0");
  const auto tx = b.input("tx", {false, 32, 0}, kEtx);
  const std::size_t words = static_cast<std::size_t>(std::min(link.activeEtx, kLinkEtx));
  const auto bitAt = [&](int fromEnd) {
    const auto word = words - 1 - static_cast<std::size_t>(fromEnd) / 32;
    return b.slice(tx[word], fromEnd % 32, 1);
  };
  const std::vector<int> positions = linkPositions(link);
  const ValueId zero = b.constant(0);
  std::vector<ValueId> latents;
  for (int latent = 0; latent < kLatents; ++latent) {
    std::vector<ValueId> bits;
    for (int bit = kLatentBits - 1; bit >= 0; --bit) {
      const int position = positions[static_cast<std::size_t>(latent * kLatentBits + bit)];
      bits.push_back(position < 0 ? zero : bitAt(position));
    }
    latents.push_back(b.reinterpret(b.concat(bits), kLatentFormat));
  }
  b.output("header", {false, 5, 0}, b.slice(tx[0], 27, 5));
  b.output("sum_code", {false, kSumCode.width(), 0}, b.slice(tx[0], 18, kSumCode.width()));
  b.output("latent", kLatentFormat, latents);
  program.functions.push_back(std::move(b).finish());
}

void addDecodeSum(core::Program& program) {
  FunctionBuilder b(program, "decode_module_sum",
                    "5E4M code to the middle of its step, and the power of two below it");
  const ValueId code = b.input("sum_code", {false, kSumCode.width(), 0})[0];
  const ValueId most = b.constant((std::int64_t{1} << kSumBits) - 1);
  const ValueId sum = b.name(b.min(decodeFloat(b, code, kSumCode), most), "sum");
  b.output("module_sum", {false, kSumBits, 0}, sum);
  b.output("shift", {false, 6, 0}, b.min(b.leadingOne(sum), b.constant(kCharge - 1)));
  program.functions.push_back(std::move(b).finish());
}

void addScale(core::Program& program, const core::Signal& pattern) {
  FunctionBuilder b(program, "scale_charge",
                    "normalised charge times the power of two below the module sum, floored");
  const ValueId value = b.input("value", pattern.format)[0];
  const ValueId shift = b.input("shift", {false, 6, 0})[0];
  const ValueId limited = b.reinterpret(b.min(shift, b.constant(kCharge - 1)), {false, 6, 0});
  const ValueId scaled = b.shiftLeftBy(value, limited);
  // Down to whole charges: the fraction goes; what lies past the charge's format saturates.
  b.output("charge", kBoardCharge,
           b.requantize(scaled, kBoardCharge, core::Rounding::Floor, core::Overflow::Saturate));
  program.functions.push_back(std::move(b).finish());
}

// The network, lowered and checked to be one the board can use.
core::Result<Lowering> lowerNetwork(const Graph& decoder, const std::string& owner,
                                    bool mayBeLoaded) {
  // No layer's name can meet those of the functions below, whatever its node is called.
  auto lowered = lower(decoder, "decoder_layer_");
  if (!lowered) return lowered.error();
  const bool fits = lowered->inputs.size() == 1 && lowered->inputs[0].count == kLatents &&
                    lowered->inputs[0].format == kLatentFormat &&
                    (mayBeLoaded || lowered->fields.empty()) &&
                    lowered->output.count == kTriggerCells;
  if (!fits) {
    return core::badInput("model.decoder-shape",
                          "the decoder must take 16 latents u9.8 and give 48 charges", owner);
  }
  constexpr int kMostScaled = core::kMaxWidth - (kCharge - 1);
  if (lowered->output.format.width > kMostScaled) {
    return core::badInput("graph.width",
                          "the decoder's output " + lowered->output.format.text() +
                              " is too wide to be scaled by the module sum",
                          "node '" + lowered->output.name + "'",
                          {"at most " + std::to_string(kMostScaled) + " bits"});
  }
  addWhole(*lowered, "decoder_network", "latents to normalised charges");
  return lowered;
}

// unpack_string: a string of `active_etx` links under `ae_mask`.
void addUnpackString(core::Program& program) {
  FunctionBuilder b(program, "unpack_string",
                    "header, module sum code, latents (bits that are not sent are 0) and what is "
                    "wrong with the string");
  const LinkString string(
      b, b.input("tx", {false, 32, 0}, static_cast<std::uint32_t>(decoderWords({}))));
  const ValueId activeEtx = b.input("active_etx", {false, 4, 0}, 1, core::Role::Config)[0];
  const auto maskWords = b.input("ae_mask", {false, 16, 0}, kMaskWords, core::Role::Config);
  const ValueId none = b.constant(0);
  // Counted from its end, the string of any number of links is the same: latent bits, and in front
  // of them sum and header. What the mask leaves short is filled up with zeros in front.
  constexpr int kHead = kHeaderBits + 9;
  static_assert(kHead == kHeaderBits + kSumCode.exponent + kSumCode.mantissa);
  const auto byLinks = [&](auto&& of) {
    std::vector<ValueId> options{of(1)};
    for (int links = 1; links <= kLinkEtx; ++links) options.push_back(of(links));
    const ValueId links = b.min(activeEtx, b.constant(kLinkEtx));
    const FixedFormat format = b.format(options[0]);
    return b.reinterpret(b.pick(links, options), format);
  };
  std::vector<ValueId> limbs;
  for (int low = 0; low < kPatternBits; low += BitVector::kLimb) {
    limbs.push_back(byLinks([&](int links) {
      const int first = std::max(kHead, 32 * links - low - BitVector::kLimb);
      const int width = std::max(0, 32 * links - low - first);
      const FixedFormat whole{false, BitVector::kLimb, 0};
      return b.reinterpret(width == 0 ? none : string.at(first, width), whole);
    }));
  }
  const BitVector sent = BitVector::of(limbs);
  const BitVector mask = BitVector::join(b, maskWords);
  const BitVector latentBits = expand(b, sent, mask);
  std::vector<ValueId> latents;
  for (int latent = 0; latent < kLatents; ++latent) {
    latents.push_back(
        b.reinterpret(latentBits.slice(b, latent * kLatentBits, kLatentBits), kLatentFormat));
  }
  const BitVector filling =
      sent.operation(b, compress(b, mask, mask).inverted(b), &FunctionBuilder::bitAnd);
  std::vector<ValueId> wrong;
  for (const ValueId limb : filling.limbs()) wrong.push_back(b.less(none, limb));
  wrong.push_back(byLinks([&](int links) {  // bits of the string before those of all latents
    return b.bitOr(none, string.anySet(kHead, 32 * links - kPatternBits));
  }));
  wrong.push_back(byLinks([&](int links) { return string.anyFrom(32 * links); }));
  const ValueId sumCode = string.at(kHeaderBits, kSumCode.width());
  StatusChecks checks(b);
  checks.add(StringStatus::NothingSent, b.equal(activeEtx, none));
  checks.add(StringStatus::BadPadding, b.orAll(wrong));
  constexpr std::int64_t kMostSum = kTriggerCells * ((std::int64_t{1} << kCharge) - 1);
  checks.add(StringStatus::ImpossibleSum, isAbove(b, sumCode, kSumCode, kMostSum));
  b.output("header", {false, kHeaderBits, 0}, string.at(0, kHeaderBits));
  b.output("sum_code", {false, kSumCode.width(), 0}, sumCode);
  b.output("status", kStatus, checks.status(none));
  b.output("latent", kLatentFormat, latents);
  program.functions.push_back(std::move(b).finish());
}

// `latents` and the module sum to charges.
std::vector<ValueId> scaledCharges(FunctionBuilder& b, std::span<const ValueId> network,
                                   ValueId shift) {
  const auto pattern = b.call("decoder_network", network);
  std::vector<ValueId> charges;
  for (const ValueId value : pattern) {
    charges.push_back(b.call("scale_charge", std::array{value, shift})[0]);
  }
  return charges;
}

}  // namespace

int sentLatentBits(int activeEtx) {
  return std::min(18 + 32 * (std::clamp(activeEtx, 1, kLinkEtx) - 1), 146);
}

std::vector<int> linkPositions(const LinkLayout& link) {
  const int sent = sentLatentBits(link.activeEtx);
  std::vector<int> positions(kPatternBits, -1);
  int next = 0;
  for (std::size_t bit = 0; bit < positions.size(); ++bit) {
    if (!link.keep[positions.size() - 1 - bit]) continue;
    if (next < sent) positions[bit] = next;
    ++next;
  }
  return positions;
}

core::Result<core::Program> boardDecoder(const Codec& codec) {
  if (codec.link.keep.size() != kPatternBits || codec.link.activeEtx < 1 ||
      codec.link.activeEtx > kEtx) {
    return core::badInput("model.link", "the link layout needs 144 mask bits and 1..13 eTX",
                          codec.name);
  }
  auto lowered = lowerNetwork(codec.decoder, codec.name, false);
  if (!lowered) return lowered.error();
  core::Program program = std::move(lowered->program);
  addUnpackLink(program, codec.link);
  addDecodeSum(program);
  addScale(program, lowered->output);
  FunctionBuilder b(program, "decode", "eTX words to 48 charges: the back-end board's decoder");
  const auto tx = b.input("tx", {false, 32, 0}, kEtx);
  const auto link = b.call("unpack_link", tx);
  const auto sum = b.call("decode_module_sum", std::array{link[1]});
  const std::span latents = std::span(link).subspan(2);
  const std::vector<ValueId> charges = scaledCharges(b, latents, sum[1]);
  b.output("header", {false, 5, 0}, link[0]);
  b.output("module_sum", {false, kSumBits, 0}, sum[0]);
  b.output("latent", kLatentFormat, latents);
  b.output("charge", kBoardCharge, charges);
  program.functions.push_back(std::move(b).finish());
  return program;
}

core::Result<LinkDecoder> autoencoderLinkDecoder(const Graph& decoder) {
  auto lowered = lowerNetwork(decoder, decoder.name, true);
  if (!lowered) return lowered.error();
  for (const core::ConfigField& field : lowered->fields) {
    if (field.name != "tx" && field.name != "active_etx" && field.name != "ae_mask") continue;
    return core::badInput("model.name", "'" + field.name + "' is a name of the board's own",
                          "weight '" + field.name + "' of the decoder", {"choose another name"});
  }
  LinkDecoder out{Algorithm::Autoencoder,
                  {},
                  std::move(lowered->program),
                  "decode_" + std::string(text(Algorithm::Autoencoder))};
  addUnpackString(out.program);
  addDecodeSum(out.program);
  addScale(out.program, lowered->output);
  FunctionBuilder b(out.program, out.function, "eTX words to 48 charges, settings as inputs");
  std::vector<ValueId> link =
      b.input("tx", {false, 32, 0}, static_cast<std::uint32_t>(decoderWords(out.shape)));
  const auto config = [&](const std::string& name, const FixedFormat& format, std::uint32_t count) {
    return b.input(name, format, count, core::Role::Config);
  };
  for (const auto& port :
       {config("active_etx", {false, 4, 0}, 1), config("ae_mask", {false, 16, 0}, kMaskWords)}) {
    link.insert(link.end(), port.begin(), port.end());
  }
  std::vector<ValueId> weights;
  for (const core::ConfigField& field : lowered->fields) {
    const auto port = config(field.name, field.format, field.count);
    weights.insert(weights.end(), port.begin(), port.end());
  }
  const auto unpacked = b.call("unpack_string", link);
  const auto sum = b.call("decode_module_sum", std::array{unpacked[1]});
  std::vector<ValueId> network(unpacked.begin() + 3, unpacked.end());
  const std::vector<ValueId> latents = network;
  network.insert(network.end(), weights.begin(), weights.end());
  const std::vector<ValueId> charges = scaledCharges(b, network, sum[1]);
  const ValueId good = b.equal(unpacked[2], b.constant(0));
  const std::vector<ValueId> sent(kTriggerCells, b.constant(1));
  b.output("header", {false, kHeaderBits, 0}, unpacked[0]);
  outputDecoded(b, good, unpacked[2], sum[0], sent, charges);
  b.output("latent", kLatentFormat, latents);
  out.program.functions.push_back(std::move(b).finish());
  return out;
}

}  // namespace aegen::encoders::econ_t
