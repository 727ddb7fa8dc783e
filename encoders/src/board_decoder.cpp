// The back-end board's decoder as IR: link words to charges.

#include <algorithm>
#include <array>
#include <set>

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

constexpr int kLink = 32;
// Bits of a string before the latents.
constexpr int kHead = kHeaderBits + kSumCode.exponent + kSumCode.mantissa;

// The Config port of a given condition.
std::string conditionPort(const Condition& condition) {
  return "condition_" + condition.name;
}

// What the board has to know of the decoder's network, lowered.
struct Network {
  Lowering lowered;
  PathShape shape;
  FixedFormat latent;
  FixedFormat condition;  // of all conditions; without meaning when there are none
};

// A latent of the bits that are its two's complement.
ValueId latentOf(FunctionBuilder& b, ValueId pattern, const FixedFormat& latent) {
  if (!latent.isSigned) return b.reinterpret(pattern, latent);
  const ValueId raw = b.reinterpret(pattern, {false, latent.width, latent.fraction});
  return b.requantize(raw, latent, core::Rounding::Floor, core::Overflow::Wrap);
}

void addUnpackLink(core::Program& program, const LinkLayout& link, const Network& network) {
  const PathShape& shape = network.shape;
  FunctionBuilder b(
      program, "unpack_link",
      "eTX words to header, module sum code and latents; bits that are not sent are 0");
  const auto tx = b.input("tx", {false, kLink, 0}, static_cast<std::uint32_t>(shape.etx));
  const auto words = static_cast<std::size_t>(std::min(link.activeEtx, autoencoderMostEtx(shape)));
  const auto bitAt = [&](int fromEnd) {
    const auto word = words - 1 - static_cast<std::size_t>(fromEnd / kLink);
    return b.slice(tx[word], fromEnd % kLink, 1);
  };
  const std::vector<int> positions = linkPositions(link, shape);
  const ValueId zero = b.constant(0);
  std::vector<ValueId> latents;
  for (int latent = 0; latent < shape.latents; ++latent) {
    std::vector<ValueId> bits;
    for (int bit = shape.latentBits - 1; bit >= 0; --bit) {
      const int position = positions[static_cast<std::size_t>(latent * shape.latentBits + bit)];
      bits.push_back(position < 0 ? zero : bitAt(position));
    }
    latents.push_back(latentOf(b, b.concat(bits), network.latent));
  }
  b.output("header", {false, kHeaderBits, 0}, b.slice(tx[0], kLink - kHeaderBits, kHeaderBits));
  b.output("sum_code", {false, kSumCode.width(), 0},
           b.slice(tx[0], kLink - kHead, kSumCode.width()));
  b.output("latent", network.latent, latents);
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

core::Result<void> checkNetwork(const Network& network, bool mayBeLoaded,
                                const std::string& owner) {
  const Lowering& lowered = network.lowered;
  const bool fits = !lowered.inputs.empty() && (mayBeLoaded || lowered.fields.empty()) &&
                    lowered.output.count == kTriggerCells;
  if (!fits) {
    return core::badInput("model.decoder-shape",
                          "the decoder must take latents and give 48 charges", owner);
  }
  if (network.shape.latents > kMostLatents || network.shape.latentBits > kMostLatentBits ||
      network.shape.patternBits() > kMostPatternBits) {
    return core::badInput("model.decoder-shape",
                          "the decoder takes " + std::to_string(network.shape.latents) +
                              " latents of " + std::to_string(network.shape.latentBits) + " bits",
                          owner,
                          {"1.." + std::to_string(kMostLatents) + " latents of 1.." +
                           std::to_string(kMostLatentBits) + " bits, together at most " +
                           std::to_string(kMostPatternBits)});
  }
  constexpr int kMostScaled = core::kMaxWidth - (kCharge - 1);
  if (lowered.output.format.width > kMostScaled) {
    return core::badInput("graph.width",
                          "the decoder's output " + lowered.output.format.text() +
                              " is too wide to be scaled by the module sum",
                          "node '" + lowered.output.name + "'",
                          {"at most " + std::to_string(kMostScaled) + " bits"});
  }
  return {};
}

// The network, lowered and checked to be one the board can use.
core::Result<Network> lowerNetwork(const Graph& decoder, const std::vector<Condition>& conditions,
                                   const PathShape& shape, const std::string& owner,
                                   bool mayBeLoaded) {
  if (auto good = checkConditions(decoder, conditions); !good) return good.error();
  // No layer's name can meet those of the functions below, whatever its node is called.
  auto lowered = lower(decoder, "decoder_layer_");
  if (!lowered) return lowered.error();
  const Node& latents = decoder.nodes.front();
  Network out{std::move(*lowered), withLatents(shape, latents), latents.format, {}};
  if (const Node* const input = conditionsInput(decoder)) out.condition = input->format;
  if (auto good = checkNetwork(out, mayBeLoaded, owner); !good) return good.error();
  addWhole(out.lowered, "decoder_network", "latents to normalised charges");
  return out;
}

// unpack_string: a string of `active_etx` links under `ae_mask`.
void addUnpackString(core::Program& program, const Network& network) {
  const PathShape& shape = network.shape;
  FunctionBuilder b(program, "unpack_string",
                    "header, module sum code, latents (bits that are not sent are 0) and what is "
                    "wrong with the string");
  const LinkString string(
      b, b.input("tx", {false, kLink, 0}, static_cast<std::uint32_t>(decoderWords(shape))));
  const ValueId activeEtx = b.input("active_etx", {false, kEtxBits, 0}, 1, core::Role::Config)[0];
  const auto maskRegisters =
      b.input("ae_mask", {false, kMaskWord, 0}, static_cast<std::uint32_t>(maskWords(shape)),
              core::Role::Config);
  const ValueId none = b.constant(0);
  const int most = autoencoderMostEtx(shape);
  const int pattern = shape.patternBits();
  const int limb = BitVector::limbWidth(pattern);
  // Counted from its end, the string of any number of links is the same: latent bits, and in front
  // of them sum and header. What the mask leaves short is filled up with zeros in front.
  const auto byLinks = [&](auto&& of) {
    std::vector<ValueId> options{of(1)};
    for (int links = 1; links <= most; ++links) options.push_back(of(links));
    const ValueId links = b.min(activeEtx, b.constant(most));
    const FixedFormat format = b.format(options[0]);
    return b.reinterpret(b.pick(links, options), format);
  };
  std::vector<ValueId> limbs;
  for (int low = 0; low < pattern; low += limb) {
    limbs.push_back(byLinks([&](int links) {
      const int first = std::max(kHead, kLink * links - low - limb);
      const int width = std::max(0, kLink * links - low - first);
      const FixedFormat whole{false, limb, 0};
      return b.reinterpret(width == 0 ? none : string.at(first, width), whole);
    }));
  }
  const BitVector sent = BitVector::of(b, limbs);
  const BitVector mask = maskOf(b, maskRegisters, shape);
  const BitVector latentBits = expand(b, sent, mask);
  std::vector<ValueId> latents;
  for (int latent = 0; latent < shape.latents; ++latent) {
    const ValueId bits = latentBits.slice(b, latent * shape.latentBits, shape.latentBits);
    latents.push_back(latentOf(b, bits, network.latent));
  }
  const BitVector filling =
      sent.operation(b, compress(b, mask, mask).inverted(b), &FunctionBuilder::bitAnd);
  std::vector<ValueId> wrong;
  for (const ValueId value : filling.limbs()) wrong.push_back(b.less(none, value));
  wrong.push_back(byLinks([&](int links) {  // bits of the string before those of all limbs
    return b.bitOr(none, string.anySet(kHead, kLink * links - sent.bits()));
  }));
  wrong.push_back(byLinks([&](int links) { return string.anyFrom(kLink * links); }));
  const ValueId sumCode = string.at(kHeaderBits, kSumCode.width());
  StatusChecks checks(b);
  checks.add(StringStatus::NothingSent, b.equal(activeEtx, none));
  checks.add(StringStatus::BadPadding, b.orAll(wrong));
  constexpr std::int64_t kMostSum = kTriggerCells * ((std::int64_t{1} << kCharge) - 1);
  checks.add(StringStatus::ImpossibleSum, isAbove(b, sumCode, kSumCode, kMostSum));
  b.output("header", {false, kHeaderBits, 0}, string.at(0, kHeaderBits));
  b.output("sum_code", {false, kSumCode.width(), 0}, sumCode);
  b.output("status", kStatus, checks.status(none));
  b.output("latent", network.latent, latents);
  program.functions.push_back(std::move(b).finish());
}

// The module-sum code as sumCodeCondition() of conditions.hpp gives it.
ValueId sumCodeCondition(FunctionBuilder& b, ValueId code, const FixedFormat& format) {
  const ValueId read = b.reinterpret(code, {false, kSumCode.width(), kSumCode.width()});
  return b.requantize(read, format, core::Rounding::Floor, core::Overflow::Saturate);
}

// The decoder's conditions in order; `given` are the values of those of the module.
std::vector<ValueId> conditionValues(FunctionBuilder& b, const Network& network,
                                     const std::vector<Condition>& conditions, ValueId sumCode,
                                     const std::vector<ValueId>& given) {
  std::vector<ValueId> out;
  auto next = given.begin();
  for (const Condition& condition : conditions) {
    switch (condition.source) {
      case Condition::Source::SumCode:
        out.push_back(sumCodeCondition(b, sumCode, network.condition));
        break;
      case Condition::Source::Given:
        out.push_back(*next++);
        break;
    }
  }
  return out;
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

std::vector<int> linkPositions(const LinkLayout& link, const PathShape& shape) {
  const int sent = sentLatentBits(link.activeEtx, shape);
  std::vector<int> positions(static_cast<std::size_t>(shape.patternBits()), -1);
  int next = 0;
  for (std::size_t bit = 0; bit < positions.size(); ++bit) {
    if (!link.keep[positions.size() - 1 - bit]) continue;
    if (next < sent) positions[bit] = next;
    ++next;
  }
  return positions;
}

core::Result<core::Program> boardDecoder(const Codec& codec, PathShape shape) {
  auto network = lowerNetwork(codec.decoder, codec.conditions, shape, codec.name, false);
  if (!network) return network.error();
  shape = network->shape;
  if (codec.link.keep.size() != static_cast<std::size_t>(shape.patternBits()) ||
      codec.link.activeEtx < 1 || codec.link.activeEtx > shape.etx) {
    return core::badInput("model.link",
                          "the link layout needs " + std::to_string(shape.patternBits()) +
                              " mask bits and 1.." + std::to_string(shape.etx) + " eTX",
                          codec.name);
  }
  core::Program program = std::move(network->lowered.program);
  addUnpackLink(program, codec.link, *network);
  addDecodeSum(program);
  addScale(program, network->lowered.output);
  FunctionBuilder b(program, "decode", "eTX words to 48 charges: the back-end board's decoder");
  const auto tx = b.input("tx", {false, kLink, 0}, static_cast<std::uint32_t>(shape.etx));
  const auto link = b.call("unpack_link", tx);
  const auto sum = b.call("decode_module_sum", std::array{link[1]});
  const std::vector<ValueId> latents(link.begin() + 2, link.end());
  std::vector<ValueId> given;
  for (const Condition& condition : codec.conditions) {
    if (condition.source != Condition::Source::Given) continue;
    const std::int64_t raw = givenCondition(condition.given, network->condition);
    given.push_back(
        b.reinterpret(b.constant(raw, network->condition.fraction), network->condition));
  }
  std::vector<ValueId> inputs = latents;
  const auto conditions = conditionValues(b, *network, codec.conditions, link[1], given);
  inputs.insert(inputs.end(), conditions.begin(), conditions.end());
  const std::vector<ValueId> charges = scaledCharges(b, inputs, sum[1]);
  b.output("header", {false, kHeaderBits, 0}, link[0]);
  b.output("module_sum", {false, kSumBits, 0}, sum[0]);
  b.output("latent", network->latent, latents);
  b.output("charge", kBoardCharge, charges);
  program.functions.push_back(std::move(b).finish());
  return program;
}

core::Result<LinkDecoder> autoencoderLinkDecoder(const Graph& decoder,
                                                 const std::vector<Condition>& conditions,
                                                 const PathShape& shape) {
  auto network = lowerNetwork(decoder, conditions, shape, decoder.name, true);
  if (!network) return network.error();
  const std::vector<core::ConfigField>& fields = network->lowered.fields;
  std::set<std::string> taken{"tx", "active_etx", "ae_mask"};
  for (const Condition& condition : conditions) taken.insert(conditionPort(condition));
  for (const core::ConfigField& field : fields) {
    if (!taken.contains(field.name)) continue;
    return core::badInput("model.name", "'" + field.name + "' is a name of the board's own",
                          "weight '" + field.name + "' of the decoder", {"choose another name"});
  }
  LinkDecoder out{Algorithm::Autoencoder, network->shape, std::move(network->lowered.program),
                  "decode_" + std::string(text(Algorithm::Autoencoder))};
  addUnpackString(out.program, *network);
  addDecodeSum(out.program);
  addScale(out.program, network->lowered.output);
  FunctionBuilder b(out.program, out.function, "eTX words to 48 charges, settings as inputs");
  const auto count = [](int n) { return static_cast<std::uint32_t>(n); };
  std::vector<ValueId> link = b.input("tx", {false, kLink, 0}, count(decoderWords(out.shape)));
  const auto config = [&](const std::string& name, const FixedFormat& format, std::uint32_t n,
                          std::vector<ValueId>& to) {
    const auto port = b.input(name, format, n, core::Role::Config);
    to.insert(to.end(), port.begin(), port.end());
  };
  config("active_etx", {false, kEtxBits, 0}, 1, link);
  config("ae_mask", {false, kMaskWord, 0}, count(maskWords(out.shape)), link);
  std::vector<ValueId> given;
  for (const Condition& condition : conditions) {
    if (condition.source != Condition::Source::Given) continue;
    config(conditionPort(condition), network->condition, 1, given);
  }
  std::vector<ValueId> weights;
  for (const core::ConfigField& field : fields) {
    config(field.name, field.format, field.count, weights);
  }
  const auto unpacked = b.call("unpack_string", link);
  const auto sum = b.call("decode_module_sum", std::array{unpacked[1]});
  std::vector<ValueId> inputs(unpacked.begin() + 3, unpacked.end());
  const std::vector<ValueId> latents = inputs;
  const auto conditionInputs = conditionValues(b, *network, conditions, unpacked[1], given);
  inputs.insert(inputs.end(), conditionInputs.begin(), conditionInputs.end());
  inputs.insert(inputs.end(), weights.begin(), weights.end());
  const std::vector<ValueId> charges = scaledCharges(b, inputs, sum[1]);
  const ValueId good = b.equal(unpacked[2], b.constant(0));
  const std::vector<ValueId> sent(kTriggerCells, b.constant(1));
  b.output("header", {false, kHeaderBits, 0}, unpacked[0]);
  outputDecoded(b, good, unpacked[2], sum[0], sent, charges);
  b.output("latent", network->latent, latents);
  out.program.functions.push_back(std::move(b).finish());
  return out;
}

core::ConfigValues givenConditions(const Graph& decoder, const std::vector<Condition>& conditions) {
  core::ConfigValues values;
  const Node* const input = conditionsInput(decoder);
  for (const Condition& condition : conditions) {
    if (input == nullptr || condition.source != Condition::Source::Given) continue;
    values[conditionPort(condition)] = {givenCondition(condition.given, input->format)};
  }
  return values;
}

}  // namespace aegen::encoders::econ_t
