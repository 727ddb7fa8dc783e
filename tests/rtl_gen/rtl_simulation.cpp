#include "rtl_simulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "aegen/core/process.hpp"
#include "aegen/rtl_gen/verilog_printer.hpp"

namespace aegen::rtl_gen::testing {

namespace {

int widthOf(const SimPort& port) {
  return port.format.width * static_cast<int>(port.count);
}

int widthOf(const std::vector<SimPort>& ports) {
  int width = 0;
  for (const SimPort& port : ports) width += widthOf(port);
  return width;
}

// Rows as bit strings; the first port is in the highest bits, element 0 of a port in its lowest.
std::string bitsOf(const std::vector<SimPort>& ports, const std::vector<std::int64_t>& row) {
  std::string bits;
  std::size_t at = 0;
  for (const SimPort& port : ports) {
    for (std::uint32_t i = port.count; i-- > 0;) {
      const auto raw = static_cast<std::uint64_t>(row[at + i]);
      for (int b = port.format.width; b-- > 0;) bits += ((raw >> b) & 1U) != 0 ? '1' : '0';
    }
    at += port.count;
  }
  return bits;
}

std::vector<std::int64_t> elementsOf(const std::vector<SimPort>& ports, const std::string& bits) {
  std::vector<std::int64_t> row;
  std::size_t at = 0;
  for (const SimPort& port : ports) {
    std::vector<std::int64_t> elements(port.count);
    for (std::uint32_t i = port.count; i-- > 0;) {
      const std::string field = bits.substr(at, static_cast<std::size_t>(port.format.width));
      at += field.size();
      const bool known = field.find_first_not_of("01") == std::string::npos;
      elements[i] =
          known ? core::wrap(static_cast<std::int64_t>(std::stoull(field, nullptr, 2)), port.format)
                : kUnknown;
    }
    row.insert(row.end(), elements.begin(), elements.end());
  }
  return row;
}

std::string connections(const std::vector<SimPort>& ports, const char* vector, int width) {
  std::string text;
  for (const SimPort& port : ports) {
    text += "    ." + port.name + "(" + vector + "[" + std::to_string(width - 1) + ":" +
            std::to_string(width - widthOf(port)) + "]),\n";
    width -= widthOf(port);
  }
  return text;
}

void writeBench(const std::filesystem::path& file, const std::string& top, bool clocked,
                const std::vector<SimPort>& inputs, const std::vector<SimPort>& outputs,
                std::size_t rows) {
  const int in = widthOf(inputs);
  const int out = widthOf(outputs);
  std::string ports = connections(inputs, "in", in) + connections(outputs, "out", out);
  ports.resize(ports.size() - 2);
  std::ofstream stream(file);
  stream << "`timescale 1ns/1ps\nmodule bench;\n  reg clk;\n  reg [" << in - 1 << ":0] in;\n"
         << "  wire [" << out - 1 << ":0] out;\n"
         << "  reg [" << in - 1 << ":0] rows [0:" << rows - 1 << "];\n"
         << "  integer file, k;\n  " << top << " dut (\n"
         << (clocked ? "    .clk(clk),\n" : "") << ports << ");\n  initial begin\n"
         << "    clk = 0;\n    $readmemb(\"rows.txt\", rows);\n"
         << "    file = $fopen(\"out.txt\", \"w\");\n"
         << "    for (k = 0; k < " << rows << "; k = k + 1) begin\n"
         << "      in = rows[k]; #1;\n      $fdisplay(file, \"%b\", out);\n"
         << "      clk = 1; #1; clk = 0; #1;\n    end\n"
         << "    $fclose(file);\n    $finish;\n  end\nendmodule\n";
}

bool run(const std::vector<std::string>& command, const std::filesystem::path& directory) {
  core::ProcessOptions options;
  options.workingDirectory = directory;
  options.timeoutSeconds = 150;
  const auto result = core::runProcess(command, options);
  const bool good = result.ok() && result.value().ok();
  EXPECT_TRUE(good) << command[0] << " in " << directory << ":\n"
                    << (result.ok() ? result.value().output : result.error().text());
  return good;
}

std::string complaints(const std::vector<std::string>& command) {
  const auto result = core::runProcess(command);
  if (!result.ok()) return result.error().text();
  return result.value().ok() ? std::string() : "failed: " + result.value().output;
}

}  // namespace

std::filesystem::path testDirectory(const std::string& name) {
  // Tests run at the same time as processes of their own: a folder for each.
  const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string owner = std::string(test->test_suite_name()) + "." + test->name();
  std::ranges::replace(owner, '/', '_');
  const auto directory = std::filesystem::path(AEGEN_BUILD_DIR) / "rtl_gen_tests" / owner / name;
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return directory;
}

std::vector<std::string> writeModules(const std::vector<verilog::Module>& modules,
                                      const std::filesystem::path& directory) {
  std::vector<std::string> files;
  for (const verilog::Module& module : modules) {
    files.push_back((directory / (module.name + ".v")).string());
    std::ofstream(files.back()) << verilog::print(module);
  }
  return files;
}

Rows simulate(Simulator simulator, const std::filesystem::path& directory,
              const std::vector<std::string>& files, const std::string& top, bool clocked,
              const std::vector<SimPort>& inputs, const std::vector<SimPort>& outputs,
              const Rows& rows) {
  writeBench(directory / "bench.v", top, clocked, inputs, outputs, rows.size());
  {
    std::ofstream stream(directory / "rows.txt");
    for (const auto& row : rows) stream << bitsOf(inputs, row) << '\n';
  }
  std::vector<std::string> build{"iverilog", "-g2005", "-Wall", "-o", "bench.vvp", "bench.v"};
  std::vector<std::string> execute{"vvp", "-n", "bench.vvp"};
  if (simulator == Simulator::Verilator) {
    build = {"verilator", "--binary", "-O3", "-j",           "2",     "-Wno-fatal", "--Mdir",
             "obj",       "-CFLAGS",  "-O0", "--top-module", "bench", "bench.v"};
    execute = {(directory / "obj/Vbench").string()};
  }
  build.insert(build.end(), files.begin(), files.end());
  if (!run(build, directory) || !run(execute, directory)) return {};
  Rows out;
  std::ifstream stream(directory / "out.txt");
  for (std::string line; std::getline(stream, line);) out.push_back(elementsOf(outputs, line));
  EXPECT_EQ(out.size(), rows.size());
  return out;
}

std::string lint(const std::vector<std::string>& files, const std::string& top,
                 const std::vector<std::string>& options) {
  std::vector<std::string> command{"verilator", "--lint-only", "-Wall", "--top-module", top};
  command.insert(command.end(), options.begin(), options.end());
  command.insert(command.end(), files.begin(), files.end());
  return complaints(command);
}

std::string yosysCheck(const std::vector<std::string>& files, const std::string& top) {
  std::string script = "read_verilog";
  for (const std::string& file : files) script += " " + file;
  script += "; hierarchy -check -top " + top + "; proc; check -assert";
  return complaints({"yosys", "-q", "-e", ".*", "-p", script});
}

}  // namespace aegen::rtl_gen::testing
