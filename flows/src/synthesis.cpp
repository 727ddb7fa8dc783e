#include "aegen/flows/synthesis.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "aegen/core/files.hpp"
#include "aegen/core/process.hpp"
#include "aegen/flows/cell_model.hpp"
#include "aegen/flows/netlist.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "flip_flop_map.hpp"
#include "sum_trees.hpp"
#include "synthesis_plan.hpp"

namespace aegen::flows {

namespace {

constexpr std::size_t kQuotedLogLines = 5;

/// A file's text, empty when it cannot be read: whoever parses it says so then.
std::string contentOf(const std::filesystem::path& file) {
  auto text = core::readFile(file);
  return text ? std::move(*text) : std::string();
}

/// Yosys' own error line in a log, else the log's end.
std::string errorIn(const std::string& log) {
  const std::size_t at = log.rfind("ERROR: ");
  if (at == std::string::npos) {
    return core::lastLines(log, kQuotedLogLines);
  }
  const std::size_t begin = log.rfind('\n', at) == std::string::npos ? 0 : log.rfind('\n', at) + 1;
  std::string line = log.substr(begin, log.find('\n', at) - begin);
  const std::size_t prefix = line.find("ERROR: ");
  line.erase(prefix, std::string_view("ERROR: ").size());
  return line;
}

/// Runs one script; its log stays beside it. `what` names the run in diagnostics.
core::Result<double> runYosys(const std::string& script, const std::filesystem::path& scriptFile,
                              double timeoutSeconds, const std::string& what) {
  if (auto written = core::writeFile(scriptFile, script); !written) {
    return written.error();
  }
  std::filesystem::path log = scriptFile;
  log.replace_extension(".log");
  core::ProcessOptions options;
  options.logFile = log;
  options.timeoutSeconds = timeoutSeconds;
  const auto run = core::runProcess({"yosys", "-s", scriptFile.string()}, options);
  if (!run) {
    return run.error();
  }
  if (run->timedOut) {
    return core::checkFailed("synth.timeout",
                             fmt::format("Yosys did not finish {} in {:.0f} s", what, run->seconds),
                             log.string(), {"allow more time, or split the module"});
  }
  if (!run->ok()) {
    const std::string error = errorIn(contentOf(log));
    if (error.find("dfflegalize") != std::string::npos || error.find("FF ") != std::string::npos) {
      return core::checkFailed(
          "synth.no-such-flip-flop",
          fmt::format("the library has no flip-flop for what {} needs: {}", what, error),
          log.string(),
          {"use synchronous resets, or a library with such a flip-flop that may be used"});
    }
    return core::checkFailed("synth.yosys-failed",
                             fmt::format("Yosys failed on {} ({}): {}", what, run->ending(), error),
                             log.string(), {"the script is " + scriptFile.string()});
  }
  return run->seconds;
}

std::string listOf(const std::vector<std::string>& modules) {
  return modules.size() <= 3
             ? fmt::format("{}", fmt::join(modules, ", "))
             : fmt::format("{} and {} more modules", modules[0], modules.size() - 1);
}

/// A batch after its run.
struct MappedBatch {
  std::vector<NetlistModule> modules;
  double seconds = 0;
};

/// Works the batches off, `jobs` at a time, in order; stops handing out after the first failure.
class BatchRunner {
 public:
  BatchRunner(const std::vector<Batch>& batches, const WorkFiles& files,
              const SynthesisOptions& options)
      : batches_(batches), files_(files), options_(options), mapped_(batches.size()) {
    for (const Batch& batch : batches) {
      total_ += batch.modules.size();
    }
  }

  core::Result<std::vector<MappedBatch>> run() {
    std::vector<std::thread> workers;
    const std::size_t count = std::min<std::size_t>(std::max(1U, options_.jobs), batches_.size());
    for (std::size_t i = 0; i < count; ++i) {
      workers.emplace_back([this] { work(); });
    }
    for (std::thread& worker : workers) {
      worker.join();
    }
    if (failure_) {
      return *failure_;
    }
    return std::move(mapped_);
  }

 private:
  void work() {
    for (std::size_t index = next_++; index < batches_.size(); index = next_++) {
      auto mapped = mapOne(index);
      const std::lock_guard lock(mutex_);
      if (failure_) {
        return;
      }
      if (!mapped) {
        failure_ = mapped.error();
        next_ = batches_.size();
        return;
      }
      mapped_[index] = std::move(*mapped);
      done_ += batches_[index].modules.size();
      if (options_.progress) {
        options_.progress({batches_[index].modules, mapped_[index].seconds, done_, total_});
      }
    }
  }

  core::Result<MappedBatch> mapOne(std::size_t index) const {
    const auto seconds = runYosys(mappingScript(index, files_), files_.batch(index, ".ys"),
                                  options_.timeoutSeconds, listOf(batches_[index].modules));
    if (!seconds) {
      return seconds.error();
    }
    const std::filesystem::path json = files_.batch(index, ".json");
    auto modules = readNetlist(contentOf(json), json.string());
    if (!modules) {
      return modules.error();
    }
    return MappedBatch{std::move(*modules), *seconds};
  }

  const std::vector<Batch>& batches_;
  const WorkFiles& files_;
  const SynthesisOptions& options_;
  std::vector<MappedBatch> mapped_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
  std::optional<core::Diagnostic> failure_;
};

/// Adds up cells, areas and instances over the hierarchy.
class Accountant {
 public:
  Accountant(const std::vector<NetlistModule>& netlist, const Liberty& library)
      : library_(library) {
    for (const NetlistModule& module : netlist) {
      modules_.emplace(module.name, SynthModule{});
    }
    for (const NetlistModule& module : netlist) {
      countOwn(module);
    }
  }

  /// Fills in totals below `top`, children before parents, then instances from the top down.
  void total(const std::string& top) {
    visit(top);
    for (auto& [name, module] : modules_) {
      module.instances = 0;
    }
    modules_.at(top).instances = 1;
    for (auto name = order_.rbegin(); name != order_.rend(); ++name) {
      const SynthModule& parent = modules_.at(*name);
      for (const auto& [child, count] : parent.children) {
        modules_.at(child).instances += parent.instances * count;
      }
    }
  }

  [[nodiscard]] SynthModule& module(const std::string& name) { return modules_.at(name); }
  [[nodiscard]] const std::vector<std::string>& order() const { return order_; }
  [[nodiscard]] std::uint64_t ownLatches(const SynthModule& module) const {
    std::uint64_t latches = 0;
    for (const auto& [type, count] : module.cellCounts) {
      latches += library_.find(type)->kind == CellKind::Latch ? count : 0;
    }
    return latches;
  }

 private:
  void countOwn(const NetlistModule& netlist) {
    SynthModule& module = modules_.at(netlist.name);
    module.name = netlist.name;
    for (const NetlistCell& cell : netlist.cells) {
      if (modules_.contains(cell.type)) {
        ++module.children[cell.type];
      } else if (const LibertyCell* known = library_.find(cell.type)) {
        ++module.cellCounts[cell.type];
        ++module.ownCells;
        module.ownArea += known->area;
        module.ownFlipFlops += known->kind == CellKind::FlipFlop ? 1 : 0;
      }
    }
  }

  void visit(const std::string& name) {
    if (!visited_.insert(name).second) {
      return;
    }
    SynthModule& module = modules_.at(name);
    module.area = module.ownArea;
    module.cells = module.ownCells;
    module.flipFlops = module.ownFlipFlops;
    for (const auto& [child, count] : module.children) {
      visit(child);
      const SynthModule& below = modules_.at(child);
      module.area += static_cast<double>(count) * below.area;
      module.cells += count * below.cells;
      module.flipFlops += count * below.flipFlops;
    }
    module.nand2 = module.area / library_.nand2().area;
    order_.push_back(name);
  }

  const Liberty& library_;
  std::map<std::string, SynthModule> modules_;
  std::set<std::string> visited_;
  std::vector<std::string> order_;  ///< children first
};

core::Result<SynthResult> account(const std::vector<Batch>& batches,
                                  std::vector<MappedBatch> mapped, const std::string& top,
                                  const Liberty& library) {
  std::vector<NetlistModule> netlist;
  std::map<std::string, std::pair<double, std::uint64_t>> runs;
  for (std::size_t i = 0; i < mapped.size(); ++i) {
    for (const std::string& module : batches[i].modules) {
      runs[module] = {mapped[i].seconds, batches[i].modules.size()};
    }
    std::move(mapped[i].modules.begin(), mapped[i].modules.end(), std::back_inserter(netlist));
  }
  auto depths = logicDepth(netlist, top, library);
  if (!depths) {
    return depths.error();
  }
  Accountant accountant(netlist, library);
  accountant.total(top);

  SynthResult result;
  result.library = library.name();
  result.top = top;
  result.nand2Area = library.nand2().area;
  for (const std::string& name : accountant.order()) {
    SynthModule& module = accountant.module(name);
    module.depth = depths->at(name);
    std::tie(module.seconds, module.batch) = runs[name];
    result.latches += module.instances * accountant.ownLatches(module);
    result.modules.push_back(module);
  }
  const SynthModule& whole = accountant.module(top);
  result.area = whole.area;
  result.nand2 = whole.nand2;
  result.cells = whole.cells;
  result.flipFlops = whole.flipFlops;
  result.depth = whole.depth;
  std::stable_sort(result.modules.begin(), result.modules.end(),
                   [](const SynthModule& a, const SynthModule& b) {
                     return a.ownArea * static_cast<double>(a.instances) >
                            b.ownArea * static_cast<double>(b.instances);
                   });
  return result;
}

std::string yosysVersion() {
  const auto run = core::runProcess({"yosys", "-V"});
  if (!run || !run->ok()) {
    return {};
  }
  return run->output.substr(0, run->output.find('\n'));
}

/// The library as Yosys and ABC can read it, for the time of the synthesis: what may be mapped to
/// in plain syntax, in a path without blanks, which they do not quote.
class ReadableLibrary {
 public:
  ReadableLibrary() = default;
  ~ReadableLibrary() {
    std::error_code error;
    if (!folder_.empty()) {
      std::filesystem::remove_all(folder_, error);
    }
  }
  ReadableLibrary(const ReadableLibrary&) = delete;
  ReadableLibrary& operator=(const ReadableLibrary&) = delete;

  core::Result<std::filesystem::path> write(const Liberty& library) {
    std::string name = (std::filesystem::temp_directory_path() / "aegen-library-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      return core::badInput("synth.no-temporary-folder", "no temporary folder can be made", name);
    }
    folder_ = name;
    if (auto written = core::writeFile(folder_ / "library.lib", library.plainText(true));
        !written) {
      return written.error();
    }
    return folder_ / "library.lib";
  }

 private:
  std::filesystem::path folder_;
};

core::Result<std::vector<Batch>> elaborate(const std::vector<std::filesystem::path>& sources,
                                           const std::string& top, const WorkFiles& files,
                                           const Liberty& library,
                                           const SynthesisOptions& options) {
  const auto elaborated =
      runYosys(elaborationScript(sources, top, files), files.directory / "elaborate.ys",
               options.timeoutSeconds, "the elaboration of " + top);
  if (!elaborated) {
    return elaborated.error();
  }
  const std::string design = contentOf(files.elaborated());
  auto modules = measureModules(design, files.elaborated().string());
  if (!modules) {
    return modules.error();
  }
  const auto trees =
      treeSums(design, files.elaborated().string(), library, options.adders, options.multipliers);
  if (!trees) {
    return trees.error();
  }
  std::vector<std::string> treed;
  for (const TreedModule& module : trees->modules) {
    treed.push_back(module.name);
  }
  if (auto written = core::writeFile(files.trees(), trees->json); !written) {
    return written.error();
  }
  std::vector<Batch> batches = planBatches(std::move(*modules), options.jobs);
  const auto split = runYosys(splitScript(batches, files, treed), files.directory / "split.ys",
                              options.timeoutSeconds, "the modules of " + top);
  if (!split) {
    return split.error();
  }
  if (options.progress) {
    std::size_t total = 0;
    for (const Batch& batch : batches) {
      total += batch.modules.size();
    }
    options.progress({{}, *elaborated + *split, 0, total});
  }
  return batches;
}

/// What an earlier synthesis mapped must not pass for a part of this one.
void dropBatches(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> old;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with("batch_")) old.push_back(entry.path());
  }
  for (const auto& file : old) std::filesystem::remove(file, error);
}

}  // namespace

std::optional<MultiplierStyle> multiplierStyle(std::string_view text) {
  static const std::map<std::string_view, MultiplierStyle> kStyles = {
      {"auto", MultiplierStyle::Auto},
      {"array", MultiplierStyle::Array},
      {"tree", MultiplierStyle::Tree},
      {"booth", MultiplierStyle::Booth}};
  const auto found = kStyles.find(text);
  return found == kStyles.end() ? std::nullopt : std::optional(found->second);
}

std::string areaScript() {
  return "strash; dc2; strash; dch; amap -m";
}

core::Result<SynthResult> synthesise(const std::vector<std::filesystem::path>& files,
                                     const std::string& top, const SynthesisOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  if (files.empty()) {
    return core::badInput("synth.no-sources", "there is no Verilog to synthesise", top);
  }
  if (auto yosys = core::requireExecutable("yosys", "yosys"); !yosys) {
    return yosys.error();
  }
  const auto library = loadLiberty(options.liberty);
  if (!library) {
    return library.error();
  }
  const std::optional<AdderCell> adder =
      options.adders == AdderStyle::Cells ? library->fullAdder() : std::nullopt;

  const auto flipFlops = flipFlopCells(*library);
  if (flipFlops.empty()) {
    return core::badInput("liberty.no-flip-flop",
                          "no flip-flop of the library stores one input on a clock edge",
                          options.liberty.string(), {"name a library with a plain D flip-flop"});
  }
  ReadableLibrary readable;
  const auto readablePath = readable.write(*library);
  if (!readablePath) {
    return readablePath.error();
  }
  const WorkFiles work{std::filesystem::absolute(options.workDirectory), *readablePath,
                       options.abcScript.empty() ? areaScript() : options.abcScript,
                       legalTypes(flipFlops)};
  std::vector<std::filesystem::path> sources;
  for (const std::filesystem::path& file : files) {
    sources.push_back(std::filesystem::absolute(file));
  }
  const std::string rules = options.adders == AdderStyle::Yosys
                                ? std::string("// Arithmetic is left to Yosys.\n")
                                : arithmeticMap(adder);
  if (auto written = core::writeFile(work.map(), rules); !written) {
    return written.error();
  }
  dropBatches(work.directory);
  if (auto written = core::writeFile(work.directory / "cells.v", cellsVerilog(*library));
      !written) {
    return written.error();
  }
  if (auto written = core::writeFile(work.flipFlops(), flipFlopMap(flipFlops)); !written) {
    return written.error();
  }
  const auto batches = elaborate(sources, top, work, *library, options);
  if (!batches) {
    return batches.error();
  }
  auto mapped = BatchRunner(*batches, work, options).run();
  if (!mapped) {
    return mapped.error();
  }
  auto result = account(*batches, std::move(*mapped), top, *library);
  if (result) {
    result->libraryFile = options.liberty.string();
    result->tool = yosysVersion();
    result->adders = adder                                   ? "cells: " + adder->cell
                     : options.adders == AdderStyle::Yosys ? "Yosys' own"
                                                           : "logic";
    result->jobs = options.jobs;
    result->seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return result;
}

core::Result<SynthResult> synthesiseDirectory(const std::filesystem::path& rtl,
                                              const SynthesisOptions& options) {
  const auto manifest = rtl_gen::loadManifest(rtl / "manifest.json");
  if (!manifest) {
    return manifest.error();
  }
  std::vector<std::filesystem::path> files;
  for (const std::string& file : manifest->files) {
    files.push_back(rtl / file);
  }
  auto result = synthesise(files, manifest->top, options);
  if (result) {
    for (SynthModule& module : result->modules) {
      const auto known = std::find_if(
          manifest->modules.begin(), manifest->modules.end(),
          [&](const rtl_gen::ManifestModule& candidate) { return candidate.name == module.name; });
      module.kind = known == manifest->modules.end() ? "" : known->kind;
    }
  }
  return result;
}

}  // namespace aegen::flows
