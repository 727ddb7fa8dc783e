// registers.h compiles as C99 and C++ without a warning, and a program that includes it sees the
// values of registers.json.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "aegen/core/process.hpp"
#include "aegen/rtl_gen/register_map.hpp"
#include "random_registers.hpp"
#include "rtl_simulation.hpp"

namespace aegen::rtl_gen {
namespace {

using Json = nlohmann::json;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// Macros and arrays that the header must have, with the values the JSON gives them.
std::map<std::string, std::vector<long long>> expectations(const Json& json) {
  const std::string design = json["design"];
  std::map<std::string, std::vector<long long>> out;
  out[upper(design) + "_CONTROL_ADDRESS"] = {json["control"]["address"]};
  out[upper(design) + "_CONTROL_COMMIT"] = {json["control"]["commit_mask"]};
  out[upper(design) + "_CONTROL_BUSY"] = {json["control"]["busy_mask"]};
  out[upper(design) + "_DATA_WIDTH"] = {json["data_width"]};
  out[upper(design) + "_ADDRESS_WIDTH"] = {json["address_width"]};
  out[upper(design) + "_BYTES_PER_VALUE"] = {json["bytes_per_value"]};
  if (!json["serial_port"].is_null()) {
    out[upper(design) + "_I2C_ADDRESS_BASE"] = {json["serial_port"]["address_base"]};
    out[upper(design) + "_I2C_ADDRESS_PINS"] = {json["serial_port"]["address_pins"]};
  }
  std::map<std::string, int> copies;
  for (const Json& field : json["fields"]) {
    std::string name = field["name"];
    if (const int copy = ++copies[upper(name)]; copy > 1) name += "_" + std::to_string(copy);
    const std::string macro = upper(design) + "_REG_" + upper(name);
    out[macro + "_ADDRESS"] = {field["address"]};
    out[macro + "_COUNT"] = {field["count"]};
    out[macro + "_WIDTH"] = {field["width"]};
    out[macro + "_FRACTION"] = {field["fraction"]};
    out[macro + "_SIGNED"] = {field["signed"] ? 1 : 0};
    out[macro + "_MASK"] = {field["mask"]};
    out[design + "_reg_" + name + "_reset"] = field["reset"].get<std::vector<long long>>();
  }
  return out;
}

std::string program(const std::map<std::string, std::vector<long long>>& expected) {
  std::string text =
      "#include \"registers.h\"\n#include \"registers.h\"\n#include <stdio.h>\n"
      "int main(void) {\n  unsigned i;\n  (void)i;\n";
  for (const auto& [name, values] : expected) {
    const bool array = name.ends_with("_reset");
    if (array) {
      text += "  printf(\"" + name + " %u\", (unsigned)(sizeof " + name + " / sizeof " + name +
              "[0]));\n  for (i = 0; i < " + std::to_string(values.size()) +
              "u; ++i) printf(\" %ld\", (long)" + name + "[i]);\n  printf(\"\\n\");\n";
    } else {
      text += "  printf(\"" + name + " 1 %ld\\n\", (long)(" + name + "));\n";
    }
  }
  return text + "  return 0;\n}\n";
}

std::string runCommand(const std::vector<std::string>& command,
                       const std::filesystem::path& directory) {
  core::ProcessOptions options;
  options.workingDirectory = directory;
  const auto result = core::runProcess(command, options);
  EXPECT_TRUE(result.ok() && result->ok())
      << command[0] << ": " << (result.ok() ? result->output : result.error().text());
  return result.ok() ? result->output : std::string();
}

void check(const ModuleManifest& manifest, const std::string& name) {
  const auto directory = testing::testDirectory("register_header_" + name);
  for (const RegisterMapFile& file : registerMapFiles(manifest)) {
    std::ofstream(directory / file.name) << file.text;
  }
  const auto expected = expectations(Json::parse(registerMapJson(manifest)));
  std::string wanted;
  for (const auto& [macro, values] : expected) {
    wanted += macro + " " + std::to_string(values.size());
    for (const long long value : values) wanted += " " + std::to_string(value);
    wanted += "\n";
  }
  for (const std::string source : {"main.c", "main.cpp"}) {
    std::ofstream(directory / source) << program(expected);
    const bool c = source == "main.c";
    runCommand({c ? "gcc" : "g++", c ? "-std=c99" : "-std=c++11", "-Wall", "-Wextra", "-Werror",
                "-pedantic", source, "-o", "program"},
               directory);
    EXPECT_EQ(runCommand({(directory / "program").string()}, directory), wanted) << source;
  }
}

TEST(RegisterHeader, GivesTheValuesOfTheJsonInCAndInCpp) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test_common::SplitMix64 random(seed);
    core::Design design = test_common::randomRegisters(
        random, "header_chip", {.maxWidth = seed % 2 == 0 ? 16 : core::kMaxConfigBits});
    if (seed % 3 == 0) design.serial = core::SerialPort{};
    const auto rtl = emitVerilog(design);
    ASSERT_TRUE(rtl.ok()) << rtl.error().text();
    check(rtl->manifest, std::to_string(seed));
  }
}

TEST(RegisterHeader, KeepsNamesAndCommentsFromBecomingCode) {
  ModuleManifest m;
  m.aegenVersion = "1.2.3";
  m.design = m.top = "nasty";
  m.registers = {
      {"control", {true, 32, 31}, 3, 0, {-2147483648LL, 2147483647, 0}, "ends */ \"here\" \\", 0},
      {"gain", {false, 32, -3}, 2, 3, {0xffffffff, 0x80000000}, "/* ?\?/\nint x = ;", 1},
      {"Gain", {true, 16, 4}, 1, 5, {-32768}, "/ * / again /*/", 2}};
  m.controlAddress = 6;
  m.configAddressWidth = 3;
  m.configDataWidth = 32;
  check(m, "nasty");
}

}  // namespace
}  // namespace aegen::rtl_gen
