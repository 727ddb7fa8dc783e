// Each finding: a model made to show exactly it, and the model it was made of, which does not.

#include "aegen/encoders/model_check.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <ostream>
#include <random>

#include "aegen/data/shower_generator.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/freeze.hpp"
#include "dense_decoder.hpp"

namespace aegen::encoders {
namespace {

constexpr std::uint64_t kSeed = 4711;

std::vector<data::Event> events() {
  return data::ShowerGenerator(data::dense(), kSeed).generate(300);
}

// The chip's encoder with weights that spread events over the latents' range, and a linear decoder.
Codec clean() {
  std::mt19937_64 random(kSeed);
  const auto integer = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<std::uint64_t>(high - low + 1));
  };
  econ_t::AutoencoderWeights weights = econ_t::zeroWeights();
  for (std::int64_t& w : weights.convKernel) w = integer(8, 31);
  // Neighbouring positions of a filter against each other: latents stay about their middle.
  for (std::size_t i = 0; i < weights.denseKernel.size(); ++i) {
    weights.denseKernel[i] = i / 8 % 2 == 0 ? integer(-18, 18) : -weights.denseKernel[i - 8];
  }
  weights.convKernel[0] = 31;  // so that all six bits are used
  weights.convBias.assign(8, 4);
  weights.convBias[0] = 16;
  weights.denseBias.assign(16, 31);
  Codec codec;
  codec.name = "clean";
  codec.encoder = econ_t::autoencoder(weights, false);
  test::RealDense layer{16, 48, {}, std::vector<double>(48, 0.6)};
  for (int i = 0; i < 16 * 48; ++i) layer.kernel.push_back(integer(-100, 100) / 1000.0);
  codec.decoder = test::denseDecoder({layer}, {});
  codec.link = topBitsLayout(9, 5);
  return codec;
}

Node& named(Graph& graph, std::string_view name) {
  return graph.nodes[static_cast<std::size_t>(graph.find(name) - graph.nodes.data())];
}

// Takes a node out that one other reads.
void remove(Graph& graph, std::string_view name) {
  const auto at = static_cast<int>(graph.find(name) - graph.nodes.data());
  const int before = graph.nodes[static_cast<std::size_t>(at)].inputs[0];
  graph.nodes.erase(graph.nodes.begin() + at);
  for (Node& node : graph.nodes) {
    for (int& input : node.inputs) input = input == at ? before : input > at ? input - 1 : input;
  }
}

std::vector<Finding> check(Codec codec) {
  const auto encoder = codec.encoder.infer();
  EXPECT_TRUE(encoder.ok()) << encoder.error().text();
  const auto decoder = codec.decoder.infer();
  EXPECT_TRUE(decoder.ok()) << decoder.error().text();
  const auto found = checkModel(codec, events());
  EXPECT_TRUE(found.ok()) << found.error().text();
  return found.ok() ? *found : std::vector<Finding>{};
}

const Finding* find(const std::vector<Finding>& findings, std::string_view code,
                    std::string_view where) {
  for (const Finding& one : findings) {
    if (one.code == code && one.where.find(where) != std::string::npos) return &one;
  }
  return nullptr;
}

TEST(ModelCheck, CleanModelHasNoWarningAndTheZeroQuadrantsConstants) {
  const auto found = check(clean());
  for (const Finding& one : found) {
    EXPECT_EQ(one.severity, Severity::Note) << one.where << ": " << one.message;
  }
  // Rows and columns 4-7 of the grid are zeros: 2 x 2 positions of 8 filters.
  const Finding* const constant = find(found, "check.constant-neuron", "features");
  ASSERT_NE(constant, nullptr);
  EXPECT_EQ(constant->number, 32);
  ASSERT_EQ(constant->elements.size(), 32U);
  for (const std::size_t i : constant->elements) {
    EXPECT_GE(i / 8 / 4, 2U);
    EXPECT_GE(i / 8 % 4, 2U);
  }
}

struct Case {
  const char* what;
  const char* code;
  const char* where;
  Severity severity;
  double least;  ///< of the number
  double most;
  std::function<void(Codec&)> spoil;
};

const Case kCases[] = {
    {"NoRelu", "check.no-relu", "node dense", Severity::Warning, 1e-6, 1,
     [](Codec& c) {
       // Behind the layer nothing cuts at zero before the latents' signed format.
       remove(c.encoder, "positive");
       c.encoder.nodes.back().format = {true, 9, 7};
       c.decoder.nodes.front().format = {true, 9, 7};
     }},
    {"SignedLatents", "check.signed-latent", "latent", Severity::Warning, 0, 0,
     [](Codec& c) {
       c.encoder.nodes.back().format = {true, 9, 7};
       c.decoder.nodes.front().format = {true, 9, 7};
     }},
    {"WiderWeights", "check.weight-format", "node conv", Severity::Warning, 1, 1,
     [](Codec& c) {
       named(c.encoder, "conv").kernel.format = {true, 7, 5};
       named(c.encoder, "conv").kernel.values[5] = 40;
     }},
    {"ExactSums", "check.rounding", "node dense", Severity::Warning, 0.01, 1,
     [](Codec& c) { named(c.encoder, "dense").sum = {}; }},
    {"RoundedLatents", "check.rounding", "node latent", Severity::Warning, 1e-6, 1,
     [](Codec& c) {
       named(c.encoder, "dense").sum.productFraction = 8;
       named(c.encoder, "dense").bias.format.fraction = 9;
       c.encoder.nodes.back().rounding = core::Rounding::NearestUp;
     }},
    {"WrappedLatents", "check.rounding", "node latent", Severity::Warning, 0.05, 1,
     [](Codec& c) {
       for (std::int64_t& w : named(c.encoder, "dense").kernel.values) w = 31;
       c.encoder.nodes.back().overflow = core::Overflow::Wrap;
     }},
    {"SaturatedLatents", "check.latent-saturates", "latent", Severity::Warning, 0.5, 1,
     [](Codec& c) {
       for (std::int64_t& w : named(c.encoder, "dense").kernel.values) w = 31;
     }},
    {"DeadNeuron", "check.dead-neuron", "latent", Severity::Warning, 1, 1,
     [](Codec& c) {
       auto& values = named(c.encoder, "dense").kernel.values;
       // No event is as empty as it would take: only intervals cannot tell.
       for (std::size_t i = 0; i < 128; ++i) {
         const bool empty = i / 32 >= 2 && i / 8 % 4 >= 2;
         values[3 * 128 + i] = empty || i % 8 == 0 ? 0 : -2;
       }
     }},
    {"ConstantNeuron", "check.constant-neuron", "latent", Severity::Note, 1, 1,
     [](Codec& c) {
       auto& values = named(c.encoder, "dense").kernel.values;
       for (std::size_t i = 3 * 128; i < 4 * 128; ++i) values[i] = 0;
     }},
    {"SaturatingLayer", "check.layer-saturates", "narrow", Severity::Warning, 0.01, 1,
     [](Codec& c) {
       Node narrow;
       narrow.name = "narrow";
       narrow.kind = NodeKind::Requantize;
       narrow.format = {false, 4, 7};
       const auto at = static_cast<int>(c.encoder.find("features") - c.encoder.nodes.data());
       narrow.inputs = {at};
       for (Node& node : c.encoder.nodes) {
         for (int& input : node.inputs) input += input >= at ? 1 : 0;
       }
       c.encoder.nodes.insert(c.encoder.nodes.begin() + at + 1, narrow);
       c.encoder.nodes[static_cast<std::size_t>(at) + 1].inputs = {at};
     }},
    {"WideActivation", "check.too-wide", "charges", Severity::Note, 5, 9,
     [](Codec& c) { c.decoder.nodes.back().format.width = 16; }},
    {"WideWeights", "check.weights-too-wide", "node conv", Severity::Note, 4, 4,
     [](Codec& c) { named(c.encoder, "conv").kernel.format.width = 10; }},
    {"CutByTheLinks", "check.unsent-bits", "link", Severity::Warning, 144 - 82, 144 - 82,
     [](Codec& c) { c.link = topBitsLayout(9, 3); }},
    {"LatentNotSent", "check.unsent-latent", "link", Severity::Warning, 1, 1,
     [](Codec& c) { std::fill_n(c.link.keep.begin(), 9, false); }},
    {"SpareLink", "check.unused-link", "link", Severity::Note, 146 - 48, 146 - 48,
     [](Codec& c) { c.link = topBitsLayout(3, 5); }},
    {"ConstantBits", "check.constant-bits", "link", Severity::Note, 9, 60,
     [](Codec& c) {
       auto& values = named(c.encoder, "dense").kernel.values;
       for (std::size_t i = 3 * 128; i < 4 * 128; ++i) values[i] = 0;
     }},
    {"LowEntropy", "check.low-entropy", "link", Severity::Note, 7, 100,
     [](Codec& c) {
       auto& values = named(c.encoder, "dense").kernel.values;
       for (std::size_t i = 3 * 128; i < 4 * 128; ++i) values[i] = 0;
     }},
    {"SaturatingDecoder", "check.decoder-saturates", "charges", Severity::Warning, 0.5, 1,
     [](Codec& c) {
       c.decoder.nodes.back().format = {false, 6, 10};
     }},
    {"WrappingDecoder", "check.decoder-wraps", "charges", Severity::Warning, 1, 1,
     [](Codec& c) {
       c.decoder.nodes.back().format = {false, 6, 10};
       c.decoder.nodes.back().overflow = core::Overflow::Wrap;
     }},
    {"CoarseDecoder", "check.decoder-error", "charges", Severity::Warning, 1.0 / 16, 1,
     [](Codec& c) {
       c.decoder.nodes.back().format = {false, 4, 2};
     }},
    {"WrongTable", "check.table", "table", Severity::Warning, 4, 6,
     [](Codec& c) {
       c.decoder.nodes.back().format = {false, 8, 7};
       Node table;
       table.name = "table";
       table.kind = NodeKind::Lookup;
       table.inputs = {static_cast<int>(c.decoder.nodes.size()) - 1};
       table.format = {false, 8, 8};
       table.function = "sigmoid";
       for (int i = 0; i < 256; ++i) {
         table.table.push_back(core::quantize(1 / (1 + std::exp(-i / 128.0)), table.format));
       }
       table.table[100] += 5;
       c.decoder.nodes.push_back(table);
     }},
};

void PrintTo(const Case& chosen, std::ostream* out) {
  *out << chosen.what;
}

class Findings : public ::testing::TestWithParam<Case> {};

TEST_P(Findings, IsFoundWhereItIsAndNotInTheCleanModel) {
  const Case& chosen = GetParam();
  const auto without = check(clean());
  EXPECT_EQ(find(without, chosen.code, chosen.where), nullptr);
  Codec codec = clean();
  chosen.spoil(codec);
  const auto with = check(codec);
  const Finding* const finding = find(with, chosen.code, chosen.where);
  std::string all;
  for (const Finding& one : with) all += one.where + ": " + one.message + " " + one.code + "\n";
  ASSERT_NE(finding, nullptr) << all;
  EXPECT_EQ(finding->severity, chosen.severity);
  EXPECT_GE(finding->number, chosen.least) << finding->message;
  EXPECT_LE(finding->number, chosen.most) << finding->message;
  EXPECT_FALSE(finding->unit.empty() || finding->message.empty() || finding->advice.empty());
}

INSTANTIATE_TEST_SUITE_P(Every, Findings, ::testing::ValuesIn(kCases),
                         [](const auto& chosen) { return std::string(chosen.param.what); });

TEST(ModelCheck, RefusesWhatIsNoTriggerPathAndNoEvents) {
  Codec codec = clean();
  ASSERT_TRUE(codec.encoder.infer().ok() && codec.decoder.infer().ok());
  EXPECT_EQ(checkModel(codec, {}).error().code, "check.events");
  codec.link.keep.pop_back();
  EXPECT_EQ(checkModel(codec, events()).error().code, "check.shape");
}

}  // namespace
}  // namespace aegen::encoders
