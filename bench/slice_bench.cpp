// Times the path from weights to silicon, each figure beside its check of correctness, as JSON.

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/files.hpp"
#include "aegen/core/process.hpp"
#include "aegen/flows/stages.hpp"
#include "aegen/flows/stimuli.hpp"
#include "aegen/flows/synthesis.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/rtl_gen/systemc_emitter.hpp"
#include "aegen/sim/cosimulation.hpp"
#include "aegen/sim/rtl_executor.hpp"

namespace {

using namespace aegen;
namespace fs = std::filesystem;
using ordered = nlohmann::ordered_json;

double timed(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The diagnostic ends the program: a figure without its check would mislead.
template <typename T>
T orDie(core::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "slice_bench: {}\n", result.error().text());
    std::exit(static_cast<int>(result.error().failure));
  }
  return std::move(*result);
}
void orDie(core::Result<void> result) {
  if (result) return;
  fmt::print(stderr, "slice_bench: {}\n", result.error().text());
  std::exit(static_cast<int>(result.error().failure));
}

struct Settings {
  fs::path design = fs::path(AEGEN_SOURCE_DIR) / "examples/econ_t_autoencoder/design.yaml";
  fs::path work = "work_bench";
  std::string json;
  std::uint64_t crossings = 200'000;
  int repeats = 3;
  bool synthesis = true;
};

// Median, smallest and largest of the repeats: the noise floor stands beside the figure.
ordered spread(std::vector<double> values) {
  std::ranges::sort(values);
  return {{"median", values[values.size() / 2]}, {"min", values.front()}, {"max", values.back()}};
}

flows::DesignBundle bundleOf(const Settings& settings, bool loadable) {
  flows::DesignSpec spec = orDie(flows::loadDesignSpec(settings.design));
  spec.loadable = loadable;
  spec.chip.name = loadable ? "econ_t_loadable" : "econ_t_hard_wired";
  spec.events.crossings = settings.crossings;
  return orDie(flows::buildDesign(spec));
}

// Verilog text of the whole chip.
ordered benchGeneration(const Settings& settings, const flows::DesignBundle& bundle) {
  std::vector<double> seconds;
  std::size_t bytes = 0;
  std::string first;
  bool same = true;
  for (int i = 0; i < settings.repeats; ++i) {
    seconds.push_back(timed([&] {
      const auto rtl = orDie(rtl_gen::emitVerilog(bundle.chip));
      std::string text;
      for (const auto& file : rtl.files) text += file.text;
      if (first.empty()) first = text;
      same = same && text == first;
      bytes = text.size();
    }));
  }
  return {{"seconds", spread(seconds)}, {"bytes", bytes}, {"same_text_each_time", same}};
}

ordered benchInterpreter(const Settings& settings, const core::Design& design,
                         const core::Columns& inputs) {
  constexpr std::size_t kBatch = 4096;
  core::DesignInterpreter interpreter(design);
  std::vector<core::Columns> batches;
  for (std::size_t first = 0; first + kBatch <= inputs.events(); first += kBatch) {
    batches.emplace_back(inputs.elements(), kBatch);
    for (std::size_t e = 0; e < inputs.elements(); ++e) {
      std::copy_n(inputs.column(e).data() + first, kBatch, batches.back().column(e).data());
    }
  }
  std::vector<double> rates;
  for (int i = 0; i < settings.repeats; ++i) {
    const double seconds = timed([&] {
      for (const core::Columns& batch : batches) static_cast<void>(orDie(interpreter.run(batch)));
    });
    rates.push_back(static_cast<double>(batches.size() * kBatch) / seconds);
  }
  return {{"crossings_per_second", spread(rates)}, {"threads", 1}};
}

// The verilated design alone: build time, rate, and every output bit against the interpreter.
ordered benchRtl(const Settings& settings, const core::Design& design, const core::Columns& inputs,
                 const std::string& name) {
  const fs::path work = settings.work / name;
  fs::remove_all(work);
  const auto rtl = orDie(rtl_gen::emitVerilog(design));
  orDie(rtl_gen::writeRtl(rtl, work / "rtl"));
  sim::BenchOptions options;
  options.workDir = work;
  const auto executor = orDie(sim::RtlExecutor::create(rtl.manifest, work / "rtl", options));
  std::vector<double> rates;
  core::Columns got;
  for (int i = 0; i < settings.repeats; ++i) {
    got = orDie(executor->run(inputs));
    rates.push_back(static_cast<double>(inputs.events()) / executor->runSeconds());
  }
  core::DesignInterpreter interpreter(design);
  const bool identical = orDie(interpreter.run(inputs)) == got;
  return {{"verilate_and_compile_seconds", executor->buildSeconds()},
          {"crossings_per_second", spread(rates)},
          {"crossings", inputs.events()},
          {"identical_to_interpreter", identical}};
}

// Chip, link and decoder with the scoreboard on.
ordered benchCosim(const Settings& settings, const flows::DesignBundle& bundle,
                   const core::Columns& inputs) {
  const fs::path work = settings.work / "cosim";
  fs::remove_all(work);
  const auto rtl = orDie(rtl_gen::emitVerilog(bundle.chip));
  orDie(rtl_gen::writeRtl(rtl, work / "rtl"));
  const std::string systemc = orDie(rtl_gen::emitSystemC(
      *bundle.decoder, "decode", {"BoardDecoder", bundle.spec.decoderLatency}));
  const sim::ChipUnderTest chip{&bundle.chip, rtl.manifest, work / "rtl"};
  const sim::DecoderUnderTest decoder{&*bundle.decoder, "decode", "BoardDecoder", systemc,
                                      bundle.spec.decoderLatency};
  sim::CosimOptions options;
  options.bench.workDir = work;
  options.captured = {"module_sum", "words"};
  options.keepDecoded = 0;
  std::vector<double> rates;
  double build = 0;
  bool passed = true;
  for (int i = 0; i < settings.repeats; ++i) {
    const auto report = orDie(sim::cosimulate(chip, &decoder, inputs, {}, options));
    rates.push_back(report.crossingsPerSecond());
    build += report.buildSeconds;
    passed = passed && report.passed();
  }
  return {{"verilate_and_compile_seconds", build},
          {"crossings_per_second", spread(rates)},
          {"crossings", inputs.events()},
          {"no_mismatch_and_latency_as_asked", passed}};
}

ordered benchSynthesis(const Settings& settings, const core::Design& design,
                       const std::string& name) {
  const fs::path work = settings.work / name;
  fs::remove_all(work);
  const auto rtl = orDie(rtl_gen::emitVerilog(design));
  orDie(rtl_gen::writeRtl(rtl, work / "rtl"));
  flows::SynthesisOptions options;
  options.jobs = std::max(1U, std::thread::hardware_concurrency());
  options.workDirectory = work / "synth";
  const flows::SynthResult result = orDie(flows::synthesiseDirectory(work / "rtl", options));
  return {{"seconds", result.seconds},
          {"area_um2", result.area},
          {"nand2_equivalents", result.nand2},
          {"flip_flops", result.flipFlops},
          {"depth_cells", result.depth.cells},
          {"library", result.library},
          {"adders", result.adders}};
}

std::string firstLine(const std::vector<std::string>& command) {
  const auto result = core::runProcess(command);
  if (!result || !result->ok()) return {};
  return result->output.substr(0, result->output.find('\n'));
}

int run(const Settings& settings) {
  const flows::DesignBundle loadable = bundleOf(settings, true);
  const flows::DesignBundle hardWired = bundleOf(settings, false);
  const flows::Stimuli stimuli =
      orDie(flows::makeStimuli(loadable.spec.events, loadable.spec.settings, 1));
  core::DesignInterpreter interpreter(loadable.chip);
  static_cast<void>(orDie(interpreter.run(stimuli.rx)));
  const core::Columns charges = interpreter.signal("calq");

  ordered out{
      {"benchmark", "slice"},
      {"aegen", AEGEN_VERSION},
      {"revision", firstLine({"git", "-C", AEGEN_SOURCE_DIR, "describe", "--always", "--dirty"})},
      {"date", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
      {"seed", 1},
      {"processors", std::thread::hardware_concurrency()},
      {"verilator", firstLine({"verilator", "--version"})},
      {"yosys", firstLine({"yosys", "-V"})},
      {"compiler", firstLine({"c++", "--version"})}};
  const auto step = [&](const char* name, const std::function<ordered()>& work) {
    fmt::print("{:<34}", name);
    std::fflush(stdout);
    out[name] = work();
    fmt::print("{}\n", out[name].dump());
  };
  const auto encoderLoadable =
      orDie(encoders::econ_t::encoderOnly(loadable.codec.encoder, "encoder_loadable"));
  const auto encoderHardWired =
      orDie(encoders::econ_t::encoderOnly(hardWired.codec.encoder, "encoder_hard_wired"));
  step("generate_loadable", [&] { return benchGeneration(settings, loadable); });
  step("generate_hard_wired", [&] { return benchGeneration(settings, hardWired); });
  step("interpreter_encoder", [&] { return benchInterpreter(settings, encoderLoadable, charges); });
  step("interpreter_chip", [&] { return benchInterpreter(settings, loadable.chip, stimuli.rx); });
  step("rtl_encoder_loadable",
       [&] { return benchRtl(settings, encoderLoadable, charges, "encoder_loadable"); });
  step("rtl_encoder_hard_wired",
       [&] { return benchRtl(settings, encoderHardWired, charges, "encoder_hard_wired"); });
  step("rtl_chip_loadable",
       [&] { return benchRtl(settings, loadable.chip, stimuli.rx, "chip_loadable"); });
  step("cosim_chip_link_decoder", [&] { return benchCosim(settings, loadable, stimuli.rx); });
  out["ratio_interpreter_to_rtl_encoder"] =
      out["interpreter_encoder"]["crossings_per_second"]["median"].get<double>() /
      out["rtl_encoder_loadable"]["crossings_per_second"]["median"].get<double>();
  if (settings.synthesis) {
    step("synthesis_loadable",
         [&] { return benchSynthesis(settings, loadable.chip, "synth_loadable"); });
    step("synthesis_hard_wired",
         [&] { return benchSynthesis(settings, hardWired.chip, "synth_hard_wired"); });
  }
  if (!settings.json.empty()) orDie(core::writeFile(settings.json, out.dump(2) + "\n"));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Times the path from weights to silicon");
  app.add_option("--design", settings.design, "A design.yaml with a decoder")
      ->capture_default_str();
  app.add_option("--work", settings.work, "Folder for RTL and models")->capture_default_str();
  app.add_option("--json", settings.json, "Where the results go");
  app.add_option("--crossings", settings.crossings, "Of each simulation")->capture_default_str();
  app.add_option("--repeats", settings.repeats, "Runs of each figure")->capture_default_str();
  app.add_flag("!--no-synthesis", settings.synthesis, "Leave Yosys out");
  CLI11_PARSE(app, argc, argv);
  return run(settings);
}
