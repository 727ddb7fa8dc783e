// aegen compare and board: bad input is one message and leaves nothing behind; a board of
// interpreters as a user runs it; what aegen rtl writes of a chip of all encoders.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "workspace.hpp"

namespace aegen {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::expectBad;
using test::Workspace;

const std::string kOneEncoder = "encoders: best_choice\n";

class CompareBadInput : public ::testing::Test {
 protected:
  void SetUp() override { here.write("one.yaml", "name: one\n" + kOneEncoder); }

  // Refused with `code`, and the folder is as it was.
  void expectRefused(std::vector<std::string> arguments, const std::string& code) const {
    arguments.insert(arguments.begin(), "compare");
    std::string said;
    for (const std::string& argument : arguments) said += argument + " ";
    SCOPED_TRACE(said);
    const std::set<fs::path> before = files();
    result = here.aegen(arguments);
    expectBad(result, code);
    EXPECT_EQ(files(), before);
  }
  // What is wrong must be in the message.
  void expectSaid(const std::string& text) const {
    EXPECT_NE(result.output.find(text), std::string::npos) << result.output;
  }
  [[nodiscard]] std::set<fs::path> files() const {
    std::set<fs::path> out;
    for (const auto& entry : fs::recursive_directory_iterator(here.path()))
      out.insert(entry.path());
    return out;
  }

  const Workspace here{
      "compare_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name())};
  mutable core::ProcessResult result;
};

TEST_F(CompareBadInput, NoSuchDesign) {
  expectRefused({"gone.yaml"}, "design.no-file");
  expectRefused({"one.yaml", "gone.yaml"}, "design.no-file");
  expectSaid("gone.yaml");
  expectRefused({}, "aegen.usage");
}

TEST_F(CompareBadInput, ADesignOfOtherChannels) {
  here.write("eight.yaml",
             "name: eight\nencoders: repeater\nshape: {channels: 8, super_trigger_cells: "
             "[{cells: 4, address: true, sum: 5E4M}]}\n");
  expectRefused({"one.yaml", "eight.yaml"}, "compare.shape");
  expectSaid("eight.yaml");
  expectSaid("8 channels");
}

TEST_F(CompareBadInput, DesignsOfOneName) {
  here.write("again.yaml", "name: one\nencoders: repeater\n");
  expectRefused({"one.yaml", "again.yaml"}, "compare.names");
  expectSaid("again.yaml");
}

TEST_F(CompareBadInput, NumbersOfLinksThatAreNone) {
  for (const char* etx : {"0", "x", "4x", "16", "1-16", "5-3", "1-3-5", "1-", "1 -3", "+4", "3.5",
                          "99999999999999999999", "0-4"}) {
    expectRefused({"one.yaml", "--etx", etx}, "compare.etx");
    expectSaid("1 to 15, or a range");
  }
  expectRefused({"one.yaml", "--etx=-3"}, "compare.etx");
}

TEST_F(CompareBadInput, LinksOnWhichNothingIsCompared) {
  expectRefused({"one.yaml", "--etx", "14-15"}, "compare.etx");
  expectSaid("14 to 15 eTX");
  here.write("repeater.yaml", "name: repeater\nencoders: repeater\n");
  expectRefused({"repeater.yaml", "--etx", "10"}, "compare.etx");
}

TEST_F(CompareBadInput, EventsThatAreNone) {
  here.write("empty.csv", "");
  here.write("other.csv", "a,b\n1,2\n");
  here.write("cut.csv", "RX_DATA_0,RX_DATA_1\n90000000,90000000\n");
  std::string header;
  for (int c = 0; c < 48; ++c) header += (c == 0 ? "CALQ_" : ",CALQ_") + std::to_string(c);
  here.write("header.csv", header + "\n");
  expectRefused({"one.yaml", "--events", "empty.csv"}, "events.empty");
  expectSaid("empty.csv");
  expectRefused({"one.yaml", "--events", "gone.csv"}, "events.missing-file");
  expectRefused({"one.yaml", "--events", "other.csv"}, "events.header");
  expectRefused({"one.yaml", "--events", "header.csv"}, "events.empty");
  expectRefused({"one.yaml", "--high-density-events", "cut.csv"}, "vectors.header");
  // Found before the events that could be read are simulated.
  expectRefused({"one.yaml", "--generate", "sparse", "--events", "header.csv"}, "events.empty");
}

TEST_F(CompareBadInput, EventsADesignCannotBeGiven) {
  here.write(
      "twice.yaml", "name: twice\n" + kOneEncoder + "settings: {mux: [0" + [] {
        std::string out;
        for (int c = 1; c < 48; ++c) out += ", 1";
        return out;
      }() + "]}\n");
  expectRefused({"one.yaml", "twice.yaml", "--generate", "sparse"}, "events.mux");
}

TEST_F(CompareBadInput, AnAutoencoderWithoutDecoder) {
  here.writeDesign("");
  expectRefused({"one.yaml", "design.yaml"}, "compare.decoder");
  expectSaid("config.json");
  expectSaid("design.yaml");
}

TEST_F(CompareBadInput, OptionsOutOfRange) {
  expectRefused({"one.yaml", "--count", "0"}, "aegen.usage");
  expectRefused({"one.yaml", "--generate", "thick"}, "aegen.usage");
  expectRefused({"one.yaml", "--frobnicate"}, "aegen.usage");
}

// An option that repeats takes one value, so that the designs may follow it.
TEST_F(CompareBadInput, ADesignBehindEventsIsADesign) {
  here.write("empty.csv", "");
  expectRefused({"--events", "empty.csv", "one.yaml", "gone.yaml"}, "design.no-file");
}

TEST(MissingTool, ComparingAndTheSystemCBoardSayWhatToInstall) {
  const Workspace here("compare_no_tools");
  here.write("one.yaml", "name: one\n" + kOneEncoder);
  const std::vector<std::string> compare{"compare", "one.yaml", "--generate", "sparse",
                                         "--count", "2",        "-o",         "out"};
  expectBad(here.aegen(compare, "/nonexistent"), "process.not-found", 3);
  auto noArea = compare;
  noArea.emplace_back("--no-area");
  const auto result = here.aegen(noArea, "/nonexistent");
  expectBad(result, "process.not-found", 3);
  EXPECT_NE(result.output.find("apt install verilator"), std::string::npos) << result.output;
  EXPECT_FALSE(fs::exists(here.path() / "out" / "compare.json"));
  expectBad(
      here.aegen({"board", test::vectorFolder().string(), "--json", "board.json"}, "/nonexistent"),
      "process.not-found", 3);
  EXPECT_FALSE(fs::exists(here.path() / "board.json"));
}

// ---- board

TEST(Board, TheSharedSetsAreATableAndJson) {
  const Workspace here("board_shared");
  const auto result =
      here.aegen({"board", "--set", "BC_5eTx", "--set", "RPT_13eTx", test::vectorFolder().string(),
                  "--executor", "interpreter", "--json", "out.json"});
  EXPECT_EQ(result.exitCode, 0) << result.output;
  EXPECT_NE(result.output.find("BC_5eTx"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("1779"), std::string::npos) << result.output;
  const json out = json::parse(here.read("out.json"));
  EXPECT_EQ(out.at("executor"), "interpreter");
  ASSERT_EQ(out.at("modules").size(), 2U);
  for (const json& module : out.at("modules")) {
    EXPECT_EQ(module.at("crossings"), 1782);
    EXPECT_EQ(module.at("account").at("decoded"), 1779);
    EXPECT_EQ(module.at("account").at("unfinished"), 0);
    EXPECT_FALSE(module.contains("recovery"));
  }
  EXPECT_FALSE(fs::exists(here.path() / "board_work")) << "nothing was compiled";
}

TEST(Board, ErrorsAreInjectedAsAsked) {
  const Workspace here("board_errors");
  const std::vector<std::string> arguments{"board",      test::vectorFolder().string(),
                                           "--executor", "interpreter",
                                           "--set",      "BC_5eTx",
                                           "--errors",   "flip,drop",
                                           "--count",    "2",
                                           "--json",     "-"};
  const auto result = here.aegen(arguments);
  EXPECT_EQ(result.exitCode, 0) << result.output;
  const json module = json::parse(result.output).at("modules").at(0);
  EXPECT_EQ(module.at("recovery").size(), 2U);
  EXPECT_EQ(module.at("recovery").at("flip").at("injected"), 2);
  EXPECT_EQ(module.at("recovery").at("drop").at("injected"), 2);
  EXPECT_EQ(module.at("garbage"), 0);
  auto others = arguments;
  others.insert(others.end(), {"--seed", "2"});
  EXPECT_NE(json::parse(here.aegen(others).output).at("modules").at(0), module);
}

TEST(Board, ABrokenSetIsOneMessageAndTheOthersRun) {
  const Workspace here("board_broken");
  here.copyVectors({"BC_5eTx", "RPT_13eTx", "STC_type0_eTx5"});
  fs::remove(here.path() / "vectors" / "RPT_13eTx" / "expected_tx.csv");
  json config = json::parse(here.read("vectors/STC_type0_eTx5/config.json"));
  config["algorithm"] = "worst_choice";
  here.write("vectors/STC_type0_eTx5/config.json", config.dump());
  const auto result =
      here.aegen({"board", "vectors", "--executor", "interpreter", "--json", "out.json"});
  EXPECT_EQ(result.exitCode, 2) << result.output;
  for (const char* text : {"[vectors.missing-file]", "[vectors.unknown-algorithm]", "1779"}) {
    const std::size_t at = result.output.find(text);
    EXPECT_NE(at, std::string::npos) << text << "\n" << result.output;
    EXPECT_EQ(result.output.find(text, at + 1), std::string::npos) << text;
  }
  const json modules = json::parse(here.read("out.json")).at("modules");
  ASSERT_EQ(modules.size(), 3U);
  EXPECT_EQ(modules.at(0).at("account").at("decoded"), 1779);
  EXPECT_EQ(modules.at(1).at("problem").at("code"), "vectors.missing-file");
  EXPECT_EQ(modules.at(2).at("problem").at("code"), "vectors.unknown-algorithm");
}

TEST(Board, BadInputIsOneMessage) {
  const Workspace here("board_bad");
  const std::string vectors = test::vectorFolder().string();
  expectBad(here.aegen({"board", "gone"}), "vectors.no-folder");
  expectBad(here.aegen({"board"}), "aegen.usage");
  expectBad(here.aegen({"board", vectors, "--errors", "flip,flop"}), "aegen.usage");
  expectBad(here.aegen({"board", vectors, "--confirm", "0"}), "aegen.usage");
  expectBad(here.aegen({"board", vectors, "--executor", "rtl"}), "aegen.usage");
  expectBad(here.aegen({"board", vectors, "--executor", "interpreter", "--decoder", "gone.json"}),
            "model.missing-file");
  EXPECT_EQ(here.aegen({"board", vectors, "--set", "gone", "--executor", "interpreter"}).exitCode,
            2);
}

// ---- the chip of all encoders

TEST(Rtl, AChipOfAllEncodersHasItsRegistersAndADecoderForEach) {
  const Workspace here("rtl_all");
  const auto result =
      here.aegen({"rtl", AEGEN_SOURCE_DIR "/examples/econ_t_all/design.yaml", "-o", "out"});
  ASSERT_EQ(result.exitCode, 0) << result.output;
  const char* const settings[] = {
      "algorithm", "mux",     "calibration", "high_density", "drop_lsb",    "threshold", "use_sum",
      "stc_type",  "ae_mask", "active_etx",  "sync_word",    "conv_kernel", "dense_bias"};
  const std::string table = here.read("out/rtl/registers.md");
  const std::string header = here.read("out/rtl/registers.h");
  const std::string rdl = here.read("out/rtl/registers.rdl");
  const json map = json::parse(here.read("out/rtl/registers.json"));
  EXPECT_NE(table.find("I2C slave at device address 0x20"), std::string::npos);
  EXPECT_NE(header.find("ECON_T_I2C_ADDRESS_BASE 0x20u"), std::string::npos);
  for (const std::string name : settings) {
    EXPECT_NE(table.find("`" + name + "`"), std::string::npos) << name;
    EXPECT_NE(map.dump().find("\"" + name + "\""), std::string::npos) << name;
    EXPECT_NE(rdl.find("name = \"" + name + "\""), std::string::npos) << name;
    std::string upper = name;
    std::ranges::transform(upper, upper.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    EXPECT_NE(header.find("ECON_T_REG_" + upper + "_ADDRESS"), std::string::npos) << name;
  }
  for (const char* encoder :
       {"threshold_sum", "super_trigger_cell", "best_choice", "repeater", "autoencoder"}) {
    const std::string text = here.read("out/decoder/decode_" + std::string(encoder) + ".hpp");
    EXPECT_NE(text.find("SC_MODULE"), std::string::npos) << encoder;
  }
}

TEST(Rtl, ADeviceAddressThatIsNoneIsOneMessage) {
  const Workspace here("rtl_serial");
  here.write("design.yaml", "name: chip\nencoders: repeater\nserial: {i2c: {address: 0x21}}\n");
  const auto result = here.aegen({"rtl", "design.yaml"});
  expectBad(result, "design.serial-port");
  EXPECT_NE(result.output.find("design.yaml"), std::string::npos) << result.output;
}

}  // namespace
}  // namespace aegen
