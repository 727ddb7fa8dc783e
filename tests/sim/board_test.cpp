// The board in SystemC against receivers and interpreter, on clean and on damaged links.
#include "aegen/sim/board.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "link_sender.hpp"
#include "random_autoencoder.hpp"

namespace aegen::sim {
namespace {

using encoders::econ_t::Algorithm;
using encoders::econ_t::LinkDecoder;
using test_common::LinkSender;
using test_common::LinkSettings;
using test_common::SenderOptions;
using test_common::SentWords;
using test_common::SplitMix64;

std::uint64_t testSeed() {
  const char* const given = std::getenv("AEGEN_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20260501;
}

BenchOptions benchOptions() {
  BenchOptions options;
  options.workDir = std::filesystem::path(AEGEN_BUILD_DIR) / "test_work" / "board";
  return options;
}

// A decoder network with loadable weights.
encoders::Graph network(SplitMix64& random) {
  using encoders::Node;
  using encoders::NodeKind;
  encoders::Graph graph;
  graph.name = "decoder";
  Node input;
  input.name = "latent";
  input.shape = {16};
  input.format = {false, 9, 8};
  Node dense;
  dense.name = "pattern";
  dense.kind = NodeKind::Dense;
  dense.inputs = {0};
  dense.shape = {48};
  dense.kernel = {"pattern_kernel", {true, 8, 7}, {48, 16}, {}, {}, true};
  dense.bias = {"pattern_bias", {true, 10, 15}, {48}, {}, {}, true};
  for (int i = 0; i < 48 * 16; ++i) dense.kernel.values.push_back(random.between(-128, 127));
  for (int i = 0; i < 48; ++i) dense.bias.values.push_back(random.between(-512, 511));
  Node relu;
  relu.name = "positive";
  relu.kind = NodeKind::Relu;
  relu.inputs = {1};
  relu.shape = {48};
  graph.nodes = {input, dense, relu};
  EXPECT_TRUE(graph.infer().ok());
  return graph;
}

// Damages a stream here and there in every way.
void damage(SplitMix64& random, SentWords& words) {
  for (int error = 0; error < 12; ++error) {
    const std::size_t at = random.below(words.size() - 200);
    const auto place = words.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random.below(4)) {
      case 0:
        words.erase(place);
        break;
      case 1:
        words.insert(place, words[at]);
        break;
      default:
        words[at].value = static_cast<std::uint16_t>(words[at].value ^ 1U << random.below(16));
        break;
    }
  }
}

TEST(Board, InSystemCGivesBitForBitWhatReceiversAndInterpreterGive) {
  SplitMix64 random(testSeed());
  SCOPED_TRACE("seed " + std::to_string(testSeed()));
  std::vector<LinkDecoder> decoders;
  const encoders::Graph first = network(random);
  for (const Algorithm algorithm : encoders::econ_t::kAlgorithms) {
    auto decoder = algorithm == Algorithm::Autoencoder
                       ? encoders::econ_t::autoencoderLinkDecoder(first)
                       : encoders::econ_t::linkDecoder(algorithm, {});
    ASSERT_TRUE(decoder.ok()) << decoder.error().text();
    decoders.push_back(std::move(*decoder));
  }
  BoardPlan plan;
  for (const LinkDecoder& decoder : decoders) {
    plan.kinds.push_back(
        {std::string(text(decoder.algorithm)), &decoder.program, decoder.function});
  }
  std::vector<ModuleWords> streams;
  for (int m = 0; m < 15; ++m) {
    const auto kind = static_cast<std::size_t>(m) % decoders.size();
    const Algorithm algorithm = decoders[kind].algorithm;
    const LinkSettings settings = randomSettings(random, algorithm, {});
    BoardModule module{"module " + std::to_string(m), kind, {}, {}, {}};
    module.config = decoderConfig(algorithm, settings.board);
    if (algorithm == Algorithm::Autoencoder) {
      for (auto& [name, values] : encoders::econ_t::loadableWeights(network(random)))
        module.config[name] = values;
    }
    const SenderOptions sender;
    module.format = linkFormatOf(settings, sender);
    module.receiver.startBx = m % 2 == 0 ? 0 : -1;
    plan.modules.push_back(module);
    SentWords sent = LinkSender(settings, sender, random.next()).send(random.between(300, 800));
    if (m >= 5) damage(random, sent);
    sent.resize(sent.size() / module.format.words * module.format.words);
    ModuleWords words;
    for (const auto& word : sent) words.push_back(word.value);
    streams.push_back(words);
  }
  const auto expected = runBoardModel(plan, streams);
  ASSERT_TRUE(expected.ok()) << expected.error().text();
  const auto got = runBoard(plan, streams, benchOptions());
  ASSERT_TRUE(got.ok()) << got.error().text();
  std::size_t decoded = 0;
  for (std::size_t m = 0; m < streams.size(); ++m) {
    const ModuleResult& a = (*got)[m];
    const ModuleResult& b = (*expected)[m];
    ASSERT_EQ(a.records.size(), b.records.size()) << m;
    for (std::size_t k = 0; k < a.records.size(); ++k) {
      ASSERT_TRUE(a.records[k] == b.records[k])
          << "module " << m << " record " << k << " at " << a.records[k].crossing << ", not "
          << b.records[k].crossing;
    }
    EXPECT_TRUE(a.outputs == b.outputs) << m;
    decoded += a.outputs.events();
  }
  EXPECT_GT(decoded, 2000U);
}

TEST(Board, DecodesOtherShapesInSystemCAsTheInterpreterDoes) {
  SplitMix64 random(testSeed() + 1);
  SCOPED_TRACE("seed " + std::to_string(testSeed() + 1));
  std::vector<std::unique_ptr<LinkDecoder>> decoders;
  BoardPlan plan;
  std::vector<ModuleWords> streams;
  for (const Algorithm algorithm : {Algorithm::ThresholdSum, Algorithm::SuperTriggerCell,
                                    Algorithm::BestChoice, Algorithm::Repeater}) {
    const auto shape = test_common::randomShape(random);
    auto decoder = encoders::econ_t::linkDecoder(algorithm, shape);
    ASSERT_TRUE(decoder.ok()) << decoder.error().text();
    decoders.push_back(std::make_unique<LinkDecoder>(std::move(*decoder)));
    plan.kinds.push_back(
        {std::string(text(algorithm)), &decoders.back()->program, decoders.back()->function});
    const LinkSettings settings = randomSettings(random, algorithm, shape);
    BoardModule module{"module",
                       plan.kinds.size() - 1,
                       decoderConfig(algorithm, settings.board),
                       linkFormatOf(settings, {}),
                       {}};
    module.receiver.startBx = 0;
    ModuleWords words;
    for (int bx = 0; bx < 400; ++bx) {  // without a buffer: any words behind a right header
      std::vector<std::uint16_t> string = randomString(random, settings, bx);
      if (random.oneIn(3)) string.back() ^= static_cast<std::uint16_t>(1U << random.below(16));
      if (algorithm != Algorithm::ThresholdSum) string.resize(module.format.words);
      words.insert(words.end(), string.begin(), string.end());
    }
    words.resize(words.size() / module.format.words * module.format.words);
    plan.modules.push_back(module);
    streams.push_back(words);
  }
  const auto expected = runBoardModel(plan, streams);
  const auto got = runBoard(plan, streams, benchOptions());
  ASSERT_TRUE(expected.ok()) << expected.error().text();
  ASSERT_TRUE(got.ok()) << got.error().text();
  for (std::size_t m = 0; m < streams.size(); ++m) {
    EXPECT_TRUE((*got)[m].records == (*expected)[m].records) << m;
    EXPECT_TRUE((*got)[m].outputs == (*expected)[m].outputs) << m;
    EXPECT_GT((*got)[m].outputs.events(), 100U) << m;
  }
}

TEST(Board, DecodesOtherLatentsWithConditionsInSystemCAsTheInterpreterDoes) {
  SplitMix64 random(testSeed() + 2);
  SCOPED_TRACE("seed " + std::to_string(testSeed() + 2));
  namespace econ_t = encoders::econ_t;
  std::vector<std::unique_ptr<LinkDecoder>> decoders;
  BoardPlan plan;
  std::vector<ModuleWords> streams;
  for (int k = 0; k < 3; ++k) {
    const auto shape = test_common::randomLatentShape(random, 24);
    test_common::RandomAutoencoderOptions options;
    options.loadableBoard = k == 1;
    options.conditions = 1 + k;
    const auto codec = test_common::randomAutoencoder(random, shape, options);
    auto decoder = econ_t::autoencoderLinkDecoder(codec.decoder, codec.conditions, shape);
    ASSERT_TRUE(decoder.ok()) << decoder.error().text();
    decoders.push_back(std::make_unique<LinkDecoder>(std::move(*decoder)));
    plan.kinds.push_back(
        {"autoencoder_" + std::to_string(k), &decoders.back()->program, decoders.back()->function});
    LinkSettings settings = randomSettings(random, Algorithm::Autoencoder, shape);
    BoardModule module{"module",
                       plan.kinds.size() - 1,
                       decoderConfig(Algorithm::Autoencoder, settings.board),
                       linkFormatOf(settings, {}),
                       {}};
    module.config.merge(econ_t::loadableWeights(codec.decoder));
    module.config.merge(econ_t::givenConditions(codec.decoder, codec.conditions));
    module.receiver.startBx = 0;
    ModuleWords words;
    for (int bx = 0; bx < 300; ++bx) {
      std::vector<std::uint16_t> string = randomString(random, settings, bx);
      if (random.oneIn(4)) string.back() ^= static_cast<std::uint16_t>(1U << random.below(16));
      string.resize(module.format.words);
      words.insert(words.end(), string.begin(), string.end());
    }
    plan.modules.push_back(module);
    streams.push_back(words);
  }
  const auto expected = runBoardModel(plan, streams);
  const auto got = runBoard(plan, streams, benchOptions());
  ASSERT_TRUE(expected.ok()) << expected.error().text();
  ASSERT_TRUE(got.ok()) << got.error().text();
  for (std::size_t m = 0; m < streams.size(); ++m) {
    EXPECT_TRUE((*got)[m].records == (*expected)[m].records) << m;
    EXPECT_TRUE((*got)[m].outputs == (*expected)[m].outputs) << m;
    EXPECT_GT((*got)[m].outputs.events(), 100U) << m;
  }
}

TEST(Board, RefusesAPlanThatDoesNotFit) {
  const auto decoder = encoders::econ_t::linkDecoder(Algorithm::Repeater, {});
  ASSERT_TRUE(decoder.ok());
  BoardPlan plan{{{"repeater", &decoder->program, decoder->function}},
                 {{"module", 0, {{"no_such_setting", {1}}}, {}, {}}}};
  auto result = runBoardModel(plan, {{}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "sim.board-plan");
  plan.modules[0].config = {{"drop_lsb", {16}}};
  EXPECT_FALSE(runBoardModel(plan, {{}}).ok());
  plan.modules[0].config = {};
  EXPECT_FALSE(runBoardModel(plan, {ModuleWords(25)}).ok()) << "26 words a crossing";
  EXPECT_TRUE(runBoardModel(plan, {ModuleWords(26)}).ok());
}

}  // namespace
}  // namespace aegen::sim
