#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>

#include "aegen/data/shower_generator.hpp"
#include "aegen/encoders/decoder_error_bound.hpp"
#include "aegen/encoders/evaluation.hpp"
#include "aegen/encoders/train_config.hpp"
#include "aegen/encoders/vector_set.hpp"

namespace aegen::encoders {
namespace {

constexpr const char* kExample = AEGEN_SOURCE_DIR "/examples/econ_t_autoencoder/";
constexpr const char* kShared = AEGEN_SOURCE_DIR "/../shared/econt/";
constexpr std::uint64_t kHeldOutSeed = 99991;  // the example trains on seed 1

const Codec& example() {
  static const Codec codec = [] {
    auto loaded = loadCodec(std::string(kExample) + "model.json");
    EXPECT_TRUE(loaded.ok()) << loaded.error().text();
    return loaded.ok() ? *loaded : Codec{};
  }();
  return codec;
}

// Prints a row of docs/training.md's table and demands that the codec beats the module sum alone.
void expectBeatsModuleSum(const char* name, std::span<const data::Event> events, double emdFactor,
                          double telescopeFactor) {
  ASSERT_FALSE(events.empty());
  const auto result = evaluate(example(), events);
  ASSERT_TRUE(result.ok()) << result.error().text();
  const MetricsSummary codec = result->codec.overall();
  const MetricsSummary sum = result->moduleSum.overall();
  std::printf("| %s | %zu | %.2f | %.2f | %.5f | %.5f | %.3f | %.3f | %.2f |\n", name,
              events.size(), codec.emd.mean, sum.emd.mean, codec.telescope.mean, sum.telescope.mean,
              codec.responseMean, codec.responseRms,
              result->latents.encodingEfficiency(result->bitsSent));
  const auto bins = result->codec.byOccupancy();
  const auto sumBins = result->moduleSum.byOccupancy();
  for (std::size_t i = 0; i < bins.size(); ++i) {
    if (bins[i].events == 0) continue;
    std::printf("|   %s | %lu | %.2f | %.2f | %.5f | %.5f |\n", bins[i].bin.name().c_str(),
                static_cast<unsigned long>(bins[i].events), bins[i].emd.mean, sumBins[i].emd.mean,
                bins[i].telescope.mean, sumBins[i].telescope.mean);
  }
  EXPECT_LT(codec.emd.mean, emdFactor * sum.emd.mean);
  EXPECT_LT(codec.telescope.mean, telescopeFactor * sum.telescope.mean);
  EXPECT_EQ(codec.zeroReconstructed, 0U);
  EXPECT_NEAR(codec.responseMean, 1.0, 0.05);
}

TEST(ExampleModel, BeatsTheModuleSumOnHeldOutSparseEvents) {
  const auto events = data::ShowerGenerator(data::sparse(), kHeldOutSeed).generate(5000);
  expectBeatsModuleSum("generator, sparse", events, 0.5, 0.1);
}

TEST(ExampleModel, BeatsTheModuleSumOnHeldOutDenseEvents) {
  const auto events = data::ShowerGenerator(data::dense(), kHeldOutSeed).generate(5000);
  expectBeatsModuleSum("generator, dense", events, 0.8, 0.2);
}

TEST(ExampleModel, BeatsTheModuleSumOnSimulatedModules) {
  const auto events = data::readCalqCsv(std::string(kShared) + "calq_sample.csv");
  ASSERT_TRUE(events.ok()) << events.error().text();
  expectBeatsModuleSum("`calq_sample.csv`", *events, 0.5, 0.1);
}

TEST(ExampleModel, BeatsTheModuleSumOnTheChipsTestCrossings) {
  const auto set = loadVectorSet(std::string(kShared) + "vectors", "AE");
  ASSERT_TRUE(set.ok()) << set.error().text();
  const auto crossings = data::readRxCsv(set->input);
  ASSERT_TRUE(crossings.ok()) << crossings.error().text();
  const auto events = data::decodeRx(*crossings, econ_t::inputSettings(set->settings));
  ASSERT_TRUE(events.ok()) << events.error().text();
  expectBeatsModuleSum("`vectors/` (set AE)", *events, 0.8, 0.2);
}

TEST(ExampleModel, FixedPointDecoderIsBoundToTheFloatDecoder) {
  const auto bound = decoderErrorBound(example().decoder);
  ASSERT_TRUE(bound.ok()) << bound.error().text();
  double largest = 0;
  for (const ErrorInterval& error : *bound) largest = std::max(largest, error.magnitude());
  std::printf("largest bound %.5f\n", largest);
  EXPECT_LT(largest, 0.03);
}

TEST(ExampleModel, WasTrainedByItsConfiguration) {
  const auto config = loadTrainConfig(std::string(kExample) + "train.yaml");
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(example().name, config->name);
  const std::string& description = example().description;
  for (const GeneratedEvents& part : config->data.generated) {
    const std::string events = std::to_string(part.events) + " " + part.regime;
    EXPECT_NE(description.find(events), std::string::npos) << description;
  }
  for (const std::string& fact :
       {"seed " + std::to_string(config->seed) + ",",
        "best of " + std::to_string(config->training.epochs) + " epochs"}) {
    EXPECT_NE(description.find(fact), std::string::npos) << description;
  }
  EXPECT_EQ(example().link.activeEtx, config->link.activeEtx);
}

}  // namespace
}  // namespace aegen::encoders
