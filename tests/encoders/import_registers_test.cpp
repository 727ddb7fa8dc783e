// The ECON-T's weight registers: out and in again, in both layouts, bit for bit.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "aegen/encoders/import.hpp"
#include "aegen/encoders/weight_registers.hpp"

namespace aegen::encoders {
namespace {

namespace fs = std::filesystem;

fs::path file(const std::string& text) {
  std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::ranges::replace(name, '/', '_');
  const fs::path out = fs::path(::testing::TempDir()) / ("registers_" + name + ".yaml");
  std::ofstream(out) << text;
  return out;
}

econ_t::AutoencoderWeights randomWeights(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  econ_t::AutoencoderWeights weights = econ_t::zeroWeights();
  for (auto* list :
       {&weights.convKernel, &weights.convBias, &weights.denseKernel, &weights.denseBias}) {
    for (auto& weight : *list) weight = static_cast<std::int64_t>(random() % 64) - 32;
  }
  return weights;
}

void expectSame(const econ_t::AutoencoderWeights& a, const econ_t::AutoencoderWeights& b) {
  EXPECT_EQ(a.convKernel, b.convKernel);
  EXPECT_EQ(a.convBias, b.convBias);
  EXPECT_EQ(a.denseKernel, b.denseKernel);
  EXPECT_EQ(a.denseBias, b.denseBias);
}

class RegisterLayouts : public ::testing::TestWithParam<std::tuple<RegisterLayout, std::uint64_t>> {
};

TEST_P(RegisterLayouts, GiveRandomWeightsBack) {
  const auto [layout, seed] = GetParam();
  const auto weights = randomWeights(seed);
  const auto back = readWeightRegisters(file(weightRegistersYaml(weights, layout)));
  ASSERT_TRUE(back) << back.error().text();
  expectSame(*back, weights);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RegisterLayouts,
                         ::testing::Combine(::testing::Values(RegisterLayout::Blocks,
                                                              RegisterLayout::Pages),
                                            ::testing::Range<std::uint64_t>(1, 6)));

TEST(WeightRegisters, TheFirstWeightStandsInTheLowestBitsOfBlockZero) {
  auto weights = econ_t::zeroWeights();
  weights.convKernel[0] = -1;   // bits 0..5
  weights.convKernel[1] = 1;    // bits 6..11
  weights.denseBias[15] = -32;  // the highest bit of the last block's last byte
  const std::string text = weightRegistersYaml(weights, RegisterLayout::Pages);
  EXPECT_EQ(text.substr(0, text.find('\n', 30)), "Encoder:\n  0:\n    weights_byte0: 0x7f");
  EXPECT_TRUE(text.ends_with("weights_byte128: 0x800000000000\n")) << text.substr(text.size() - 80);
  const auto bytes = packWeights(weights);
  EXPECT_EQ(bytes.size() * 8, 12'864U);
}

TEST(WeightRegisters, DecimalNumbersUnderscoresAndSingleBytesAreRead) {
  const auto weights = randomWeights(11);
  const auto bytes = packWeights(weights);
  std::string text =
      "other: [1, 2]\nECON-T:\n  RW:\n    FMTBUF_ALL: {registers: {x: {value: 3}}}\n";
  for (int block = 0; block < kWeightBlocks; ++block) {
    text += "    AUTOENCODER_" + std::to_string(block) + "INPUT:\n      registers:\n";
    for (int i = 0; i < kWeightBlockBytes; ++i) {
      const std::string value =
          std::to_string(bytes[static_cast<std::size_t>(block * kWeightBlockBytes + i)]);
      text += "        weights_byte" + std::to_string(i) +
              ":\n          value: " + (i % 2 == 0 ? "0" : "0_0") + value + "\n";
    }
  }
  const auto back = readWeightRegisters(file(text));
  ASSERT_TRUE(back) << back.error().text();
  expectSame(*back, weights);
}

TEST(WeightRegisters, WhatIsWrongIsNamed) {
  const std::string good = weightRegistersYaml(randomWeights(12), RegisterLayout::Pages);
  const auto refused = [](const std::string& text, const std::string& part) {
    const auto read = readWeightRegisters(file(text));
    ASSERT_FALSE(read) << part;
    EXPECT_EQ(read.error().code.substr(0, 7), "import.");
    EXPECT_NE(read.error().text().find(part), std::string::npos) << read.error().text();
  };
  const auto without = [&](const std::string& line) {
    std::string text = good;
    const auto at = text.find(line);
    text.erase(at, text.find('\n', at) - at + 1);
    return text;
  };
  refused("a: 1\n", "no weights");
  refused("", "no weights");
  refused("a: [1\n", "is not YAML");
  refused(without("    weights_byte16"), "weights_byte16 is missing");
  refused(without("    weights_byte0"), "weights_byte0 is missing");
  refused(good + "  12:\n    weights_byte0: 0\n", "blocks are 0..11");
  refused("Encoder:\n  0:\n    weights_byte134: 0\n", "bytes are 0..133");
  std::string letters = good;
  letters.replace(letters.find("0x"), 2, "0xg");
  refused(letters, "no number");
  std::string wide = good;
  wide.replace(wide.find("weights_byte128: 0x"), 19, "weights_byte128: 0x7000000000000");
  refused(wide, "does not fit its 6 bytes");
  std::string fewer = good;
  fewer.replace(fewer.find("  11:"), 5, "  10a:");
  refused(fewer, "block 11 of 12 is missing");
}

TEST(WeightRegisters, BecomeACodecOfTheChipsEncoder) {
  const auto weights = randomWeights(13);
  const auto imported =
      importCodec({file(weightRegistersYaml(weights, RegisterLayout::Blocks))}, {}, {});
  ASSERT_TRUE(imported) << imported.error().text();
  Graph wanted = econ_t::autoencoder(weights, true);
  ASSERT_TRUE(wanted.infer());
  EXPECT_EQ(imported->codec.encoder, wanted);
  const auto encoderAlone = importCodec({"nowhere.yaml"}, {}, {});
  ASSERT_FALSE(encoderAlone);
  EXPECT_EQ(encoderAlone.error().code, "import.no-file");
}

}  // namespace
}  // namespace aegen::encoders
