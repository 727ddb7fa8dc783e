#include "measure.hpp"

#include <fmt/chrono.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#include "aegen/core/files.hpp"
#include "aegen/core/instruction_set.hpp"
#include "aegen/core/process.hpp"
#include "aegen/flows/stages.hpp"

namespace aegen::bench {
namespace {

std::string firstLine(const std::vector<std::string>& command) {
  const auto result = core::runProcess(command);
  if (!result) return {};
  return result->output.substr(0, result->output.find('\n'));
}

std::string processorName() {
  const auto text = core::readFile("/proc/cpuinfo");
  if (!text) return {};
  const std::size_t line = text->find("model name");
  if (line == std::string::npos) return {};
  const std::size_t from = text->find(": ", line) + 2;
  return text->substr(from, text->find('\n', from) - from);
}

}  // namespace

void die(const core::Diagnostic& diagnostic) {
  fmt::print(stderr, "bench: {}\n", diagnostic.text());
  std::exit(static_cast<int>(diagnostic.failure));
}

void addRunOptions(CLI::App& app, Settings& settings) {
  app.add_option("--json", settings.json, "Where the results go");
  app.add_option("--repeats", settings.repeats, "Runs of each figure")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
}

void addOptions(CLI::App& app, Settings& settings) {
  addRunOptions(app, settings);
  constexpr std::uint64_t kMostCrossings = 100'000'000;  // more would not fit the memory
  app.add_option("--design", settings.design, "A design.yaml with a decoder")
      ->capture_default_str();
  app.add_option("--work", settings.work, "Folder for RTL and models")->capture_default_str();
  app.add_option("--crossings", settings.crossings, "Of each run")
      ->capture_default_str()
      ->check(CLI::Range(kFewestCrossings, kMostCrossings));
}

double timed(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double processorSeconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    getrusage(who, &usage);
    for (const timeval& t : {usage.ru_utime, usage.ru_stime}) {
      seconds += static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    }
  }
  return seconds;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

ordered spread(std::vector<double> values) {
  const auto [low, high] = std::ranges::minmax(values);
  return {{"median", median(std::move(values))}, {"min", low}, {"max", high}};
}

ordered header(const std::string& benchmark, const Settings& settings,
               const std::vector<std::vector<std::string>>& tools) {
  ordered out{
      {"benchmark", benchmark},
      {"aegen", AEGEN_VERSION},
      {"revision", firstLine({"git", "-C", AEGEN_SOURCE_DIR, "describe", "--always", "--dirty"})},
      {"date", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
      {"seed", settings.seed},
      {"processors", std::thread::hardware_concurrency()},
      {"processor", processorName()},
      {"interpreter_instruction_set", core::text(core::availableInstructionSets().back())}};
  for (const auto& command : tools) out[command[0]] = firstLine(command);
  return out;
}

flows::DesignBundle bundleOf(const Settings& settings, bool loadable) {
  flows::DesignSpec spec = orDie(flows::loadDesignSpec(settings.design));
  spec.loadable = loadable;
  spec.chip.name = loadable ? "econ_t_loadable" : "econ_t_hard_wired";
  spec.events.crossings = settings.crossings;
  return orDie(flows::buildDesign(spec));
}

core::Columns part(const core::Columns& all, std::size_t first, std::size_t count) {
  core::Columns out(all.elements(), count);
  for (std::size_t e = 0; e < all.elements(); ++e) {
    std::ranges::copy(all.column(e).subspan(first, count), out.column(e).begin());
  }
  return out;
}

}  // namespace aegen::bench
