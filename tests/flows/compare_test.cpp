// What is compared and how chips are set for it; and a comparison, made by hand, as JSON, Markdown,
// sentences and files.

#include "aegen/flows/compare.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "aegen/core/files.hpp"
#include "aegen/data/geometry.hpp"
#include "compare_variants.hpp"

namespace aegen::flows {
namespace {

namespace econ_t = encoders::econ_t;
namespace fs = std::filesystem;
using econ_t::Algorithm;
using econ_t::Spread;
using nlohmann::json;

constexpr int kMostEtx = 13;

DesignSpec specOf(std::vector<Algorithm> encoders, std::string name = "chip") {
  DesignSpec spec;
  spec.name = std::move(name);
  spec.chip.encoders = std::move(encoders);
  spec.settings = econ_t::ChipSettings::neutral();
  return spec;
}
DesignSpec wholeChip() {
  return specOf({econ_t::kAlgorithms.begin(), econ_t::kAlgorithms.end()});
}

TEST(CompareVariants, EveryEncoderAppearsOnceAWayOfSpreading) {
  const auto variants = variantsOf(wholeChip());
  std::map<Algorithm, int> count;
  std::set<std::string> names;
  for (const CompareVariant& variant : variants) {
    ++count[variant.algorithm];
    names.insert(variant.name);
    EXPECT_EQ(variant.design, "chip");
  }
  EXPECT_EQ(count[Algorithm::ThresholdSum], 2);
  EXPECT_EQ(count[Algorithm::BestChoice], 2);
  EXPECT_EQ(count[Algorithm::Repeater], 1);
  EXPECT_EQ(count[Algorithm::Autoencoder], 1);
  EXPECT_EQ(count[Algorithm::SuperTriggerCell], 7);  // type 2 has no address to concentrate at
  EXPECT_EQ(names.size(), variants.size());
  const auto addressless = [](const CompareVariant& variant) {
    return variant.algorithm == Algorithm::SuperTriggerCell && variant.stcType == 2;
  };
  const auto only = std::ranges::find_if(variants, addressless);
  ASSERT_NE(only, variants.end());
  EXPECT_EQ(only->spread, Spread::Shared);
}

TEST(CompareVariants, AreThoseOfTheEncodersHeldInTheirOrder) {
  const auto variants = variantsOf(specOf({Algorithm::Repeater, Algorithm::BestChoice}, "two"));
  ASSERT_EQ(variants.size(), 3U);
  EXPECT_EQ(variants[0].algorithm, Algorithm::Repeater);
  EXPECT_EQ(variants[1].spread, Spread::Concentrated);
  EXPECT_EQ(variants[2].spread, Spread::Shared);
  EXPECT_EQ(variants[2].design, "two");
}

TEST(CompareVariants, RowsAreThereWhereTheChipSendsSomethingOfUse) {
  const econ_t::PathShape shape;
  for (int etx = 1; etx <= kMostEtx; ++etx) {
    SCOPED_TRACE(etx);
    EXPECT_TRUE(sends(shape, Algorithm::ThresholdSum, 0, etx));
    EXPECT_TRUE(sends(shape, Algorithm::BestChoice, 0, etx));
    EXPECT_TRUE(sends(shape, Algorithm::Autoencoder, 0, etx));
    EXPECT_EQ(sends(shape, Algorithm::Repeater, 0, etx), etx >= 11);
    for (int type = 0; type < 4; ++type) {
      EXPECT_EQ(sends(shape, Algorithm::SuperTriggerCell, type, etx),
                econ_t::stcGroups(shape, type, etx) > 0);
    }
    // The page: type 0 uses up to 5 eTX, type 1 up to 2, type 2 up to 3, type 3 up to 4.
    EXPECT_EQ(sends(shape, Algorithm::SuperTriggerCell, 0, etx), etx <= 5);
    EXPECT_EQ(sends(shape, Algorithm::SuperTriggerCell, 1, etx), etx <= 2);
    EXPECT_EQ(sends(shape, Algorithm::SuperTriggerCell, 2, etx), etx <= 3);
    EXPECT_EQ(sends(shape, Algorithm::SuperTriggerCell, 3, etx), etx <= 4);
  }
}

bool neighbours(int a, int b) {
  const auto& near = data::neighbours()[static_cast<std::size_t>(a)];
  return std::ranges::find(near, b) != near.end();
}

// Whether every cell can be reached from the first over neighbours within the group.
bool connected(const std::vector<int>& group) {
  std::vector<int> reached{group.front()};
  for (std::size_t i = 0; i < reached.size(); ++i) {
    for (const int cell : group) {
      if (neighbours(reached[i], cell) && std::ranges::find(reached, cell) == reached.end()) {
        reached.push_back(cell);
      }
    }
  }
  return reached.size() == group.size();
}

double widest(const std::vector<int>& group) {
  double out = 0;
  for (const int a : group) {
    for (const int b : group) {
      out = std::max(
          out, data::emdDistances()[static_cast<std::size_t>(a)][static_cast<std::size_t>(b)]);
    }
  }
  return out;
}

// Groups of `size` consecutive entries are connected on the wafer and no wider than `most`, in
// units of which neighbours are 2 apart.
void expectNeighbours(const std::vector<int>& places, std::size_t size, double most) {
  for (std::size_t first = 0; first < places.size(); first += size) {
    const std::vector<int> group(places.begin() + static_cast<std::ptrdiff_t>(first),
                                 places.begin() + static_cast<std::ptrdiff_t>(first + size));
    EXPECT_TRUE(connected(group)) << size << " from " << first;
    EXPECT_LE(widest(group), most) << size << " from " << first;
  }
}

// A rhombus of 2x2 is sqrt(3) pitches long, one of 4x4 three times that.
constexpr double kRhombus4 = 2 * 1.7321;
constexpr double kRhombus16 = 3 * kRhombus4;

TEST(ComparePlaces, SuperTriggerCellsAreNeighboursOnTheWafer) {
  const std::vector<int> places = placesOf(Algorithm::SuperTriggerCell);
  EXPECT_EQ(std::set<int>(places.begin(), places.end()).size(), 48U);
  EXPECT_EQ(std::ranges::min(places), 0);
  EXPECT_EQ(std::ranges::max(places), 47);
  expectNeighbours(places, 4, kRhombus4);
  expectNeighbours(places, 16, kRhombus16);
}

TEST(ComparePlaces, OthersLeaveTheChannelsWhereTheyAre) {
  std::vector<int> identity(48);
  std::iota(identity.begin(), identity.end(), 0);
  for (const Algorithm algorithm : {Algorithm::ThresholdSum, Algorithm::BestChoice,
                                    Algorithm::Repeater, Algorithm::Autoencoder}) {
    EXPECT_EQ(placesOf(algorithm), identity);
  }
}

// A design whose inputs are wired in another order, each with a gain and a threshold of its own.
DesignBundle rewired() {
  DesignBundle bundle;
  bundle.spec = wholeChip();
  for (int c = 0; c < 48; ++c) {
    const auto at = static_cast<std::size_t>(c);
    bundle.spec.settings.mux[at] = (c * 29 + 11) % 48;
    bundle.spec.settings.calibration[at] = 2000 + c;
    bundle.spec.settings.threshold[at] = 7 * c;
  }
  return bundle;
}

TEST(CompareSettings, TheMuxBringsTheCellsOfAGroupTogetherWithTheirGains) {
  const DesignBundle bundle = rewired();
  const auto& own = bundle.spec.settings;
  for (int type = 0; type < 4; ++type) {
    const auto settings =
        settingsFor(bundle, {"chip", Algorithm::SuperTriggerCell, type, Spread::Shared, "stc"}, 2);
    EXPECT_EQ(settings.algorithm, Algorithm::SuperTriggerCell);
    EXPECT_EQ(settings.stcType, type);
    EXPECT_EQ(settings.activeEtx, 2);
    // Which cell of the wafer each channel gets, by what the design says of its inputs.
    std::vector<int> cells;
    for (std::size_t c = 0; c < 48; ++c) {
      const auto cell = std::ranges::find(own.mux, settings.mux[c]) - own.mux.begin();
      ASSERT_LT(cell, 48);
      cells.push_back(static_cast<int>(cell));
      EXPECT_EQ(settings.calibration[c], own.calibration[static_cast<std::size_t>(cell)]) << c;
      EXPECT_EQ(settings.threshold[c], own.threshold[static_cast<std::size_t>(cell)]) << c;
    }
    EXPECT_EQ(cells, placesOf(Algorithm::SuperTriggerCell));
    expectNeighbours(cells, 4, kRhombus4);
    expectNeighbours(cells, 16, kRhombus16);
  }
}

TEST(CompareSettings, OtherVariantsKeepWhatTheDesignSays) {
  const DesignBundle bundle = rewired();
  for (const CompareVariant& variant : variantsOf(bundle.spec)) {
    if (variant.algorithm == Algorithm::SuperTriggerCell) continue;
    const auto settings = settingsFor(bundle, variant, 7);
    EXPECT_EQ(settings.algorithm, variant.algorithm);
    EXPECT_EQ(settings.activeEtx, 7);
    EXPECT_EQ(settings.mux, bundle.spec.settings.mux);
    EXPECT_EQ(settings.calibration, bundle.spec.settings.calibration);
    EXPECT_EQ(settings.threshold, bundle.spec.settings.threshold);
    EXPECT_EQ(settings.t1, bundle.spec.settings.t1);
  }
}

TEST(CompareSettings, AHardWiredMaskIsComparedWithItsOwnLinksAlone) {
  DesignSpec spec = wholeChip();
  spec.settings.activeEtx = 3;
  const CompareVariant network{"chip", Algorithm::Autoencoder, 0, Spread::Concentrated, "ae"};
  const CompareVariant cells{"chip", Algorithm::BestChoice, 0, Spread::Concentrated, "bc"};
  const CompareVariant groups{"chip", Algorithm::SuperTriggerCell, 1, Spread::Shared, "stc"};
  for (const bool loadable : {true, false}) {
    spec.chip.maskLoadable = loadable;
    for (int etx = 1; etx <= kMostEtx; ++etx) {
      SCOPED_TRACE(etx);
      EXPECT_EQ(compared(spec, network, etx), loadable || etx == 3);
      EXPECT_TRUE(compared(spec, cells, etx));
      EXPECT_EQ(compared(spec, groups, etx), etx <= 2);
    }
  }
}

TEST(CompareSettings, TheAutoencodersMaskFitsTheLinks) {
  DesignBundle bundle;
  bundle.spec = wholeChip();
  bundle.spec.settings.activeEtx = 4;
  bundle.spec.settings.keep.assign(144, false);
  std::fill_n(bundle.spec.settings.keep.begin(), 90, true);  // a model's own for 4 eTX
  std::ptrdiff_t before = 0;
  for (int etx = 1; etx <= kMostEtx; ++etx) {
    SCOPED_TRACE(etx);
    const auto keep =
        settingsFor(bundle, {"chip", Algorithm::Autoencoder, 0, Spread::Concentrated, "ae"}, etx)
            .keep;
    ASSERT_EQ(keep.size(), 144U);
    const auto kept = std::ranges::count(keep, true);
    EXPECT_LE(kept, econ_t::sentLatentBits(etx));
    EXPECT_GE(kept, 16);
    if (etx == 4) {
      EXPECT_EQ(keep, bundle.spec.settings.keep);
      continue;
    }
    EXPECT_GE(kept, before);
    before = kept;
    // As many of each latent, its leading ones.
    EXPECT_EQ(kept % 16, 0);
    for (std::size_t bit = 0; bit < keep.size(); ++bit) {
      EXPECT_EQ(keep[bit], static_cast<std::ptrdiff_t>(bit % 9) < kept / 16) << bit;
    }
  }
  EXPECT_EQ(before, 144);
}

// A chip without autoencoder, which needs no model.
core::Design chipOf(const std::vector<Algorithm>& encoders) {
  econ_t::ChipOptions options;
  options.encoders = encoders;
  const auto chip = econ_t::chip(econ_t::ChipSettings::neutral(), options);
  EXPECT_TRUE(chip.ok()) << chip.error().text();
  return *chip;
}

// Every function's area a power of two of its own, so that a sum says which are in it.
SynthResult markedAreas(const core::Design& chip, std::vector<std::string>& functions) {
  SynthResult out;
  for (const core::Block& block : chip.blocks) {
    if (block.kind != core::BlockKind::Function) continue;
    SynthModule module;
    module.name = block.function;
    module.area = static_cast<double>(std::uint64_t{1} << functions.size());
    functions.push_back(block.function);
    out.modules.push_back(module);
  }
  return out;
}

std::set<std::string> counted(const std::vector<Algorithm>& encoders, Algorithm algorithm) {
  const core::Design chip = chipOf(encoders);
  std::vector<std::string> functions;
  const SynthResult synthesis = markedAreas(chip, functions);
  const auto sum =
      static_cast<std::uint64_t>(encoderArea(chip, synthesis, algorithm, encoders.size() > 1));
  std::set<std::string> out;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    if ((sum >> i & 1U) != 0) out.insert(functions[i]);
  }
  return out;
}

TEST(CompareArea, AnEncodersIsThatOfTheFunctionsItNeedsBeyondTheFrontEnd) {
  const std::vector<Algorithm> four{Algorithm::ThresholdSum, Algorithm::SuperTriggerCell,
                                    Algorithm::BestChoice, Algorithm::Repeater};
  for (const Algorithm algorithm : four) {
    const std::set<std::string> own = counted({algorithm}, algorithm);
    // In a chip of several, the same and what chooses between lists of cells; nobody else's.
    std::set<std::string> among = counted(four, algorithm);
    const bool chooses = algorithm == Algorithm::ThresholdSum || algorithm == Algorithm::BestChoice;
    EXPECT_EQ(among.erase("select_cells"), chooses ? 1U : 0U) << text(algorithm);
    EXPECT_EQ(among, own) << text(algorithm);
    for (const std::string& function : own) {
      for (const char* front : {"unpack", "mux", "calibrat", "header", "select_words"}) {
        EXPECT_EQ(function.find(front), std::string::npos) << function;
      }
    }
  }
  EXPECT_TRUE(counted(four, Algorithm::BestChoice).contains("best_choice"));
  EXPECT_TRUE(counted(four, Algorithm::BestChoice).contains("best_choice_values"));
  EXPECT_TRUE(counted(four, Algorithm::ThresholdSum).contains("threshold_sum"));
  EXPECT_TRUE(counted(four, Algorithm::SuperTriggerCell).contains("super_trigger_cells"));
  EXPECT_EQ(counted(four, Algorithm::Repeater),
            (std::set<std::string>{"cell_codes", "format_repeater"}));
}

TEST(CompareArea, WhatTwoEncodersShareCountsForBoth) {
  const auto repeater =
      counted({Algorithm::Repeater, Algorithm::ThresholdSum}, Algorithm::Repeater);
  const auto sum = counted({Algorithm::Repeater, Algorithm::ThresholdSum}, Algorithm::ThresholdSum);
  EXPECT_TRUE(repeater.contains("cell_codes"));
  EXPECT_TRUE(sum.contains("cell_codes"));
}

// ---- a comparison made by hand

constexpr std::size_t kAe = 0, kBc = 1, kShy = 2;

CompareRow row(std::size_t variant, int etx, double emd, std::uint64_t events = 100,
               std::uint64_t lost = 0) {
  CompareRow out;
  out.variant = variant;
  out.etx = etx;
  out.crossings = events;
  out.linkBits = 32 * etx;
  out.all.events = events;
  out.all.emd = {events - lost, emd, emd / 2, emd * 2};
  out.all.zeroReconstructed = lost;
  out.byOccupancy.resize(encoders::kOccupancyBins.size());
  for (std::size_t bin = 0; bin < out.byOccupancy.size(); ++bin) {
    out.byOccupancy[bin].bin = encoders::kOccupancyBins[bin];
    out.byOccupancy[bin].events = 10;
    out.byOccupancy[bin].emd = {10, emd + static_cast<double>(bin), emd, emd};
  }
  return out;
}

// An autoencoder that wins with 1 and 2 eTX and loses with 4; the third variant is best on the few
// events it gives back.
Comparison byHand() {
  Comparison out;
  out.revision = "abc";
  out.seed = 7;
  out.samples = {"few showers"};
  out.descriptions = {"a file; 100 crossings"};
  out.variants = {{"one", Algorithm::Autoencoder, 0, Spread::Concentrated, "autoencoder"},
                  {"one", Algorithm::BestChoice, 0, Spread::Shared, "best choice, rest shared"},
                  {"one", Algorithm::SuperTriggerCell, 1, Spread::Shared, "STC16 type 1"}};
  for (const auto& [etx, ae, bc] :
       {std::tuple{1, 1.5, 3.5}, std::tuple{2, 1.25, 2.5}, std::tuple{4, 1.0, 0.5}}) {
    out.rows.push_back(row(kAe, etx, ae));
    out.rows.push_back(row(kBc, etx, bc));
  }
  out.rows.push_back(row(kShy, 2, 0.125, 100, 60));
  out.costs = {{"one", Algorithm::Autoencoder, 2, 2, 2e6, 1e6},
               {"one", Algorithm::BestChoice, 2, 3, std::nullopt, std::nullopt},
               {"one", Algorithm::SuperTriggerCell, 1, 1, 1.5e6, 0.0}};
  out.designs = {{"one", 5e6, 1000}};
  out.remarks = autoencoderRemarks(out);
  return out;
}

TEST(Comparison, FindsARowOrNone) {
  const Comparison comparison = byHand();
  ASSERT_NE(comparison.find(0, kBc, 4), nullptr);
  EXPECT_EQ(comparison.find(0, kBc, 4)->all.emd.mean, 0.5);
  EXPECT_EQ(comparison.find(0, kShy, 4), nullptr);
  EXPECT_EQ(comparison.find(1, kBc, 4), nullptr);
  EXPECT_EQ(comparison.find(0, kBc, 3), nullptr);
}

TEST(Comparison, OneWrongWordAndItHasNotPassed) {
  Comparison comparison = byHand();
  EXPECT_TRUE(comparison.passed());
  EXPECT_EQ(json::parse(comparisonJson(comparison)).at("passed"), true);
  EXPECT_EQ(comparisonMarkdown(comparison).find("DISAGREE"), std::string::npos);
  comparison.rows.back().wrong = 1;
  EXPECT_FALSE(comparison.passed());
  const json wrong = json::parse(comparisonJson(comparison));
  EXPECT_EQ(wrong.at("passed"), false);
  EXPECT_EQ(wrong.at("rows").back().at("wrong_crossings"), 1);
  EXPECT_NE(comparisonMarkdown(comparison).find("THE RTL AND THE INTERPRETER DISAGREE"),
            std::string::npos);
}

TEST(Comparison, TheShareThatIsLostIsOfTheEventsWithCharges) {
  CompareRow few = row(kShy, 2, 0.125, 100, 60);
  EXPECT_DOUBLE_EQ(few.lostShare(), 0.6);
  few.all.zeroTrue = 20;  // there was nothing to bring back
  EXPECT_DOUBLE_EQ(few.lostShare(), 0.75);
  few.all.zeroTrue = 100;
  few.all.zeroReconstructed = 0;
  EXPECT_EQ(few.lostShare(), 0);
}

TEST(AutoencoderRemarks, SayWhereItWinsAndWhereItLoses) {
  const auto remarks = autoencoderRemarks(byHand());
  ASSERT_EQ(remarks.size(), 2U);
  EXPECT_EQ(remarks[0],
            "On few showers, by mean EMD, autoencoder of one loses at 4 eTX (1.00 against 0.50 of "
            "best choice, rest shared).");
  // With 2 eTX the smallest mean is of the few events that came back: it is no rival.
  EXPECT_EQ(remarks[1],
            "On few showers, by mean EMD, autoencoder of one wins at 1 eTX (1.50 against 3.50 of "
            "best choice, rest shared), 2 eTX (1.25 against 2.50 of best choice, rest shared).");
}

TEST(AutoencoderRemarks, APatternThatDoesNotComeBackIsNoWin) {
  Comparison comparison = byHand();
  comparison.rows.front().all.zeroReconstructed = 100;  // with 1 eTX nothing does
  comparison.rows.front().all.emd = {};
  const auto remarks = autoencoderRemarks(comparison);
  ASSERT_EQ(remarks.size(), 2U);
  EXPECT_NE(remarks[0].find("loses at 1 eTX (0.00 and 100 % without a pattern against 3.50"),
            std::string::npos)
      << remarks[0];
}

TEST(AutoencoderRemarks, NeedAnAutoencoderAndARival) {
  Comparison alone = byHand();
  std::erase_if(alone.rows, [](const CompareRow& row) { return row.variant != kAe; });
  EXPECT_TRUE(autoencoderRemarks(alone).empty());
  Comparison without = byHand();
  std::erase_if(without.rows, [](const CompareRow& row) { return row.variant == kAe; });
  EXPECT_TRUE(autoencoderRemarks(without).empty());
  without.remarks.clear();
  EXPECT_NE(comparisonMarkdown(without).find("No autoencoder beside others was compared."),
            std::string::npos);
}

TEST(ComparisonJson, HoldsEveryRowWithItsFigures) {
  const json out = json::parse(comparisonJson(byHand()));
  EXPECT_EQ(out.at("seed"), 7);
  EXPECT_EQ(out.at("revision"), "abc");
  EXPECT_EQ(out.at("samples").at(0).at("name"), "few showers");
  EXPECT_EQ(out.at("samples").at(0).at("description"), "a file; 100 crossings");
  EXPECT_EQ(out.at("remarks").size(), 2U);
  ASSERT_EQ(out.at("rows").size(), 7U);
  const json& shy = out.at("rows").back();
  EXPECT_EQ(shy.at("sample"), "few showers");
  EXPECT_EQ(shy.at("encoder"), "super_trigger_cell");
  EXPECT_EQ(shy.at("stc_type"), 1);
  EXPECT_EQ(shy.at("variant"), "STC16 type 1");
  EXPECT_EQ(shy.at("etx"), 2);
  EXPECT_EQ(shy.at("bits"), 64);
  EXPECT_EQ(shy.at("metrics").at("emd").at("mean"), 0.125);
  EXPECT_EQ(shy.at("metrics").at("emd").at("p90"), 0.25);
  EXPECT_EQ(shy.at("metrics").at("zero_reconstructed"), 60);
  ASSERT_EQ(shy.at("by_occupancy").size(), 6U);
  EXPECT_EQ(shy.at("by_occupancy").at(5).at("occupancy"), "20+");
  EXPECT_EQ(shy.at("by_occupancy").at(5).at("emd").at("mean"), 5.125);
  for (const char* key :
       {"truncated", "undecoded", "string_bits", "latency", "wait", "crossings"}) {
    EXPECT_TRUE(shy.contains(key)) << key;
  }
  EXPECT_FALSE(out.at("rows").front().contains("stc_type"));
  ASSERT_EQ(out.at("costs").size(), 3U);
  EXPECT_EQ(out.at("costs").at(0).at("area_um2"), 2e6);
  EXPECT_EQ(out.at("costs").at(0).at("latency_alone").at("formatter"), 2);
}

TEST(ComparisonMarkdown, MarksTheBestAndCountsWhatDidNotComeBack) {
  const std::string out = comparisonMarkdown(byHand());
  EXPECT_NE(out.find("loses at 4 eTX"), std::string::npos) << out;
  EXPECT_NE(out.find("| autoencoder | **1.500** | **1.250** | 1.000 |"), std::string::npos) << out;
  EXPECT_NE(out.find("| best choice, rest shared | 3.500 | 2.500 | **0.500** |"), std::string::npos)
      << out;
  // 60 of 100 events have no pattern: its mean is shown, not praised.
  EXPECT_NE(out.find("| STC16 type 1 |  | 0.125\\* |  |"), std::string::npos) << out;
  EXPECT_NE(out.find("| STC16 type 1 |  | 60.0 |  |"), std::string::npos) << out;
  EXPECT_NE(out.find("| one | autoencoder | 2 + 2 | 2.000 | 1.000 |"), std::string::npos) << out;
}

class ComparisonFiles : public ::testing::Test {
 protected:
  ComparisonFiles() {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / ("compare_files_" + std::string(test->name()));
    fs::remove_all(folder_);
  }
  ~ComparisonFiles() override { fs::remove_all(folder_); }

  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      out.insert(entry.path().filename().string());
    }
    return out;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    const auto text = core::readFile(folder_ / name);
    EXPECT_TRUE(text.ok()) << name;
    return text ? *text : std::string{};
  }

  fs::path folder_;
};

const std::set<std::string> kWithoutPlots{
    "compare.json",
    "compare.md",
    "emd_by_links_few_showers.dat",
    "emd_by_links_few_showers.gp",
    "emd_by_occupancy_few_showers.dat",
    "emd_by_occupancy_few_showers.gp",
};

// A program that stands for gnuplot, or none.
struct PathOf {
  explicit PathOf(const fs::path& folder) : before(std::getenv("PATH")) {
    ::setenv("PATH", folder.c_str(), 1);
  }
  ~PathOf() { ::setenv("PATH", before.c_str(), 1); }
  PathOf(const PathOf&) = delete;
  PathOf& operator=(const PathOf&) = delete;
  std::string before;
};

TEST_F(ComparisonFiles, WithoutGnuplotAreThereForAnotherPlace) {
  const Comparison comparison = byHand();
  {
    const PathOf hidden("/nonexistent");
    const auto written = writeComparison(comparison, folder_);
    ASSERT_TRUE(written.ok()) << written.error().text();
  }
  EXPECT_EQ(names(), kWithoutPlots);
  EXPECT_EQ(read("compare.json"), comparisonJson(comparison));
  EXPECT_EQ(read("compare.md"), comparisonMarkdown(comparison));
  // A curve a variant, one point a number of links.
  const std::string data = read("emd_by_links_few_showers.dat");
  EXPECT_NE(data.find("# autoencoder\n1 1.5\n2 1.25\n4 1\n"), std::string::npos) << data;
  EXPECT_EQ(data.find("STC16"), std::string::npos) << "a mean over 40 of 100 events: " << data;
  // By occupancy where most variants have a row: 2 eTX.
  EXPECT_NE(read("emd_by_occupancy_few_showers.gp").find("2 eTX"), std::string::npos);
  EXPECT_NE(read("emd_by_occupancy_few_showers.dat").find("# autoencoder\n0 1.25\n1 2.25\n"),
            std::string::npos);
}

TEST_F(ComparisonFiles, WithGnuplotEachScriptIsDrawn) {
  // Whatever is called gnuplot gets each script once, in the folder of the data.
  const fs::path tools = folder_ / "tools";
  ASSERT_TRUE(core::writeFile(tools / "gnuplot", "#!/bin/sh\necho drawn > \"${1%.gp}.svg.tmp\"\n"));
  fs::permissions(tools / "gnuplot", fs::perms::owner_all);
  {
    const PathOf own(tools);
    const auto written = writeComparison(byHand(), folder_);
    ASSERT_TRUE(written.ok()) << written.error().text();
  }
  std::set<std::string> expected = kWithoutPlots;
  expected.insert({"tools", "emd_by_links_few_showers.svg", "emd_by_occupancy_few_showers.svg"});
  EXPECT_EQ(names(), expected);
}

TEST_F(ComparisonFiles, AGnuplotThatFailsIsSaid) {
  const fs::path tools = folder_ / "tools";
  ASSERT_TRUE(core::writeFile(tools / "gnuplot", "#!/bin/sh\necho no terminal\nexit 1\n"));
  fs::permissions(tools / "gnuplot", fs::perms::owner_all);
  const PathOf own(tools);
  const auto written = writeComparison(byHand(), folder_);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, "plot.gnuplot");
  EXPECT_NE(written.error().message.find("no terminal"), std::string::npos)
      << written.error().text();
}

TEST_F(ComparisonFiles, AFolderThatCannotBeIsOneMessage) {
  ASSERT_TRUE(core::writeFile(folder_, "a file in the way"));
  const auto written = writeComparison(byHand(), folder_ / "out");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, "file.unwritable");
}

}  // namespace
}  // namespace aegen::flows
