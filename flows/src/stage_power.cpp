// The power of a mapped chip on its design's events.

#include <fmt/format.h>

#include "aegen/core/files.hpp"
#include "aegen/flows/stimuli.hpp"
#include "stage_tools.hpp"

namespace aegen::flows {

using core::Result;

namespace {

constexpr std::size_t kIdleCrossings = 32;    ///< of each stream
constexpr std::size_t kGlitchCrossings = 16;  ///< unit delays are slow
constexpr double kClockMhz = 40;

core::Columns firstEvents(const core::Columns& all, std::size_t count) {
  core::Columns part(all.elements(), std::min(count, all.events()));
  for (std::size_t e = 0; e < all.elements(); ++e) {
    std::ranges::copy(all.column(e).first(part.events()), part.column(e).begin());
  }
  return part;
}

}  // namespace

Result<PowerResult> runPower(const CosimRequest& request, const PowerRequest& power) {
  const DesignBundle& bundle = *request.bundle;
  request.progress("making events", 0, bundle.spec.events.crossings);
  const auto stimuli = makeStimuli(bundle.spec.events, bundle.spec.settings, request.seed);
  if (!stimuli) return stimuli.error();
  const auto manifest = rtl_gen::loadManifest(request.rtlFolder / "manifest.json");
  if (!manifest) return manifest.error();
  const auto text = readLibertyText(request.liberty);
  if (!text) return text.error();
  const auto library = readLibertyPower(*text, request.liberty.string());
  if (!library) return library.error();
  request.progress("reading gates", 0, 0);
  const auto chip = loadMappedChip(request.synthFolder, manifest->top, request.liberty);
  if (!chip) return chip.error();
  auto executor = sim::NetlistExecutor::create(*manifest, (*chip)->program,
                                               {request.lanes, request.seed, request.progress});
  if (!executor) return executor.error();
  if (auto done = (*executor)->configure(bundle.chip.resetConfig()); !done) return done.error();

  const auto measure = [&](const core::Columns& inputs,
                           sim::Settling settling) -> Result<PowerFigures> {
    sim::StreamRequest streams;
    streams.settling = settling;
    streams.countToggles = true;
    const auto run = (*executor)->runStreams(inputs, streams);
    if (!run) return run.error();
    return powerOf(**chip, *library, (*executor)->activity(), power.options);
  };
  PowerResult result;
  result.library = (*chip)->library.name();
  result.stimulus = stimuli->description;
  result.voltage = library->voltage;
  result.clockMhz = kClockMhz;
  result.internalPower = library->hasTables;
  auto busy = measure(stimuli->rx, sim::Settling::Sweep);
  if (!busy) return busy.error();
  result.busy = std::move(*busy);
  result.crossings = (*executor)->activity().clocks;
  if (!power.saif.empty()) {
    const std::string written =
        saif(**chip, (*executor)->activity(), manifest->top, 1e3 / kClockMhz);
    if (auto done = core::writeFile(power.saif, written); !done) return done.error();
  }
  const core::Columns zeros(stimuli->rx.elements(), kIdleCrossings * request.lanes);
  auto idle = measure(zeros, sim::Settling::Sweep);
  if (!idle) return idle.error();
  result.idle = std::move(*idle);
  if (power.glitches) {
    const core::Columns few = firstEvents(stimuli->rx, kGlitchCrossings * request.lanes);
    const auto still = measure(few, sim::Settling::Sweep);
    const auto glitching = measure(few, sim::Settling::UnitDelay);
    if (!still) return still.error();
    if (!glitching) return glitching.error();
    if (still->energy.combinational > 0) {
      result.glitchFactor = glitching->energy.combinational / still->energy.combinational;
    }
  }
  return result;
}

}  // namespace aegen::flows
