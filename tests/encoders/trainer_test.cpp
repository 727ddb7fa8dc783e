#include "aegen/encoders/trainer.hpp"
#include "aegen/encoders/evaluation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "aegen/encoders/decoder_error_bound.hpp"
#include "aegen/encoders/metrics.hpp"
#include "graph_oracle.hpp"
#include "training/schedule.hpp"
#include "training/telescope_loss.hpp"

namespace aegen::encoders {
namespace {

using training::Batch;

constexpr std::size_t kCells = 48;

std::int64_t uniform(std::mt19937_64& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
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

TrainConfig smallConfig() {
  TrainConfig config;
  config.name = "small";
  config.seed = 5;
  config.training.epochs = 8;
  config.training.batch = 32;
  config.training.learningRate = 3e-3;
  config.decoder.layers = denseDecoder({24});
  config.data.validationFraction = 0.2;
  return config;
}

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

TEST(Schedule, WarmsUpOverTheFirstSteps) {
  EXPECT_LT(training::warmUp(0, 1e5, 500), 0.01);
  EXPECT_NEAR(training::warmUp(250, 1e5, 500), 0.5, 0.01);
  EXPECT_EQ(training::warmUp(500, 1e5, 500), 1.0);
  EXPECT_EQ(training::warmUp(10, 100, 500), 1.0);
}

TEST(Schedule, FollowsHalfACosine) {
  for (const double t : {0.0, 0.1, 0.25, 0.5, 0.8, 1.0}) {
    EXPECT_NEAR(training::cosineSchedule(t), 0.01 + 0.99 * 0.5 * (1 + std::cos(M_PI * t)), 1e-12);
  }
}

TEST(Trainer, SameSeedGivesTheSameCodecAndAnotherSeedAnother) {
  const std::vector<data::Event> events = blobs(9, 400);
  TrainConfig config = smallConfig();
  config.training.epochs = 2;
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
  config.training.epochs = 60;
  std::vector<EpochReport> seen;
  std::vector<data::Event> events = blobs(21, 3000);
  events.push_back({});  // an empty event teaches nothing
  TrainOptions options;
  options.progress = [&](const EpochReport& epoch) { seen.push_back(epoch); };
  const auto result = train(config, events, options);
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
  config.link.latentBits = 6;
  config.link.activeEtx = 4;
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
  config.training.learningRate = 0.5;  // throws weights against the limits
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
  config.link.latentBits = 9;
  config.link.activeEtx = 4;
  const auto tooMany = train(config, blobs(1, 100));
  ASSERT_FALSE(tooMany.ok());
  EXPECT_EQ(tooMany.error().code, "train.link");
  config.link.latentBits = 0;
  config.training.batch = 0;
  const auto noBatch = train(config, blobs(1, 100));
  ASSERT_FALSE(noBatch.ok());
  EXPECT_EQ(noBatch.error().code, "train.out-of-range");
}

// The whole result of a run as bytes: its model file's contents, and its history.
using Outcome = std::pair<Codec, std::vector<EpochReport>>;

Outcome runOf(const TrainConfig& config, const TrainOptions& options = {}) {
  const auto result = train(config, blobs(31, 700), options);
  EXPECT_TRUE(result.ok()) << result.error().text();
  return result ? Outcome(result->codec, result->epochs) : Outcome{};
}

TrainConfig longConfig() {
  TrainConfig config = smallConfig();
  config.training.batch = 150;  // chunks of 32 and one of 22
  config.training.epochs = 6;
  config.training.weightDecay = 0.01;
  config.training.schedule = Schedule::WarmRestarts;
  config.training.restartEpochs = 2;
  return config;
}

TEST(Trainer, AnyNumberOfThreadsGivesTheSame) {
  TrainConfig config = longConfig();
  config.training.threads = 1;
  const Outcome one = runOf(config);
  for (const int threads : {2, 3, 5}) {
    config.training.threads = threads;
    EXPECT_EQ(runOf(config), one) << threads << " threads";
  }
}

TEST(Trainer, AnyInstructionSetGivesTheSame) {
  const TrainConfig config = longConfig();
  TrainOptions options;
  options.instructions = core::InstructionSet::Generic;
  const Outcome generic = runOf(config, options);
  for (const core::InstructionSet set : core::availableInstructionSets()) {
    options.instructions = set;
    EXPECT_EQ(runOf(config, options), generic) << core::text(set);
  }
}

TEST(Trainer, AResumedRunGivesTheSame) {
  const TrainConfig config = longConfig();
  const Outcome whole = runOf(config);
  TrainOptions options;
  options.checkpoint = std::filesystem::path(::testing::TempDir()) / "trainer_resumed.checkpoint";
  options.stop = [] { return true; };  // after every epoch
  int stops = 0;
  for (;; ++stops) {
    const auto part = train(config, blobs(31, 700), options);
    options.resume = true;
    if (part.ok()) {
      EXPECT_EQ(Outcome(part->codec, part->epochs), whole);
      break;
    }
    ASSERT_EQ(part.error().code, "train.stopped") << part.error().text();
    ASSERT_LT(stops, 10);
  }
  EXPECT_EQ(stops, 5);

  TrainConfig other = config;
  other.seed += 1;
  const auto refused = train(other, blobs(31, 700), options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "train.checkpoint");
  std::filesystem::resize_file(options.checkpoint, 1000);
  const auto damaged = train(config, blobs(31, 700), options);
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, "train.checkpoint");
  std::filesystem::remove(options.checkpoint);
}

// Twelve latents of two bits.
TrainConfig narrowConfig(bool balanced) {
  TrainConfig config = smallConfig();
  config.encoder = layersOf({.filters = 8, .latents = 12, .latentBits = 2});
  config.link.activeEtx = 2;
  config.decoder.layers = denseDecoder({48, 48});
  config.training.balancedStart = balanced;
  return config;
}

TEST(Trainer, ABalancedStartWakesNarrowLatents) {
  const std::vector<data::Event> events = blobs(41, 1200);
  const auto entropy = [&](bool balanced) {
    TrainConfig config = narrowConfig(balanced);
    config.training.epochs = 1;
    config.training.learningRate = 1e-6;  // the start itself
    const auto result = train(config, events);
    EXPECT_TRUE(result.ok()) << result.error().text();
    const auto evaluated = evaluate(result->codec, events);
    EXPECT_TRUE(evaluated.ok());
    return evaluated->latents.encodingEfficiency(evaluated->bitsSent);
  };
  EXPECT_GT(entropy(true), 0.6);
  EXPECT_LT(entropy(false), 0.3);
}

TEST(Trainer, ABalancedStartIsTheSameOnAnyNumberOfThreadsAndWhenResumed) {
  TrainConfig config = narrowConfig(true);
  config.training.epochs = 3;
  config.training.threads = 1;
  const Outcome one = runOf(config);
  config.training.threads = 3;
  EXPECT_EQ(runOf(config), one);
  TrainOptions options;
  options.checkpoint = std::filesystem::path(::testing::TempDir()) / "balanced.checkpoint";
  options.stop = [] { return true; };
  ASSERT_FALSE(train(config, blobs(31, 700), options).ok());
  options.stop = {};
  options.resume = true;
  const auto resumed = train(config, blobs(31, 700), options);
  ASSERT_TRUE(resumed.ok()) << resumed.error().text();
  EXPECT_EQ(Outcome(resumed->codec, resumed->epochs), one);
  std::filesystem::remove(options.checkpoint);
}

TEST(Trainer, StopsWhenPatienceEnds) {
  TrainConfig config = smallConfig();
  config.training.epochs = 200;
  config.training.learningRate = 0.03;
  config.training.schedule = Schedule::Constant;
  config.training.patience = 3;
  const auto result = train(config, blobs(3, 200));
  ASSERT_TRUE(result.ok()) << result.error().text();
  EXPECT_LT(result->epochs.size(), 200U);
  EXPECT_EQ(static_cast<int>(result->epochs.size()), result->bestEpoch + 3);
}

}  // namespace
}  // namespace aegen::encoders
