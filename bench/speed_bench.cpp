// Crossings a second of every way to compute one design on the same stimuli, each beside its check:
// interpreter, Verilated RTL without and with the scoreboard, the SystemC system, Icarus Verilog.

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/files.hpp"
#include "aegen/flows/stimuli.hpp"
#include "executors.hpp"

namespace {

using namespace aegen;
using namespace aegen::bench;

struct SpeedSettings : Settings {
  std::size_t icarusCrossings = 200;  // it is slow
};

class SpeedBench {
 public:
  explicit SpeedBench(const SpeedSettings& settings)
      : settings_(settings),
        bundle_(bundleOf(settings, true)),
        out_(header("speed", settings,
                    {{"verilator", "--version"}, {"iverilog", "-V"}, {"c++", "--version"}})) {}

  ordered run() {
    const flows::Stimuli stimuli =
        orDie(flows::makeStimuli(bundle_.spec.events, bundle_.spec.settings, settings_.seed));
    out_["design"] = bundle_.spec.name;
    out_["stimuli"] = stimuli.description;
    core::DesignInterpreter interpreter(bundle_.chip,
                                        {.keep = std::vector<std::string>{"calq"}, .threads = 0});
    orDie(interpreter.advance(stimuli.rx));
    const core::Design encoder =
        orDie(encoders::econ_t::encoderOnly(bundle_.codec.encoder, "encoder"));
    everyExecutor(subject(settings_, "encoder", encoder, interpreter.signal("calq")));
    const Subject chip = subject(settings_, "chip", bundle_.chip, stimuli.rx);
    everyExecutor(chip);
    systemRows(chip);
    return std::move(out_);
  }

 private:
  struct Medians {
    double wall = 0;
    double processor = 0;
  };

  void row(const std::string& name, const Rate& rate) {
    out_["rows"][name] = rate.json();
    medians_[name] = {median(rate.perSecond), median(rate.perProcessorSecond())};
    fmt::print("{:<34}{:>14.0f} crossings/s {:>14.0f} a processor second  {}\n", name,
               medians_[name].wall, medians_[name].processor, rate.correct ? "correct" : "WRONG");
    std::fflush(stdout);
  }

  void ratio(const std::string& name, const std::string& over, const std::string& under) {
    const Medians& a = medians_.at(over);
    const Medians& b = medians_.at(under);
    out_["ratios"][name] = a.wall / b.wall;
    out_["ratios_by_processor_time"][name] = a.processor / b.processor;
  }

  // What any design can be computed with.
  void everyExecutor(const Subject& subject) {
    const std::string& name = subject.name;
    core::Columns witness;
    row(name + "_rtl", rtlRate(settings_, subject, &witness));
    const unsigned all = std::max(1U, std::thread::hardware_concurrency());
    row(name + "_interpreter_1_thread", interpreterRate(settings_, subject, 1, witness));
    row(name + "_interpreter_all_threads", interpreterRate(settings_, subject, all, witness));
    row(name + "_icarus", icarusRate(settings_, subject, settings_.icarusCrossings));
    ratio(name + "_interpreter_threads", name + "_interpreter_all_threads",
          name + "_interpreter_1_thread");
    ratio(name + "_interpreter_to_rtl", name + "_interpreter_1_thread", name + "_rtl");
    ratio(name + "_interpreter_to_icarus", name + "_interpreter_1_thread", name + "_icarus");
    ratio(name + "_rtl_to_icarus", name + "_rtl", name + "_icarus");
  }

  // What surrounds the chip.
  void systemRows(const Subject& chip) {
    row("chip_rtl_scoreboard", scoreboardRate(settings_, chip, bundle_, false));
    row("chip_link_decoder_scoreboard", scoreboardRate(settings_, chip, bundle_, true));
    ratio("scoreboard_to_rtl", "chip_rtl_scoreboard", "chip_rtl");
    ratio("system_to_rtl", "chip_link_decoder_scoreboard", "chip_rtl");
    ratio("system_to_icarus", "chip_link_decoder_scoreboard", "chip_icarus");
    constexpr std::size_t kModules = 8;
    row("board_systemc", boardRate(settings_, chip, bundle_, kModules, true));
    row("board_interpreter", boardRate(settings_, chip, bundle_, kModules, false));
    ratio("board_systemc_to_icarus", "board_systemc", "chip_icarus");
    ratio("board_systemc_to_interpreter", "board_systemc", "board_interpreter");
  }

  const SpeedSettings& settings_;
  flows::DesignBundle bundle_;
  std::map<std::string, Medians> medians_;
  ordered out_;
};

}  // namespace

int main(int argc, char** argv) {
  SpeedSettings settings;
  CLI::App app("Times every way to compute a design, against Icarus Verilog");
  addOptions(app, settings);
  app.add_option("--icarus-crossings", settings.icarusCrossings, "Of each run of Icarus Verilog")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  CLI11_PARSE(app, argc, argv);
  const ordered results = SpeedBench(settings).run();
  if (!settings.json.empty()) orDie(core::writeFile(settings.json, results.dump(2) + "\n"));
  const auto& rows = results["rows"];
  return std::ranges::all_of(rows, [](const auto& row) { return row["correct"]; }) ? 0 : 1;
}
