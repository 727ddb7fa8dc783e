// Cell area of constant matrices: products left to Yosys, our adder graphs, and these with adders
// on the library's adder cells; beside the figures of a peer, measured with the same script.

#include <algorithm>
#include <random>
#include <sstream>

#include "aegen/core/files.hpp"
#include "aegen/core/function_builder.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/core/process.hpp"
#include "aegen/core/passes/share_products.hpp"
#include "aegen/flows/liberty.hpp"
#include "aegen/flows/synthesis.hpp"
#include "aegen/rtl_gen/emit_function.hpp"
#include "aegen/rtl_gen/verilog_printer.hpp"
#include "measure.hpp"

namespace aegen::bench {
namespace {

namespace fs = std::filesystem;
using core::ConstantMatrix;
using core::Function;
using core::Program;

struct Options {
  Settings settings;
  fs::path matrices;
  std::vector<std::string> names;
  fs::path liberty = fs::path(flows::kDefaultLiberty);
  core::AdderGraphOptions graph;
  bool quick = false;
};

// A row an input, a column an output, commas between.
ConstantMatrix readMatrix(const fs::path& file) {
  ConstantMatrix out;
  std::istringstream lines(orDie(core::readFile(file)));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) out.values.push_back(std::stoll(cell));
    ++out.rows;
  }
  out.columns = out.rows == 0 ? 0 : out.values.size() / out.rows;
  if (out.columns == 0 || out.rows * out.columns != out.values.size()) {
    die(core::badInput("bench.matrix", "not a matrix of integers", file.string()));
  }
  return out;
}

// y = x M of unsigned bytes, as products and sums.
Program productsOf(const ConstantMatrix& matrix) {
  Program program;
  core::FunctionBuilder b(program, "cmvm", "a constant matrix times a vector of bytes");
  const auto x = b.input("x", {false, 8, 0}, static_cast<std::uint32_t>(matrix.rows));
  for (std::size_t column = 0; column < matrix.columns; ++column) {
    std::vector<core::ValueId> terms;
    for (std::size_t row = 0; row < matrix.rows; ++row) {
      const std::int64_t weight = matrix.at(row, column);
      if (weight != 0) terms.push_back(b.mul(x[row], b.constant(weight)));
    }
    const core::ValueId sum = terms.empty() ? b.constant(0) : b.sum(terms);
    b.output("y" + std::to_string(column), b.format(sum), sum);
  }
  program.functions.push_back(std::move(b).finish());
  return program;
}

// The same function with its instructions in another order.
Function shuffled(const Function& function, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<core::ValueId> renamed(function.values.size(), ~core::ValueId{0});
  Function out = function;
  out.instructions.clear();
  std::vector<core::Instruction> waiting = function.instructions;
  const std::uint32_t inputs = function.inputElements();
  for (core::ValueId i = 0; i < inputs; ++i) renamed[i] = i;
  out.values.resize(inputs);
  const auto ready = [&](const core::Instruction& instruction) {
    return std::ranges::all_of(instruction.operands, [&](core::ValueId operand) {
      return renamed[operand] != ~core::ValueId{0};
    });
  };
  while (!waiting.empty()) {
    std::vector<std::size_t> candidates;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (ready(waiting[i])) candidates.push_back(i);
    }
    for (std::size_t i = candidates.size(); i-- > 1;) {
      std::swap(candidates[i], candidates[random() % (i + 1)]);
    }
    for (const std::size_t at : candidates) {
      core::Instruction instruction = waiting[at];
      for (core::ValueId& operand : instruction.operands) operand = renamed[operand];
      const core::ValueId result = instruction.results[0];
      renamed[result] = static_cast<core::ValueId>(out.values.size());
      out.values.push_back(function.values[result]);
      instruction.results[0] = renamed[result];
      out.instructions.push_back(std::move(instruction));
    }
    std::ranges::sort(candidates, std::greater<>());
    for (const std::size_t at : candidates) {
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  for (core::ValueId& value : out.outputValues) value = renamed[value];
  return out;
}

// Extreme and random bytes against the matrix itself.
void checkExact(const ConstantMatrix& matrix, const Program& program) {
  std::mt19937_64 random(7);
  const Function& function = program.functions.back();
  for (int k = 0; k < 200; ++k) {
    std::vector<std::int64_t> x(matrix.rows);
    for (std::int64_t& value : x) {
      const auto byte = static_cast<std::int64_t>(random() % 256);
      value = k == 0 ? 0 : k == 1 ? 255 : k % 2 == 0 ? byte : (byte & 1) * 255;
    }
    const auto values = core::evaluate(program, function, x);
    for (std::size_t column = 0; column < matrix.columns; ++column) {
      std::int64_t sum = 0;
      for (std::size_t row = 0; row < matrix.rows; ++row) sum += x[row] * matrix.at(row, column);
      if (values[function.outputValues[column]] != sum) {
        die(core::checkFailed("bench.not-exact", "the adder graph is not the matrix",
                              "column " + std::to_string(column)));
      }
    }
  }
}

// The script behind the peer's figures: synth -flatten, then ABC with the library; `map`: adders
// onto adder cells before. Big netlists leave out the steps of ABC's script that do not finish.
std::string script(const fs::path& verilog, const fs::path& map, const fs::path& liberty,
                   bool quick) {
  std::string text = "read_liberty -lib -ignore_miss_func " + liberty.string() + "\nread_verilog " +
                     verilog.string() + "\nhierarchy -top cmvm\n";
  if (!map.empty()) {
    text +=
        "proc\nflatten\nopt\nwreduce\npeepopt\nopt_clean\ntechmap -map " + map.string() + "\nopt\n";
  }
  text += "synth -flatten\n";
  text += quick ? "abc -liberty " + liberty.string() +
                      " -script +strash;dc2;strash;&get,-n;&dch,-f;&nf,{D};&put\n"
                : "abc -liberty " + liberty.string() + "\n";
  return text + "opt_clean\nstat -liberty " + liberty.string() + "\n";
}

double areaOf(const Function& function, const Program& program, const fs::path& map,
              const Options& options) {
  const fs::path work = options.settings.work;
  const fs::path verilog = work / "cmvm.v";
  const fs::path commands = work / "cmvm.ys";
  orDie(
      core::writeFile(verilog, rtl_gen::verilog::print(rtl_gen::emitFunction(program, function))));
  orDie(core::writeFile(commands, script(verilog, map, options.liberty, options.quick)));
  const auto run = orDie(core::runProcess({"yosys", "-s", commands.string()}));
  const std::string mark = "Chip area for module";
  const std::size_t at = run.output.rfind(mark);
  if (!run.ok() || at == std::string::npos) {
    die(core::checkFailed("bench.yosys", core::lastLines(run.output, 5), commands.string()));
  }
  return std::stod(run.output.substr(run.output.find(':', at) + 1));
}

ordered areas(const Program& program, const fs::path& map, const Options& options,
              const char* what) {
  std::vector<double> values;
  for (int repeat = 0; repeat < options.settings.repeats; ++repeat) {
    const Function& function = program.functions.back();
    const auto seed = options.settings.seed + static_cast<std::uint64_t>(repeat);
    values.push_back(
        areaOf(repeat == 0 ? function : shuffled(function, seed), program, map, options));
    fmt::print("  {:<16} {:>9.0f} um2\n", what, values.back());
    std::fflush(stdout);
  }
  return spread(values);
}

ordered measured(const std::string& name, const ordered& peer, const fs::path& map,
                 const Options& options) {
  const ConstantMatrix matrix = readMatrix(options.matrices / (name + ".csv"));
  const Program naive = productsOf(matrix);
  Program shared = naive;
  core::passes::ShareProductsStats stats;
  const double seconds = timed([&] { stats = orDie(core::passes::shareProducts(shared, options.graph)); });
  checkExact(matrix, shared);
  fmt::print("{}: {} adders of {} bits in {:.2f} s\n", name, stats.addersAfter, stats.bitsAfter,
             seconds);
  ordered out{{"matrix", name},
              {"exact", true},
              {"adders", stats.addersAfter},
              {"result_bits", stats.bitsAfter},
              {"seconds", seconds}};
  out["area_um2"] = {{"naive", areas(naive, {}, options, "naive")},
                     {"graph", areas(shared, {}, options, "graph")},
                     {"graph_adder_cells", areas(shared, map, options, "on adder cells")}};
  if (peer.contains(name) && peer[name].contains("area_um2_osu018")) {
    out["peer_area_um2"] = peer[name]["area_um2_osu018"];
    fmt::print("  peer: {}\n", out["peer_area_um2"].dump());
  }
  return out;
}

int run(const Options& options) {
  fs::create_directories(options.settings.work);
  const auto library = orDie(flows::loadLiberty(options.liberty));
  const fs::path map = options.settings.work / "arithmetic_map.v";
  orDie(core::writeFile(map, flows::arithmeticMap(library.fullAdder())));
  ordered peer = ordered::object();
  if (const auto text = core::readFile(options.matrices / "peers.json")) {
    peer = ordered::parse(*text);
  }
  ordered results = header("cmvm_area", options.settings, {{"yosys", "-V"}});
  results["library"] = library.name();
  results["effort"] = options.graph.effort;
  results["abc"] = options.quick ? "without the steps that do not finish" : "default";
  for (const std::string& name : options.names) {
    results["results"].push_back(measured(name, peer, map, options));
    if (!options.settings.json.empty()) {
      orDie(core::writeFile(options.settings.json, results.dump(2) + "\n"));
    }
  }
  return 0;
}

}  // namespace
}  // namespace aegen::bench

int main(int argc, char** argv) {
  aegen::bench::Options options;
  options.settings.work = "work_cmvm_area";
  options.settings.repeats = 1;
  CLI::App app("Mapped area of constant matrices as adder graphs");
  aegen::bench::addRunOptions(app, options.settings);
  app.add_option("--matrices", options.matrices, "Folder of NAME.csv and peers.json")->required();
  app.add_option("--names", options.names, "Matrices to measure")->required();
  app.add_option("--liberty", options.liberty, "Cell library, unpacked")->capture_default_str();
  app.add_option("--effort", options.graph.effort, "Of the solver")->capture_default_str();
  app.add_option("--work", options.settings.work, "Folder for scripts")->capture_default_str();
  app.add_flag("--quick", options.quick, "ABC without fraig and scorr, for large matrices");
  CLI11_PARSE(app, argc, argv);
  return aegen::bench::run(options);
}
