// The co-simulation stage.

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "aegen/encoders/metrics.hpp"
#include "aegen/flows/mapped_chip.hpp"
#include "aegen/flows/stimuli.hpp"
#include "aegen/sim/cosimulation.hpp"
#include "aegen/sim/netlist_executor.hpp"
#include "decoder_outputs.hpp"
#include "stage_tools.hpp"

namespace aegen::flows {
namespace {

using core::Result;
using encoders::econ_t::kTriggerCells;

constexpr std::size_t kWafers = 4;

MetricSummary summaryOf(const encoders::MetricsSummary& from) {
  MetricSummary out;
  out.label = from.bin.name();
  out.events = from.emd.events;
  out.empty = from.zeroTrue + from.zeroReconstructed;
  out.emdMean = from.emd.mean;
  out.emdMedian = from.emd.median;
  out.emdP90 = from.emd.p90;
  out.telescope = from.telescope.mean;
  out.response = from.responseMean;
  return out;
}

// Events to draw: the first of each of some occupancies, from few cells to many.
std::vector<std::size_t> crossingsToDraw(const std::vector<data::Event>& truth, std::size_t count) {
  std::vector<std::size_t> filled;
  for (std::size_t k = 0; k < std::min<std::size_t>(count, 2000); ++k) {
    if (truth[k].occupancy() > 0) filled.push_back(k);
  }
  std::ranges::stable_sort(filled, {}, [&](std::size_t k) { return truth[k].occupancy(); });
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < kWafers && !filled.empty(); ++i) {
    out.push_back(filled[(2 * i + 1) * filled.size() / (2 * kWafers)]);
  }
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void measure(const core::Columns& decoded, const core::Function& decoder,
             const std::vector<data::Event>& truth, CosimResult& result) {
  const std::size_t row = outputAt(decoder, "charge");
  const std::size_t events = std::min(decoded.events(), truth.size());
  encoders::MetricsAccumulator metrics;
  std::array<double, kTriggerCells> in{};
  std::array<double, kTriggerCells> back{};
  const auto load = [&](std::size_t k) {
    for (std::size_t c = 0; c < in.size(); ++c) {
      in[c] = static_cast<double>(truth[k].charge[c]);
      back[c] = static_cast<double>(decoded.at(row + c, k));
    }
  };
  for (std::size_t k = 0; k < events; ++k) {
    load(k);
    metrics.add(in, back);
  }
  result.overall = summaryOf(metrics.overall());
  for (const auto& bin : metrics.byOccupancy()) result.byOccupancy.push_back(summaryOf(bin));
  for (const std::size_t k : crossingsToDraw(truth, events)) {
    load(k);
    result.wafers.push_back({k, {in.begin(), in.end()}, {back.begin(), back.end()}});
  }
}

std::string describe(const sim::CosimReport& report) {
  if (!report.first) return {};
  const auto line = [](const sim::Mismatch& m) {
    return fmt::format("{}[{}] is {}, expected {}", m.signal, m.element, m.got, m.expected);
  };
  const sim::Mismatch& first = report.origin ? *report.origin : *report.first;
  std::string out =
      fmt::format("crossing {}: first differing stage {}", first.crossing, line(first));
  if (report.origin && report.origin->signal != report.first->signal) {
    out += fmt::format("; seen at crossing {} as {}", report.first->crossing, line(*report.first));
  }
  return out + "; alone: " + report.reproduce;
}

// SIGNAL:ELEMENT:BIT:CROSSING
Result<sim::Fault> parseFault(const std::string& text) {
  sim::Fault fault;
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  const auto number = [](const std::string& part, auto& out) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), out);
    return error == std::errc{} && end == part.data() + part.size();
  };
  if (parts.size() != 4 || !number(parts[1], fault.element) || !number(parts[2], fault.bit) ||
      !number(parts[3], fault.crossing)) {
    return core::badInput("cosim.fault", "'" + text + "' is not SIGNAL:ELEMENT:BIT:CROSSING",
                          "--fault", {"for example tx:0:3:100"});
  }
  fault.signal = parts[0];
  return fault;
}

Result<sim::CosimReport> runNetlist(const CosimRequest& request, const sim::ChipUnderTest& chip,
                                    const sim::DecoderUnderTest* decoder,
                                    const core::Columns& inputs, const sim::CosimOptions& options) {
  request.progress("reading gates", 0, 0);
  const auto mapped = loadMappedChip(request.synthFolder, chip.manifest.top, request.liberty);
  if (!mapped) return mapped.error();
  sim::NetlistOptions netlist;
  netlist.lanes = request.lanes;
  netlist.seed = request.seed;
  netlist.progress = request.progress;
  auto executor = sim::NetlistExecutor::create(chip.manifest, (*mapped)->program, netlist);
  if (!executor) return executor.error();
  return sim::cosimulateNetlist(**executor, chip, decoder, inputs,
                                request.bundle->chip.resetConfig(), options);
}

}  // namespace

Result<CosimResult> runCosim(const CosimRequest& request) {
  const auto start = std::chrono::steady_clock::now();
  const DesignBundle& bundle = *request.bundle;
  const DesignSpec& spec = bundle.spec;
  request.progress("making events", 0, spec.events.crossings);
  auto stimuli = makeStimuli(spec.events, spec.settings, request.seed);
  if (!stimuli) return stimuli.error();
  auto manifest = rtl_gen::loadManifest(request.rtlFolder / "manifest.json");
  if (!manifest) return manifest.error();

  sim::ChipUnderTest chip{&bundle.chip, std::move(*manifest), request.rtlFolder};
  sim::DecoderUnderTest decoder;
  if (bundle.decoder) {
    decoder.program = &*bundle.decoder;
    decoder.function = "decode";
    decoder.moduleName = request.decoderModule;
    decoder.systemc = request.systemc;
    decoder.latency = spec.decoderLatency;
  }
  sim::CosimOptions options;
  options.bench.workDir = request.workDir;
  options.bench.jobs = request.jobs;
  options.bench.seed = request.seed;
  options.bench.progress = request.progress;
  options.linkLatency = spec.linkLatency;
  options.captured = {"words"};
  if (spec.holds(encoders::econ_t::Algorithm::Autoencoder)) {
    options.captured.insert(options.captured.begin(), "module_sum");
  }
  options.from = request.window.from;
  options.count = request.window.count;
  options.trace = request.window.trace;
  options.reproduceWith = request.reproduceWith;
  options.keepDecoded = stimuli->truth.size();
  if (!request.window.fault.empty()) {
    auto fault = parseFault(request.window.fault);
    if (!fault) return fault.error();
    options.faults.push_back(*fault);
  }
  const sim::DecoderUnderTest* const board = bundle.decoder ? &decoder : nullptr;
  auto report = request.netlist
                    ? runNetlist(request, chip, board, stimuli->rx, options)
                    : sim::cosimulate(chip, board, stimuli->rx, bundle.chip.resetConfig(), options);
  if (!report) return report.error();

  CosimResult result;
  result.stimulus = stimuli->description;
  if (request.netlist) {
    result.stimulus += fmt::format("; mapped gates, up to {} streams side by side", request.lanes);
  }
  result.crossings = report->crossings;
  result.mismatches = report->mismatches;
  result.firstMismatch = describe(*report);
  for (const sim::LatencyResult& latency : report->latencies) {
    // The decoder's outputs leave together: they are one line unless one of them is off.
    const LatencyResult row{latency.name, latency.asked, latency.measured.clocks.value_or(-1)};
    if (std::ranges::find(result.latencies, row) == result.latencies.end()) {
      result.latencies.push_back(row);
    }
  }
  result.crossingsPerSecond = report->crossingsPerSecond();
  if (bundle.decoder && request.window.whole() && report->decoded.events() > 0) {
    request.progress("measuring reconstruction", 0, stimuli->truth.size());
    measure(report->decoded, *bundle.decoder->find("decode"), stimuli->truth, result);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace aegen::flows
