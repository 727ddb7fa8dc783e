// Icarus Verilog on the RTL that the others simulate: a test bench that reads the crossings with
// $readmemh, a clock each, and writes what leaves the chip just before each rising edge.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "aegen/core/files.hpp"
#include "aegen/core/process.hpp"
#include "executors.hpp"

namespace aegen::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kResetClocks = 16;
constexpr int kLinkResetClocks = 64;  // more than any pipeline is deep

// Signals of the manifest that are pins of one direction, in order.
std::vector<rtl_gen::ManifestSignal> pins(const rtl_gen::ModuleManifest& manifest, bool inputs) {
  std::vector<rtl_gen::ManifestSignal> out;
  for (const rtl_gen::ManifestSignal& signal : manifest.signals) {
    if (signal.isPort && signal.producer.empty() == inputs) out.push_back(signal);
  }
  return out;
}

std::size_t widthOf(const rtl_gen::ManifestSignal& signal) {
  return signal.count * static_cast<std::size_t>(signal.format.width);
}

// What is on an input of the two configuration ports while nobody uses it: settings keep the values
// of their reset. Both wires of the serial bus rest high.
std::string resting(const rtl_gen::ManifestPort& port) {
  const bool wire = port.name == "i2c_scl" || port.name == "i2c_sda";
  return fmt::format("{}'d{}", port.width, wire ? 1 : 0);
}

std::string testBench(const rtl_gen::ModuleManifest& manifest, std::size_t clocks) {
  std::string declarations;
  std::string connections = ".clk(clk), .rst_n(rst_n), .link_reset(link_reset)";
  std::string dump;
  std::string values;
  std::size_t width = 0;
  for (const auto& input : pins(manifest, true)) {
    connections += fmt::format(", .{}(row[{}:{}])", input.name, width + widthOf(input) - 1, width);
    width += widthOf(input);
  }
  for (const auto& output : pins(manifest, false)) {
    declarations += fmt::format("  wire [{}:0] {};\n", widthOf(output) - 1, output.name);
    connections += fmt::format(", .{0}({0})", output.name);
    dump += " %h";
    values += ", " + output.name;
  }
  for (const rtl_gen::ManifestPort& port : manifest.ports) {
    if (port.purpose != "config" && port.purpose != "serial") continue;
    connections += fmt::format(", .{}({})", port.name, port.isInput ? resting(port) : "");
  }
  return fmt::format(R"(`timescale 1ns / 1ps
module icarus_bench;
  reg clk = 0, rst_n = 0, link_reset = 0;
  reg [{last}:0] rows [0:{lastRow}];
  reg [{last}:0] row = 0;
{declarations}  integer clock, file;
  {top} chip ({connections});
  task edges;
    begin
      #5 clk = 1;
      #5 clk = 0;
    end
  endtask
  initial begin
    $readmemh("stimuli.hex", rows);
    file = $fopen("outputs.hex", "w");
    repeat ({reset}) edges;
    rst_n = 1;
    link_reset = 1;
    repeat ({linkReset}) edges;
    link_reset = 0;
    for (clock = 0; clock < {clocks}; clock = clock + 1) begin
      row = rows[clock];
      #5 $fwrite(file, "{dump}\n"{values});
      edges;
    end
    $finish;
  end
endmodule
)",
                     fmt::arg("last", width - 1),
                     fmt::arg("lastRow", std::max<std::size_t>(clocks, 1) - 1),
                     fmt::arg("declarations", declarations), fmt::arg("top", manifest.top),
                     fmt::arg("connections", connections), fmt::arg("reset", kResetClocks),
                     fmt::arg("linkReset", kLinkResetClocks), fmt::arg("clocks", clocks),
                     fmt::arg("dump", dump), fmt::arg("values", values));
}

// Bits of one crossing, the first element lowest, as hexadecimal digits.
class HexRow {
 public:
  void push(std::int64_t value, int width) {
    for (int bit = 0; bit < width; ++bit) bits_.push_back(((value >> bit) & 1) != 0);
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    for (std::size_t at = 0; at < bits_.size(); at += 4) {
      unsigned digit = 0;
      for (std::size_t bit = 0; bit < 4 && at + bit < bits_.size(); ++bit) {
        digit |= (bits_[at + bit] ? 1U : 0U) << bit;
      }
      out += "0123456789abcdef"[digit];
    }
    std::ranges::reverse(out);
    return out;
  }

 private:
  std::vector<bool> bits_;
};

std::string stimuliText(const Subject& subject, std::size_t clocks) {
  std::string text;
  for (std::size_t k = 0; k < clocks; ++k) {
    HexRow row;
    std::size_t element = 0;
    for (const auto& input : pins(subject.rtl.manifest, true)) {
      for (std::uint32_t i = 0; i < input.count; ++i, ++element) {
        row.push(subject.inputs.at(element, k), input.format.width);
      }
    }
    text += row.text() + "\n";
  }
  return text;
}

// Every line of the dump against the crossings that must be on the pins then.
bool equalsExpected(const Subject& subject, const std::string& dump, std::size_t crossings) {
  std::istringstream lines(dump);
  const auto outputs = pins(subject.rtl.manifest, false);
  std::size_t compared = 0;
  std::string line;
  for (std::size_t clock = 0; std::getline(lines, line); ++clock) {
    std::istringstream words(line);
    std::size_t element = 0;
    for (const auto& output : outputs) {
      std::string word;
      words >> word;
      const auto latency = static_cast<std::size_t>(output.latency);
      const std::size_t first = element;
      element += output.count;
      if (clock < latency || clock - latency >= crossings) continue;
      HexRow want;
      for (std::uint32_t i = 0; i < output.count; ++i) {
        want.push(subject.expected.at(first + i, clock - latency), output.format.width);
      }
      if (word != want.text()) return false;
      ++compared;
    }
  }
  return compared == crossings * outputs.size();
}

}  // namespace

Rate icarusRate(const Settings& settings, const Subject& subject, std::size_t crossings) {
  std::size_t flush = 0;
  for (const auto& output : pins(subject.rtl.manifest, false)) {
    flush = std::max(flush, static_cast<std::size_t>(output.latency));
  }
  if (subject.inputs.events() <= flush) {
    die(core::badInput(
        "bench.crossings",
        fmt::format("{} crossings are too few: the last of them must leave {} clocks "
                    "later",
                    subject.inputs.events(), flush)));
  }
  crossings = std::min(crossings, subject.inputs.events() - flush);
  const std::size_t clocks = crossings + flush;
  const fs::path work = subject.work / "icarus";
  fs::create_directories(work);
  orDie(core::writeFile(work / "stimuli.hex", stimuliText(subject, clocks)));
  const auto run = [&](const std::vector<std::string>& command, const std::string& log) {
    const auto result = orDie(core::runProcess(
        command,
        {.workingDirectory = work, .logFile = work / log, .timeoutSeconds = 0, .environment = {}}));
    if (!result.ok()) {
      die(core::checkFailed("bench.icarus", command[0] + " fails (" + result.ending() + ")",
                            (work / log).string(), {core::fileTail(work / log, 15)}));
    }
    return result.seconds;
  };
  // Once with all clocks, once with none: the difference is what the crossings take.
  const auto build = [&](const std::string& name, std::size_t simulated) {
    orDie(core::writeFile(work / (name + ".v"), testBench(subject.rtl.manifest, simulated)));
    std::vector<std::string> command{"iverilog", "-g2005", "-s",       "icarus_bench",
                                     "-o",       name,     name + ".v"};
    for (const std::string& file : subject.rtl.manifest.files) {
      command.push_back(fs::absolute(subject.work / "rtl" / file).string());
    }
    return run(command, name + "_iverilog.log");
  };
  Rate rate;
  rate.crossings = crossings;
  rate.more["compile_seconds"] = build("crossings", clocks);
  build("start_only", 0);
  rate.checked = "all output bits against the interpreter";
  rate.correct = true;
  std::vector<double> starts;
  for (int i = 0; i < settings.repeats; ++i) {
    const double start = processorSeconds();
    starts.push_back(run({"vvp", "start_only"}, "start_only.log"));
    const double before = processorSeconds();
    const double seconds = run({"vvp", "crossings"}, "crossings.log");
    rate.processorSeconds.push_back((processorSeconds() - before) - (before - start));
    rate.perSecond.push_back(static_cast<double>(crossings) / (seconds - starts.back()));
    rate.correct = rate.correct &&
                   equalsExpected(subject, orDie(core::readFile(work / "outputs.hex")), crossings);
  }
  rate.more["start_and_reset_seconds"] = spread(std::move(starts));
  return rate;
}

}  // namespace aegen::bench
