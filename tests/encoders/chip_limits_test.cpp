// Encoders and decoders whose names, widths or links do not go with the path around them.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "aegen/core/design_interpreter.hpp"
#include "aegen/core/verifier.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/evaluation.hpp"

namespace aegen::encoders::econ_t {
namespace {

AutoencoderWeights randomWeights(std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  const auto draw = [&](std::size_t n) {
    std::vector<std::int64_t> out(n);
    for (auto& v : out) v = static_cast<std::int64_t>(rng() % 64) - 32;
    return out;
  };
  return {draw(72), draw(8), draw(2048), draw(16)};
}

ChipSettings settings() {
  return ChipSettings::neutral();
}

Node& named(Graph& graph, const std::string& name) {
  const auto found = std::ranges::find(graph.nodes, name, &Node::name);
  EXPECT_NE(found, graph.nodes.end()) << name;
  return *found;
}

// Code of chip()'s diagnostic, "" when it makes a design whose wiring stands the analysis.
std::string chipCode(Graph graph, const ChipSettings& reset = settings()) {
  if (const auto inferred = graph.infer(); !inferred) return inferred.error().code;
  const auto design = chip(graph, reset, {});
  if (!design) {
    EXPECT_EQ(design.error().failure, core::Failure::BadInput) << design.error().text();
    return design.error().code;
  }
  const auto timing = core::analyse(*design);
  EXPECT_TRUE(timing.ok()) << timing.error().text();
  EXPECT_TRUE(core::verify(design->program).empty());
  return "";
}

class PathName : public ::testing::TestWithParam<const char*> {};

TEST_P(PathName, IsNoNameOfAnEncoder) {
  const AutoencoderWeights weights = randomWeights(1);
  EXPECT_EQ(chipCode(autoencoder(weights, true)), "");
  for (const char* node : {"calq", "normalized", "features", "latent", "conv", "dense"}) {
    SCOPED_TRACE(node);
    Graph graph = autoencoder(weights, true);
    named(graph, node).name = GetParam();
    EXPECT_EQ(chipCode(graph), "model.name");
  }
  Graph kernel = autoencoder(weights, true);
  named(kernel, "conv").kernel.name = GetParam();
  EXPECT_EQ(chipCode(kernel), "model.name");
  Graph bias = autoencoder(weights, true);
  named(bias, "dense").bias.name = GetParam();
  EXPECT_EQ(chipCode(bias), "model.name");
}

INSTANTIATE_TEST_SUITE_P(Every, PathName,
                         ::testing::Values("unpack", "channel_mux", "calibrate",
                                           "calibrate_channel", "link_header", "close_up_latents",
                                           "format_autoencoder", "rx_words", "codes", "rx_header",
                                           "bx", "channel_codes", "module_sum", "header",
                                           "sum_code", "code_module_sum", "kept_bits", "words",
                                           "count", "truncated_word", "fill_word", "tx", "mux",
                                           "calibration", "high_density", "ae_mask", "active_etx",
                                           "overflow_t1", "overflow_t2", "overflow_t3"),
                         [](const auto& chosen) { return std::string(chosen.param); });

TEST(ChipEncoder, LatentsMayBeNamedLikeASum) {
  Graph graph = autoencoder(randomWeights(2), true);
  named(graph, "latent").name = "latent_sum";
  EXPECT_EQ(chipCode(graph), "");
  ASSERT_TRUE(graph.infer().ok());
  const auto design = chip(graph, settings(), {});
  ASSERT_TRUE(design.ok());
  const auto alone = encoderOnly(graph, "alone");
  ASSERT_TRUE(alone.ok());
  EXPECT_TRUE(core::analyse(*alone).ok());
  EXPECT_EQ(alone->outputs, std::vector<std::string>{"latent_sum"});
  // Both the latents and the module sum are the ones they are called.
  core::DesignInterpreter interpreter(*design);
  core::Columns in(12, 4);
  for (std::size_t w = 0; w < 12; ++w) in.at(w, 0) = 0x0abcdef;
  ASSERT_TRUE(interpreter.run(in).ok());
  EXPECT_EQ(interpreter.signal("latent_sum").elements(), 16U);
  EXPECT_EQ(interpreter.signal("module_sum").elements(), 1U);
}

TEST(ChipEncoder, AnEncoderAloneKeepsItsOwnNames) {
  Graph graph = autoencoder(randomWeights(2), false);
  named(graph, "dense").name = "take_up";
  ASSERT_TRUE(graph.infer().ok());
  EXPECT_EQ(encoderOnly(graph, "alone").error().code, "model.name");
  named(graph, "take_up").name = "dense";
  named(graph, "features").name = "calq_in";
  ASSERT_TRUE(graph.infer().ok());
  EXPECT_EQ(encoderOnly(graph, "alone").error().code, "model.name");
}

TEST(ChipEncoder, NeedsOneNormaliserOverItsCharges) {
  Graph none = autoencoder(randomWeights(3), true);
  Node& requantized = named(none, "normalized");
  requantized.kind = NodeKind::Requantize;
  EXPECT_EQ(chipCode(none), "model.shape");

  Graph twice = autoencoder(randomWeights(3), true);
  Node other = named(twice, "normalized");
  other.name = "again";
  twice.nodes.insert(twice.nodes.begin() + 2, other);
  for (std::size_t i = 3; i < twice.nodes.size(); ++i) {
    for (int& input : twice.nodes[i].inputs) input += 1;
  }
  EXPECT_EQ(chipCode(twice), "model.shape");

  Graph arranged = autoencoder(randomWeights(3), true);
  Node doubled = arranged.nodes[0];
  doubled.name = "doubled";
  doubled.kind = NodeKind::Arrange;
  doubled.inputs = {0};
  doubled.indices.assign(48, 0);
  arranged.nodes.insert(arranged.nodes.begin() + 1, doubled);
  for (std::size_t i = 2; i < arranged.nodes.size(); ++i) {
    for (int& input : arranged.nodes[i].inputs) input += 1;
  }
  EXPECT_EQ(chipCode(arranged), "model.shape");
}

TEST(ChipEncoder, MaskOfAnotherLengthIsRefused) {
  for (const std::size_t bits : {std::size_t{0}, std::size_t{10}, std::size_t{145}}) {
    ChipSettings reset = settings();
    reset.keep.assign(bits, true);
    EXPECT_EQ(chipCode(autoencoder(randomWeights(4), true), reset), "model.link") << bits;
  }
}

// Latents to 48 charges through one dense layer.
Codec codec(const core::FixedFormat& output) {
  Codec out;
  out.name = "test";
  out.encoder = autoencoder(randomWeights(5), false);
  Graph& decoder = out.decoder;
  decoder.name = "decoder";
  decoder.nodes.resize(3);
  decoder.nodes[0].name = "latent";
  decoder.nodes[0].shape = {kLatents};
  decoder.nodes[0].format = {false, kLatentBits, kLatentBits - 1};
  Node& dense = decoder.nodes[1];
  dense.name = "dense";
  dense.kind = NodeKind::Dense;
  dense.inputs = {0};
  dense.kernel = {"kernel", {true, 6, 5}, {kTriggerCells, kLatents}, {}, {}, false};
  for (int i = 0; i < kTriggerCells * kLatents; ++i) dense.kernel.values.push_back(i % 13 - 3);
  dense.bias = {"bias", {true, 6, 5}, {kTriggerCells}, {}, {}, false};
  dense.bias.values.assign(kTriggerCells, 1);
  Node& charges = decoder.nodes[2];
  charges.name = "charges";
  charges.kind = NodeKind::Requantize;
  charges.inputs = {1};
  charges.format = output;
  out.link = {5, std::vector<bool>(144, true)};
  EXPECT_TRUE(out.encoder.infer().ok() && out.decoder.infer().ok());
  return out;
}

TEST(BoardDecoder, OutputTooWideToBeScaledIsRefused) {
  const auto wide = boardDecoder(codec({false, 43, 10}));
  ASSERT_FALSE(wide.ok());
  EXPECT_EQ(wide.error().code, "graph.width");
  EXPECT_EQ(wide.error().failure, core::Failure::BadInput);
  for (const core::FixedFormat& format :
       {core::FixedFormat{false, 42, 10}, core::FixedFormat{true, 42, 10}}) {
    const auto widest = boardDecoder(codec(format));
    ASSERT_TRUE(widest.ok()) << widest.error().text();
    EXPECT_TRUE(core::verify(*widest).empty());
  }
}

TEST(BoardDecoder, NodesMayBeNamedAsTheBoardsFunctions) {
  for (const char* name : {"network", "decode", "scale_charge", "unpack_link", "layer_network"}) {
    SCOPED_TRACE(name);
    Codec named = codec({false, 11, 10});
    named.decoder.nodes[1].name = name;
    named.decoder.nodes[2].name = std::string(name) + "_out";
    const auto program = boardDecoder(named);
    ASSERT_TRUE(program.ok()) << program.error().text();
    for (const auto& violation : core::verify(*program)) ADD_FAILURE() << violation.text();
  }
}

// The kept bits in the order of the mask's text, as the specification cuts them: the last ones.
TEST(Link, PositionsAreThoseOfTheSpecification) {
  std::mt19937_64 rng(12);
  for (int trial = 0; trial < 200; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    LinkLayout link{static_cast<int>(rng() % 13) + 1, {}};
    const std::uint64_t density = rng() % 5;
    for (int i = 0; i < 144; ++i) link.keep.push_back(rng() % 4 < density);
    std::vector<int> kept;  // bits of the latents, bit 0 the lowest of latent 0
    for (int i = 0; i < 144; ++i) {
      if (link.keep[static_cast<std::size_t>(i)]) kept.push_back(143 - i);
    }
    constexpr int kSent[] = {18, 50, 82, 114, 146};
    const auto sent = static_cast<std::size_t>(kSent[std::min(link.activeEtx, 5) - 1]);
    if (kept.size() > sent)
      kept.erase(kept.begin(), kept.end() - static_cast<std::ptrdiff_t>(sent));
    std::vector<int> expected(144, -1);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      expected[static_cast<std::size_t>(kept[i])] = static_cast<int>(kept.size() - 1 - i);
    }
    EXPECT_EQ(linkPositions(link), expected);
  }
}

std::vector<data::Event> events() {
  std::mt19937_64 rng(13);
  std::vector<data::Event> out(50);
  for (data::Event& event : out) {
    for (auto& charge : event.charge) charge = static_cast<std::int64_t>(rng() % 4000);
  }
  return out;
}

TEST(Evaluation, BitsTheLinksDoNotCarryArriveAsZero) {
  const std::vector<data::Event> sample = events();
  Codec narrow = codec({false, 11, 10});
  narrow.link.activeEtx = 2;  // all 144 bits kept, 50 sent
  const auto cut = evaluate(narrow, sample);
  ASSERT_TRUE(cut.ok()) << cut.error().text();
  EXPECT_EQ(cut->bitsSent, 50);

  Codec masked = codec({false, 11, 10});  // the same 50 bits through the mask
  for (std::size_t i = 0; i < 144 - 50; ++i) masked.link.keep[i] = false;
  const auto same = evaluate(masked, sample);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->bitsSent, 50);
  EXPECT_EQ(cut->codec.overall().telescope.mean, same->codec.overall().telescope.mean);
  EXPECT_EQ(cut->codec.overall().responseMean, same->codec.overall().responseMean);

  const auto whole = evaluate(codec({false, 11, 10}), sample);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->bitsSent, 144);
  EXPECT_NE(cut->codec.overall().responseMean, whole->codec.overall().responseMean);
}

TEST(Evaluation, LinkOfNoEtxIsRefused) {
  for (const int etx : {0, -1, 14}) {
    Codec bad = codec({false, 11, 10});
    bad.link.activeEtx = etx;
    const auto result = evaluate(bad, events());
    ASSERT_FALSE(result.ok()) << etx;
    EXPECT_EQ(result.error().code, "evaluate.shape");
  }
}

TEST(Evaluation, EncoderThatCannotHoldEveryChargeIsRefused) {
  Codec narrow = codec({false, 11, 10});
  narrow.encoder.nodes[0].format = {false, 12, 0};
  ASSERT_TRUE(narrow.encoder.infer().ok());
  const auto result = evaluate(narrow, events());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "evaluate.shape");
}

TEST(Evaluation, NodesMayBeNamedWhole) {
  Codec named = codec({false, 11, 10});
  named.decoder.nodes[1].name = "whole";
  named.decoder.nodes[2].name = "decoder_whole";
  EXPECT_TRUE(evaluate(named, events()).ok());
}

}  // namespace
}  // namespace aegen::encoders::econ_t
