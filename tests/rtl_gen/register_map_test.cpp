// The register map's four texts say the same as the manifest, of designs nobody chose.

#include "aegen/rtl_gen/register_map.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "aegen/rtl_gen/emit_design.hpp"
#include "random_registers.hpp"
#include "systemrdl_reader.hpp"

namespace aegen::rtl_gen {
namespace {

using testing::RdlField;
using testing::RdlMap;
using testing::RdlRegister;

ModuleManifest randomManifest(std::uint64_t seed) {
  test_common::SplitMix64 random(seed);
  core::Design design = test_common::randomRegisters(random, "random_chip");
  if (seed % 2 == 0) design.serial = core::SerialPort{};
  for (core::ConfigField& field : design.config) {
    // Runs of equal values, as real settings have them.
    for (std::size_t i = 1; i < field.reset.size(); ++i) {
      if (random.oneIn(2)) field.reset[i] = field.reset[i - 1];
    }
  }
  auto rtl = emitVerilog(design);
  EXPECT_TRUE(rtl.ok()) << rtl.error().text();
  return rtl->manifest;
}

/// Names and comments that could break a format.
ModuleManifest nastyManifest() {
  ModuleManifest m;
  m.aegenVersion = "1.2.3";
  m.design = m.top = "reg";
  m.registers = {
      {"field", {true, 32, 31}, 3, 0, {-2147483648LL, 2147483647, 0}, "ends */ \"here\" \\", 0},
      {"control", {false, 32, -3}, 1, 3, {0xffffffff}, "a | b\nc // d", 1},
      {"gain", {false, 1, 0}, 2, 4, {1, 1}, "", 0},
      {"Gain", {true, 9, 4}, 1, 6, {-256}, "/* not \\\\ again", 2}};
  m.controlAddress = 7;
  m.configAddressWidth = 3;
  m.configDataWidth = 32;
  m.serial = core::SerialPort{};
  return m;
}

RdlMap readRdl(const ModuleManifest& manifest) {
  const std::string text = registerMapRdl(manifest);
  auto map = testing::readSystemRdl(text);
  const auto* const problem = std::get_if<std::string>(&map);
  EXPECT_EQ(problem, nullptr) << *problem << "\n" << text;
  return problem == nullptr ? std::get<RdlMap>(map) : RdlMap{};
}

void expectRdl(const ModuleManifest& manifest) {
  const RdlMap map = readRdl(manifest);
  EXPECT_EQ(map.name, manifest.design);
  const auto bytes = static_cast<std::uint64_t>(manifest.configDataWidth / 8);
  std::map<std::uint64_t, const RdlRegister*> at;
  for (const RdlRegister& reg : map.registers) at[reg.address] = &reg;
  ASSERT_EQ(at.size(), manifest.controlAddress + 1U);  // every address and none besides
  for (const ManifestRegister& field : manifest.registers) {
    for (std::uint32_t i = 0; i < field.count; ++i) {
      const auto found = at.find((field.firstAddress + i) * bytes);
      ASSERT_NE(found, at.end());
      const RdlRegister& reg = *found->second;
      EXPECT_EQ(reg.path.substr(0, field.field.size() + 1), field.field + ".");
      EXPECT_EQ(reg.fileName, field.field);
      EXPECT_EQ(reg.width, manifest.configDataWidth);
      ASSERT_EQ(reg.fields.size(), 1U);
      const RdlField& value = reg.fields[0];
      EXPECT_EQ(value.low, 0);
      EXPECT_EQ(value.high, field.format.width - 1);
      EXPECT_EQ(core::wrap(static_cast<std::int64_t>(value.reset), field.format), field.reset[i]);
      EXPECT_EQ(value.isSigned, field.format.isSigned);
      EXPECT_EQ(value.numberFormat, field.format.text());
      EXPECT_EQ(value.sw, "rw");
      EXPECT_EQ(value.hw, "r");
    }
  }
  const RdlRegister& control = *at[manifest.controlAddress * bytes];
  ASSERT_EQ(control.fields.size(), 2U);
  EXPECT_EQ(control.fields[0].name + control.fields[0].sw, "commitw");
  EXPECT_EQ(control.fields[1].name + control.fields[1].sw, "busyr");
}

TEST(RegisterMapRdl, HasEveryRegisterAtItsByteAddressWithItsReset) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectRdl(randomManifest(seed));
  }
}

TEST(RegisterMapRdl, KeepsNamesAndCommentsFromBecomingCode) {
  const ModuleManifest manifest = nastyManifest();
  expectRdl(manifest);
  const RdlMap map = readRdl(manifest);
  EXPECT_EQ(map.registers[0].description, "ends */ \"here\"");
  EXPECT_EQ(map.registers[3].description, "a | b c // d");
}

// The reader would see it if the text were wrong.
TEST(RegisterMapRdl, IsReadByAReaderThatRefusesMistakes) {
  const std::string good = registerMapRdl(nastyManifest());
  const auto broken = [&](const std::string& what, const std::string& with) {
    std::string text = good;
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    text.replace(at, what.size(), with);
    return std::holds_alternative<std::string>(testing::readSystemRdl(text));
  };
  EXPECT_FALSE(broken("addrmap", "addrmap"));
  EXPECT_TRUE(broken("\\reg {", "reg {"));                // a keyword as a name
  EXPECT_TRUE(broken("};\n", "}\n"));                     // a missing semicolon
  EXPECT_TRUE(broken("regwidth = 32", "regwidth = 24"));  // no power of two
  EXPECT_TRUE(broken("value[31:0]", "value[32:0]"));      // outside the register
  EXPECT_TRUE(broken("sw = w;", "sw = rw;"));             // overlaps the readable bit
  EXPECT_TRUE(broken("e1 @ 0x4", "e1 @ 0x0"));            // two registers in one place
  EXPECT_TRUE(broken("RESET(0x1)", "RESET(0x2)"));        // does not fit one bit
  EXPECT_TRUE(broken(".RESET", ".PRESET"));               // no such parameter
  EXPECT_TRUE(broken("is_signed = true", "is_signed = 1"));
  EXPECT_TRUE(broken("\\\"here", "\"here"));  // a string that ends too soon
}

TEST(RegisterMapJson, SaysWhatTheManifestSays) {
  for (std::uint64_t seed = 31; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const ModuleManifest manifest = seed == 40 ? nastyManifest() : randomManifest(seed);
    const auto json = nlohmann::json::parse(registerMapJson(manifest));
    EXPECT_EQ(json["format"], "aegen-registers");
    EXPECT_EQ(json["design"], manifest.design);
    EXPECT_EQ(json["data_width"], manifest.configDataWidth);
    EXPECT_EQ(json["address_width"], manifest.configAddressWidth);
    EXPECT_EQ(json["control"]["address"], manifest.controlAddress);
    EXPECT_EQ(json["serial_port"].is_null(), !manifest.serial.has_value());
    ASSERT_EQ(json["fields"].size(), manifest.registers.size());
    for (std::size_t i = 0; i < manifest.registers.size(); ++i) {
      const ManifestRegister& field = manifest.registers[i];
      const auto& entry = json["fields"][i];
      EXPECT_EQ(entry["name"], field.field);
      EXPECT_EQ(entry["address"], field.firstAddress);
      EXPECT_EQ(entry["byte_address"],
                field.firstAddress * json["bytes_per_value"].get<unsigned>());
      EXPECT_EQ(entry["count"], field.count);
      EXPECT_EQ(entry["format"], field.format.text());
      EXPECT_EQ(entry["signed"], field.format.isSigned);
      EXPECT_EQ(entry["width"], field.format.width);
      EXPECT_EQ(entry["fraction"], field.format.fraction);
      EXPECT_EQ(entry["reset"], field.reset);
      EXPECT_EQ(entry["comment"], field.comment);
    }
  }
}

std::vector<std::string> cells(const std::string& row) {
  std::vector<std::string> out(1);
  for (std::size_t i = 1; i < row.size(); ++i) {
    if (row[i] == '|' && row[i - 1] != '\\') {
      out.emplace_back();
    } else {
      out.back() += row[i];
    }
  }
  for (std::string& cell : out) {
    cell.erase(0, cell.find_first_not_of(' '));
    cell.erase(cell.find_last_not_of(' ') + 1);
  }
  out.pop_back();
  return out;
}

TEST(RegisterMapMarkdown, HasARowOfEightCellsForEachFieldAndListsLongResets) {
  for (std::uint64_t seed = 51; seed <= 55; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const ModuleManifest manifest = seed == 55 ? nastyManifest() : randomManifest(seed);
    const std::string text = registerMapMarkdown(manifest);
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("| 0x")) rows.push_back(cells(line));
    }
    ASSERT_EQ(rows.size(), manifest.registers.size() + 1);
    for (std::size_t i = 0; i < manifest.registers.size(); ++i) {
      const ManifestRegister& field = manifest.registers[i];
      ASSERT_EQ(rows[i].size(), 8U) << field.field;
      EXPECT_EQ(std::stoul(rows[i][0], nullptr, 16), field.firstAddress);
      EXPECT_EQ(rows[i][1], "`" + field.field + "`");
      EXPECT_EQ(rows[i][2], std::to_string(field.count));
      EXPECT_EQ(rows[i][3], field.format.text());
      EXPECT_EQ(rows[i][4], std::to_string(field.format.width));
      if (rows[i][5] != "listed below") continue;
      // Every value is in the list, in order.
      const std::size_t at = text.find("## Reset values of " + field.field + "\n");
      ASSERT_NE(at, std::string::npos);
      std::istringstream list(text.substr(text.find("```\n", at) + 4));
      std::vector<std::int64_t> values;
      for (std::string word; list >> word && word != "```";) {
        if (word.back() != ':') values.push_back(std::stoll(word));
      }
      EXPECT_EQ(values, field.reset);
    }
  }
}

TEST(RegisterMap, IsWrittenBesideTheManifestAndGoesWithTheRegisters) {
  test_common::SplitMix64 random(61);
  core::Design design = test_common::randomRegisters(random, "written");
  auto rtl = emitVerilog(design);
  ASSERT_TRUE(rtl.ok());
  const auto folder = std::filesystem::path(AEGEN_BUILD_DIR) / "rtl_gen_tests" / "register_map";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(writeRtl(*rtl, folder).ok());
  for (const RegisterMapFile& file : registerMapFiles(rtl->manifest)) {
    std::ifstream in(folder / file.name);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), file.text) << file.name;
    EXPECT_FALSE(file.text.empty());
  }
  rtl->manifest.registers.clear();
  EXPECT_TRUE(registerMapFiles(rtl->manifest).empty());
  ASSERT_TRUE(writeRtl(*rtl, folder).ok());
  for (const std::string& name : registerMapFileNames()) {
    EXPECT_FALSE(std::filesystem::exists(folder / name)) << name;
  }
}

}  // namespace
}  // namespace aegen::rtl_gen
