// aegen compare and board with their RTL and SystemC: every row's words are the interpreter's, its
// figures those of a chip and a decoder interpreted here, and of the codes alone where every cell
// is sent.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/interpreter.hpp"
#include "aegen/data/shower_generator.hpp"
#include "aegen/encoders/metrics.hpp"
#include "aegen/encoders/trigger_encoders.hpp"
#include "aegen/flows/algorithm_evaluation.hpp"
#include "aegen/flows/stimuli.hpp"
#include "compare_variants.hpp"
#include "workspace.hpp"

namespace aegen {
namespace {

namespace econ_t = encoders::econ_t;
namespace fs = std::filesystem;
using econ_t::Algorithm;
using encoders::MetricsAccumulator;
using encoders::MetricsSummary;
using flows::CompareVariant;
using nlohmann::json;
using test::Workspace;

constexpr std::size_t kCells = 48;

flows::DesignBundle bundleOf(const fs::path& design) {
  const auto spec = flows::loadDesignSpec(design);
  EXPECT_TRUE(spec.ok()) << spec.error().text();
  auto bundle = flows::buildDesign(*spec);
  EXPECT_TRUE(bundle.ok()) << bundle.error().text();
  return std::move(*bundle);
}

flows::Stimuli stimuliOf(const flows::EventSource& source, const econ_t::ChipSettings& settings,
                         std::uint64_t seed) {
  auto stimuli = flows::makeStimuli(source, settings, seed);
  EXPECT_TRUE(stimuli.ok()) << stimuli.error().text();
  return std::move(*stimuli);
}

std::array<double, kCells> real(const data::Event& event) {
  std::array<double, kCells> out{};
  std::ranges::copy(event.charge, out.begin());
  return out;
}

// A variant's figures without RTL, link, receiver or SystemC. Of formats whose strings are a
// crossing long.
MetricsSummary interpreted(const flows::DesignBundle& bundle, const CompareVariant& variant,
                           int etx, const flows::Stimuli& stimuli) {
  const auto settings = flows::settingsFor(bundle, variant, etx);
  core::DesignInterpreter chip(bundle.chip);
  chip.configure(econ_t::configValues(settings, bundle.spec.chip.encoders));
  const auto tx = chip.run(stimuli.rx);
  EXPECT_TRUE(tx.ok());
  const auto decoder =
      std::ranges::find(bundle.decoders, variant.algorithm, &econ_t::LinkDecoder::algorithm);
  core::Columns strings(static_cast<std::size_t>(econ_t::decoderWords(decoder->shape)),
                        tx->events());
  for (std::size_t link = 0; link < static_cast<std::size_t>(etx); ++link) {
    std::ranges::copy(tx->column(link), strings.column(link).begin());
  }
  core::Interpreter board(decoder->program, decoder->function);
  const auto config =
      econ_t::decoderConfig(variant.algorithm, econ_t::decoderSettings(settings, variant.spread));
  for (const auto& [port, values] : config) board.setConfig(port, values);
  const auto decoded = board.run(strings);
  EXPECT_TRUE(decoded.ok());
  std::size_t charge = 0;
  for (const core::Port& port : decoder->program.find(decoder->function)->outputs) {
    if (port.name == "charge") break;
    charge += port.count;
  }
  const std::vector<int> places = flows::placesOf(variant.algorithm);
  MetricsAccumulator metrics;
  for (std::size_t k = 0; k < stimuli.truth.size(); ++k) {
    std::array<double, kCells> back{};
    for (std::size_t c = 0; c < kCells; ++c) {
      back[static_cast<std::size_t>(places[c])] = static_cast<double>(decoded->at(charge + c, k));
    }
    metrics.add(real(stimuli.truth[k]), back);
  }
  return metrics.overall();
}

// What a 4E3M code says of a charge: the middle of its step, floored; of 0 nothing.
double ofItsCode(std::int64_t charge) {
  const auto value = static_cast<std::uint64_t>(charge);
  const auto length = static_cast<int>(std::bit_width(value));
  if (length <= 3) return static_cast<double>(value);
  const int exponent = std::min(length - 3, 15);
  const std::uint64_t mantissa = length - 3 > 15 ? 7 : value >> (exponent - 1) & 7U;
  const std::uint64_t doubleMiddle = (2 * (8 + mantissa) + 1) << (exponent - 1);
  return static_cast<double>(doubleMiddle / 2);
}

// The best that codes of every cell can do: what the chip makes of its inputs, coded.
MetricsSummary codesAlone(const econ_t::ChipSettings& settings, const flows::Stimuli& stimuli) {
  std::vector<data::RxCrossing> rx(stimuli.rx.events());
  for (std::size_t k = 0; k < rx.size(); ++k) {
    for (std::size_t w = 0; w < rx[k].size(); ++w) {
      rx[k][w] = static_cast<std::uint32_t>(stimuli.rx.at(w, k));
    }
  }
  const auto calibrated = data::decodeRx(rx, econ_t::inputSettings(settings));
  EXPECT_TRUE(calibrated.ok());
  MetricsAccumulator metrics;
  for (std::size_t k = 0; k < rx.size(); ++k) {
    std::array<double, kCells> back{};
    std::ranges::transform((*calibrated)[k].charge, back.begin(), ofItsCode);
    metrics.add(real(stimuli.truth[k]), back);
  }
  return metrics.overall();
}

// The file gives six significant digits.
void expectSixDigits(double got, double expected) {
  EXPECT_NEAR(got, expected, 6e-6 * std::abs(expected) + 1e-12);
}

void expectFigures(const json& row, const MetricsSummary& expected) {
  SCOPED_TRACE(row.at("variant").get<std::string>() + " on " + row.at("sample").get<std::string>() +
               " with " + row.at("etx").dump() + " eTX");
  const json& metrics = row.at("metrics");
  EXPECT_EQ(metrics.at("events"), expected.events);
  expectSixDigits(metrics.at("emd").at("mean").get<double>(), expected.emd.mean);
  expectSixDigits(metrics.at("emd").at("median").get<double>(), expected.emd.median);
  expectSixDigits(metrics.at("emd").at("p90").get<double>(), expected.emd.p90);
  expectSixDigits(metrics.at("telescope").get<double>(), expected.telescope.mean);
  expectSixDigits(metrics.at("response").at("mean").get<double>(), expected.responseMean);
  expectSixDigits(metrics.at("response").at("rms").get<double>(), expected.responseRms);
  EXPECT_EQ(metrics.at("zero_reconstructed"), expected.zeroReconstructed);
}

const json& rowOf(const json& comparison, const std::string& sample, const std::string& variant,
                  int etx) {
  static const json kNone;
  for (const json& row : comparison.at("rows")) {
    if (row.at("sample") == sample && row.at("variant") == variant && row.at("etx") == etx) {
      return row;
    }
  }
  ADD_FAILURE() << "no row of " << variant << " on " << sample << " with " << etx << " eTX";
  return kNone;
}

// Against the charges as given, unless `truth` says otherwise.
json run(const Workspace& here, std::vector<std::string> arguments,
         const std::string& truth = "given") {
  arguments.insert(arguments.begin(), "compare");
  arguments.insert(arguments.end(), {"--truth", truth, "--json", "out.json"});
  const auto result = here.aegen(arguments);
  EXPECT_EQ(result.exitCode, 0) << result.output;
  if (result.exitCode != 0)
    return {{"rows", json::array()}, {"samples", json::array()}, {"costs", json::array()}};
  json out = json::parse(here.read("out.json"));
  EXPECT_EQ(out.at("passed"), true);
  EXPECT_GT(out.at("seconds").get<double>(), 0);
  out.erase("seconds");
  for (const json& row : out.at("rows")) {
    EXPECT_EQ(row.at("wrong_crossings"), 0) << row;
    EXPECT_EQ(row.at("undecoded"), 0) << row;
    EXPECT_EQ(row.at("bits"), 32 * row.at("etx").get<int>()) << row;
  }
  return out;
}

// Compiled models are kept for the next test and the next test run.
std::string outFolder(const std::string& name) {
  return (fs::path(AEGEN_BUILD_DIR) / "compare" / name).string();
}
const std::string kShared = outFolder("designs");

void writeBestChoice(const Workspace& here) {
  here.write("bc.yaml", "name: bc\nencoders: best_choice\nsettings: {high_density: false}\n");
}
// Inputs of another order, each with a gain of its own.
void writeTwo(const Workspace& here) {
  std::string mux;
  std::string gains;
  for (int c = 0; c < 48; ++c) {
    mux += (c == 0 ? "" : ", ") + std::to_string((c * 29 + 11) % 48);
    gains += (c == 0 ? "" : ", ") + std::to_string(1024 + 64 * c);
  }
  here.write("two.yaml",
             "name: two\nencoders: [super_trigger_cell, repeater]\nsettings:\n  mux: [" + mux +
                 "]\n  calibration: [" + gains +
                 "]\n  high_density: false\n  stc_type: 1\n  active_etx: 2\n");
}

// The RTL of chips without front end against the interpreter's receivers and decoders.
TEST(Compare, ChargesThemselvesThroughChipsWithoutFrontEnd) {
  const Workspace here("compare_charges");
  here.write("cells.yaml",
             "name: cells\nencoders: [threshold_sum, super_trigger_cell, best_choice]\n"
             "settings: {algorithm: best_choice, threshold: 47, high_density: false}\n");
  const auto events = data::ShowerGenerator(data::sparse(), 8).generate(120);
  ASSERT_TRUE(data::writeCalqCsv(events, here.path() / "charges.csv"));
  const json out = run(here, {"cells.yaml", "--events", "charges.csv", "--input", "charges",
                              "--etx", "2-3", "--no-area", "-o", outFolder("charges")});
  std::size_t rows = 0;
  for (const int etx : {2, 3}) {
    const auto wanted = flows::evaluateAlgorithms(
        events, {Algorithm::ThresholdSum, Algorithm::SuperTriggerCell, Algorithm::BestChoice}, etx);
    ASSERT_TRUE(wanted.ok()) << wanted.error().text();
    for (const flows::AlgorithmEvaluation& other : *wanted) {
      const json& row = rowOf(out, "charges", other.variant.name, etx);
      expectFigures(row, other.metrics.overall());
      EXPECT_EQ(row.at("lost"), other.lost);
      EXPECT_EQ(row.at("truncated"), other.truncated);
      expectSixDigits(row.at("string_bits").get<double>(), other.stringBits);
      ++rows;
    }
  }
  EXPECT_EQ(out.at("rows").size(), rows);
  EXPECT_NE(out.at("samples")
                .at(0)
                .at("description")
                .get<std::string>()
                .find("without the front end's codes"),
            std::string::npos);
}

TEST(Compare, BestChoiceOnGeneratedEventsAndOnFilesOfBothKinds) {
  const Workspace here("compare_best_choice");
  writeBestChoice(here);
  const flows::DesignBundle bundle = bundleOf(here.path() / "bc.yaml");
  const econ_t::ChipSettings& settings = bundle.spec.settings;

  flows::EventSource generator;
  generator.crossings = 150;
  const auto generated = stimuliOf(generator, settings, 5);
  // The same events as a file, and further ones as ePortRX words.
  ASSERT_TRUE(data::writeCalqCsv(generated.truth, here.path() / "charges.csv"));
  const auto others = stimuliOf(generator, settings, 6);
  const auto rx = data::encodeRx(others.truth, econ_t::inputSettings(settings));
  ASSERT_TRUE(rx.ok());
  ASSERT_TRUE(data::writeRxCsv(*rx, here.path() / "words.csv"));
  flows::EventSource words{flows::EventSource::Kind::RxFile, "", here.path() / "words.csv"};
  const auto read = stimuliOf(words, settings, 5);

  const std::vector<std::string> arguments{
      "bc.yaml",  "--generate", "sparse",    "--count", "150",   "--events", "charges.csv",
      "--events", "words.csv",  "--no-area", "-o",      kShared, "--seed",   "5"};
  const json out = run(here, arguments);
  EXPECT_EQ(out.at("seed"), 5);
  ASSERT_EQ(out.at("samples").size(), 3U);
  ASSERT_EQ(out.at("rows").size(), 3U * 2U * 13U);
  ASSERT_EQ(out.at("costs").size(), 1U);
  EXPECT_TRUE(out.at("costs").at(0).at("area_um2").is_null());

  const auto variants = flows::variantsOf(bundle.spec);
  const std::vector<std::pair<std::string, const flows::Stimuli*>> samples{
      {"charges", &generated}, {"words", &read}, {"generated_sparse", &generated}};
  for (const auto& [sample, stimuli] : samples) {
    SCOPED_TRACE(sample);
    for (const CompareVariant& variant : variants) {
      for (const int etx : {1, 4, 9}) {
        expectFigures(rowOf(out, sample, variant.name, etx),
                      interpreted(bundle, variant, etx, *stimuli));
      }
      // All cells are sent: what the codes lose is all that is lost.
      expectFigures(rowOf(out, sample, variant.name, 13), codesAlone(settings, *stimuli));
    }
    // A link more and no cell less.
    for (int etx = 2; etx <= 13; ++etx) {
      const json& fewer = rowOf(out, sample, "best choice", etx - 1);
      const json& more = rowOf(out, sample, "best choice", etx);
      EXPECT_GE(more.at("metrics").at("response").at("mean").get<double>(),
                fewer.at("metrics").at("response").at("mean").get<double>())
          << etx;
      EXPECT_EQ(more.at("metrics").at("zero_reconstructed"), 0) << etx;
      EXPECT_EQ(more.at("truncated"), 0) << etx;
      EXPECT_EQ(more.at("crossings"), 150) << etx;
      EXPECT_EQ(more.at("latency"), rowOf(out, sample, "best choice", 1).at("latency")) << etx;
    }
    EXPECT_EQ(rowOf(out, sample, "best choice", 13).at("metrics"),
              rowOf(out, sample, "best choice, rest shared", 13).at("metrics"));
  }
  // Reading a file of the generated charges is the same as generating them.
  for (const int etx : {1, 7, 13}) {
    EXPECT_EQ(rowOf(out, "charges", "best choice", etx).at("metrics"),
              rowOf(out, "generated_sparse", "best choice", etx).at("metrics"));
  }
  for (const char* key : {"revision", "seed", "library", "samples", "remarks", "costs", "rows"}) {
    EXPECT_TRUE(out.contains(key)) << key;
  }

  // The same again, whatever the number of processes.
  for (const char* jobs : {"1", "2"}) {
    auto again = arguments;
    again.insert(again.end(), {"-j", jobs});
    EXPECT_EQ(run(here, again), out) << jobs;
  }
  const fs::path folder = kShared;
  for (const char* file :
       {"compare.json", "compare.md", "emd_by_links_words.svg", "emd_by_occupancy_charges.svg"}) {
    EXPECT_TRUE(fs::exists(folder / file)) << file;
  }
}

TEST(Compare, AChipOfTwoWithInputsOfAnotherOrderAndGainsOfTheirOwn) {
  const Workspace here("compare_two");
  writeTwo(here);
  const flows::DesignBundle bundle = bundleOf(here.path() / "two.yaml");
  flows::EventSource generator;
  generator.crossings = 120;
  const auto stimuli = stimuliOf(generator, bundle.spec.settings, 1);
  const json out = run(here, {"two.yaml", "--generate", "sparse", "--count", "120", "--etx", "2-11",
                              "--no-area", "-o", kShared});
  const std::string sample = "generated_sparse";
  std::size_t rows = 0;
  for (const CompareVariant& variant : flows::variantsOf(bundle.spec)) {
    for (int etx = 2; etx <= 11; ++etx) {
      if (!flows::sends(bundle.spec.chip.shape, variant.algorithm, variant.stcType, etx)) continue;
      ++rows;
      expectFigures(rowOf(out, sample, variant.name, etx),
                    interpreted(bundle, variant, etx, stimuli));
    }
  }
  EXPECT_EQ(out.at("rows").size(), rows);
  expectFigures(rowOf(out, sample, "repeater", 11), codesAlone(bundle.spec.settings, stimuli));
  // All groups are sent, each cell with its own gain: the energy is there.
  const json& whole = rowOf(out, sample, "STC4 type 0, equal shares", 5);
  EXPECT_NEAR(whole.at("metrics").at("response").at("mean").get<double>(), 1, 0.1);
  const double shared = whole.at("metrics").at("emd").at("mean").get<double>();
  const double coarse = rowOf(out, sample, "STC16 type 1, equal shares", 2)
                            .at("metrics")
                            .at("emd")
                            .at("mean")
                            .get<double>();
  EXPECT_LT(shared, coarse);
}

TEST(Compare, AgainstWhatTheChipSeesARepeaterLosesHardlyAnything) {
  const Workspace here("compare_truth");
  writeTwo(here);
  const std::vector<std::string> arguments{"two.yaml", "--generate", "sparse", "--count",
                                           "60",       "--etx",      "11",     "--no-area",
                                           "-o",       kShared};
  const auto emd = [&](const std::string& truth) {
    const json out = run(here, arguments, truth);
    return rowOf(out, "generated_sparse", "repeater", 11).at("metrics").at("emd").at("mean");
  };
  EXPECT_LT(emd("seen").get<double>(), 0.25 * emd("given").get<double>());
}

TEST(Compare, DesignsBesideEachOtherAreAsEachAlone) {
  const Workspace here("compare_designs");
  writeBestChoice(here);
  writeTwo(here);
  const std::vector<std::string> rest{"--generate", "sparse",    "--count", "60",   "--etx",
                                      "2-4",        "--no-area", "-o",      kShared};
  const auto with = [&](std::vector<std::string> designs) {
    designs.insert(designs.end(), rest.begin(), rest.end());
    return run(here, designs);
  };
  const json both = with({"bc.yaml", "two.yaml"});
  std::set<std::string> names;
  for (const json& cost : both.at("costs")) {
    names.insert(cost.at("design").get<std::string>() + cost.at("encoder").get<std::string>());
  }
  EXPECT_EQ(names.size(), both.at("costs").size());
  std::size_t rows = 0;
  for (const char* design : {"bc", "two"}) {
    const json alone = with({std::string(design) + ".yaml"});
    for (const json& row : alone.at("rows")) {
      ++rows;
      const auto variant = row.at("variant").get<std::string>() + " (" + design + ")";
      json beside = rowOf(both, "generated_sparse", variant, row.at("etx").get<int>());
      beside["variant"] = row.at("variant");
      EXPECT_EQ(beside, row);
    }
  }
  EXPECT_GT(rows, 0U);
  EXPECT_EQ(both.at("rows").size(), rows);
}

TEST(Compare, AreasAreThoseOfTheSynthesis) {
  const Workspace here("compare_area");
  here.write("design.yaml",
             "name: smallest\nencoders: repeater\nshape: {etx: 11, buffer_words: 44}\n"
             "settings: {buffer: {t1: 30, t2: 30, t3: 22}}\n");
  const json out = run(here, {"design.yaml", "--generate", "sparse", "--count", "40", "--etx", "11",
                              "-o", outFolder("area")});
  ASSERT_EQ(out.at("costs").size(), 1U);
  const json& cost = out.at("costs").at(0);
  EXPECT_NE(out.at("library"), "");
  EXPECT_GT(cost.at("area_um2").get<double>(), 0);
  const json& design = out.at("designs").at(0);
  EXPECT_GT(design.at("area_um2").get<double>(), cost.at("area_um2").get<double>());
  // mux, calibration and buffer alone
  EXPECT_GT(design.at("flip_flops").get<int>(), 48 * (6 + 12) + 44 * 16);
  EXPECT_EQ(cost.at("latency_alone").at("encoder"), 1);
}

TEST(Board, SystemCAndInterpreterGiveTheSameReport) {
  const Workspace here("board_systemc");
  const std::string work = (fs::path(AEGEN_BUILD_DIR) / "board").string();
  for (const bool damaged : {false, true}) {
    json reports[2];
    for (const bool systemC : {false, true}) {
      std::vector<std::string> arguments{"board",      test::vectorFolder().string(),
                                         "--executor", systemC ? "systemc" : "interpreter",
                                         "--work",     work,
                                         "--json",     "out.json"};
      if (damaged) arguments.insert(arguments.end(), {"--errors", "all", "--count", "1"});
      const auto result = here.aegen(arguments);
      ASSERT_EQ(result.exitCode, 0) << result.output;
      json& report = reports[systemC ? 1 : 0];
      report = json::parse(here.read("out.json"));
      EXPECT_EQ(report.at("executor"), systemC ? "systemc" : "interpreter");
      report.erase("executor");
      report.erase("seconds");
      // Only the SystemC run is held against the other.
      EXPECT_EQ(report.at("check").is_null(), !systemC);
      report.erase("check");
      for (json& module : report.at("modules")) {
        EXPECT_EQ(module.at("mismatches"), systemC ? json(0) : json());
        module.erase("mismatches");
      }
    }
    EXPECT_EQ(reports[0], reports[1]);
    EXPECT_EQ(reports[1].at("modules").size(), 7U);
    EXPECT_EQ(reports[1].at("garbage"), 0);
  }
}

}  // namespace
}  // namespace aegen
