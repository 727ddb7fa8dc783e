#pragma once
// What the benchmarks share: clocks, spread of repeats, where and with what it was measured.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aegen/core/columns.hpp"
#include "aegen/core/diagnostic.hpp"
#include "aegen/flows/design_spec.hpp"

namespace aegen::bench {

using ordered = nlohmann::ordered_json;

// The diagnostic ends the program: a figure without its check would mislead.
[[noreturn]] void die(const core::Diagnostic& diagnostic);

template <typename T>
T orDie(core::Result<T> result) {
  if (!result) die(result.error());
  return std::move(*result);
}
inline void orDie(core::Result<void> result) {
  if (!result) die(result.error());
}

// So that every crossing of some is seen at the end of the deepest pipeline, and there is something
// to time.
constexpr std::uint64_t kFewestCrossings = 1000;

// What every benchmark is told.
struct Settings {
  std::filesystem::path design =
      std::filesystem::path(AEGEN_SOURCE_DIR) / "examples/econ_t_autoencoder/design.yaml";
  std::filesystem::path work = "work_bench";
  std::filesystem::path json;
  std::uint64_t crossings = 200'000;
  std::uint64_t seed = 1;
  int repeats = 3;
};

// Where the results go and how often to measure.
void addRunOptions(CLI::App& app, Settings& settings);

// The options of every benchmark of designs, those above among them. Numbers that nothing could be
// measured with are refused.
void addOptions(CLI::App& app, Settings& settings);

// Seconds of wall time.
double timed(const std::function<void()>& work);

// Seconds of processor time, of this process on all its threads and of its children that ended.
double processorSeconds();

// Median, smallest and largest of the repeats: the noise floor stands beside the figure.
ordered spread(std::vector<double> values);
double median(std::vector<double> values);

// Name, revision, date, seed, machine, and the first line of `tool --version` for each tool.
ordered header(const std::string& benchmark, const Settings& settings,
               const std::vector<std::vector<std::string>>& tools);

// The design of the settings with loadable or hard-wired weights.
flows::DesignBundle bundleOf(const Settings& settings, bool loadable);

// The events [first, first + count) of all elements.
core::Columns part(const core::Columns& all, std::size_t first, std::size_t count);

}  // namespace aegen::bench
