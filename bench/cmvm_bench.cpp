// Adder graphs of constant matrices: what they cost at each depth, how long they took to find, and
// whether they are the product.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "aegen/core/adder_graph.hpp"
#include "aegen/core/files.hpp"
#include "measure.hpp"

namespace {

using namespace aegen;
using namespace aegen::bench;
namespace fs = std::filesystem;

__extension__ using Int128 = __int128;

struct CmvmSettings : Settings {
  fs::path matrices;
  std::vector<std::string> only;
  int effort = 1;
  unsigned threads = 1;
  std::optional<int> depth;
  bool front = false;
};

core::Diagnostic malformed(const fs::path& file, std::size_t line, std::string message) {
  return core::badInput("cmvm.malformed-matrix", std::move(message),
                        fmt::format("{}:{}", file.string(), line),
                        {"a line is a row of the matrix: integers with commas between them"});
}

// A line's integers, spaces around them allowed.
core::Result<std::vector<std::int64_t>> rowOf(const fs::path& file, std::size_t line,
                                              std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  std::vector<std::int64_t> row;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    std::string_view cell = text.substr(start, end - start);
    cell.remove_prefix(std::min(cell.find_first_not_of(kSpace), cell.size()));
    cell.remove_suffix(cell.size() - (cell.find_last_not_of(kSpace) + 1));
    std::int64_t value = 0;
    const auto [rest, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc() || rest != cell.data() + cell.size()) {
      return malformed(file, line, fmt::format("`{}` is not an integer of 64 bits", cell));
    }
    row.push_back(value);
    start = end + 1;
  }
  return row;
}

core::Result<core::ConstantMatrix> readMatrix(const fs::path& file) {
  const core::Result<std::string> text = core::readFile(file);
  if (!text) return text.error();
  core::ConstantMatrix matrix;
  std::size_t line = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view row = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++line;
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const core::Result<std::vector<std::int64_t>> values = rowOf(file, line, row);
    if (!values) return values.error();
    if (matrix.rows > 0 && values->size() != matrix.columns) {
      return malformed(
          file, line,
          fmt::format("{} numbers in a row, {} in the first", values->size(), matrix.columns));
    }
    matrix.columns = values->size();
    ++matrix.rows;
    matrix.values.insert(matrix.values.end(), values->begin(), values->end());
  }
  if (matrix.rows == 0) return malformed(file, 1, "the file has no rows");
  return matrix;
}

// One in the folder each, by name.
core::Result<std::vector<fs::path>> matrixFiles(const CmvmSettings& settings) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(settings.matrices, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() != ".csv") continue;
    const std::string name = it->path().stem().string();
    if (settings.only.empty() || std::ranges::count(settings.only, name) > 0) {
      files.push_back(it->path());
    }
  }
  if (error) {
    return core::badInput("cmvm.no-folder", "the folder cannot be read: " + error.message(),
                          settings.matrices.string());
  }
  for (const std::string& name : settings.only) {
    if (!std::ranges::count(files, name, [](const fs::path& f) { return f.stem().string(); })) {
      return core::badInput("cmvm.no-matrix", "there is no matrix of this name",
                            (settings.matrices / (name + ".csv")).string());
    }
  }
  if (files.empty()) {
    return core::badInput("cmvm.no-matrix", "the folder holds no .csv", settings.matrices.string());
  }
  std::ranges::sort(files);
  return files;
}

// Inputs that make each output largest and smallest, all at either end, and random ones.
std::vector<std::vector<std::int64_t>> probesOf(const core::ConstantMatrix& matrix,
                                                const std::vector<core::Interval>& inputs,
                                                std::uint64_t seed) {
  constexpr int kRandom = 200;
  std::vector<std::vector<std::int64_t>> probes;
  const auto probe = [&](auto&& value) {
    std::vector<std::int64_t>& x = probes.emplace_back();
    for (std::size_t r = 0; r < matrix.rows; ++r) x.push_back(value(r));
  };
  probe([&](std::size_t r) { return inputs[r].low; });
  probe([&](std::size_t r) { return inputs[r].high; });
  for (std::size_t c = 0; c < matrix.columns; ++c) {
    const auto positive = [&](std::size_t r) { return matrix.at(r, c) > 0; };
    probe([&](std::size_t r) { return positive(r) ? inputs[r].high : inputs[r].low; });
    probe([&](std::size_t r) { return positive(r) ? inputs[r].low : inputs[r].high; });
  }
  std::mt19937_64 random(seed);
  for (int k = 0; k < kRandom; ++k) {
    probe([&](std::size_t r) {
      return std::uniform_int_distribution(inputs[r].low, inputs[r].high)(random);
    });
  }
  return probes;
}

// Every output is the product's, computed apart from it all, and every adder's value within the
// range its width is from.
bool isExact(const core::ConstantMatrix& matrix, const core::AdderGraph& graph,
             std::uint64_t seed) {
  for (const std::vector<std::int64_t>& x : probesOf(matrix, graph.inputs, seed)) {
    const std::vector<std::int64_t> y = core::evaluate(graph, x);
    if (y.size() != matrix.columns) return false;
    for (std::size_t c = 0; c < matrix.columns; ++c) {
      Int128 sum = 0;
      for (std::size_t r = 0; r < matrix.rows; ++r) sum += Int128{x[r]} * matrix.at(r, c);
      if (sum != y[c]) return false;
    }
    std::vector<Int128> values(x.begin(), x.end());
    for (const core::AdderNode& adder : graph.adders) {
      const Int128 a = values[adder.a.node] * (Int128{1} << adder.a.shift);
      const Int128 b = values[adder.b.node] * (Int128{1} << adder.b.shift);
      const Int128 value = adder.subtract ? a - b : a + b;
      if (value < adder.range.low || value > adder.range.high) return false;
      values.push_back(value);
    }
  }
  return true;
}

class CmvmBench {
 public:
  explicit CmvmBench(const CmvmSettings& settings) : settings_(settings) {}

  ordered run() {
    ordered out = header("cmvm", settings_, {{"c++", "--version"}});
    out["inputs"] = "unsigned, 8 bits";
    out["effort"] = settings_.effort;
    out["threads"] = settings_.threads;
    out["results"] = ordered::array();
    const std::vector<fs::path> files = orDie(matrixFiles(settings_));
    // All of them before the first is solved: a mistake in the last shows at once.
    std::vector<core::ConstantMatrix> matrices;
    for (const fs::path& file : files) matrices.push_back(orDie(readMatrix(file)));
    for (std::size_t m = 0; m < files.size(); ++m) {
      rows(files[m].stem().string(), matrices[m], out["results"]);
    }
    return out;
  }

 private:
  // Without a limit of depth first; then one for each depth below what that came to.
  void rows(const std::string& name, const core::ConstantMatrix& matrix, ordered& results) const {
    const auto add = [&](std::optional<int> limit) {
      results.push_back(row(name, matrix, limit));
      fmt::print("{}\n", results.back().dump());
      std::fflush(stdout);
      return results.back()["depth"].get<int>();
    };
    if (settings_.depth) {
      add(settings_.depth);
      return;
    }
    const int deepest = settings_.front ? costOf(solve(name, matrix, {})).depth : add({});
    // A limit that cannot be kept is raised to the first that can.
    int depth = add(0);
    while (++depth <= deepest) add(depth);
  }

  core::AdderGraph solve(const std::string& name, const core::ConstantMatrix& matrix,
                         std::optional<int> limit) const {
    core::AdderGraphOptions options;
    options.effort = settings_.effort;
    options.threads = settings_.threads;
    options.maxDepth = limit;
    options.seed = settings_.seed;
    core::Result<core::AdderGraph> graph = core::solveAdderGraph(matrix, inputsOf(matrix), options);
    if (graph) return std::move(*graph);
    core::Diagnostic wrong = graph.error();
    wrong.where = name + ", " + wrong.where;
    die(wrong);
  }

  static std::vector<core::Interval> inputsOf(const core::ConstantMatrix& matrix) {
    return std::vector<core::Interval>(matrix.rows, {0, 255});
  }

  ordered row(const std::string& name, const core::ConstantMatrix& matrix,
              std::optional<int> limit) const {
    core::AdderGraph graph;
    const double before = processorSeconds();
    const double seconds = timed([&] { graph = solve(name, matrix, limit); });
    const double processor = processorSeconds() - before;
    const core::AdderGraphCost cost = costOf(graph);
    ordered out{{"matrix", name},
                {"adders", cost.adders},
                {"cost_bits", cost.costBits},
                {"result_bits", cost.resultBits},
                {"depth", cost.depth},
                {"seconds", seconds},
                {"processor_seconds", processor},
                {"exact", isExact(matrix, graph, settings_.seed)}};
    out["depth_limit"] = limit ? ordered(*limit) : ordered(nullptr);
    out["effort"] = settings_.effort;
    return out;
  }

  const CmvmSettings& settings_;
};

}  // namespace

int main(int argc, char** argv) {
  CmvmSettings settings;
  CLI::App app("Adder graphs of constant matrices, at every depth");
  app.add_option("--matrices", settings.matrices,
                 "Folder of NAME.csv: rows are inputs, columns outputs")
      ->required();
  app.add_option("--json", settings.json, "Where the results go");
  app.add_option("--matrix", settings.only, "Only these, by name");
  app.add_option("--effort", settings.effort, "How hard to look")
      ->capture_default_str()
      ->check(CLI::Range(0, 9));
  app.add_option("--threads", settings.threads, "At most; the graphs are the same with any number")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  CLI::Option* depth = app.add_option("--depth", settings.depth,
                                      "Adders on the longest path, at most: one row a matrix")
                           ->check(CLI::Range(0, 1000));
  app.add_flag("--front", settings.front, "Only the rows with a limit of depth")->excludes(depth);
  app.add_option("--seed", settings.seed, "Of the search and the inputs checked")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const ordered results = CmvmBench(settings).run();
  if (!settings.json.empty()) orDie(core::writeFile(settings.json, results.dump(2) + "\n"));
  return std::ranges::all_of(results["results"], [](const auto& r) { return r["exact"]; }) ? 0 : 1;
}
