// Bad input gives one clear message and its exit code; nothing here needs Verilator or Yosys.

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "workspace.hpp"

namespace aegen {
namespace {

using nlohmann::json;
using test::expectBad;
using test::Workspace;

TEST(CommandLine, HelpIsNoErrorAndNamesEveryExitCode) {
  const Workspace here("help");
  const auto result = here.aegen({"--help"});
  EXPECT_EQ(result.exitCode, 0);
  for (const char* code : {"0 done", "1 the design", "2 bad input", "3 a missing", "70 a bug"}) {
    EXPECT_NE(result.output.find(code), std::string::npos) << code;
  }
  for (const char* command :
       {"build", "rtl", "lint", "cosim", "synth", "report", "conform", "compare", "board", "train",
        "import", "evaluate", "check", "export", "generate", "split"}) {
    EXPECT_EQ(here.aegen({command, "--help"}).exitCode, 0) << command;
  }
}

TEST(CommandLine, UnknownCommandsAndOptionsAreBadInput) {
  const Workspace here("unknown");
  expectBad(here.aegen({"frobnicate"}), "aegen.usage");
  expectBad(here.aegen({}), "aegen.usage");
  expectBad(here.aegen({"rtl", "design.yaml", "--frobnicate"}), "aegen.usage");
}

TEST(DesignFile, MissingFileIsNamed) {
  const Workspace here("design_missing");
  expectBad(here.aegen({"rtl", "nowhere.yaml"}), "design.no-file");
}

TEST(DesignFile, MissingKeyIsNamedWithItsMeaning) {
  const Workspace here("design_key");
  here.write("design.yaml", "name: chip\n");
  const auto result = here.aegen({"rtl", "design.yaml"});
  expectBad(result, "design.missing-key");
  EXPECT_NE(result.output.find("'model' is missing"), std::string::npos) << result.output;
}

TEST(DesignFile, UnknownKeyIsPlacedByLine) {
  const Workspace here("design_unknown");
  here.writeDesign("wieghts: loadable\n");
  const auto result = here.aegen({"rtl", "design.yaml"});
  expectBad(result, "design.unknown-key");
  EXPECT_NE(result.output.find("design.yaml:3"), std::string::npos) << result.output;
}

TEST(DesignFile, ValuesOutOfRangeAreRefused) {
  const Workspace here("design_range");
  for (const char* extra : {"latency: {encoder: 9}\n", "settings: {active_etx: 14}\n",
                            "settings: {buffer: {t1: 512}}\n", "settings: {calibration: 4096}\n",
                            "weights: sometimes\n", "events: {generator: loud}\n"}) {
    here.writeDesign(extra);
    expectBad(here.aegen({"rtl", "design.yaml"}), "design.out-of-range");
  }
  here.writeDesign("settings: {mux: [1, 2, 3]}\n");
  expectBad(here.aegen({"rtl", "design.yaml"}), "design.bad-type");
  here.writeDesign("name: chip\n");
  expectBad(here.aegen({"rtl", "design.yaml"}), "design.repeated-key");
  here.write("design.yaml", "name: [unclosed\n");
  expectBad(here.aegen({"rtl", "design.yaml"}), "design.syntax");
}

TEST(DesignFile, MissingModelIsNamed) {
  const Workspace here("design_model");
  here.write("design.yaml", "name: chip\nmodel: gone.json\n");
  expectBad(here.aegen({"rtl", "design.yaml"}), "model.missing-file");
}

TEST(Rtl, TwoRunsWriteTheSameFiles) {
  const Workspace here("rtl_twice");
  here.writeDesign("weights: hard_wired\n");
  ASSERT_EQ(here.aegen({"rtl", "design.yaml", "-o", "a"}).exitCode, 0);
  ASSERT_EQ(here.aegen({"rtl", "design.yaml", "-o", "b"}).exitCode, 0);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(here.path() / "a" / "rtl")) {
    const std::string name = entry.path().filename().string();
    EXPECT_EQ(here.read("a/rtl/" + name), here.read("b/rtl/" + name)) << name;
    ++files;
  }
  EXPECT_GT(files, 20U);
}

TEST(Rtl, AFolderThatCannotBeWrittenIsOneProblemNotABug) {
  const Workspace here("unwritable");
  here.writeDesign("");
  here.write("taken", "a file where the folder should be");
  const auto result = here.aegen({"build", "design.yaml", "-o", "taken", "--json", "out.json"});
  EXPECT_EQ(result.exitCode, 2) << result.output;
  EXPECT_EQ(result.output.find("aegen.bug"), std::string::npos) << result.output;
  const json summary = json::parse(here.read("out.json"));
  EXPECT_EQ(summary.at("passed"), false);
  EXPECT_EQ(summary.at("problems").size(), 1U);
}

TEST(Report, ResultsOfAnotherDesignAreNotShown) {
  const Workspace here("stale");
  here.writeDesign("");
  ASSERT_EQ(here.aegen({"rtl", "design.yaml", "-o", "out"}).exitCode, 0);
  here.write("out/lint.json", R"({"stage": "lint", "version": 1, "rules": []})");
  ASSERT_EQ(here.aegen({"report", "design.yaml", "-o", "out"}).exitCode, 0);
  const json report = json::parse(here.read("out/report.json"));
  EXPECT_EQ(report.at("verdict"), "incomplete");
  EXPECT_FALSE(report.contains("lint"));
}

TEST(Rtl, SummaryIsJson) {
  const Workspace here("rtl_json");
  here.writeDesign("");
  const auto result = here.aegen({"rtl", "design.yaml", "--json", "-"});
  ASSERT_EQ(result.exitCode, 0) << result.output;
  const json summary = json::parse(result.output);
  EXPECT_EQ(summary.at("passed"), true);
  EXPECT_GT(summary.at("stages").at("rtl").at("result").at("modules").get<int>(), 10);
}

class BrokenVectors : public ::testing::Test {
 protected:
  void SetUp() override { here.copyVectors(); }
  [[nodiscard]] core::ProcessResult conform() const {
    return here.aegen({"conform", "vectors", "--executor", "interpreter", "--json", "out.json"});
  }
  void edit(const std::string& file, const std::string& from, const std::string& to) const {
    std::string text = here.read(file);
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, from.size(), to);
    here.write(file, text);
  }
  void expectProblem(const std::string& code, int exitCode = 2) const {
    const auto result = conform();
    EXPECT_EQ(result.exitCode, exitCode) << result.output;
    EXPECT_NE(result.output.find("[" + code + "]"), std::string::npos) << result.output;
    const json summary = json::parse(here.read("out.json"));
    EXPECT_EQ(summary.at("sets").at(0).at("problem").at("code"), code);
  }
  const Workspace here{
      "vectors_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name())};
};

TEST_F(BrokenVectors, WholeOnesAreIdentical) {
  const auto result = conform();
  EXPECT_EQ(result.exitCode, 0) << result.output;
  const json summary = json::parse(here.read("out.json"));
  EXPECT_EQ(summary.at("mismatches"), 0);
  EXPECT_EQ(summary.at("sets").at(0).at("crossings"), 1782);
  EXPECT_EQ(summary.at("sets").at(0).at("executor"), "interpreter");
}

TEST_F(BrokenVectors, AWrongWordIsAMismatchAtItsCrossing) {
  std::string text = here.read("vectors/AE/expected_tx.csv");
  std::size_t line = 0;  // the first word of crossing 99
  for (int i = 0; i < 100; ++i) line = text.find('\n', line) + 1;
  text[line] = text[line] == '0' ? '1' : '0';
  here.write("vectors/AE/expected_tx.csv", text);
  const auto result = conform();
  EXPECT_EQ(result.exitCode, 1) << result.output;
  const json summary = json::parse(here.read("out.json"));
  EXPECT_EQ(summary.at("mismatches"), 1);
  EXPECT_EQ(summary.at("sets").at(0).at("first_mismatch").at("crossing"), 99);
}

TEST_F(BrokenVectors, TruncatedExpectationIsBadInput) {
  const std::string text = here.read("vectors/AE/expected_tx.csv");
  here.write("vectors/AE/expected_tx.csv", text.substr(0, text.size() / 2));
  const auto result = conform();
  EXPECT_EQ(result.exitCode, 2) << result.output;
  EXPECT_NE(result.output.find("expected_tx.csv"), std::string::npos);
}

TEST_F(BrokenVectors, ExpectationCutAtALineIsBadInput) {
  std::string text = here.read("vectors/AE/expected_tx.csv");
  text.resize(text.rfind('\n', text.size() - 2) + 1);
  here.write("vectors/AE/expected_tx.csv", text);
  expectProblem("vectors.length");
}

TEST_F(BrokenVectors, MalformedWordIsBadInput) {
  edit("vectors/input_mcDataset.csv", "9145cb96", "9145xb96");
  expectProblem("vectors.malformed-word");
}

TEST_F(BrokenVectors, MissingKeyIsBadInput) {
  edit("vectors/AE/config.json", "\"mux\"", "\"mix\"");
  expectProblem("vectors.missing-key");
}

TEST_F(BrokenVectors, WeightOutOfRangeIsBadInput) {
  edit("vectors/AE/config.json", "\"conv_kernel\": [18", "\"conv_kernel\": [32");
  expectProblem("vectors.out-of-range");
}

TEST_F(BrokenVectors, WrongNumberOfWeightsIsBadInput) {
  edit("vectors/AE/config.json", "\"conv_kernel\": [18, ", "\"conv_kernel\": [");
  expectProblem("vectors.wrong-shape");
}

TEST_F(BrokenVectors, UnknownAlgorithmIsBadInput) {
  edit("vectors/AE/config.json", "\"autoencoder\"", "\"transformer\"");
  expectProblem("vectors.unknown-algorithm");
}

TEST_F(BrokenVectors, ABrokenSetDoesNotKeepTheOthersFromRunning) {
  std::filesystem::copy(here.path() / "vectors" / "AE", here.path() / "vectors" / "BE");
  edit("vectors/AE/config.json", "\"mux\"", "\"mix\"");
  EXPECT_EQ(conform().exitCode, 2);
  const json summary = json::parse(here.read("out.json"));
  EXPECT_EQ(summary.at("sets").at(1).at("crossings"), 1782);
  EXPECT_EQ(summary.at("sets").at(1).at("mismatches"), 0);
}

TEST(Conform, FolderWithoutSetsIsBadInput) {
  const Workspace here("conform_empty");
  expectBad(here.aegen({"conform", "."}), "vectors.no-sets");
  expectBad(here.aegen({"conform", "nowhere"}), "vectors.no-folder");
}

TEST(MissingTool, SimulatingWithoutVerilatorSaysHowToGetIt) {
  const Workspace here("no_verilator");
  const auto result = here.aegen(
      {"conform", test::vectorFolder().string(), "--set", "AE", "--work", "work"}, "/nonexistent");
  EXPECT_EQ(result.exitCode, 3) << result.output;
  EXPECT_NE(result.output.find("apt"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("verilator"), std::string::npos) << result.output;
}

TEST(MissingTool, StagesWithoutTheirToolGiveItsCode) {
  const Workspace here("no_tools");
  here.writeDesign("events: {generator: sparse, crossings: 100}\n");
  for (const char* stage : {"lint", "cosim", "synth"}) {
    const auto result = here.aegen({stage, "design.yaml"}, "/nonexistent");
    EXPECT_EQ(result.exitCode, 3) << stage << ": " << result.output;
    EXPECT_NE(result.output.find("apt"), std::string::npos) << result.output;
  }
}

TEST(Train, UnknownKeyIsBadInput) {
  const Workspace here("train");
  here.write("train.yaml", "nmae: x\n");
  expectBad(here.aegen({"train", "train.yaml"}), "train.unknown-key");
  EXPECT_FALSE(std::filesystem::exists(here.path() / "model.json"));
}

TEST(Train, DataNamedOnTheCommandLineReplacesTheConfigurations) {
  const Workspace here("train_data");
  ASSERT_EQ(here.aegen({"generate", "--events", "40", "--calq", "a.csv"}).exitCode, 0);
  here.write(
      "train.yaml",
      "seed: 1\ndata: {csv: none.csv}\ndecoder: {hidden: []}\ntraining: {epochs: 1, batch: 16}\n");
  expectBad(here.aegen({"train", "train.yaml"}), "events.missing-file");
  const auto run = here.aegen(
      {"train", "train.yaml", "--data", "a.csv", "--data", "a.csv", "--json", "out.json"});
  ASSERT_EQ(run.exitCode, 0) << run.output;
  const json out = json::parse(here.read("out.json"));
  EXPECT_EQ(out.at("training_events").get<int>() + out.at("validation_events").get<int>(), 80);
}

TEST(Generate, TheSameSeedGivesTheSameFile) {
  const Workspace here("generate");
  const auto write = [&](const char* file, const char* seed) {
    EXPECT_EQ(here.aegen({"generate", "--events", "50", "--seed", seed, "--calq", file}).exitCode,
              0);
    return here.read(file);
  };
  const std::string first = write("a.csv", "3");
  EXPECT_EQ(first, write("b.csv", "3"));
  EXPECT_NE(first, write("c.csv", "4"));
  EXPECT_EQ(here.aegen({"generate"}).exitCode, 2);
}

TEST(Split, SharesTheSameRowsOfChargesAndOfTheWordsTheyComeFrom) {
  const Workspace here("split");
  ASSERT_EQ(here.aegen({"generate", "--events", "50", "--rx", "rx.csv"}).exitCode, 0);
  const auto split = [&](const std::string& events, const std::string& seed) {
    return here.aegen({"split", events, "--test", "0.3", "--seed", seed, "--train-out", "train.csv",
                       "--test-out", "test.csv"});
  };
  const auto done = split("rx.csv", "7");
  ASSERT_EQ(done.exitCode, 0) << done.output;
  EXPECT_NE(done.output.find("35 events to train with, 15 held out"), std::string::npos);
  const std::string first = here.read("test.csv");
  EXPECT_EQ(std::ranges::count(first, '\n'), 16);
  ASSERT_EQ(split("rx.csv", "7").exitCode, 0);
  EXPECT_EQ(here.read("test.csv"), first);
  ASSERT_EQ(split("rx.csv", "8").exitCode, 0);
  EXPECT_NE(here.read("test.csv"), first);
  expectBad(here.aegen({"split", "rx.csv", "--test", "0.001", "--train-out", "a.csv", "--test-out",
                        "b.csv"}),
            "events.split");
  expectBad(here.aegen({"split", "none.csv", "--train-out", "a.csv", "--test-out", "b.csv"}),
            "events.missing-file");
}

TEST(Export, WhatIsExportedIsImportedAsTheSameModel) {
  const Workspace here("export_import");
  const std::string model = AEGEN_SOURCE_DIR "/examples/econ_t_autoencoder/model.json";
  const auto exported = here.aegen({"export", model, "--qonnx", "encoder.onnx", "--onnx",
                                    "plain.onnx", "--decoder-onnx", "decoder.onnx"});
  ASSERT_EQ(exported.exitCode, 0) << exported.output;
  ASSERT_EQ(here.aegen({"generate", "--events", "60", "--rx", "rx.csv"}).exitCode, 0);
  const auto evaluated = [&](const std::string& file) {
    const auto result = here.aegen({"evaluate", file, "--events", "rx.csv", "--json", "out.json"});
    EXPECT_EQ(result.exitCode, 0) << result.output;
    return json::parse(here.read("out.json"))["codec"];
  };
  const json original = evaluated(model);
  for (const char* const encoder : {"encoder.onnx", "plain.onnx"}) {
    const auto imported =
        here.aegen({"import", encoder, "--decoder", "decoder.onnx", "-o", "back.json"});
    ASSERT_EQ(imported.exitCode, 0) << imported.output;
    EXPECT_EQ(evaluated("back.json"), original) << encoder;
  }
}

TEST(Export, DamagedModelsAreOneMessageOnTheWayBack) {
  const Workspace here("export_damaged");
  here.write("encoder.onnx", "no model");
  expectBad(here.aegen({"import", "encoder.onnx", "--decoder", "encoder.onnx"}), "import.onnx");
}

TEST(Evaluate, TakesWordsOfEitherDensityAndFewerLinks) {
  const Workspace here("evaluate_words");
  const std::string model = AEGEN_SOURCE_DIR "/examples/econ_t_autoencoder/model.json";
  ASSERT_EQ(here.aegen({"generate", "--events", "60", "--rx", "rx.csv", "--low-density"}).exitCode,
            0);
  const auto evaluated = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"evaluate", model,    "--events",
                                       "rx.csv",   "--json", "out.json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = here.aegen(arguments);
    EXPECT_EQ(result.exitCode, 0) << result.output;
    return json::parse(here.read("out.json"));
  };
  const json low = evaluated({"--density", "low"});
  const json high = evaluated({"--density", "high"});
  // A high-density code stands for four times the charge: other events are above 1 MIP_T.
  EXPECT_NE(low["codec"]["by_occupancy"], high["codec"]["by_occupancy"]);
  EXPECT_EQ(low["latent_bits"], 144);
  EXPECT_EQ(low["active_etx"], 5);
  EXPECT_EQ(evaluated({"--density", "low", "--etx", "5"}), low);
  const json two = evaluated({"--density", "low", "--etx", "2"});
  EXPECT_EQ(two["latent_bits"], 48);
  EXPECT_EQ(two["active_etx"], 2);
  expectBad(here.aegen({"evaluate", model, "--etx", "14"}), "aegen.usage");
}

TEST(Evaluate, PutsComponentsAndOtherEncodersBesideTheModel) {
  const Workspace here("evaluate_beside");
  const std::string model = AEGEN_SOURCE_DIR "/examples/econ_t_autoencoder/model.json";
  ASSERT_EQ(here.aegen({"generate", "--events", "90", "--seed", "4", "--calq", "a.csv"}).exitCode,
            0);
  const auto run =
      here.aegen({"evaluate", model, "--etx", "2", "--events", "a.csv", "--fit", "a.csv",
                  "--beside", "best_choice,super_trigger_cell", "--json", "out.json"});
  ASSERT_EQ(run.exitCode, 0) << run.output;
  const json beside = json::parse(here.read("out.json")).at("beside");
  std::vector<std::string> names;
  for (const json& row : beside) {
    names.push_back(row.at("name"));
    EXPECT_EQ(row.at("overall").at("events"), 90);
    EXPECT_GT(row.at("overall").at("emd").at("mean"), 0);
    EXPECT_NE(run.output.find(names.back()), std::string::npos) << run.output;
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"PCA, 16 real values", "best choice",
                                      "best choice, rest shared", "STC4 type 0, at the largest",
                                      "STC4 type 0, equal shares", "STC16 type 1, at the largest",
                                      "STC16 type 1, equal shares", "STC4 type 2, equal shares",
                                      "STC4 type 3, at the largest", "STC4 type 3, equal shares"}));
  EXPECT_EQ(beside.at(1).at("string_bits"), 64);
  EXPECT_FALSE(beside.at(0).contains("string_bits"));
  expectBad(here.aegen({"evaluate", model, "--beside", "autoencoder"}), "aegen.usage");
  expectBad(here.aegen({"evaluate", model, "--count", "5", "--fit", "none.csv"}),
            "events.missing-file");
}

TEST(Import, RegistersBecomeAModelFileAndItsDecisionsAreData) {
  const Workspace here("import");
  std::string registers = "Encoder:\n";
  for (int block = 0; block < 12; ++block) {
    registers += "  " + std::to_string(block) + ":\n";
    for (int byte = 0; byte < 134; byte += 16) {
      registers += "    weights_byte" + std::to_string(byte) + ": 0x12345678\n";
    }
  }
  here.write("weights.yaml", registers);
  const auto result = here.aegen({"import", "weights.yaml", "-o", "model.json", "--json", "-"});
  ASSERT_EQ(result.exitCode, 0) << result.output;
  const json summary = json::parse(result.output);
  EXPECT_EQ(summary["latent_format"], "u9.8");
  EXPECT_FALSE(summary["decisions"].empty());
  for (const json& decision : summary["decisions"]) {
    for (const char* key : {"where", "what", "why"}) EXPECT_NE(decision.at(key), "") << decision;
  }
  EXPECT_EQ(json::parse(here.read("model.json"))["format"], "aegen-model");
}

TEST(Import, FilesItCannotReadAreBadInputAndLeaveNoModel) {
  const Workspace here("import_bad");
  here.write("model.json", "{}");
  here.write("weights.hdf5", "no");
  expectBad(here.aegen({"import", "nowhere.yaml", "-o", "out.json"}), "import.no-file");
  expectBad(here.aegen({"import", "model.json", "weights.hdf5", "-o", "out.json"}), "import.hdf5");
  expectBad(here.aegen({"import", "model.txt", "-o", "out.json"}), "import.files");
  expectBad(here.aegen({"import", "nowhere.yaml", "--fraction", "99"}), "import.option");
  EXPECT_FALSE(std::filesystem::exists(here.path() / "out.json"));
}

}  // namespace
}  // namespace aegen
