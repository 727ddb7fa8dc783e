// The back-end board's decoder as IR: link words to charges.

#include <algorithm>
#include <array>

#include "aegen/core/function_builder.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/lowering.hpp"
#include "econ_t_path.hpp"

namespace aegen::encoders::econ_t {
namespace {

using core::FixedFormat;
using core::FunctionBuilder;
using core::ValueId;

constexpr int kLinkEtx = 5;  // links the longest autoencoder string takes
constexpr int kPatternBits = kLatents * kLatentBits;
constexpr FixedFormat kLatentFormat{false, kLatentBits, kLatentBits - 1};

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
  // No layer's name can meet those of the functions below, whatever its node is called.
  auto lowered = lower(codec.decoder, "decoder_layer_");
  if (!lowered) return lowered.error();
  const bool fits = lowered->inputs.size() == 1 && lowered->inputs[0].count == kLatents &&
                    lowered->inputs[0].format == kLatentFormat && lowered->fields.empty() &&
                    lowered->output.count == kTriggerCells;
  if (!fits) {
    return core::badInput("model.decoder-shape",
                          "the decoder must take 16 latents u9.8 and give 48 charges", codec.name);
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
  core::Program program = std::move(lowered->program);
  addUnpackLink(program, codec.link);
  addDecodeSum(program);
  addScale(program, lowered->output);
  FunctionBuilder b(program, "decode", "eTX words to 48 charges: the back-end board's decoder");
  const auto tx = b.input("tx", {false, 32, 0}, kEtx);
  const auto link = b.call("unpack_link", tx);
  const auto sum = b.call("decode_module_sum", std::array{link[1]});
  const std::span latents = std::span(link).subspan(2);
  const auto pattern = b.call("decoder_network", latents);
  std::vector<ValueId> charges;
  for (const ValueId value : pattern) {
    charges.push_back(b.call("scale_charge", std::array{value, sum[1]})[0]);
  }
  b.output("header", {false, 5, 0}, link[0]);
  b.output("module_sum", {false, kSumBits, 0}, sum[0]);
  b.output("latent", kLatentFormat, latents);
  b.output("charge", kBoardCharge, charges);
  program.functions.push_back(std::move(b).finish());
  return program;
}

}  // namespace aegen::encoders::econ_t
