// Designs around models of other latents than the ECON-T's.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "aegen/flows/design_spec.hpp"
#include "random_autoencoder.hpp"

namespace aegen::flows {
namespace {

namespace fs = std::filesystem;
namespace econ_t = encoders::econ_t;

class DesignLatents : public ::testing::Test {
 protected:
  DesignLatents() {
    test_common::SplitMix64 random(20260901);
    shape_.latents = 20;
    shape_.latentBits = 4;
    codec_ = test_common::randomAutoencoder(random, shape_, {.conditions = 4});
    codec_.conditions[3] = {"eta", encoders::Condition::Source::Given, 0.5};
    codec_.link.activeEtx = 3;
    codec_.link.keep.assign(80, true);
    codec_.link.keep[7] = false;
    fs::create_directories(folder_);
    EXPECT_TRUE(encoders::saveCodec(codec_, folder_ / "model.json").ok());
  }

  core::Result<DesignBundle> build(const std::string& extra) const {
    std::ofstream(folder_ / "design.yaml") << "name: chip\nmodel: model.json\n" << extra;
    const auto spec = loadDesignSpec(folder_ / "design.yaml");
    if (!spec) return spec.error();
    return buildDesign(*spec);
  }
  std::string codeOf(const std::string& extra) const {
    const auto bundle = build(extra);
    return bundle ? std::string() : bundle.error().code;
  }

  // Tests of one fixture run at the same time as processes of their own: a folder for each.
  fs::path folder_ = fs::path(AEGEN_BUILD_DIR) / "test_work" / "design_latents" /
                     ::testing::UnitTest::GetInstance()->current_test_info()->name();
  econ_t::PathShape shape_;
  encoders::Codec codec_;
};

TEST_F(DesignLatents, AreTheModels) {
  const auto bundle = build("");
  ASSERT_TRUE(bundle.ok()) << bundle.error().text();
  EXPECT_EQ(bundle->spec.chip.shape, shape_);
  EXPECT_EQ(bundle->spec.settings.keep, codec_.link.keep);
  EXPECT_EQ(bundle->spec.settings.activeEtx, 3);
  const core::ConfigField* const mask = bundle->chip.findConfig("ae_mask");
  ASSERT_NE(mask, nullptr);
  EXPECT_EQ(mask->count, 5U);
  ASSERT_EQ(bundle->decoders.size(), 1U);
  EXPECT_EQ(bundle->decoders[0].shape, shape_);
  EXPECT_TRUE(bundle->decoder);
}

TEST_F(DesignLatents, AreCutToOtherLinksAndToAskedForBits) {
  const auto kept = [&](const std::string& extra) {
    const auto bundle = build(extra);
    EXPECT_TRUE(bundle.ok()) << extra;
    return bundle ? std::ranges::count(bundle->spec.settings.keep, true) : -1;
  };
  EXPECT_EQ(kept("settings: {active_etx: 2}\n"), 40);
  EXPECT_EQ(kept("settings: {active_etx: 1}\n"), 18);
  EXPECT_EQ(kept("settings: {latent_bits: 3}\n"), 60);
  EXPECT_EQ(codeOf("settings: {latent_bits: 5}\n"), "design.contradiction");
  EXPECT_EQ(codeOf("settings: {latent_bits: 17}\n"), "design.out-of-range");
}

TEST_F(DesignLatents, HaveNoMaskRegistersWhereTheMaskIsHardWired) {
  const auto bundle = build("link: {mask: hard_wired}\n");
  ASSERT_TRUE(bundle.ok()) << bundle.error().text();
  EXPECT_EQ(bundle->chip.findConfig("ae_mask"), nullptr);
  const core::Function* const wires = bundle->chip.program.find("close_up_latents");
  ASSERT_NE(wires, nullptr);
  for (const core::Instruction& instruction : wires->instructions) {
    EXPECT_TRUE(instruction.op == core::Op::Slice || instruction.op == core::Op::Concat ||
                instruction.op == core::Op::Reinterpret || instruction.op == core::Op::Const);
  }
  EXPECT_EQ(codeOf("link: {mask: wired}\n"), "design.out-of-range");
  EXPECT_EQ(codeOf("link: {masks: hard_wired}\n"), "design.unknown-key");
}

TEST_F(DesignLatents, TakeGivenConditionsFromTheDesign) {
  const auto bundle = build("settings: {conditions: {eta: -1.25}}\n");
  ASSERT_TRUE(bundle.ok()) << bundle.error().text();
  EXPECT_EQ(bundle->codec.conditions[3].given, -1.25);
  EXPECT_NE(bundle->decoders[0].program.find("decode_autoencoder"), nullptr);
  EXPECT_EQ(codeOf("settings: {conditions: {phi: 1}}\n"), "design.conditions");
  EXPECT_EQ(codeOf("settings: {conditions: {c0: 1}}\n"), "design.conditions");  // the sum code
  EXPECT_EQ(codeOf("settings: {conditions: {eta: far}}\n"), "design.bad-type");
  EXPECT_EQ(codeOf("settings: {conditions: 3}\n"), "design.bad-type");
}

}  // namespace
}  // namespace aegen::flows
