#include "compare_board.hpp"

#include <algorithm>
#include <cassert>
#include <map>

#include "aegen/flows/board_run.hpp"
#include "aegen/sim/board.hpp"
#include "decoder_outputs.hpp"

namespace aegen::flows {
namespace {

using core::Result;
namespace econ_t = encoders::econ_t;
using aegen_bench::CrossingStatus;

BoardCrossing::Outcome outcomeOf(const sim::BoardRecord& record, econ_t::StringStatus decoded) {
  const CrossingStatus status = record.received.status;
  const bool truncated = status == CrossingStatus::TruncatedFull ||
                         status == CrossingStatus::TruncatedLate ||
                         decoded == econ_t::StringStatus::TruncatedFull ||
                         decoded == econ_t::StringStatus::TruncatedLate;
  if (truncated) return BoardCrossing::Outcome::Truncated;
  return status == CrossingStatus::Good && decoded == econ_t::StringStatus::Good
             ? BoardCrossing::Outcome::Decoded
             : BoardCrossing::Outcome::Nothing;
}

std::vector<BoardCrossing> crossingsOf(const BoardLink& link, const core::Function& decoder,
                                       const sim::ModuleResult& result) {
  std::vector<BoardCrossing> out(link.tx->events());
  const std::size_t charge = outputAt(decoder, "charge");
  const std::size_t status = outputAt(decoder, "status");
  const auto perCrossing = 2 * static_cast<std::uint64_t>(link.settings.activeEtx);
  for (const sim::BoardRecord& record : result.records) {
    if (record.received.index >= out.size()) continue;
    BoardCrossing& crossing = out[record.received.index];
    if (record.decoded < 0) {
      crossing.outcome = outcomeOf(record, econ_t::StringStatus::NothingSent);
      continue;
    }
    const auto column = static_cast<std::size_t>(record.decoded);
    crossing.outcome =
        outcomeOf(record, static_cast<econ_t::StringStatus>(result.outputs.at(status, column)));
    for (std::size_t c = 0; c < crossing.charge.size(); ++c) {
      crossing.charge[c] = result.outputs.at(charge + c, column);
    }
    const std::uint64_t last = record.received.start + record.received.words - 1;
    const std::uint64_t left = last / perCrossing;
    crossing.wait = static_cast<std::uint32_t>(left - std::min(left, record.received.index));
  }
  return out;
}

// A board for the links, and what of it belongs to each.
struct Prepared {
  sim::BoardPlan plan;
  std::vector<sim::ModuleWords> words;
  std::vector<const core::Function*> functions;
};

Prepared prepare(const std::vector<BoardLink>& links) {
  Prepared out;
  std::map<const econ_t::LinkDecoder*, std::size_t> kinds;
  for (const BoardLink& link : links) {
    const auto& decoders = link.design->decoders;
    const auto decoder =
        std::ranges::find(decoders, link.settings.algorithm, &econ_t::LinkDecoder::algorithm);
    assert(decoder != decoders.end());
    const auto [kind, isNew] = kinds.emplace(&*decoder, out.plan.kinds.size());
    if (isNew) {
      out.plan.kinds.push_back(
          {link.design->spec.name + "_" + decoder->function, &decoder->program, decoder->function});
    }
    sim::BoardModule module;
    module.name = out.plan.kinds[kind->second].name;
    module.kind = kind->second;
    module.config = econ_t::decoderConfig(link.settings.algorithm,
                                          econ_t::decoderSettings(link.settings, link.spread));
    if (link.settings.algorithm == econ_t::Algorithm::Autoencoder) {
      const encoders::Codec& codec = link.design->codec;
      module.config.merge(econ_t::givenConditions(codec.decoder, codec.conditions));
    }
    module.format = linkFormat(link.settings, decoder->shape);
    module.receiver.startBx = 0;
    out.plan.modules.push_back(std::move(module));
    out.words.push_back(moduleWords(*link.tx, link.settings.activeEtx));
    out.functions.push_back(decoder->program.find(decoder->function));
  }
  return out;
}

using Crossings = std::vector<std::vector<BoardCrossing>>;

Result<Crossings> collect(const std::vector<BoardLink>& links, const Prepared& board,
                          const Result<std::vector<sim::ModuleResult>>& results) {
  if (!results) return results.error();
  Crossings out;
  for (std::size_t i = 0; i < links.size(); ++i) {
    out.push_back(crossingsOf(links[i], *board.functions[i], (*results)[i]));
  }
  return out;
}

}  // namespace

Result<std::vector<std::vector<BoardCrossing>>> runBoard(const std::vector<BoardLink>& links,
                                                         const BoardRunOptions& options) {
  const Prepared board = prepare(links);
  return collect(links, board, sim::runBoard(board.plan, board.words, options));
}

Result<std::vector<std::vector<BoardCrossing>>> runBoardModel(const std::vector<BoardLink>& links) {
  const Prepared board = prepare(links);
  return collect(links, board, sim::runBoardModel(board.plan, board.words));
}

BoardAccount accountOf(std::span<const data::Event> truth, std::span<const BoardCrossing> received,
                       std::span<const int> places) {
  BoardAccount out;
  std::array<double, econ_t::kTriggerCells> given{};
  std::array<double, econ_t::kTriggerCells> back{};
  std::uint64_t waited = 0;
  const auto charged = [](double charge) { return charge > 0; };
  for (std::size_t k = 0; k < truth.size(); ++k) {
    back.fill(0);
    const BoardCrossing& crossing = received[k];
    out.truncated += crossing.outcome == BoardCrossing::Outcome::Truncated ? 1 : 0;
    out.undecoded += crossing.outcome == BoardCrossing::Outcome::Nothing ? 1 : 0;
    waited += crossing.wait;
    out.waitMax = std::max<std::uint64_t>(out.waitMax, crossing.wait);
    for (std::size_t c = 0; c < given.size(); ++c) {
      given[c] = static_cast<double>(truth[k].charge[c]);
      back[static_cast<std::size_t>(places[c])] = static_cast<double>(crossing.charge[c]);
    }
    out.metrics.add(given, back);
    const bool pattern =
        crossing.outcome == BoardCrossing::Outcome::Decoded && std::ranges::any_of(back, charged);
    out.lost += std::ranges::any_of(given, charged) && !pattern ? 1 : 0;
  }
  if (!truth.empty()) {
    out.waitMean = static_cast<double>(waited) / static_cast<double>(truth.size());
  }
  return out;
}

}  // namespace aegen::flows
