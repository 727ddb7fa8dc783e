#include "aegen/flows/estimate.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "aegen/encoders/econ_t.hpp"
#include "aegen/flows/cost_fit.hpp"
#include "aegen/flows/design_spec.hpp"

namespace aegen::flows {
namespace {

using json = nlohmann::json;
namespace econ_t = encoders::econ_t;

core::Design smallChip() {
  econ_t::PathShape shape;
  shape.channels = 8;
  shape.etx = 2;
  shape.stc = {{4, true, {5, 4}, false}};
  shape.bufferWords = 2 * econ_t::wordsWritten(shape);
  econ_t::ChipOptions options;
  options.name = "small_chip";
  options.shape = shape;
  options.encoders = {econ_t::Algorithm::ThresholdSum};
  auto settings = econ_t::ChipSettings::neutral(shape);
  settings.algorithm = econ_t::Algorithm::ThresholdSum;
  settings.activeEtx = 2;
  auto chip = econ_t::chip(settings, options);
  EXPECT_TRUE(chip);
  return *chip;
}

TEST(Estimate, BlocksAddUpToTheTotal) {
  const auto estimate = estimateDesign(smallChip(), fitCost(builtInCostSet()));
  ASSERT_TRUE(estimate) << estimate.error().text();
  double area = 0;
  std::uint64_t flipFlops = 0;
  for (const BlockEstimate& block : estimate->blocks) {
    area += block.area;
    flipFlops += block.flipFlops;
  }
  EXPECT_NEAR(area, estimate->top().area, 1e-6 * area);
  EXPECT_EQ(flipFlops, estimate->top().flipFlops);
  EXPECT_EQ(estimate->top().name, "small_chip");
  EXPECT_EQ(estimate->top().instances, 1U);
  double own = 0;
  for (const core::ModuleEstimate& module : estimate->modules) {
    own += module.ownArea * static_cast<double>(module.instances);
  }
  EXPECT_NEAR(own, area, 1e-6 * area);
}

TEST(Estimate, PipelineAndConfigurationAreInTheFlipFlops) {
  const core::Design chip = smallChip();
  const auto estimate = estimateDesign(chip, fitCost(builtInCostSet()));
  ASSERT_TRUE(estimate);
  // Every bit of the configuration is held twice, in the shadow and the active copy.
  std::uint64_t least = 0;
  for (const core::ConfigField& field : chip.config) {
    least += 2 * field.count * static_cast<std::uint64_t>(field.format.width);
  }
  EXPECT_GT(estimate->top().flipFlops, least);
  for (const BlockEstimate& block : estimate->blocks) {
    if (block.name != "registers") continue;
    EXPECT_GE(block.flipFlops, least);
  }
}

TEST(Estimate, JsonSaysWhatTheTableSays) {
  const auto estimate = estimateDesign(smallChip(), fitCost(builtInCostSet()));
  ASSERT_TRUE(estimate);
  const json out = json::parse(estimateJson(*estimate));
  EXPECT_DOUBLE_EQ(out["area"].get<double>(), estimate->top().area);
  EXPECT_DOUBLE_EQ(out["nand2"].get<double>(), estimate->top().area / estimate->nand2Area);
  EXPECT_EQ(out["blocks"].size(), estimate->blocks.size());
  EXPECT_EQ(out["energy_pj"].is_number(), estimate->top().energy.has_value());
  const std::string text = estimateText(*estimate);
  EXPECT_NE(text.find("output_buffer"), std::string::npos);
  EXPECT_EQ(text.find("energy: not fitted") == std::string::npos,
            estimate->top().energy.has_value());
}

TEST(Estimate, HardWiredWeightsCostLessThanLoadableOnes) {
  const auto file =
      std::filesystem::path(AEGEN_SOURCE_DIR) / "examples/econ_t_autoencoder/design.yaml";
  auto spec = loadDesignSpec(file);
  ASSERT_TRUE(spec);
  const auto loadable = buildDesign(*spec);
  spec->loadable = false;
  const auto hardWired = buildDesign(*spec);
  ASSERT_TRUE(loadable && hardWired);
  const core::CostModel model = fitCost(builtInCostSet());
  const auto a = estimateDesign(loadable->chip, model);
  const auto b = estimateDesign(hardWired->chip, model);
  ASSERT_TRUE(a && b);
  EXPECT_GT(a->top().area, 1.5 * b->top().area);
  EXPECT_GT(a->top().flipFlops, 2 * b->top().flipFlops);
}

}  // namespace
}  // namespace aegen::flows
