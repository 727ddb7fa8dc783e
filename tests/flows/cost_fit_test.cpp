#include "aegen/flows/cost_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "random_program.hpp"

namespace aegen::flows {
namespace {

using core::kParts;
using core::PartValues;
using test_common::SplitMix64;

/// Modules that cost exactly `price` a part, give or take `noise`.
CostSet priced(const PartValues& price, double noise, std::uint64_t seed) {
  SplitMix64 random(seed);
  CostSet set;
  set.library = "made_up";
  set.nand2Area = 10;
  for (int i = 0; i < 200; ++i) {
    CostSample sample;
    sample.design = "design_" + std::to_string(i / 4);
    sample.module = "module_" + std::to_string(i);
    for (std::size_t k = 0; k < kParts; ++k) {
      sample.parts.counts[k] = random.between(0, 200);
      sample.parts.changes[k] = random.between(0, 50);
      sample.path[k] = random.between(0, 20);
    }
    const double error = 1 + noise * (random.between(-1000, 1000) / 1000.0);
    sample.area = error * core::priced(sample.parts.counts, price);
    sample.energy = 0.1 * error * core::priced(sample.parts.changes, price);
    sample.depth = static_cast<int>(std::lround(error * core::priced(sample.path, price)));
    sample.flipFlops = static_cast<std::uint64_t>(
        sample.parts.counts[static_cast<std::size_t>(core::Part::FlipFlop)]);
    set.samples.push_back(sample);
  }
  return set;
}

PartValues somePrices() {
  PartValues price{};
  for (std::size_t k = 0; k < kParts; ++k) price[k] = 5.0 * static_cast<double>(k % 7);
  return price;
}

TEST(CostFit, FindsThePricesThatModulesWereMadeWith) {
  const PartValues price = somePrices();
  const core::CostModel model = fitCost(priced(price, 0, 1));
  for (std::size_t k = 0; k < kParts; ++k) {
    EXPECT_NEAR(model.area[k], price[k], 0.01) << core::kPartNames[k];
    EXPECT_NEAR((*model.energy)[k], 0.1 * price[k], 0.001) << core::kPartNames[k];
  }
  EXPECT_LT(model.areaError.worst, 1e-3);
  EXPECT_LT(model.energyError.worst, 1e-3);
  EXPECT_EQ(model.areaError.modules, 200U);
}

TEST(CostFit, NoPriceIsNegativeAndTheErrorIsThatOfTheNoise) {
  const core::CostModel model = fitCost(priced(somePrices(), 0.2, 2));
  for (std::size_t k = 0; k < kParts; ++k) {
    EXPECT_GE(model.area[k], 0);
    EXPECT_GE(model.delay[k], 0);
  }
  // Evenly within 20 %: half of that on the mean, and a little for what was not fitted.
  EXPECT_NEAR(model.areaError.mean, 0.10, 0.03);
  EXPECT_GT(model.areaError.worst, 0.15);
  EXPECT_LE(model.areaError.mean, model.areaError.p90);
  EXPECT_LE(model.areaError.p90, model.areaError.worst);
}

TEST(CostFit, ADesignIsHeldOutWithAllItsModules) {
  // One design costs three times as much as all others: if any module of it were fitted together
  // with the rest, its own estimates would be pulled towards it.
  CostSet set = priced(somePrices(), 0, 3);
  for (CostSample& sample : set.samples) {
    if (sample.design == "design_7") sample.area *= 3;
  }
  const auto errors = heldOutErrors(set);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (set.samples[i].design != "design_7") continue;
    EXPECT_NEAR(errors[i].area, -2.0 / 3, 1e-3);
  }
}

TEST(CostFit, EnergyIsNotFittedWithoutMeasurements) {
  CostSet set = priced(somePrices(), 0, 4);
  for (CostSample& sample : set.samples) sample.energy.reset();
  EXPECT_FALSE(fitCost(set).energy);
  EXPECT_NE(accuracyText(set).find("energy       not fitted"), std::string::npos);
  EXPECT_NE(accuracyJson(set).find("not fitted"), std::string::npos);
}

TEST(CostFit, ASetIsReadAsItWasWritten) {
  CostSet set = priced(somePrices(), 0, 5);
  set.tool = "Yosys";
  set.adders = "cells: FAX1";
  set.recipe = "by hand";
  set.delay = somePrices();
  set.samples[3].energy.reset();
  const auto read = parseCostSet(costSetJson(set), "set");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(*read, set);
}

TEST(CostFit, WhatIsNoSetIsNamed) {
  for (const char* const text : {"", "{}", R"({"library": "x", "nand2_area": 1, "tool": "",
       "adders": "", "recipe": "", "delay": {"bricks": 1}, "samples": []})"}) {
    const auto read = parseCostSet(text, "some.json");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, "cost.malformed");
    EXPECT_EQ(read.error().where, "some.json");
  }
  EXPECT_EQ(loadCostSet("/nowhere/set.json").error().code, "cost.missing");
}

TEST(BuiltInCosts, EstimateModulesThatWereNotFittedWithinFifteenPercent) {
  const CostSet& set = builtInCostSet();
  ASSERT_GE(set.samples.size(), 100U);
  const core::CostModel model = fitCost(set);
  EXPECT_EQ(model.library, "osu018_stdcells");
  EXPECT_LT(model.areaError.mean, 0.10);
  EXPECT_LT(model.areaError.p90, 0.15);
  EXPECT_LT(model.depthError.mean, 0.15);
}

TEST(BuiltInCosts, FlipFlopsAreCountedNotEstimated) {
  const auto errors = heldOutErrors(builtInCostSet());
  for (std::size_t i = 0; i < errors.size(); ++i) {
    EXPECT_EQ(errors[i].flipFlops, 0)
        << builtInCostSet().samples[i].design << "/" << builtInCostSet().samples[i].module;
  }
}

}  // namespace
}  // namespace aegen::flows
