#include "aegen/flows/timing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

#include "aegen/core/files.hpp"
#include "aegen/core/process.hpp"
#include "aegen/flows/netlist.hpp"
#include "aegen/rtl_gen/manifest.hpp"
#include "buffer_tree.hpp"

namespace aegen::flows {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kQuotedLines = 5;

core::Result<std::vector<NetlistModule>> readNetlists(const fs::path& folder) {
  std::vector<NetlistModule> out;
  for (std::size_t k = 0;; ++k) {
    const fs::path file = folder / fmt::format("batch_{}.json", k);
    std::error_code error;
    if (!fs::exists(file, error)) break;
    const auto text = core::readFile(file);
    if (!text) return text.error();
    auto modules = readNetlist(*text, file.string());
    if (!modules) return modules.error();
    std::move(modules->begin(), modules->end(), std::back_inserter(out));
  }
  if (out.empty()) {
    return core::badInput("netlist.missing", "there is no mapped netlist to time", folder.string(),
                          {"run the synthesis first"});
  }
  return out;
}

// Tcl's braces keep everything but braces and backslashes.
std::string braced(const std::string& text) {
  return "{" + text + "}";
}

/// One corner: the script, the run, what its report says.
class CornerRun {
 public:
  CornerRun(const TimingOptions& options, const Corner& corner, const fs::path& verilog,
            const std::vector<NetlistModule>& modules)
      : options_(options), corner_(corner), verilog_(verilog), modules_(modules) {}

  core::Result<CornerTiming> run() {
    const auto library = loadLiberty(corner_.liberty);
    if (!library) return library.error();
    const auto model = fitDelayModel(*library);
    if (!model) return model.error();
    const fs::path base = fs::absolute(options_.workDirectory) / ("sta_" + corner_.name);
    const fs::path liberty = fs::path(base).concat(".lib");
    if (auto done = core::writeFile(liberty, library->plainText(false)); !done) return done.error();
    const fs::path script = fs::path(base).concat(".tcl");
    if (auto done = core::writeFile(script, text(liberty, *library, *model)); !done) {
      return done.error();
    }
    core::ProcessOptions process;
    process.logFile = fs::path(base).concat(".log");
    process.timeoutSeconds = options_.timeoutSeconds;
    const auto ran = core::runProcess({"sta", "-no_init", "-exit", script.string()}, process);
    if (!ran) return ran.error();
    if (ran->timedOut) {
      return core::checkFailed("timing.timeout",
                               fmt::format("OpenSTA did not finish in {:.0f} s", ran->seconds),
                               process.logFile.string());
    }
    const auto log = core::readFile(process.logFile);
    if (!log) return log.error();
    const std::size_t error = log->find("Error:");
    if (!ran->ok() || error != std::string::npos) {
      const std::string said = error == std::string::npos
                                   ? core::lastLines(*log, kQuotedLines)
                                   : log->substr(error, log->find('\n', error) - error);
      return core::checkFailed("timing.sta-failed",
                               fmt::format("OpenSTA failed ({}): {}", ran->ending(), said),
                               process.logFile.string(), {"the script is " + script.string()});
    }
    auto out = parse(*log, process.logFile, *library->units().time);
    if (!out) return out;
    out->name = corner_.name;
    out->library = library->name();
    out->seconds = ran->seconds;
    return out;
  }

 private:
  std::string text(const fs::path& liberty, const Liberty& library,
                   const core::DelayModel& model) const {
    const double unit = *library.units().time;  // of OpenSTA's times, in ns
    std::string out;
    out += fmt::format("read_liberty {}\nread_verilog {}\nlink_design {}\n",
                       braced(liberty.string()), braced(verilog_.string()), options_.top);
    out += fmt::format("create_clock -name clock -period {:.6f} [get_ports {}]\n",
                       options_.periodNs / unit, braced(options_.clock));
    // What comes in comes out of a flip-flop outside, what goes out into one.
    out += fmt::format(
        "foreach port [all_inputs] {{\n  if {{[get_property $port full_name] != {}}} {{\n"
        "    set_input_delay {:.6f} -clock clock $port\n  }}\n}}\n",
        braced(options_.clock), model.flipFlop / unit);
    out += fmt::format("set_output_delay {:.6f} -clock clock [all_outputs]\n", model.setup / unit);
    for (const std::string& port : options_.quiet) {
      out += fmt::format("set_false_path -from [get_ports {}]\n", braced(port));
    }
    out += "report_checks -path_delay max -format full -digits 4\n";
    return out;
  }

  core::Result<CornerTiming> parse(const std::string& log, const fs::path& file,
                                   double unit) const {
    static const std::regex kSlack(R"(\s*(-?\d+\.\d+)\s+slack.*)");
    static const std::regex kStep(R"(\s*(-?\d+\.\d+)\s+(-?\d+\.\d+) ([v^]) (\S+) \((\S+)\)\s*)");
    CornerTiming out;
    bool found = false;
    bool done = false;  // the data path is; what follows is the clock's
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);) {
      std::smatch match;
      if (line.starts_with("Startpoint: ")) out.from = firstWord(line.substr(12));
      if (line.starts_with("Endpoint: ")) out.to = firstWord(line.substr(10));
      if (line.find("data arrival time") != std::string::npos) done = true;
      if (std::regex_match(line, match, kSlack)) {
        out.slackNs = std::stod(match[1]) * unit;
        found = true;
        break;
      }
      if (!done && std::regex_match(line, match, kStep)) {
        addStep(out, match[4], std::stod(match[1]) * unit);
      }
    }
    if (!found) {
      return core::checkFailed("timing.no-paths",
                               "OpenSTA found no path between registers or ports to time",
                               file.string());
    }
    const double shortest = options_.periodNs - out.slackNs;
    out.highestMHz = shortest > 0 ? 1000 / shortest : 0;
    return out;
  }

  static std::string firstWord(const std::string& text) { return text.substr(0, text.find(' ')); }

  // "u_dense/dense_neuron_3/_12_/Y" is a cell of instance u_dense/dense_neuron_3.
  void addStep(CornerTiming& out, const std::string& pin, double ns) const {
    std::string instance;
    const std::size_t cell = pin.rfind('/');
    if (cell != std::string::npos && cell > 0) {
      const std::size_t owner = pin.rfind('/', cell - 1);
      if (owner != std::string::npos) instance = pin.substr(0, owner);
    }
    if (out.path.empty() || out.path.back().instance != instance) {
      out.path.push_back({instance, moduleOf(instance), {}, 0, 0});
    }
    // Where a path starts and ends nothing is passed.
    out.path.back().cells += cell != std::string::npos && ns > 0 ? 1 : 0;
    out.path.back().ns += ns;
  }

  // The module an instance path leads to.
  [[nodiscard]] std::string moduleOf(const std::string& path) const {
    std::string module = options_.top;
    std::istringstream names(path);
    for (std::string name; std::getline(names, name, '/');) {
      const auto known = std::ranges::find(modules_, module, &NetlistModule::name);
      if (known == modules_.end()) return {};
      const auto cell = std::ranges::find(known->cells, name, &NetlistCell::name);
      if (cell == known->cells.end()) return {};
      module = cell->type;
    }
    return module;
  }

  const TimingOptions& options_;
  const Corner& corner_;
  const fs::path& verilog_;
  const std::vector<NetlistModule>& modules_;
};

std::string staVersion() {
  const auto run = core::runProcess({"sta", "-version"});
  if (!run || !run->ok()) return {};
  return "OpenSTA " + run->output.substr(0, run->output.find('\n'));
}

}  // namespace

core::Result<TimingResult> analyseTiming(const TimingOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  if (auto sta = core::requireExecutable("sta", "opensta"); !sta) return sta.error();
  const auto library = loadLiberty(options.corners.front().liberty);
  if (!library) return library.error();
  if (auto good = library->checkTiming(); !good) return good.error();
  auto modules = readNetlists(options.netlist);
  if (!modules) return modules.error();
  const std::set<std::string> leftOut(options.settled.begin(), options.settled.end());
  // The register file drives settings that are settled: without it its outputs have no arrival.
  std::erase_if(*modules, [&](const NetlistModule& each) { return leftOut.contains(each.name); });
  const BufferChoice choice = chooseBuffer(*library, options.mostLoad);
  const BufferStats buffers = insertBuffers(*modules, options.top, *library, choice);
  const fs::path verilog = fs::absolute(options.workDirectory) / "buffered.v";
  if (auto done = core::writeFile(verilog, netlistVerilog(*modules, options.top, leftOut)); !done) {
    return done.error();
  }
  TimingResult out;
  out.tool = staVersion();
  out.periodNs = options.periodNs;
  out.buffers = buffers.inserted;
  out.bufferArea = buffers.area;
  out.bufferCell = choice.cell == nullptr ? "none: the library has no buffer" : choice.cell->name;
  for (const Corner& corner : options.corners) {
    auto timed = CornerRun(options, corner, verilog, *modules).run();
    if (!timed) return timed.error();
    out.corners.push_back(std::move(*timed));
  }
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

core::Result<TimingResult> analyseTimingDirectory(const std::filesystem::path& rtl,
                                                  TimingOptions options) {
  const auto manifest = rtl_gen::loadManifest(rtl / "manifest.json");
  if (!manifest) return manifest.error();
  options.top = manifest->top;
  for (const rtl_gen::ManifestPort& port : manifest->ports) {
    if (port.purpose == "clock") options.clock = port.name;
    const bool quiet = port.purpose == "reset" || port.purpose == "config" ||
                       port.purpose == "serial" || port.purpose == "link_reset";
    if (quiet && port.isInput) options.quiet.push_back(port.name);
  }
  for (const rtl_gen::ManifestModule& module : manifest->modules) {
    if (module.kind == "registers") options.settled.push_back(module.name);
  }
  auto out = analyseTiming(options);
  if (!out) return out;
  out->excluded = options.settled.empty()
                      ? "resets"
                      : "resets, the register file and its ports: settings count as settled";
  for (CornerTiming& corner : out->corners) {
    for (TimingStep& step : corner.path) {
      const auto known =
          std::ranges::find(manifest->modules, step.module, &rtl_gen::ManifestModule::name);
      if (known != manifest->modules.end()) step.what = known->comment;
    }
  }
  return out;
}

}  // namespace aegen::flows
