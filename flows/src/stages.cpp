#include "aegen/flows/stages.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <thread>

#include "aegen/core/files.hpp"
#include "aegen/core/pipeline_design.hpp"
#include "aegen/core/text.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/flows/report.hpp"
#include "aegen/flows/synthesis.hpp"
#include "aegen/flows/timing.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/rtl_gen/systemc_emitter.hpp"
#include "stage_outcomes.hpp"
#include "stage_tools.hpp"

namespace aegen::flows {
namespace {

using core::Result;
namespace fs = std::filesystem;
namespace econ_t = encoders::econ_t;

constexpr const char* kDecoderModule = "BoardDecoder";

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// As a shell takes it back.
std::string quoted(const std::string& text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_./:=,+@").find(c) != std::string_view::npos;
  });
  if (plain) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// This very program: a rebuilt one may find other things in the same design.
std::string programDigest() {
  const auto program = core::readFile("/proc/self/exe");
  return program ? core::digestText(*program) : std::string(AEGEN_VERSION);
}

// "best_choice" as BestChoiceDecoder.
std::string moduleNameOf(std::string_view algorithm) {
  std::string out;
  bool up = true;
  for (const char c : algorithm) {
    if (c != '_') out += up ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    up = c == '_';
  }
  return out + "Decoder";
}

// What the delay model says of the same chip, and how many crossings more would do.
Result<void> addModel(const core::Design& chip, const TimingOptions& options,
                      TimingResult& result) {
  const auto library = loadLiberty(options.corners.front().liberty);
  if (!library) return library.error();
  const auto model = fitDelayModel(*library);
  if (!model) return model.error();
  const core::StageEstimate slowest = core::slowestStage(*model, chip);
  result.modelledMHz = 1000 / (slowest.longest + model->flipFlop + model->setup);
  result.modelledBlock = slowest.block;
  double worst = result.corners.front().slackNs;
  double highest = result.corners.front().highestMHz;
  for (const CornerTiming& corner : result.corners) {
    worst = std::min(worst, corner.slackNs);
    highest = std::min(highest, corner.highestMHz);
  }
  if (worst >= 0) return {};
  core::Design more = chip;
  const auto stats = core::pipelineDesign(*model, more, model->usable(options.periodNs));
  result.advice = fmt::format("a clock of {:.1f} MHz is met", highest);
  if (stats && stats->added > 0) {
    result.advice += fmt::format(
        "; by the delay model {} more crossings and {} register bits meet the one asked for "
        "(timing: latency: meet)",
        stats->added, stats->registerBits);
  }
  return {};
}

}  // namespace

std::string_view text(Stage stage) {
  switch (stage) {
    case Stage::Rtl:
      return "rtl";
    case Stage::Lint:
      return "lint";
    case Stage::Cosim:
      return "cosim";
    case Stage::Synth:
      return "synth";
    case Stage::Timing:
      return "timing";
    case Stage::Report:
      return "report";
  }
  return {};
}

Build::Build(DesignBundle bundle, StageOptions options)
    : bundle_(std::move(bundle)), options_(std::move(options)) {
  if (options_.jobs == 0) options_.jobs = std::max(1U, std::thread::hardware_concurrency());
  if (options_.multipliers) bundle_.spec.multipliers = *options_.multipliers;
}

Result<Build> Build::open(const DesignSpec& spec, const StageOptions& options) {
  DesignSpec own = spec;
  if (!options.liberty.empty()) {
    own.liberty = options.liberty;
    own.corners.clear();
  }
  if (!options.corners.empty()) own.corners = options.corners;
  auto bundle = buildDesign(own);
  if (!bundle) return bundle.error();
  return Build(std::move(*bundle), options);
}

void Build::say(Stage stage, std::string_view step, std::uint64_t done, std::uint64_t total) const {
  if (options_.progress) options_.progress(stage, step, done, total);
}

Result<StageOutcome> Build::run(Stage stage) {
  // RTL is cheap to generate and everything else is made from it.
  auto first = rtl();
  if (!first || stage == Stage::Rtl) return first;
  switch (stage) {
    case Stage::Rtl:
      break;
    case Stage::Lint:
      return lint();
    case Stage::Cosim:
      return cosim({});
    case Stage::Synth:
      return synth();
    case Stage::Timing:
      return timing();
    case Stage::Report:
      return report();
  }
  return first;
}

Result<StageOutcome> Build::cosimulate(const CosimWindow& window) {
  auto first = rtl();
  if (!first) return first;
  return cosim(window);
}

// ---- what is up to date -------------------------------------------------------------------------

std::string Build::designDigest() const {
  return core::digestText(rtlText_) + core::digestText(decoderText_);
}

std::string Build::key(Stage stage) const {
  const DesignSpec& spec = bundle_.spec;
  std::string text = programDigest() + "\n";
  for (const NamedText& tool : toolVersions()) text += tool.text + "\n";
  if (stage == Stage::Cosim) {
    text += fmt::format("{} {} {} {} {} {} {}\n", options_.seed, spec.linkLatency,
                        spec.decoderLatency, static_cast<int>(spec.events.kind), spec.events.regime,
                        spec.events.file.string(), spec.events.crossings);
    if (!spec.events.file.empty()) {
      if (const auto events = core::readFile(spec.events.file)) text += core::digestText(*events);
    }
  }
  const auto addLibrary = [&](const fs::path& liberty) {
    text += liberty.string() + "\n";
    if (const auto library = core::readFile(liberty)) text += core::digestText(*library);
  };
  if (stage == Stage::Synth || stage == Stage::Timing) {
    addLibrary(libertyOf(spec));
    text += fmt::format("{}\n", static_cast<int>(spec.multipliers));
  }
  if (stage == Stage::Timing) {
    text += fmt::format("{}\n", spec.clockMHz.value_or(0));
    for (const Corner& corner : spec.corners) {
      text += corner.name + " ";
      addLibrary(corner.liberty);
    }
  }
  return designDigest() + "\n" + core::digestText(text) + "\n";
}

fs::path Build::keyFile(Stage stage) const {
  return options_.out / "work" / "keys" / std::string(flows::text(stage));
}

template <typename StageFile>
bool Build::upToDate(Stage stage, StageFile& stored) const {
  const auto known = core::readFile(keyFile(stage));
  auto loaded = loadStage<StageFile>(options_.out);
  if (!options_.force && known && *known == key(stage) && loaded) {
    stored = std::move(*loaded);
    return true;
  }
  // Whatever ends the stage now, an older result must not pass for its own.
  drop(stage);
  return false;
}

Result<void> Build::remember(Stage stage) const {
  return core::writeFile(keyFile(stage), key(stage));
}

void Build::drop(Stage stage) const {
  std::error_code error;
  fs::remove(keyFile(stage), error);
  fs::remove(options_.out / fmt::format("{}.json", flows::text(stage)), error);
}

void Build::dropStale() const {
  for (const Stage stage : {Stage::Lint, Stage::Cosim, Stage::Synth, Stage::Timing}) {
    const auto known = core::readFile(keyFile(stage));
    if (!known || known->substr(0, known->find('\n')) != designDigest()) drop(stage);
  }
}

// ---- stages -------------------------------------------------------------------------------------

BuildInfo Build::info() const {
  const DesignSpec& spec = bundle_.spec;
  BuildInfo out;
  out.design = spec.name;
  out.description = spec.description;
  out.designFile = spec.file.string();
  out.aegenVersion = AEGEN_VERSION;
  out.revision = AEGEN_REVISION;
  out.date = nowText();
  out.model = bundle_.codec.name;
  out.modelDescription = bundle_.codec.description;
  out.weights = spec.loadable ? "loadable" : "hard-wired";
  out.seed = options_.seed;
  for (const core::Signal& signal : core::signalsOf(bundle_.chip)) {
    out.formats.push_back({signal.name, fmt::format("{}[{}]", signal.format.text(), signal.count)});
  }
  std::string held;
  for (const auto algorithm : spec.chip.encoders) {
    held += fmt::format("{}{}", held.empty() ? "" : ", ", econ_t::text(algorithm));
  }
  out.options = {{"encoders", held}};
  for (const core::Milestone& milestone : bundle_.chip.milestones) {
    out.options.push_back({milestone.name + " latency",
                           fmt::format("{} crossings from the input", milestone.latency)});
  }
  const std::vector<NamedText> link{
      {"link", fmt::format("{} eTX, {} crossings", spec.settings.activeEtx, spec.linkLatency)},
      {"decoder latency", fmt::format("{} crossings", spec.decoderLatency)}};
  out.options.insert(out.options.end(), link.begin(), link.end());
  out.tools = toolVersions();
  return out;
}

Result<void> Build::writeOutputs() {
  const fs::path rtlFolder = options_.out / "rtl";
  if (auto done = core::writeFile(rtlFolder / "program.air", core::print(bundle_.chip.program));
      !done) {
    return done;
  }
  const fs::path folder = options_.out / "decoder";
  for (const NamedText& decoder : linkDecoderTexts_) {
    if (auto done = core::writeFile(folder / decoder.name, decoder.text); !done) return done;
  }
  if (!bundle_.decoder) return {};
  if (auto done = core::writeFile(folder / "board_decoder.hpp", decoderText_); !done) return done;
  return core::writeFile(folder / "decoder.air", core::print(*bundle_.decoder));
}

Result<StageOutcome> Build::rtl() {
  if (rtl_) return rtlOutcome(*rtl_, true);
  say(Stage::Rtl, "generating Verilog and SystemC");
  const auto start = std::chrono::steady_clock::now();
  RtlResult result;
  result.checks = programChecks(bundle_);
  if (!bundle_.passes.empty()) {
    result.checks.push_back(passesCheck(bundle_, options_.seed));
  }
  if (auto bound = decoderBoundCheck(bundle_)) result.checks.push_back(std::move(*bound));
  result.passes = passResults(bundle_.passes);
  const auto rtl = rtl_gen::emitVerilog(bundle_.chip);
  if (!rtl) return rtl.error();
  std::string decoderText;
  if (bundle_.decoder) {
    auto systemc = rtl_gen::emitSystemC(*bundle_.decoder, "decode",
                                        {kDecoderModule, bundle_.spec.decoderLatency});
    if (!systemc) return systemc.error();
    decoderText = std::move(*systemc);
    result.files.push_back("decoder/board_decoder.hpp");
  }
  linkDecoderTexts_.clear();
  for (const auto& decoder : bundle_.decoders) {
    const auto name = econ_t::text(decoder.algorithm);
    auto systemc = rtl_gen::emitSystemC(decoder.program, decoder.function,
                                        {moduleNameOf(name), bundle_.spec.decoderLatency});
    if (!systemc) return systemc.error();
    linkDecoderTexts_.push_back({fmt::format("decode_{}.hpp", name), std::move(*systemc)});
    result.files.push_back("decoder/" + linkDecoderTexts_.back().name);
  }
  std::string rtlText;
  for (const rtl_gen::VerilogFile& file : rtl->files) {
    rtlText += file.text;
    result.files.push_back("rtl/" + file.name);
    result.lines += static_cast<std::uint64_t>(std::ranges::count(file.text, '\n'));
  }
  result.modules = rtl->modules.size();
  for (const rtl_gen::ManifestModule& module : rtl->manifest.modules) {
    result.instances += module.instances;
  }
  for (const rtl_gen::ManifestMilestone& milestone : rtl->manifest.milestones) {
    result.milestones.push_back({milestone.name, milestone.asked, milestone.planned});
  }
  rtlText_ = std::move(rtlText);
  decoderText_ = std::move(decoderText);
  if (auto written = rtl_gen::writeRtl(*rtl, options_.out / "rtl"); !written) {
    return written.error();
  }
  if (auto written = writeOutputs(); !written) return written.error();
  dropStale();
  result.seconds = secondsSince(start);
  if (auto saved = saveStage(info(), options_.out); !saved) return saved.error();
  if (auto saved = saveStage(result, options_.out); !saved) return saved.error();
  rtl_ = result;
  return rtlOutcome(result, false);
}

Result<StageOutcome> Build::lint() {
  LintResult result;
  if (upToDate(Stage::Lint, result)) return lintOutcome(result, true);
  auto linted = runLint(bundle_.chip, options_.out / "rtl",
                        [&](std::string_view step) { say(Stage::Lint, step); });
  if (!linted) return linted.error();
  if (auto saved = saveStage(*linted, options_.out); !saved) return saved.error();
  if (auto kept = remember(Stage::Lint); !kept) return kept.error();
  return lintOutcome(*linted, false);
}

CosimRequest Build::cosimRequest(const CosimWindow& window) const {
  CosimRequest request;
  request.bundle = &bundle_;
  request.rtlFolder = options_.out / "rtl";
  request.workDir = options_.out / "work" / "cosim";
  request.systemc = decoderText_;
  request.decoderModule = kDecoderModule;
  request.seed = options_.seed;
  request.jobs = options_.jobs;
  request.window = window;
  request.reproduceWith = fmt::format(
      "aegen cosim {} -o {} --seed {} --crossings {}", quoted(bundle_.spec.file.string()),
      quoted(options_.out.string()), options_.seed, bundle_.spec.events.crossings);
  if (!window.fault.empty()) request.reproduceWith += " --fault " + quoted(window.fault);
  request.progress = [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
    say(Stage::Cosim, step, done, total);
  };
  return request;
}

Result<StageOutcome> Build::cosimulateNetlist(const CosimWindow& window, unsigned lanes) {
  if (!window.trace.empty() || window.from != 0 || window.count != 0) {
    return core::badInput("cosim.netlist-window",
                          "gates are simulated in streams side by side: there is no window of "
                          "crossings and no waveform",
                          "--netlist", {"leave out --from, --count and --trace"});
  }
  for (const Stage stage : {Stage::Rtl, Stage::Synth}) {
    auto first = run(stage);
    if (!first || !first->passed) return first;
  }
  auto done = runCosim(netlistRequest(window, lanes));
  if (!done) return done.error();
  return cosimOutcome(*done, false);
}

CosimRequest Build::netlistRequest(const CosimWindow& window, unsigned lanes) const {
  CosimRequest request = cosimRequest(window);
  request.netlist = true;
  request.lanes = lanes;
  request.synthFolder = options_.out / "work" / "synth";
  request.liberty = libertyOf(bundle_.spec);
  return request;
}

Result<PowerResult> Build::power(const PowerRequest& request, unsigned lanes) {
  for (const Stage stage : {Stage::Rtl, Stage::Synth}) {
    const auto first = run(stage);
    if (!first) return first.error();
  }
  auto result = runPower(netlistRequest({}, lanes), request);
  if (!result) return result;
  if (auto written = core::writeFile(options_.out / "power.json", powerJson(*result)); !written) {
    return written.error();
  }
  return result;
}

Result<StageOutcome> Build::cosim(const CosimWindow& window) {
  CosimResult result;
  if (window.whole() && upToDate(Stage::Cosim, result)) return cosimOutcome(result, true);
  const CosimRequest request = cosimRequest(window);
  auto done = runCosim(request);
  if (!done) return done.error();
  if (window.whole()) {
    if (auto saved = saveStage(*done, options_.out); !saved) return saved.error();
    if (auto kept = remember(Stage::Cosim); !kept) return kept.error();
  }
  return cosimOutcome(*done, false);
}

Result<StageOutcome> Build::synth() {
  SynthResult result;
  if (upToDate(Stage::Synth, result)) return synthOutcome(result, true);
  SynthesisOptions options;
  options.liberty = libertyOf(bundle_.spec);
  options.multipliers = bundle_.spec.multipliers;
  options.jobs = options_.jobs;
  options.workDirectory = options_.out / "work" / "synth";
  options.progress = [&](const SynthesisProgress& step) {
    say(Stage::Synth, step.modules.empty() ? "elaborated" : "mapped " + step.modules.front(),
        step.done, step.total);
  };
  say(Stage::Synth, "elaborating");
  auto done = synthesiseDirectory(options_.out / "rtl", options);
  if (!done) return done.error();
  if (auto saved = saveStage(*done, options_.out); !saved) return saved.error();
  if (auto kept = remember(Stage::Synth); !kept) return kept.error();
  return synthOutcome(*done, false);
}

Result<StageOutcome> Build::timing() {
  const DesignSpec& spec = bundle_.spec;
  TimingResult result;
  if (upToDate(Stage::Timing, result)) return timingOutcome(result, true);
  const auto mapped = synth();
  if (!mapped) return mapped.error();
  TimingOptions options;
  options.netlist = options_.out / "work" / "synth";
  options.workDirectory = options_.out / "work" / "timing";
  options.periodNs = 1000 / spec.clockMHz.value_or(kLhcClockMHz);
  options.corners = spec.corners;
  if (options.corners.empty() || options.corners.front().liberty != libertyOf(spec)) {
    options.corners.insert(options.corners.begin(), {"typical", libertyOf(spec)});
  }
  say(Stage::Timing, "OpenSTA");
  auto done = analyseTimingDirectory(options_.out / "rtl", options);
  if (!done) return done.error();
  done->askedMHz = spec.clockMHz.value_or(0);
  if (auto modelled = addModel(bundle_.chip, options, *done); !modelled) return modelled.error();
  if (auto saved = saveStage(*done, options_.out); !saved) return saved.error();
  if (auto kept = remember(Stage::Timing); !kept) return kept.error();
  return timingOutcome(*done, false);
}

Result<StageOutcome> Build::report() {
  say(Stage::Report, "writing report");
  auto written = writeReport(options_.out);
  if (!written) return written.error();
  const auto inputs = loadReportInputs(options_.out);
  if (!inputs) return inputs.error();
  StageOutcome out;
  out.stage = Stage::Report;
  for (const ReportCheck& check : checksOf(*inputs)) {
    if (check.status != CheckStatus::Fail) continue;
    out.findings.push_back(fmt::format("{}: {} failed", check.stage, check.name));
  }
  out.passed = out.findings.empty();
  out.summary = (options_.out / "report.html").string();
  out.json = *written;
  return out;
}

}  // namespace aegen::flows
