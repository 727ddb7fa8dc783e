#include "executors.hpp"

#include <algorithm>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/flows/board_run.hpp"
#include "aegen/rtl_gen/systemc_emitter.hpp"
#include "aegen/sim/board.hpp"
#include "aegen/sim/cosimulation.hpp"
#include "aegen/sim/rtl_executor.hpp"

namespace aegen::bench {
namespace {

namespace fs = std::filesystem;

// Runs `once` as often as the settings say; it gives the seconds that count.
template <typename F>
void repeat(const Settings& settings, Rate& rate, F once) {
  for (int i = 0; i < settings.repeats; ++i) {
    const double before = processorSeconds();
    const double seconds = once();
    rate.processorSeconds.push_back(processorSeconds() - before);
    rate.perSecond.push_back(static_cast<double>(rate.crossings) / seconds);
  }
}

core::DesignInterpreterOptions onThreads(unsigned threads) {
  return {.keep = std::vector<std::string>{}, .threads = threads};
}

}  // namespace

std::vector<double> Rate::perProcessorSecond() const {
  std::vector<double> out;
  for (const double seconds : processorSeconds) {
    out.push_back(static_cast<double>(crossings) / seconds);
  }
  return out;
}

ordered Rate::json() const {
  ordered out{{"crossings_per_second", spread(perSecond)},
              {"crossings_per_processor_second", spread(perProcessorSecond())},
              {"crossings", crossings},
              {"threads", threads},
              {"checked", checked},
              {"correct", correct}};
  out.update(more);
  return out;
}

Subject subject(const Settings& settings, const std::string& name, const core::Design& design,
                core::Columns inputs) {
  Subject out{
      name, &design, std::move(inputs), orDie(rtl_gen::emitVerilog(design)), settings.work / name,
      {}};
  fs::remove_all(out.work);
  orDie(rtl_gen::writeRtl(out.rtl, out.work / "rtl"));
  core::DesignInterpreter interpreter(design, onThreads(0));
  out.expected = orDie(interpreter.run(out.inputs));
  return out;
}

Rate interpreterRate(const Settings& settings, const Subject& subject, unsigned threads,
                     const core::Columns& witness) {
  constexpr std::size_t kLargestBatch = 16384;
  const std::size_t events = subject.inputs.events();
  const std::size_t size = std::min(kLargestBatch, events);
  constexpr std::size_t kPasses = 20;  // long enough for a clock
  core::DesignInterpreter interpreter(*subject.design, onThreads(threads));
  std::vector<core::Columns> batches;
  for (std::size_t first = 0; first + size <= events; first += size) {
    batches.push_back(part(subject.inputs, first, size));
  }
  Rate rate;
  rate.crossings = batches.size() * size * kPasses;
  rate.threads = threads;
  orDie(interpreter.advance(batches.front()));  // memory and tape are there from now on
  repeat(settings, rate, [&] {
    return timed([&] {
      for (std::size_t pass = 0; pass < kPasses; ++pass) {
        for (const core::Columns& batch : batches) orDie(interpreter.advance(batch));
      }
    });
  });
  interpreter.reset();
  rate.checked = "all output bits against the Verilated RTL";
  rate.correct = orDie(interpreter.run(subject.inputs)) == witness;
  return rate;
}

Rate rtlRate(const Settings& settings, const Subject& subject, core::Columns* outputs) {
  sim::BenchOptions options;
  options.workDir = subject.work;
  options.seed = settings.seed;
  const auto create = [&] {
    return orDie(sim::RtlExecutor::create(subject.rtl.manifest, subject.work / "rtl", options));
  };
  Rate rate;
  rate.crossings = subject.inputs.events();
  rate.threads = 2;
  rate.more["threads_are"] = "the model; packing and unpacking of rows";
  rate.more["verilate_and_compile_seconds"] = create()->buildSeconds();
  rate.checked = "all output bits against the interpreter";
  rate.correct = true;
  core::Columns got;
  repeat(settings, rate, [&] {
    const auto executor = create();
    got = orDie(executor->run(subject.inputs));
    rate.correct = rate.correct && got == subject.expected;
    return executor->runSeconds();
  });
  if (outputs != nullptr) *outputs = std::move(got);
  return rate;
}

Rate scoreboardRate(const Settings& settings, const Subject& subject,
                    const flows::DesignBundle& bundle, bool withDecoder) {
  const sim::ChipUnderTest chip{subject.design, subject.rtl.manifest, subject.work / "rtl"};
  sim::DecoderUnderTest decoder;
  if (withDecoder) {
    decoder = {&*bundle.decoder, "decode", "BoardDecoder",
               orDie(rtl_gen::emitSystemC(*bundle.decoder, "decode",
                                          {"BoardDecoder", bundle.spec.decoderLatency})),
               bundle.spec.decoderLatency};
  }
  sim::CosimOptions options;
  options.bench.workDir = subject.work;
  options.bench.seed = settings.seed;
  options.captured = {"module_sum", "words"};
  options.keepDecoded = 0;
  const auto run = [&](const core::Columns& inputs) {
    return orDie(sim::cosimulate(chip, withDecoder ? &decoder : nullptr, inputs, {}, options));
  };
  Rate rate;
  rate.crossings = subject.inputs.events();
  rate.threads = 2;
  rate.more["threads_are"] = "the simulation; interpreter and scoreboard";
  rate.more["verilate_and_compile_seconds"] = run(part(subject.inputs, 0, 1)).buildSeconds;
  rate.checked = "outputs and milestones by the scoreboard; latencies as asked";
  rate.correct = true;
  repeat(settings, rate, [&] {
    const sim::CosimReport report = run(subject.inputs);
    rate.correct = rate.correct && report.passed();
    rate.more["values_compared"] = report.compared;
    return report.simulateSeconds;
  });
  return rate;
}

namespace {

// The chip's links as modules of a board that decodes what the design's algorithm sends.
struct BoardSubject {
  sim::BoardPlan plan;
  std::vector<sim::ModuleWords> words;
};
BoardSubject boardSubject(const Subject& subject, const flows::DesignBundle& bundle,
                          std::size_t modules) {
  namespace econ_t = encoders::econ_t;
  const econ_t::ChipSettings& settings = bundle.spec.settings;
  BoardSubject out;
  const auto decoder =
      std::ranges::find(bundle.decoders, settings.algorithm, &econ_t::LinkDecoder::algorithm);
  out.plan.kinds = {{decoder->function, &decoder->program, decoder->function}};
  sim::BoardModule module;
  module.config = econ_t::decoderConfig(settings.algorithm, econ_t::decoderSettings(settings));
  if (settings.algorithm == econ_t::Algorithm::Autoencoder) {
    module.config.merge(econ_t::givenConditions(bundle.codec.decoder, bundle.codec.conditions));
  }
  module.format = flows::linkFormat(settings, decoder->shape);
  module.receiver.startBx = 0;
  sim::ModuleWords words;
  for (std::size_t k = 0; k < subject.expected.events(); ++k) {
    for (std::uint32_t i = 0; i < module.format.words; ++i) {
      const std::int64_t word = subject.expected.at(i / 2, k);
      words.push_back(static_cast<std::uint16_t>(word >> (i % 2 == 0 ? 16 : 0)));
    }
  }
  for (std::size_t m = 0; m < modules; ++m) {
    module.name = fmt::format("module_{}", m);
    out.plan.modules.push_back(module);
    out.words.push_back(words);
  }
  return out;
}

}  // namespace

Rate boardRate(const Settings& settings, const Subject& subject, const flows::DesignBundle& bundle,
               std::size_t modules, bool systemC) {
  const BoardSubject board = boardSubject(subject, bundle, modules);
  sim::BenchOptions options;
  options.workDir = subject.work / "board";
  options.seed = settings.seed;
  const auto run = [&](bool inSystemC) {
    return orDie(inSystemC ? sim::runBoard(board.plan, board.words, options)
                           : sim::runBoardModel(board.plan, board.words));
  };
  const auto expected = run(!systemC);
  Rate rate;
  rate.crossings = subject.expected.events() * modules;
  rate.threads = systemC ? 2 : 1;
  rate.more["modules"] = modules;
  rate.checked = systemC ? "every record and charge against receivers and interpreter"
                         : "every record and charge against the SystemC board";
  if (systemC) static_cast<void>(run(true));  // compiles
  rate.correct = true;
  repeat(settings, rate, [&] {
    std::vector<sim::ModuleResult> got;
    const double seconds = timed([&] { got = run(systemC); });
    rate.correct = rate.correct && got.size() == expected.size();
    for (std::size_t m = 0; rate.correct && m < got.size(); ++m) {
      rate.correct =
          got[m].outputs == expected[m].outputs &&
          std::ranges::equal(got[m].records, expected[m].records, [](const auto& a, const auto& b) {
            // When a result leaves the board is the board's own.
            return a.decoded == b.decoded && a.received.index == b.received.index &&
                   a.received.status == b.received.status;
          });
    }
    return seconds;
  });
  return rate;
}

}  // namespace aegen::bench
