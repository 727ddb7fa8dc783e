#include "bench_build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "aegen/core/files.hpp"
#include "aegen/core/process.hpp"
#include "aegen/core/text_tools.hpp"
#include "aegen/rtl_gen/emit_design.hpp"
#include "bench_tools.hpp"
#include "step_folder.hpp"

namespace aegen::sim {
namespace {

namespace fs = std::filesystem;
using core::Result;
struct Tools {
  fs::path verilator;
  fs::path compiler;
  fs::path archiver;
  fs::path include;      ///< Verilator's runtime
  std::string versions;  ///< of both, for the fingerprints
};

Result<Tools> findTools() {
  Tools tools;
  const Result<fs::path> verilator = core::requireExecutable("verilator", "verilator");
  if (!verilator) return verilator.error();
  const Result<fs::path> compiler = findCompiler();
  if (!compiler) return compiler.error();
  const Result<fs::path> archiver = core::requireExecutable("ar", "binutils");
  if (!archiver) return archiver.error();
  tools.verilator = *verilator;
  tools.compiler = *compiler;
  tools.archiver = *archiver;
  for (const Command& command : {Command{verilator->string(), "--version"},
                                 Command{compiler->string(), "-dumpfullversion"}}) {
    const auto answer = core::runProcess(command);
    if (!answer) return answer.error();
    tools.versions += command[0] + " " + answer->output;
  }
  const auto root = core::runProcess({verilator->string(), "--getenv", "VERILATOR_ROOT"});
  if (!root) return root.error();
  std::string folder = root->output.substr(0, root->output.find('\n'));
  if (folder.empty()) folder = "/usr/share/verilator";
  tools.include = fs::path(folder) / "include";
  if (!fs::exists(tools.include / "verilated.h")) {
    return core::missingTool("sim.verilator-runtime", "Verilator's runtime sources are missing",
                             tools.include.string(), {"install it: apt install verilator"});
  }
  return tools;
}

class BenchBuilder {
 public:
  BenchBuilder(const BenchRecipe& recipe, const BenchOptions& options)
      : recipe_(recipe), options_(options) {
    const rtl_gen::VerilatorRecipe tuned = rtl_gen::verilatorRecipe();
    fast_ = options.optimization.empty() ? tuned.optFast : options.optimization;
    slow_ = tuned.optSlow;
    jobs_ = options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  }

  Result<BuiltBench> build() {
    const auto start = std::chrono::steady_clock::now();
    const Result<fs::path> sources = benchSources(options_);
    if (!sources) return sources.error();
    sources_ = *sources;
    Result<Tools> tools = findTools();
    if (!tools) return tools.error();
    tools_ = std::move(*tools);
    if (withSystem()) {
      Result<Command> flags = systemcFlags();
      if (!flags) return flags.error();
      systemcFlags_ = std::move(*flags);
    }
    for (const auto step : {&BenchBuilder::runtime, &BenchBuilder::chip, &BenchBuilder::bench}) {
      if (const Result<void> done = (this->*step)(); !done) return done.error();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    return BuiltBench{bench_ / "bench", built_ ? seconds.count() : 0.0};
  }

 private:
  [[nodiscard]] bool withSystem() const { return !recipe_.decoderHeader.empty(); }

  void report(std::string_view stage, std::uint64_t done, std::uint64_t total) const {
    if (options_.progress) options_.progress(stage, done, total);
  }

  [[nodiscard]] fs::path stepPath(std::string_view step, const Fingerprint& fingerprint) const {
    return options_.workDir / fmt::format("{}_{}", step, fingerprint.text());
  }

  [[nodiscard]] Command compile(const std::string& level) const {
    // As C++17 throughout: SystemC's library is, and the chip's classes are shared with its bench.
    Command command{tools_.compiler.string(),
                    "-std=gnu++17",
                    level,
                    "-w",
                    "-I" + tools_.include.string(),
                    "-I" + (tools_.include / "vltstd").string(),
                    "-faligned-new",
                    "-DVM_COVERAGE=0",
                    "-DVM_SC=0",
                    "-DVM_TRACE_VCD=0"};
    for (const char* define : {"-DVM_TRACE", "-DVM_TRACE_FST"}) {
      command.push_back(fmt::format("{}={}", define, recipe_.trace ? 1 : 0));
    }
    if (recipe_.trace) command.push_back("-DAEGEN_BENCH_TRACE");
    return command;
  }

  /// Compiles the sources to objects beside them and puts those into `archive`.
  Result<void> compileAll(const std::vector<std::pair<fs::path, Command>>& sources,
                          const fs::path& folder, const std::string& archive) {
    std::vector<Command> commands;
    std::vector<core::ProcessOptions> settings;
    Command pack{tools_.archiver.string(), "rcs", archive};
    for (const auto& [source, base] : sources) {
      const fs::path object = folder / (source.stem().string() + ".o");
      Command command = base;
      command.insert(command.end(), {"-c", source.string(), "-o", object.string()});
      commands.push_back(std::move(command));
      settings.push_back({.workingDirectory = folder,
                          .logFile = object.string() + ".log",
                          .timeoutSeconds = 0,
                          .environment = {}});
      pack.push_back(object.string());
    }
    report("compiling", 0, commands.size());
    const auto results = core::runProcesses(commands, settings, jobs_);
    if (!results) return results.error();
    for (std::size_t i = 0; i < results->size(); ++i) {
      const core::ProcessResult& result = (*results)[i];
      if (!result.ok() && result.seconds > 0) {
        return failed("sim.compile", "the simulation bench does not compile", result,
                      settings[i].logFile);
      }
    }
    if (auto packed = run(pack, folder, "sim.compile", "the objects could not be packed");
        !packed) {
      return packed.error();
    }
    for (std::size_t i = 3; i < pack.size(); ++i) fs::remove(pack[i]);
    return {};
  }

  Result<void> run(const Command& command, const fs::path& folder, const std::string& code,
                   const std::string& message) {
    const fs::path log = folder / (fs::path(command[0]).filename().string() + ".log");
    const auto result = core::runProcess(
        command,
        {.workingDirectory = folder, .logFile = log, .timeoutSeconds = 0, .environment = {}});
    if (!result) return result.error();
    if (!result->ok()) return failed(code, message, *result, log);
    return {};
  }

  static core::Diagnostic failed(const std::string& code, const std::string& message,
                                 const core::ProcessResult& result, const fs::path& log) {
    return core::checkFailed(code, message + " (" + result.ending() + ")", log.string(),
                             {"the end of the log:", core::fileTail(log, 15)});
  }

  /// Verilator's own C++: the same for all designs.
  Result<void> runtime() {
    Fingerprint print;
    print.add(tools_.versions);
    for (const std::string& word : compile("-O2")) print.add(word);
    StepFolder step(stepPath("runtime", print));
    runtime_ = step.path();
    const Result<bool> begun = step.begin();
    if (!begun) return begun.error();
    if (!*begun) return {};
    built_ = true;
    std::vector<std::pair<fs::path, Command>> sources;
    for (const char* name : {"verilated.cpp", "verilated_threads.cpp"}) {
      sources.emplace_back(tools_.include / name, compile("-O2"));
    }
    if (recipe_.trace) sources.emplace_back(tools_.include / "verilated_fst_c.cpp", compile("-O2"));
    if (auto done = compileAll(sources, step.work(), "libruntime.a"); !done) return done.error();
    return step.finish();
  }

  [[nodiscard]] Command verilateCommand() const {
    Command command{tools_.verilator.string(), "--cc",   "--prefix", "Vchip", "--top-module",
                    recipe_.manifest->top,     "--Mdir", "."};
    const std::vector<std::string> tuned = rtl_gen::verilatorRecipe().verilate;
    command.insert(command.end(), tuned.begin(), tuned.end());
    // What is not reset starts with anything (the run's seed says what), so that it can't hide.
    command.insert(command.end(), {"--x-initial", "unique", "-Wno-fatal", "-Wno-lint", "-Wno-style",
                                   "--output-split", "20000", "--output-split-cfuncs", "2000"});
    if (recipe_.trace) command.emplace_back("--trace-fst");
    return command;
  }

  /// The verilated chip, as a library with its headers.
  Result<void> chip() {
    Fingerprint print;
    print.add(tools_.versions);
    for (const std::string& word : verilateCommand()) print.add(word);
    for (const std::string& word : compile(fast_)) print.add(word);
    for (const std::string& name : recipe_.manifest->files) {
      const Result<std::string> text = readFile(recipe_.rtlFolder / name);
      if (!text) return text.error();
      print.add(*text);
    }
    const std::string configuration = verilatorConfiguration(*recipe_.manifest, *recipe_.layout);
    print.add(configuration);
    StepFolder step(stepPath("chip", print));
    chip_ = step.path();
    const Result<bool> begun = step.begin();
    if (!begun) return begun.error();
    if (!*begun) return {};
    built_ = true;
    if (auto written = writeFile(step.work() / "captured.vlt", configuration); !written) {
      return written.error();
    }
    Command command = verilateCommand();
    command.emplace_back("captured.vlt");
    for (const std::string& name : recipe_.manifest->files) {
      command.push_back(fs::absolute(recipe_.rtlFolder / name).string());
    }
    report("verilating", 0, 0);
    if (auto done = run(command, step.work(), "sim.verilator", "Verilator refuses the RTL");
        !done) {
      return done.error();
    }
    std::vector<std::pair<fs::path, Command>> sources;
    for (const auto& entry : fs::directory_iterator(step.work())) {
      if (entry.path().extension() != ".cpp") continue;
      // Code that runs once is not worth optimising.
      const bool slow = entry.path().stem().string().find("__Slow") != std::string::npos ||
                        entry.path().stem().string().ends_with("__Syms");
      sources.emplace_back(entry.path(), compile(slow ? slow_ : fast_));
    }
    // Largest first, so that no core is left with a long one at the end.
    std::ranges::sort(sources, [](const auto& a, const auto& b) {
      return fs::file_size(a.first) > fs::file_size(b.first);
    });
    if (auto done = compileAll(sources, step.work(), "libchip.a"); !done) return done.error();
    return step.finish();
  }

  /// The program: the fixed sources with the generated headers.
  Result<void> bench() {
    const std::string main = withSystem() ? "system_bench.cpp" : "rtl_bench.cpp";
    Fingerprint print;
    print.add(chip_.string());
    print.add(runtime_.string());
    for (const std::string& name : {main, std::string("frames.hpp"), std::string("i2c_master.hpp"),
                                    std::string("session.hpp"), std::string("chip_model.hpp"),
                                    std::string("chip_support.hpp")}) {
      const Result<std::string> text = readFile(sources_ / name);
      if (!text) return text.error();
      print.add(*text);
    }
    const std::string ports = chipPortsHeader(*recipe_.manifest, *recipe_.layout);
    print.add(ports);
    print.add(recipe_.decoderHeader);
    print.add(recipe_.decoderModelHeader);
    StepFolder step(stepPath("bench", print));
    bench_ = step.path();
    const Result<bool> begun = step.begin();
    if (!begun) return begun.error();
    if (!*begun) return {};
    built_ = true;
    std::vector<std::pair<std::string, const std::string*>> headers{{"chip_ports.hpp", &ports}};
    if (withSystem()) {
      headers.emplace_back("decoder.hpp", &recipe_.decoderHeader);
      headers.emplace_back("decoder_model.hpp", &recipe_.decoderModelHeader);
    }
    for (const auto& [name, text] : headers) {
      if (auto done = writeFile(step.work() / name, *text); !done) return done.error();
    }
    report("compiling", 0, 1);
    Command command = compile("-O2");
    command.insert(command.end(),
                   {"-I" + step.work().string(), "-I" + sources_.string(), "-I" + chip_.string()});
    command.insert(command.end(), systemcFlags_.begin(), systemcFlags_.end());
    command.insert(command.end(),
                   {(sources_ / main).string(), "-o", "bench", (chip_ / "libchip.a").string(),
                    (runtime_ / "libruntime.a").string()});
    if (withSystem()) command.emplace_back("-lsystemc");
    if (recipe_.trace) command.emplace_back("-lz");
    command.emplace_back("-lpthread");
    if (auto done =
            run(command, step.work(), "sim.compile", "the simulation bench does not compile");
        !done) {
      return done.error();
    }
    return step.finish();
  }

  const BenchRecipe& recipe_;
  const BenchOptions& options_;
  unsigned jobs_ = 1;
  std::string fast_;  ///< optimisation of code that runs each clock
  std::string slow_;  ///< of all other
  bool built_ = false;
  fs::path sources_;
  Tools tools_;
  Command systemcFlags_;
  fs::path runtime_;
  fs::path chip_;
  fs::path bench_;
};

}  // namespace

Result<BuiltBench> buildBench(const BenchRecipe& recipe, const BenchOptions& options) {
  return BenchBuilder(recipe, options).build();
}

}  // namespace aegen::sim
