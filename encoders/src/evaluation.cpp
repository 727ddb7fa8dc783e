#include "aegen/encoders/evaluation.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/workers.hpp"
#include "aegen/encoders/lowering.hpp"

namespace aegen::encoders {
namespace {

core::Result<core::Columns> run(const Graph& graph, const core::Columns& inputs) {
  auto lowered = lower(graph, graph.name + "_");
  if (!lowered) return lowered.error();
  const std::string whole = "whole";  // without the prefix no layer is called so
  addWhole(*lowered, whole, "the whole graph");
  core::Interpreter interpreter(lowered->program, whole);
  for (const core::ConfigField& field : lowered->fields) {
    interpreter.setConfig(field.name, field.reset);
  }
  interpreter.useThreads(0);
  return interpreter.run(inputs);
}

core::Result<void> checkShape(const Codec& codec) {
  const auto holds = [](const Node& node, std::size_t elements) {
    return elementCount(node.shape) == elements;
  };
  const auto oneInput = [](const Graph& graph) {
    return std::ranges::count(graph.nodes, NodeKind::Input, &Node::kind) == 1;
  };
  constexpr core::FixedFormat kCharge{false, std::bit_width(unsigned{data::kMaxCharge}), 0};
  const bool fits = !codec.encoder.nodes.empty() && !codec.decoder.nodes.empty() &&
                    oneInput(codec.encoder) && oneInput(codec.decoder) &&
                    holds(codec.encoder.nodes.front(), data::kTriggerCells) &&
                    codec.encoder.nodes.front().format == kCharge &&
                    holds(codec.encoder.output(), econ_t::kLatents) &&
                    holds(codec.decoder.nodes.front(), econ_t::kLatents) &&
                    holds(codec.decoder.output(), data::kTriggerCells) &&
                    codec.encoder.output().format == codec.decoder.nodes.front().format &&
                    codec.encoder.output().format.width == econ_t::kLatentBits &&
                    codec.link.keep.size() == econ_t::kLatents * econ_t::kLatentBits &&
                    codec.link.activeEtx >= 1 && codec.link.activeEtx <= 13;
  if (fits) return {};
  return core::badInput("evaluate.shape",
                        "the codec is not one of 48 charges u22, 16 u9 latents and 1..13 eTX",
                        codec.name, {"docs/model_file.md says what an ECON-T model holds"});
}

// The bits of each latent that are sent, as the chip closes them up and cuts them to its links.
std::array<std::int64_t, econ_t::kLatents> sentBits(const LinkLayout& link) {
  std::array<std::int64_t, econ_t::kLatents> sent{};
  const std::vector<int> positions = econ_t::linkPositions(link);
  for (std::size_t bit = 0; bit < positions.size(); ++bit) {
    if (positions[bit] >= 0) {
      sent[bit / econ_t::kLatentBits] |= std::int64_t{1} << (bit % econ_t::kLatentBits);
    }
  }
  return sent;
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

core::Result<Reconstruction> reconstruct(const Codec& codec, std::span<const data::Event> events) {
  if (const auto good = checkShape(codec); !good) return good.error();
  core::Columns charges(data::kTriggerCells, events.size());
  for (std::size_t e = 0; e < events.size(); ++e) {
    for (std::size_t c = 0; c < data::kTriggerCells; ++c) charges.at(c, e) = events[e].charge[c];
  }
  auto latents = run(codec.encoder, charges);
  if (!latents) return latents.error();
  const auto sent = sentBits(codec.link);
  for (std::size_t l = 0; l < latents->elements(); ++l) {
    for (std::int64_t& latent : latents->column(l)) latent &= sent[l];
  }
  Reconstruction result;
  for (const std::int64_t bits : sent) {
    result.bitsSent += std::popcount(static_cast<std::uint64_t>(bits));
  }
  const auto decoded = run(codec.decoder, *latents);
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

core::Result<Evaluation> evaluate(const Codec& codec, std::span<const data::Event> events) {
  auto board = reconstruct(codec, events);
  if (!board) return board.error();
  Evaluation result;
  result.bitsSent = board->bitsSent;
  std::vector<std::int64_t> received(board->latents.elements());
  for (std::size_t e = 0; e < events.size(); ++e) {
    for (std::size_t l = 0; l < received.size(); ++l) received[l] = board->latents.at(l, e);
    result.latents.add(received);
  }

  const ChargeArray pattern = meanPattern(events);
  struct Share {
    MetricsAccumulator codec;
    MetricsAccumulator moduleSum;
  };
  core::Workers workers(0);
  std::vector<Share> shares(workers.count());
  workers.run([&](unsigned worker) {
    Share& share = shares[worker];
    const std::size_t end = events.size() * (worker + 1) / shares.size();
    for (std::size_t e = events.size() * worker / shares.size(); e < end; ++e) {
      const auto sum = static_cast<double>(events[e].sum());
      ChargeArray truth{};
      ChargeArray spread{};
      for (std::size_t c = 0; c < truth.size(); ++c) {
        truth[c] = static_cast<double>(events[e].charge[c]);
        spread[c] = pattern[c] * sum;
      }
      share.codec.add(truth, board->charges[e]);
      share.moduleSum.add(truth, spread);
    }
  });
  for (const Share& share : shares) {
    result.codec.merge(share.codec);
    result.moduleSum.merge(share.moduleSum);
  }
  return result;
}

}  // namespace aegen::encoders
