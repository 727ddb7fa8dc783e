#include "bench_layout.hpp"

#include <gtest/gtest.h>

namespace aegen::sim {
namespace {

rtl_gen::ModuleManifest manifest() {
  rtl_gen::ModuleManifest m;
  m.design = m.top = "chip__a";
  m.ports = {{"clk", true, 1, "clock"},
             {"rst_n", true, 1, "reset"},
             {"link_reset", true, 1, "link_reset"},
             {"rx", true, 64, "signal"},
             {"tx", false, 64, "signal"}};
  m.signals = {{"rx", {false, 32, 0}, 2, 0, true, false, ""},
               {"sum", {true, 9, 2}, 5, 1, false, true, "adder"},
               {"tx", {false, 32, 0}, 2, 3, true, true, "formatter"}};
  return m;
}

TEST(ChipLayout, PutsEverySignalAtANewWordInTheDesignsOrder) {
  const auto layout = chipLayout(manifest(), {"sum"});
  ASSERT_TRUE(layout.ok());
  EXPECT_EQ(layout->inputWords, 2U);
  EXPECT_EQ(layout->outputWords, 2U);
  ASSERT_EQ(layout->captured.size(), 2U);
  EXPECT_EQ(layout->captured[0].name, "sum");
  EXPECT_EQ(layout->captured[1].firstBit, 64U);  // 45 bits of sums fill two words
  EXPECT_EQ(layout->captureWords, 4U);
}

TEST(ChipLayout, ReachesInnerNetsByVerilatorsNames) {
  const auto layout = chipLayout(manifest(), {"sum"});
  const std::string header = chipPortsHeader(manifest(), *layout);
  EXPECT_NE(header.find("store(row + 0, model.rootp->chip___05Fa__DOT__sum);"), std::string::npos)
      << header;
  EXPECT_NE(header.find("store(row + 2, model.tx);"), std::string::npos);
  EXPECT_EQ(verilatorConfiguration(manifest(), *layout),
            "`verilator_config\npublic_flat_rd -module \"chip__a\" -var \"sum\"\n");
}

TEST(ChipLayout, NamesWhatIsMissing) {
  EXPECT_EQ(chipLayout(manifest(), {"absent"}).error().code, "sim.no-signal");
  rtl_gen::ModuleManifest incomplete = manifest();
  incomplete.ports.erase(incomplete.ports.begin());
  EXPECT_EQ(chipLayout(incomplete, {}).error().code, "sim.no-port");
}

TEST(DecoderLayout, TakesItsInputsFromTheChipsOutputsAndAddsUpLatencies) {
  const auto chip = chipLayout(manifest(), {"sum"});
  core::Function decoder;
  decoder.inputs = {{"tx", {false, 32, 0}, 2, core::Role::Event}};
  decoder.outputs = {{"charge", {false, 10, 7}, 3, core::Role::Output},
                     {"total", {false, 40, 0}, 1, core::Role::Output}};
  const auto layout = decoderLayout(*chip, decoder, 4, 2);
  ASSERT_TRUE(layout.ok());
  ASSERT_EQ(layout->captured.size(), 3U);
  EXPECT_EQ(layout->captured[0].name, "received.tx");
  EXPECT_EQ(layout->captured[0].latency, 3 + 4);
  EXPECT_EQ(layout->captured[1].name, "decoder.charge");
  EXPECT_EQ(layout->captured[1].latency, 3 + 4 + 2);
  EXPECT_EQ(layout->captured[1].firstBit, (4U + 2U) * 32U);
  EXPECT_EQ(layout->rowWords, 4U + 2U + 3U + 2U);  // a 40-bit output takes two words
  decoder.inputs[0].count = 3;
  EXPECT_EQ(decoderLayout(*chip, decoder, 4, 2).error().code, "sim.decoder-input");
}

}  // namespace
}  // namespace aegen::sim
