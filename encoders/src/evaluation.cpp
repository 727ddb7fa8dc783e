#include "aegen/encoders/evaluation.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "aegen/core/workers.hpp"
#include "aegen/encoders/node_values.hpp"
#include "decoder_inputs.hpp"

namespace aegen::encoders {
namespace {

using econ_t::PathShape;
using econ_t::withLatents;

core::Result<void> checkShape(const Codec& codec) {
  const auto holds = [](const Node& node, std::size_t elements) {
    return elementCount(node.shape) == elements;
  };
  constexpr core::FixedFormat kCharge{false, std::bit_width(unsigned{data::kMaxCharge}), 0};
  const bool fits =
      !codec.encoder.nodes.empty() && !codec.decoder.nodes.empty() &&
      std::ranges::count(codec.encoder.nodes, NodeKind::Input, &Node::kind) == 1 &&
      holds(codec.encoder.nodes.front(), data::kTriggerCells) &&
      codec.encoder.nodes.front().format == kCharge &&
      codec.decoder.nodes.front().kind == NodeKind::Input &&
      holds(codec.decoder.nodes.front(), elementCount(codec.encoder.output().shape)) &&
      codec.encoder.output().format == codec.decoder.nodes.front().format &&
      holds(codec.decoder.output(), data::kTriggerCells) && codec.link.activeEtx >= 1 &&
      codec.link.activeEtx <= PathShape{}.etx &&
      codec.link.keep.size() ==
          static_cast<std::size_t>(withLatents({}, codec.encoder.output()).patternBits());
  if (fits) return checkConditions(codec.decoder, codec.conditions);
  return core::badInput(
      "evaluate.shape",
      "the codec is not one of 48 charges u22, latents of one format and 1..13 eTX", codec.name,
      {"docs/model_file.md says what a model for the trigger path holds"});
}

// Makes of latents what arrives of them. The number of bits sent.
int passLink(const Codec& codec, core::Columns& latents) {
  const Node& output = codec.encoder.output();
  const std::vector<std::int64_t> sent = sentBits(codec.link, withLatents({}, output));
  int bits = 0;
  for (std::size_t l = 0; l < latents.elements(); ++l) {
    for (std::int64_t& latent : latents.column(l)) {
      latent = core::wrap(latent & sent[l], output.format);
    }
    bits += std::popcount(static_cast<std::uint64_t>(sent[l]));
  }
  return bits;
}

// Mean over the events of each TC's share of the sum.
ChargeArray meanPattern(std::span<const data::Event> events) {
  ChargeArray pattern{};
  double total = 0;
  for (const data::Event& event : events) {
    const auto sum = static_cast<double>(event.sum());
    if (sum <= 0) continue;
    total += 1;
    for (std::size_t c = 0; c < pattern.size(); ++c) {
      pattern[c] += static_cast<double>(event.charge[c]) / sum;
    }
  }
  for (double& share : pattern) share /= total > 0 ? total : 1;
  return pattern;
}

}  // namespace

core::Result<Reconstruction> reconstruct(const Codec& codec, std::span<const data::Event> events,
                                         std::span<const data::Column> columns) {
  if (const auto good = checkShape(codec); !good) return good.error();
  core::Columns charges(data::kTriggerCells, events.size());
  for (std::size_t e = 0; e < events.size(); ++e) {
    for (std::size_t c = 0; c < data::kTriggerCells; ++c) charges.at(c, e) = events[e].charge[c];
  }
  auto latents = outputValues(codec.encoder, charges);
  if (!latents) return latents.error();
  Reconstruction result;
  result.bitsSent = passLink(codec, *latents);
  const auto decoded = outputValues(codec.decoder, decoderInputs(codec, *latents, events, columns));
  if (!decoded) return decoded.error();
  result.latents = std::move(*latents);
  const double lsb = codec.decoder.output().format.lsb();
  result.charges.resize(events.size());
  for (std::size_t e = 0; e < events.size(); ++e) {
    const auto sum = static_cast<double>(events[e].sum());
    const double scale = sum > 0 ? std::ldexp(lsb, std::ilogb(sum)) : lsb;
    for (std::size_t c = 0; c < data::kTriggerCells; ++c) {
      result.charges[e][c] = static_cast<double>(decoded->at(c, e)) * scale;
    }
  }
  return result;
}

MetricsAccumulator measure(std::span<const data::Event> events,
                           std::span<const ChargeArray> reconstructed) {
  core::Workers workers(0);
  std::vector<MetricsAccumulator> shares(workers.count());
  workers.run([&](unsigned worker) {
    const std::size_t end = events.size() * (worker + 1) / shares.size();
    for (std::size_t e = events.size() * worker / shares.size(); e < end; ++e) {
      ChargeArray truth{};
      std::ranges::copy(events[e].charge, truth.begin());
      shares[worker].add(truth, reconstructed[e]);
    }
  });
  MetricsAccumulator out;
  for (const MetricsAccumulator& share : shares) out.merge(share);
  return out;
}

core::Result<Evaluation> evaluate(const Codec& codec, std::span<const data::Event> events,
                                  std::span<const data::Column> columns) {
  auto board = reconstruct(codec, events, columns);
  if (!board) return board.error();
  Evaluation result;
  result.bitsSent = board->bitsSent;
  std::vector<std::int64_t> received(board->latents.elements());
  result.latents = LatentHistograms(received.size());
  for (std::size_t e = 0; e < events.size(); ++e) {
    for (std::size_t l = 0; l < received.size(); ++l) received[l] = board->latents.at(l, e);
    result.latents.add(received);
  }

  result.codec = measure(events, board->charges);
  std::vector<ChargeArray> spread(events.size(), meanPattern(events));
  for (std::size_t e = 0; e < events.size(); ++e) {
    for (double& charge : spread[e]) charge *= static_cast<double>(events[e].sum());
  }
  result.moduleSum = measure(events, spread);
  return result;
}

}  // namespace aegen::encoders
