#include "aegen/flows/conform.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/data/events.hpp"
#include "aegen/encoders/trigger_encoders.hpp"
#include "aegen/encoders/vector_set.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "aegen/sim/rtl_executor.hpp"

namespace aegen::flows {
namespace {

using core::Columns;
using core::Result;
namespace econ_t = encoders::econ_t;
using econ_t::Algorithm;
namespace fs = std::filesystem;

template <std::size_t N>
Columns columnsOf(const std::vector<std::array<std::uint32_t, N>>& crossings) {
  Columns out(N, crossings.size());
  for (std::size_t k = 0; k < crossings.size(); ++k) {
    for (std::size_t w = 0; w < N; ++w) out.at(w, k) = crossings[k][w];
  }
  return out;
}

constexpr std::uint32_t kSerialHertz = 1'000'000;  // the fastest the port takes

const std::vector<Algorithm> kEveryEncoder{econ_t::kAlgorithms.begin(), econ_t::kAlgorithms.end()};

// Weights and settings a set is loaded with on a chip that holds `encoders`. Where the weights are
// registers, other algorithms leave them as they are.
core::ConfigValues configOf(const encoders::VectorSet& set, const std::vector<Algorithm>& encoders,
                            bool withWeights) {
  core::ConfigValues values = econ_t::configValues(set.settings, encoders);
  if (withWeights && set.settings.algorithm == Algorithm::Autoencoder) {
    values["conv_kernel"] = set.weights.convKernel;
    values["conv_bias"] = set.weights.convBias;
    values["dense_kernel"] = set.weights.denseKernel;
    values["dense_bias"] = set.weights.denseBias;
  }
  return values;
}

// The one chip of all encoders. It resets to the same neutral values whatever sets it is for, so
// that one compiled model serves them all.
Result<core::Design> wholeChip() {
  encoders::Graph graph = econ_t::autoencoder(econ_t::zeroWeights(), true);
  if (auto inferred = graph.infer(); !inferred) return inferred.error();
  econ_t::ChipOptions options;
  options.encoders = kEveryEncoder;
  options.serial = core::SerialPort{};
  return econ_t::chip(graph, econ_t::ChipSettings::neutral(), options);
}

// A chip of the set's encoder alone, weights its own.
Result<core::Design> ownChip(const encoders::VectorSet& set) {
  const Algorithm algorithm = set.settings.algorithm;
  econ_t::ChipOptions options;
  options.encoders = {algorithm};
  options.name = "econ_t_" + econ_t::shortName(algorithm);
  const auto neutral = econ_t::ChipSettings::neutral();
  if (algorithm != Algorithm::Autoencoder) return econ_t::chip(neutral, options);
  encoders::Graph graph = econ_t::autoencoder(set.weights, false);
  if (auto inferred = graph.infer(); !inferred) return inferred.error();
  return econ_t::chip(graph, neutral, options);
}

// What a set's words are compared with.
struct Vectors {
  encoders::VectorSet set;
  Columns rx;
  std::vector<data::TxCrossing> expected;
};

Result<Vectors> readVectors(const fs::path& folder, const std::string& name) {
  auto set = encoders::loadVectorSet(folder, name);
  if (!set) return set.error();
  const auto rx = data::readRxCsv(set->input);
  if (!rx) return rx.error();
  auto expected = data::readTxCsv(set->expected);
  if (!expected) return expected.error();
  if (expected->size() != rx->size()) {
    return core::badInput("vectors.length",
                          "holds " + std::to_string(expected->size()) + " crossings, the input " +
                              set->input.filename().string() + " " + std::to_string(rx->size()),
                          set->expected.string(), {"is one of the two truncated?"});
  }
  return Vectors{std::move(*set), columnsOf(*rx), std::move(*expected)};
}

void compare(const Columns& tx, const std::vector<data::TxCrossing>& expected, SetResult& result) {
  result.crossings = expected.size();
  for (std::size_t k = 0; k < expected.size(); ++k) {
    bool differs = false;
    for (std::size_t w = 0; w < expected[k].size(); ++w) {
      if (tx.at(w, k) == std::int64_t{expected[k][w]}) continue;
      differs = true;
      if (!result.first) {
        result.first = WordMismatch{k, static_cast<int>(w), expected[k][w],
                                    static_cast<std::uint32_t>(tx.at(w, k))};
      }
    }
    result.mismatches += differs ? 1 : 0;
  }
}

// What has been compiled, for as many executors as ask for it at the same time.
class Chips {
 public:
  explicit Chips(const ConformOptions& options) : options_(options) {}

  using Say = std::function<void(std::string_view step)>;

  // A process of the RTL of `design`; the first that asks for a design builds it, others wait.
  Result<std::unique_ptr<sim::RtlExecutor>> start(const core::Design& design, const Say& say) {
    say("generating RTL");
    const auto rtl = rtl_gen::emitVerilog(design);
    if (!rtl) return rtl.error();
    std::string text;
    for (const auto& file : rtl->files) text += file.text;
    const fs::path work = options_.workDir / (design.name + "_" + core::digestText(text));
    {
      const std::lock_guard lock(writing_);
      if (auto written = rtl_gen::writeRtl(*rtl, work / "rtl"); !written) return written.error();
    }
    sim::BenchOptions bench;
    bench.workDir = work;
    bench.jobs = options_.jobs;
    bench.seed = options_.seed;
    bench.progress = [&](std::string_view stage, std::uint64_t, std::uint64_t) { say(stage); };
    return sim::RtlExecutor::create(rtl->manifest, work / "rtl", bench);
  }

 private:
  const ConformOptions& options_;
  std::mutex writing_;
};

// One of several that share the work: takes set after set until none is left.
class Worker {
 public:
  Worker(const fs::path& folder, const ConformOptions& options, Chips& chips,
         const core::Design& chip, std::mutex& progress)
      : folder_(folder), options_(options), chips_(chips), chip_(chip), progress_(progress) {}

  SetResult run(const std::string& name, ConformExecutor executor) {
    SetResult result;
    result.name = name;
    result.executor = text(executor);
    const auto say = [&](std::string_view step) {
      if (!options_.progress) return;
      const std::lock_guard lock(progress_);
      options_.progress(name, step);
    };
    say("reading");
    const auto vectors = readVectors(folder_, name);
    if (!vectors) {
      result.problem = vectors.error();
      return result;
    }
    const auto& settings = vectors->set.settings;
    result.algorithm = econ_t::text(settings.algorithm);
    result.contradictions = econ_t::contradictions(settings, {});
    const auto tx = words(*vectors, executor, say);
    if (!tx) {
      result.problem = tx.error();
      return result;
    }
    compare(*tx, vectors->expected, result);
    // The chip does something definite with settings that contradict each other. Vectors that do
    // not expect just that were made with other settings than these.
    if (!result.contradictions.empty() && result.mismatches > 0) {
      result.problem = core::badInput("vectors.contradiction", result.contradictions.front(),
                                      (folder_ / name / "config.json").string(),
                                      {"the expected words are not what the chip then sends"});
    }
    return result;
  }

 private:
  Result<Columns> words(const Vectors& vectors, ConformExecutor executor, const Chips::Say& say) {
    const encoders::VectorSet& set = vectors.set;
    switch (executor) {
      case ConformExecutor::Interpreter: {
        say("interpreting");
        if (!interpreter_) {
          // Only the words are looked at; the other processors have sets of their own.
          interpreter_.emplace(chip_, core::DesignInterpreterOptions{
                                          .keep = std::vector<std::string>{}, .threads = 1});
        }
        interpreter_->reset();
        interpreter_->configure(configOf(set, kEveryEncoder, true));
        return interpreter_->run(vectors.rx);
      }
      case ConformExecutor::RtlLoadable:
        return simulate(whole_, chip_, configOf(set, kEveryEncoder, true), vectors.rx, say);
      case ConformExecutor::RtlHardWired: {
        const auto design = ownChip(set);
        if (!design) return design.error();
        std::unique_ptr<sim::RtlExecutor> own;
        return simulate(own, *design, configOf(set, {set.settings.algorithm}, false), vectors.rx,
                        say);
      }
    }
    return core::internalError("conform.executor", "unknown executor");
  }

  Result<Columns> simulate(std::unique_ptr<sim::RtlExecutor>& process, const core::Design& design,
                           const core::ConfigValues& config, const Columns& rx,
                           const Chips::Say& say) {
    if (process == nullptr) {
      auto made = chips_.start(design, say);
      if (!made) return made.error();
      process = std::move(*made);
    }
    say("simulating");
    const auto port = options_.serial ? sim::ConfigPort::Serial : sim::ConfigPort::Parallel;
    const bool reaches =
        &design == &chip_;  // the chips of one encoder have the parallel port alone
    const auto configured = process->configure(
        config, reaches ? sim::ConfigRoute{port, port, kSerialHertz} : sim::ConfigRoute{});
    if (!configured) {
      process.reset();  // the next set gets a new one
      return configured.error();
    }
    auto out = process->run(rx);
    if (!out) process.reset();
    return out;
  }

  const fs::path& folder_;
  const ConformOptions& options_;
  Chips& chips_;
  const core::Design& chip_;
  std::mutex& progress_;
  std::optional<core::DesignInterpreter> interpreter_;
  std::unique_ptr<sim::RtlExecutor> whole_;
};

}  // namespace

std::string_view text(ConformExecutor executor) {
  switch (executor) {
    case ConformExecutor::Interpreter:
      return "interpreter";
    case ConformExecutor::RtlLoadable:
      return "rtl-loadable";
    case ConformExecutor::RtlHardWired:
      return "rtl-hard-wired";
  }
  return {};
}

Result<std::vector<SetResult>> conform(const fs::path& folder, const ConformOptions& asked) {
  const auto all = encoders::listVectorSets(folder);
  if (!all) return all.error();
  const auto chip = wholeChip();
  if (!chip) return chip.error();
  ConformOptions options = asked;
  if (options.jobs == 0) options.jobs = std::max(1U, std::thread::hardware_concurrency());

  struct Task {
    std::string set;
    ConformExecutor executor;
  };
  std::vector<Task> tasks;
  for (const ConformExecutor executor : options.executors) {
    for (const std::string& name : options.sets.empty() ? *all : options.sets) {
      tasks.push_back({name, executor});
    }
  }
  std::vector<SetResult> results(tasks.size());
  Chips chips(options);
  std::mutex progress;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    Worker worker(folder, options, chips, *chip, progress);
    for (std::size_t at = next++; at < tasks.size(); at = next++) {
      results[at] = worker.run(tasks[at].set, tasks[at].executor);
    }
  };
  std::vector<std::jthread> threads;
  const std::size_t workers = std::min<std::size_t>(options.jobs, tasks.size());
  for (std::size_t i = 1; i < workers; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  return results;
}

std::string conformJson(const std::vector<SetResult>& results) {
  using ordered = nlohmann::ordered_json;
  ordered sets = ordered::array();
  std::uint64_t total = 0;
  for (const SetResult& result : results) {
    ordered row{{"set", result.name},
                {"name", result.name},
                {"crossings", result.crossings},
                {"mismatches", result.mismatches},
                {"executor", result.executor}};
    if (!result.algorithm.empty()) row["algorithm"] = result.algorithm;
    if (result.first) {
      row["first_mismatch"] = {{"crossing", result.first->crossing},
                               {"etx", result.first->etx},
                               {"expected", result.first->expected},
                               {"got", result.first->got}};
    }
    if (!result.contradictions.empty()) row["contradictions"] = result.contradictions;
    if (result.problem) {
      row["problem"] = {{"code", result.problem->code},
                        {"message", result.problem->message},
                        {"where", result.problem->where}};
    }
    total += result.mismatches;
    sets.push_back(std::move(row));
  }
  return ordered{{"sets", sets}, {"mismatches", total}}.dump(2) + "\n";
}

int conformExitCode(const std::vector<SetResult>& results) {
  int code = 0;
  for (const SetResult& result : results) {
    if (result.problem) code = std::max(code, static_cast<int>(result.problem->failure));
  }
  const bool wrong =
      std::ranges::any_of(results, [](const SetResult& r) { return r.mismatches > 0; });
  return code == 0 && wrong ? static_cast<int>(core::Failure::CheckFailed) : code;
}

}  // namespace aegen::flows
