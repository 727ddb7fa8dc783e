#include "aegen/lint/tool_lint.hpp"

#include <fmt/format.h>

#include <regex>
#include <set>
#include <sstream>

#include "aegen/core/process.hpp"
#include "aegen/rtl_gen/manifest.hpp"

namespace aegen::lint {

namespace {

constexpr std::size_t kQuotedLogLines = 5;
constexpr double kTimeoutSeconds = 1800;

std::string firstLine(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string versionOf(const std::string& tool, const std::string& flag) {
  const auto run = core::runProcess({tool, flag});
  return run && run->ok() ? firstLine(run->output) : std::string();
}

/// Where the tools are run: beside the files, which are then named without their folders.
/// (Verilator breaks paths at blanks.)
std::filesystem::path directoryOf(const RtlSources& sources) {
  return sources.files.empty() ? std::filesystem::path()
                               : std::filesystem::absolute(sources.files[0]).parent_path();
}
std::vector<std::string> namesIn(const std::filesystem::path& directory,
                                 const RtlSources& sources) {
  std::vector<std::string> names;
  for (const std::filesystem::path& file : sources.files) {
    names.push_back(std::filesystem::absolute(file).lexically_relative(directory).string());
  }
  return names;
}

/// Runs a tool and turns its output into findings; a failure that explains nothing is an error.
core::Result<ToolLint> lintWith(const std::vector<std::string>& command,
                                const std::filesystem::path& directory, std::string name,
                                std::string version,
                                std::vector<core::Diagnostic> (*parse)(std::string_view)) {
  core::ProcessOptions options;
  options.timeoutSeconds = kTimeoutSeconds;
  options.workingDirectory = directory;
  const auto run = core::runProcess(command, options);
  if (!run) {
    return run.error();
  }
  ToolLint lint{std::move(name), std::move(version), parse(run->output), run->seconds};
  if (!run->ok() && lint.ok()) {
    return core::checkFailed(
        "lint.tool-failed",
        fmt::format("{} failed ({}) without naming a place", lint.tool, run->ending()), {},
        {core::lastLines(run->output, kQuotedLogLines)});
  }
  return lint;
}

}  // namespace

core::Result<RtlSources> sourcesOf(const std::filesystem::path& rtl) {
  const auto manifest = rtl_gen::loadManifest(rtl / "manifest.json");
  if (!manifest) {
    return manifest.error();
  }
  RtlSources sources;
  for (const std::string& file : manifest->files) {
    sources.files.push_back(rtl / file);
  }
  sources.top = manifest->top;
  return sources;
}

core::Result<ToolLint> lintWithVerilator(const RtlSources& sources) {
  if (auto found = core::requireExecutable("verilator", "verilator"); !found) {
    return found.error();
  }
  std::vector<std::string> command = {"verilator", "--lint-only", "-Wall", "--top-module",
                                      sources.top};
  const std::filesystem::path directory = directoryOf(sources);
  for (std::string& name : namesIn(directory, sources)) {
    command.push_back(std::move(name));
  }
  return lintWith(command, directory, "verilator --lint-only -Wall",
                  versionOf("verilator", "--version"), parseVerilatorOutput);
}

core::Result<ToolLint> lintWithYosys(const RtlSources& sources) {
  if (auto found = core::requireExecutable("yosys", "yosys"); !found) {
    return found.error();
  }
  std::string script;
  const std::filesystem::path directory = directoryOf(sources);
  for (const std::string& name : namesIn(directory, sources)) {
    script += fmt::format("read_verilog \"{}\"; ", name);
  }
  script += fmt::format("hierarchy -check -top {}; proc; check -assert", sources.top);
  // Quiet: warnings and errors only, which are all that is parsed.
  return lintWith({"yosys", "-q", "-p", script}, directory, "yosys check -assert",
                  versionOf("yosys", "-V"), parseYosysLog);
}

std::vector<core::Diagnostic> parseVerilatorOutput(std::string_view output) {
  // %Warning-UNUSEDSIGNAL: file.v:3:15: message   or   %Error: file.v:3:1: message
  static const std::regex kLine(
      R"(^%(Warning|Error)(?:-([A-Z0-9]+))?: (?:(.+?):(\d+):(?:(\d+):)? )?(.*)$)");
  std::vector<core::Diagnostic> findings;
  std::istringstream lines{std::string(output)};
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, kLine)) {
      continue;
    }
    // "Exiting due to 2 error(s)" closes the list and is no finding of its own.
    if (!match[3].matched && match[6].str().starts_with("Exiting due to")) {
      continue;
    }
    const std::string rule = match[2].matched ? match[2].str() : match[1].str();
    const std::string place = match[3].matched ? match[3].str() + ":" + match[4].str() : "";
    findings.push_back(core::checkFailed("lint.verilator." + rule, match[6].str(), place));
  }
  return findings;
}

std::vector<core::Diagnostic> parseYosysLog(std::string_view log) {
  static const std::regex kMessage(R"(^(?:(.+?):(\d+): )?(Warning|ERROR): (.*)$)");
  std::vector<core::Diagnostic> findings;
  std::set<std::string> seen;
  std::istringstream lines{std::string(log)};
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, kMessage) || !seen.insert(line).second) {
      continue;
    }
    // `check -assert` sums up the warnings that stand before it.
    if (match[4].str().starts_with("Found ") &&
        match[4].str().find("'check -assert'") != std::string::npos) {
      continue;
    }
    const std::string place = match[1].matched ? match[1].str() + ":" + match[2].str() : "";
    findings.push_back(core::checkFailed("lint.yosys.check", match[4].str(), place));
  }
  return findings;
}

}  // namespace aegen::lint
