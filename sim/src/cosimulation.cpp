#include "aegen/sim/cosimulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/interpreter.hpp"
#include "bench_build.hpp"
#include "bench_layout.hpp"
#include "bench_process.hpp"
#include "row_codec.hpp"

namespace aegen::sim {
namespace {

using core::Columns;
using core::Result;

constexpr std::size_t kBatch = 1024;
constexpr int kLatencyMargin = 16;     ///< clocks searched beyond the longest latency asked for
constexpr std::size_t kLookBack = 64;  ///< crossings before a mismatch searched for its origin
constexpr std::string_view kReceived = "received.";
constexpr std::string_view kDecoder = "decoder.";

/// Columns without(first) .. of `all`: events [first, first + count).
void copyEvents(const Columns& all, std::size_t first, std::size_t count, Columns& part) {
  if (part.elements() != all.elements() || part.events() != count) {
    part = Columns(all.elements(), count);
  }
  for (std::size_t e = 0; e < all.elements(); ++e) {
    std::ranges::copy(all.column(e).subspan(first, count), part.column(e).begin());
  }
}

/// What the interpreters expect, batch by batch, by captured name.
class Expectation {
 public:
  Expectation(const core::Design& design, const DecoderUnderTest* decoder,
              const core::ConfigValues& config, std::vector<std::string> captured)
      : chip_(design, {.keep = std::move(captured)}) {
    chip_.configure(config);
    chip_.reset();
    if (decoder == nullptr) return;
    decoder_ = std::make_unique<core::Interpreter>(*decoder->program, decoder->function);
    function_ = decoder->program->find(decoder->function);
    for (const core::Port& port : function_->outputs)
      decoded_.emplace_back(kDecoder).append(port.name);
    results_.resize(function_->outputs.size());
  }

  Result<void> next(const Columns& inputs) {
    if (auto done = chip_.advance(inputs); !done) return done.error();
    if (decoder_ != nullptr) decode(inputs.events());
    return {};
  }

  [[nodiscard]] const Columns& of(std::string_view name) const {
    if (name.starts_with(kReceived)) return chip_.signal(name.substr(kReceived.size()));
    const auto decoded = std::ranges::find(decoded_, name);
    if (decoded != decoded_.end()) {
      return results_[static_cast<std::size_t>(decoded - decoded_.begin())];
    }
    return chip_.signal(name);
  }

 private:
  void decode(std::size_t events) {
    in_.clear();
    out_.clear();
    for (const core::Port& port : function_->inputs) {
      const Columns& words = chip_.signal(port.name);
      for (std::uint32_t i = 0; i < port.count; ++i) in_.push_back(words.column(i).data());
    }
    for (std::size_t p = 0; p < results_.size(); ++p) {
      const std::uint32_t count = function_->outputs[p].count;
      if (results_[p].events() != events) results_[p] = Columns(count, events);
      for (std::uint32_t i = 0; i < count; ++i) out_.push_back(results_[p].column(i).data());
    }
    decoder_->run(in_, out_, events);
  }

  core::DesignInterpreter chip_;
  std::unique_ptr<core::Interpreter> decoder_;
  const core::Function* function_ = nullptr;
  std::vector<std::string> decoded_;
  std::vector<Columns> results_;
  std::vector<const std::int64_t*> in_;
  std::vector<std::int64_t*> out_;
};

/// A captured signal and what follows it through the run.
struct Followed {
  RowSignal place;
  SignalChecker checker;
  Columns captured;  ///< of the batch
};

void unpack(const CaptureBatch& batch, std::size_t rowWords, Followed& followed) {
  const RowSignal& place = followed.place;
  if (followed.captured.events() != batch.clocks) {
    followed.captured = Columns(place.count, batch.clocks);
  }
  for (std::uint32_t i = 0; i < place.count; ++i) {
    unpackColumn(batch.rows, {rowWords, batch.clocks}, place.format,
                 place.firstBit + i * place.stride, followed.captured.column(i));
  }
}

class Cosimulation {
 public:
  Cosimulation(const ChipUnderTest& chip, const DecoderUnderTest* decoder, const Columns& inputs,
               const core::ConfigValues& config, const CosimOptions& options)
      : chip_(chip), decoder_(decoder), inputs_(inputs), config_(config), options_(options) {}

  Result<CosimReport> run() {
    for (const auto step :
         {&Cosimulation::window, &Cosimulation::layOut, &Cosimulation::start, &Cosimulation::inject,
          &Cosimulation::simulate, &Cosimulation::conclude}) {
      if (const Result<void> done = (this->*step)(); !done) return done.error();
    }
    return std::move(report_);
  }

 private:
  Result<void> window() {
    const std::uint64_t events = inputs_.events();
    if (options_.from >= events) {
      return core::badInput("sim.window", fmt::format("there are only {} crossings", events),
                            fmt::format("from {}", options_.from));
    }
    const std::uint64_t count = options_.count == 0 ? events : options_.count;
    last_ = std::min<std::uint64_t>(events, options_.from + std::min(count, events));
    return {};
  }

  [[nodiscard]] std::vector<std::string> capturedNames() const {
    std::vector<std::string> names = options_.captured;
    for (const rtl_gen::ManifestMilestone& milestone : chip_.manifest.milestones) {
      names.push_back(milestone.signal);
    }
    return names;
  }

  Result<void> layOut() {
    Result<ChipLayout> layout = chipLayout(chip_.manifest, capturedNames());
    if (!layout) return layout.error();
    layout_ = std::move(*layout);
    rowWords_ = layout_.captureWords;
    std::vector<RowSignal> places = layout_.captured;
    if (decoder_ != nullptr) {
      const core::Function* const function = decoder_->program->find(decoder_->function);
      if (function == nullptr) {
        return core::badInput("sim.decoder-input", "the program has no such function",
                              decoder_->function);
      }
      Result<DecoderLayout> decoded =
          decoderLayout(layout_, *function, options_.linkLatency, decoder_->latency);
      if (!decoded) return decoded.error();
      decoderLayout_ = std::move(*decoded);
      rowWords_ = decoderLayout_.rowWords;
      places.insert(places.end(), decoderLayout_.captured.begin(), decoderLayout_.captured.end());
    }
    int longest = 0;
    for (const RowSignal& place : places) longest = std::max(longest, place.latency);
    flush_ = static_cast<std::size_t>(longest + kLatencyMargin);
    batch_ = std::max(kBatch, 4 * flush_);
    for (RowSignal& place : places) {
      SignalChecker checker(place.name, place.latency, static_cast<int>(flush_),
                            {options_.from, last_ - options_.from});
      followed_.push_back({std::move(place), std::move(checker), {}});
    }
    return {};
  }

  Result<void> start() {
    BenchRecipe recipe;
    recipe.manifest = &chip_.manifest;
    recipe.rtlFolder = chip_.rtlFolder;
    recipe.layout = &layout_;
    recipe.trace = !options_.trace.empty();
    std::vector<std::string> arguments;
    if (decoder_ != nullptr) {
      recipe.decoderHeader = decoder_->systemc;
      recipe.decoderModelHeader = decoderModelHeader(*decoder_->program->find(decoder_->function),
                                                     decoder_->moduleName, decoderLayout_);
      arguments.push_back(fmt::format("--link={}", options_.linkLatency));
    }
    const Result<BuiltBench> bench = buildBench(recipe, options_.bench);
    if (!bench) return bench.error();
    report_.buildSeconds = bench->buildSeconds;
    Result<BenchProcess> process =
        BenchProcess::start(bench->executable, arguments, layout_,
                            static_cast<std::uint32_t>(rowWords_), options_.bench);
    if (!process) return process.error();
    process_.emplace(std::move(*process));
    if (auto done = process_->hardReset(); !done) return done.error();
    if (auto done = process_->configure(chip_.manifest, config_, options_.configRoute); !done)
      return done.error();
    return process_->linkReset();
  }

  Result<void> inject() {
    for (const Fault& fault : options_.faults) {
      const bool onLink = fault.place == Fault::Place::Link;
      const auto wrong = [&](const std::string& message) {
        return core::badInput("sim.fault", message, fault.signal);
      };
      if (onLink && decoder_ == nullptr) return wrong("there is no link without a decoder");
      const RowSignal* place = nullptr;
      for (const RowSignal& output : layout_.outputs) {
        if (onLink && output.name == fault.signal) place = &output;
      }
      for (const Followed& followed : followed_) {
        if (!onLink && followed.place.name == fault.signal) place = &followed.place;
      }
      if (place == nullptr) return wrong("a fault can't be put on a signal that is not there");
      if (fault.element >= place->count || fault.bit < 0 || fault.bit >= place->format.width) {
        return wrong(
            fmt::format("the signal has no bit {} of element {}", fault.bit, fault.element));
      }
      const std::size_t bit =
          place->firstBit + fault.element * place->stride + static_cast<std::size_t>(fault.bit);
      const aegen_bench::FaultFrame frame{
          onLink ? aegen_bench::FaultPlace::Link : aegen_bench::FaultPlace::Capture,
          static_cast<std::uint32_t>(bit / 32), 1U << (bit % 32), 0,
          fault.crossing + static_cast<std::uint64_t>(place->latency)};
      if (auto done = process_->inject(frame); !done) return done.error();
    }
    return {};
  }

  Result<void> receive(const CaptureBatch& batch) {
    copyEvents(inputs_, batch.first, batch.events, batchInputs_);
    if (auto done = expectation_->next(batchInputs_); !done) return done.error();
    for (Followed& followed : followed_) {
      unpack(batch, rowWords_, followed);
      followed.checker.check(expectation_->of(followed.place.name), followed.captured);
    }
    keepDecoded(batch);
    if (options_.bench.progress) {
      options_.bench.progress("simulating", batch.first + batch.events, last_);
    }
    return {};
  }

  /// Sorts the decoder's captured outputs into the crossings they belong to.
  void keepDecoded(const CaptureBatch& batch) {
    std::size_t element = 0;
    for (const Followed& followed : followed_) {
      if (!followed.place.name.starts_with(kDecoder)) continue;
      const auto delay = static_cast<std::size_t>(followed.checker.latency());
      for (std::uint32_t i = 0; i < followed.place.count; ++i, ++element) {
        const auto have = followed.captured.column(i);
        const auto keep = report_.decoded.column(element);
        for (std::size_t t = 0; t < have.size(); ++t) {
          const std::size_t clock = batch.first + t;
          if (clock >= delay && clock - delay < keep.size()) keep[clock - delay] = have[t];
        }
      }
    }
  }

  Result<void> simulate() {
    std::vector<std::string> captured;
    for (const RowSignal& place : layout_.captured) captured.push_back(place.name);
    expectation_.emplace(*chip_.design, decoder_, config_, std::move(captured));
    std::size_t decodedElements = 0;
    for (const Followed& followed : followed_) {
      if (followed.place.name.starts_with(kDecoder)) decodedElements += followed.place.count;
    }
    const std::size_t end = static_cast<std::size_t>(last_);
    report_.decoded = Columns(decodedElements, std::min(end, options_.keepDecoded));
    report_.crossings = last_;
    const auto receiver = [this](const CaptureBatch& batch) { return receive(batch); };
    const auto begin = std::chrono::steady_clock::now();
    std::size_t first = 0;
    if (!options_.trace.empty()) {
      // Whole batches go by untraced; the trace starts with the batch that holds `from`.
      first = static_cast<std::size_t>(options_.from) / batch_ * batch_;
      if (auto done = process_->stream(inputs_, 0, first, 0, batch_, receiver); !done) {
        return done.error();
      }
      if (auto done = process_->trace(options_.trace); !done) return done.error();
    }
    if (auto done = process_->stream(inputs_, first, end - first, flush_, batch_, receiver);
        !done) {
      return done.error();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    report_.simulateSeconds = seconds.count();
    return options_.trace.empty() ? Result<void>() : process_->trace({});
  }

  [[nodiscard]] const SignalChecker& checkerOf(std::string_view name) const {
    return std::ranges::find(followed_, name,
                             [](const Followed& f) -> std::string_view { return f.place.name; })
        ->checker;
  }

  void latencies() {
    for (const rtl_gen::ManifestMilestone& milestone : chip_.manifest.milestones) {
      report_.latencies.push_back({milestone.name, milestone.signal, milestone.asked,
                                   checkerOf(milestone.signal).measured()});
    }
    for (const Followed& followed : followed_) {
      const std::string& name = followed.place.name;
      if (!name.starts_with(kReceived) && !name.starts_with(kDecoder)) continue;
      report_.latencies.push_back({name.starts_with(kReceived) ? "link" : "decoder", name,
                                   followed.place.latency, followed.checker.measured()});
    }
  }

  Result<void> conclude() {
    latencies();
    for (const Followed& followed : followed_) {
      const SignalChecker& checker = followed.checker;
      report_.compared += checker.compared();
      report_.mismatches += checker.mismatches();
      const std::optional<Mismatch>& first = checker.first();
      // Signals come in pipeline order: among equal crossings the earliest stage stays.
      if (first && (!report_.first || first->crossing < report_.first->crossing)) {
        report_.first = first;
      }
    }
    if (!report_.first) return {};
    report_.reproduce =
        fmt::format("{} --from {} --count 1 --trace crossing_{}.fst", options_.reproduceWith,
                    report_.first->crossing, report_.first->crossing);
    const bool inChip = !report_.first->signal.starts_with(kReceived) &&
                        !report_.first->signal.starts_with(kDecoder);
    return options_.locate && inChip ? locate() : Result<void>();
  }

  /// Runs the chip once more with all its signals captured around the first mismatch.
  Result<void> locate() {
    process_.reset();
    std::vector<std::string> names;
    for (const rtl_gen::ManifestSignal& signal : chip_.manifest.signals) {
      if (!signal.producer.empty()) names.push_back(signal.name);
    }
    CosimOptions everything = options_;
    everything.captured = std::move(names);
    everything.locate = false;
    everything.trace.clear();
    const std::uint64_t crossing = report_.first->crossing;
    everything.from = crossing > kLookBack ? crossing - kLookBack : 0;
    everything.count = crossing - everything.from + 1;
    everything.keepDecoded = 0;
    // Faults in what is captured are no faults of the chip, and the link is not simulated here.
    everything.faults.clear();
    const Result<CosimReport> second =
        Cosimulation(chip_, nullptr, inputs_, config_, everything).run();
    if (!second) return second.error();
    report_.origin = second->first;
    return {};
  }

  const ChipUnderTest& chip_;
  const DecoderUnderTest* decoder_;
  const Columns& inputs_;
  const core::ConfigValues& config_;
  const CosimOptions& options_;

  std::uint64_t last_ = 0;  ///< crossings [0, last_) are simulated
  std::size_t flush_ = 0;
  std::size_t batch_ = kBatch;
  ChipLayout layout_;
  DecoderLayout decoderLayout_;
  std::size_t rowWords_ = 0;
  std::vector<Followed> followed_;
  std::optional<BenchProcess> process_;
  std::optional<Expectation> expectation_;
  Columns batchInputs_;
  CosimReport report_;
};

}  // namespace

bool CosimReport::passed() const {
  return mismatches == 0 && std::ranges::all_of(latencies, &LatencyResult::met);
}

double CosimReport::crossingsPerSecond() const {
  return simulateSeconds > 0 ? static_cast<double>(crossings) / simulateSeconds : 0;
}

Result<CosimReport> cosimulate(const ChipUnderTest& chip, const DecoderUnderTest* decoder,
                               const Columns& inputs, const core::ConfigValues& config,
                               const CosimOptions& options) {
  return Cosimulation(chip, decoder, inputs, config, options).run();
}

}  // namespace aegen::sim
