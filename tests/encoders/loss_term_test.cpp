#include "aegen/encoders/loss_term.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "training/loss_mixture.hpp"
#include "training/mse_loss.hpp"
#include "training/sliced_loss.hpp"

namespace aegen::encoders {
namespace {

using training::Batch;

TEST(LossTerm, HasANameForEachKind) {
  for (const LossKind kind : kLossKinds) EXPECT_EQ(lossKind(text(kind)), kind);
  EXPECT_EQ(text(LossKind::EmdSinkhorn), "emd_sinkhorn");
  EXPECT_FALSE(lossKind("chamfer").has_value());
}

TEST(LossTerm, FollowsTheEpochs) {
  const LossTerm throughout{.weight = 2};
  EXPECT_EQ(throughout.weightAt(1), 2);
  EXPECT_EQ(throughout.weightAt(10000), 2);
  const LossTerm ramp{.weight = 1, .weightTo = 0, .fromEpoch = 3, .toEpoch = 7};
  EXPECT_EQ(ramp.weightAt(2), 0);
  EXPECT_EQ(ramp.weightAt(3), 1);
  EXPECT_EQ(ramp.weightAt(5), 0.5);
  EXPECT_EQ(ramp.weightAt(7), 0);
  EXPECT_EQ(ramp.weightAt(8), 0);
  const LossTerm once{.weight = 4, .weightTo = 9, .fromEpoch = 3, .toEpoch = 3};
  EXPECT_EQ(once.weightAt(3), 4);
}

TEST(LossTerms, AreRefusedWithTheFault) {
  struct Case {
    std::vector<LossTerm> terms;
    const char* says;
  };
  const std::vector<Case> cases = {
      {{{.weight = -1}}, "weight -1"},
      {{{.weight = 1, .weightTo = 1e7, .toEpoch = 3}}, "weight 10000000"},
      {{{.fromEpoch = 0}}, "epoch 0"},
      {{{.fromEpoch = 4, .toEpoch = 3}}, "ends in epoch 3"},
      {{{.weightTo = 1}}, "no epoch"},
      {{{}, {.kind = LossKind::EmdSinkhorn, .epsilon = 0.01}}, "loss 2 (emd_sinkhorn): epsilon"},
      {{{.kind = LossKind::EmdSliced, .directions = 12}}, "12 directions"},
      {{{.kind = LossKind::EmdSliced, .directions = 128}}, "128 directions"},
      {{{.kind = LossKind::EmdSliced, .directions = -4}}, "-4 directions"},
      {{{.toEpoch = 4}}, "no loss counts in epoch 5"},
      {{{.fromEpoch = 2}}, "no loss counts in epoch 1"},
      {{}, "no loss counts in epoch 1"},
  };
  for (const Case& wrong : cases) {
    const auto result = check(wrong.terms, 5);
    ASSERT_FALSE(result.ok()) << wrong.says;
    EXPECT_EQ(result.error().code, "train.loss");
    EXPECT_NE(result.error().message.find(wrong.says), std::string::npos) << result.error().message;
  }
  const std::vector<LossTerm> good = {{.toEpoch = 3}, {.kind = LossKind::Emd, .fromEpoch = 4}};
  EXPECT_TRUE(check(good, 5).ok());
}

TEST(LossSchedule, SumsWhatCountsInAnEpoch) {
  Batch truth = Batch::Zero(1, 48);
  truth(0, 3) = 1;
  Batch predicted = Batch::Constant(1, 48, 0.02F);
  Batch mseGradient;
  Batch slicedGradient;
  const double mse = training::MseLoss()(truth, predicted, &mseGradient);
  const double sliced = training::SlicedLoss(4)(truth, predicted, &slicedGradient);
  const std::vector<LossTerm> terms = {
      {.kind = LossKind::Mse, .weight = 1, .toEpoch = 2},
      {.kind = LossKind::EmdSliced, .weight = 0.5, .fromEpoch = 2, .directions = 4}};
  const training::LossSchedule schedule(terms);
  Batch gradient;
  EXPECT_EQ(schedule.at(1)(truth, predicted, &gradient), mse);
  EXPECT_EQ(gradient, mseGradient);
  EXPECT_NEAR(schedule.at(2)(truth, predicted, &gradient), mse + 0.5 * sliced, 1e-12);
  EXPECT_TRUE(gradient.isApprox(mseGradient + 0.5F * slicedGradient, 1e-6F));
  EXPECT_NEAR(schedule.at(3)(truth, predicted, nullptr), 0.5 * sliced, 1e-12);
}

}  // namespace
}  // namespace aegen::encoders
