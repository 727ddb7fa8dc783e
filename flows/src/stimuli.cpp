#include "aegen/flows/stimuli.hpp"

#include <fmt/format.h>

#include "aegen/data/shower_generator.hpp"

namespace aegen::flows {
namespace {

using core::Result;

// Keeps stimuli apart from what a training with the same seed has seen.
constexpr std::uint64_t kStimulusStream = 0x5354494d554c4931ULL;

core::Columns rxColumns(const std::vector<data::RxCrossing>& crossings) {
  core::Columns out(data::kRxWords, crossings.size());
  for (std::size_t k = 0; k < crossings.size(); ++k) {
    for (std::size_t w = 0; w < crossings[k].size(); ++w) out.at(w, k) = crossings[k][w];
  }
  return out;
}

Result<Stimuli> fromEvents(std::vector<data::Event> events, std::string description,
                           const data::InputSettings& settings) {
  auto rx = data::encodeRx(events, settings);
  if (!rx) return rx.error();
  return Stimuli{std::move(description), rxColumns(*rx), std::move(events)};
}

// Words for modules of another size than those that events are made for: generated modules side by
// side, as many as it takes, in input order. There is no truth to compare with.
Result<Stimuli> otherSize(const EventSource& source, const encoders::econ_t::ChipSettings& settings,
                          std::uint64_t seed) {
  const std::size_t channels = settings.mux.size();
  if (source.kind != EventSource::Kind::Generator) {
    return core::badInput(
        "stimuli.channels",
        fmt::format("files of events are of 48 trigger cells, the design has {}", channels),
        source.file.string(), {"events.generator makes events of any size"});
  }
  constexpr std::size_t kPortCodes = 4;
  constexpr int kCodeBits = 7;
  data::ShowerGenerator generator(source.regime == "dense" ? data::dense() : data::sparse(),
                                  seed ^ kStimulusStream);
  Stimuli out{fmt::format("{} shower events side by side, seed {}", source.regime, seed),
              core::Columns(channels / kPortCodes, source.crossings),
              {}};
  for (std::size_t k = 0; k < source.crossings; ++k) {
    data::Event event;
    for (std::size_t c = 0; c < channels; ++c) {
      if (c % data::kTriggerCells == 0) event = generator.next();
      const int code =
          data::encodeCharge(event.charge[c % data::kTriggerCells], settings.highDensity);
      out.rx.at(c / kPortCodes, k) |= std::int64_t{code} << kCodeBits * (c % kPortCodes);
    }
    const bool first = k % data::kCrossingsPerOrbit == 0;
    out.rx.at(0, k) |= std::int64_t{first ? 0x9 : 0xa} << 28;
  }
  return out;
}

}  // namespace

Result<Stimuli> makeStimuli(const EventSource& source,
                            const encoders::econ_t::ChipSettings& settings, std::uint64_t seed) {
  if (settings.mux.size() != data::kTriggerCells) return otherSize(source, settings, seed);
  const data::InputSettings input = encoders::econ_t::inputSettings(settings);
  switch (source.kind) {
    case EventSource::Kind::Generator: {
      const data::ShowerParameters parameters =
          source.regime == "dense" ? data::dense() : data::sparse();
      data::ShowerGenerator generator(parameters, seed ^ kStimulusStream);
      return fromEvents(generator.generate(source.crossings),
                        fmt::format("{} shower events, seed {}", source.regime, seed), input);
    }
    case EventSource::Kind::CalqFile: {
      auto events = data::readCalqCsv(source.file);
      if (!events) return events.error();
      if (events->size() > source.crossings) events->resize(source.crossings);
      return fromEvents(std::move(*events), source.file.string(), input);
    }
    case EventSource::Kind::RxFile: {
      auto rx = data::readRxCsv(source.file);
      if (!rx) return rx.error();
      if (rx->size() > source.crossings) rx->resize(source.crossings);
      auto truth = data::decodeRx(*rx, input);
      if (!truth) return truth.error();
      return Stimuli{source.file.string(), rxColumns(*rx), std::move(*truth)};
    }
  }
  return core::internalError("stimuli.kind", "unknown event source");
}

}  // namespace aegen::flows
