// The estimate of a chip against its synthesis.
#include <gtest/gtest.h>

#include <filesystem>

#include "aegen/encoders/econ_t.hpp"
#include "aegen/flows/cost_fit.hpp"
#include "aegen/flows/estimate.hpp"
#include "aegen/flows/synthesis.hpp"
#include "aegen/rtl_gen/emit_design.hpp"

namespace aegen::flows {
namespace {

namespace fs = std::filesystem;
namespace econ_t = encoders::econ_t;

TEST(EstimateAgainstSynthesis, AChipThatWasNotFittedIsWithinFifteenPercent) {
  // No random trigger path of the stored set has this shape: they have two to six links.
  econ_t::PathShape shape;
  shape.channels = 8;
  shape.etx = 1;
  shape.stc = {{4, true, {4, 3}, false}};
  shape.bufferWords = 2 * econ_t::wordsWritten(shape);
  econ_t::ChipOptions options;
  options.name = "small_chip";
  options.shape = shape;
  options.encoders = {econ_t::Algorithm::SuperTriggerCell};
  auto settings = econ_t::ChipSettings::neutral(shape);
  settings.algorithm = econ_t::Algorithm::SuperTriggerCell;
  settings.activeEtx = 1;
  const auto chip = econ_t::chip(settings, options);
  ASSERT_TRUE(chip) << chip.error().text();

  const auto estimate = estimateDesign(*chip, fitCost(builtInCostSet()));
  ASSERT_TRUE(estimate) << estimate.error().text();

  const fs::path folder = fs::path(::testing::TempDir()) / "aegen_estimate_synthesis";
  fs::remove_all(folder);
  const auto rtl = rtl_gen::emitVerilog(*chip);
  ASSERT_TRUE(rtl);
  ASSERT_TRUE(rtl_gen::writeRtl(*rtl, folder / "rtl"));
  SynthesisOptions synthesis;
  synthesis.workDirectory = folder / "work";
  const auto measured = synthesiseDirectory(folder / "rtl", synthesis);
  ASSERT_TRUE(measured) << measured.error().text();
  fs::remove_all(folder);

  EXPECT_NEAR(estimate->top().area, measured->area, 0.15 * measured->area);
  EXPECT_NEAR(estimate->top().depth, measured->depth.cells, 0.15 * measured->depth.cells);
  EXPECT_EQ(estimate->top().flipFlops, measured->flipFlops);
}

}  // namespace
}  // namespace aegen::flows
