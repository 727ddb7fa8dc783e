// The board's decoders against a sequential reading of the strings, on valid and broken ones.
#include "aegen/encoders/link_decoders.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "aegen/core/interpreter.hpp"
#include "aegen/core/range_analysis.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/transposed_decoder.hpp"
#include "link_oracle.hpp"

namespace aegen::encoders::econ_t {
namespace {

using test_common::LinkSettings;
using test_common::SplitMix64;

std::uint64_t testSeed() {
  const char* const given = std::getenv("AEGEN_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20260301;
}

void configure(core::Interpreter& interpreter, const core::ConfigValues& values) {
  for (const auto& [name, list] : values) interpreter.setConfig(name, list);
}

// Strings of the settings, some of them damaged: one to three bits, words beyond the end, noise.
std::vector<std::uint16_t> anyWords(SplitMix64& random, const LinkSettings& settings) {
  auto words = randomString(random, settings, random.between(0, 3563));
  const auto capacity = static_cast<std::size_t>(2 * decoderWords(settings.shape));
  switch (random.below(4)) {
    case 0:
      break;
    case 1:
      for (int flips = random.between(1, 3); flips > 0; --flips) {
        words[random.below(words.size())] ^= static_cast<std::uint16_t>(1U << random.below(16));
      }
      break;
    case 2:
      words.resize(words.size() + random.below(capacity - words.size() + 1));
      words.back() ^= static_cast<std::uint16_t>(1U << random.below(16));
      break;
    default:
      for (auto& word : words) word = static_cast<std::uint16_t>(random.next());
      if (random.oneIn(2)) words[0] = static_cast<std::uint16_t>(words[0] & 0xfc00);
      break;
  }
  return words;
}

struct Tally {
  std::array<int, kStringStatuses> seen{};
};

void compare(const LinkDecoder& decoder, const LinkSettings& settings, SplitMix64& random,
             std::size_t events, Tally& tally) {
  core::Interpreter interpreter(decoder.program, decoder.function);
  configure(interpreter, decoderConfig(settings.algorithm, settings.board));
  const int count = decoderWords(settings.shape);
  core::Columns tx(static_cast<std::size_t>(count), events);
  std::vector<test_common::Decoded> expected;
  for (std::size_t k = 0; k < events; ++k) {
    const auto words = anyWords(random, settings);
    const auto elements = test_common::packed(words, count);
    for (std::size_t i = 0; i < elements.size(); ++i) tx.at(i, k) = elements[i];
    expected.push_back(decodeString(settings, words));
    ++tally.seen[static_cast<std::size_t>(expected.back().status)];
  }
  const auto got = interpreter.run(tx);
  ASSERT_TRUE(got.ok()) << got.error().text();
  for (std::size_t k = 0; k < events; ++k) {
    std::vector<std::int64_t> outputs;
    for (std::size_t i = 0; i < got->elements(); ++i) outputs.push_back(got->at(i, k));
    ASSERT_EQ(outputs, expected[k].outputs())
        << text(settings.algorithm) << " event " << k << " etx " << settings.board.activeEtx
        << " status " << text(expected[k].status) << " charge " << settings.shape.charge.text()
        << " sum " << settings.shape.sum.text() << " channels " << settings.shape.channels
        << " use_sum " << settings.board.useSum << " drop " << settings.board.dropLsb;
  }
}

class LinkDecoders : public testing::TestWithParam<Algorithm> {
 protected:
  LinkDecoders() : seed_(testSeed()), random_(seed_ + static_cast<unsigned>(GetParam())) {
    RecordProperty("seed", std::to_string(seed_));
  }
  std::uint64_t seed_;
  SplitMix64 random_;
};

TEST_P(LinkDecoders, AreVerifiedProgramsInWhichNoValueCanOverflow) {
  const auto decoder = linkDecoder(GetParam(), {});
  ASSERT_TRUE(decoder.ok()) << decoder.error().text();
  const auto problems = core::verify(decoder->program);
  ASSERT_TRUE(problems.empty()) << problems.front().text();
  const auto overflow = core::analyseRanges(decoder->program, decoder->function);
  for (const core::OverflowRisk& risk : overflow.risks) {
    ADD_FAILURE() << risk.function << " " << risk.valueName << " " << risk.exact.high;
  }
}

TEST_P(LinkDecoders, ReadTheChipsStringsAndBrokenOnesAsTheSequentialReaderDoes) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  const auto decoder = linkDecoder(GetParam(), {});
  ASSERT_TRUE(decoder.ok()) << decoder.error().text();
  Tally tally;
  for (int round = 0; round < 40 && !HasFatalFailure(); ++round) {
    compare(*decoder, randomSettings(random_, GetParam(), {}), random_, 100, tally);
  }
  EXPECT_GT(tally.seen[0], 500);
  EXPECT_GT(tally.seen[static_cast<std::size_t>(StringStatus::BadPadding)], 20);
}

TEST_P(LinkDecoders, FollowTheShape) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int round = 0; round < 12 && !HasFatalFailure(); ++round) {
    const PathShape shape = test_common::randomShape(random_);
    const auto decoder = linkDecoder(GetParam(), shape);
    ASSERT_TRUE(decoder.ok()) << decoder.error().text();
    const auto problems = core::verify(decoder->program);
    ASSERT_TRUE(problems.empty()) << problems.front().text();
    Tally tally;
    compare(*decoder, randomSettings(random_, GetParam(), shape), random_, 100, tally);
  }
}

TEST_P(LinkDecoders, FindNothingWrongWithWhatTheChipSends) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (int round = 0; round < 60; ++round) {
    const PathShape shape = round < 30 ? PathShape{} : test_common::randomShape(random_);
    const LinkSettings settings = randomSettings(random_, GetParam(), shape);
    const auto decoder = linkDecoder(GetParam(), shape);
    ASSERT_TRUE(decoder.ok()) << decoder.error().text();
    core::Interpreter interpreter(decoder->program, decoder->function);
    configure(interpreter, decoderConfig(GetParam(), settings.board));
    constexpr std::size_t kEvents = 60;
    core::Columns tx(static_cast<std::size_t>(decoderWords(shape)), kEvents);
    for (std::size_t k = 0; k < kEvents; ++k) {
      const auto words = randomString(random_, settings, random_.between(0, 3563));
      const auto elements = test_common::packed(words, decoderWords(shape));
      for (std::size_t i = 0; i < elements.size(); ++i) tx.at(i, k) = elements[i];
    }
    const auto got = interpreter.run(tx);
    ASSERT_TRUE(got.ok());
    for (std::size_t k = 0; k < kEvents; ++k) {
      ASSERT_EQ(text(static_cast<StringStatus>(got->at(1, k))), "good")
          << "round " << round << " etx " << settings.board.activeEtx << " drop "
          << settings.board.dropLsb << " type " << settings.board.stcType;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, LinkDecoders,
                         testing::Values(Algorithm::ThresholdSum, Algorithm::SuperTriggerCell,
                                         Algorithm::BestChoice, Algorithm::Repeater),
                         [](const auto& of) { return std::string(text(of.param)); });

TEST(LinkDecoder, EveryStatusOfAThresholdSumStringIsReached) {
  SplitMix64 random(testSeed());
  const auto decoder = linkDecoder(Algorithm::ThresholdSum, {});
  ASSERT_TRUE(decoder.ok());
  Tally tally;
  for (int round = 0; round < 60; ++round) {
    compare(*decoder, randomSettings(random, Algorithm::ThresholdSum, {}), random, 100, tally);
  }
  for (int s = 0; s < kStringStatuses - 1; ++s) {
    EXPECT_GT(tally.seen[static_cast<std::size_t>(s)], 0)
        << text(static_cast<StringStatus>(s)) << " seed " << testSeed();
  }
}

TEST(LinkDecoder, EqualSharesOfARestAreWithinHalfAUnitACellOfIt) {
  SplitMix64 random(testSeed());
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  for (const int channels : {48, 127}) {
    PathShape shape;
    shape.channels = channels;
    const auto decoder = linkDecoder(Algorithm::ThresholdSum, shape);
    ASSERT_TRUE(decoder.ok()) << decoder.error().text();
    core::Interpreter interpreter(decoder->program, "rest_share");
    std::vector<std::pair<std::int64_t, std::int64_t>> cases;  // rest, cells
    for (std::int64_t n = 1; n <= channels; ++n) {
      // What neither a share's 26 bits nor the 28 of the raised rest limit.
      const std::int64_t most =
          std::min(n * ((std::int64_t{1} << 26) - 1), (std::int64_t{1} << 28) - 1 - n / 2);
      for (std::int64_t rest = 0; rest <= 3 * n; ++rest) cases.emplace_back(rest, n);
      for (std::int64_t below = 0; below <= 2 * n; ++below) cases.emplace_back(most - below, n);
      for (int k = 0; k < 200; ++k) cases.emplace_back(random.between(std::int64_t{0}, most), n);
    }
    core::Columns inputs(2, cases.size());
    for (std::size_t k = 0; k < cases.size(); ++k) {
      inputs.at(0, k) = cases[k].first;
      inputs.at(1, k) = cases[k].second;
    }
    const auto shares = interpreter.run(inputs);
    ASSERT_TRUE(shares.ok()) << shares.error().text();
    for (std::size_t k = 0; k < cases.size(); ++k) {
      const auto [rest, n] = cases[k];
      const std::int64_t share = shares->at(0, k);
      // Within n / 2, and up when it is just n / 2.
      ASSERT_LE(2 * (rest - n * share), n - 1) << rest << " over " << n;
      ASSERT_LE(2 * (n * share - rest), n) << rest << " over " << n;
      ASSERT_TRUE(share > 0 || 2 * rest < n) << rest << " over " << n;
    }
  }
}

TEST(LinkDecoder, NoEnergyOfAGroupVanishesInItsEqualShares) {
  const auto decoder = linkDecoder(Algorithm::SuperTriggerCell, {});
  ASSERT_TRUE(decoder.ok());
  for (int type = 0; type < 4; ++type) {
    LinkSettings settings{Algorithm::SuperTriggerCell, {}, {}};
    settings.board.stcType = type;
    settings.board.spread = Spread::Shared;
    for (settings.board.activeEtx = 1; stcGroups({}, type, settings.board.activeEtx) == 0;) {
      ++settings.board.activeEtx;
    }
    const int cells = settings.shape.stc[static_cast<std::size_t>(type)].cells;
    core::Interpreter interpreter(decoder->program, decoder->function);
    configure(interpreter, decoderConfig(settings.algorithm, settings.board));
    const auto most = static_cast<std::int64_t>(2 * cells);
    core::Columns tx(13, static_cast<std::size_t>(most));
    for (std::int64_t sum = 0; sum < most; ++sum) {
      std::vector<std::int64_t> calq(48, 0);
      calq[static_cast<std::size_t>(cells - 1)] = sum;
      const auto elements = test_common::packed(stringOf(settings, 1, calq, 0, {}), 13);
      for (std::size_t i = 0; i < 13; ++i) tx.at(i, static_cast<std::size_t>(sum)) = elements[i];
    }
    const auto got = interpreter.run(tx);
    ASSERT_TRUE(got.ok());
    for (std::int64_t sum = 0; sum < most; ++sum) {
      const auto k = static_cast<std::size_t>(sum);
      // Codes below 16 are the integers themselves.
      ASSERT_EQ(got->at(1, k), 0);
      ASSERT_EQ(got->at(51, k), sum < 16 ? (sum + cells / 2) / cells : got->at(52, k))
          << "type " << type << " sum " << sum;
      ASSERT_TRUE(got->at(51, k) > 0 || 2 * sum < cells) << "type " << type << " sum " << sum;
    }
  }
}

TEST(LinkDecoder, SettingsWithWhichTheChipSendsNothingAreNamed) {
  const auto decoder = linkDecoder(Algorithm::SuperTriggerCell, {});
  ASSERT_TRUE(decoder.ok());
  core::Interpreter interpreter(decoder->program, decoder->function);
  DecoderSettings settings;
  settings.stcType = 1;
  settings.activeEtx = 4;  // more than the three groups of type 1 need
  configure(interpreter, decoderConfig(Algorithm::SuperTriggerCell, settings));
  const auto got = interpreter.run(core::Columns(13, 1));
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->at(1, 0), static_cast<int>(StringStatus::NothingSent));
}

TEST(LinkDecoder, RefusesShapesItCannotRead) {
  PathShape shape;
  shape.channels = 128;
  const auto many = linkDecoder(Algorithm::ThresholdSum, shape);
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().code, "decoder.shape");
  const auto network = linkDecoder(Algorithm::Autoencoder, {});
  ASSERT_FALSE(network.ok());
  EXPECT_EQ(network.error().code, "decoder.algorithm");
}

// A decoder of the right shape whose weights are loadable.
Graph loadableDecoder(SplitMix64& random) {
  Graph graph;
  graph.name = "decoder";
  Node input;
  input.name = "latent";
  input.shape = {kLatents};
  input.format = {false, kLatentBits, kLatentBits - 1};
  Node dense;
  dense.name = "pattern";
  dense.kind = NodeKind::Dense;
  dense.inputs = {0};
  dense.shape = {kTriggerCells};
  dense.kernel = {"pattern_kernel", {true, 8, 7}, {kTriggerCells, kLatents}, {}, {}, true};
  dense.bias = {"pattern_bias", {true, 10, 15}, {kTriggerCells}, {}, {}, true};
  for (int i = 0; i < kTriggerCells * kLatents; ++i) {
    dense.kernel.values.push_back(random.between(-128, 127));
  }
  for (int i = 0; i < kTriggerCells; ++i) dense.bias.values.push_back(random.between(-512, 511));
  Node relu;
  relu.name = "positive";
  relu.kind = NodeKind::Relu;
  relu.inputs = {1};
  relu.shape = {kTriggerCells};
  Node out = relu;
  out.name = "charges";
  out.kind = NodeKind::Requantize;
  out.inputs = {2};
  out.format = {false, 11, 10};
  graph.nodes = {input, dense, relu, out};
  EXPECT_TRUE(graph.infer().ok());
  return graph;
}

TEST(LinkDecoder, OneAutoencoderDecoderServesModulesOfOtherWeightsMasksAndLinks) {
  SplitMix64 random(testSeed());
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  const auto decoder = autoencoderLinkDecoder(loadableDecoder(random));
  ASSERT_TRUE(decoder.ok()) << decoder.error().text();
  const auto problems = core::verify(decoder->program);
  ASSERT_TRUE(problems.empty()) << problems.front().text();
  const auto overflow = core::analyseRanges(decoder->program, decoder->function);
  for (const core::OverflowRisk& risk : overflow.risks) {
    ADD_FAILURE() << risk.function << " " << risk.valueName << " " << risk.exact.high;
  }
  core::Interpreter board(decoder->program, decoder->function);
  constexpr std::size_t kEvents = 50;
  for (int module = 0; module < 13; ++module) {
    Graph graph = loadableDecoder(random);
    LinkSettings settings = randomSettings(random, Algorithm::Autoencoder, {});
    settings.board.activeEtx = 1 + module;
    configure(board, decoderConfig(Algorithm::Autoencoder, settings.board));
    configure(board, loadableWeights(graph));
    for (Node& node : graph.nodes) node.kernel.loadable = node.bias.loadable = false;
    const auto fixed =
        boardDecoder({"fixed", "", {}, graph, {settings.board.activeEtx, settings.board.keep}});
    ASSERT_TRUE(fixed.ok()) << fixed.error().text();
    core::Interpreter reference(*fixed, "decode");
    core::Columns tx(13, kEvents);
    for (std::size_t k = 0; k < kEvents; ++k) {
      const auto words = randomString(random, settings, random.between(0, 3563));
      const auto elements = test_common::packed(words, 13);
      for (std::size_t i = 0; i < 13; ++i) tx.at(i, k) = elements[i];
    }
    const auto got = board.run(tx);
    const auto expected = reference.run(tx);
    ASSERT_TRUE(got.ok() && expected.ok());
    for (std::size_t k = 0; k < kEvents; ++k) {
      ASSERT_EQ(got->at(0, k), expected->at(0, k));
      ASSERT_EQ(got->at(1, k), 0) << "etx " << settings.board.activeEtx;
      ASSERT_EQ(got->at(2, k), expected->at(1, k));
      for (std::size_t c = 0; c < 48; ++c) {
        ASSERT_EQ(got->at(3 + c, k), 1);
        ASSERT_EQ(got->at(51 + c, k), expected->at(18 + c, k));
      }
      for (std::size_t l = 0; l < 16; ++l) ASSERT_EQ(got->at(99 + l, k), expected->at(2 + l, k));
    }
  }
}

TEST(LinkDecoder, TheAutoencodersRefusesStringsWithBitsWhereNoneCanBe) {
  SplitMix64 random(testSeed());
  const auto decoder = autoencoderLinkDecoder(loadableDecoder(random));
  ASSERT_TRUE(decoder.ok());
  core::Interpreter board(decoder->program, decoder->function);
  DecoderSettings settings;
  settings.activeEtx = 5;
  settings.keep.assign(144, true);
  for (std::size_t i = 0; i < 40; ++i) settings.keep[i] = false;
  configure(board, decoderConfig(Algorithm::Autoencoder, settings));
  configure(board, loadableWeights(loadableDecoder(random)));
  // 160 bits: header and sum, 42 that fill up, 104 latent bits; nothing behind.
  core::Columns tx(13, 416);
  for (std::size_t bit = 0; bit < 416; ++bit) {
    tx.at(bit / 32, bit) = std::int64_t{1} << (31 - bit % 32);
  }
  const auto got = board.run(tx);
  ASSERT_TRUE(got.ok());
  for (std::size_t bit = 0; bit < 416; ++bit) {
    const bool filling = bit >= 14 && (bit < 56 || bit >= 160);
    const auto status = filling ? StringStatus::BadPadding : StringStatus::Good;
    EXPECT_EQ(got->at(1, bit), static_cast<int>(status)) << bit;
  }
  core::Columns large(13, 1);
  large.at(0, 0) = std::int64_t{0x1ff} << 18;
  const auto impossible = board.run(large);
  ASSERT_TRUE(impossible.ok());
  EXPECT_EQ(impossible->at(1, 0), static_cast<int>(StringStatus::ImpossibleSum));
}

TEST(TransposedDecoder, PutsALatentWhereTheEncoderTookItFrom) {
  SplitMix64 random(testSeed());
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  const auto channels = gridChannels();
  for (int round = 0; round < 200; ++round) {
    AutoencoderWeights weights;
    weights.convKernel.assign(9 * 8, 0);
    weights.denseKernel.assign(16 * 128, 0);
    const int tap = random.between(0, 8);
    const int filter = random.between(0, 7);
    const int latent = random.between(0, 15);
    const int row = random.between(0, 3);
    const int column = random.between(0, 3);
    weights.convKernel[static_cast<std::size_t>(tap * 8 + filter)] = 9;
    weights.denseKernel[static_cast<std::size_t>(latent * 128 + (row * 4 + column) * 8 + filter)] =
        -7;
    auto graph = transposedDecoder(weights);
    ASSERT_TRUE(graph.infer().ok());
    const int r = 2 * row + tap / 3;
    const int c = 2 * column + tap % 3;
    const int channel =
        r < kGridSide && c < kGridSide ? channels[static_cast<std::size_t>(r * kGridSide + c)] : -1;
    const auto& kernel = graph.nodes[1].kernel.values;
    ASSERT_EQ(kernel.size(), 48U * 16U);
    for (std::size_t i = 0; i < kernel.size(); ++i) {
      const bool here = channel >= 0 && i == static_cast<std::size_t>(channel * 16 + latent);
      ASSERT_EQ(kernel[i], here ? -128 : 0) << "tap " << tap << " at " << row << ", " << column;
    }
  }
}

}  // namespace
}  // namespace aegen::encoders::econ_t
