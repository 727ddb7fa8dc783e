#include "aegen/encoders/trainer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>
#include <string>

#include "aegen/core/interpreter.hpp"
#include "aegen/encoders/decoder_error_bound.hpp"
#include "aegen/encoders/econ_t.hpp"
#include "aegen/encoders/freeze.hpp"
#include "aegen/encoders/lowering.hpp"
#include "aegen/encoders/metrics.hpp"
#include "graph_oracle.hpp"
#include "training/adam.hpp"
#include "training/encoder_kernel.hpp"
#include "training/network.hpp"
#include "training/random.hpp"
#include "training/telescope_loss.hpp"

namespace aegen::encoders {
namespace {

using training::Batch;

constexpr std::size_t kCells = 48;

std::int64_t uniform(std::mt19937_64& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
}

std::vector<std::int64_t> randomWeights(std::mt19937_64& random, std::size_t count,
                                        std::int64_t low, std::int64_t high) {
  std::vector<std::int64_t> values(count);
  for (std::int64_t& value : values) value = uniform(random, low, high);
  return values;
}

// `gain` near 0: small weights around zero; 31: the whole range of s6.5, latents saturate.
econ_t::AutoencoderWeights randomEncoder(std::mt19937_64& random, std::int64_t gain) {
  econ_t::AutoencoderWeights weights;
  weights.convKernel = randomWeights(random, 72, -gain - 1, gain);
  weights.convBias = randomWeights(random, 8, -gain - 1, gain);
  weights.denseKernel = randomWeights(random, 2048, -gain - 1, gain);
  weights.denseBias = randomWeights(random, 16, -gain - 1, gain);
  return weights;
}

// Sparse and dense patterns of every size up to the charges' 22 bits, and the extremes.
data::Event randomEvent(std::mt19937_64& random) {
  data::Event event;
  const int bits = static_cast<int>(uniform(random, 1, 22));
  const std::int64_t filled = uniform(random, 0, 48);
  for (std::int64_t& charge : event.charge) {
    if (uniform(random, 0, 47) < filled) {
      charge = uniform(random, 0, (std::int64_t{1} << bits) - 1);
    }
  }
  if (uniform(random, 0, 15) == 0) {
    event.charge[static_cast<std::size_t>(uniform(random, 0, 47))] = data::kMaxCharge;
  }
  return event;
}

std::vector<data::Event> randomEvents(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<data::Event> events(count);
  std::generate(events.begin(), events.end(), [&] { return randomEvent(random); });
  return events;
}

// A blob of charge around a random channel: something that can be learnt.
std::vector<data::Event> blobs(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<data::Event> events(count);
  for (data::Event& event : events) {
    const std::int64_t centre = uniform(random, 0, 47);
    for (std::size_t c = 0; c < kCells; ++c) {
      const std::int64_t distance = std::abs(static_cast<std::int64_t>(c) - centre);
      event.charge[c] = distance > 3 ? uniform(random, 0, 4) : 400 >> distance;
    }
  }
  return events;
}

std::vector<std::uint8_t> normalized(const std::vector<data::Event>& events) {
  std::vector<std::uint8_t> columns(kCells * events.size());
  std::array<std::uint8_t, kCells> one{};
  for (std::size_t e = 0; e < events.size(); ++e) {
    training::normalize(events[e].charge, one);
    for (std::size_t c = 0; c < kCells; ++c) columns[c * events.size() + e] = one[c];
  }
  return columns;
}

TrainConfig smallConfig() {
  TrainConfig config;
  config.name = "small";
  config.seed = 5;
  config.epochs = 8;
  config.batch = 32;
  config.learningRate = 3e-3;
  config.decoderHidden = {24};
  config.validationFraction = 0.2;
  return config;
}

class EncoderForward : public ::testing::TestWithParam<bool> {};

TEST_P(EncoderForward, IsTheGraphsIntegersBitForBit) {
  constexpr std::uint64_t kSeed = 20240501;
  RecordProperty("seed", std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  std::size_t saturated = 0;
  std::size_t between = 0;
  for (const std::int64_t gain : {0, 2, 8, 31}) {
    SCOPED_TRACE(gain);
    const auto weights = randomEncoder(random, gain);
    Graph graph = econ_t::autoencoder(weights, false, GetParam());
    const auto good = graph.infer();
    ASSERT_TRUE(good.ok()) << good.error().text();
    const std::vector<data::Event> events =
        randomEvents(random(), 150);  // not a multiple of the lanes
    const training::EncoderKernel kernel(weights, GetParam());
    training::EncoderActivations out;
    kernel.run(normalized(events), events.size(), out);
    for (std::size_t e = 0; e < events.size(); ++e) {
      const auto expected =
          test::evaluateGraph(graph, {events[e].charge.begin(), events[e].charge.end()});
      for (std::size_t l = 0; l < expected.size(); ++l) {
        ASSERT_EQ(out.latent[l * events.size() + e], expected[l])
            << "event " << e << " latent " << l;
        saturated += expected[l] == 511 ? 1 : 0;
        between += expected[l] > 0 && expected[l] < 511 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(saturated, 100U);
  EXPECT_GT(between, 100U);
}

TEST_P(EncoderForward, IsTheLoweredProgramsBitForBit) {
  constexpr std::uint64_t kSeed = 77;
  RecordProperty("seed", std::to_string(kSeed));
  std::mt19937_64 random(kSeed);
  const auto weights = randomEncoder(random, 12);
  Graph graph = econ_t::autoencoder(weights, false, GetParam());
  ASSERT_TRUE(graph.infer().ok());
  auto lowered = lower(graph, "");
  ASSERT_TRUE(lowered.ok()) << lowered.error().text();
  addWhole(*lowered, "encoder", "the whole encoder");
  const std::vector<data::Event> events = randomEvents(random(), 200);
  core::Columns columns(kCells, events.size());
  for (std::size_t e = 0; e < events.size(); ++e) {
    for (std::size_t c = 0; c < kCells; ++c) columns.at(c, e) = events[e].charge[c];
  }
  core::Interpreter interpreter(lowered->program, "encoder");
  const auto expected = interpreter.run(columns);
  ASSERT_TRUE(expected.ok()) << expected.error().text();
  const training::EncoderKernel kernel(weights, GetParam());
  training::EncoderActivations out;
  kernel.run(normalized(events), events.size(), out);
  for (std::size_t l = 0; l < econ_t::kLatents; ++l) {
    for (std::size_t e = 0; e < events.size(); ++e) {
      ASSERT_EQ(out.latent[l * events.size() + e], expected->at(l, e))
          << "event " << e << " latent " << l;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BothSums, EncoderForward, ::testing::Bool(), [](const auto& chosen) {
  return chosen.param ? "TruncatedProducts" : "ExactProducts";
});

TEST(TelescopeLoss, IsTheMetricsTelescopeMse) {
  std::mt19937_64 random(3);
  const Eigen::Index events = 20;
  const Batch truth = Batch::NullaryExpr(
      events, 48, [&] { return static_cast<float>(uniform(random, 0, 255)) / 128.0F; });
  const Batch predicted = Batch::NullaryExpr(
      events, 48, [&] { return static_cast<float>(uniform(random, 0, 255)) / 128.0F; });
  double expected = 0;
  for (Eigen::Index e = 0; e < events; ++e) {
    std::array<double, kCells> y{};
    std::array<double, kCells> p{};
    for (Eigen::Index c = 0; c < 48; ++c) {
      y[static_cast<std::size_t>(c)] = static_cast<double>(truth(e, c));
      p[static_cast<std::size_t>(c)] = static_cast<double>(predicted(e, c));
    }
    expected += scaledTelescopeMse(y, p) / static_cast<double>(events);
  }
  EXPECT_NEAR(training::TelescopeLoss()(truth, predicted, nullptr), expected, 1e-5 * expected);
}

TEST(TelescopeLoss, GradientIsItsDerivative) {
  std::mt19937_64 random(4);
  const Batch truth = Batch::NullaryExpr(
      3, 48, [&] { return static_cast<float>(uniform(random, 0, 255)) / 256.0F; });
  Batch predicted = Batch::NullaryExpr(
      3, 48, [&] { return static_cast<float>(uniform(random, 0, 255)) / 256.0F; });
  const training::TelescopeLoss loss;
  Batch gradient;
  (void)loss(truth, predicted, &gradient);
  for (Eigen::Index c = 0; c < 48; ++c) {
    const float here = predicted(1, c);
    constexpr float kStep = 1.0F / 256.0F;
    predicted(1, c) = here + kStep;
    const double up = loss(truth, predicted, nullptr);
    predicted(1, c) = here - kStep;
    const double down = loss(truth, predicted, nullptr);
    predicted(1, c) = here;
    EXPECT_NEAR(static_cast<double>(gradient(1, c)), (up - down) * 128.0, 2e-3) << "cell " << c;
  }
}

// The network as a function of real numbers: the encoder behind the normaliser and the decoder.
Graph realNetwork(training::Network& network) {
  Graph graph = econ_t::autoencoder(network.encoderWeights(), false, false);
  graph.nodes.erase(graph.nodes.begin());  // the charges: `normalized` becomes the input
  graph.nodes.front().kind = NodeKind::Input;
  graph.nodes.front().shape = {48};
  for (Node& node : graph.nodes) {
    for (int& input : node.inputs) --input;
  }
  graph.nodes.front().inputs.clear();
  std::vector<RealDense> layers;
  const auto part = [&](std::size_t first, std::size_t count) {
    const auto begin = network.parameters().begin() + static_cast<std::ptrdiff_t>(first);
    return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  for (const training::DensePlace& place : network.decoder()) {
    layers.push_back({place.in, place.out, part(place.kernel, place.bias - place.kernel),
                      part(place.bias, static_cast<std::size_t>(place.out))});
  }
  const Graph decoder = freezeDecoder(layers, {});
  const int offset = static_cast<int>(graph.nodes.size()) - 1;
  for (std::size_t i = 1; i < decoder.nodes.size(); ++i) {
    Node node = decoder.nodes[i];
    for (int& input : node.inputs) input += offset;
    graph.nodes.push_back(node);
  }
  const auto good = graph.infer();
  EXPECT_TRUE(good.ok()) << good.error().text();
  for (Node& node : graph.nodes) {
    for (Weights* weights : {&node.kernel, &node.bias}) {
      if (!weights->values.empty() && weights->real.empty()) {
        for (const std::int64_t raw : weights->values) {
          weights->real.push_back(static_cast<double>(raw) * weights->format.lsb());
        }
      }
    }
  }
  return graph;
}

double realLoss(const Graph& graph, const std::vector<data::Event>& events) {
  double total = 0;
  for (const data::Event& event : events) {
    std::array<std::uint8_t, kCells> raw{};
    training::normalize(event.charge, raw);
    std::array<double, kCells> x{};
    std::transform(raw.begin(), raw.end(), x.begin(), [](std::uint8_t v) { return v / 128.0; });
    const auto out = evaluateReal(graph, x);
    EXPECT_TRUE(out.ok());
    total += scaledTelescopeMse(x, std::span<const double, kCells>(*out));
  }
  return total / static_cast<double>(events.size());
}

TEST(Network, GradientIsTheDerivativeOfTheUnroundedNetwork) {
  training::Random start(11);
  training::Network network({false, 9, {20}}, start);
  // Off zero: at empty cells a filter without bias sits on ReLU's kink, where derivatives differ.
  std::fill_n(network.parameters().begin() + static_cast<std::ptrdiff_t>(network.convBias()), 8,
              0.125F);
  const std::vector<data::Event> events = blobs(12, 40);
  const std::vector<std::uint8_t> columns = normalized(events);
  const Batch predicted = network.forward(columns, events.size());
  Batch truth(static_cast<Eigen::Index>(events.size()), 48);
  std::transform(columns.begin(), columns.end(), truth.data(),
                 [](std::uint8_t v) { return static_cast<float>(v) / 128.0F; });
  Batch gradient;
  (void)training::TelescopeLoss()(truth, predicted, &gradient);
  network.backward(columns, gradient);

  Graph graph = realNetwork(network);
  // Latents are floored to 2^-8 in training and not here: derivatives agree to a few percent.
  const auto compare = [&](std::string_view node, bool bias, std::size_t first,
                           std::size_t stride) {
    Node* found = &graph.nodes[static_cast<std::size_t>(graph.find(node) - graph.nodes.data())];
    std::vector<double>& real = bias ? found->bias.real : found->kernel.real;
    double dot = 0;
    double ours = 0;
    double theirs = 0;
    for (std::size_t i = 0; i < real.size(); i += stride) {
      const double here = real[i];
      real[i] = here + 1e-4;
      const double up = realLoss(graph, events);
      real[i] = here - 1e-4;
      const double down = realLoss(graph, events);
      real[i] = here;
      const double expected = (up - down) / 2e-4;
      const auto actual = static_cast<double>(network.gradient()[first + i]);
      dot += expected * actual;
      ours += actual * actual;
      theirs += expected * expected;
    }
    EXPECT_GT(theirs, 0) << node;
    EXPECT_GT(dot / std::sqrt(ours * theirs), 0.99) << node << (bias ? " bias" : " kernel");
    EXPECT_NEAR(std::sqrt(ours / theirs), 1.0, 0.1) << node << (bias ? " bias" : " kernel");
  };
  const training::DensePlace& dense = network.encoderDense();
  compare("conv", false, 0, 1);
  compare("conv", true, network.convBias(), 1);
  compare("dense", false, dense.kernel, 37);
  compare("dense", true, dense.bias, 1);
  compare("hidden1", false, network.decoder()[0].kernel, 11);
  compare("hidden1", true, network.decoder()[0].bias, 1);
  compare("reconstruction", false, network.decoder()[1].kernel, 31);
  compare("reconstruction", true, network.decoder()[1].bias, 1);
}

TEST(Network, GradientStopsAtDeadAndAtSaturatedLatents) {
  const std::vector<data::Event> events = blobs(2, 30);
  const std::vector<std::uint8_t> columns = normalized(events);
  for (const float bias : {-1.0F, 0.96875F}) {
    training::Random start(1);
    training::Network network({true, 9, {8}}, start);
    auto& parameters = network.parameters();
    const training::DensePlace& dense = network.encoderDense();
    // Dead: nothing but a negative bias. Saturated: every weight at its largest.
    std::fill(parameters.begin() + static_cast<std::ptrdiff_t>(dense.kernel),
              parameters.begin() + static_cast<std::ptrdiff_t>(dense.bias), bias < 0 ? 0.0F : bias);
    std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(dense.bias), 16, bias);
    network.forward(columns, events.size());
    network.backward(columns, Batch::Ones(30, 48));
    const auto end = network.gradient().begin() + static_cast<std::ptrdiff_t>(dense.bias) + 16;
    EXPECT_TRUE(std::all_of(network.gradient().begin(), end, [](float g) { return g == 0.0F; }))
        << "bias " << bias;
    EXPECT_TRUE(std::any_of(end, network.gradient().end(), [](float g) { return g != 0.0F; }));
  }
}

TEST(Network, TheDecoderSeesOnlyTheBitsThatAreSent) {
  const std::vector<data::Event> events = blobs(3, 64);
  const std::vector<std::uint8_t> columns = normalized(events);
  training::Random start(1);
  training::Network network({true, 1, {8}}, start);
  const Batch out = network.forward(columns, events.size());
  // All latents start below 1.0, so their top bit is 0 and every event decodes alike.
  for (Eigen::Index e = 1; e < out.rows(); ++e) {
    EXPECT_TRUE((out.row(e).array() == out.row(0).array()).all()) << "event " << e;
  }
}

TEST(Network, RevivesDeadLatentsAndLeavesTheOthersAlone) {
  const std::vector<data::Event> events = blobs(4, 50);
  training::Random random(1);
  training::Network network({true, 9, {8}}, random);
  auto& parameters = network.parameters();
  const training::DensePlace& dense = network.encoderDense();
  const auto row = [&](std::size_t latent) {
    const auto first =
        parameters.begin() + static_cast<std::ptrdiff_t>(dense.kernel + latent * 128);
    return std::vector<float>(first, first + 128);
  };
  std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(dense.bias), 16, 0.9F);
  std::fill_n(parameters.begin() + static_cast<std::ptrdiff_t>(dense.kernel + 3 * 128), 128, 0.0F);
  parameters[dense.bias + 3] = -1.0F;
  const std::vector<float> dead = row(3);
  const std::vector<float> alive = row(4);
  network.forward(normalized(events), events.size());
  EXPECT_EQ(network.reviveLatents(random), 1);
  EXPECT_NE(row(3), dead);
  EXPECT_EQ(row(4), alive);
  EXPECT_EQ(parameters[dense.bias + 4], 0.9F);
  EXPECT_EQ(network.reviveLatents(random), 0) << "nothing was seen since";
}

TEST(Schedule, WarmsUpOverTheFirstSteps) {
  EXPECT_LT(training::warmUp(0, 1e5), 0.01);
  EXPECT_NEAR(training::warmUp(250, 1e5), 0.5, 0.01);
  EXPECT_EQ(training::warmUp(500, 1e5), 1.0);
  EXPECT_EQ(training::warmUp(10, 100), 1.0);
}

TEST(Schedule, FollowsHalfACosine) {
  for (const double t : {0.0, 0.1, 0.25, 0.5, 0.8, 1.0}) {
    EXPECT_NEAR(training::cosineSchedule(t), 0.01 + 0.99 * 0.5 * (1 + std::cos(M_PI * t)), 1e-12);
  }
}

TEST(Trainer, SameSeedGivesTheSameCodecAndAnotherSeedAnother) {
  const std::vector<data::Event> events = blobs(9, 400);
  TrainConfig config = smallConfig();
  config.epochs = 2;
  const auto first = train(config, events);
  const auto second = train(config, events);
  ASSERT_TRUE(first.ok()) << first.error().text();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first->codec, second->codec);
  config.seed += 1;
  const auto other = train(config, events);
  ASSERT_TRUE(other.ok());
  EXPECT_NE(first->codec.encoder, other->codec.encoder);
}

TEST(Trainer, LearnsFarMoreThanTheModuleSum) {
  TrainConfig config = smallConfig();
  config.epochs = 60;
  std::vector<EpochReport> seen;
  std::vector<data::Event> events = blobs(21, 3000);
  events.push_back({});  // an empty event teaches nothing
  const auto result =
      train(config, events, [&](const EpochReport& epoch) { seen.push_back(epoch); });
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_LT(result->validationLoss, 0.25 * result->moduleSumLoss);
  EXPECT_EQ(result->emptyEvents, 1U);
  EXPECT_EQ(result->validationEvents, 600U);
  EXPECT_EQ(result->trainingEvents, 2400U);
  ASSERT_EQ(seen.size(), 60U);
  const auto best = std::min_element(seen.begin(), seen.end(), [](const auto& a, const auto& b) {
    return a.validationLoss < b.validationLoss;
  });
  EXPECT_EQ(result->bestEpoch, best->epoch);
  EXPECT_EQ(result->validationLoss, best->validationLoss);
}

TEST(Trainer, ReportedLossIsTheFrozenCodecs) {
  // One pattern only, so that every split has the same validation events.
  const data::Event event = blobs(8, 1).front();
  TrainConfig config = smallConfig();
  config.latentBits = 6;
  config.activeEtx = 4;
  const auto result = train(config, std::vector<data::Event>(100, event));
  ASSERT_TRUE(result.ok()) << result.error().text();
  const Codec& codec = result->codec;
  auto latents = test::evaluateGraph(codec.encoder, {event.charge.begin(), event.charge.end()});
  std::size_t bit = 0;
  for (std::size_t l = latents.size(); l-- > 0;) {  // the mask starts at the last latent's top bit
    for (int b = 8; b >= 0; --b, ++bit) {
      if (!codec.link.keep.at(bit)) latents[l] &= ~(std::int64_t{1} << b);
    }
  }
  EXPECT_EQ(std::count(codec.link.keep.begin(), codec.link.keep.end(), true), 16 * 6);
  std::vector<double> real(latents.size());
  std::transform(latents.begin(), latents.end(), real.begin(),
                 [](std::int64_t raw) { return static_cast<double>(raw) / 256.0; });
  const auto charges = evaluateReal(codec.decoder, real);
  ASSERT_TRUE(charges.ok());
  const double scale = std::exp2(std::floor(std::log2(static_cast<double>(event.sum()))));
  std::array<double, kCells> truth{};
  std::transform(event.charge.begin(), event.charge.end(), truth.begin(),
                 [&](std::int64_t charge) { return static_cast<double>(charge) / scale; });
  EXPECT_NEAR(scaledTelescopeMse(truth, std::span<const double, kCells>(*charges)),
              result->validationLoss, 1e-5 * (1 + result->validationLoss));
}

TEST(Trainer, KeepsTheEncodersWeightsInTheChipsRange) {
  TrainConfig config = smallConfig();
  config.learningRate = 0.5;  // throws weights against the limits
  const auto result = train(config, blobs(1, 300));
  ASSERT_TRUE(result.ok()) << result.error().text();
  std::set<std::int64_t> values;
  for (const Node& node : result->codec.encoder.nodes) {
    for (const Weights* weights : {&node.kernel, &node.bias}) {
      values.insert(weights->values.begin(), weights->values.end());
      for (const double real : weights->real) {
        EXPECT_GE(real, -1.0);
        EXPECT_LE(real, 31.0 / 32.0);
      }
    }
  }
  EXPECT_EQ(*values.begin(), -32);
  EXPECT_EQ(*values.rbegin(), 31);
}

TEST(Trainer, TooFewEventsAreADiagnostic) {
  const auto result = train(smallConfig(), blobs(1, 30));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "train.too-few-events");
  const auto none = train(smallConfig(), std::vector<data::Event>(1000));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, "train.too-few-events");
}

TEST(Trainer, ChecksConfigurationsMadeInCode) {
  TrainConfig config = smallConfig();
  config.latentBits = 9;
  config.activeEtx = 4;
  const auto result = train(config, blobs(1, 100));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, "train.out-of-range");
}

}  // namespace
}  // namespace aegen::encoders
