// Times the path from weights to silicon, each figure beside its check of correctness, as JSON.

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/files.hpp"
#include "aegen/flows/stimuli.hpp"
#include "aegen/flows/synthesis.hpp"
#include "executors.hpp"

namespace {

using namespace aegen;
using namespace aegen::bench;
namespace fs = std::filesystem;

struct SliceSettings : Settings {
  bool synthesis = true;
};

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

ordered run(const SliceSettings& settings) {
  const flows::DesignBundle loadable = bundleOf(settings, true);
  const flows::DesignBundle hardWired = bundleOf(settings, false);
  const flows::Stimuli stimuli =
      orDie(flows::makeStimuli(loadable.spec.events, loadable.spec.settings, settings.seed));
  core::DesignInterpreter interpreter(loadable.chip, {.keep = std::vector<std::string>{"calq"}});
  orDie(interpreter.advance(stimuli.rx));
  const core::Columns& charges = interpreter.signal("calq");

  ordered out = header("slice", settings,
                       {{"verilator", "--version"}, {"yosys", "-V"}, {"c++", "--version"}});
  const auto step = [&](const char* name, const std::function<ordered()>& work) {
    fmt::print("{:<34}", name);
    std::fflush(stdout);
    out[name] = work();
    fmt::print("{}\n", out[name].dump());
  };
  const auto rtl = [&](const char* name, const core::Design& design, const core::Columns& inputs) {
    step(name, [&] { return rtlRate(settings, subject(settings, name, design, inputs)).json(); });
  };
  step("generate_loadable", [&] { return benchGeneration(settings, loadable); });
  step("generate_hard_wired", [&] { return benchGeneration(settings, hardWired); });
  const auto encoderOf = [](const flows::DesignBundle& bundle, const char* name) {
    return orDie(encoders::econ_t::encoderOnly(bundle.codec.encoder, name));
  };
  rtl("rtl_encoder_loadable", encoderOf(loadable, "encoder_loadable"), charges);
  rtl("rtl_encoder_hard_wired", encoderOf(hardWired, "encoder_hard_wired"), charges);
  rtl("rtl_chip_loadable", loadable.chip, stimuli.rx);
  step("cosim_chip_link_decoder", [&] {
    const Subject chip = subject(settings, "cosim", loadable.chip, stimuli.rx);
    return scoreboardRate(settings, chip, loadable, true).json();
  });
  if (settings.synthesis) {
    step("synthesis_loadable",
         [&] { return benchSynthesis(settings, loadable.chip, "synth_loadable"); });
    step("synthesis_hard_wired",
         [&] { return benchSynthesis(settings, hardWired.chip, "synth_hard_wired"); });
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  SliceSettings settings;
  CLI::App app("Times the path from weights to silicon");
  addOptions(app, settings);
  app.add_flag("!--no-synthesis", settings.synthesis, "Leave Yosys out");
  CLI11_PARSE(app, argc, argv);
  const ordered results = run(settings);
  if (!settings.json.empty()) orDie(core::writeFile(settings.json, results.dump(2) + "\n"));
  return 0;
}
