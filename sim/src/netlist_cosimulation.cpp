#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/sim/netlist_executor.hpp"

namespace aegen::sim {
namespace {

using core::Columns;
using core::Result;

constexpr std::size_t kLatencyMargin = 16;  ///< clocks searched beyond the longest latency

/// What came of a signal over all streams.
struct SignalAccount {
  MeasuredLatency measured;
  bool first = true;
};

class NetlistCosimulation {
 public:
  NetlistCosimulation(NetlistExecutor& executor, const ChipUnderTest& chip,
                      const DecoderUnderTest* decoder, const Columns& inputs,
                      const core::ConfigValues& config, const CosimOptions& options)
      : executor_(executor),
        chip_(chip),
        decoder_(decoder),
        inputs_(inputs),
        config_(config),
        options_(options) {}

  Result<CosimReport> run() {
    StreamRequest request;
    for (const rtl_gen::ManifestSignal& signal : chip_.manifest.signals) {
      if (!wanted(signal)) continue;
      request.captured.push_back(signal.name);
      request.flush = std::max(request.flush, static_cast<std::size_t>(signal.latency));
    }
    request.flush += kLatencyMargin;
    const auto start = std::chrono::steady_clock::now();
    if (auto done = executor_.configure(config_); !done) return done.error();
    report_.buildSeconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    auto streams = executor_.runStreams(inputs_, request);
    if (!streams) return streams.error();
    streams_ = std::move(*streams);
    report_.simulateSeconds = streams_.seconds;
    report_.crossings = inputs_.events();
    if (auto done = inject(); !done) return done.error();
    compare();
    for (const rtl_gen::ManifestMilestone& milestone : chip_.manifest.milestones) {
      report_.latencies.push_back({milestone.name, milestone.signal, milestone.asked,
                                   accounts_[milestone.signal].measured});
    }
    if (report_.first) {
      report_.reproduce =
          fmt::format("{} --netlist --crossings {}", options_.reproduceWith, inputs_.events());
    } else if (decoder_ != nullptr) {
      decode();
    }
    return std::move(report_);
  }

 private:
  [[nodiscard]] bool wanted(const rtl_gen::ManifestSignal& signal) const {
    if (signal.producer.empty()) return false;
    const auto& milestones = chip_.manifest.milestones;
    return signal.isPort || std::ranges::count(options_.captured, signal.name) > 0 ||
           std::ranges::count(milestones, signal.name, &rtl_gen::ManifestMilestone::signal) > 0;
  }

  Result<void> inject() {
    for (const Fault& fault : options_.faults) {
      const auto capture = std::ranges::find(streams_.captures, fault.signal, &StreamCapture::name);
      const auto wrong = [&](const char* message) {
        return core::badInput("sim.fault", message, fault.signal);
      };
      if (capture == streams_.captures.end() || fault.place != Fault::Place::Capture) {
        return wrong("a fault can't be put on a signal that is not captured");
      }
      const auto element = std::ranges::find(capture->elements, fault.element);
      if (element == capture->elements.end() || fault.bit < 0 ||
          fault.bit >= capture->format.width || fault.crossing >= inputs_.events()) {
        return wrong("the signal has no such element, bit or crossing");
      }
      const std::size_t stream = fault.crossing / streams_.crossings;
      const std::size_t at = stream * streams_.clocks + fault.crossing % streams_.crossings +
                             static_cast<std::size_t>(capture->latency);
      std::int64_t& value =
          capture->values.at(static_cast<std::size_t>(element - capture->elements.begin()), at);
      std::int64_t wrapped = value ^ (std::int64_t{1} << fault.bit);
      if (capture->format.isSigned && fault.bit == capture->format.width - 1) {
        wrapped = value ^ -(std::int64_t{1} << fault.bit);
      }
      value = wrapped;
    }
    return {};
  }

  /// Stream by stream against an interpreter that is reset as the stream was.
  void compare() {
    std::vector<std::string> names;
    for (const StreamCapture& capture : streams_.captures) names.push_back(capture.name);
    core::DesignInterpreter interpreter(*chip_.design, {.keep = names});
    interpreter.configure(config_);
    for (std::size_t s = 0; s < streams_.streams; ++s) {
      const std::size_t first = s * streams_.crossings;
      const std::size_t count = std::min(streams_.crossings, inputs_.events() - first);
      Columns part(inputs_.elements(), count);
      for (std::size_t e = 0; e < inputs_.elements(); ++e) {
        std::ranges::copy(inputs_.column(e).subspan(first, count), part.column(e).begin());
      }
      interpreter.reset();
      static_cast<void>(interpreter.advance(part));
      for (const StreamCapture& capture : streams_.captures) {
        check(capture, s, interpreter.signal(capture.name));
      }
    }
  }

  void check(const StreamCapture& capture, std::size_t stream, const Columns& expected) {
    if (capture.elements.empty()) return;
    const std::size_t clocks = expected.events() + (streams_.clocks - streams_.crossings);
    Columns want(capture.elements.size(), expected.events());
    Columns have(capture.elements.size(), clocks);
    for (std::size_t e = 0; e < capture.elements.size(); ++e) {
      std::ranges::copy(expected.column(capture.elements[e]), want.column(e).begin());
      std::ranges::copy(capture.values.column(e).subspan(stream * streams_.clocks, clocks),
                        have.column(e).begin());
    }
    SignalChecker checker(capture.name, capture.latency,
                          static_cast<int>(streams_.clocks - streams_.crossings) - 1);
    checker.check(want, have);
    report_.compared += checker.compared();
    report_.mismatches += checker.mismatches();
    if (checker.first()) {
      Mismatch mismatch = *checker.first();
      mismatch.crossing += stream * streams_.crossings;
      mismatch.element = capture.elements[mismatch.element];
      if (!report_.first || mismatch.crossing < report_.first->crossing) report_.first = mismatch;
    }
    // Streams agree on a latency, or the one that is off is what is reported.
    SignalAccount& account = accounts_[capture.name];
    if (account.first || checker.measured().clocks != capture.latency) {
      account.measured = checker.measured();
    }
    account.first = false;
  }

  /// What the board makes of the words the gates sent.
  void decode() {
    const core::Function* const function = decoder_->program->find(decoder_->function);
    core::Interpreter decoder(*decoder_->program, decoder_->function);
    const std::size_t events = std::min<std::size_t>(inputs_.events(), options_.keepDecoded);
    Columns words(decoder.eventElements(), inputs_.events());
    std::size_t row = 0;
    for (const core::Port& port : function->inputs) {
      const auto capture = std::ranges::find(streams_.captures, port.name, &StreamCapture::name);
      for (std::uint32_t i = 0; i < port.count; ++i, ++row) {
        if (capture == streams_.captures.end() || capture->missing > 0) continue;
        const auto latency = static_cast<std::size_t>(capture->latency);
        for (std::size_t k = 0; k < inputs_.events(); ++k) {
          const std::size_t at =
              k / streams_.crossings * streams_.clocks + k % streams_.crossings + latency;
          words.at(row, k) = capture->values.at(i, at);
        }
      }
    }
    auto decoded = decoder.run(words);
    if (!decoded) return;
    report_.decoded = Columns(decoded->elements(), events);
    for (std::size_t e = 0; e < decoded->elements(); ++e) {
      std::ranges::copy(decoded->column(e).first(events), report_.decoded.column(e).begin());
    }
  }

  NetlistExecutor& executor_;
  const ChipUnderTest& chip_;
  const DecoderUnderTest* decoder_;
  const Columns& inputs_;
  const core::ConfigValues& config_;
  const CosimOptions& options_;
  StreamRun streams_;
  std::map<std::string, SignalAccount> accounts_;
  CosimReport report_;
};

}  // namespace

Result<CosimReport> cosimulateNetlist(NetlistExecutor& executor, const ChipUnderTest& chip,
                                      const DecoderUnderTest* decoder, const Columns& inputs,
                                      const core::ConfigValues& config,
                                      const CosimOptions& options) {
  return NetlistCosimulation(executor, chip, decoder, inputs, config, options).run();
}

}  // namespace aegen::sim
