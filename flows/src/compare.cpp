#include "aegen/flows/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/flows/stages.hpp"
#include "aegen/flows/stimuli.hpp"
#include "aegen/flows/synthesis.hpp"
#include "aegen/sim/rtl_executor.hpp"
#include "chip_inputs.hpp"
#include "compare_board.hpp"
#include "compare_variants.hpp"

namespace aegen::flows {
namespace {

using core::Columns;
using core::Result;
namespace econ_t = encoders::econ_t;
namespace fs = std::filesystem;
using econ_t::Algorithm;

// A design of the comparison.
struct Subject {
  std::unique_ptr<Build> build;
  rtl_gen::ModuleManifest manifest;
  std::optional<SynthResult> synthesis;
  fs::path folder;
  std::vector<CompareVariant> variants;

  [[nodiscard]] const DesignBundle& bundle() const { return build->bundle(); }
};

// What goes into the chips of one design.
struct Input {
  Columns rx;  ///< with kFlush crossings without charge behind; empty without a front end
  std::vector<data::Event> truth;
  std::string description;
  bool highDensity = true;
};

// A chip's settings on a sample; variants that differ on the board alone share it.
struct Task {
  std::size_t subject = 0;
  std::size_t sample = 0;
  CompareVariant variant;
  int etx = 0;
};
struct TaskResult {
  Columns tx;
  std::uint64_t wrong = 0;
  double stringBits = 0;
};

class Comparer {
 public:
  explicit Comparer(const CompareOptions& options) : options_(options) {
    if (options_.jobs == 0) options_.jobs = std::max(1U, std::thread::hardware_concurrency());
  }

  Result<Comparison> run() {
    const auto start = std::chrono::steady_clock::now();
    if (options_.designs.empty() || options_.samples.empty()) {
      return core::badInput("compare.nothing", "there is nothing to compare", {},
                            {"name at least one design and one sample of events"});
    }
    if (auto good = check(); !good) return good.error();
    for (Subject& subject : subjects_) {
      if (auto good = generate(subject); !good) return good.error();
    }
    out_.revision = AEGEN_REVISION;
    out_.seed = options_.seed;
    for (std::size_t s = 0; s < options_.samples.size(); ++s) {
      if (auto good = compareOn(s); !good) return good.error();
    }
    costs();
    out_.remarks = autoencoderRemarks(out_);
    out_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(out_);
  }

 private:
  void say(std::string_view step, std::uint64_t done = 0, std::uint64_t total = 0) {
    if (!options_.progress) return;
    const std::lock_guard lock(progress_);
    options_.progress(step, done, total);
  }

  // Finds what can be found wrong with designs, links and samples before anything is written.
  Result<void> check() {
    for (const fs::path& design : options_.designs) {
      if (auto good = open(design); !good) return good;
    }
    if (tasksOf(0).empty()) {
      return core::badInput(
          "compare.etx",
          options_.firstEtx == options_.lastEtx
              ? fmt::format("no encoder of the designs is compared with {} eTX", options_.firstEtx)
              : fmt::format("no encoder of the designs is compared with {} to {} eTX",
                            options_.firstEtx, options_.lastEtx),
          {},
          {"a repeater needs links for every cell; super trigger cells send nothing with more "
           "links than they use; a design has no more than its shape.etx"});
    }
    for (const CompareSample& sample : options_.samples) {
      say("reading " + sample.name);
      CompareSample little = sample;
      if (sample.source.kind == EventSource::Kind::Generator) little.source.crossings = 1;
      for (const Subject& subject : subjects_) {
        if (auto input = inputOf(subject, little); !input) return input.error();
      }
    }
    return {};
  }

  Result<void> open(const fs::path& file) {
    auto spec = loadDesignSpec(file);
    if (!spec) return spec.error();
    spec->chip.frontEnd = options_.frontEnd;
    const auto namesake = [&](const Subject& other) {
      return other.bundle().spec.name == spec->name;
    };
    if (std::ranges::any_of(subjects_, namesake)) {
      return core::badInput("compare.names", "two designs are named '" + spec->name + "'",
                            file.string(), {"rows and folders are told apart by 'name'"});
    }
    if (spec->chip.shape.channels != econ_t::kTriggerCells) {
      return core::badInput(
          "compare.shape",
          fmt::format("the design has {} channels, but events have {} trigger cells",
                      spec->chip.shape.channels, econ_t::kTriggerCells),
          file.string());
    }
    Subject subject;
    subject.folder = options_.out / spec->name;
    StageOptions stages;
    stages.out = subject.folder;
    stages.seed = options_.seed;
    stages.jobs = options_.jobs;
    stages.liberty = options_.liberty;
    stages.progress = [this](Stage stage, std::string_view step, std::uint64_t done,
                             std::uint64_t total) {
      say(fmt::format("{}: {}", flows::text(stage), step), done, total);
    };
    auto build = Build::open(*spec, stages);
    if (!build) return build.error();
    subject.build = std::make_unique<Build>(std::move(*build));
    const DesignSpec& read = subject.bundle().spec;
    if (read.holds(Algorithm::Autoencoder) && subject.bundle().codec.decoder.nodes.empty()) {
      return core::badInput("compare.decoder", "the model of the autoencoder has no decoder",
                            read.model.string(),
                            {"name an aegen model (docs/model_file.md) in " + file.string()});
    }
    subject.variants = variantsOf(read);
    nameApart(subject);
    subjects_.push_back(std::move(subject));
    return {};
  }

  Result<void> generate(Subject& subject) {
    for (const Stage stage : {Stage::Rtl, Stage::Synth}) {
      if (stage == Stage::Synth && !options_.area) continue;
      const auto outcome = subject.build->run(stage);
      if (!outcome) return outcome.error();
    }
    if (options_.area) {
      auto synthesis = loadStage<SynthResult>(subject.folder);
      if (!synthesis) return synthesis.error();
      out_.library = synthesis->library;
      out_.designs.push_back({subject.bundle().spec.name, synthesis->area, synthesis->flipFlops});
      subject.synthesis = std::move(*synthesis);
    }
    auto manifest = rtl_gen::loadManifest(subject.folder / "rtl" / "manifest.json");
    if (!manifest) return manifest.error();
    subject.manifest = std::move(*manifest);
    return {};
  }

  // Variants of several designs carry the design's name.
  void nameApart(Subject& subject) {
    for (CompareVariant& variant : subject.variants) {
      if (options_.designs.size() > 1) variant.name += " (" + variant.design + ")";
      out_.variants.push_back(variant);
    }
  }

  static std::vector<data::RxCrossing> wordsOf(const Columns& rx) {
    std::vector<data::RxCrossing> out(rx.events());
    for (std::size_t k = 0; k < out.size(); ++k) {
      for (std::size_t w = 0; w < out[k].size(); ++w) {
        out[k][w] = static_cast<std::uint32_t>(rx.at(w, k));
      }
    }
    return out;
  }

  Result<Input> inputOf(const Subject& subject, const CompareSample& sample) const {
    Input out;
    econ_t::ChipSettings settings = subject.bundle().spec.settings;
    settings.highDensity = sample.highDensity.value_or(settings.highDensity);
    out.highDensity = settings.highDensity;
    auto stimuli = makeStimuli(sample.source, settings, options_.seed);
    if (!stimuli) return stimuli.error();
    out.description = stimuli->description;
    if (!options_.frontEnd) {
      out.truth = std::move(stimuli->truth);
      return out;
    }
    if (options_.truthAsGiven) {
      out.truth = std::move(stimuli->truth);
    } else {
      auto seen = data::decodeRx(wordsOf(stimuli->rx), econ_t::inputSettings(settings));
      if (!seen) return seen.error();
      out.truth = std::move(*seen);
    }
    out.rx = flushed(stimuli->rx);
    return out;
  }

  Result<void> compareOn(std::size_t sample) {
    const CompareSample& asked = options_.samples[sample];
    say("reading " + asked.name);
    std::vector<Input> inputs;
    for (const Subject& subject : subjects_) {
      auto input = inputOf(subject, asked);
      if (!input) return input.error();
      inputs.push_back(std::move(*input));
    }
    out_.samples.push_back(asked.name);
    out_.descriptions.push_back(fmt::format("{}; {} crossings, {}", inputs.front().description,
                                            inputs.front().truth.size(), describe(inputs)));
    const std::vector<Task> tasks = tasksOf(sample);
    std::vector<TaskResult> results(tasks.size());
    if (auto good = simulate(tasks, inputs, results); !good) return good;
    return decode(tasks, inputs, results);
  }

  // What the chips get and what the board's charges are compared with.
  std::string describe(const std::vector<Input>& inputs) const {
    if (!options_.frontEnd) return "charges without the front end's codes, compared with these";
    const bool high = inputs.front().highDensity;
    const bool alike =
        std::ranges::all_of(inputs, [&](const Input& input) { return input.highDensity == high; });
    return fmt::format("{}; compared with the charges {}",
                       alike ? fmt::format("{}-density codes", high ? "high" : "low")
                             : std::string("codes of high or low density as each design says"),
                       options_.truthAsGiven ? "as given" : "the chip makes of its codes");
  }

  std::vector<Task> tasksOf(std::size_t sample) const {
    std::vector<Task> tasks;
    for (std::size_t s = 0; s < subjects_.size(); ++s) {
      const Subject& subject = subjects_[s];
      const DesignSpec& spec = subject.bundle().spec;
      for (const CompareVariant& variant : subject.variants) {
        const auto same = [&](const Task& task) {
          return task.subject == s && task.variant.algorithm == variant.algorithm &&
                 task.variant.stcType == variant.stcType;
        };
        if (std::ranges::any_of(tasks, same)) continue;
        const int last = std::min(options_.lastEtx, spec.chip.shape.etx);
        for (int etx = options_.firstEtx; etx <= last; ++etx) {
          if (compared(spec, variant, etx)) {
            tasks.push_back({s, sample, variant, etx});
          }
        }
      }
    }
    return tasks;
  }

  // The chips, a process of each design on each processor.
  Result<void> simulate(const std::vector<Task>& tasks, const std::vector<Input>& inputs,
                        std::vector<TaskResult>& results) {
    std::atomic<std::size_t> next = 0;
    std::mutex failing;
    std::optional<core::Diagnostic> failure;
    const auto work = [&] {
      std::map<std::size_t, std::unique_ptr<sim::RtlExecutor>> chips;
      for (std::size_t at = next++; at < tasks.size(); at = next++) {
        say("simulating " + options_.samples[tasks[at].sample].name, at, tasks.size());
        auto done = simulateOne(tasks[at], inputs[tasks[at].subject], chips, results[at]);
        if (done) continue;
        const std::lock_guard lock(failing);
        failure = done.error();
        next = tasks.size();
      }
    };
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 1; i < options_.jobs; ++i) threads.emplace_back(work);
      work();
    }
    return failure ? Result<void>(*failure) : Result<void>{};
  }

  Result<void> simulateOne(const Task& task, const Input& input,
                           std::map<std::size_t, std::unique_ptr<sim::RtlExecutor>>& chips,
                           TaskResult& result) {
    const Subject& subject = subjects_[task.subject];
    auto& chip = chips[task.subject];
    if (chip == nullptr) {
      sim::BenchOptions bench;
      bench.workDir = subject.folder / "work" / "chip";
      bench.jobs = options_.jobs;
      bench.seed = options_.seed;
      bench.progress = [this](std::string_view step, std::uint64_t, std::uint64_t) { say(step); };
      auto made = sim::RtlExecutor::create(subject.manifest, subject.folder / "rtl", bench);
      if (!made) return made.error();
      chip = std::move(*made);
    }
    const core::ConfigValues config = configOf(subject.bundle(), task, input.highDensity);
    if (auto done = chip->configure(config); !done) return done;
    const Columns charges =
        options_.frontEnd ? Columns() : chargeInputs(input.truth, placesOf(task.variant.algorithm));
    const Columns& pins = options_.frontEnd ? input.rx : charges;
    auto tx = chip->run(pins);
    if (!tx) return tx.error();
    core::DesignInterpreter interpreter(subject.bundle().chip,
                                        {.keep = std::vector<std::string>{"count"}, .threads = 1});
    interpreter.configure(config);
    const auto expected = interpreter.run(pins);
    if (!expected) return expected.error();
    for (std::size_t k = 0; k < tx->events(); ++k) {
      bool differs = false;
      for (std::size_t w = 0; w < tx->elements(); ++w) {
        differs = differs || tx->at(w, k) != expected->at(w, k);
      }
      result.wrong += differs ? 1 : 0;
    }
    result.stringBits = meanStringBits(interpreter.signal("count"), input.truth.size());
    result.tx = std::move(*tx);
    return {};
  }

  static core::ConfigValues configOf(const DesignBundle& bundle, const Task& task,
                                     bool highDensity) {
    econ_t::ChipSettings settings = settingsFor(bundle, task.variant, task.etx);
    settings.highDensity = highDensity;
    return econ_t::configValues(settings, bundle.spec.chip);
  }

  // The board: every variant's link is one of its modules.
  Result<void> decode(const std::vector<Task>& tasks, const std::vector<Input>& inputs,
                      const std::vector<TaskResult>& results) {
    std::vector<BoardLink> links;
    std::vector<std::pair<std::size_t, std::size_t>> origin;  // task and variant of each link
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      const Subject& subject = subjects_[tasks[t].subject];
      for (const CompareVariant& variant : subject.variants) {
        if (variant.algorithm != tasks[t].variant.algorithm ||
            variant.stcType != tasks[t].variant.stcType) {
          continue;
        }
        const auto at = std::ranges::find(out_.variants, variant) - out_.variants.begin();
        links.push_back({&subject.bundle(), &results[t].tx,
                         settingsFor(subject.bundle(), variant, tasks[t].etx), variant.spread});
        origin.emplace_back(t, static_cast<std::size_t>(at));
      }
    }
    BoardRunOptions board;
    board.workDir = options_.out / "work" / "board";
    board.jobs = options_.jobs;
    board.seed = options_.seed;
    board.progress = [this](std::string_view step, std::uint64_t done, std::uint64_t total) {
      say(step, done, total);
    };
    const auto received = runBoard(links, board);
    if (!received) return received.error();
    std::vector<CompareRow> rows(links.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t i = next++; i < links.size(); i = next++) {
        const auto [task, variant] = origin[i];
        say("measuring", i, links.size());
        rows[i] = measure(tasks[task], variant, inputs[tasks[task].subject], results[task],
                          (*received)[i]);
      }
    };
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 1; i < options_.jobs; ++i) threads.emplace_back(work);
      work();
    }
    std::ranges::stable_sort(rows, {},
                             [](const CompareRow& row) { return std::pair(row.variant, row.etx); });
    std::ranges::move(rows, std::back_inserter(out_.rows));
    return {};
  }

  CompareRow measure(const Task& task, std::size_t variant, const Input& input,
                     const TaskResult& result, const std::vector<BoardCrossing>& received) const {
    CompareRow row;
    row.sample = task.sample;
    row.variant = variant;
    row.etx = task.etx;
    row.crossings = input.truth.size();
    row.wrong = result.wrong;
    row.linkBits = 32 * task.etx;
    row.stringBits = result.stringBits;
    row.latency = subjects_[task.subject].manifest.findSignal("tx")->latency;
    const BoardAccount account = accountOf(input.truth, received, placesOf(task.variant.algorithm));
    row.lost = account.lost;
    row.truncated = account.truncated;
    row.undecoded = account.undecoded;
    row.waitMean = account.waitMean;
    row.waitMax = account.waitMax;
    row.all = account.metrics.overall();
    row.byOccupancy = account.metrics.byOccupancy();
    return row;
  }

  void costs() {
    for (const Subject& subject : subjects_) {
      const DesignSpec& spec = subject.bundle().spec;
      for (const Algorithm algorithm : spec.chip.encoders) {
        CompareCost cost;
        cost.design = spec.name;
        cost.algorithm = algorithm;
        const auto latency = econ_t::defaultLatency({algorithm});
        cost.encoderLatency = latency.first;
        cost.formatterLatency = latency.second;
        if (subject.synthesis) {
          cost.area = encoderArea(subject.bundle().chip, *subject.synthesis, algorithm,
                                  spec.chip.encoders.size() > 1);
          cost.registerArea = registerArea(subject.manifest, *subject.synthesis, algorithm);
        }
        out_.costs.push_back(cost);
      }
    }
  }

  CompareOptions options_;
  std::vector<Subject> subjects_;
  Comparison out_;
  std::mutex progress_;
};

}  // namespace

Result<Comparison> compare(const CompareOptions& options) {
  return Comparer(options).run();
}

}  // namespace aegen::flows
