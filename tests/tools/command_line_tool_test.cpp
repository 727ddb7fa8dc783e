// The promises that need Verilator and Yosys: a build from end to end, resumption, faults that are
// noticed.

#include <gtest/gtest.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "aegen/core/files.hpp"

#include "workspace.hpp"

namespace aegen {
namespace {

using nlohmann::json;
using test::Workspace;

TEST(Example, BuildsPassesEveryCheckAndIsNotDoneTwice) {
  const Workspace here("example");
  const std::string design = AEGEN_SOURCE_DIR "/examples/econ_t_autoencoder/design.yaml";
  const auto first =
      here.aegen({"build", design, "-o", "out", "--crossings", "5000", "--json", "first.json"});
  ASSERT_EQ(first.exitCode, 0) << first.output;
  const json summary = json::parse(here.read("first.json"));
  EXPECT_EQ(summary.at("passed"), true);
  const json& stages = summary.at("stages");
  EXPECT_EQ(stages.at("cosim").at("result").at("crossings"), 5000);
  EXPECT_EQ(stages.at("cosim").at("result").at("mismatches"), 0);
  for (const json& latency : stages.at("cosim").at("result").at("latencies")) {
    EXPECT_EQ(latency.at("asked"), latency.at("measured")) << latency;
  }
  EXPECT_GT(stages.at("synth").at("result").at("area").get<double>(), 1e6);
  EXPECT_NE(here.read("out/report.html").find("<svg"), std::string::npos);
  EXPECT_EQ(json::parse(here.read("out/report.json")).at("format"), "aegen-report");

  // A second build finds everything up to date.
  const auto second =
      here.aegen({"build", design, "-o", "out", "--crossings", "5000", "--json", "second.json"});
  ASSERT_EQ(second.exitCode, 0) << second.output;
  const json again = json::parse(here.read("second.json"));
  for (const char* stage : {"lint", "cosim", "synth"}) {
    EXPECT_EQ(again.at("stages").at(stage).at("reused"), true) << stage;
  }

  // A wrong bit in the captured stream is noticed, placed and can be reproduced.
  const auto fault =
      here.aegen({"cosim", design, "-o", "out", "--crossings", "5000", "--fault", "tx:0:3:100"});
  EXPECT_EQ(fault.exitCode, 1) << fault.output;
  EXPECT_NE(fault.output.find("crossing 100"), std::string::npos) << fault.output;
  const std::size_t command = fault.output.find("aegen cosim ");
  ASSERT_NE(command, std::string::npos) << fault.output;

  // The command it prints shows the same crossing alone.
  std::istringstream words(
      fault.output.substr(command + 6, fault.output.find('\n', command) - command - 6));
  const std::vector<std::string> arguments{std::istream_iterator<std::string>(words), {}};
  const auto alone = here.aegen(arguments);
  EXPECT_EQ(alone.exitCode, 1) << alone.output;
  EXPECT_NE(alone.output.find("crossing 100"), std::string::npos) << alone.output;

  const auto nonsense = here.aegen({"cosim", design, "-o", "out", "--fault", "tx"});
  EXPECT_EQ(nonsense.exitCode, 2) << nonsense.output;
}

TEST(Build, AChipWithoutAnAutoencoderAndOfAnotherSizePassesEveryCheck) {
  const Workspace here("other_size");
  here.write("design.yaml",
             "name: mini\nencoders: [threshold_sum, best_choice]\n"
             "shape: {channels: 16, etx: 3, buffer_words: 64, best_choice_cells: 5}\n"
             "settings: {threshold: 40, active_etx: 2}\n"
             "events: {generator: sparse, crossings: 2000}\n");
  for (const char* stage : {"lint", "cosim"}) {
    const auto result = here.aegen({stage, "design.yaml", "-o", "out", "--json", "result.json"});
    ASSERT_EQ(result.exitCode, 0) << result.output;
    EXPECT_EQ(json::parse(here.read("result.json")).at("passed"), true) << stage;
  }
  const json cosim = json::parse(here.read("out/cosim.json"));
  EXPECT_EQ(cosim.at("crossings"), 2000);
  EXPECT_EQ(cosim.at("mismatches"), 0);
  // Files of events are of 48 cells.
  here.write("words.yaml",
             "name: mini\nencoders: threshold_sum\nshape: {channels: 16}\n"
             "events: {rx_file: words.csv}\n");
  here.write("words.csv", "RX_DATA_0\n");
  const auto refused = here.aegen({"cosim", "words.yaml", "-o", "other"});
  EXPECT_EQ(refused.exitCode, 2) << refused.output;
  EXPECT_NE(refused.output.find("[stimuli.channels]"), std::string::npos) << refused.output;
}

TEST(Folding, TheWholeChipInEightClocksACrossingLintsAndGivesEveryBit) {
  const Workspace here("folded");
  here.write("design.yaml", std::string("name: folded\nmodel: ") + AEGEN_SOURCE_DIR +
                                "/examples/econ_t_autoencoder/model.json\nreuse: 8\n"
                                "events: {generator: dense, crossings: 1000}\n");
  for (const char* stage : {"lint", "cosim"}) {
    const auto result = here.aegen({stage, "design.yaml", "-o", "out"});
    ASSERT_EQ(result.exitCode, 0) << result.output;
  }
  const json cosim = json::parse(here.read("out/cosim.json"));
  EXPECT_EQ(cosim.at("crossings"), 1000);
  EXPECT_EQ(cosim.at("mismatches"), 0);
  for (const json& latency : cosim.at("latencies")) {
    EXPECT_EQ(latency.at("asked"), latency.at("measured")) << latency;
  }
  const json manifest = json::parse(here.read("out/rtl/manifest.json"));
  EXPECT_EQ(manifest.at("clocks_per_crossing"), 8);
  std::set<std::string> folded;
  for (const json& module : manifest.at("modules")) {
    if (module.at("kind") == "folded function") folded.insert(module.at("name"));
  }
  EXPECT_TRUE(folded.contains("conv_folded"));
  EXPECT_TRUE(folded.contains("dense_folded"));
}

TEST(Example, RetrainsToTheSameFileByteForByte) {
  const Workspace here("retrain");
  const std::string folder = AEGEN_SOURCE_DIR "/examples/econ_t_autoencoder/";
  ASSERT_EQ(here.aegen({"train", folder + "train.yaml", "-o", "model.json"}).exitCode, 0);
  const auto shipped = core::readFile(folder + "model.json");
  ASSERT_TRUE(shipped.ok());
  EXPECT_TRUE(here.read("model.json") == *shipped);
}

TEST(Synthesis, ALibraryThatIsNoneIsBadInput) {
  const Workspace here("bad_library");
  here.writeDesign("");
  here.write("empty.lib", "not a library");
  EXPECT_EQ(here.aegen({"synth", "design.yaml", "--liberty", "empty.lib"}).exitCode, 2);
  EXPECT_EQ(here.aegen({"synth", "design.yaml", "--liberty", "gone.lib"}).exitCode, 2);
}

}  // namespace
}  // namespace aegen
