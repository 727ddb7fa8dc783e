#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "aegen/encoders/emd.hpp"
#include "training/elementary.hpp"
#include "training/emd_loss.hpp"
#include "training/loss_mixture.hpp"
#include "training/mse_loss.hpp"
#include "training/sinkhorn_loss.hpp"
#include "training/sliced_loss.hpp"
#include "training/telescope_loss.hpp"

namespace aegen::encoders::training {
namespace {

using Pattern = std::array<double, 48>;

/// Normalised charges, all above 0, with a sum between 1 and 2 as the trainer's have.
Batch randomCharges(std::mt19937_64& random, int events) {
  std::lognormal_distribution<double> charge(0, 1);
  std::uniform_real_distribution<double> sum(1, 2);
  Batch batch(events, 48);
  for (Eigen::Index i = 0; i < batch.size(); ++i) {
    batch.data()[i] = static_cast<float>(charge(random));
  }
  for (int e = 0; e < events; ++e) {
    batch.row(e) *= static_cast<float>(sum(random)) / batch.row(e).sum();
  }
  return batch;
}

/// Few filled cells.
Batch sparseCharges(std::mt19937_64& random, int events) {
  Batch batch = randomCharges(random, events);
  for (Eigen::Index i = 0; i < batch.size(); ++i) {
    if (random() % 6 != 0) batch.data()[i] = 0;
  }
  batch.col(5).array() += 0.01F;  // never empty
  return batch;
}

Pattern patternOf(const Batch& batch, Eigen::Index event) {
  Pattern pattern{};
  for (Eigen::Index c = 0; c < 48; ++c) {
    pattern[static_cast<std::size_t>(c)] = static_cast<double>(batch(event, c));
  }
  return pattern;
}

Batch single(int channel) {
  Batch batch = Batch::Zero(1, 48);
  batch(0, channel) = 1;
  return batch;
}

std::shared_ptr<const Loss> mixture() {
  const std::vector<LossTerm> terms = {{.kind = LossKind::Telescope, .weight = 3},
                                       {.kind = LossKind::EmdSliced, .weight = 0.25}};
  return std::make_shared<LossMixture>(LossSchedule(terms).at(1));
}

struct Subject {
  const char* name;
  std::shared_ptr<const Loss> loss;
  float step;        ///< of the differences
  double tolerance;  ///< of the derivative
};

void PrintTo(const Subject& subject, std::ostream* out) {
  *out << subject.name;
}

class EveryLoss : public testing::TestWithParam<Subject> {};

INSTANTIATE_TEST_SUITE_P(
    Losses, EveryLoss,
    testing::Values(Subject{"Telescope", std::make_shared<TelescopeLoss>(), 1e-3F, 3e-4},
                    Subject{"Mse", std::make_shared<MseLoss>(), 1e-2F, 2e-5},
                    Subject{"Emd", std::make_shared<EmdLoss>(), 2e-4F, 5e-3},
                    Subject{"Sinkhorn",
                            std::make_shared<SinkhornLoss>(SinkhornOptions{0.5, 1e-7, 5000}), 2e-4F,
                            3e-3},
                    Subject{"Sliced", std::make_shared<SlicedLoss>(16), 5e-4F, 2e-2},
                    Subject{"Mixture", mixture(), 5e-4F, 1e-2}),
    [](const auto& subject) { return std::string(subject.param.name); });

TEST_P(EveryLoss, HasTheDerivativeThatDifferencesShow) {
  const std::uint64_t seed = 20250107;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const Loss& loss = *GetParam().loss;
  for (int round = 0; round < 3; ++round) {
    const Batch truth = sparseCharges(random, 2);
    const Batch predicted = randomCharges(random, 2);
    Batch gradient;
    EXPECT_EQ(loss(truth, predicted, &gradient), loss(truth, predicted, nullptr));
    ASSERT_EQ(gradient.rows(), 2);
    ASSERT_EQ(gradient.cols(), 48);
    EXPECT_GT(gradient.norm(), 0);
    for (Eigen::Index i = 0; i < gradient.size(); ++i) {
      Batch up = predicted;
      Batch down = predicted;
      const float step = std::min(GetParam().step, predicted.data()[i] / 2);
      up.data()[i] += step;
      down.data()[i] -= step;
      const double slope = (loss(truth, up, nullptr) - loss(truth, down, nullptr)) /
                           static_cast<double>(up.data()[i] - down.data()[i]);
      ASSERT_NEAR(static_cast<double>(gradient.data()[i]), slope, GetParam().tolerance)
          << "seed " << seed << " round " << round << " element " << i;
    }
  }
}

TEST_P(EveryLoss, OfABatchIsTheMeanOfItsEvents) {
  const std::uint64_t seed = 8;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const Loss& loss = *GetParam().loss;
  for (const int events : {1, 31, 32, 33, 70}) {
    const Batch truth = sparseCharges(random, events);
    const Batch predicted = randomCharges(random, events);
    Batch gradient;
    const double all = loss(truth, predicted, &gradient);
    double sum = 0;
    for (int e = 0; e < events; ++e) {
      Batch one;
      sum += loss(truth.row(e), predicted.row(e), &one);
      // Iterations end when the slowest of a few events is done, hence not to the last bit.
      ASSERT_LT((gradient.row(e) * static_cast<float>(events) - one).cwiseAbs().maxCoeff(), 1e-3F)
          << "event " << e << " of " << events;
    }
    EXPECT_NEAR(all, sum / events, 1e-5 * std::max(1.0, all));
  }
}

TEST_P(EveryLoss, IsLeastWhereThePredictionIsTheTruth) {
  const std::uint64_t seed = 21;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const Loss& loss = *GetParam().loss;
  const Batch truth = sparseCharges(random, 40);
  EXPECT_NEAR(loss(truth, truth, nullptr), 0, 1e-6);
  EXPECT_GT(loss(truth, randomCharges(random, 40), nullptr), 1e-3);
}

TEST_P(EveryLoss, LeadsOutOfAnEmptyPrediction) {
  const std::uint64_t seed = 4;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const Loss& loss = *GetParam().loss;
  const Batch truth = sparseCharges(random, 33);
  const Batch nothing = Batch::Zero(33, 48);
  Batch gradient;
  EXPECT_TRUE(std::isfinite(loss(truth, nothing, &gradient)));
  ASSERT_TRUE(gradient.allFinite());
  const Batch next = (nothing - 0.01F * 33.0F * gradient).cwiseMax(0.0F);
  EXPECT_LT(loss(truth, next, nullptr), loss(truth, nothing, nullptr));
}

TEST_P(EveryLoss, IsTheSameOnManyThreads) {
  std::mt19937_64 random(3);
  const Loss& loss = *GetParam().loss;
  const Batch truth = sparseCharges(random, 50);
  const Batch predicted = randomCharges(random, 50);
  Batch wanted;
  const double value = loss(truth, predicted, &wanted);
  std::array<Batch, 3> gradients;
  std::array<double, 3> values{};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    threads.emplace_back([&, i] { values[i] = loss(truth, predicted, &gradients[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    EXPECT_EQ(values[i], value);
    EXPECT_EQ(gradients[i], wanted);
  }
}

TEST(MseLoss, IsTheMeanSquareOfAllDifferences) {
  std::mt19937_64 random(6);
  const Batch truth = sparseCharges(random, 37);
  const Batch predicted = randomCharges(random, 37);
  const double wanted = (truth - predicted).cast<double>().squaredNorm() / (37 * 48);
  EXPECT_NEAR(MseLoss()(truth, predicted, nullptr), wanted, 1e-5 * wanted);
}

TEST(EmdLoss, IsTheMeanDistanceWhateverThePredictedSum) {
  std::mt19937_64 random(7);
  const Batch truth = sparseCharges(random, 37);
  const Batch predicted = randomCharges(random, 37);
  double sum = 0;
  for (Eigen::Index e = 0; e < truth.rows(); ++e) {
    sum += earthMoversDistance(patternOf(truth, e), patternOf(predicted, e)).value();
  }
  EXPECT_NEAR(EmdLoss()(truth, predicted, nullptr), sum / 37, 1e-5);
  EXPECT_NEAR(EmdLoss()(truth, 3.7F * predicted, nullptr), sum / 37, 1e-5);
}

TEST(EmdLoss, LiesNowhereBelowItsTangentAmongPatternsOfEqualSum) {
  const std::uint64_t seed = 99;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const EmdLoss loss;
  const auto unit = [](Batch batch) -> Batch { return batch / batch.sum(); };
  for (int round = 0; round < 300; ++round) {
    const Batch truth = sparseCharges(random, 1);
    const Batch at = unit(round % 2 == 0 ? randomCharges(random, 1) : sparseCharges(random, 1));
    const Batch other = unit(sparseCharges(random, 1));
    Batch gradient;
    const double value = loss(truth, at, &gradient);
    const double tangent = value + static_cast<double>(gradient.cwiseProduct(other - at).sum());
    ASSERT_GE(loss(truth, other, nullptr), tangent - 1e-5) << "seed " << seed;
  }
}

TEST(SinkhornLoss, ApproachesTheExactDistanceAsTheEntropyVanishes) {
  const std::uint64_t seed = 12;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const Batch truth = sparseCharges(random, 8);
  const Batch predicted = randomCharges(random, 8);
  const double exact = EmdLoss()(truth, predicted, nullptr);
  double last = 1e9;
  for (const double epsilon : {4.0, 2.0, 1.0, 0.5, 0.2}) {
    const double off =
        std::abs(SinkhornLoss({epsilon, 1e-6, 20000})(truth, predicted, nullptr) - exact);
    EXPECT_LT(off, last) << epsilon;
    last = off;
  }
  EXPECT_LT(last, 0.08 * exact);
  EXPECT_NEAR(SinkhornLoss({0.05, 1e-6, 50000})(truth, predicted, nullptr), exact, 0.02 * exact);
}

TEST(SinkhornLoss, KeepsWithinTheRangeOfItsNumbersAtTheSmallestEntropy) {
  const SinkhornLoss loss({0.05, 1e-4, 1000});
  double farthest = 0;
  for (int i = 0; i < 48; ++i) {
    for (int j = 0; j < 48; ++j) {
      Batch gradient;
      const double wanted =
          data::emdDistances()[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
      ASSERT_NEAR(loss(single(i), single(j), &gradient), wanted, 1e-4);
      ASSERT_TRUE(gradient.allFinite());
      farthest = std::max(farthest, wanted);
    }
  }
  EXPECT_GT(farthest, 13);
}

TEST(SlicedLoss, OfAPatternThatMovesIsItsWay) {
  for (const auto& [directions, tolerance] : {std::pair{4, 0.06}, {16, 0.004}, {64, 0.0003}}) {
    const SlicedLoss loss(directions);
    for (int i = 0; i < 48; ++i) {
      for (int j = 0; j < 48; ++j) {
        const double way =
            data::emdDistances()[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
        ASSERT_NEAR(loss(single(i), single(j), nullptr), way, tolerance * way + 1e-5)
            << directions << " directions, cells " << i << ' ' << j;
      }
    }
  }
}

TEST(SlicedLoss, SeesEveryDifferenceOfShapesAndNoFactor) {
  std::mt19937_64 random(14);
  const Batch pattern = randomCharges(random, 1);
  for (const int directions : {2, 4, 8, 16, 32, 64}) {
    const SlicedLoss loss(directions);
    EXPECT_NEAR(loss(pattern, 0.3F * pattern, nullptr), 0, 1e-5);
    for (int i = 0; i < 48; ++i) {
      Batch other = pattern;
      other(0, i) += 0.05F;
      EXPECT_GT(loss(pattern, other, nullptr), 1e-3) << directions << " directions, cell " << i;
    }
  }
}

TEST(SlicedLoss, GrowsWithTheExactDistance) {
  const std::uint64_t seed = 15;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  const SlicedLoss sliced(16);
  const EmdLoss exact;
  std::vector<double> x;
  std::vector<double> y;
  for (int round = 0; round < 500; ++round) {
    const Batch truth = sparseCharges(random, 1);
    const auto part = static_cast<float>(round) / 500;
    const Batch predicted = truth * (1 - part) + part * sparseCharges(random, 1);
    x.push_back(exact(truth, predicted, nullptr));
    y.push_back(sliced(truth, predicted, nullptr));
    // Each projection's distance is at most the whole one.
    EXPECT_LE(y.back(), 1.5708 * x.back() + 1e-5);
  }
  const auto mean = [](const std::vector<double>& v) {
    double sum = 0;
    for (const double value : v) sum += value;
    return sum / static_cast<double>(v.size());
  };
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = x[i] - mean(x);
    const double dy = y[i] - mean(y);
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  EXPECT_GT(xy / std::sqrt(xx * yy), 0.95);
}

TEST(ElementaryFunctions, AgreeWithLibm) {
  const std::uint64_t seed = 16;
  RecordProperty("seed", std::to_string(seed));
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> exponent(-700, 700);
  for (int round = 0; round < 20000; ++round) {
    const double x = exponent(random);
    ASSERT_NEAR(exponential(x) / std::exp(x), 1, 2e-15) << x;
    ASSERT_NEAR(logarithm(std::exp(x)), x, 4e-16 * std::abs(x) + 1e-15) << x;
    const double near = 1 + x * 1e-5;
    ASSERT_NEAR(logarithm(near), std::log(near), 1e-17 + 1e-15 * std::abs(std::log(near))) << near;
  }
  EXPECT_EQ(exponential(0), 1);
  EXPECT_EQ(logarithm(1), 0);
}

}  // namespace
}  // namespace aegen::encoders::training
